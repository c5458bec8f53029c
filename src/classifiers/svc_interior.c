#include "classifiers/svc_interior.h"

#include "base/memory.h"
#include "numerics/blas.h"
#include "numerics/kernel_simd.h"

#include <math.h>
#include <string.h>

enum { ITER_MAX = 60, CORRECTORS_MAX = 5, ROWS_AT_ONCE = 512, SUM_PASSES = 100 };
static const double GAP_ENOUGH = 1e-7; /* of the objective */
static const double RESIDUAL_ENOUGH = 1e-3;
static const double START = 1;
static const double START_MULTIPLIER = 30;
static const double WEIGHT_LEAST = 1e-15; /* rows with less leave X' D^-1 X */
/* Trace of a row's part in X' D^-1 X up to which float32 is exact enough beside the I in I + X'
 * D^-1 X. */
static const double FLOAT_ENOUGH = 100;
static const double TO_THE_BOUND = 0.995; /* of the way */
static const double AHEAD = 0.2;          /* of the whole step, where products are looked at */
static const double SPREAD = 10;          /* of the products about their target */
static const double CURVATURE_BOUND = 3;  /* D over the diagonal of K: a variable at its bound */

/* The rows' X as one matrix; vectors over its rows have n entries, over its columns p. */
struct interior {
    const struct svc_interior *job;
    const struct svc_pair *pair;
    const struct kernel_kernels *kernels;
    size_t n, p;
    const float **x;                /* n; owned, as all arrays */
    double *q;                      /* n */
    double total;                   /* s of the problem */
    double *beta, *below, *above;   /* n: beta - lowest, highest - beta */
    double *z, *v;                  /* n: their multipliers */
    double bias;                    /* of the sum */
    double *weight;                 /* n: D^-1 */
    double *dual, *sum_free;        /* n: K beta - q + bias - z + v; A^-1 1 */
    double *right, *step, *work;    /* n */
    double *step_z, *step_v;        /* n */
    double *target_z, *target_v;    /* n: of the products of distances and multipliers */
    double *kept, *kept_z, *kept_v; /* n: a direction */
    double *column, *matrix;        /* p; p x p */
    double *scaled;                 /* ROWS_AT_ONCE x p */
    float *rough, *rough_scaled;    /* the same in float32, for rows of little weight */
};

static double label(const struct interior *s, size_t t)
{
    return s->job->rows[t] < s->pair->n[0] ? 1 : -1;
}

static double diagonal(const struct interior *s, size_t t)
{
    return (double)s->pair->rows->diagonal[svc_pair_row(s->pair, s->job->rows[t])];
}

enum { VECTORS = 19 };

size_t svc_interior_bytes(size_t n, size_t n_columns)
{
    return n * (VECTORS * sizeof(double) + sizeof(float *)) +
           n_columns * (n_columns + ROWS_AT_ONCE) * (sizeof(double) + sizeof(float));
}

static enum status create(struct interior *s, const struct svc_interior *job, struct error *error)
{
    const struct svc_rows *rows = job->pair->rows;
    const size_t n = job->n, p = rows->n_columns;
    *s = (struct interior){
        .job = job, .pair = job->pair, .kernels = SIMD_SELECT(kernel_kernels), .n = n, .p = p};
    const enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&s->x, n, sizeof *s->x},
            {(void **)&s->q, n, sizeof(double)},
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
            {(void **)&s->target_z, n, sizeof(double)},
            {(void **)&s->target_v, n, sizeof(double)},
            {(void **)&s->kept, n, sizeof(double)},
            {(void **)&s->kept_z, n, sizeof(double)},
            {(void **)&s->kept_v, n, sizeof(double)},
            {(void **)&s->column, p, sizeof(double)},
            {(void **)&s->matrix, p * p, sizeof(double)},
            {(void **)&s->scaled, ROWS_AT_ONCE * p, sizeof(double)},
            {(void **)&s->rough, p * p, sizeof(float)},
            {(void **)&s->rough_scaled, ROWS_AT_ONCE * p, sizeof(float)},
        },
        25, "SVC", error);
    for (size_t t = 0; !status && t < n; t++)
        s->x[t] = rows->x + svc_pair_row(job->pair, job->rows[t]) * p;
    return status;
}

static void destroy(struct interior *s)
{
    void *const arrays[] = {s->x,        s->q,        s->beta,   s->below,  s->above,
                            s->z,        s->v,        s->weight, s->dual,   s->sum_free,
                            s->right,    s->step,     s->work,   s->step_z, s->step_v,
                            s->column,   s->matrix,   s->scaled, s->rough,  s->rough_scaled,
                            s->target_z, s->target_v, s->kept,   s->kept_z, s->kept_v};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        memory_free(arrays[i]);
}

/* s->column = X' d. */
static void project(struct interior *s, const double *d)
{
    const float *rows[KERNEL_ROWS_AT_ONCE];
    double weights[KERNEL_ROWS_AT_ONCE];
    memset(s->column, 0, s->p * sizeof *s->column);
    for (size_t t = 0; t < s->n; t += KERNEL_ROWS_AT_ONCE) {
        for (size_t r = 0; r < KERNEL_ROWS_AT_ONCE; r++) {
            rows[r] = s->x[t + r < s->n ? t + r : t];
            weights[r] = t + r < s->n ? -d[t + r] : 0;
        }
        s->kernels->subtract_rows(s->column, rows, weights, s->p);
    }
}

/* out -= X s->column. */
static void subtract_rows(const struct interior *s, double *out)
{
    for (size_t t = 0; t < s->n; t++)
        s->kernels->subtract_products(out + t, s->x[t], s->column, 1, s->p);
}

/* The lower triangle of s->rough = what rows of little weight have in X' D^-1 X. */
static void add_rough(struct interior *s, const uint8_t *is_rough)
{
    size_t filled = 0;
    memset(s->rough, 0, s->p * s->p * sizeof *s->rough);
    for (size_t t = 0; t <= s->n; t++) {
        if (filled == ROWS_AT_ONCE || (t == s->n && filled > 0)) {
            blas_ssyrk_tn(s->p, filled, 1, s->rough_scaled, s->p, 1, s->rough, s->p);
            filled = 0;
        }
        if (t == s->n || !is_rough[t] || s->weight[t] < WEIGHT_LEAST)
            continue;
        const float root = (float)sqrt(s->weight[t]);
        for (size_t j = 0; j < s->p; j++)
            s->rough_scaled[filled * s->p + j] = root * s->x[t][j];
        filled++;
    }
}

/* The lower triangle of I + X' D^-1 X, and its factor. */
static bool factorise(struct interior *s)
{
    uint8_t *is_rough = (uint8_t *)s->work; /* free between two solves */
    for (size_t t = 0; t < s->n; t++)
        is_rough[t] = s->weight[t] * diagonal(s, t) < FLOAT_ENOUGH;
    add_rough(s, is_rough);
    for (size_t i = 0; i < s->p; i++) {
        for (size_t j = 0; j <= i; j++)
            s->matrix[i * s->p + j] = (double)s->rough[i * s->p + j];
        s->matrix[i * s->p + i] += 1;
    }
    size_t filled = 0;
    for (size_t t = 0; t <= s->n; t++) {
        if (filled == ROWS_AT_ONCE || (t == s->n && filled > 0)) {
            blas_dsyrk_tn(s->p, filled, 1, s->scaled, s->p, 1, s->matrix, s->p);
            filled = 0;
        }
        if (t == s->n || is_rough[t])
            continue;
        const double root = sqrt(s->weight[t]);
        for (size_t j = 0; j < s->p; j++)
            s->scaled[filled * s->p + j] = root * (double)s->x[t][j];
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

/* The direction towards the target products; returns the change of the bias. */
static double direction(struct interior *s)
{
    for (size_t t = 0; t < s->n; t++) {
        s->step_z[t] = s->target_z[t] / s->below[t] - s->z[t];
        s->step_v[t] = s->target_v[t] / s->above[t] - s->v[t];
        s->right[t] = s->step_z[t] - s->step_v[t] - s->dual[t];
    }
    solve(s, s->right, s->step);
    const double change =
        (sum(s->step, s->n) + sum(s->beta, s->n) - s->total) / sum(s->sum_free, s->n);
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
        linear += s->beta[t] * s->q[t];
        s->dual[t] = -s->dual[t] - s->q[t] + s->bias - s->z[t] + s->v[t];
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
        trace += diagonal(s, t);
    const double small = START * (double)s->n / (1 + trace);
    const double alpha = small < 0.5 * C ? small : 0.5 * C;
    for (size_t t = 0; t < s->n; t++) {
        s->beta[t] = label(s, t) * alpha;
        s->below[t] = label(s, t) > 0 ? alpha : C - alpha;
        s->above[t] = C - s->below[t];
        s->z[t] = s->v[t] = START_MULTIPLIER;
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

/* What a product misses of the range about the target, no less than what can be made up for. */
static double missing_from(double product, double target)
{
    const double low = target / SPREAD, high = target * SPREAD;
    const double missing = product < low ? low - product : product > high ? high - product : 0;
    return missing < -high ? -high : missing;
}

/*
 * Corrects the products that would leave the range about the target a little beyond where the
 * direction can be followed to, as long as that makes it longer: a solution is cheap beside the
 * factor. Gondzio, "Multiple centrality corrections in a primal-dual method for linear programming"
 * (Computational Optimization and Applications 6, 1996). Returns how far the direction can be
 * followed; the change of the bias goes to *change.
 */
static double correct(struct interior *s, double target, double *change)
{
    const size_t n_bytes = s->n * sizeof(double);
    double scale = longest(s);
    for (int i = 0; i < CORRECTORS_MAX && scale < 1; i++) {
        const double further = scale + AHEAD < 1 ? scale + AHEAD : 1;
        memcpy(s->kept, s->step, n_bytes);
        memcpy(s->kept_z, s->step_z, n_bytes);
        memcpy(s->kept_v, s->step_v, n_bytes);
        for (size_t t = 0; t < s->n; t++) {
            const double z = s->z[t] + further * s->step_z[t];
            const double v = s->v[t] + further * s->step_v[t];
            s->target_z[t] += missing_from((s->below[t] + further * s->step[t]) * z, target);
            s->target_v[t] += missing_from((s->above[t] - further * s->step[t]) * v, target);
        }
        const double corrected_change = direction(s), corrected = longest(s);
        if (corrected < scale + 0.1 * AHEAD) {
            memcpy(s->step, s->kept, n_bytes);
            memcpy(s->step_z, s->kept_z, n_bytes);
            memcpy(s->step_v, s->kept_v, n_bytes);
            break;
        }
        scale = corrected;
        *change = corrected_change;
    }
    return scale;
}

/* Predictor, corrector, and correctors of centrality; returns how far, at most 1. */
static double find_direction(struct interior *s, double mean, double *change)
{
    for (size_t t = 0; t < s->n; t++)
        s->target_z[t] = s->target_v[t] = 0;
    direction(s);
    const double reachable = mean_product(s, longest(s)) / mean;
    const double target = mean * reachable * reachable * reachable;
    for (size_t t = 0; t < s->n; t++) {
        s->target_z[t] = target - s->step[t] * s->step_z[t];
        s->target_v[t] = target + s->step[t] * s->step_v[t];
    }
    *change = direction(s);
    return correct(s, target, change);
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
        double change;
        const double scale = TO_THE_BOUND * find_direction(s, mean, &change);
        if (!(scale > 1e-8))
            return iter > 10;
        follow(s, scale, change);
    }
    return true;
}

/* Variables next to a bound go there; the others give the sum its value. False if they cannot. */
static bool round_off(const struct interior *s, double *beta /* n */)
{
    const double C = s->pair->C;
    for (size_t t = 0; t < s->n; t++) {
        const double curvature = CURVATURE_BOUND * diagonal(s, t);
        const double low = label(s, t) > 0 ? 0 : -C;
        const double at = s->beta[t] < low ? low : s->beta[t] > low + C ? low + C : s->beta[t];
        beta[t] = s->z[t] > curvature * s->below[t]   ? low
                  : s->v[t] > curvature * s->above[t] ? low + C
                                                      : at;
    }
    for (int pass = 0; pass < SUM_PASSES; pass++) {
        const double excess = sum(beta, s->n) - s->total;
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

/* q = f + X X' beta, and the sum of beta. */
static void set_problem(struct interior *s)
{
    for (size_t t = 0; t < s->n; t++) {
        s->work[t] = s->job->beta[s->job->rows[t]];
        s->q[t] = 0;
    }
    s->total = sum(s->work, s->n);
    project(s, s->work);
    subtract_rows(s, s->q);
    for (size_t t = 0; t < s->n; t++)
        s->q[t] = s->job->f[s->job->rows[t]] - s->q[t];
}

enum status svc_interior_start(struct svc_interior *job, struct error *error)
{
    struct interior s;
    const enum status status = create(&s, job, error);
    job->found = false;
    if (!status) {
        set_problem(&s);
        job->found = iterate(&s) && round_off(&s, s.work);
    }
    for (size_t t = 0; job->found && t < job->n; t++)
        job->beta[job->rows[t]] = s.work[t];
    destroy(&s);
    return status;
}
