/*
 * Products of scaled bytes with float32 matrices: the first layer of a multi-layer perceptron on
 * images, forwards and for its gradient.
 */
#ifndef FMBENCH_NUMERICS_MLP_BYTES_SIMD_H
#define FMBENCH_NUMERICS_MLP_BYTES_SIMD_H

#include "numerics/simd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MLP_BYTES = 64 }; /* rows of bytes are padded with zeros to a multiple of it */

/*
 * C = X B + shift offset^T  with  X[i][l] = a[i][l] scale[i] where scale_rows, else a[i][l]
 * scale[l]. Columns from n to n_padded, a multiple of MLP_VECTOR, are 0 in B and offset; in C they
 * become 0 or stay as they are.
 */
struct mlp_byte_product {
    size_t m, k, n, n_padded; /* C: m x n; k = inner dimension */
    const uint8_t *a;         /* sparse: m x k; dense: k x m; padded to MLP_BYTES columns */
    size_t lda;
    const uint8_t *const *ahead; /* NULL, or rows as those of a: read into the cache meanwhile */
    const float *b;              /* k x n_padded */
    size_t ldb;
    const float *scale; /* m or k, padded to MLP_BYTES */
    bool scale_rows;
    const float *shift;  /* m, padded to MLP_BYTES; NULL: all 1 */
    const float *offset; /* n_padded */
    float *c;
    size_t ldc;
};

struct mlp_byte_kernels {
    /* out[j] = (bytes[j] ^ flip[j]) - base[j] modulo 256, j < n. */
    void (*encode)(const uint8_t *bytes, const uint8_t *flip, const uint8_t *base, size_t n,
                   uint8_t *restrict out);
    /* Passes over zero bytes: work in proportion to the others and to n. m, k >= 1. */
    void (*sparse)(const struct mlp_byte_product *product);
    /* Work in proportion to m, k and n. */
    void (*dense)(const struct mlp_byte_product *product);
};

SIMD_DECLARE(struct mlp_byte_kernels, mlp_byte_kernels);

#endif
