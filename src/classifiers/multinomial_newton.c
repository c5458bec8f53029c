/*
 * l2: Newton's method with a search for the minimum along each step. Newton's equations, joint over
 * the classes, are solved by conjugate gradients, with products in float32, in double once that has
 * failed, on the rows whose softmax is not settled, preconditioned by multinomial_matrix.c. The
 * intercepts, which are part of each step, are brought to their own optimum after it. Rows that are
 * wrong and certain get curvature that they do not have, as long as the search shortens the steps
 * without it.
 *
 * With the intercepts at their optimum C (1[k = y] - p) is a point of the dual,
 *     max over p of C sum_i entropy(p_i) - 1/2 |C sum_i x_i (1[k = y_i] - p_i)|^2.
 * The rule to stop is a relative gap of tol.
 */
#include "classifiers/multinomial_newton.h"

#include "classifiers/multinomial_matrix.h"

#include <math.h>
#include <string.h>

enum {
    CG_ROUNDS_MAX = 200,
    CG_ROUNDS_STALE = 10, /* more than these ask for a new factor */
    LINE_SEARCH_MAX = 40
};

static const double CG_ACCURACY = 0.1;          /* of the error, in the norm of the factor */
static const double LINE_SEARCH_ACCURACY = 0.1; /* slope, of that at the start */
static const double FLOOR_MAX = 0.2;            /* for multinomial_rows_soften */
static const double FLOOR_MIN = 1e-3;           /* where it is raised */
static const double FLOOR_FACTOR = 0.5, FLOOR_RAISE = 5;
static const double STEP_LONG = 0.7, STEP_SHORT = 0.4; /* of Newton's: the floor falls, is raised */

struct solver {
    const struct multinomial_options *options;
    struct multinomial_rows rows;
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

/* Items of the weights, without the intercepts; padding is 0. */
static size_t n_penalised(const struct solver *s)
{
    const struct linear_design *d = s->rows.x.design;
    return (d->n_columns - 1) * d->lanes;
}

/* Of weights only. */
static double dot_penalised(const struct solver *s, const double *a, const double *b)
{
    double sum = 0;
    for (size_t j = 0; j < n_penalised(s); j++)
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
    const struct linear_lanes *x = &s->rows.x;
    multinomial_rows_evaluate(&s->rows);
    s->primal = 0.5 * dot_penalised(s, x->w, x->w) + s->rows.loss;
    const double entropy = x->C * softmax_entropy(&s->rows.softmax, s->rows.p, 1);
    s->dual = fmax(s->dual, entropy - 0.5 * dot_penalised(s, x->g, x->g));
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
    const double enough = CG_ACCURACY * CG_ACCURACY * rho;
    for (s->cg_rounds = 0; s->cg_rounds < CG_ROUNDS_MAX && rho > enough; s->cg_rounds++) {
        multinomial_rows_curve(&s->rows, p, q);
        for (size_t j = 0; j < n_penalised(s); j++)
            q[j] += p[j];
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
    const struct linear_lanes *x = &s->rows.x;
    const double ws = dot_penalised(s, x->w, x->s), ss = dot_penalised(s, x->s, x->s);
    double low = 0, high = HUGE_VAL, step = s->decrement > 0 ? 1 : 0;
    for (int round = 0; step > 0 && round < LINE_SEARCH_MAX; round++) {
        const struct multinomial_line losses = multinomial_rows_along(&s->rows, step);
        const double slope = losses.slope + ws + step * ss;
        if (fabs(slope) <= LINE_SEARCH_ACCURACY * s->decrement)
            break;
        if (slope > 0)
            high = step;
        else
            low = step;
        const double newton = step - slope / (losses.curvature + ss);
        if (newton > low && newton < high)
            step = newton;
        else
            step = isinf(high) ? 2 * low : 0.5 * (low + high);
    }
    return step;
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
    const struct linear_lanes *x = &s->rows.x;
    for (size_t j = 0; j < n_penalised(s); j++)
        x->g[j] += x->w[j];
    adapt_floor(s);
    multinomial_rows_soften(&s->rows, s->floor);
    multinomial_rows_gather(&s->rows);
    if (iteration == 0)
        multinomial_matrix_factor_first(&s->matrix);
    else if (s->cg_rounds > CG_ROUNDS_STALE)
        multinomial_matrix_factor(&s->matrix);
}

static void iterate(struct solver *s, struct multinomial_result *result)
{
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
        multinomial_rows_move(&s->rows, s->step);
    }
}

double multinomial_newton_bytes(const struct problem_size *size)
{
    const struct multinomial_matrix *m = NULL;
    const double n_columns = (double)size->n_features + 1;
    return multinomial_rows_bytes(size) +
           (double)size->n_classes * n_columns * n_columns * sizeof *m->factors;
}

enum status multinomial_newton(const struct linear_design *design,
                               const struct multinomial_options *options, double *restrict w,
                               struct multinomial_result *result, struct error *error)
{
    struct solver s = {
        .options = options, .floor = FLOOR_MAX, .step = STEP_SHORT, .dual = -HUGE_VAL};
    *result = (struct multinomial_result){.solver = "Newton"};
    enum status status = multinomial_rows_create(&s.rows, design, options->C, w, error);
    if (!status)
        status = multinomial_matrix_create(&s.matrix, &s.rows, error);
    if (!status) {
        iterate(&s, result);
        linear_times(design, w, s.rows.x.z); /* without what rounding has added up there */
        evaluate(&s);
        result->objective = s.primal;
        result->dual_gap = gap(&s);
    }
    multinomial_matrix_destroy(&s.matrix);
    multinomial_rows_destroy(&s.rows);
    return status;
}
