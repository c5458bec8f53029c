/*
 * The primal method for the machine of Crammer and Singer: the maximum over classes is smoothed
 * around a point q_i of the simplex of each row,
 *     f_i(w) = mu log sum_k q_ik exp((1[k != y_i] + (w_k - w_{y_i}).x_i) / mu)
 *            = max over p in the simplex of sum_k p_k (1[k != y_i] + ...) - mu KL(p, q_i),
 * and minimised by Newton's method. Then q_i becomes the maximiser p_i: the exponential method of
 * multipliers (Bertsekas, Constrained Optimization and Lagrange Multiplier Methods, 1982, section
 * 5.1.2), whose limit is the exact optimum for any mu; mu falls on the way, because that is faster.
 * The point C (p_ik - 1[k = y_i]) is feasible for the dual, which makes the duality gap rigorous at
 * every iterate. Newton's equations, joint over classes, are solved by conjugate gradients on the
 * rows whose softmax is not settled, preconditioned by one Cholesky factor a class from rows
 * sampled by curvature and leverage.
 */
#include "classifiers/crammer_singer.h"

#include "base/memory.h"
#include "classifiers/linear_lanes.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* STEPS_MAX bounds the time: a fit that needs more reports the gap it has. */
enum {
    STEPS_MAX = 200,
    CG_ROUNDS_MAX = 100,
    CG_ROUNDS_FAR = 5,
    LINE_SEARCH_MAX = 30,
    SAMPLE_ROWS = 3000,
    N_TOTALS = 3
};

static const double CG_ACCURACY = 0.03; /* residual, of the gradient */
static const double FAR_GAP = 0.1;
static const double LINE_SEARCH_ACCURACY = 0.1; /* slope, of that at the start */
static const double SMOOTH_ACCURACY = 0.3;      /* 1/2 |gradient|^2, of the gap */
static const double SMOOTH_FIRST = 0.3;         /* mu at first */
static const double SMOOTH_RAISED = 0.1;        /* mu after C was raised */
static const double RAISE_GAP = 0.05;           /* relative, at which C is raised */
static const double SMOOTH_FACTOR = 0.5;        /* of mu, from one problem to the next */
static const double CUTOFF = 1e-3;              /* curvature that counts for the factors */
static const double SETTLED = 1e-9;             /* p (1 - p) below which a row has no curvature */
static const double LOG_Q_MIN = -14;            /* no class is ruled out for good */
static const double START_Q_MIN = 0.1;          /* of q from another method's dual point */

struct solver {
    struct linear_lanes x;
    double mu;
    double *log_q;              /* n_rows x lanes, owned */
    double *totals;             /* LINEAR_CHUNKS x N_TOTALS, owned */
    double *factors;            /* n_problems x stride x stride, owned */
    struct linear_design rows;  /* the unsettled rows, a subset */
    double *p;                  /* rows.n_rows x lanes: their softmax, owned */
    double value, primal, dual; /* smoothed and true primal at w; the best dual */
    double gradient_squared;
    int cg_rounds_max;
    double rho; /* conjugate gradients */
};

/* The p of row i at z + step t; returns the smoothed loss / C, and the true one in *hinge. */
static double softmax(const struct solver *s, size_t i, double step, double *restrict p,
                      double *hinge)
{
    const struct linear_design *d = s->x.design;
    const size_t n = d->n_problems, y = (size_t)d->row_class[i];
    const double *z = s->x.z + i * d->lanes, *t = s->x.t + i * d->lanes;
    const double *log_q = s->log_q + i * d->lanes;
    double worst = -HUGE_VAL, largest = -HUGE_VAL, sum = 0;
    for (size_t k = 0; k < n; k++) {
        p[k] = z[k] + (step != 0 ? step * t[k] : 0) + (k != y);
        worst = fmax(worst, p[k]);
    }
    const double own = p[y];
    for (size_t k = 0; k < n; k++) {
        p[k] += s->mu * log_q[k];
        largest = fmax(largest, p[k]);
    }
    for (size_t k = 0; k < n; k++) {
        p[k] = exp((p[k] - largest) / s->mu);
        sum += p[k];
    }
    for (size_t k = 0; k < n; k++)
        p[k] /= sum;
    *hinge = worst - own;
    return largest - own + s->mu * log(sum);
}

static double log_q_of(double q)
{
    return fmax(log(q), LOG_Q_MIN);
}

/* q = p, the step of the multipliers. */
static void recentre(const struct solver *s)
{
    const struct linear_design *d = s->x.design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d)
    for (size_t i = 0; i < d->n_rows; i++) {
        double p[LINEAR_PROBLEMS_MAX], hinge;
        softmax(s, i, 0, p, &hinge);
        for (size_t k = 0; k < d->n_problems; k++)
            s->log_q[i * d->lanes + k] = log_q_of(p[k]);
    }
}

static void add_totals(const struct solver *s, double *totals)
{
    memset(totals, 0, N_TOTALS * sizeof *totals);
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        for (size_t i = 0; i < N_TOTALS; i++)
            totals[i] += s->totals[chunk * N_TOTALS + i];
}

/* r at z; totals: smoothed loss, true loss, sum of C (1 - p_y). */
static void residuals(const struct solver *s, double *totals)
{
    const struct linear_design *d = s->x.design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        double *sums = s->totals + chunk * N_TOTALS, p[LINEAR_PROBLEMS_MAX];
        memset(sums, 0, N_TOTALS * sizeof *sums);
        for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
            const size_t y = (size_t)d->row_class[i];
            double hinge;
            sums[0] += s->x.C * softmax(s, i, 0, p, &hinge);
            sums[1] += s->x.C * hinge;
            sums[2] += s->x.C * (1 - p[y]);
            for (size_t k = 0; k < d->lanes; k++)
                s->x.r[i * d->lanes + k] =
                    k < d->n_problems ? s->x.C * (p[k] - (k == y ? 1 : 0)) : 0;
        }
    }
    add_totals(s, totals);
}

/* totals at z + step t: smoothed loss, its first and second derivative by the step. */
static void along(const struct solver *s, double step, double *totals)
{
    const struct linear_design *d = s->x.design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d, step)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        double *sums = s->totals + chunk * N_TOTALS, p[LINEAR_PROBLEMS_MAX];
        memset(sums, 0, N_TOTALS * sizeof *sums);
        for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
            const double *t = s->x.t + i * d->lanes;
            const size_t y = (size_t)d->row_class[i];
            double hinge, mean = 0, square = 0;
            sums[0] += s->x.C * softmax(s, i, step, p, &hinge);
            for (size_t k = 0; k < d->n_problems; k++) {
                mean += p[k] * t[k];
                square += p[k] * t[k] * t[k];
            }
            sums[1] += s->x.C * (mean - t[y]);
            sums[2] += s->x.C / s->mu * (square - mean * mean);
        }
    }
    add_totals(s, totals);
}

/* a . b of stride x lanes arrays. */
static double dot(const struct solver *s, const double *a, const double *b)
{
    double sum = 0;
    for (size_t k = 0; k < s->x.design->n_problems; k++)
        sum += linear_lanes_dot(&s->x, a, b, k);
    return sum;
}

static void evaluate(struct solver *s)
{
    const struct linear_design *d = s->x.design;
    double totals[N_TOTALS];
    residuals(s, totals);
    linear_transpose_times(d, s->x.r, s->x.g);
    const double penalty = 0.5 * dot(s, s->x.w, s->x.w);
    s->value = penalty + totals[0];
    s->primal = penalty + totals[1];
    s->dual = fmax(s->dual, totals[2] - 0.5 * dot(s, s->x.g, s->x.g));
    for (size_t j = 0; j < d->stride * d->lanes; j++)
        s->x.g[j] += s->x.w[j];
    s->gradient_squared = dot(s, s->x.g, s->x.g);
}

static void factor_class(const struct solver *s, size_t k, struct linear_scratch *scratch)
{
    const struct linear_design *d = s->x.design;
    struct linear_hessian *h = &scratch->hessian;
    linear_lanes_list_logistic(&s->x, k, CUTOFF, h);
    for (size_t i = 0; i < h->n_active; i++)
        h->weights[i] /= s->mu;
    linear_lanes_sample(&s->x, k, SAMPLE_ROWS, h);
    linear_hessian_build(h, d, 1, 1);
    linear_hessian_factor(h);
    memcpy(s->factors + k * d->stride * d->stride, h->matrix,
           d->stride * d->stride * sizeof *h->matrix);
}

static void factor_classes(const struct solver *s, long iteration)
{
    const struct linear_design *d = s->x.design;
    if (iteration == 0) {
        struct linear_hessian *h = &s->x.scratch[0].hessian;
        linear_lanes_list_all(&s->x, s->x.C / (s->mu * (double)d->n_problems), h);
        linear_hessian_build(h, d, 1, 1);
        linear_hessian_factor(h);
        linear_lanes_shared_leverage(&s->x, h->matrix);
    }
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d) schedule(dynamic)
    for (size_t k = 0; k < d->n_problems; k++)
        factor_class(s, k, &s->x.scratch[omp_get_thread_num()]);
    const double *factors[LINEAR_PROBLEMS_MAX];
    for (size_t k = 0; k < d->n_problems; k++)
        factors[k] = s->factors + k * d->stride * d->stride;
    linear_lanes_update_leverage(&s->x, factors, iteration);
}

/* The rows whose softmax is not settled, and their p. */
static void gather_rows(struct solver *s)
{
    const struct linear_design *d = s->x.design;
    s->rows.n_rows = 0;
    for (size_t i = 0; i < d->n_rows; i++) {
        const double *r = s->x.r + i * d->lanes;
        const size_t y = (size_t)d->row_class[i];
        const double missing = -r[y] / s->x.C; /* 1 - p_y */
        double largest = 1 - missing;
        for (size_t k = 0; k < d->n_problems; k++)
            largest = fmax(largest, k == y ? 0 : r[k] / s->x.C);
        if (1 - largest < SETTLED)
            continue;
        for (size_t k = 0; k < d->lanes; k++)
            s->p[s->rows.n_rows * d->lanes + k] = r[k] / s->x.C + (k == y ? 1 : 0);
        linear_design_choose(&s->rows, d, i);
    }
}

/* v = D v, where D has the curvature of the softmax. */
static void weigh(const void *context, size_t first, size_t n_rows, float *restrict v)
{
    const struct solver *s = context;
    const size_t lanes = s->x.design->lanes;
    const double scale = s->x.C / s->mu;
    for (size_t i = 0; i < n_rows; i++, v += lanes) {
        const double *restrict soft = s->p + (first + i) * lanes;
        double mean = 0;
        for (size_t k = 0; k < lanes; k++)
            mean += soft[k] * (double)v[k];
        for (size_t k = 0; k < lanes; k++)
            v[k] = (float)(scale * soft[k] * ((double)v[k] - mean));
    }
}

/* q = (I + Hessian of the losses) p, stride x lanes. */
static void times_hessian(const struct solver *s, const double *p, double *q)
{
    linear_curved_times(&s->rows, p, weigh, s, q);
    for (size_t j = 0; j < s->rows.stride * s->rows.lanes; j++)
        q[j] += p[j];
}

/* out = P M^-1 in: the factors, and the projection on weights that sum to 0 over the classes, where
   gradients and iterates are. */
static void precondition(const struct solver *s, const double *in, double *out)
{
    const struct linear_design *d = s->x.design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d, in, out)
    for (size_t k = 0; k < d->n_problems; k++)
        linear_lanes_solve(&s->x, k, s->factors + k * d->stride * d->stride, 1, in, out,
                           s->x.scratch[omp_get_thread_num()].column);
    linear_subtract_means(d, out);
}

static void conjugate_gradients(struct solver *s)
{
    const struct linear_design *d = s->x.design;
    const size_t n = d->stride * d->lanes;
    double *residual = s->x.work, *p = residual + n, *q = p + n, *y = q + n;
    memset(s->x.work, 0, 4 * n * sizeof *residual);
    memset(s->x.s, 0, n * sizeof *s->x.s);
    for (size_t j = 0; j < n; j++)
        residual[j] = -s->x.g[j];
    precondition(s, residual, y);
    memcpy(p, y, n * sizeof *p);
    double rho = dot(s, residual, y);
    for (int round = 0; round < s->cg_rounds_max && rho > 0; round++) {
        times_hessian(s, p, q);
        const double alpha = rho / dot(s, p, q);
        for (size_t j = 0; j < n; j++) {
            s->x.s[j] += alpha * p[j];
            residual[j] -= alpha * q[j];
        }
        if (dot(s, residual, residual) <= CG_ACCURACY * CG_ACCURACY * s->gradient_squared)
            break;
        precondition(s, residual, y);
        const double fresh = dot(s, residual, y);
        for (size_t j = 0; j < n; j++)
            p[j] = y[j] + fresh / rho * p[j];
        rho = fresh;
    }
}

/* The step to the minimum along s, by Newton's method within a bracket. */
static double line_search(const struct solver *s)
{
    const double ws = dot(s, s->x.w, s->x.s), ss = dot(s, s->x.s, s->x.s);
    const double start = dot(s, s->x.g, s->x.s);
    double low = 0, high = HUGE_VAL, step = 1;
    for (int round = 0; round < LINE_SEARCH_MAX; round++) {
        double totals[N_TOTALS];
        along(s, step, totals);
        const double slope = totals[1] + ws + step * ss;
        if (fabs(slope) <= LINE_SEARCH_ACCURACY * fabs(start))
            break;
        if (slope > 0)
            high = step;
        else
            low = step;
        const double newton = step - slope / (totals[2] + ss);
        if (newton > low && newton < high)
            step = newton;
        else
            step = isinf(high) ? 2 * low : 0.5 * (low + high);
    }
    return step;
}

/* A larger C: the dual point stays as it is, so that what was learned of q shrinks with 1 / C. */
static void raise_C(struct solver *s, double C)
{
    const struct linear_design *d = s->x.design;
    const double ratio = s->x.C / C;
    for (size_t i = 0; i < d->n_rows; i++) {
        const size_t y = (size_t)d->row_class[i];
        double p[LINEAR_PROBLEMS_MAX], hinge;
        softmax(s, i, 0, p, &hinge);
        for (size_t k = 0; k < d->n_problems; k++) {
            const double q = ratio * p[k] + (k == y ? 1 - ratio : 0);
            s->log_q[i * d->lanes + k] = log_q_of(q);
        }
    }
    s->x.C = C;
    s->mu = SMOOTH_RAISED;
    s->dual = -HUGE_VAL;
}

static void newton_step(struct solver *s, long iteration)
{
    const struct linear_design *d = s->x.design;
    factor_classes(s, iteration);
    gather_rows(s);
    conjugate_gradients(s);
    linear_times(d, s->x.s, s->x.t);
    const double step = line_search(s);
    for (size_t k = 0; k < d->lanes; k++)
        s->x.step[k] = step;
    linear_lanes_move(&s->x);
}

static void report(struct solver *s, struct crammer_singer_result *result)
{
    evaluate(s);
    result->objective = s->primal;
    result->dual_gap = s->primal > 0 ? (s->primal - s->dual) / s->primal : 0;
}

static void iterate(struct solver *s, const struct crammer_singer_options *o,
                    struct crammer_singer_result *result)
{
    bool is_first = true;
    for (long iteration = 0;; iteration++) {
        const bool is_last = iteration == o->max_iter || iteration == STEPS_MAX;
        result->n_iter = iteration;
        report(s, result);
        if (s->x.C < o->C && (is_last || result->dual_gap <= RAISE_GAP)) {
            raise_C(s, is_last ? o->C : fmin(o->C, CRAMMER_SINGER_C_FACTOR * s->x.C));
            is_first = false;
            report(s, result);
        }
        result->converged = s->x.C >= o->C && result->dual_gap <= o->tol;
        if (result->converged || is_last)
            return;
        if (0.5 * s->gradient_squared <= SMOOTH_ACCURACY * (s->primal - s->dual)) {
            recentre(s);
            s->mu *= SMOOTH_FACTOR;
            evaluate(s);
        }
        const bool is_far = is_first && result->dual_gap > FAR_GAP;
        s->cg_rounds_max = is_far ? CG_ROUNDS_FAR : CG_ROUNDS_MAX;
        newton_step(s, iteration);
    }
}

static void start(struct solver *s, const struct crammer_singer_start *from)
{
    const struct linear_design *d = s->x.design;
    memcpy(s->x.w, from->w, d->stride * d->lanes * sizeof *s->x.w);
    linear_times(d, s->x.w, s->x.z);
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const double own = k == (size_t)d->row_class[i];
            const double p = own - from->alpha[i * d->n_problems + k] / s->x.C;
            s->log_q[i * d->lanes + k] = log(fmax(p, START_Q_MIN));
        }
}

enum status crammer_singer_newton(const struct linear_design *design,
                                  const struct crammer_singer_options *options,
                                  const struct crammer_singer_start *from, double *restrict w,
                                  struct crammer_singer_result *result, struct error *error)
{
    struct solver s = {.mu = SMOOTH_FIRST, .dual = -HUGE_VAL};
    *result = (struct crammer_singer_result){.solver = "Newton on the smoothed primal"};
    const double C = from ? from->C : options->C;
    enum status status = linear_lanes_create(&s.x, design, LINEAR_LOGISTIC, C, w, error);
    if (status)
        return status;
    const size_t n_matrix = design->stride * design->stride;
    const struct memory_request requests[] = {
        {(void **)&s.log_q, design->n_rows * design->lanes, sizeof *s.log_q},
        {(void **)&s.totals, LINEAR_CHUNKS * N_TOTALS, sizeof *s.totals},
        {(void **)&s.factors, design->n_problems * n_matrix, sizeof *s.factors},
        {(void **)&s.p, design->n_rows * design->lanes, sizeof *s.p},
    };
    const size_t n_requests = sizeof requests / sizeof requests[0];
    status = memory_arrays(requests, n_requests, "Crammer and Singer's machine", error);
    if (!status)
        status = linear_design_create_subset(&s.rows, design, error);
    if (!status) {
        memset(s.log_q, 0, design->n_rows * design->lanes * sizeof *s.log_q);
        if (from)
            start(&s, from);
        iterate(&s, options, result);
    }
    linear_design_destroy_subset(&s.rows);
    for (size_t i = 0; i < n_requests; i++)
        memory_free(*requests[i].array);
    linear_lanes_destroy(&s.x);
    return status;
}
