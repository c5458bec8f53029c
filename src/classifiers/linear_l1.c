/*
 * For each lane: min over w of |w|_1 + C sum_i log(1 + exp(-y_i w.x_i)), y_i = +-1.
 *
 * newGLMNET (Yuan, Ho and Lin, "An improved GLMNET for l1-regularized logistic regression", JMLR
 * 2012, algorithm 3): each outer iteration minimises the quadratic model
 *     g.d + 1/2 d^T H d + |w + d|_1,   H = X^T D X,
 * then searches along d with Armijo's rule. Unlike there H is an explicit matrix, which lets the
 * model be minimised by more than coordinate descent; see linear_lasso.c. Rows of small curvature
 * are left out of H, and where rows are many it is summed over a sample by curvature and leverage.
 * g and the search are exact, so this affects only the number of iterations; more rows are taken in
 * as the steps of a lane bring less.
 *
 * The violation of a lane is the 1-norm of the smallest subgradient. The rule to stop is
 * LIBLINEAR's: violation <= tol x (share of the rarer label) x violation at w = 0.
 */
#include "classifiers/linear_l1.h"

#include "base/memory.h"
#include "classifiers/linear_lanes.h"
#include "classifiers/linear_lasso.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { LINE_SEARCH_MAX = 30, SAMPLE_ROWS = 6000 };

static const double ARMIJO = 0.01;
static const double CUTOFF = 1e-2;         /* curvature that counts, of the largest possible */
static const double INNER_ACCURACY = 0.05; /* violation of the model, of the lane's */
static const double DIAGONAL = 1e-6;       /* added to H, which may be singular */

struct lane {
    double violation, first_violation, last_violation;
    double norm;   /* |w|_1 */
    double value;  /* of the objective */
    double slope;  /* g.d + |w + d|_1 - |w|_1 */
    double cutoff; /* of H: smallest curvature that counts, of the largest possible */
    size_t sample; /* of H: rows to sum over */
    bool searching;
    bool done;
};

struct solver {
    struct linear_lanes x;
    const struct linear_l1_options *options;
    struct lane *lanes;          /* lanes, owned */
    struct linear_lasso *models; /* n_threads, owned */
};

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
            lane->violation += linear_lasso_violation(x->g[j], x->w[j]);
            lane->norm += fabs(x->w[j]);
        }
        lane->value = lane->norm + linear_lanes_total(x, SUM_VALUE, k);
    }
}

/* Both triangles, from the lower one. */
static void symmetrise(const struct linear_hessian *h)
{
    for (size_t i = 0; i < h->n_columns; i++)
        for (size_t j = 0; j < i; j++)
            h->matrix[j * h->stride + i] = h->matrix[i * h->stride + j];
}

static void direction(const struct solver *s, size_t k, int thread, bool first)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    struct linear_hessian *h = &x->scratch[thread].hessian;
    const struct linear_lasso *model = &s->models[thread];
    struct lane *lane = &s->lanes[k];
    if (!first) {
        linear_lanes_list_logistic(x, k, lane->cutoff, h);
        linear_lanes_sample(x, k, lane->sample, h);
        linear_hessian_build(h, d, DIAGONAL, 1);
        symmetrise(h);
    }
    for (size_t j = 0; j < d->n_columns; j++) {
        model->w[j] = x->w[j * d->lanes + k];
        model->q[j] = x->g[j * d->lanes + k];
    }
    linear_lasso_minimise(model, h->matrix, INNER_ACCURACY * lane->violation);
    lane->slope = 0;
    for (size_t j = 0; j < d->n_columns; j++) {
        const double fresh = model->w[j], w = x->w[j * d->lanes + k], step = fresh - w;
        x->s[j * d->lanes + k] = step;
        lane->slope += x->g[j * d->lanes + k] * step + fabs(fresh) - fabs(w);
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
            direction(s, k, 0, true);
        return;
    }
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d) schedule(dynamic)
    for (size_t k = 0; k < d->n_problems; k++)
        if (!s->lanes[k].done)
            direction(s, k, omp_get_thread_num(), false);
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

/* A better H for a lane whose last step brought little. */
static void refine(struct lane *lane, size_t n_rows)
{
    if (lane->violation > 0.5 * lane->last_violation)
        lane->cutoff *= 0.1;
    if (lane->violation > 0.7 * lane->last_violation && lane->sample < n_rows)
        lane->sample *= 2;
}

static bool check_lanes(const struct solver *s, long iteration)
{
    bool all = true;
    for (size_t k = 0; k < s->x.design->n_problems; k++) {
        struct lane *lane = &s->lanes[k];
        if (iteration == 0)
            lane->first_violation = lane->violation;
        else
            refine(lane, s->x.design->n_rows);
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

static void solver_destroy(struct solver *s)
{
    const size_t n_threads = s->models ? (size_t)s->x.design->n_threads : 0;
    for (size_t i = 0; i < n_threads; i++)
        linear_lasso_destroy(&s->models[i]);
    memory_free(s->models);
    memory_free(s->lanes);
    linear_lanes_destroy(&s->x);
}

static enum status solver_create(struct solver *s, const struct linear_design *design,
                                 const struct linear_l1_options *options, double *w,
                                 struct error *error)
{
    *s = (struct solver){.options = options};
    enum status status = linear_lanes_create(&s->x, design, LINEAR_LOGISTIC, options->C, w, error);
    if (status)
        return status;
    const size_t n_threads = (size_t)design->n_threads;
    s->lanes = memory_zeroed(design->lanes, sizeof *s->lanes);
    s->models = memory_zeroed(n_threads, sizeof *s->models);
    if (!s->lanes || !s->models)
        status = error_memory(error, "the linear problems", design->lanes * sizeof *s->lanes);
    for (size_t i = 0; i < n_threads && !status; i++)
        status = linear_lasso_create(&s->models[i], design->n_columns, design->stride, error);
    for (size_t k = 0; k < design->lanes && !status; k++)
        s->lanes[k] = (struct lane){.cutoff = CUTOFF, .sample = SAMPLE_ROWS};
    if (status)
        solver_destroy(s);
    return status;
}

enum status linear_l1_solve_whole(const struct linear_design *design,
                                  const struct linear_l1_options *options, double *restrict w,
                                  double *restrict r, struct linear_l1_result *result,
                                  struct error *error)
{
    struct solver s;
    *result = (struct linear_l1_result){0};
    const enum status status = solver_create(&s, design, options, w, error);
    if (status)
        return status;
    iterate(&s, result);
    for (size_t k = 0; k < design->n_problems; k++) {
        const struct lane *lane = &s.lanes[k];
        result->objective += lane->value;
        if (lane->first_violation > 0)
            result->violation = fmax(result->violation, lane->violation / lane->first_violation);
    }
    if (r)
        memcpy(r, s.x.r, design->n_rows * design->lanes * sizeof *r);
    solver_destroy(&s);
    return STATUS_OK;
}
