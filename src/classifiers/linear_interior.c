/*
 * In terms of slacks s and of t, one number a row,
 *
 *     min penalty(W) + C sum_i (t_i - w_{y_i}.x_i),
 *     s_ik = t_i + e log p_ik - m_ik - w_k.x_i >= 0,
 *
 * whose multipliers C p_ik >= 0 have the sum C over the classes, and at whose optimum
 * dpenalty / dw_k = C sum_i (1[k = y_i] - p_ik) x_i and p_ik s_ik = 0. Newton's method on these
 * equations with sigma mu for 0, by Mehrotra's predictor and corrector (SIAM J. Optimization 2,
 * 1992; Nocedal and Wright, Numerical Optimization, 2nd edition, algorithm 16.4). All but the
 * weights eliminated, with d_ik = C p_ik / (s_ik + e) a step solves
 *
 *     (E + sum_i (D_i - d_i d_i^T / sum d_i) (x) x_i x_i^T) dw = right-hand side,
 *
 * E and the l1 penalty's own variables as in linear_interior_penalty.c, by conjugate gradients,
 * preconditioned by linear_joint.c, with products in float32 as long as that has a factor in
 * float32, and then the residual in double where it matters. As a factor costs more than to solve
 * with it, Gondzio's centrality corrections lengthen the step (Computational Optimization and
 * Applications 6, 1996).
 *
 * The slacks of the softmax are all 0 at its optimum: they are what it takes to follow p and w as
 * variables of their own, as methods for problems of largest entropy do (Saunders and Tomlin,
 * "Solving regularized linear programs using barrier methods and KKT systems", SOL 96-4, 1996).
 * Newton's method in w alone takes steps that are many times shorter: rows that it carries across a
 * boundary have next to no curvature on either side.
 *
 * From w = 0 and the same p in all rows, where all p_ik s_ik are nearly the same: from a better
 * guess of w the steps are shorter. C (1[k = y_i] - p_ik), for the softmax with p brought to the
 * sums over rows that the intercepts ask for, and for l1 scaled until no element of the derivative
 * is larger than 1, is feasible for the dual at every iterate, which makes the duality gap
 * rigorous.
 */
#include "classifiers/linear_interior.h"

#include "base/memory.h"
#include "classifiers/linear_interior_penalty.h"
#include "classifiers/linear_interior_rows.h"
#include "classifiers/linear_joint.h"
#include "classifiers/softmax.h"

#include <math.h>
#include <string.h>

enum {
    CG_ROUNDS_MAX = 100,
    CG_ROUNDS_MAX_FINAL = 300, /* where neither a better matrix nor double is left */
    CORRECTIONS_MAX = 10,
    REFINEMENTS_MAX = 3
};

static const double CG_ACCURACY = 1e-2;   /* of the error, in the norm of the matrix */
static const double RESIDUAL_SHARE = 0.1; /* of a step in the duality gap, beside that of p s */
static const double SIGMA_MAX = 0.1;
static const double AHEAD = 0.3;         /* of the whole step, where products are looked at */
static const double WORTH_IT = 0.01;     /* of the whole step, to try another correction */
static const double TO_BOUNDARY = 0.995; /* share of the longest step */
static const double STEP_MIN = 1e-8;
static const double ROUNDING = 1e-13; /* of the objective: what products can say of the gap */

struct interior {
    const struct linear_interior_options *options;
    const struct linear_design *design; /* borrowed */
    double *w;                          /* stride x lanes, borrowed */
    double *best;                       /* stride x lanes, owned, as is all below: of all w */
    double *dw, *dw_kept, *v, *rhs;     /* v = X^T C (p - 1[k = y]) */
    double *residual, *p_cg, *q_cg, *y; /* conjugate gradients */
    double mu, primal, dual;            /* the mean of products / C; at the best w; at the best p */
    double first_error;                 /* at dw = 0, squared in the norm of the matrix */
    int cg_rounds;                      /* of this step */
    bool is_short;                      /* more of them were wanted */
    bool is_final;                      /* neither a better matrix nor double is left */
    struct linear_interior_rows rows;
    struct linear_interior_penalty penalty;
    struct softmax softmax;
    struct linear_joint joint;
};

static bool is_softmax(const struct interior *s)
{
    return s->options->machine == LINEAR_INTERIOR_MULTINOMIAL_L1;
}

static size_t n_weights(const struct interior *s)
{
    return s->design->stride * s->design->lanes;
}

static double n_products(const struct interior *s)
{
    return (double)s->design->n_rows * (double)s->design->n_problems +
           linear_interior_penalty_count(&s->penalty);
}

/* a . b of stride x lanes arrays. */
static double dot(const struct interior *s, const double *a, const double *b)
{
    double sum = 0;
    for (size_t j = 0; j < n_weights(s); j++)
        sum += a[j] * b[j];
    return sum;
}

/* The intercepts are best for w = 0 as the rows have p. */
static void start(struct interior *s)
{
    const struct linear_design *d = s->design;
    memset(s->w, 0, n_weights(s) * sizeof *s->w);
    for (size_t k = 0; is_softmax(s) && k < d->n_problems; k++)
        s->w[(d->n_columns - 1) * d->lanes + k] = log(s->softmax.n_class[k] / (double)d->n_rows);
    linear_interior_rows_start(&s->rows, s->w);
    const double n_items = (double)d->n_rows * (double)d->n_problems;
    linear_interior_penalty_start(&s->penalty, s->options->C / n_items *
                                                   linear_interior_rows_products(&s->rows, 0));
}

static double gap(const struct interior *s)
{
    return s->primal > 0 ? fmax(0, s->primal - s->dual) / s->primal : 0;
}

/* At w, with intercepts at their optimum: w is no better. ds is room for p. */
static double value_at(struct interior *s)
{
    return linear_interior_penalty_value(&s->penalty) +
           s->options->C * softmax_centre(&s->softmax, s->rows.z, s->rows.ds);
}

static void bound_above(struct interior *s)
{
    const double value = value_at(s);
    if (value >= s->primal)
        return;
    s->primal = value;
    memcpy(s->best, s->w, n_weights(s) * sizeof *s->w);
}

/* At p, brought to the sums over rows that the intercepts ask for by shifts of log p. aim and dp
   are room for both. */
static void bound_below(struct interior *s)
{
    const struct linear_design *d = s->design;
    const struct linear_interior_rows *rows = &s->rows;
    const double C = s->options->C;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(d, rows)
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 0; k < d->n_problems; k++)
            rows->aim[i * d->lanes + k] = log(rows->p[i * d->lanes + k]);
    softmax_centre(&s->softmax, rows->aim, rows->dp);
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 0; k < d->lanes; k++)
            rows->r[i * d->lanes + k] =
                C * (rows->dp[i * d->lanes + k] - (k == (size_t)d->row_class[i]));
    linear_transpose_times(d, rows->r, s->v);
    double largest = 0;
    for (size_t j = 0; j < (d->n_columns - 1) * d->lanes; j++)
        largest = fmax(largest, fabs(s->v[j]));
    const double scale = fmin(1, 1 / largest);
    s->dual = fmax(s->dual, C * softmax_entropy(&s->softmax, rows->dp, scale));
}

/* The mean of the products / C after a step, of which those of rows have the sum of_rows. */
static double mean_product(const struct interior *s, double of_rows, double step)
{
    return (of_rows + linear_interior_penalty_products(&s->penalty, step) / s->options->C) /
           n_products(s);
}

static void evaluate(struct interior *s)
{
    double totals[LINEAR_INTERIOR_TOTALS];
    linear_interior_rows_weigh(&s->rows, totals);
    linear_interior_penalty_weigh(&s->penalty);
    s->mu = mean_product(s, totals[LINEAR_INTERIOR_PRODUCTS], 0);
    if (is_softmax(s)) {
        bound_above(s);
        bound_below(s);
        return;
    }
    linear_transpose_times(s->design, s->rows.r, s->v);
    s->primal = linear_interior_penalty_value(&s->penalty) + totals[LINEAR_INTERIOR_HINGE];
    s->dual = totals[LINEAR_INTERIOR_MARGINS] - 0.5 * dot(s, s->v, s->v);
}

/* A new right-hand side; the residual at dw changes by as much. The target is that of p s, of which
   the penalty's products are C times. */
static void aim(struct interior *s, const struct linear_interior_target *target)
{
    struct linear_interior_target of_penalty = *target;
    of_penalty.product *= s->options->C;
    linear_interior_rows_aim(&s->rows, target);
    linear_interior_penalty_aim(&s->penalty, &of_penalty);
    for (size_t j = 0; j < n_weights(s); j++)
        s->residual[j] -= s->rhs[j];
    linear_transpose_times(s->design, s->rows.r, s->rhs);
    linear_interior_penalty_residual(&s->penalty, NULL, s->rhs);
    for (size_t j = 0; j < n_weights(s); j++)
        s->residual[j] += s->rhs[j];
}

/* q = the matrix times p, in the precision of its factor; in double, dz is for the products. */
static void times_matrix(const struct interior *s, const double *p, double *q)
{
    const struct linear_design *d = s->design;
    if (!s->joint.is_double) {
        linear_curved_times(d, p, linear_interior_rows_curve, &s->rows, q);
    } else {
        linear_times(d, p, s->rows.dz);
        linear_interior_rows_curve_double(&s->rows, s->rows.dz);
        linear_transpose_times(d, s->rows.dz, q);
    }
    linear_interior_penalty_curve(&s->penalty, p, q);
}

static bool residual_will_do(const struct interior *s)
{
    return linear_interior_penalty_cost(&s->penalty, s->residual) <=
           RESIDUAL_SHARE * s->options->C * s->mu * n_products(s);
}

/* dw, on from where it is. */
static void conjugate_gradients(struct interior *s)
{
    double *restrict p = s->p_cg, *restrict q = s->q_cg;
    linear_joint_solve(&s->joint, s->residual, s->y);
    memcpy(p, s->y, n_weights(s) * sizeof *p);
    double rho = dot(s, s->residual, s->y);
    s->first_error = fmax(s->first_error, rho);
    const double enough = CG_ACCURACY * CG_ACCURACY * s->first_error;
    const int rounds_max = s->is_final ? CG_ROUNDS_MAX_FINAL : CG_ROUNDS_MAX;
    for (int round = 0; round < rounds_max && rho > 0; round++) {
        if (rho <= enough && residual_will_do(s))
            return;
        s->cg_rounds++;
        times_matrix(s, p, q);
        const double curvature = dot(s, p, q), alpha = rho / curvature;
        if (!(curvature > 0)) /* rounding */
            break;
        for (size_t j = 0; j < n_weights(s); j++) {
            s->dw[j] += alpha * p[j];
            s->residual[j] -= alpha * q[j];
        }
        linear_joint_solve(&s->joint, s->residual, s->y);
        const double fresh = dot(s, s->residual, s->y);
        for (size_t j = 0; j < n_weights(s); j++)
            p[j] = s->y[j] + fresh / rho * p[j];
        rho = fresh;
    }
    s->is_short = true;
}

/* All that follows from dw; returns the longest step, at most 1. */
static double direct(struct interior *s)
{
    linear_times(s->design, s->dw, s->rows.dz);
    return 1 / fmax(linear_interior_rows_direct(&s->rows),
                    linear_interior_penalty_direct(&s->penalty, s->dw));
}

/* Corrections as long as they make the step longer; returns it. */
static double centre(struct interior *s, double product)
{
    const size_t n_aim = s->design->n_rows * s->design->lanes;
    double longest = direct(s);
    for (int i = 0; i < CORRECTIONS_MAX && longest < 1; i++) {
        const struct linear_interior_target target = {
            .aim = AIM_CENTRE, .product = product, .ahead = fmin(1, longest + AHEAD)};
        memcpy(s->dw_kept, s->dw, n_weights(s) * sizeof *s->dw);
        memcpy(s->rows.aim_kept, s->rows.aim, n_aim * sizeof *s->rows.aim);
        linear_interior_penalty_keep(&s->penalty);
        aim(s, &target);
        conjugate_gradients(s);
        const double corrected = direct(s);
        if (corrected < longest) {
            memcpy(s->dw, s->dw_kept, n_weights(s) * sizeof *s->dw);
            memcpy(s->rows.aim, s->rows.aim_kept, n_aim * sizeof *s->rows.aim);
            linear_interior_penalty_restore(&s->penalty);
            return direct(s);
        }
        if (corrected < longest + WORTH_IT)
            return corrected;
        longest = corrected;
    }
    return longest;
}

/* Conjugate gradients again where their products in float32 have left a residual that matters;
   where that is not enough, the next step is in double. */
static double refine(struct interior *s, double longest)
{
    for (int i = 0; i < REFINEMENTS_MAX; i++) {
        linear_transpose_times(s->design, s->rows.r, s->residual);
        linear_interior_penalty_residual(&s->penalty, s->dw, s->residual);
        if (residual_will_do(s))
            break;
        s->is_short |= i > 0;
        conjugate_gradients(s);
        longest = direct(s);
    }
    return longest;
}

/* With the matrix factored; returns the step. */
static double step(struct interior *s)
{
    double *const zeroed[] = {s->dw, s->rhs, s->residual};
    for (size_t i = 0; i < sizeof zeroed / sizeof zeroed[0]; i++)
        memset(zeroed[i], 0, n_weights(s) * sizeof *zeroed[i]);
    s->first_error = 0;
    s->cg_rounds = 0;
    s->is_short = false;
    aim(s, &(struct linear_interior_target){.aim = AIM_PREDICT});
    conjugate_gradients(s);
    const double predicted = direct(s);
    const double of_rows = linear_interior_rows_products(&s->rows, predicted);
    const double ratio = mean_product(s, of_rows, predicted) / s->mu;
    const double product = fmin(SIGMA_MAX, ratio * ratio * ratio) * s->mu;
    aim(s, &(struct linear_interior_target){.aim = AIM_CORRECT, .product = product});
    conjugate_gradients(s);
    const double longest = refine(s, centre(s, product));
    const double step = fmin(1, TO_BOUNDARY * longest);
    linear_interior_penalty_move(&s->penalty, s->dw, step);
    linear_interior_rows_move(&s->rows, step);
    return longest;
}

/* What conjugate gradients need from the next step on: the whole matrix, then double. */
static enum status adapt(struct interior *s, struct error *error)
{
    const struct linear_design *d = s->design;
    const size_t n_rows = d->n_rows, n_classes = d->n_problems, n_columns = d->n_columns;
    if (s->joint.is_joint || !linear_joint_pays(n_rows, n_classes, n_columns)) {
        s->joint.wants_double |= s->is_short;
        s->is_final = s->joint.wants_double || s->joint.is_double;
        return STATUS_OK;
    }
    return s->is_short || s->cg_rounds > linear_joint_rounds(n_rows, n_classes, n_columns)
               ? linear_joint_join(&s->joint, error)
               : STATUS_OK;
}

/* Whether the products say as much of the gap as rounding lets them. */
static bool is_exhausted(const struct interior *s)
{
    return !(s->options->C * s->mu * n_products(s) > ROUNDING * s->primal);
}

static enum status iterate(struct interior *s, struct linear_interior_result *result,
                           struct error *error)
{
    start(s);
    for (long n_iter = 0;; n_iter++) {
        evaluate(s);
        result->n_iter = n_iter;
        result->converged = gap(s) <= s->options->tol;
        if (result->converged || n_iter == s->options->max_iter || is_exhausted(s))
            return STATUS_OK;
        bool is_factored = false;
        enum status status = adapt(s, error);
        if (!status)
            status = linear_joint_factor(&s->joint, s->rows.d, s->rows.sum_d, &is_factored, error);
        if (status || !is_factored || !(step(s) >= STEP_MIN))
            return status;
    }
}

/* w becomes the best; of the last those weights are 0 that are so small that they may be, unless
   the gap would then be too large. */
static void choose_weights(struct interior *s)
{
    linear_interior_penalty_round(&s->penalty);
    linear_times(s->design, s->w, s->rows.z);
    const double rounded = value_at(s), limit = fmax(s->options->tol, gap(s)), kept = s->primal;
    s->primal = rounded;
    if (gap(s) <= limit)
        return;
    s->primal = kept;
    memcpy(s->w, s->best, n_weights(s) * sizeof *s->w);
    linear_times(s->design, s->w, s->rows.z);
    s->primal = value_at(s);
}

/* The bounds are those with intercepts at their optimum. */
static void finish(struct interior *s)
{
    const struct linear_design *d = s->design;
    choose_weights(s);
    for (size_t k = 0; k < d->n_problems; k++)
        s->w[(d->n_columns - 1) * d->lanes + k] += s->softmax.shift[k];
}

enum { N_ARRAYS = 9 }; /* of stride x lanes */

double linear_interior_bytes(enum linear_interior_machine machine, const struct problem_size *size)
{
    const bool is_l1 = machine == LINEAR_INTERIOR_MULTINOMIAL_L1;
    const double n_lanes = (double)linear_lanes_for(size->n_classes);
    const double n_columns = (double)size->n_features + 1;
    return (double)size->n_train * linear_interior_rows_bytes(is_l1, n_lanes) +
           N_ARRAYS * n_columns * n_lanes * sizeof(double) + softmax_bytes(size) +
           (is_l1 ? linear_interior_penalty_bytes(size) : 0) + linear_joint_bytes(size);
}

static enum status create(struct interior *s, struct error *error)
{
    const struct linear_design *d = s->design;
    double **const arrays[] = {&s->best,     &s->dw,   &s->dw_kept, &s->v, &s->rhs,
                               &s->residual, &s->p_cg, &s->q_cg,    &s->y};
    _Static_assert(sizeof arrays / sizeof arrays[0] == N_ARRAYS, "as in bytes");
    struct memory_request requests[N_ARRAYS];
    for (size_t i = 0; i < N_ARRAYS; i++)
        requests[i] = (struct memory_request){(void **)arrays[i], n_weights(s), sizeof(double)};
    enum status status = memory_arrays(requests, N_ARRAYS, "the interior-point method", error);
    if (!status)
        status = linear_interior_rows_create(&s->rows, d, is_softmax(s), s->options->C, error);
    if (!status)
        status = linear_interior_penalty_create(&s->penalty, d, is_softmax(s), s->w, error);
    if (!status && is_softmax(s))
        status = softmax_create(&s->softmax, d, error);
    return status ? status : linear_joint_create(&s->joint, d, s->penalty.diagonal, error);
}

static void destroy(struct interior *s)
{
    void *const arrays[] = {s->best,     s->dw,   s->dw_kept, s->v, s->rhs,
                            s->residual, s->p_cg, s->q_cg,    s->y};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        memory_free(arrays[i]);
    linear_interior_rows_destroy(&s->rows);
    linear_interior_penalty_destroy(&s->penalty);
    softmax_destroy(&s->softmax);
    linear_joint_destroy(&s->joint);
}

enum status linear_interior_solve(const struct linear_design *design,
                                  const struct linear_interior_options *options, double *restrict w,
                                  struct linear_interior_result *result, struct error *error)
{
    struct interior s = {
        .options = options, .design = design, .w = w, .primal = HUGE_VAL, .dual = -HUGE_VAL};
    *result = (struct linear_interior_result){0};
    enum status status = create(&s, error);
    if (!status)
        status = iterate(&s, result, error);
    if (!status) {
        if (is_softmax(&s))
            finish(&s);
        result->objective = s.primal;
        result->dual_gap = gap(&s);
    }
    destroy(&s);
    return status;
}
