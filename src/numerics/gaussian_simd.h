/* Kernels of Gaussian naive Bayes: sums over bytes, and the log density of independent normals. */
#ifndef FMBENCH_NUMERICS_GAUSSIAN_SIMD_H
#define FMBENCH_NUMERICS_GAUSSIAN_SIMD_H

#include "numerics/simd.h"

#include <stddef.h>
#include <stdint.h>

enum {
    GAUSSIAN_SUM_ROWS_MAX = 1 << 16, /* 255^2 x 2^16 fits in 32 bits */
    GAUSSIAN_BLOCK_ROWS = 16
};

struct gaussian_kernels {
    /*
     * Adds the bytes, and their squares, of the n_rows <= GAUSSIAN_SUM_ROWS_MAX rows that `rows`
     * numbers to the sums of each column. bytes: row-major, n_columns wide.
     */
    void (*add_rows)(const uint8_t *bytes, size_t n_columns, const uint32_t *rows, size_t n_rows,
                     uint32_t *restrict values, uint32_t *restrict squares);

    /*
     * sums[c][r] = sum over j of precision[c][j] (x[j][r] - mean[c][j])^2, j rising.
     * x: n_columns x GAUSSIAN_BLOCK_ROWS; mean, precision: n_classes x n_columns;
     * sums: n_classes x GAUSSIAN_BLOCK_ROWS. All row-major.
     */
    void (*weighted_squares)(const double *x, const double *mean, const double *precision,
                             size_t n_columns, size_t n_classes, double *restrict sums);
};

SIMD_DECLARE(struct gaussian_kernels, gaussian_kernels);

#endif
