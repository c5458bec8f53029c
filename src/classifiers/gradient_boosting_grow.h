/* Between the parts of the grower alone: growing a tree (gradient_boosting_grow.c) and splitting a
   node (gradient_boosting_split.c). */
#ifndef FMBENCH_CLASSIFIERS_GRADIENT_BOOSTING_GROW_H
#define FMBENCH_CLASSIFIERS_GRADIENT_BOOSTING_GROW_H

#include "classifiers/gradient_boosting_simd.h"
#include "classifiers/gradient_boosting_tree.h"

#include <math.h>
#include <stdbool.h>

enum {
    BOOSTING_SORT_ROWS = 96, /* nodes of up to so many rows are sorted, larger ones counted */
    /* Groups of features whose histograms stay in the second-level cache. */
    BOOSTING_TILE = BOOSTING_LINE / BOOSTING_LANES
};

/* Sums over rows. The squares of very many rows need more than 64 bits. */
struct boosting_sums {
    uint64_t packed;
    unsigned __int128 squares;
};

struct boosting_split {
    bool found;
    uint8_t threshold;
    uint32_t feature;
    uint32_t rank; /* breaks ties: the lowest wins */
    double score;
};

/* A node that is to be split. */
struct boosting_task {
    size_t begin, end; /* of its rows */
    size_t depth;
    struct boosting_sums sums;
    uint64_t *histogram; /* where it has more than BOOSTING_SORT_ROWS rows */
    uint64_t key;
    uint32_t node;
    bool is_searched;
    struct boosting_split best; /* once it is searched */
};

struct boosting_grower {
    const struct boosting_data *data; /* borrowed */
    const struct features *x;         /* of data */
    size_t max_depth;
    const struct boosting_kernels *kernels;
    const struct byte_columns_kernels *bytes;
    size_t n_groups; /* of eight features */
    int count_bits;  /* of a packed number */

    /* The tree at work. */
    double least_variance;  /* of a node that is split, in squares of the step of residuals */
    uint32_t *rows;         /* n_rows; a node's are contiguous, in rising order */
    uint64_t *packed;       /* n_rows: of the same rows, count 1 */
    uint32_t *spare_rows;   /* n_rows */
    uint64_t *spare_packed; /* n_rows */
    uint32_t *ranks;        /* a permutation of the features, twice in a row */

    struct boosting_task *stack;
    size_t n_stack, stack_capacity;
    uint64_t **pool; /* histograms that are free, n_pool of n_histograms; room for these */
    size_t n_pool, n_histograms, pool_capacity;
    struct boosting_node *nodes; /* as far as grown */
    size_t n_nodes, nodes_capacity;
    double *values;
    size_t n_leaves, values_capacity, depth;
    double n_updates;

    /* The node at work. */
    const uint8_t **row_bytes; /* BOOSTING_SORT_ROWS */
    uint8_t *low, *high;       /* n_features */
    uint32_t *varying;         /* n_features */
    uint8_t *picked;           /* BOOSTING_SORT_ROWS x picked_stride */
    size_t picked_stride;
    uint16_t (*keys)[BYTE_COLUMNS_LANES]; /* BOOSTING_SORT_ROWS */
    double *residuals, *reciprocals;      /* BOOSTING_SORT_ROWS */
};

static inline struct boosting_total boosting_unpack(const struct boosting_grower *g,
                                                    uint64_t packed)
{
    return (struct boosting_total){
        .n_rows = (int64_t)(packed & ((UINT64_C(1) << g->count_bits) - 1)),
        .sum = (int64_t)packed >> g->count_bits,
        .count_bits = g->count_bits,
    };
}

/* The step whose multiples the residuals of a tree are rounded to. */
double boosting_step(const struct boosting_data *data, const double *residuals);

static inline uint64_t boosting_pack(const struct boosting_data *data, double residual, double step)
{
    return ((uint64_t)(int64_t)rint(residual / step) << data->count_bits) + 1;
}

/* Fills the root's histogram, of all rows in their order, and searches it. */
void boosting_search_root(struct boosting_grower *g, struct boosting_task *root,
                          const struct boosting_target *target);

/*
 * Two children of a node with a histogram, of which those with one of their own are searched. The
 * larger's is the parent's, and becomes the larger's; only rows of the smaller are visited, unless
 * the larger has none.
 */
void boosting_search_children(struct boosting_grower *g, struct boosting_task *small,
                              struct boosting_task *large);

/* Searches a node without a histogram. */
void boosting_search_sorted(struct boosting_grower *g, struct boosting_task *task);

#endif
