/*
 * Kernels of the multi-layer perceptron, float32. Rows are padded with zeros to whole vectors of
 * MLP_VECTOR floats: every count of columns named n_padded is a multiple of it.
 */
#ifndef FMBENCH_NUMERICS_MLP_SIMD_H
#define FMBENCH_NUMERICS_MLP_SIMD_H

#include "numerics/simd.h"

#include <stddef.h>
#include <stdint.h>

enum { MLP_VECTOR = 16 };

/* C = A B, or C = A^T B:  A: m x k, or k x m, any columns;  B: k x n;  C: m x n, n padded. */
struct mlp_product {
    size_t m, n_padded, k;
    const float *a, *b;
    float *c;
    size_t lda, ldb, ldc; /* row strides */
};

/* Constants of one step of Adam, see adam below. */
struct mlp_adam {
    float beta_1, beta_2, epsilon;
    float step;           /* bias-corrected learning rate */
    float gradient_scale; /* 1 / rows of the batch */
    float alpha;          /* of the L2 term; 0 for intercepts */
};

struct mlp_kernels {
    void (*multiply)(const struct mlp_product *product);
    void (*multiply_transposed)(const struct mlp_product *product);

    /* out[j] = bytes[j] x scale[j] + shift[j], j < n. */
    void (*standardise)(const uint8_t *bytes, const float *scale, const float *shift, size_t n,
                        float *restrict out);

    /* In place, n_padded values. Relative errors of a few units of 2^-23. */
    void (*tanh)(float *values, size_t n_padded);
    void (*logistic)(float *values, size_t n_padded);
    void (*relu)(float *values, size_t n_padded);
    /* value = delta x the derivative of the function, which its value tells. */
    void (*logistic_derivative)(const float *delta, float *restrict value, size_t n_padded);
    void (*tanh_derivative)(const float *delta, float *restrict value, size_t n_padded);
    void (*relu_derivative)(const float *delta, float *restrict value, size_t n_padded);
    /* values[j] = e^(values[j] - shift), for arguments down to -87; below that the result is tiny
       but not exact. */
    void (*exponential)(float *values, float shift, size_t n_padded);

    /*
     * g = (gradient + alpha w) x gradient_scale;  m = beta_1 m + (1 - beta_1) g;
     * v = beta_2 v + (1 - beta_2) g^2;  w = w - step x m / (sqrt(v) + epsilon).
     * Returns the sum of the squares of the new w.
     */
    double (*adam)(const struct mlp_adam *adam, size_t n_padded, const float *gradient,
                   float *restrict w, float *restrict m, float *restrict v);
};

SIMD_DECLARE(struct mlp_kernels, mlp_kernels);

#endif
