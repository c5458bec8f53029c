/*
 * Exact nearest neighbours of byte vectors under the weighted Minkowski distance, p = 1 or 2:
 * sum over features of w |a - b|, or the root of the sum of w^2 (a - b)^2, with w = 1 / scale,
 * which is the distance between standardised rows.
 *
 * Method: a bound from below for every pair of query and row, in integers
 * (numerics/distance_simd.h), and the distance itself, in double, for the few rows whose bound does
 * not exceed the k-th smallest distance so far. Features are sorted by weight, and groups of them
 * share the least of their weights in the bound; nothing else is lost, so no neighbour is ever
 * missed. Ties in distance go to the smaller row index. A feature that is constant in training adds
 * the same to all distances from one query; it is counted in the distances, not in the search.
 */
#ifndef FMBENCH_CLASSIFIERS_NEIGHBORS_INDEX_H
#define FMBENCH_CLASSIFIERS_NEIGHBORS_INDEX_H

#include "base/error.h"
#include "loader/features.h"

#include <stddef.h>
#include <stdint.h>

struct neighbors_index {
    int p;
    size_t n_rows, n_features;
    size_t n_varying, n_units, n_groups, n_panels;
    const struct scaling *scaling; /* borrowed */
    uint32_t *features;  /* n_features: the n_varying that vary, by falling weight; then the rest */
    double *weights;     /* n_units x 8: w^p in that order, 0 for padding */
    uint8_t *panels;     /* n_panels x n_units x 64, see distance_simd.h */
    uint32_t *group_end; /* n_groups */
    uint64_t *manhattan_weights; /* n_groups: w in units of 2^-22, rounded down; p = 1 only */
    float *euclidean_weights;    /* n_groups: w^2, rounded down; p = 2 only */
    float *row_terms;            /* n_panels x 8: see near_euclidean; p = 2 only */
};

/* The scaling of x must outlive the index. On failure nothing is left to destroy. */
enum status neighbors_index_create(struct neighbors_index *index, const struct features *x, int p,
                                   struct error *error);
void neighbors_index_destroy(struct neighbors_index *index); /* takes a zeroed struct */

/* The k nearest training rows of each query, nearest first. */
struct neighbors {
    size_t n_queries, k;
    double *distances; /* n_queries x k, owned */
    uint32_t *rows;    /* n_queries x k, owned */
};

/*
 * 1 <= k <= index->n_rows. The first m of k neighbours are those that a search for m finds.
 * Identical for any n_threads. On failure nothing is left to destroy.
 */
enum status neighbors_search(struct neighbors *neighbors, const struct neighbors_index *index,
                             const struct features *queries, size_t k, int n_threads,
                             struct error *error);
void neighbors_destroy(struct neighbors *neighbors); /* takes a zeroed struct */

/* Two rows of an index, row < other. */
struct neighbor_pair {
    uint32_t row, other;
    double squared_distance;
};

struct neighbor_pairs {
    size_t n_pairs;
    struct neighbor_pair *pairs; /* owned */
};

struct neighbor_reach {
    double radius;    /* squared */
    size_t pairs_max; /* STATUS_MEMORY when there are more, give or take a block of 128 rows */
    int n_threads;
};

/*
 * All pairs of rows within the radius, exact, for p = 2; `rows` are those that the index was made
 * of. The order is the same for any n_threads. On failure nothing is left to
 * destroy.
 */
enum status neighbor_pairs_search(struct neighbor_pairs *pairs, const struct neighbors_index *index,
                                  const struct features *rows, struct neighbor_reach reach,
                                  struct error *error);
void neighbor_pairs_destroy(struct neighbor_pairs *pairs); /* takes a zeroed struct */

/* For neighbors_index.c and neighbors_block.c. */
enum { NEIGHBORS_MANHATTAN_FRACTION_BITS = 22 };

#endif
