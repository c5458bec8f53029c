/*
 * Scores of many splits at once in float32, by the formulas of tree.h. They are a screen: whatever
 * comes within tree_score_slack of the best is scored again in double arithmetic.
 */
#ifndef FMBENCH_CLASSIFIERS_TREE_SCORE_SIMD_H
#define FMBENCH_CLASSIFIERS_TREE_SCORE_SIMD_H

#include "numerics/byte_columns_simd.h"
#include "numerics/simd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Score of a lane that is no split: lower than any that is one. */
#define TREE_NO_SCORE (-3.0e38f)

/* One split a lane. Weights sum to less than 2^31. */
struct tree_lanes {
    const uint32_t *left; /* n_classes x stride: weight of the class on the left */
    size_t stride;
    const uint32_t *totals; /* n_classes: weight of the class on both sides */
    size_t n_classes;
    uint32_t weight; /* sum of totals */
    size_t n_lanes;  /* a multiple of 16 */
};

enum { TREE_CODE_WEIGHT_MAX = 4, TREE_CODE_CLASSES_MAX = 64, TREE_SCAN_WEIGHT_MAX = 255 };

/* Samples of a node in rising order of one feature a lane. A key is value << 8 | code, a code is
   class << 2 | (weight - 1). */
struct tree_sorted {
    const uint16_t (*keys)[BYTE_COLUMNS_LANES]; /* n_rows */
    size_t n_rows;
    size_t min_rows; /* on either side */
    const uint32_t *totals;
    size_t n_classes; /* up to TREE_CODE_CLASSES_MAX */
    uint32_t weight;  /* up to TREE_SCAN_WEIGHT_MAX */
};

struct tree_score_kernels {
    /* The largest of the scores is returned. */
    float (*gini)(float *restrict scores, const struct tree_lanes *lanes);
    float (*entropy)(float *restrict scores, const struct tree_lanes *lanes);
    /* The best score of each lane over all thresholds between distinct values. */
    void (*sorted_gini)(float *restrict best, const struct tree_sorted *sorted);
    void (*sorted_entropy)(float *restrict best, const struct tree_sorted *sorted);
};

SIMD_DECLARE(struct tree_score_kernels, tree_score_kernels);

#endif
