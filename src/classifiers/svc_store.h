/*
 * Kernel values of the rows of one class with those of a class, computed when first asked for, and
 * kept for others who ask. What a value is does not depend on who asks first, nor on what it is
 * computed together with. Not thread-safe.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_STORE_H
#define FMBENCH_CLASSIFIERS_SVC_STORE_H

#include "classifiers/svc_kernel.h"

/* What somebody who asks for values has spent, and what it would have been without the others. */
struct svc_tally {
    double spent_s, alone_s; /* of the wall clock */
    double spent_flops, alone_flops;
};

/* Seconds t of products with m rows at a time, as sums, to tell what others would take. */
struct svc_meter {
    double n, m, t, mm, mt;
};

struct svc_store {
    const struct svc_rows *rows;     /* borrowed */
    const struct svc_kernel *kernel; /* borrowed */
    size_t first, n;                 /* sorted rows first .. first + n - 1 */
    size_t with, n_with;             /* their values with the rows with .. with + n_with - 1 */
    const float **values;            /* n, owned: NULL, or n_with values of the row */
    struct svc_slab *slabs;          /* list, owned */
    struct svc_meter meter;
};

/* svc_store_destroy takes a zeroed struct. */
enum status svc_store_create(struct svc_store *store, const struct svc_rows *rows,
                             const struct svc_kernel *kernel, size_t of_class, size_t with_class,
                             struct error *error);
void svc_store_destroy(struct svc_store *store);

/*
 * After this store->values[row - store->first] may be read for the n sorted rows. The tally gets
 * what those took that were not there, and what all n would have taken.
 */
enum status svc_store_need(struct svc_store *store, const uint32_t *rows, size_t n,
                           struct svc_tally *tally, struct error *error);

#endif
