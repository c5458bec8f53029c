/*
 * Minimises q.d + 1/2 d^T H d + |w + d|_1 over d, H positive definite and explicit, by two methods
 * in turn, neither of which ever goes up:
 *
 * - passes of coordinate descent, which find the coordinates that are 0 in the minimum and the
 * signs of the others, but crawl where H is badly conditioned, as it is for neighbouring pixels;
 * - Newton's step on the coordinates that are not 0, by Cholesky factor, which is the minimum at
 *   once where their signs are those of the minimum. Coordinates that would change sign stop at 0
 *   (Andrew and Gao, "Scalable training of L1-regularized log-linear models", ICML 2007, have this
 *   projection), and the step is halved until the model falls; where that does not help soon, it
 *   ends where the first sign would change, which always does.
 */
#include "classifiers/linear_lasso.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROUNDS_MAX = 100, PASSES = 4, HALVINGS_MAX = 10 };

static const double RIDGE = 1e-10; /* first one tried, of the largest diagonal element */

enum status linear_lasso_create(struct linear_lasso *lasso, size_t n, size_t stride,
                                struct error *error)
{
    const struct memory_request requests[] = {
        {(void **)&lasso->w, n, sizeof *lasso->w},
        {(void **)&lasso->q, n, sizeof *lasso->q},
        {(void **)&lasso->step, n, sizeof *lasso->step},
        {(void **)&lasso->change, n, sizeof *lasso->change},
        {(void **)&lasso->block, n * n, sizeof *lasso->block},
        {(void **)&lasso->free, n, sizeof *lasso->free},
    };
    *lasso = (struct linear_lasso){.n = n, .stride = stride};
    return memory_arrays(requests, sizeof requests / sizeof requests[0], "the quadratic model",
                         error);
}

void linear_lasso_destroy(struct linear_lasso *lasso)
{
    memory_free(lasso->w);
    memory_free(lasso->q);
    memory_free(lasso->step);
    memory_free(lasso->change);
    memory_free(lasso->block);
    memory_free(lasso->free);
    *lasso = (struct linear_lasso){0};
}

double linear_lasso_violation(double g, double w)
{
    if (w > 0)
        return fabs(g + 1);
    if (w < 0)
        return fabs(g - 1);
    return fmax(0, fabs(g) - 1);
}

static double total_violation(const struct linear_lasso *l)
{
    double sum = 0;
    for (size_t j = 0; j < l->n; j++)
        sum += linear_lasso_violation(l->q[j], l->w[j]);
    return sum;
}

static void add_scaled(size_t n, double scale, const double *restrict x, double *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += scale * x[i];
}

static void descend(const struct linear_lasso *l, const double *h)
{
    double *restrict w = l->w, *restrict q = l->q;
    for (size_t j = 0; j < l->n; j++) {
        if (w[j] == 0 && fabs(q[j]) <= 1)
            continue;
        const double *restrict row = h + j * l->stride;
        const double curvature = row[j];
        const double centre = w[j] - q[j] / curvature;
        const double value = copysign(fmax(0, fabs(centre) - 1 / curvature), centre);
        const double change = value - w[j];
        if (change == 0)
            continue;
        w[j] = value;
        add_scaled(l->n, change, row, q);
    }
}

/* step = -H_FF^-1 (q_F + sign w_F) on the n_free coordinates F. False when H_FF resists. */
static bool solve_free(const struct linear_lasso *l, const double *h, size_t n_free)
{
    double largest = 0;
    for (size_t i = 0; i < n_free; i++)
        largest = fmax(largest, h[l->free[i] * l->stride + l->free[i]]);
    for (double ridge = 0; ridge <= largest; ridge = ridge > 0 ? ridge * 100 : RIDGE * largest) {
        for (size_t i = 0; i < n_free; i++) {
            const double *restrict row = h + l->free[i] * l->stride;
            for (size_t j = 0; j <= i; j++)
                l->block[i * n_free + j] = row[l->free[j]];
            l->block[i * n_free + i] += ridge;
        }
        if (!blas_dpotrf(n_free, l->block, n_free))
            continue;
        for (size_t i = 0; i < n_free; i++) {
            const uint32_t j = l->free[i];
            l->step[i] = -(l->q[j] + copysign(1, l->w[j]));
        }
        blas_dpotrs(n_free, l->block, n_free, l->step);
        return true;
    }
    return false;
}

/* The value of w_j after `scale` times the step, 0 where it would change sign. */
static double projected(double w, double step)
{
    return (w + step) * w > 0 ? w + step : 0;
}

/* change = H (projected step); returns what the model changes by. */
static double model_change(const struct linear_lasso *l, const double *h, size_t n_free,
                           double scale)
{
    memset(l->change, 0, l->n * sizeof *l->change);
    for (size_t i = 0; i < n_free; i++) {
        const uint32_t j = l->free[i];
        const double moved = projected(l->w[j], scale * l->step[i]) - l->w[j];
        add_scaled(l->n, moved, h + j * l->stride, l->change);
    }
    double value = 0;
    for (size_t i = 0; i < n_free; i++) {
        const uint32_t j = l->free[i];
        const double fresh = projected(l->w[j], scale * l->step[i]);
        value += (fresh - l->w[j]) * (l->q[j] + 0.5 * l->change[j]) + fabs(fresh) - fabs(l->w[j]);
    }
    return value;
}

/* The largest part of the step, at most the whole, at which no sign has changed; a coordinate that
   reaches 0 there is made 0 by the rounding up. */
static double first_sign_change(const struct linear_lasso *l, size_t n_free)
{
    double scale = 1;
    for (size_t i = 0; i < n_free; i++) {
        const double w = l->w[l->free[i]];
        if ((w + scale * l->step[i]) * w < 0)
            scale = -w / l->step[i];
    }
    return nextafter(scale, 1);
}

/* The largest of the whole step, its halves, and where the first sign would change that goes down;
   0 when rounding lets none. */
static double scale_down(const struct linear_lasso *l, const double *h, size_t n_free)
{
    double scale = 1;
    for (int halvings = 0; halvings < HALVINGS_MAX; halvings++) {
        if (model_change(l, h, n_free, scale) < 0)
            return scale;
        scale *= 0.5;
    }
    scale = first_sign_change(l, n_free);
    return model_change(l, h, n_free, scale) < 0 ? scale : 0;
}

static void newton(const struct linear_lasso *l, const double *h)
{
    size_t n_free = 0;
    for (size_t j = 0; j < l->n; j++)
        if (l->w[j] != 0)
            l->free[n_free++] = (uint32_t)j;
    if (n_free == 0 || !solve_free(l, h, n_free))
        return;
    const double scale = scale_down(l, h, n_free);
    if (scale == 0)
        return;
    for (size_t i = 0; i < n_free; i++) {
        const uint32_t j = l->free[i];
        l->w[j] = projected(l->w[j], scale * l->step[i]);
    }
    add_scaled(l->n, 1, l->change, l->q);
}

void linear_lasso_minimise(const struct linear_lasso *lasso, const double *h, double target)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        for (int pass = 0; pass < PASSES; pass++)
            descend(lasso, h);
        if (total_violation(lasso) <= target)
            return;
        newton(lasso, h);
        if (total_violation(lasso) <= target)
            return;
    }
}
