/* The kernels of stochastic gradient descent at every level of instructions, against naive twins.
 */
#include "classifiers/sgd_penalty.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { STRIDE_MAX = 112, N_STEPS = 300 };

static float random_float(struct rng *rng)
{
    return (float)(rng_uniform(rng) * 2.0 - 1.0);
}

static void fill(float *values, size_t n, struct rng *rng)
{
    for (size_t i = 0; i < n; i++)
        values[i] = random_float(rng);
}

static double soft(double v, double t)
{
    return copysign(fmax(0.0, fabs(v) - t), v);
}

static size_t score_errors(const struct sgd_kernels *kernels, size_t stride, size_t n_problems,
                           float threshold)
{
    static float values[SGD_PROBLEMS * STRIDE_MAX], x[STRIDE_MAX];
    float out[SGD_PROBLEMS + 1];
    struct rng rng = rng_create(stride, n_problems);
    size_t n_wrong = 0;
    fill(values, n_problems * stride, &rng);
    fill(x, stride, &rng);
    out[n_problems] = 7.0f; /* behind the last */
    kernels->scores(values, stride, n_problems, x, threshold, out);
    for (size_t k = 0; k < n_problems; k++) {
        double sum = 0.0;
        for (size_t j = 0; j < stride; j++)
            sum += (double)x[j] * soft((double)values[k * stride + j], (double)threshold);
        n_wrong += !(fabs(sum - (double)out[k]) < 1e-5);
    }
    return n_wrong + (out[n_problems] != 7.0f);
}

Test(sgd_kernels, scores, .timeout = 10)
{
    static const size_t strides[] = {16, 48, 112};
    static const float thresholds[] = {0.0f, 0.3f, 2.0f};
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++)
        for (size_t s = 0; s < 3; s++)
            for (size_t n = 1; n <= SGD_PROBLEMS; n++)
                for (size_t t = 0; t < 3; t++)
                    cr_assert_eq(
                        score_errors(SIMD_SELECT_LEVEL((enum simd_level)level, sgd_kernels),
                                     strides[s], n, thresholds[t]),
                        0, "level %d, stride %zu, %zu problems", level, strides[s], n);
}

Test(sgd_kernels, standardise_and_add, .timeout = 10)
{
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
        const struct sgd_kernels *kernels = SIMD_SELECT_LEVEL((enum simd_level)level, sgd_kernels);
        float scale[37], shift[37], x[48] = {0}, values[48], old[48];
        uint8_t bytes[37];
        struct rng rng = rng_create(2, 1);
        fill(scale, 37, &rng);
        fill(shift, 37, &rng);
        fill(values, 48, &rng);
        memcpy(old, values, sizeof old);
        for (size_t j = 0; j < 37; j++)
            bytes[j] = (uint8_t)rng_below(&rng, 256);
        kernels->standardise(bytes, scale, shift, 37, x);
        kernels->add(x, -0.25f, 48, values);
        for (size_t j = 0; j < 48; j++) {
            const double row = j < 37 ? bytes[j] * (double)scale[j] + (double)shift[j] : 0.0;
            cr_assert_leq(fabs((double)x[j] - row), 1e-4);
            cr_assert_leq(fabs((double)values[j] - ((double)old[j] - 0.25 * row)), 1e-4);
        }
    }
}

/* The weights, and what each has received, as sgd_penalty.h states the three parts of a step. */
struct naive {
    double w[STRIDE_MAX], q[STRIDE_MAX], u;
};

static void naive_step(struct naive *n, const float *x, double eta, double l1, double l2, double g,
                       size_t stride)
{
    n->u += l1 * eta;
    for (size_t j = 0; j < stride; j++) {
        const double z = fmax(0.0, 1.0 - l2 * eta) * n->w[j] + g * (double)x[j];
        n->w[j] = z > 0 ? fmax(0, z - (n->u + n->q[j])) : z < 0 ? fmin(0, z + (n->u - n->q[j])) : z;
        n->q[j] += n->w[j] - z;
    }
}

/*
 * Gradients of problem 0 come at every step, those of problem 1 at every 15th, so that many of its
 * weights reach 0 in between. The weights are compared at all steps of problem 1.
 */
static void check_steps(const struct sgd_kernels *kernels, enum sgd_penalty penalty, double alpha)
{
    struct sgd_weights weights;
    static struct naive naive[2];
    const struct sgd_weights_options options = {
        .penalty = penalty, .alpha = alpha, .l1_ratio = 0.6, .n_problems = 2, .n_features = 41};
    struct rng rng = rng_create(9, (uint64_t)penalty);
    float x[STRIDE_MAX], w[STRIDE_MAX];
    size_t n_zeros = 0, n_apart = 0;
    memset(naive, 0, sizeof naive);
    cr_assert_eq(sgd_weights_create(&weights, &options, NULL), STATUS_OK);
    weights.kernels = kernels;
    for (size_t t = 0; t < N_STEPS; t++) {
        const double eta = 5.0 / (1.0 + 0.1 * (double)t);
        const double g[2] = {eta * (rng_uniform(&rng) - 0.5), t % 15 ? 0.0 : 3.0 * eta};
        fill(x, weights.stride, &rng);
        sgd_weights_step(&weights, x, eta, g);
        for (size_t k = 0; k < 2; k++) {
            naive_step(&naive[k], x, eta, weights.l1, weights.l2, g[k], weights.stride);
            sgd_weights_read(&weights, k, w);
            for (size_t j = 0; j < weights.stride; j++) {
                const double error = fabs((double)w[j] - naive[k].w[j]);
                cr_assert_leq(error, 1e-5, "penalty %d, step %zu, problem %zu: %g, naive %g",
                              (int)penalty, t, k, (double)w[j], naive[k].w[j]);
                n_zeros += naive[k].w[j] == 0.0;
                n_apart += (naive[k].w[j] == 0.0) != (w[j] == 0.0f);
            }
        }
    }
    if (penalty == SGD_L1 || penalty == SGD_ELASTICNET)
        cr_assert_geq(n_zeros, 300, "%zu", n_zeros); /* the penalty does something */
    cr_assert_leq(n_apart, 5);
    sgd_weights_destroy(&weights);
}

Test(sgd_kernels, steps, .timeout = 10)
{
    static const enum sgd_penalty all[] = {SGD_NONE, SGD_L1, SGD_L2, SGD_ELASTICNET};
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++)
        for (size_t p = 0; p < 4; p++)
            for (double alpha = 1e-3; alpha < 0.2; alpha *= 12)
                check_steps(SIMD_SELECT_LEVEL((enum simd_level)level, sgd_kernels), all[p], alpha);
}

/* More steps than the history holds, few of them with gradients. */
Test(sgd_kernels, long_history, .timeout = 10)
{
    static struct naive naive;
    struct sgd_weights weights;
    const struct sgd_weights_options options = {.penalty = SGD_ELASTICNET,
                                                .alpha = 2e-4,
                                                .l1_ratio = 0.5,
                                                .n_problems = 1,
                                                .n_features = 20};
    struct rng rng = rng_create(4, 4);
    float x[STRIDE_MAX], w[STRIDE_MAX];
    cr_assert_eq(sgd_weights_create(&weights, &options, NULL), STATUS_OK);
    for (size_t t = 0; t < 3 * SGD_HISTORY; t++) {
        const double g = t % 700 ? 0.0 : 1.0;
        fill(x, weights.stride, &rng);
        sgd_weights_step(&weights, x, 1.0, &g);
        naive_step(&naive, x, 1.0, weights.l1, weights.l2, g, weights.stride);
        if (t % 50 && t % SGD_HISTORY > 2)
            continue;
        sgd_weights_read(&weights, 0, w);
        for (size_t j = 0; j < weights.stride; j++)
            cr_assert_leq(fabs((double)w[j] - naive.w[j]), 2e-5, "step %zu: %g, naive %g", t,
                          (double)w[j], naive.w[j]);
    }
    sgd_weights_destroy(&weights);
}

/* Descent whose gradients follow from the scores, so that a rounding is carried on. */
static void descend(const struct sgd_kernels *kernels, enum sgd_penalty penalty, float *w)
{
    enum { N_PROBLEMS = 10 };
    struct sgd_weights weights;
    const struct sgd_weights_options options = {.penalty = penalty,
                                                .alpha = 1e-3,
                                                .l1_ratio = 0.6,
                                                .n_problems = N_PROBLEMS,
                                                .n_features = STRIDE_MAX};
    struct rng rng = rng_create(6, (uint64_t)penalty);
    float x[STRIDE_MAX];
    cr_assert_eq(sgd_weights_create(&weights, &options, NULL), STATUS_OK);
    weights.kernels = kernels;
    for (size_t t = 0; t < N_STEPS; t++) {
        double scores[SGD_PROBLEMS], gradients[SGD_PROBLEMS];
        fill(x, weights.stride, &rng);
        sgd_weights_scores(&weights, x, scores);
        for (size_t k = 0; k < N_PROBLEMS; k++)
            gradients[k] = (t % N_PROBLEMS == k ? 1.0 : -1.0) / (1.0 + exp(scores[k]));
        sgd_weights_step(&weights, x, 0.1, gradients);
    }
    for (size_t k = 0; k < N_PROBLEMS; k++)
        sgd_weights_read(&weights, k, w + k * STRIDE_MAX);
    sgd_weights_destroy(&weights);
}

Test(sgd_kernels, avx2_and_avx512_agree_to_the_bit, .timeout = 10)
{
    static const enum sgd_penalty all[] = {SGD_NONE, SGD_L1, SGD_L2, SGD_ELASTICNET};
    static float with_avx2[10 * STRIDE_MAX], with_avx512[10 * STRIDE_MAX];
    if (simd_level() < SIMD_AVX512)
        cr_skip_test("this machine has no AVX-512");
    for (size_t p = 0; p < 4; p++) {
        descend(SIMD_SELECT_LEVEL(SIMD_AVX2, sgd_kernels), all[p], with_avx2);
        descend(SIMD_SELECT_LEVEL(SIMD_AVX512, sgd_kernels), all[p], with_avx512);
        cr_assert_eq(memcmp(with_avx2, with_avx512, sizeof with_avx2), 0, "penalty %zu", p);
    }
}
