/*
 * Vector kernels of kernel machines: from dot products to kernel values, and the products of rows
 * with vectors that keep a gradient up to date. Values are float32, sums are in double.
 */
#ifndef FMBENCH_NUMERICS_KERNEL_SIMD_H
#define FMBENCH_NUMERICS_KERNEL_SIMD_H

#include "numerics/simd.h"

#include <stddef.h>
#include <stdint.h>

enum { KERNEL_ROWS_AT_ONCE = 4 };

/* Rows are n_padded floats long, a multiple of 16; row i is row rows[i] where rows is not NULL. */
struct kernel_products {
    size_t n_padded, n_left, n_right;
    const float *left, *right;
    const uint32_t *left_rows, *right_rows;
    float *values; /* n_left x n_right, written */
    size_t stride; /* of values */
};

struct kernel_kernels {
    /*
     * values[i * stride + j] = left row i . right row j. A value depends on its two rows alone, to
     * the bit, and not on their order or on what else is asked for.
     */
    void (*products)(const struct kernel_products *products);

    /* The sum of values[j] x weights[j], in double. */
    double (*weighted_sum)(const float *values, const double *weights, size_t n);

    /*
     * values[j] holds the dot product x . z_j and becomes e^(-gamma |x - z_j|^2), where norm is
     * gamma |x|^2 and norms[j] is gamma |z_j|^2. Within 2e-7 of e to the argument as rounded.
     */
    void (*rbf)(float *restrict values, float gamma, float norm, const float *norms, size_t n);

    /* values[j] = (gamma values[j] + coef0)^degree. */
    void (*poly)(float *values, float gamma, float coef0, unsigned degree, size_t n);

    /* values[j] = tanh(gamma values[j] + coef0), within 2e-7 of the value. */
    void (*sigmoid)(float *values, float gamma, float coef0, size_t n);

    /* f[t] -= sum of weights[r] x rows[r][t] over the KERNEL_ROWS_AT_ONCE rows. */
    void (*subtract_rows)(double *restrict f, const float *const *rows, const double *weights,
                          size_t n);

    /* f[t] -= x_t . w for n rows of x, each n_padded long (a multiple of 16, as w). */
    void (*subtract_products)(double *restrict f, const float *x, const double *w, size_t n,
                              size_t n_padded);
};

SIMD_DECLARE(struct kernel_kernels, kernel_kernels);

#endif
