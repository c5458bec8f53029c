/*
 * min over w_1 .. w_K of 1/2 sum_k |w_k|^2 + C sum_i max_k (1[k != y_i] + (w_k - w_{y_i}).x_i)
 * (Crammer and Singer, JMLR 2001), with the intercept as a feature of constant 1.
 *
 * The sequential dual method (Keerthi, Sundararajan, Chang, Hsieh and Lin, KDD 2008): the dual is
 *     min over alpha of 1/2 sum_k |w_k|^2 + sum_i sum_k 1[k != y_i] alpha_ik,
 *     w_k = sum_i alpha_ik x_i,  sum_k alpha_ik = 0,  alpha_ik <= C 1[k = y_i],
 * minimised over the variables of one row at a time, exactly, by sorting. Rows that did not change
 * are left out for a growing number of passes. It is fast where few rows matter. Where it has not
 * arrived after its share of work, others take over: an interior-point method whose cost hardly
 * depends on C (linear_interior.c), and Newton's on the smoothed primal, which is cheaper
 * where rows are few and C is small (crammer_singer_newton.c). All stop at a relative duality gap
 * of tol, or at their limits with the gap that they have.
 */
#include "classifiers/crammer_singer.h"

#include "base/memory.h"
#include "classifiers/linear_interior.h"
#include "classifiers/linear_interior_rows.h"
#include "classifiers/linear_joint.h"
#include "numerics/rng.h"

#include <math.h>
#include <string.h>

enum { SKIP_MAX = 16, CHECK_PASSES = 20 };

/* Share of the sequential dual method, in rows visited, before another method takes over. */
static const double DUAL_VISITS_MAX = 4e7;

/* This much of that share is a trial, which must bring the relative gap below PROMISING_GAP. */
static const double TRIAL_SHARE = 0.04;
static const double PROMISING_GAP = 0.3;

/* A gap up to this is kept: another method would not soon do better. */
static const double NEARLY = 1e-3;

/* Newton steps that the interior-point method would cost too. */
enum { NEWTON_TRIAL = 60 };

enum { INTERIOR_STEPS_MAX = 100 };

struct state {
    const struct linear_design *design;
    double C;
    double *w;             /* n_classes x stride */
    double *alpha;         /* n_rows x n_classes */
    double *norm;          /* n_rows: |x|^2 */
    uint32_t *order;       /* n_rows */
    uint8_t *skip, *wait;  /* n_rows */
    double *scores, *heap; /* n_classes */
    double *lanes_w;       /* stride x lanes */
    double *z;             /* n_rows x lanes */
};

/* Puts heap[i] where it belongs; below it all is a heap, with the largest on top. */
static void sift_down(double *heap, size_t n, size_t i)
{
    const double value = heap[i];
    for (size_t child = 2 * i + 1; child < n; i = child, child = 2 * i + 1) {
        child += child + 1 < n && heap[child + 1] > heap[child];
        if (heap[child] <= value)
            break;
        heap[i] = heap[child];
    }
    heap[i] = value;
}

/* The level above which the values reach by `excess` together. Spoils them: only those above it
   are sorted. */
static double water_level(double *values, size_t n, double excess)
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(values, n, i);
    double sum = values[0] - excess;
    size_t n_above = 1;
    for (size_t left = n; --left > 0; n_above++) {
        values[0] = values[left];
        sift_down(values, left, 0);
        if (sum >= (double)n_above * values[0])
            break;
        sum += values[0];
    }
    return sum / (double)n_above;
}

/* The minimum over the simplex of row i; returns whether alpha changed. */
static bool update_row(const struct state *s, size_t i)
{
    const struct linear_design *d = s->design;
    const size_t n_classes = d->n_problems, y = (size_t)d->row_class[i];
    const float *x = linear_design_rows(d, i, 1);
    double *alpha = s->alpha + i * n_classes;
    const double norm = s->norm[i];
    d->kernels->dots(x, d->stride, n_classes, s->w, s->scores);
    double best = -HUGE_VAL;
    for (size_t k = 0; k < n_classes; k++)
        if (k != y && s->scores[k] > best)
            best = s->scores[k];
    if (alpha[y] == 0 && s->scores[y] >= 1 + best)
        return false;
    for (size_t k = 0; k < n_classes; k++) {
        s->scores[k] += (k != y) - norm * alpha[k];
        s->heap[k] = s->scores[k] + (k == y ? norm * s->C : 0);
    }
    const double beta = water_level(s->heap, n_classes, norm * s->C);
    bool changed = false;
    for (size_t k = 0; k < n_classes; k++) {
        const double fresh = fmin(k == y ? s->C : 0, (beta - s->scores[k]) / norm);
        const double change = fresh - alpha[k];
        if (fabs(change) < 1e-12 * s->C)
            continue;
        alpha[k] = fresh;
        d->kernels->add_scaled(x, d->stride, change, s->w + k * d->stride);
        changed = true;
    }
    return changed;
}

static void pass(const struct state *s, struct rng *rng)
{
    const size_t n = s->design->n_rows;
    rng_shuffle(rng, s->order, n);
    for (size_t q = 0; q < n; q++) {
        const size_t i = s->order[q];
        if (s->wait[i]) {
            s->wait[i]--;
            continue;
        }
        if (update_row(s, i)) {
            s->skip[i] = 0;
        } else {
            s->skip[i] = (uint8_t)(s->skip[i] < SKIP_MAX ? s->skip[i] + 1 : SKIP_MAX);
            s->wait[i] = s->skip[i];
        }
    }
}

static void bounds(const struct state *s, double *primal, double *dual)
{
    const struct linear_design *d = s->design;
    double squared = 0, loss = 0, linear = 0;
    for (size_t j = 0; j < d->stride; j++)
        for (size_t k = 0; k < d->lanes; k++) {
            const double value = k < d->n_problems ? s->w[k * d->stride + j] : 0;
            s->lanes_w[j * d->lanes + k] = value;
            squared += value * value;
        }
    linear_times(d, s->lanes_w, s->z);
    for (size_t i = 0; i < d->n_rows; i++) {
        const double *z = s->z + i * d->lanes;
        const size_t y = (size_t)d->row_class[i];
        double worst = 0;
        for (size_t k = 0; k < d->n_problems; k++)
            worst = fmax(worst, k == y ? 0 : 1 + z[k] - z[y]);
        loss += worst;
        linear += s->alpha[i * d->n_problems + y];
    }
    *primal = 0.5 * squared + s->C * loss;
    *dual = linear - 0.5 * squared;
}

static enum status allocate(struct state *s, struct error *error)
{
    const struct linear_design *d = s->design;
    const size_t n = d->n_rows, n_classes = d->n_problems;
    const struct memory_request requests[] = {
        {(void **)&s->w, n_classes * d->stride, sizeof *s->w},
        {(void **)&s->alpha, n * n_classes, sizeof *s->alpha},
        {(void **)&s->norm, n, sizeof *s->norm},
        {(void **)&s->order, n, sizeof *s->order},
        {(void **)&s->skip, n, sizeof *s->skip},
        {(void **)&s->wait, n, sizeof *s->wait},
        {(void **)&s->scores, n_classes, sizeof *s->scores},
        {(void **)&s->heap, n_classes, sizeof *s->heap},
        {(void **)&s->z, n * d->lanes, sizeof *s->z},
    };
    return memory_arrays(requests, sizeof requests / sizeof requests[0],
                         "Crammer and Singer's machine", error);
}

/* With few rows the dual method is mostly enough, or others do with little more. */
double crammer_singer_bytes(const struct problem_size *size)
{
    const double n_classes = (double)size->n_classes;
    const double n_lanes = (double)linear_lanes_for(size->n_classes);
    const double dual_bytes = (n_classes + n_lanes + 1) * sizeof(double) + sizeof(uint32_t) + 2;
    const double other_bytes =
        linear_joint_is_likely(size)
            ? linear_interior_bytes(LINEAR_INTERIOR_CRAMMER_SINGER, size)
            : (double)size->n_train * linear_interior_rows_bytes(false, n_lanes);
    return (double)size->n_train * dual_bytes + other_bytes;
}

static void start(const struct state *s)
{
    const struct linear_design *d = s->design;
    memset(s->w, 0, d->n_problems * d->stride * sizeof *s->w);
    memset(s->alpha, 0, d->n_rows * d->n_problems * sizeof *s->alpha);
    memset(s->skip, 0, d->n_rows);
    memset(s->wait, 0, d->n_rows);
    for (size_t i = 0; i < d->n_rows; i++) {
        const float *x = linear_design_rows(d, i, 1);
        s->norm[i] = 0;
        for (size_t j = 0; j < d->n_columns; j++)
            s->norm[i] += (double)x[j] * (double)x[j];
        s->order[i] = (uint32_t)i;
    }
}

static void release(struct state *s)
{
    void *const arrays[] = {s->w,    s->alpha,  s->norm, s->order, s->skip,
                            s->wait, s->scores, s->heap, s->z};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        memory_free(arrays[i]);
}

/*
 * A point that is feasible for one C is feasible for a larger one, and where few rows reach C it is
 * nearly optimal there too: C rises by tens to the one that is asked for.
 */
static double first_C(double C)
{
    while (C > 1)
        C /= CRAMMER_SINGER_C_FACTOR;
    return C;
}

static void measure(const struct state *s, struct crammer_singer_result *result)
{
    double primal, dual;
    bounds(s, &primal, &dual);
    result->objective = primal;
    result->dual_gap = primal > 0 ? (primal - dual) / primal : 0;
}

/* The gap at the present C, and with it what comes next: that is solved, or a larger C. */
static void check(struct state *s, const struct crammer_singer_options *options,
                  struct crammer_singer_result *result)
{
    measure(s, result);
    while (result->dual_gap <= options->tol) {
        if (s->C >= options->C) {
            result->converged = true;
            return;
        }
        s->C = s->C * CRAMMER_SINGER_C_FACTOR < 0.99 * options->C ? s->C * CRAMMER_SINGER_C_FACTOR
                                                                  : options->C;
        memset(s->wait, 0, s->design->n_rows);
        memset(s->skip, 0, s->design->n_rows);
        measure(s, result);
    }
}

/* Up to max_passes, but only up to n_trial of them when the gap is wide there. `s` is the caller's
   to release, whatever the outcome. */
static enum status run_dual(struct state *s, const struct crammer_singer_options *options,
                            long n_trial, struct crammer_singer_result *result, struct error *error)
{
    *result = (struct crammer_singer_result){.solver = "sequential dual method"};
    const enum status status = allocate(s, error);
    if (status)
        return status;
    start(s);
    struct rng rng = rng_create(options->rng_key, 0);
    s->C = first_C(options->C);
    for (long n = 1, left = options->max_passes; left > 0 && !result->converged; n++, left--) {
        const double C = s->C;
        pass(s, &rng);
        result->n_iter = n;
        if (n % CHECK_PASSES && left > 1 && n != n_trial)
            continue;
        check(s, options, result);
        if (n == n_trial && result->dual_gap > PROMISING_GAP)
            break;
        if (s->C > C)
            left = options->max_passes;
    }
    return STATUS_OK;
}

enum status crammer_singer_dual(const struct linear_design *design,
                                const struct crammer_singer_options *options, double *restrict w,
                                struct crammer_singer_result *result, struct error *error)
{
    struct state s = {.design = design, .C = options->C, .lanes_w = w};
    const enum status status = run_dual(&s, options, -1, result, error);
    if (!status && s.C < options->C) {
        s.C = options->C;
        measure(&s, result);
    }
    release(&s);
    return status;
}

enum status crammer_singer_interior(const struct linear_design *design,
                                    const struct crammer_singer_options *options,
                                    double *restrict w, struct crammer_singer_result *result,
                                    struct error *error)
{
    const struct linear_interior_options of_interior = {
        .machine = LINEAR_INTERIOR_CRAMMER_SINGER,
        .C = options->C,
        .tol = options->tol,
        .max_iter =
            options->max_iter < INTERIOR_STEPS_MAX ? options->max_iter : INTERIOR_STEPS_MAX};
    struct linear_interior_result of;
    const enum status status = linear_interior_solve(design, &of_interior, w, &of, error);
    *result = (struct crammer_singer_result){.solver = LINEAR_INTERIOR_NAME,
                                             .n_iter = of.n_iter,
                                             .converged = of.converged,
                                             .objective = of.objective,
                                             .dual_gap = of.dual_gap};
    return status;
}

/* After the dual method; `copy` has its w, and room for another. */
static enum status finish(const struct state *s, const struct crammer_singer_options *options,
                          double *copy, struct crammer_singer_result *result, struct error *error)
{
    const struct linear_design *d = s->design;
    const struct crammer_singer_start from = {.w = copy, .alpha = s->alpha, .C = s->C};
    if (!linear_joint_fits(d->n_problems, d->n_columns))
        return crammer_singer_newton(d, options, &from, s->lanes_w, result, error);
    if (d->n_rows >= d->n_problems * d->n_columns)
        return crammer_singer_interior(d, options, s->lanes_w, result, error);
    struct crammer_singer_options trial = *options;
    trial.max_iter = trial.max_iter < NEWTON_TRIAL ? trial.max_iter : NEWTON_TRIAL;
    enum status status = crammer_singer_newton(d, &trial, &from, s->lanes_w, result, error);
    if (status || result->converged)
        return status;
    const struct crammer_singer_result before = *result;
    const size_t n_bytes = d->stride * d->lanes * sizeof *copy;
    memcpy(copy, s->lanes_w, n_bytes);
    status = crammer_singer_interior(d, options, s->lanes_w, result, error);
    if (!status && before.dual_gap < result->dual_gap) {
        memcpy(s->lanes_w, copy, n_bytes);
        *result = before;
    }
    return status;
}

enum status crammer_singer_solve(const struct linear_design *design,
                                 const struct crammer_singer_options *options, double *restrict w,
                                 struct crammer_singer_result *result, struct error *error)
{
    struct state s = {.design = design, .C = options->C, .lanes_w = w};
    struct crammer_singer_options share = *options;
    const size_t n_w = design->stride * design->lanes;
    const double affordable = DUAL_VISITS_MAX / (double)design->n_rows;
    share.max_passes = (long)fmax(CHECK_PASSES, fmin(affordable, (double)options->max_passes));
    const long n_trial = (long)fmax(CHECK_PASSES, TRIAL_SHARE * (double)share.max_passes);
    double *copy = memory_array(n_w, sizeof *copy);
    enum status status =
        copy ? run_dual(&s, &share, n_trial, result, error)
             : error_memory(error, "Crammer and Singer's machine", n_w * sizeof *copy);
    const bool is_nearly = !status && s.C >= options->C && result->dual_gap <= NEARLY;
    if (!status && !result->converged && !is_nearly) {
        memcpy(copy, w, n_w * sizeof *copy);
        status = finish(&s, options, copy, result, error);
    }
    memory_free(copy);
    release(&s);
    return status;
}
