/*
 * Kernel values of rows with the rows of their own class. All machines of the class ask for the
 * same ones, for each C: they are computed when first asked for, and kept. Thread-safe.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_SHARED_H
#define FMBENCH_CLASSIFIERS_SVC_SHARED_H

#include "classifiers/svc_store.h"

#include <omp.h>

struct svc_shared {
    size_t n_classes, n_rows;
    omp_lock_t *locks;        /* n_classes, owned */
    struct svc_store *stores; /* n_classes, owned */
    uint8_t *has_asked;       /* n_askers x n_rows, owned: does it know the row's values? */
};

/* What all values of all classes take. */
size_t svc_shared_bytes(const struct svc_rows *rows, size_t n_classes);

/* For n_askers fits, each of which has machines for all pairs of classes. svc_shared_destroy takes
   a zeroed struct. */
enum status svc_shared_create(struct svc_shared *shared, const struct svc_rows *rows,
                              const struct svc_kernel *kernel, size_t n_classes, size_t n_askers,
                              struct error *error);
void svc_shared_destroy(struct svc_shared *shared);

/*
 * After this svc_shared_values may be called for the n sorted rows, all of one class. The tally
 * gets what they would have taken had only the machines of this asker asked before.
 */
enum status svc_shared_need(struct svc_shared *shared, size_t asker, const uint32_t *rows, size_t n,
                            struct svc_tally *tally, struct error *error);

/* The values of a sorted row of the class. */
static inline const float *svc_shared_values(const struct svc_shared *shared, size_t class,
                                             size_t row)
{
    return shared->stores[class].values[row - shared->stores[class].first];
}

#endif
