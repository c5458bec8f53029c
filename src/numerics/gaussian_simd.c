#include "numerics/gaussian_simd.h"

/* Four rows at a time: the sums are loaded and stored once for four bytes. */
static void add_rows(const uint8_t *bytes, size_t n_columns, const uint32_t *rows, size_t n_rows,
                     uint32_t *restrict values, uint32_t *restrict squares)
{
    size_t i = 0;
    for (; i + 4 <= n_rows; i += 4) {
        const uint8_t *a = bytes + rows[i] * n_columns, *b = bytes + rows[i + 1] * n_columns;
        const uint8_t *c = bytes + rows[i + 2] * n_columns, *d = bytes + rows[i + 3] * n_columns;
        for (size_t j = 0; j < n_columns; j++) {
            values[j] += (uint32_t)(uint16_t)(a[j] + b[j] + c[j] + d[j]);
            squares[j] += (uint32_t)(uint16_t)(a[j] * a[j]) + (uint32_t)(uint16_t)(b[j] * b[j]) +
                          (uint32_t)(uint16_t)(c[j] * c[j]) + (uint32_t)(uint16_t)(d[j] * d[j]);
        }
    }
    for (; i < n_rows; i++) {
        const uint8_t *a = bytes + rows[i] * n_columns;
        for (size_t j = 0; j < n_columns; j++) {
            values[j] += a[j];
            squares[j] += (uint32_t)(a[j] * a[j]);
        }
    }
}

static void weighted_squares(const double *x, const double *mean, const double *precision,
                             size_t n_columns, size_t n_classes, double *restrict sums)
{
    for (size_t c = 0; c < n_classes; c++) {
        double sum[GAUSSIAN_BLOCK_ROWS] = {0};
        for (size_t j = 0; j < n_columns; j++) {
            const double m = mean[c * n_columns + j], p = precision[c * n_columns + j];
            for (size_t r = 0; r < GAUSSIAN_BLOCK_ROWS; r++) {
                const double d = x[j * GAUSSIAN_BLOCK_ROWS + r] - m;
                sum[r] += d * d * p;
            }
        }
        for (size_t r = 0; r < GAUSSIAN_BLOCK_ROWS; r++)
            sums[c * GAUSSIAN_BLOCK_ROWS + r] = sum[r];
    }
}

const struct gaussian_kernels SIMD_NAME(gaussian_kernels) = {
    .add_rows = add_rows,
    .weighted_squares = weighted_squares,
};
