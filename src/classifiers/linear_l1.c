/*
 * For each lane: min over w of |w|_1 + C sum_i log(1 + exp(-y_i w.x_i)), y_i = +-1.
 *
 * newGLMNET (Yuan, Ho and Lin, "An improved GLMNET for l1-regularized logistic regression", JMLR
 * 2012, algorithm 3): each outer iteration minimises, by coordinate descent, the quadratic model
 *     g.d + 1/2 d^T H d + |w + d|_1,   H = X^T D X,
 * then searches along d with Armijo's rule. Unlike there H is an explicit matrix, so a pass of
 * coordinate descent costs n_columns^2 and not n_rows x n_columns. Rows of small curvature are left
 * out of H, and where rows are many it is summed over a sample by curvature and leverage; g and the
 * search are exact, so this affects only the number of iterations.
 *
 * The violation of a lane is the 1-norm of the smallest subgradient. The rule to stop is
 * LIBLINEAR's: violation <= tol x (share of the rarer label) x violation at w = 0.
 */
#include "classifiers/linear_l1.h"

#include "base/memory.h"
#include "classifiers/linear_lanes.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { INNER_PASSES_MAX = 1000, LINE_SEARCH_MAX = 30, SAMPLE_ROWS = 6000 };

static const double ARMIJO = 0.01;
static const double CUTOFF = 1e-2;         /* curvature that counts, of the largest possible */
static const double INNER_ACCURACY = 0.05; /* violation of the model, of the lane's */
static const double DIAGONAL = 1e-6;       /* added to H, which may be singular */

struct lane {
    double violation, first_violation, last_violation;
    double norm;  /* |w|_1 */
    double value; /* of the objective */
    double slope; /* g.d + |w + d|_1 - |w|_1 */
    double cutoff;
    bool searching;
    bool done;
};

struct solver {
    struct linear_lanes x;
    const struct linear_l1_options *options;
    struct lane *lanes; /* lanes, owned */
};

/* The smallest subgradient of g w + |w|, in size. */
static double violation_of(double g, double w)
{
    if (w > 0)
        return fabs(g + 1);
    if (w < 0)
        return fabs(g - 1);
    return fmax(0, fabs(g) - 1);
}

static void evaluate(const struct solver *s)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    linear_lanes_evaluate(x);
    for (size_t k = 0; k < d->n_problems; k++) {
        struct lane *lane = &s->lanes[k];
        lane->violation = 0;
        lane->norm = 0;
        for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes) {
            lane->violation += violation_of(x->g[j], x->w[j]);
            lane->norm += fabs(x->w[j]);
        }
        lane->value = lane->norm + linear_lanes_total(x, SUM_VALUE, k);
    }
}

/*
 * Coordinate descent on the model of lane k. `fresh` is w + d, `q` the gradient g + H d of the
 * smooth part; both have n_columns. h has both triangles.
 */
static void minimise_model(const struct solver *s, const struct linear_hessian *h, double *fresh,
                           double *q, double target)
{
    const size_t n = s->x.design->n_columns;
    for (int pass = 0; pass < INNER_PASSES_MAX; pass++) {
        double violation = 0;
        for (size_t j = 0; j < n; j++) {
            if (fresh[j] == 0 && fabs(q[j]) <= 1)
                continue;
            violation += violation_of(q[j], fresh[j]);
            const double *restrict row = h->matrix + j * h->stride;
            const double curvature = row[j];
            const double centre = fresh[j] - q[j] / curvature;
            const double shrunk = fmax(0, fabs(centre) - 1 / curvature);
            const double value = copysign(shrunk, centre);
            const double change = value - fresh[j];
            if (change == 0)
                continue;
            fresh[j] = value;
            for (size_t i = 0; i < n; i++)
                q[i] += change * row[i];
        }
        if (violation <= target)
            break;
    }
}

/* Both triangles, from the lower one. */
static void symmetrise(const struct linear_hessian *h)
{
    for (size_t i = 0; i < h->n_columns; i++)
        for (size_t j = 0; j < i; j++)
            h->matrix[j * h->stride + i] = h->matrix[i * h->stride + j];
}

static void direction(const struct solver *s, size_t k, struct linear_scratch *scratch, bool first)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    struct linear_hessian *h = &scratch->hessian;
    struct lane *lane = &s->lanes[k];
    if (!first) {
        linear_lanes_list_logistic(x, k, lane->cutoff, h);
        linear_lanes_sample(x, k, SAMPLE_ROWS, h);
        linear_hessian_build(h, d, DIAGONAL, 1);
        symmetrise(h);
    }
    double *fresh = scratch->column, *q = h->diagonal;
    for (size_t j = 0; j < d->n_columns; j++) {
        fresh[j] = x->w[j * d->lanes + k];
        q[j] = x->g[j * d->lanes + k];
    }
    minimise_model(s, h, fresh, q, INNER_ACCURACY * lane->violation);
    lane->slope = 0;
    for (size_t j = 0; j < d->n_columns; j++) {
        const double w = x->w[j * d->lanes + k], step = fresh[j] - w;
        x->s[j * d->lanes + k] = step;
        lane->slope += x->g[j * d->lanes + k] * step + fabs(fresh[j]) - fabs(w);
    }
}

/* At w = 0 every row has the same curvature, in every lane: one matrix serves all. */
static void prepare_first(const struct solver *s)
{
    const struct linear_lanes *x = &s->x;
    struct linear_hessian *h = &x->scratch[0].hessian;
    linear_lanes_list_all(x, 0.25 * x->C, h);
    linear_hessian_build(h, x->design, 1, 1);
    linear_hessian_factor(h);
    linear_lanes_shared_leverage(x, h->matrix);
    linear_hessian_build(h, x->design, DIAGONAL, 1);
    symmetrise(h);
}

static void directions(const struct solver *s, bool first)
{
    const struct linear_design *d = s->x.design;
    memset(s->x.s, 0, d->stride * d->lanes * sizeof *s->x.s);
    if (first) {
        prepare_first(s);
        for (size_t k = 0; k < d->n_problems; k++)
            direction(s, k, &s->x.scratch[0], true);
        return;
    }
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d) schedule(dynamic)
    for (size_t k = 0; k < d->n_problems; k++)
        if (!s->lanes[k].done)
            direction(s, k, &s->x.scratch[omp_get_thread_num()], false);
}

/* Whether a step satisfies Armijo's rule, given the losses there. */
static bool is_enough(const struct solver *s, size_t k)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    double norm = 0;
    for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes)
        norm += fabs(x->w[j] + x->step[k] * x->s[j]);
    const double value = norm + linear_lanes_total(x, SUM_VALUE, k);
    return value - s->lanes[k].value <= ARMIJO * x->step[k] * s->lanes[k].slope;
}

static void line_search(const struct solver *s)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    bool any = false;
    for (size_t k = 0; k < d->lanes; k++) {
        struct lane *lane = &s->lanes[k];
        lane->searching = k < d->n_problems && !lane->done && lane->slope < 0;
        x->step[k] = lane->searching ? 1 : 0;
        any |= lane->searching;
    }
    for (int round = 0; any; round++) {
        linear_lanes_along(x);
        any = false;
        for (size_t k = 0; k < d->n_problems; k++) {
            struct lane *lane = &s->lanes[k];
            if (!lane->searching)
                continue;
            lane->searching = !is_enough(s, k);
            if (lane->searching)
                x->step[k] = round < LINE_SEARCH_MAX ? 0.5 * x->step[k] : 0;
            any |= lane->searching && round < LINE_SEARCH_MAX;
        }
    }
}

static bool check_lanes(const struct solver *s, long iteration)
{
    bool all = true;
    for (size_t k = 0; k < s->x.design->n_problems; k++) {
        struct lane *lane = &s->lanes[k];
        if (iteration == 0)
            lane->first_violation = lane->violation;
        else if (lane->violation > 0.5 * lane->last_violation)
            lane->cutoff *= 0.1;
        lane->last_violation = lane->violation;
        lane->done = lane->violation <= s->options->tol * s->x.rarity[k] * lane->first_violation;
        all &= lane->done;
    }
    return all;
}

static void iterate(const struct solver *s, struct linear_l1_result *result)
{
    for (long iteration = 0;; iteration++) {
        evaluate(s);
        result->n_iter = iteration;
        result->converged = check_lanes(s, iteration);
        if (result->converged || iteration == s->options->max_iter)
            return;
        directions(s, iteration == 0);
        linear_times(s->x.design, s->x.s, s->x.t);
        line_search(s);
        linear_lanes_move(&s->x);
    }
}

enum status linear_l1_solve(const struct linear_design *design,
                            const struct linear_l1_options *options, double *restrict w,
                            struct linear_l1_result *result, struct error *error)
{
    struct solver s = {.options = options};
    *result = (struct linear_l1_result){0};
    enum status status = linear_lanes_create(&s.x, design, LINEAR_LOGISTIC, options->C, w, error);
    if (status)
        return status;
    s.lanes = memory_zeroed(design->lanes, sizeof *s.lanes);
    if (!s.lanes) {
        status = error_memory(error, "the linear problems", design->lanes * sizeof *s.lanes);
        goto cleanup;
    }
    for (size_t k = 0; k < design->lanes; k++)
        s.lanes[k] = (struct lane){.cutoff = CUTOFF};
    iterate(&s, result);
    for (size_t k = 0; k < design->n_problems; k++) {
        const struct lane *lane = &s.lanes[k];
        result->objective += lane->value;
        if (lane->first_violation > 0)
            result->violation = fmax(result->violation, lane->violation / lane->first_violation);
    }
cleanup:
    memory_free(s.lanes);
    linear_lanes_destroy(&s.x);
    return status;
}
