#include "classifiers/sgd_penalty.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

static const double smallest_scale = 1e-9;

/* An odd number of cache lines, so that the problems' rows do not compete for the same places of a
   cache. */
size_t sgd_stride(size_t n_features)
{
    const size_t n_vectors = (n_features + SGD_VECTOR - 1) / SGD_VECTOR;
    return (n_vectors | 1) * SGD_VECTOR;
}

static struct sgd_shift current_shift(const struct sgd_weights *weights)
{
    return (struct sgd_shift){.threshold = (float)weights->threshold,
                              .penalty = (float)weights->penalty,
                              .scale = weights->scale};
}

static bool is_elastic(const struct sgd_weights *weights)
{
    return weights->l1 > 0 && weights->l2 > 0;
}

/* The values are as of now, with scale 1. */
static void restart(struct sgd_weights *weights)
{
    weights->scale = 1;
    weights->threshold = weights->penalty;
    weights->n_steps = 0;
    weights->history[0] = current_shift(weights);
    memset(weights->updated, 0, sizeof weights->updated);
}

enum status sgd_weights_create(struct sgd_weights *weights,
                               const struct sgd_weights_options *options, struct error *error)
{
    const double l1_ratio = options->penalty == SGD_L1           ? 1.0
                            : options->penalty == SGD_ELASTICNET ? options->l1_ratio
                                                                 : 0.0;
    const double alpha = options->penalty == SGD_NONE ? 0.0 : options->alpha;
    const size_t stride = sgd_stride(options->n_features);
    *weights = (struct sgd_weights){.kernels = SIMD_SELECT(sgd_kernels),
                                    .n_problems = options->n_problems,
                                    .stride = stride,
                                    .l1 = alpha * l1_ratio,
                                    .l2 = alpha * (1.0 - l1_ratio)};
    const struct memory_request requests[] = {
        {(void **)&weights->values, options->n_problems * stride, sizeof *weights->values},
        {(void **)&weights->zeros, stride, sizeof *weights->zeros},
        {(void **)&weights->history, SGD_HISTORY, sizeof *weights->history},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "the weights of linear models", error);
    if (status)
        return status;
    memset(weights->values, 0, options->n_problems * stride * sizeof *weights->values);
    memset(weights->zeros, 0, stride * sizeof *weights->zeros);
    restart(weights);
    return STATUS_OK;
}

void sgd_weights_destroy(struct sgd_weights *weights)
{
    memory_free(weights->values);
    memory_free(weights->zeros);
    memory_free(weights->history);
    *weights = (struct sgd_weights){.n_problems = 0};
}

void sgd_weights_scores(const struct sgd_weights *weights, const float *x, double *restrict scores)
{
    float sums[SGD_PROBLEMS];
    weights->kernels->scores(weights->values, weights->stride, weights->n_problems, x,
                             (float)weights->threshold, sums);
    for (size_t k = 0; k < weights->n_problems; k++)
        scores[k] = weights->scale * (double)sums[k];
}

/* The values of a problem as they are after the last step, whether it had a gradient or not. */
static void settle(struct sgd_weights *weights, size_t k, const float *x, double gradient)
{
    const size_t last = weights->updated[k];
    const struct sgd_elastic_step step = {.gradient = gradient,
                                          .shifts = weights->history + last,
                                          .n_steps = weights->n_steps - last};
    if (step.n_steps == 0)
        return;
    weights->kernels->add_elastic(x, &step, weights->stride, weights->values + k * weights->stride);
    weights->updated[k] = weights->n_steps;
}

/* v of the weight for s = 1 and U = u. */
static float rewritten(float value, const struct sgd_shift *shift)
{
    const double size = fabs((double)value);
    if (size <= shift->threshold)
        return value;
    return copysignf(
        (float)(shift->scale * (size - (double)shift->threshold) + (double)shift->penalty), value);
}

/* Writes the values anew. */
static void rewrite(struct sgd_weights *weights)
{
    const struct sgd_shift shift = current_shift(weights);
    for (size_t k = 0; k < weights->n_problems; k++) {
        float *values = weights->values + k * weights->stride;
        if (is_elastic(weights))
            settle(weights, k, weights->zeros, 0.0);
        for (size_t j = 0; j < weights->stride; j++)
            values[j] = rewritten(values[j], &shift);
    }
    restart(weights);
}

/* A factor of 0 in 1: w = 0, and q stays. */
static void clear(struct sgd_weights *weights)
{
    const float penalty = (float)weights->penalty;
    rewrite(weights);
    for (size_t i = 0; i < weights->n_problems * weights->stride; i++)
        weights->values[i] = fmaxf(-penalty, fminf(penalty, weights->values[i]));
}

/* U, u and s after a step of length eta. */
static void shrink(struct sgd_weights *weights, double eta)
{
    const double factor = 1.0 - weights->l2 * eta;
    if (factor > 0)
        weights->scale *= factor;
    else
        clear(weights);
    weights->penalty += weights->l1 * eta;
    weights->threshold += weights->l1 * eta / weights->scale;
    if (is_elastic(weights))
        weights->history[++weights->n_steps] = current_shift(weights);
}

void sgd_weights_step(struct sgd_weights *weights, const float *x, double eta,
                      const double *gradients)
{
    shrink(weights, eta);
    for (size_t k = 0; k < weights->n_problems; k++)
        if (gradients[k] != 0.0) {
            if (is_elastic(weights))
                settle(weights, k, x, gradients[k]);
            else
                weights->kernels->add(x, (float)(gradients[k] / weights->scale), weights->stride,
                                      weights->values + k * weights->stride);
        }
    if (weights->n_steps + 1 == SGD_HISTORY || weights->scale < smallest_scale)
        rewrite(weights);
}

void sgd_weights_read(const struct sgd_weights *weights, size_t problem, float *restrict w)
{
    const float *values = weights->values + problem * weights->stride;
    const float threshold = (float)weights->threshold;
    for (size_t j = 0; j < weights->stride; j++) {
        const float size = fabsf(values[j]) - threshold;
        w[j] = size > 0 ? (float)(weights->scale * (double)copysignf(size, values[j])) : 0.0f;
    }
}
