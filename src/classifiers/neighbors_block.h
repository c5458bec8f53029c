/*
 * What the searches of neighbors_index.h share: a block of queries goes over the panels of an
 * index, and each row whose bound does not exceed the query's limit is offered with its distance.
 * A block belongs to one thread.
 */
#ifndef FMBENCH_CLASSIFIERS_NEIGHBORS_BLOCK_H
#define FMBENCH_CLASSIFIERS_NEIGHBORS_BLOCK_H

#include "classifiers/neighbors_index.h"
#include "numerics/distance_simd.h"

enum { NEIGHBORS_BLOCK_QUERIES = 128 };

struct neighbors_block {
    const struct neighbors_index *index;
    const struct distance_kernels *kernels;
    /* Called with rising rows of a query; p = 2: the squared distance. May lower the limit. */
    void (*offer)(struct neighbors_block *b, size_t q, size_t row, double distance);
    void *context; /* of offer */
    size_t first, n_queries;
    double offset[NEIGHBORS_BLOCK_QUERIES]; /* what features add that are constant in training */
    double query_term[NEIGHBORS_BLOCK_QUERIES]; /* p = 2: sum w b^2 with the weights of the bound */
    uint64_t manhattan_limit[NEIGHBORS_BLOCK_QUERIES];
    float euclidean_limit[NEIGHBORS_BLOCK_QUERIES];
    uint8_t *bytes;   /* BLOCK_QUERIES x n_units x 8 */
    uint8_t *shifted; /* the same less 128, as int8_t */
};

/* Bytes of `bytes` and `shifted` together, which are one array. */
size_t neighbors_block_bytes(const struct neighbors_index *index);

/* The block of the queries from `first` on, without limits. index, kernels, offer, context and
   bytes, the array of neighbors_block_bytes, are set. */
void neighbors_block_start(struct neighbors_block *b, const struct features *queries, size_t first);

/* From now on no row is offered that is further away than `worst`, but for roundings. */
void neighbors_block_set_limit(struct neighbors_block *b, size_t q, double worst);

/* The block against all rows from first_row on, and some before it. */
void neighbors_block_search(struct neighbors_block *b, size_t first_row);

#endif
