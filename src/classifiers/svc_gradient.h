/*
 * Keeping f = y - K beta of all rows of a pair up to date.
 *
 * For the linear kernel through the change of w = sum beta_t x_t. For the others from whole rows of
 * the kernel matrix, which are in the gram, or computed many at a time and kept in chunks within a
 * budget: when it is spent, the chunk that was not used for longest is given up. Where the values
 * with the rows of the same class are shared, chunks hold those with the rows of the other class;
 * where those are in stores of the pair, there are no chunks.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_GRADIENT_H
#define FMBENCH_CLASSIFIERS_SVC_GRADIENT_H

#include "classifiers/svc_pair.h"

struct svc_gradient {
    const struct svc_pair *pair; /* borrowed */
    size_t n, stride;            /* rows of the pair, also padded */
    size_t width;                /* floats of a row of a chunk */
    float *copies;               /* 2 x stride, owned: the rows asked for last */
    double *w;                   /* owned; SVC_LINEAR alone */
    size_t n_chunks, n_chunks_max;
    struct svc_chunk *chunks; /* n_chunks_max, owned */
    uint32_t *place;          /* n, owned: chunk x rows of a chunk + row in it, or none; any number
                                 where the gram has the row, or the stores were asked for it */
    uint32_t *missing;        /* n, owned: work */
    uint64_t clock;
    size_t n_computed;      /* rows of the kernel matrix */
    size_t n_values;        /* of the stores, that were asked for */
    struct svc_tally tally; /* of what is shared */
};

struct svc_change {
    size_t n;
    const uint32_t *rows; /* of the pair */
    const double *by;     /* change of beta */
};

/* svc_gradient_destroy takes a zeroed struct. */
enum status svc_gradient_create(struct svc_gradient *gradient, const struct svc_pair *pair,
                                struct error *error);
void svc_gradient_destroy(struct svc_gradient *gradient);

/* f -= K by. */
enum status svc_gradient_update(struct svc_gradient *gradient, const struct svc_change *change,
                                double *f, struct error *error);

enum { SVC_CHUNK_ROWS = 256 }; /* rows that can be computed at once */

static inline bool svc_gradient_has_row(const struct svc_gradient *gradient, size_t t)
{
    return gradient->place[t] != UINT32_MAX;
}

/*
 * Row t of the kernel matrix, padded with zeros to `stride`, which the call after the next may
 * overwrite. Where it is not kept it is computed together with the n_along rows `along`, which are
 * not kept either, t not among them; n_along < SVC_CHUNK_ROWS. NULL when memory is short.
 */
const float *svc_gradient_row(struct svc_gradient *gradient, size_t t, const uint32_t *along,
                              size_t n_along);

/* Of kept kernel values, without those with the rows of the same class that are shared. */
size_t svc_gradient_bytes(const struct svc_gradient *gradient);

#endif
