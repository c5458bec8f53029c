/*
 * Newton's method with a search for the minimum along each step. Newton's equations, joint over the
 * classes, are solved by conjugate gradients, with products in float32, in double once that has
 * failed, on the rows whose softmax is not settled, preconditioned by multinomial_matrix.c. The
 * intercepts, which are part of each step, are brought to their own optimum after it. Rows that are
 * wrong and certain get curvature that they do not have, as long as the search shortens the steps
 * without it.
 *
 * l2: as it stands. l1: an interior-point method; |w| is made smooth by a barrier whose weight mu
 * falls after each good step (no further than the rule to stop needs: errors of the step that are
 * larger than mu keep the search from going along it), as the path-following methods do (Koh, Kim
 * and Boyd, "An interior-point method for large-scale l1-regularized logistic regression", JMLR
 * 2007), and dual variables steer the second derivative; see multinomial_penalty.c. At the end the
 * weights that the barrier alone keeps from 0 are made 0, where the gap allows it.
 *
 * Bounds: with the intercepts at their optimum C (1[k = y] - p) is a point of the dual,
 *     max over p of C sum_i entropy(p_i) - penalty*(C sum_i x_i (1[k = y] - p_i)),
 * with penalty* = 1/2 | |^2 for l2. For l1 it is a constraint, that no element is larger than 1 in
 * size, and the point is scaled until that holds. The rule to stop is a relative gap of tol.
 */
#include "classifiers/multinomial.h"

#include "classifiers/multinomial_matrix.h"
#include "classifiers/multinomial_penalty.h"

#include <math.h>
#include <string.h>

enum {
    CG_ROUNDS_MAX = 200,
    CG_ROUNDS_STALE = 10, /* l2: more than these ask for a new factor */
    LINE_SEARCH_MAX = 40
};

/* Of the error, in the norm of the factor. With l1 that is a poor measure, see shifts. */
static const double CG_ACCURACY = 0.1, CG_ACCURACY_L1 = 0.02;
static const double LINE_SEARCH_ACCURACY = 0.1; /* slope, of that at the start */
static const double MU_FIRST = 0.1;
static const double MU_FACTOR = 0.1;
static const double MU_MIN = 0.05;      /* of what would leave a gap of tol */
static const double MU_STEP = 0.5;      /* of Newton's, from which on mu falls ... */
static const double MU_DECREMENT = 0.3; /* ... and the most that it may promise, of mu x weights */
static const double FLOOR_MAX = 0.2;    /* for multinomial_rows_soften */
static const double FLOOR_MIN = 1e-3;   /* where it is raised */
static const double FLOOR_FACTOR = 0.5, FLOOR_RAISE = 5;
static const double STEP_LONG = 0.7, STEP_SHORT = 0.4; /* of Newton's: the floor falls, is raised */

struct solver {
    const struct multinomial_options *options;
    struct multinomial_rows rows;
    struct multinomial_penalty penalty;
    struct multinomial_matrix matrix;
    double primal, dual; /* the dual is the best so far */
    double decrement;    /* what the last step's direction promised, -gradient . s */
    double step;         /* and how far it went */
    double floor;        /* for multinomial_rows_soften */
    int cg_rounds;       /* of the last step */
};

/* a . b of stride x lanes arrays. */
static double dot(const struct solver *s, const double *a, const double *b)
{
    const struct linear_design *d = s->rows.x.design;
    double sum = 0;
    for (size_t j = 0; j < d->n_columns * d->lanes; j++)
        sum += a[j] * b[j];
    return sum;
}

static double gap(const struct solver *s)
{
    return s->primal > 0 ? fmax(0, s->primal - s->dual) / s->primal : 0;
}

/* The losses at w, their gradient, and the bounds. */
static void evaluate(struct solver *s)
{
    const struct linear_design *d = s->rows.x.design;
    multinomial_rows_evaluate(&s->rows);
    const double *g = s->rows.x.g;
    double square = 0, largest = 0;
    for (size_t j = 0; j < (d->n_columns - 1) * d->lanes; j++) {
        square += g[j] * g[j];
        largest = fmax(largest, fabs(g[j]));
    }
    s->primal = multinomial_penalty_value(&s->penalty, &s->rows.x) + s->rows.loss;
    const double scale = s->penalty.is_l1 ? fmin(1, 1 / largest) : 1;
    const double conjugate = s->penalty.is_l1 ? 0 : 0.5 * square;
    s->dual = fmax(s->dual, multinomial_rows_entropy(&s->rows, scale) - conjugate);
}

/* Newton's equations, for s; false where rounding left no curvature along a direction. */
static bool conjugate_gradients(struct solver *s)
{
    struct linear_lanes *x = &s->rows.x;
    const size_t n = x->design->stride * x->design->lanes;
    double *residual = x->work, *p = residual + n, *q = p + n, *y = q + n;
    memset(x->s, 0, n * sizeof *x->s);
    for (size_t j = 0; j < n; j++)
        residual[j] = -x->g[j];
    multinomial_matrix_solve(&s->matrix, residual, y);
    memcpy(p, y, n * sizeof *p);
    double rho = dot(s, residual, y);
    const double accuracy = s->penalty.is_l1 ? CG_ACCURACY_L1 : CG_ACCURACY;
    const double enough = accuracy * accuracy * rho;
    for (s->cg_rounds = 0; s->cg_rounds < CG_ROUNDS_MAX && rho > enough; s->cg_rounds++) {
        multinomial_rows_curve(&s->rows, p, q);
        multinomial_penalty_add_product(&s->penalty, x, p, q);
        const double curvature = dot(s, p, q);
        if (curvature <= 0)
            return false;
        const double alpha = rho / curvature;
        for (size_t j = 0; j < n; j++) {
            x->s[j] += alpha * p[j];
            residual[j] -= alpha * q[j];
        }
        multinomial_matrix_solve(&s->matrix, residual, y);
        const double fresh = dot(s, residual, y);
        for (size_t j = 0; j < n; j++)
            p[j] = y[j] + fresh / rho * p[j];
        rho = fresh;
    }
    return true;
}

/* Newton's direction. Once products in float32 have failed, all are in double. */
static void find_direction(struct solver *s)
{
    const struct linear_lanes *x = &s->rows.x;
    if (!conjugate_gradients(s) && !s->rows.is_double) {
        s->rows.is_double = true;
        conjugate_gradients(s);
    }
    linear_times(x->design, x->s, x->t);
    s->decrement = -dot(s, x->g, x->s);
}

/* The step to the minimum along s, by Newton's method within a bracket; 0 where s is not down. */
static double line_search(const struct solver *s)
{
    double low = 0, high = HUGE_VAL, step = s->decrement > 0 ? 1 : 0;
    for (int round = 0; step > 0 && round < LINE_SEARCH_MAX; round++) {
        const struct multinomial_line losses = multinomial_rows_along(&s->rows, step);
        const struct multinomial_line penalty =
            multinomial_penalty_along(&s->penalty, &s->rows.x, step);
        const double slope = losses.slope + penalty.slope;
        if (fabs(slope) <= LINE_SEARCH_ACCURACY * s->decrement)
            break;
        if (slope > 0)
            high = step;
        else
            low = step;
        const double newton = step - slope / (losses.curvature + penalty.curvature);
        if (newton > low && newton < high)
            step = newton;
        else
            step = isinf(high) ? 2 * low : 0.5 * (low + high);
    }
    return step;
}

static double n_weights(const struct solver *s)
{
    const struct linear_design *d = s->rows.x.design;
    return (double)(d->n_columns - 1) * (double)d->n_problems;
}

/* The barrier's weight for the next step. */
static void lower_mu(struct solver *s, long iteration)
{
    const double least = MU_MIN * s->options->tol * s->primal / n_weights(s);
    double *mu = &s->penalty.mu;
    if (iteration == 0)
        *mu = MU_FIRST * fmin(1, s->primal / n_weights(s));
    else if (s->step > MU_STEP && s->decrement < MU_DECREMENT * *mu * n_weights(s))
        *mu = fmin(*mu, fmax(least, MU_FACTOR * *mu));
}

/* Steps that the search shortens ask for more softening, long ones for less. */
static void adapt_floor(struct solver *s)
{
    if (s->step > STEP_LONG)
        s->floor *= FLOOR_FACTOR;
    else if (s->step < STEP_SHORT)
        s->floor = fmin(FLOOR_MAX, fmax(FLOOR_MIN, FLOOR_RAISE * s->floor));
}

static void prepare(struct solver *s, long iteration)
{
    lower_mu(s, iteration);
    multinomial_penalty_add_gradient(&s->penalty, &s->rows.x, s->rows.x.g);
    adapt_floor(s);
    multinomial_rows_soften(&s->rows, s->floor);
    multinomial_rows_gather(&s->rows);
    if (iteration == 0)
        multinomial_matrix_factor_first(&s->matrix);
    else if (s->penalty.is_l1 || s->cg_rounds > CG_ROUNDS_STALE)
        multinomial_matrix_factor(&s->matrix);
}

static void iterate(struct solver *s, struct multinomial_result *result)
{
    struct linear_lanes *x = &s->rows.x;
    for (long iteration = 0;; iteration++) {
        evaluate(s);
        result->n_iter = iteration;
        result->converged = gap(s) <= s->options->tol;
        if (result->converged || iteration == s->options->max_iter)
            return;
        prepare(s, iteration);
        find_direction(s);
        s->step = line_search(s);
        if (s->step == 0 && s->floor == FLOOR_MAX) /* as far as rounding lets it */
            return;
        multinomial_penalty_follow(&s->penalty, x);
        multinomial_rows_move(&s->rows, s->step);
    }
}

/* The bounds at w itself, without what rounding has added up in z. l1: makes 0 the weights whose
   part w+ or w- is smaller than its multiplier, unless the gap would then be too large. */
static void round_weights(struct solver *s)
{
    struct linear_lanes *x = &s->rows.x;
    const size_t n = x->design->stride * x->design->lanes;
    const double limit = fmax(s->options->tol, gap(s)), kept = s->primal;
    memcpy(x->work, x->w, n * sizeof *x->w);
    for (size_t j = 0; s->penalty.is_l1 && j < (x->design->n_columns - 1) * x->design->lanes; j++)
        if (fabs(x->w[j]) < sqrt(s->penalty.mu))
            x->w[j] = 0;
    linear_times(x->design, x->w, x->z);
    evaluate(s);
    if (gap(s) <= limit || !s->penalty.is_l1)
        return;
    s->primal = kept;
    memcpy(x->w, x->work, n * sizeof *x->w);
}

/* Of the intercepts, the sum 0 over the classes that have rows, and minus infinity for others. */
static void finish(const struct solver *s)
{
    const struct linear_design *d = s->rows.x.design;
    double *w = s->rows.x.w, *intercept = w + (d->n_columns - 1) * d->lanes, sum = 0, n = 0;
    for (size_t k = 0; k < d->n_problems; k++)
        if (s->rows.n_class[k] > 0) {
            sum += intercept[k];
            n++;
        }
    for (size_t k = 0; k < d->n_problems; k++)
        intercept[k] = s->rows.n_class[k] > 0 ? intercept[k] - sum / n : -HUGE_VAL;
}

double multinomial_bytes(const struct problem_size *size)
{
    const struct multinomial_matrix *m = NULL;
    const double n_columns = (double)size->n_features + 1;
    return multinomial_rows_bytes(size) +
           (double)size->n_classes * n_columns * n_columns * sizeof *m->factors;
}

enum status multinomial_solve(const struct linear_design *design,
                              const struct multinomial_options *options, double *restrict w,
                              struct multinomial_result *result, struct error *error)
{
    struct solver s = {
        .options = options, .floor = FLOOR_MAX, .step = STEP_SHORT, .dual = -HUGE_VAL};
    *result =
        (struct multinomial_result){.solver = options->is_l1 ? "interior-point Newton" : "Newton"};
    enum status status = multinomial_rows_create(&s.rows, design, options->C, w, error);
    if (!status)
        status = multinomial_penalty_create(&s.penalty, design, options->is_l1, error);
    if (!status)
        status = multinomial_matrix_create(&s.matrix, &s.rows, s.penalty.diagonal, error);
    if (!status) {
        iterate(&s, result);
        round_weights(&s);
        finish(&s);
        result->objective = s.primal;
        result->dual_gap = gap(&s);
    }
    multinomial_matrix_destroy(&s.matrix);
    multinomial_penalty_destroy(&s.penalty);
    multinomial_rows_destroy(&s.rows);
    return status;
}
