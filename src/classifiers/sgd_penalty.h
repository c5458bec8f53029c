/*
 * The penalties of stochastic gradient descent, on weights that are stored such that a step
 * without gradient touches none of them.
 *
 * Step t of the method, with the step length eta and the part rho of the L1 penalty
 * (1 for l1, 0 for l2, l1_ratio for elasticnet, no penalty at all for none):
 *   1. w <- (1 - (1 - rho) eta alpha) w,   the factor at least 0
 *   2. w <- w + g x
 *   3. the cumulative L1 penalty of Tsuruoka, Tsujii and Ananiadou, "Stochastic gradient descent
 *      training for L1-regularized log-linear models with cumulative penalty" (ACL 2009), figure 2:
 *      u <- u + rho eta alpha;  z = w;
 *      w <- max(0, w - (u + q)) if w > 0,  min(0, w + (u - q)) if w < 0;   q <- q + w - z
 * u is the penalty that each weight could have received so far, q what it has received.
 *
 * 2 and 3 leave w - q = (w - q of before) + g x, and w = soft(w - q, u) with
 * soft(v, u) = sign(v) max(0, |v| - u): while w > 0 it has received all, q = -u, w - q = w + u;
 * while w = 0, |q| <= u. So for l1 the stored value is v = w - q, the gradient is all that changes
 * it, and the weight is read as soft(v, u).
 *
 * With 1, let s be the product of the factors. While w > 0, w / s loses (rho eta alpha) / s in
 * step 3 and gains g x / s; with U the sum of (rho eta alpha) / s, the stored value is
 * v = w / s + U, and again the gradient alone changes it; the weight is s soft(v, U). While w = 0
 * the stored value is -q, |q| <= u <= U. A weight changes from the first form to the second in the
 * step k in which U passes |v|: there z = s_k (|v| - U_(k-1)) and q = -u_(k-1) - z; that is looked
 * up when the weight gets its next gradient, so U, u and s of the steps since are kept.
 *
 * From time to time (the history is full, or s small) the values are written anew with s = 1 and
 * U = u. For l2, U = u = 0 and v = w / s; without penalty v = w.
 */
#ifndef FMBENCH_CLASSIFIERS_SGD_PENALTY_H
#define FMBENCH_CLASSIFIERS_SGD_PENALTY_H

#include "numerics/sgd_simd.h"

#include "base/error.h"

#include <stdbool.h>

/* In the order of the choices of the classes. */
enum sgd_penalty { SGD_NONE, SGD_L1, SGD_L2, SGD_ELASTICNET };

enum { SGD_HISTORY = 4096 };

/* The weights of up to SGD_PROBLEMS binary problems that take their steps together. */
struct sgd_weights {
    const struct sgd_kernels *kernels;
    size_t n_problems, stride;
    double l1, l2;             /* alpha rho, alpha (1 - rho) */
    float *values;             /* n_problems x stride, owned: v */
    float *zeros;              /* stride, owned: a row for steps without gradient */
    struct sgd_shift *history; /* SGD_HISTORY, owned: of the steps since the values were written */
    size_t n_steps;            /* the last of them */
    size_t updated[SGD_PROBLEMS]; /* the last step with a gradient, of each problem */
    double threshold, penalty;    /* U, u */
    double scale;                 /* s */
};

struct sgd_weights_options {
    enum sgd_penalty penalty;
    double alpha, l1_ratio;
    size_t n_problems, n_features;
};

/* All weights are 0. sgd_weights_destroy takes a zeroed struct. */
enum status sgd_weights_create(struct sgd_weights *weights,
                               const struct sgd_weights_options *options, struct error *error);
void sgd_weights_destroy(struct sgd_weights *weights);

/* The columns of a padded row. */
size_t sgd_stride(size_t n_features);

/* scores[k] = w_k . x;  x: stride. */
void sgd_weights_scores(const struct sgd_weights *weights, const float *x, double *restrict scores);

/* A step of length eta; gradients[k] is g of problem k. */
void sgd_weights_step(struct sgd_weights *weights, const float *x, double eta,
                      const double *gradients);

/* w: stride. */
void sgd_weights_read(const struct sgd_weights *weights, size_t problem, float *restrict w);

#endif
