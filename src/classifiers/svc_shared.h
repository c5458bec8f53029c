/*
 * Kernel values of rows with the rows of their own class. All machines of the class ask for the
 * same ones: they are computed when first asked for, and kept. Thread-safe; what a value is does
 * not depend on who asks first.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_SHARED_H
#define FMBENCH_CLASSIFIERS_SVC_SHARED_H

#include "classifiers/svc_kernel.h"

#include <omp.h>

struct svc_shared {
    const struct svc_rows *rows;     /* borrowed */
    const struct svc_kernel *kernel; /* borrowed */
    size_t n_classes;
    omp_lock_t *locks;       /* n_classes, owned */
    struct svc_slab **slabs; /* n_classes lists, owned */
    const float **values;    /* rows->n_rows: NULL, or a value for each row of the class */
};

/* What all values of all classes take. */
size_t svc_shared_bytes(const struct svc_rows *rows, size_t n_classes);

/* svc_shared_destroy takes a zeroed struct. */
enum status svc_shared_create(struct svc_shared *shared, const struct svc_rows *rows,
                              const struct svc_kernel *kernel, size_t n_classes,
                              struct error *error);
void svc_shared_destroy(struct svc_shared *shared);

/* After this shared->values[row] may be read for the n rows, all of one class. */
enum status svc_shared_need(struct svc_shared *shared, const uint32_t *rows, size_t n,
                            struct error *error);

#endif
