#include "numerics/gaussian_simd.h"

#include <string.h>

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

/* A block's rows in one value, which the compiler splits where registers are shorter. */
typedef double block_rows __attribute__((vector_size(GAUSSIAN_BLOCK_ROWS * sizeof(double))));

/* Two classes at a time: a block's values are loaded once for both, and their sums do not wait for
   each other. */
static void weighted_squares(const double *x, const double *mean, const double *precision,
                             size_t n_columns, size_t n_classes, double *restrict sums)
{
    for (size_t c = 0; c < n_classes; c += 2) {
        const size_t second = c + 1 < n_classes ? c + 1 : c;
        const double *mean_a = mean + c * n_columns, *mean_b = mean + second * n_columns;
        const double *precision_a = precision + c * n_columns;
        const double *precision_b = precision + second * n_columns;
        block_rows sum_a = {0}, sum_b = {0}, rows;
        for (size_t j = 0; j < n_columns; j++) {
            memcpy(&rows, x + j * GAUSSIAN_BLOCK_ROWS, sizeof rows);
            const block_rows a = rows - mean_a[j], b = rows - mean_b[j];
            sum_a += a * a * precision_a[j];
            sum_b += b * b * precision_b[j];
        }
        memcpy(sums + c * GAUSSIAN_BLOCK_ROWS, &sum_a, sizeof sum_a);
        memcpy(sums + second * GAUSSIAN_BLOCK_ROWS, &sum_b, sizeof sum_b);
    }
}

const struct gaussian_kernels SIMD_NAME(gaussian_kernels) = {
    .add_rows = add_rows,
    .weighted_squares = weighted_squares,
};
