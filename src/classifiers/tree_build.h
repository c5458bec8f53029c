/* Between the parts of the tree builder alone: growing (tree_grow.c) and splitting (tree_split.c).
 */
#ifndef FMBENCH_CLASSIFIERS_TREE_BUILD_H
#define FMBENCH_CLASSIFIERS_TREE_BUILD_H

#include "classifiers/tree.h"
#include "classifiers/tree_score_simd.h"
#include "loader/dataset.h"
#include "numerics/byte_columns_simd.h"

#include <stdbool.h>

/* A row of the training set in the node that it has come down to. */
struct tree_sample {
    uint32_t position; /* its row is by_class[position] */
    uint16_t weight;
    uint16_t label;
};

/* A class that occurs in a node. Samples of a node are grouped by class. */
struct tree_segment {
    size_t begin, end; /* of its samples */
    uint32_t weight;
    uint16_t label;
};

/* A node that is to be split, or not. */
struct tree_task {
    size_t begin, end; /* of its samples */
    uint32_t node;
    uint32_t active_begin, n_active; /* features that may vary here, in builder->active */
    size_t depth;
    uint64_t key;
};

struct tree_split {
    bool found;
    uint32_t feature;
    uint8_t threshold;
    double score;
    uint64_t priority; /* breaks ties */
};

enum {
    TREE_BINS = 256,
    TREE_COUNTED_AT_ONCE = 4, /* features */
    TREE_SORT_ROWS = 192      /* nodes of up to so many rows are sorted, larger ones are counted */
};

struct tree_builder {
    const struct tree_data *data;
    const struct tree_options *options;
    bool is_weighted;
    const struct byte_columns_kernels *bytes;
    const struct tree_score_kernels *kernels;

    struct tree_sample *samples; /* n_samples; a node's are contiguous */
    struct tree_sample *spare;   /* n_samples */
    size_t n_samples;

    /* The bytes of the samples with nibbles swapped, n_features x n_samples, kept in their order
       where a feature varies in the node; NULL when rows are read instead. */
    uint8_t *columns;
    uint8_t *spare_bytes; /* n_samples + 64 */
    uint64_t *left_mask;  /* a bit for each sample of a node */

    uint32_t *permutation; /* the features; in order between nodes */
    uint32_t *drawn;       /* n_features: positions that were swapped */
    uint32_t *active;      /* lists of features on a stack */
    size_t active_capacity;
    uint8_t *varies; /* n_features: of the features evaluated last */

    /* The node at work. */
    const struct tree_task *task;
    size_t n_segments;
    struct tree_segment segments[MAX_CLASSES];
    uint32_t totals[MAX_CLASSES]; /* weights of the segments */
    uint32_t weight;
    struct tree_split best;
    double n_values; /* that were looked at: rows x features */

    /* Class counts below each threshold; lanes are bins, or features. */
    uint32_t *histogram; /* TREE_COUNTED_AT_ONCE x n_classes x TREE_BINS */
    uint32_t *left;      /* (n_classes + 1) x n_lanes; the last row counts rows */
    float *scores;       /* lanes */
    size_t n_lanes;
    /* Byte of feature f in the i-th sample of the node: rows[i][f * feature_stride]. */
    const uint8_t **rows; /* n_samples */
    size_t feature_stride;
    uint8_t *low, *high;                  /* n_lanes each */
    uint16_t (*keys)[BYTE_COLUMNS_LANES]; /* TREE_SORT_ROWS */
};

/* Are b->columns in order for the node at work? */
static inline bool tree_reads_columns(const struct tree_builder *b)
{
    return b->columns && b->task->end - b->task->begin > TREE_SORT_ROWS;
}

/*
 * Fills b->best for the node at work; b->task, the segments, the totals and the rows are set. Where
 * all features are tried, those that vary are listed in b->active behind the task's own list, and
 * their number is returned; else the task's n_active.
 */
uint32_t tree_find_split(struct tree_builder *b);

#endif
