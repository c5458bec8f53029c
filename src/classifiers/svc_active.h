/*
 * The active rows of a pair and the kernel matrix between them, which grows as rows join.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_ACTIVE_H
#define FMBENCH_CLASSIFIERS_SVC_ACTIVE_H

#include "classifiers/svc_pair.h"

struct svc_active {
    const struct svc_pair *pair; /* borrowed */
    size_t n, capacity, capacity_max;
    uint32_t *members;  /* capacity, owned: rows of the pair */
    float *k;           /* capacity x capacity, owned: the kernel matrix */
    uint32_t *rows;     /* capacity, owned: the same as sorted rows */
    float *norms;       /* capacity, owned */
    float *diagonal;    /* capacity, owned */
    uint8_t *is_member; /* rows of the pair, owned */
};

/* svc_active_destroy takes a zeroed struct. */
enum status svc_active_create(struct svc_active *active, const struct svc_pair *pair,
                              struct error *error);
void svc_active_destroy(struct svc_active *active);

/* n_new rows of the pair that are not members join behind the others; n + n_new <= capacity_max. */
enum status svc_active_add(struct svc_active *active, const uint32_t *new_rows, size_t n_new,
                           struct error *error);

/* Members m with keep[m] == 0 leave; the others keep their order. */
void svc_active_keep(struct svc_active *active, const uint8_t *keep);

#endif
