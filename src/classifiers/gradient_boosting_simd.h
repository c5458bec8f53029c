/*
 * Kernels for the regression trees of gradient boosting. All are exact, or compute in doubles with
 * the same operations in the same order, so their versions agree to the bit.
 *
 * A packed number holds a sum of whole numbers s and a count c < 2^count_bits: s * 2^count_bits + c
 * modulo 2^64. Packed numbers are added and subtracted as they are.
 *
 * A histogram of eight features is bins[256][8], a lane a feature, packed. Bin 0 is not kept: what
 * it would hold follows from the total of the node, and most pixels of most images are 0.
 */
#ifndef FMBENCH_CLASSIFIERS_GRADIENT_BOOSTING_SIMD_H
#define FMBENCH_CLASSIFIERS_GRADIENT_BOOSTING_SIMD_H

#include "classifiers/gradient_boosting_tree.h"
#include "numerics/byte_columns_simd.h"
#include "numerics/simd.h"

#include <stddef.h>
#include <stdint.h>

enum { BOOSTING_BINS = 256, BOOSTING_LANES = 8, BOOSTING_GROUP = BOOSTING_BINS * BOOSTING_LANES };

/* A node of n_rows rows with residuals that sum to `sum`. */
struct boosting_total {
    int64_t n_rows, sum;
    int count_bits;
};

/* Rows of a node, sorted for each of 32 features: a key is byte * 256 + index of the row. */
struct boosting_sorted {
    const uint16_t (*keys)[BYTE_COLUMNS_LANES]; /* n_rows */
    size_t n_rows;                              /* 2 .. 256 */
    const double *residuals;   /* of the rows by index; whole numbers; room for 16 */
    double sum;                /* of residuals */
    const double *reciprocals; /* [i]: 1 / (n_left * n_right) for i + 1 rows on the left */
};

struct boosting_kernels {
    /* bins[v * 8] += packed[i] for column[i] = v > 0 */
    void (*add_column)(uint64_t *restrict bins, const uint8_t *restrict column,
                       const uint64_t *restrict packed, size_t n);

    /* bins[v][k] += packed[i][k] for column[i] = v > 0, k < 8 */
    void (*add_column_of_roots)(uint64_t (*restrict bins)[BOOSTING_ROOTS],
                                const uint8_t *restrict column,
                                const uint64_t (*restrict packed)[BOOSTING_ROOTS], size_t n);

    /* For n_groups <= 8 groups g of eight features:
       bins[g][v * 8 + j] += packed[i] for v = lines[rows[i]][8 * g + j], j < 8. */
    void (*add_rows)(uint64_t (*restrict bins)[BOOSTING_GROUP], size_t n_groups,
                     const uint8_t (*lines)[BOOSTING_LINE], const uint32_t *rows,
                     const uint64_t *packed, size_t n);

    /*
     * The best split of each of eight features. Lanes with a score of at least `least` (of their
     * bins' scores the largest, of equal ones the lowest bin) are in the mask that is returned:
     * their score, and in `above` the lowest byte that goes right.
     */
    unsigned (*best_of_bins)(double scores[BOOSTING_LANES], uint8_t above[BOOSTING_LANES],
                             const uint64_t *bins, const struct boosting_total *total,
                             double least);

    /* Of each of 32 features the best score, or -1 when it does not vary, and how many rows go
       left less 1. */
    void (*best_of_sorted)(double scores[BYTE_COLUMNS_LANES], uint8_t positions[BYTE_COLUMNS_LANES],
                           const struct boosting_sorted *sorted);
};

SIMD_DECLARE(struct boosting_kernels, boosting_kernels);

#endif
