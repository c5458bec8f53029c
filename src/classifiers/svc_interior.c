#include "classifiers/svc_interior.h"

#include "base/memory.h"
#include "numerics/blas.h"
#include "numerics/kernel_simd.h"

#include <math.h>
#include <string.h>

enum { ITER_MAX = 60, ROWS_AT_ONCE = 512, SUM_PASSES = 100 };
static const double GAP_ENOUGH = 1e-7; /* of the objective */
static const double RESIDUAL_ENOUGH = 1e-3;
static const double START = 1;
static const double WEIGHT_LEAST = 1e-15; /* rows with less leave X' D^-1 X */
static const double TO_THE_BOUND = 0.995; /* of the way */
static const double CURVATURE_BOUND = 3;  /* D over the diagonal of K: a variable at its bound */

/* A pair's X as one matrix; vectors over its rows have n entries, over its columns p. */
struct interior {
    const struct svc_pair *pair;
    size_t n, p;
    double *beta, *below, *above; /* n: beta - lowest, highest - beta; owned, as all arrays */
    double *z, *v;                /* n: their multipliers */
    double bias;                  /* of the sum */
    double *weight;               /* n: D^-1 */
    double *dual, *sum_free;      /* n: K beta - y + bias - z + v; A^-1 1 */
    double *right, *step, *work;  /* n */
    double *step_z, *step_v;      /* n */
    double *column, *matrix;      /* p; p x p */
    double *scaled;               /* ROWS_AT_ONCE x p */
};

static const float *row_of(const struct interior *s, size_t t)
{
    return s->pair->rows->x + svc_pair_row(s->pair, t) * s->p;
}

static double label(const struct interior *s, size_t t)
{
    return t < s->pair->n[0] ? 1 : -1;
}

static enum status create(struct interior *s, const struct svc_pair *pair, struct error *error)
{
    const size_t n = pair->n[0] + pair->n[1], p = pair->rows->n_columns;
    *s = (struct interior){.pair = pair, .n = n, .p = p};
    return memory_arrays(
        (const struct memory_request[]){
            {(void **)&s->beta, n, sizeof(double)},
            {(void **)&s->below, n, sizeof(double)},
            {(void **)&s->above, n, sizeof(double)},
            {(void **)&s->z, n, sizeof(double)},
            {(void **)&s->v, n, sizeof(double)},
            {(void **)&s->weight, n, sizeof(double)},
            {(void **)&s->dual, n, sizeof(double)},
            {(void **)&s->sum_free, n, sizeof(double)},
            {(void **)&s->right, n, sizeof(double)},
            {(void **)&s->step, n, sizeof(double)},
            {(void **)&s->work, n, sizeof(double)},
            {(void **)&s->step_z, n, sizeof(double)},
            {(void **)&s->step_v, n, sizeof(double)},
            {(void **)&s->column, p, sizeof(double)},
            {(void **)&s->matrix, p * p, sizeof(double)},
            {(void **)&s->scaled, ROWS_AT_ONCE * p, sizeof(double)},
        },
        16, "SVC", error);
}

static void destroy(struct interior *s)
{
    double *const arrays[] = {s->beta,   s->below,    s->above,  s->z,     s->v,    s->weight,
                              s->dual,   s->sum_free, s->right,  s->step,  s->work, s->step_z,
                              s->step_v, s->column,   s->matrix, s->scaled};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        memory_free(arrays[i]);
}

/* s->column = X' d. */
static void project(struct interior *s, const double *d)
{
    memset(s->column, 0, s->p * sizeof *s->column);
    for (size_t t = 0; t < s->n; t++) {
        const float *x = row_of(s, t);
        if (d[t] != 0)
            for (size_t j = 0; j < s->p; j++)
                s->column[j] += d[t] * (double)x[j];
    }
}

/* out -= X s->column. */
static void subtract_rows(const struct interior *s, double *out)
{
    const struct kernel_kernels *kernels = SIMD_SELECT(kernel_kernels);
    for (size_t side = 0; side < 2; out += s->pair->n[side++])
        kernels->subtract_products(out, s->pair->rows->x + s->pair->first[side] * s->p, s->column,
                                   s->pair->n[side], s->p);
}

/* The lower triangle of I + X' D^-1 X, and its factor. */
static bool factorise(struct interior *s)
{
    memset(s->matrix, 0, s->p * s->p * sizeof *s->matrix);
    for (size_t j = 0; j < s->p; j++)
        s->matrix[j * s->p + j] = 1;
    size_t filled = 0;
    for (size_t t = 0; t <= s->n; t++) {
        if (filled == ROWS_AT_ONCE || (t == s->n && filled > 0)) {
            blas_dsyrk_tn(s->p, filled, 1, s->scaled, s->p, 1, s->matrix, s->p);
            filled = 0;
        }
        if (t == s->n || s->weight[t] < WEIGHT_LEAST)
            continue;
        const double root = sqrt(s->weight[t]);
        const float *x = row_of(s, t);
        for (size_t j = 0; j < s->p; j++)
            s->scaled[filled * s->p + j] = root * (double)x[j];
        filled++;
    }
    return blas_dpotrf(s->p, s->matrix, s->p);
}

/* out = (X X' + D)^-1 d. */
static void solve(struct interior *s, const double *d, double *out)
{
    for (size_t t = 0; t < s->n; t++)
        s->work[t] = s->weight[t] * d[t];
    project(s, s->work);
    blas_dpotrs(s->p, s->matrix, s->p, s->column);
    memcpy(out, d, s->n * sizeof *out);
    subtract_rows(s, out);
    for (size_t t = 0; t < s->n; t++)
        out[t] *= s->weight[t];
}

static double sum(const double *values, size_t n)
{
    double total = 0;
    for (size_t t = 0; t < n; t++)
        total += values[t];
    return total;
}

/*
 * The direction towards products of `target` less the corrections, which the last direction gives
 * if corrected; returns the change of the bias.
 */
static double direction(struct interior *s, double target, bool corrected)
{
    for (size_t t = 0; t < s->n; t++) {
        const double c_z = corrected ? s->step[t] * s->step_z[t] : 0;
        const double c_v = corrected ? -s->step[t] * s->step_v[t] : 0;
        s->step_z[t] = (target - c_z) / s->below[t] - s->z[t];
        s->step_v[t] = (target - c_v) / s->above[t] - s->v[t];
        s->right[t] = s->step_z[t] - s->step_v[t] - s->dual[t];
    }
    solve(s, s->right, s->step);
    const double change = (sum(s->step, s->n) + sum(s->beta, s->n)) / sum(s->sum_free, s->n);
    for (size_t t = 0; t < s->n; t++) {
        s->step[t] -= change * s->sum_free[t];
        s->step_z[t] -= s->z[t] / s->below[t] * s->step[t];
        s->step_v[t] += s->v[t] / s->above[t] * s->step[t];
    }
    return change;
}

/* How far the direction can be followed, at most 1. */
static double longest(const struct interior *s)
{
    double scale = 1;
    for (size_t t = 0; t < s->n; t++) {
        if (s->below[t] + scale * s->step[t] < 0)
            scale = -s->below[t] / s->step[t];
        if (s->above[t] - scale * s->step[t] < 0)
            scale = s->above[t] / s->step[t];
        if (s->z[t] + scale * s->step_z[t] < 0)
            scale = -s->z[t] / s->step_z[t];
        if (s->v[t] + scale * s->step_v[t] < 0)
            scale = -s->v[t] / s->step_v[t];
    }
    return scale;
}

/* The mean product of a variable's distance to a bound and its multiplier, `scale` along. */
static double mean_product(const struct interior *s, double scale)
{
    double total = 0;
    for (size_t t = 0; t < s->n; t++)
        total += (s->below[t] + scale * s->step[t]) * (s->z[t] + scale * s->step_z[t]) +
                 (s->above[t] - scale * s->step[t]) * (s->v[t] + scale * s->step_v[t]);
    return total / (double)(2 * s->n);
}

/* dual, from what the rest is; returns the objective. */
static double set_dual(struct interior *s)
{
    double linear = 0;
    project(s, s->beta);
    for (size_t t = 0; t < s->n; t++)
        s->dual[t] = 0;
    subtract_rows(s, s->dual);
    double quadratic = 0;
    for (size_t t = 0; t < s->n; t++) {
        quadratic -= s->beta[t] * s->dual[t];
        linear += s->beta[t] * label(s, t);
        s->dual[t] = -s->dual[t] - label(s, t) + s->bias - s->z[t] + s->v[t];
    }
    return 0.5 * quadratic - linear;
}

/*
 * Where the gradient is of the size of 1, if that is less than half way to the upper bound, with
 * multipliers that make the dual feasible.
 */
static void start(struct interior *s)
{
    const double C = s->pair->C;
    double trace = 0;
    for (size_t t = 0; t < s->n; t++)
        trace += (double)s->pair->rows->diagonal[svc_pair_row(s->pair, t)];
    const double small = START * (double)s->n / (1 + trace);
    const double alpha = small < 0.5 * C ? small : 0.5 * C;
    for (size_t t = 0; t < s->n; t++) {
        s->beta[t] = label(s, t) * alpha;
        s->below[t] = label(s, t) > 0 ? alpha : C - alpha;
        s->above[t] = C - s->below[t];
        s->z[t] = s->v[t] = 1;
    }
    set_dual(s);
    for (size_t t = 0; t < s->n; t++) {
        s->z[t] += s->dual[t] > 0 ? s->dual[t] : 0;
        s->v[t] -= s->dual[t] < 0 ? s->dual[t] : 0;
    }
}

static void follow(struct interior *s, double scale, double change)
{
    for (size_t t = 0; t < s->n; t++) {
        s->beta[t] += scale * s->step[t];
        s->below[t] += scale * s->step[t];
        s->above[t] -= scale * s->step[t];
        s->z[t] += scale * s->step_z[t];
        s->v[t] += scale * s->step_v[t];
    }
    s->bias += scale * change;
}

static double largest_residual(const struct interior *s)
{
    double largest = 0;
    for (size_t t = 0; t < s->n; t++)
        largest = fabs(s->dual[t]) > largest ? fabs(s->dual[t]) : largest;
    return largest;
}

static bool iterate(struct interior *s)
{
    start(s);
    for (int iter = 0; iter < ITER_MAX; iter++) {
        const double objective = set_dual(s);
        for (size_t t = 0; t < s->n; t++) {
            s->step[t] = s->step_z[t] = s->step_v[t] = 0;
            s->weight[t] = 1 / (s->z[t] / s->below[t] + s->v[t] / s->above[t]);
        }
        const double mean = mean_product(s, 0);
        if (!isfinite(mean) || !isfinite(objective))
            return false;
        if (mean * (double)(2 * s->n) < GAP_ENOUGH * (1 + fabs(objective)) &&
            largest_residual(s) < RESIDUAL_ENOUGH)
            return true;
        if (!factorise(s))
            return iter > 10;
        for (size_t t = 0; t < s->n; t++)
            s->right[t] = 1;
        solve(s, s->right, s->sum_free);
        direction(s, 0, false);
        const double reachable = mean_product(s, longest(s)) / mean;
        const double change = direction(s, mean * reachable * reachable * reachable, true);
        const double scale = TO_THE_BOUND * longest(s);
        if (!(scale > 1e-8))
            return iter > 10;
        follow(s, scale, change);
    }
    return true;
}

/* Variables next to a bound go there; the others make the sum 0. False if they cannot. */
static bool round_off(const struct interior *s, double *beta)
{
    const double C = s->pair->C;
    for (size_t t = 0; t < s->n; t++) {
        const double curvature =
            CURVATURE_BOUND * (double)s->pair->rows->diagonal[svc_pair_row(s->pair, t)];
        const double low = label(s, t) > 0 ? 0 : -C;
        const double at = s->beta[t] < low ? low : s->beta[t] > low + C ? low + C : s->beta[t];
        beta[t] = s->z[t] > curvature * s->below[t]   ? low
                  : s->v[t] > curvature * s->above[t] ? low + C
                                                      : at;
    }
    for (int pass = 0; pass < SUM_PASSES; pass++) {
        const double excess = sum(beta, s->n);
        size_t n_free = 0;
        for (size_t t = 0; t < s->n; t++) {
            const double alpha = label(s, t) * beta[t];
            n_free += alpha > 0 && alpha < C;
        }
        if (fabs(excess) <= 1e-12 * C || n_free == 0)
            return n_free > 0;
        for (size_t t = 0; t < s->n; t++) {
            const double low = label(s, t) > 0 ? 0 : -C;
            if (beta[t] <= low || beta[t] >= low + C)
                continue;
            const double moved = beta[t] - excess / (double)n_free;
            beta[t] = moved < low ? low : moved > low + C ? low + C : moved;
        }
    }
    return false;
}

enum status svc_interior_start(const struct svc_pair *pair, double *beta, bool *found,
                               struct error *error)
{
    struct interior s;
    const enum status status = create(&s, pair, error);
    *found = false;
    if (!status && iterate(&s)) {
        memcpy(s.work, beta, s.n * sizeof *beta);
        *found = round_off(&s, beta);
        if (!*found)
            memcpy(beta, s.work, s.n * sizeof *beta);
    }
    destroy(&s);
    return status;
}
