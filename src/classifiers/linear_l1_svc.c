/*
 * For each lane: min over w of |w|_1 + C sum_i loss(m_i), m_i = y_i w.x_i, y_i = +-1, the loss
 * being the hinge max(0, 1 - m) or its square, by a primal-dual interior-point method on
 *
 *     w = u - v, |w|_1 = sum_j u_j + v_j,        m_i + xi_i - s_i = 1,        u, v, s >= 0,
 *
 * with xi >= 0 and the loss C xi, or xi free and the loss C xi^2. The multipliers are a of the rows
 * and p, q of u, v; with g = X^T (a y) the optimum has
 *
 *     p = 1 - g >= 0,   q = 1 + g >= 0,   u p = 0,   v q = 0,   a s = 0,
 *     hinge: b = C - a >= 0,  b xi = 0;        squared hinge: a = 2 C xi.
 *
 * Newton's method on these equations with a positive target in place of each 0, by Mehrotra's
 * predictor and corrector (SIAM J. Optimization 2, 1992; Nocedal and Wright, Numerical
 * Optimization, 2nd edition, algorithm 14.3), and Gondzio's corrections of centrality
 * (Computational Optimization and Applications 6, 1996). With all but w eliminated a step solves
 *
 *     (E + X^T D X) dw = E h + X^T (y D rho),
 *     1/D = s/a + xi/b  or  s/a + 1/(2 C),        1/E = u/p + v/q,
 *     da = D (rho - y X dw),                      dg = E (dw - h),
 *
 * which linear_system.c does. What it leaves of these equations becomes an error of p = 1 - g and
 * q = 1 + g, which the next step sees. It starts from w = 0, where the equations hold but for
 * these.
 *
 * Bounds: a, divided by the largest |g_j|, is feasible for the dual
 *     max sum_i a_i   (squared hinge: - a_i^2 / (4 C)),   0 <= a (hinge: <= C),   |g_j| <= 1,
 * at every iterate, which makes the duality gap rigorous. The rule to stop is a relative gap of
 * tol. Then weights whose u and v are next to 0 become 0, if the gap allows it.
 */
#include "classifiers/linear_l1_svc.h"

#include "classifiers/linear_l1_svc_step.h"

#include <math.h>
#include <string.h>

static const double WEIGHT_FIRST = 300; /* u and v at most: from w = u - v its rounding remains */
/* The first product of a variable and its multiplier, of C; from what takes fewest steps. */
static const double MU_FIRST_HINGE = 3, MU_FIRST_SQUARED = 100;

static double square(double x)
{
    return x * x;
}

static void set_primal(struct l1_svc_lane *lane, double primal)
{
    lane->primal = primal;
    lane->gap = (primal - lane->dual) / primal;
}

/* The a with a s = mu, xi - s = 1 and, hinge: (C - a) xi = mu, squared hinge: a = 2 C xi. */
static double first_multiplier(const struct l1_svc *s, double mu)
{
    const double C = s->C;
    if (s->is_squared)
        return C * (1 + sqrt(1 + 2 * mu / C));
    /* mu (2 a - C) = a (C - a) */
    const double half = mu - 0.5 * C;
    return mu * C / (half + sqrt(square(half) + mu * C));
}

/* D, r = a y, and the sums of the rows. */
static void evaluate_rows(struct l1_svc *s, size_t chunk, double *totals)
{
    const struct linear_design *d = s->design;
    const size_t lanes = d->lanes;
    const double C = s->C;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = i * lanes + k;
            const double y = l1_svc_label(s, i, k), short_of = fmax(0, 1 - y * s->z[at]);
            const double a = s->a[at], slack = s->s[at], b = C - a;
            s->r[at] = y * a;
            s->system.d[at] = 1 / (slack / a + (s->is_squared ? 0.5 / C : s->xi[at] / b));
            totals[L1_SVC_LOSS * lanes + k] += C * (s->is_squared ? square(short_of) : short_of);
            totals[L1_SVC_DUAL * lanes + k] += a;
            totals[L1_SVC_SQUARES * lanes + k] += square(a) / (4 * C);
            totals[L1_SVC_PRODUCTS * lanes + k] += a * slack + (s->is_squared ? 0 : b * s->xi[at]);
        }
}

static void start(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    const double mu = (s->is_squared ? MU_FIRST_SQUARED : MU_FIRST_HINGE) * s->C;
    const double a = first_multiplier(s, mu);
    const size_t n_w = d->stride * d->lanes, n_z = d->n_rows * d->lanes;
    memset(s->w, 0, n_w * sizeof *s->w);
    memset(s->r, 0, n_z * sizeof *s->r);
    for (size_t i = 0; i < n_z; i++) {
        s->a[i] = a;
        s->s[i] = mu / a;
        s->xi[i] = s->is_squared ? 0 : mu / (s->C - a);
    }
    for (size_t j = 0; j < n_w; j++) {
        s->u[j] = s->v[j] = fmin(mu, WEIGHT_FIRST);
        s->p[j] = s->q[j] = mu / s->u[j];
    }
    for (size_t k = 0; k < d->n_problems; k++) {
        s->lanes[k] = (struct l1_svc_lane){.dual = -HUGE_VAL};
        s->active[k] = true;
    }
}

/* The dual objective at the best feasible multiple of a. */
static double dual_of(const struct l1_svc *s, size_t k, double largest_g)
{
    const double sum = l1_svc_total(s, L1_SVC_DUAL, k),
                 squares = l1_svc_total(s, L1_SVC_SQUARES, k);
    if (!s->is_squared)
        return sum / fmax(1, largest_g);
    const double scale = fmin(1 / largest_g, 0.5 * sum / squares);
    return scale * sum - square(scale) * squares;
}

static void evaluate_lane(struct l1_svc *s, size_t k)
{
    const struct linear_design *d = s->design;
    struct l1_svc_lane *lane = &s->lanes[k];
    double norm = 0, largest_g = 0, products = l1_svc_total(s, L1_SVC_PRODUCTS, k);
    for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes) {
        norm += fabs(s->w[j]);
        largest_g = fmax(largest_g, fabs(s->g[j]));
        products += s->u[j] * s->p[j] + s->v[j] * s->q[j];
        s->system.e[j] = 1 / (s->u[j] / s->p[j] + s->v[j] / s->q[j]);
    }
    lane->dual = fmax(lane->dual, dual_of(s, k, largest_g));
    set_primal(lane, norm + l1_svc_total(s, L1_SVC_LOSS, k));
    lane->mu = products / l1_svc_products(s);
    s->active[k] = s->active[k] && lane->gap > s->tol;
}

static void evaluate(struct l1_svc *s)
{
    linear_times(s->design, s->w, s->z);
    l1_svc_for_chunks(s, evaluate_rows);
    linear_transpose_times(s->design, s->r, s->g);
    for (size_t k = 0; k < s->design->n_problems; k++)
        evaluate_lane(s, k);
}

static bool any_active(const struct l1_svc *s)
{
    bool any = false;
    for (size_t k = 0; k < s->design->n_problems; k++)
        any |= s->active[k];
    return any;
}

static void iterate(struct l1_svc *s, long max_iter, struct linear_binary_result *result)
{
    start(s);
    for (long n_iter = 0;; n_iter++) {
        evaluate(s);
        result->n_iter = n_iter;
        if (!any_active(s) || n_iter == max_iter)
            return;
        l1_svc_step(s);
    }
}

/* dw = w with 0 for the weights whose u and v are next to 0, beside their mean. */
static void round_off(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    memset(s->now.dw, 0, d->stride * d->lanes * sizeof *s->now.dw);
    for (size_t k = 0; k < d->n_problems; k++) {
        double mean = 0;
        for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes)
            mean += (s->u[j] + s->v[j]) / (double)d->n_columns;
        for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes)
            if (fmax(s->u[j] / s->p[j], s->v[j] / s->q[j]) > mean)
                s->now.dw[j] = s->w[j];
    }
}

/* Takes the rounded weights of the lanes where they lose nothing, or where the gap stays within
   tol. */
static void finish(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    round_off(s);
    linear_times(d, s->now.dw, s->z);
    l1_svc_for_chunks(s, evaluate_rows);
    for (size_t k = 0; k < d->n_problems; k++) {
        struct l1_svc_lane rounded = s->lanes[k];
        double norm = 0;
        for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes)
            norm += fabs(s->now.dw[j]);
        set_primal(&rounded, norm + l1_svc_total(s, L1_SVC_LOSS, k));
        if (rounded.primal > s->lanes[k].primal && rounded.gap > s->tol)
            continue;
        s->lanes[k] = rounded;
        for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes)
            s->w[j] = s->now.dw[j];
    }
}

static void report(const struct l1_svc *s, struct linear_binary_result *result)
{
    result->converged = true;
    for (size_t k = 0; k < s->design->n_problems; k++) {
        const struct l1_svc_lane *lane = &s->lanes[k];
        result->objective += lane->primal;
        result->dual_gap = fmax(result->dual_gap, lane->gap);
        result->converged &= lane->gap <= s->tol;
    }
}

enum status linear_l1_svc_solve(const struct linear_design *design,
                                const struct linear_binary_options *options, double *restrict w,
                                struct linear_binary_result *result, struct error *error)
{
    struct l1_svc s = {.C = options->C,
                       .tol = options->tol,
                       .is_squared = options->loss == LINEAR_SQUARED_HINGE,
                       .w = w};
    *result = (struct linear_binary_result){0};
    const enum status status = l1_svc_create(&s, design, error);
    if (!status) {
        iterate(&s, options->max_iter, result);
        finish(&s);
        report(&s, result);
    }
    l1_svc_destroy(&s);
    return status;
}
