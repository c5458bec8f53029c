#include "classifiers/linear_binary.h"

#include "base/memory.h"
#include "classifiers/linear_hessian.h"
#include "numerics/blas.h"
#include "numerics/rng.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SEARCH_MAX = 30, CG_ROUNDS_MAX = 50, SAMPLE_ROWS = 4000 };

/* Conjugate gradients stop at this part of the gradient. */
static const double CG_ACCURACY = 0.1;

struct lane {
    double mu;
    double primal, dual; /* best so far of the true problem */
    double value;        /* of the smooth problem, at w */
    double gradient_squared;
    double squared_norm; /* of w */
    double cutoff;       /* logistic: smallest curvature that counts, of the largest possible */
    double last_gradient_squared, first_gradient_squared;
    double rarity; /* share of the rarer label */
    double rho;     /* conjugate gradients */
    bool iterative, searching;
    bool done;
};

struct scratch {
    double *column;  /* stride, owned */
    uint8_t *member; /* n_rows, owned */
};

struct solver {
    const struct linear_design *design;
    const struct linear_binary_options *options;
    double *w, *s, *g;             /* stride x lanes */
    double *z, *t, *r, *alpha;     /* n_rows x lanes */
    double *cg;      /* 4 x stride x lanes */
    double *u, *v;   /* n_rows x lanes; logistic */
    float *leverage; /* n_rows */
    double *sums;                  /* 5 x LINEAR_CHUNKS x lanes */
    double *total;                 /* 5 x lanes */
    double *step, *mu;             /* lanes */
    struct lane *lanes;
    struct linear_hessian *hessians; /* one a thread */
    struct scratch *scratch;         /* one a thread */
    struct linear_gram *grams;       /* lanes */
};

enum { VALUE, SLOPE, CURVATURE, HINGE, DUAL, N_SUMS };

static struct linear_sums chunk_sums(const struct solver *s, size_t chunk)
{
    double *first = s->sums + chunk * N_SUMS * s->design->lanes;
    const size_t lanes = s->design->lanes;
    memset(first, 0, N_SUMS * lanes * sizeof *first);
    return (struct linear_sums){.value = first + VALUE * lanes,
                                .slope = first + SLOPE * lanes,
                                .curvature = first + CURVATURE * lanes,
                                .hinge = first + HINGE * lanes,
                                .dual = first + DUAL * lanes};
}

static struct linear_losses chunk_losses(const struct solver *s, size_t chunk)
{
    const struct linear_design *d = s->design;
    const size_t begin = linear_chunk_begin(d, chunk);
    return (struct linear_losses){.loss = s->options->loss,
                                  .C = s->options->C,
                                  .n_rows = linear_chunk_begin(d, chunk + 1) - begin,
                                  .lanes = d->lanes,
                                  .row_class = d->row_class + begin,
                                  .lane_class = d->lane_class,
                                  .z = s->z + begin * d->lanes,
                                  .direction = s->t + begin * d->lanes,
                                  .step = s->step,
                                  .alpha = s->alpha + begin * d->lanes,
                                  .mu = s->mu};
}

static void add_chunks(const struct solver *s)
{
    const size_t n = N_SUMS * s->design->lanes;
    memset(s->total, 0, n * sizeof *s->total);
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        for (size_t i = 0; i < n; i++)
            s->total[i] += s->sums[chunk * n + i];
}

static void residuals(const struct solver *s)
{
    const struct linear_design *d = s->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        const struct linear_losses losses = chunk_losses(s, chunk);
        const struct linear_sums sums = chunk_sums(s, chunk);
        d->kernels->residuals(&losses, s->r + linear_chunk_begin(d, chunk) * d->lanes, &sums);
    }
    add_chunks(s);
}

static void along(const struct solver *s)
{
    const struct linear_design *d = s->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        const struct linear_losses losses = chunk_losses(s, chunk);
        const struct linear_sums sums = chunk_sums(s, chunk);
        d->kernels->along(&losses, &sums);
    }
    add_chunks(s);
}

static double square(double x)
{
    return x * x;
}

static double dot(const struct solver *s, const double *a, const double *b, size_t k)
{
    double sum = 0;
    for (size_t j = 0; j < s->design->n_columns; j++)
        sum += a[j * s->design->lanes + k] * b[j * s->design->lanes + k];
    return sum;
}

/* Residuals, gradients and bounds at w. */
static void evaluate(const struct solver *s)
{
    const struct linear_design *d = s->design;
    residuals(s);
    linear_transpose_times(d, s->r, s->g);
    for (size_t k = 0; k < d->n_problems; k++) {
        struct lane *lane = &s->lanes[k];
        lane->squared_norm = dot(s, s->w, s->w, k);
        const double dual_norm = dot(s, s->g, s->g, k); /* of sum_i a_i y_i x_i */
        for (size_t j = 0; j < d->n_columns; j++)
            s->g[j * d->lanes + k] += s->w[j * d->lanes + k];
        lane->gradient_squared = dot(s, s->g, s->g, k);
        lane->value = 0.5 * lane->squared_norm + s->total[VALUE * d->lanes + k];
        if (s->options->loss == LINEAR_PROXIMAL_HINGE) {
            lane->primal = 0.5 * lane->squared_norm + s->total[HINGE * d->lanes + k];
            lane->dual = fmax(lane->dual, s->total[DUAL * d->lanes + k] - 0.5 * dual_norm);
        } else {
            lane->primal = lane->value;
            lane->dual = fmax(lane->dual, lane->value - 0.5 * lane->gradient_squared);
        }
    }
}

/* The rows with curvature in lane k and their weights, for the logistic loss. */
static void list_logistic(const struct solver *s, size_t k, struct linear_hessian *h)
{
    const struct linear_design *d = s->design;
    const double C = s->options->C;
    const double cutoff = s->lanes[k].cutoff * 0.25 * C;
    h->n_active = 0;
    for (size_t i = 0; i < d->n_rows; i++) {
        const double probability = fabs(s->r[i * d->lanes + k]) / C;
        const double weight = C * probability * (1 - probability);
        if (weight > cutoff) {
            h->rows[h->n_active] = (uint32_t)i;
            h->weights[h->n_active++] = weight;
        }
    }
}

/* Marks the rows with curvature in lane k; returns what it is in each of them. */
static double mark_hinge(const struct solver *s, size_t k, uint8_t *member)
{
    const struct linear_design *d = s->design;
    const double C = s->options->C;
    const bool squared = s->options->loss == LINEAR_SQUARED_HINGE;
    for (size_t i = 0; i < d->n_rows; i++) {
        const double a = fabs(s->r[i * d->lanes + k]);
        member[i] = a > 0 && (squared || a < C);
    }
    return squared ? 2 * C : 1 / s->mu[k];
}

/* out = factor^-1 (scale in), both columns k of stride x lanes. */
static void solve_lane(const struct solver *s, size_t k, const double *factor, double scale,
                       const double *in, double *out, double *column)
{
    const struct linear_design *d = s->design;
    for (size_t j = 0; j < d->n_columns; j++)
        column[j] = scale * in[j * d->lanes + k];
    linear_hessian_solve(d, factor, column);
    for (size_t j = 0; j < d->n_columns; j++)
        out[j * d->lanes + k] = column[j];
}

/*
 * Leaves about SAMPLE_ROWS of the listed rows, each with a chance in proportion to its weight and
 * leverage, and the weight divided by that chance, so that the expected sum is the same. Systematic
 * sampling: no random numbers. Rows that would be certain to stay keep their weights.
 */
static bool sample_rows(struct linear_hessian *h, const float *leverage, size_t lanes)
{
    if (h->n_active <= 2 * SAMPLE_ROWS)
        return false;
    double unit = 0; /* every row of this importance or more stays */
    for (int round = 0; round < 8; round++) {
        double sum = 0;
        size_t n_certain = 0;
        for (size_t i = 0; i < h->n_active; i++) {
            const double importance = h->weights[i] * (double)leverage[h->rows[i] * lanes];
            if (unit > 0 && importance >= unit)
                n_certain++;
            else
                sum += importance;
        }
        if (n_certain >= SAMPLE_ROWS)
            break;
        unit = sum / (double)(SAMPLE_ROWS - n_certain);
    }
    size_t n_kept = 0;
    double position = 0.5;
    for (size_t i = 0; i < h->n_active; i++) {
        const double chance = h->weights[i] * (double)leverage[h->rows[i] * lanes] / unit;
        if (chance < 1) {
            position += chance;
            if (position < 1)
                continue;
            position -= 1;
        }
        h->rows[n_kept] = h->rows[i];
        h->weights[n_kept++] = h->weights[i] / fmin(chance, 1);
    }
    h->n_active = n_kept;
    return true;
}

static void direction(const struct solver *s, size_t k, struct linear_hessian *h,
                      struct scratch *scratch)
{
    const struct linear_design *d = s->design;
    struct lane *lane = &s->lanes[k];
    if (s->options->loss == LINEAR_LOGISTIC) {
        list_logistic(s, k, h);
        lane->iterative = sample_rows(h, s->leverage + k, d->lanes);
        linear_hessian_build(h, d, 1, 1);
    } else {
        const double weight = mark_hinge(s, k, scratch->member);
        linear_hessian_build_gram(h, d, &s->grams[k], scratch->member, weight);
        lane->iterative = false;
    }
    linear_hessian_factor(h);
    solve_lane(s, k, h->matrix, -1, s->g, s->s, scratch->column);
    if (lane->iterative)
        memcpy(s->grams[k].sum, h->matrix, d->stride * d->stride * sizeof *h->matrix);
    if (getenv("LIN"))
        fprintf(stderr, "[%zu:%zu]", k, h->n_active);
}

/*
 * Leverages x^T H^-1 x of every row in every lane, as the mean square of x^T L^-T signs over random
 * signs; a running mean, since H changes slowly.
 */
static void estimate_leverage(const struct solver *s, const double *shared_factor, long iteration)
{
    const struct linear_design *d = s->design;
    double *column = s->scratch[0].column;
    const size_t n_z = d->n_rows * d->lanes;
    struct rng rng = rng_create(0, (uint64_t)iteration);
    memset(s->cg, 0, d->stride * d->lanes * sizeof *s->cg);
    for (size_t k = 0; k < d->n_problems; k++) {
        const double *factor = shared_factor ? shared_factor : s->grams[k].sum;
        if (s->lanes[k].done || (!shared_factor && !s->lanes[k].iterative))
            continue;
        for (size_t j = 0; j < d->n_columns; j++)
            column[j] = rng_u32(&rng) & 1 ? 1 : -1;
        blas_dtrsv_t(d->n_columns, factor, d->stride, column);
        for (size_t j = 0; j < d->n_columns; j++)
            s->cg[j * d->lanes + k] = column[j];
    }
    linear_times(d, s->cg, s->t);
    if (shared_factor) {
        for (size_t i = 0; i < d->n_rows; i++) {
            double sum = 0;
            for (size_t k = 0; k < d->n_problems; k++)
                sum += square(s->t[i * d->lanes + k]);
            for (size_t k = 0; k < d->n_problems; k++)
                s->leverage[i * d->lanes + k] = (float)(sum / (double)d->n_problems);
        }
        return;
    }
    for (size_t i = 0; i < n_z; i++)
        s->leverage[i] = 0.7f * s->leverage[i] + 0.3f * (float)square(s->t[i]);
}

/* From w = 0 every row has the same curvature, that of a margin of 0, in every lane. */
static void first_directions(const struct solver *s)
{
    const struct linear_design *d = s->design;
    const double C = s->options->C;
    struct linear_hessian *h = &s->hessians[0];
    h->n_active = d->n_rows;
    for (size_t i = 0; i < d->n_rows; i++) {
        h->rows[i] = (uint32_t)i;
        h->weights[i] = s->options->loss == LINEAR_LOGISTIC        ? 0.25 * C
                        : s->options->loss == LINEAR_SQUARED_HINGE ? 2 * C
                                                                   : C;
    }
    linear_hessian_build(h, d, 1, 1);
    linear_hessian_factor(h);
    estimate_leverage(s, h->matrix, 0);
    for (size_t k = 0; k < d->n_problems; k++)
        solve_lane(s, k, h->matrix, -1, s->g, s->s, s->scratch[0].column);
}

static void directions(const struct solver *s)
{
    const struct linear_design *d = s->design;
    memset(s->s, 0, d->stride * d->lanes * sizeof *s->s);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d) schedule(dynamic)
    for (size_t k = 0; k < d->n_problems; k++) {
        const size_t thread = (size_t)omp_get_thread_num();
        if (!s->lanes[k].done)
            direction(s, k, &s->hessians[thread], &s->scratch[thread]);
    }
}

/* u = D X v, where D has the curvatures of the logistic loss; t = X v. */
static void weigh(const struct solver *s, const double *restrict t, double *restrict u)
{
    const struct linear_design *d = s->design;
    const double C = s->options->C, inverse = 1 / C;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d, t, u, C, inverse)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        const size_t end = linear_chunk_begin(d, chunk + 1) * d->lanes;
        for (size_t i = linear_chunk_begin(d, chunk) * d->lanes; i < end; i++) {
            const double probability = fabs(s->r[i]) * inverse;
            u[i] = C * probability * (1 - probability) * t[i];
        }
    }
}

/*
 * Newton's equations by conjugate gradients, the lanes side by side, for the lanes whose factor is
 * that of a sample of rows: the factor preconditions. s starts as the preconditioned gradient.
 */
static void conjugate_gradients(const struct solver *s, long iteration)
{
    const struct linear_design *d = s->design;
    const size_t n_w = d->stride * d->lanes, n_z = d->n_rows * d->lanes;
    double *residual = s->cg, *p = s->cg + n_w, *q = s->cg + 2 * n_w, *y = s->cg + 3 * n_w;
    bool any = false;
    for (size_t k = 0; k < d->n_problems; k++)
        any |= s->lanes[k].iterative && !s->lanes[k].done;
    const long n_rounds = getenv("LEV") ? atol(getenv("LEV")) : 1;
    for (long round = 0; any && round < n_rounds; round++)
        estimate_leverage(s, NULL, iteration * 10 + round);
    any = false;
    memset(s->cg, 0, 4 * n_w * sizeof *s->cg);
    for (size_t k = 0; k < d->n_problems; k++) {
        struct lane *lane = &s->lanes[k];
        lane->searching = lane->iterative && !lane->done;
        any |= lane->searching;
        if (!lane->searching)
            continue;
        for (size_t j = 0; j < d->n_columns; j++) {
            residual[j * d->lanes + k] = -s->g[j * d->lanes + k];
            p[j * d->lanes + k] = s->s[j * d->lanes + k];
            s->s[j * d->lanes + k] = 0;
        }
        lane->rho = dot(s, residual, p, k);
    }
    linear_times(d, s->s, s->t); /* of the lanes that are solved already */
    int n = 0;
    for (int round = 0; any && round < CG_ROUNDS_MAX; round++) {
        n++;
        linear_times(d, p, s->v);
        weigh(s, s->v, s->u);
        linear_transpose_times(d, s->u, q);
        any = false;
        for (size_t k = 0; k < d->lanes; k++) {
            struct lane *lane = &s->lanes[k];
            s->step[k] = 0;
            if (k >= d->n_problems || !lane->searching)
                continue;
            for (size_t j = 0; j < d->n_columns; j++)
                q[j * d->lanes + k] += p[j * d->lanes + k];
            const double alpha = lane->rho / dot(s, p, q, k);
            s->step[k] = alpha;
            for (size_t j = 0; j < d->n_columns; j++) {
                s->s[j * d->lanes + k] += alpha * p[j * d->lanes + k];
                residual[j * d->lanes + k] -= alpha * q[j * d->lanes + k];
            }
            if (dot(s, residual, residual, k) <= square(CG_ACCURACY) * lane->gradient_squared) {
                lane->searching = false;
                for (size_t j = 0; j < d->n_columns; j++)
                    p[j * d->lanes + k] = 0;
                continue;
            }
            any = true;
            solve_lane(s, k, s->grams[k].sum, 1, residual, y, s->scratch[0].column);
            const double rho = dot(s, residual, y, k);
            const double beta = rho / lane->rho;
            lane->rho = rho;
            for (size_t j = 0; j < d->n_columns; j++)
                p[j * d->lanes + k] = y[j * d->lanes + k] + beta * p[j * d->lanes + k];
        }
        for (size_t i = 0; i < n_z; i += d->lanes)
            for (size_t k = 0; k < d->lanes; k++)
                s->t[i + k] += s->step[k] * s->v[i + k];
    }
    if (getenv("LIN"))
        fprintf(stderr, "cg %d\n", n);
}

struct search {
    double low, high; /* bracket of the minimum; high is infinite at first */
    double ws, ss, slope; /* w.s, s.s, the derivative at 0 */
    bool done;
};

static void search_lane(struct search *q, double *step, double slope, double curvature_,
                        double accuracy)
{
    if (fabs(slope) <= accuracy * fabs(q->slope)) {
        q->done = true;
        return;
    }
    if (slope > 0)
        q->high = *step;
    else
        q->low = *step;
    const double newton = *step - slope / curvature_;
    if (newton > q->low && newton < q->high)
        *step = newton;
    else if (isinf(q->high))
        *step = 2 * q->low;
    else
        *step = 0.5 * (q->low + q->high);
}

/* The minimum along s of every problem, from a full step on. */
static void line_search(const struct solver *s, struct search *searches)
{
    const struct linear_design *d = s->design;
    bool all = true;
    for (size_t k = 0; k < d->lanes; k++) {
        struct search *q = &searches[k];
        *q = (struct search){.low = 0, .high = HUGE_VAL, .done = true};
        s->step[k] = 0;
        if (k >= d->n_problems || s->lanes[k].done)
            continue;
        q->ws = dot(s, s->w, s->s, k);
        q->ss = dot(s, s->s, s->s, k);
        q->slope = dot(s, s->g, s->s, k);
        q->done = !(q->slope < 0);
        s->step[k] = q->done ? 0 : 1;
        all &= q->done;
    }
    for (int round = 0; !all && round < LINE_SEARCH_MAX; round++) {
        along(s);
        all = true;
        for (size_t k = 0; k < d->n_problems; k++) {
            struct search *q = &searches[k];
            if (q->done)
                continue;
            const double slope = s->total[SLOPE * d->lanes + k] + q->ws + s->step[k] * q->ss;
            search_lane(q, &s->step[k], slope, s->total[CURVATURE * d->lanes + k] + q->ss, 0.05);
            all &= q->done;
        }
    }
}

static void move(const struct solver *s)
{
    const struct linear_design *d = s->design;
    for (size_t j = 0; j < d->stride; j++)
        for (size_t k = 0; k < d->lanes; k++)
            s->w[j * d->lanes + k] += s->step[k] * s->s[j * d->lanes + k];
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 0; k < d->lanes; k++)
            s->z[i * d->lanes + k] += s->step[k] * s->t[i * d->lanes + k];
}

static void next_centre(const struct solver *s, size_t k)
{
    const struct linear_design *d = s->design;
    for (size_t i = 0; i < d->n_rows; i++)
        s->alpha[i * d->lanes + k] = fabs(s->r[i * d->lanes + k]);
    static double f;
    f = getenv("RHO") ? atof(getenv("RHO")) : 0.3;
    s->mu[k] *= f;
}

static void solve(const struct solver *s, struct linear_binary_result *result,
                  struct search *searches)
{
    const struct linear_design *d = s->design;
    const struct linear_binary_options *o = s->options;
    for (long iteration = 0;; iteration++) {
        evaluate(s);
        bool moved = false;
        bool all = true;
        double worst = 0;
        if (getenv("LIN"))
            fprintf(stderr, "it %ld: ", iteration);
        for (size_t k = 0; k < d->n_problems; k++) {
            struct lane *lane = &s->lanes[k];
            const double gap = lane->primal - lane->dual;
            worst = fmax(worst, gap / lane->primal);
            if (lane->gradient_squared > 0.04 * lane->last_gradient_squared)
                lane->cutoff *= 0.1;
            lane->last_gradient_squared = lane->gradient_squared;
            if (iteration == 0)
                lane->first_gradient_squared = lane->gradient_squared;
            lane->done = o->loss == LINEAR_LOGISTIC
                             ? lane->gradient_squared <= square(o->tol * lane->rarity) * lane->first_gradient_squared && gap <= o->tol * lane->primal
                             : gap <= o->tol * lane->primal;
            all &= lane->done;
            if (getenv("LIN"))
                fprintf(stderr, " %.4g/%.1e/%.1e", lane->primal, gap / lane->primal,
                        lane->gradient_squared / 2 / lane->primal);
            if (!lane->done && o->loss == LINEAR_PROXIMAL_HINGE &&
                0.5 * lane->gradient_squared <= 0.1 * gap) {
                next_centre(s, k);
                moved = true;
                if (getenv("LIN"))
                    fprintf(stderr, "*");
            }
        }
        if (getenv("LIN"))
            fprintf(stderr, "\n");
        result->n_iter = iteration;
        result->converged = all;
        result->dual_gap = worst;
        if (all || iteration == o->max_iter)
            break;
        if (moved)
            evaluate(s);
        if (iteration == 0)
            first_directions(s);
        else
            directions(s);
        if (iteration > 0 && o->loss == LINEAR_LOGISTIC)
            conjugate_gradients(s, iteration);
        else
            linear_times(d, s->s, s->t);
        line_search(s, searches);
        move(s);
    }
    result->objective = 0;
    for (size_t k = 0; k < d->n_problems; k++)
        result->objective += s->lanes[k].primal;
}

enum status linear_binary_solve(const struct linear_design *design,
                                const struct linear_binary_options *options, double *restrict w,
                                struct linear_binary_result *result, struct error *error)
{
    struct solver s = {.design = design, .options = options, .w = w};
    const size_t n_w = design->stride * design->lanes, n_z = design->n_rows * design->lanes;
    struct search *searches = NULL;
    struct memory_request requests[] = {
        {(void **)&s.s, n_w, sizeof *s.s},
        {(void **)&s.g, n_w, sizeof *s.g},
        {(void **)&s.z, n_z, sizeof *s.z},
        {(void **)&s.t, n_z, sizeof *s.t},
        {(void **)&s.r, n_z, sizeof *s.r},
        {(void **)&s.alpha, n_z, sizeof *s.alpha},
        {(void **)&s.cg, 4 * n_w, sizeof *s.cg},
        {(void **)&s.u, n_z, sizeof *s.u},
        {(void **)&s.v, n_z, sizeof *s.v},
        {(void **)&s.leverage, n_z, sizeof *s.leverage},
        {(void **)&s.sums, N_SUMS * LINEAR_CHUNKS * design->lanes, sizeof *s.sums},
        {(void **)&s.total, N_SUMS * design->lanes, sizeof *s.total},
        {(void **)&s.step, design->lanes, sizeof *s.step},
        {(void **)&s.mu, design->lanes, sizeof *s.mu},
        {(void **)&s.lanes, design->lanes, sizeof *s.lanes},
        {(void **)&searches, design->lanes, sizeof *searches},
    };
    enum status status = memory_arrays(requests, sizeof requests / sizeof requests[0], "fit", error);
    if (status)
        return status;
    memset(w, 0, n_w * sizeof *w);
    memset(s.z, 0, n_z * sizeof *s.z);
    memset(s.alpha, 0, n_z * sizeof *s.alpha);
    for (size_t k = 0; k < design->lanes; k++) {
        s.mu[k] = 1 / options->C;
        size_t n_positive = 0;
        for (size_t i = 0; i < design->n_rows; i++)
            n_positive += design->row_class[i] == design->lane_class[k];
        const double positive = (double)n_positive / (double)design->n_rows;
        s.lanes[k] = (struct lane){.dual = -HUGE_VAL, .rarity = fmax(fmin(positive, 1 - positive), 1 / (double)design->n_rows), .cutoff = 1e-2, .last_gradient_squared = HUGE_VAL};
    }
    s.hessians = calloc(design->n_threads, sizeof *s.hessians);
    s.scratch = calloc(design->n_threads, sizeof *s.scratch);
    s.grams = calloc(design->lanes, sizeof *s.grams);
    for (int i = 0; i < design->n_threads; i++) {
        status = linear_hessian_create(&s.hessians[i], design, error);
        s.scratch[i].column = memory_array(design->stride, 8);
        s.scratch[i].member = memory_array(design->n_rows, 1);
    }
    for (size_t i = 0; i < design->n_problems; i++)
        linear_gram_create(&s.grams[i], design, error);
    solve(&s, result, searches);
    linear_hessian_destroy(&s.hessians[0]);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        memory_free(*requests[i].array);
    return status;
}
