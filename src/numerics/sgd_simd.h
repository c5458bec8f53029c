/*
 * Kernels of stochastic gradient descent on linear models, float32: one sample against the weights
 * of a few binary problems. Rows are padded with zeros to `stride`, a multiple of SGD_VECTOR.
 *
 * Weights are stored as values of which they are a function, see classifiers/sgd_penalty.h.
 */
#ifndef FMBENCH_NUMERICS_SGD_SIMD_H
#define FMBENCH_NUMERICS_SGD_SIMD_H

#include "numerics/simd.h"

#include <stddef.h>
#include <stdint.h>

enum { SGD_VECTOR = 16, SGD_PROBLEMS = 16 };

/* What the weights are of the stored values after a step: scale x soft(value, threshold), where
   soft(v, t) = sign(v) max(0, |v| - t). */
struct sgd_shift {
    float threshold;
    float penalty; /* at most the threshold, see sgd_penalty.h */
    double scale;
};

/* A step on the weights of one problem under both penalties. */
struct sgd_elastic_step {
    double gradient;                /* x times this is added to the weights */
    const struct sgd_shift *shifts; /* n_steps + 1: after the problem's last step, ..., this one */
    size_t n_steps;                 /* at least 1 */
};

struct sgd_kernels {
    /* out[j] = bytes[j] x scale[j] + shift[j], j < n. */
    void (*standardise)(const uint8_t *bytes, const float *scale, const float *shift, size_t n,
                        float *restrict out);
    /* out[k] = sum over j of x[j] soft(values[k][j], threshold), k < n_problems <= SGD_PROBLEMS.
       values: n_problems x stride. */
    void (*scores)(const float *values, size_t stride, size_t n_problems, const float *x,
                   float threshold, float *restrict out);
    /* values += step x. */
    void (*add)(const float *x, float step, size_t stride, float *restrict values);
    /* A step of a problem whose weights shrink and lose a penalty at every step, see
       sgd_penalty.h. x and the values: stride. */
    void (*add_elastic)(const float *x, const struct sgd_elastic_step *step, size_t stride,
                        float *restrict values);
};

SIMD_DECLARE(struct sgd_kernels, sgd_kernels);

#endif
