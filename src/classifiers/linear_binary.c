/*
 * For each lane: min over w of 1/2 |w|^2 + sum_i loss_i(y_i w.x_i), y_i = +-1.
 *
 * Logistic loss and squared hinge: Newton's method with a search for the minimum along the step.
 * The Newton matrix is I + sum c_i x_i x_i^T over the rows with curvature c_i. Where these are few
 * it is factored (Cholesky). Where they are many, under the logistic loss, rows are sampled by
 * curvature and leverage, as in the sketched Newton methods, and the factor of the sample
 * preconditions conjugate gradients on all rows. The squared hinge has one curvature, 2 C, on a set
 * of rows that changes little, so the sum is updated by the rows that change (Keerthi and DeCoste,
 * "A modified finite Newton method", JMLR 2005).
 *
 * Hinge: the proximal point method on the dual,
 *     min over 0 <= a <= C of 1/2 |sum_i a_i y_i x_i|^2 - sum_i a_i + mu/2 |a - alpha|^2,
 * solved in the primal, where it is min 1/2 |w|^2 + sum of a hinge with a quadratic piece of width
 * mu C, by the same Newton method (semismooth Newton augmented Lagrangian: Li, Sun and Toh, SIAM J.
 * Optim. 2018, algorithms SSNAL and SSN). alpha is replaced by a, and mu made smaller, when the
 * gradient is a small part of the duality gap.
 *
 * Bounds: the residuals give a dual point a, always feasible; u = sum a_i y_i x_i = w - gradient.
 * For the smooth losses the gap is 1/2 |gradient|^2. The rule to stop is a relative gap of tol; for
 * the logistic loss also LIBLINEAR's, |gradient| <= tol x (share of the rarer label) x |gradient at
 * w = 0|.
 */
#include "classifiers/linear_binary.h"

#include "base/memory.h"
#include "classifiers/linear_lanes.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { LINE_SEARCH_MAX = 30, CG_ROUNDS_MAX = 50, SAMPLE_ROWS = 4000 };

static const double CG_ACCURACY = 0.1;           /* residual, of the gradient */
static const double LINE_SEARCH_ACCURACY = 0.05; /* slope, of that at the start */
static const double PROXIMAL_ACCURACY = 0.1;     /* gap of the proximal problem, of the true one */
static const double PROXIMAL_FACTOR = 0.3;       /* of mu, from one proximal problem to the next */

struct lane {
    double primal, dual; /* of the true problem; dual is the best so far */
    double gradient_squared, last_gradient_squared, first_gradient_squared;
    double cutoff; /* logistic: smallest curvature that counts, of the largest possible */
    double rho;    /* conjugate gradients */
    double low, high, ws, ss, slope; /* line search: bracket; w.s, s.s, derivative at 0 */
    bool is_sampled;                 /* its factor is that of a sample of rows */
    bool searching;
    bool done;
};

struct solver {
    struct linear_lanes x;
    const struct linear_binary_options *options;
    struct lane *lanes;        /* lanes, owned */
    struct linear_gram *grams; /* n_problems, owned; `sum` also keeps the factors of samples */
};

static double square(double x)
{
    return x * x;
}

static double gap_of(const struct lane *lane)
{
    return lane->primal > 0 ? (lane->primal - lane->dual) / lane->primal : 0;
}

/* Residuals, gradients and bounds at w. */
static void evaluate(const struct solver *s)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    linear_lanes_evaluate(x);
    for (size_t k = 0; k < d->n_problems; k++) {
        struct lane *lane = &s->lanes[k];
        const double penalty = 0.5 * linear_lanes_dot(x, x->w, x->w, k);
        const double dual_penalty = 0.5 * linear_lanes_dot(x, x->g, x->g, k);
        for (size_t j = 0; j < d->n_columns; j++)
            x->g[j * d->lanes + k] += x->w[j * d->lanes + k];
        lane->gradient_squared = linear_lanes_dot(x, x->g, x->g, k);
        double dual;
        if (x->loss == LINEAR_PROXIMAL_HINGE) {
            lane->primal = penalty + linear_lanes_total(x, SUM_HINGE, k);
            dual = linear_lanes_total(x, SUM_DUAL, k) - dual_penalty;
        } else {
            lane->primal = penalty + linear_lanes_total(x, SUM_VALUE, k);
            dual = lane->primal - 0.5 * lane->gradient_squared;
        }
        lane->dual = fmax(lane->dual, dual);
    }
}

/* Marks the rows with curvature in lane k; returns what it is in each of them. */
static double mark_hinge(const struct linear_lanes *x, size_t k, uint8_t *member)
{
    const struct linear_design *d = x->design;
    const bool squared = x->loss == LINEAR_SQUARED_HINGE;
    for (size_t i = 0; i < d->n_rows; i++) {
        const double a = fabs(x->r[i * d->lanes + k]);
        member[i] = a > 0 && (squared || a < x->C);
    }
    return squared ? 2 * x->C : 1 / x->mu[k];
}

static void direction(const struct solver *s, size_t k, struct linear_scratch *scratch)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    struct linear_hessian *h = &scratch->hessian;
    struct lane *lane = &s->lanes[k];
    lane->is_sampled = false;
    if (x->loss == LINEAR_LOGISTIC) {
        linear_lanes_list_logistic(x, k, lane->cutoff, h);
        lane->is_sampled = linear_lanes_sample(x, k, SAMPLE_ROWS, h);
        linear_hessian_build(h, d, 1, 1);
    } else {
        const double weight = mark_hinge(x, k, scratch->member);
        linear_hessian_build_gram(h, d, &s->grams[k], scratch->member, weight);
    }
    linear_hessian_factor(h);
    linear_lanes_solve(x, k, h->matrix, -1, x->g, x->s, scratch->column);
    if (lane->is_sampled)
        memcpy(s->grams[k].sum, h->matrix, d->stride * d->stride * sizeof *h->matrix);
}

static void directions(const struct solver *s)
{
    const struct linear_design *d = s->x.design;
    memset(s->x.s, 0, d->stride * d->lanes * sizeof *s->x.s);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d) schedule(dynamic)
    for (size_t k = 0; k < d->n_problems; k++)
        if (!s->lanes[k].done)
            direction(s, k, &s->x.scratch[omp_get_thread_num()]);
}

/* At w = 0 every row has the same curvature, in every lane; for the hinge, that of mu = 1 / C. */
static void first_directions(const struct solver *s)
{
    const struct linear_lanes *x = &s->x;
    struct linear_hessian *h = &x->scratch[0].hessian;
    const double weight = x->loss == LINEAR_LOGISTIC        ? 0.25 * x->C
                          : x->loss == LINEAR_SQUARED_HINGE ? 2 * x->C
                                                            : x->C;
    linear_lanes_list_all(x, weight, h);
    linear_hessian_build(h, x->design, 1, 1);
    linear_hessian_factor(h);
    linear_lanes_shared_leverage(x, h->matrix);
    for (size_t k = 0; k < x->design->n_problems; k++)
        linear_lanes_solve(x, k, h->matrix, -1, x->g, x->s, x->scratch[0].column);
}

/* v = D v, where D has the curvatures of the logistic loss. */
static void weigh(const void *context, size_t first, size_t n_rows, float *restrict v)
{
    const struct linear_lanes *x = context;
    const double C = x->C, inverse = 1 / C;
    const double *restrict r = x->r + first * x->design->lanes;
    for (size_t i = 0; i < n_rows * x->design->lanes; i++) {
        const double probability = fabs(r[i]) * inverse;
        v[i] *= (float)(C * probability * (1 - probability));
    }
}

/* The columns of conjugate gradients, stride x lanes each. */
struct cg {
    double *residual, *p, *q, *y;
};

static struct cg cg_columns(const struct linear_lanes *x)
{
    const size_t n = x->design->stride * x->design->lanes;
    return (struct cg){x->work, x->work + n, x->work + 2 * n, x->work + 3 * n};
}

/* Starts the sampled lanes from s = 0 with the direction that s held; false when there is none. */
static bool cg_start(const struct solver *s)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    const struct cg c = cg_columns(x);
    bool any = false;
    memset(x->work, 0, 4 * d->stride * d->lanes * sizeof *x->work);
    for (size_t k = 0; k < d->n_problems; k++) {
        struct lane *lane = &s->lanes[k];
        lane->searching = lane->is_sampled && !lane->done;
        if (!lane->searching)
            continue;
        any = true;
        for (size_t j = 0; j < d->n_columns; j++) {
            c.residual[j * d->lanes + k] = -x->g[j * d->lanes + k];
            c.p[j * d->lanes + k] = x->s[j * d->lanes + k];
            x->s[j * d->lanes + k] = 0;
        }
        lane->rho = linear_lanes_dot(x, c.residual, c.p, k);
    }
    return any;
}

/* One step of lane k, with q = X^T D X p; false when it has arrived. */
static bool cg_step(const struct solver *s, size_t k)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    const struct cg c = cg_columns(x);
    struct lane *lane = &s->lanes[k];
    for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes)
        c.q[j] += c.p[j];
    const double alpha = lane->rho / linear_lanes_dot(x, c.p, c.q, k);
    for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes) {
        x->s[j] += alpha * c.p[j];
        c.residual[j] -= alpha * c.q[j];
    }
    const bool arrived = linear_lanes_dot(x, c.residual, c.residual, k) <=
                         square(CG_ACCURACY) * lane->gradient_squared;
    double beta = 0;
    if (!arrived) {
        linear_lanes_solve(x, k, s->grams[k].sum, 1, c.residual, c.y, x->scratch[0].column);
        const double rho = linear_lanes_dot(x, c.residual, c.y, k);
        beta = rho / lane->rho;
        lane->rho = rho;
    }
    for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes)
        c.p[j] = arrived ? 0 : c.y[j] + beta * c.p[j];
    return !arrived;
}

/*
 * Newton's equations by conjugate gradients, the lanes side by side, for the lanes whose factor is
 * that of a sample: the factor preconditions. Leaves t = X s.
 */
static void conjugate_gradients(const struct solver *s, long iteration)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    const double *factors[LINEAR_PROBLEMS_MAX];
    bool any = false;
    for (size_t k = 0; k < d->n_problems; k++) {
        factors[k] = s->lanes[k].is_sampled && !s->lanes[k].done ? s->grams[k].sum : NULL;
        any |= factors[k] != NULL;
    }
    if (any)
        linear_lanes_update_leverage(x, factors, iteration);
    any = cg_start(s);
    for (int round = 0; any && round < CG_ROUNDS_MAX; round++) {
        linear_curved_times(d, cg_columns(x).p, weigh, x, cg_columns(x).q);
        any = false;
        for (size_t k = 0; k < d->n_problems; k++)
            if (s->lanes[k].searching) {
                s->lanes[k].searching = cg_step(s, k);
                any |= s->lanes[k].searching;
            }
    }
    linear_times(d, x->s, x->t);
}

/* The next point on the line: Newton's within the bracket, else doubling or halving. */
static void next_step(struct lane *lane, double *step, double slope, double curvature)
{
    if (fabs(slope) <= LINE_SEARCH_ACCURACY * fabs(lane->slope)) {
        lane->searching = false;
        return;
    }
    if (slope > 0)
        lane->high = *step;
    else
        lane->low = *step;
    const double newton = *step - slope / curvature;
    if (newton > lane->low && newton < lane->high)
        *step = newton;
    else if (isinf(lane->high))
        *step = 2 * lane->low;
    else
        *step = 0.5 * (lane->low + lane->high);
}

/* The minimum along s in every lane, from a full step on. */
static void line_search(const struct solver *s)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    bool any = false;
    for (size_t k = 0; k < d->lanes; k++) {
        struct lane *lane = &s->lanes[k];
        x->step[k] = 0;
        lane->searching = false;
        if (k >= d->n_problems || lane->done)
            continue;
        lane->low = 0;
        lane->high = HUGE_VAL;
        lane->ws = linear_lanes_dot(x, x->w, x->s, k);
        lane->ss = linear_lanes_dot(x, x->s, x->s, k);
        lane->slope = linear_lanes_dot(x, x->g, x->s, k);
        lane->searching = lane->slope < 0;
        x->step[k] = lane->searching ? 1 : 0;
        any |= lane->searching;
    }
    for (int round = 0; any && round < LINE_SEARCH_MAX; round++) {
        linear_lanes_along(x);
        any = false;
        for (size_t k = 0; k < d->n_problems; k++) {
            struct lane *lane = &s->lanes[k];
            if (!lane->searching)
                continue;
            next_step(lane, &x->step[k],
                      linear_lanes_total(x, SUM_SLOPE, k) + lane->ws + x->step[k] * lane->ss,
                      linear_lanes_total(x, SUM_CURVATURE, k) + lane->ss);
            any |= lane->searching;
        }
    }
}

/* Marks the lanes that have arrived; returns whether all have. */
static bool check_lanes(const struct solver *s, long iteration)
{
    const struct linear_binary_options *o = s->options;
    bool all = true;
    for (size_t k = 0; k < s->x.design->n_problems; k++) {
        struct lane *lane = &s->lanes[k];
        if (iteration == 0)
            lane->first_gradient_squared = lane->gradient_squared;
        else if (lane->gradient_squared > 0.04 * lane->last_gradient_squared)
            lane->cutoff *= 0.1;
        lane->last_gradient_squared = lane->gradient_squared;
        lane->done = gap_of(lane) <= o->tol;
        if (o->loss == LINEAR_LOGISTIC)
            lane->done &= lane->gradient_squared <=
                          square(o->tol * s->x.rarity[k]) * lane->first_gradient_squared;
        all &= lane->done;
    }
    return all;
}

/* Moves the proximal centres of the lanes that solve their proximal problem well enough. */
static bool move_centres(const struct solver *s)
{
    const struct linear_lanes *x = &s->x;
    const struct linear_design *d = x->design;
    bool any = false;
    for (size_t k = 0; k < d->n_problems; k++) {
        const struct lane *lane = &s->lanes[k];
        if (lane->done ||
            0.5 * lane->gradient_squared > PROXIMAL_ACCURACY * (lane->primal - lane->dual))
            continue;
        any = true;
        for (size_t i = k; i < d->n_rows * d->lanes; i += d->lanes)
            x->alpha[i] = fabs(x->r[i]);
        x->mu[k] *= PROXIMAL_FACTOR;
    }
    return any;
}

static void iterate(const struct solver *s, struct linear_binary_result *result)
{
    const struct linear_binary_options *o = s->options;
    for (long iteration = 0;; iteration++) {
        evaluate(s);
        result->n_iter = iteration;
        result->converged = check_lanes(s, iteration);
        if (result->converged || iteration == o->max_iter)
            return;
        if (o->loss == LINEAR_PROXIMAL_HINGE && move_centres(s))
            evaluate(s);
        if (iteration == 0)
            first_directions(s);
        else
            directions(s);
        if (iteration > 0 && o->loss == LINEAR_LOGISTIC)
            conjugate_gradients(s, iteration);
        else
            linear_times(s->x.design, s->x.s, s->x.t);
        line_search(s);
        linear_lanes_move(&s->x);
    }
}

double linear_binary_bytes(const struct problem_size *size)
{
    const struct linear_gram *gram = NULL;
    const double n_columns = (double)size->n_features + 1;
    const double gram_bytes =
        n_columns * n_columns * sizeof *gram->sum + (double)size->n_train * sizeof *gram->member;
    return linear_lanes_bytes(size) + (double)size->n_classes * gram_bytes;
}

static enum status create(struct solver *s, const struct linear_design *design, double *w,
                          struct error *error)
{
    enum status status =
        linear_lanes_create(&s->x, design, s->options->loss, s->options->C, w, error);
    if (status)
        return status;
    s->lanes = memory_zeroed(design->lanes, sizeof *s->lanes);
    s->grams = memory_zeroed(design->n_problems, sizeof *s->grams);
    if (!s->lanes || !s->grams)
        return error_memory(error, "the linear problems", design->lanes * sizeof *s->lanes);
    for (size_t k = 0; k < design->n_problems && !status; k++)
        status = linear_gram_create(&s->grams[k], design, error);
    for (size_t k = 0; k < design->lanes; k++)
        s->lanes[k] = (struct lane){.dual = -HUGE_VAL, .cutoff = 1e-2};
    return status;
}

enum status linear_binary_solve(const struct linear_design *design,
                                const struct linear_binary_options *options, double *restrict w,
                                struct linear_binary_result *result, struct error *error)
{
    struct solver s = {.options = options};
    *result = (struct linear_binary_result){0};
    const enum status status = create(&s, design, w, error);
    if (!status) {
        iterate(&s, result);
        for (size_t k = 0; k < design->n_problems; k++) {
            result->objective += s.lanes[k].primal;
            result->dual_gap = fmax(result->dual_gap, gap_of(&s.lanes[k]));
        }
    }
    for (size_t k = 0; s.grams && k < design->n_problems; k++)
        linear_gram_destroy(&s.grams[k]);
    memory_free(s.grams);
    memory_free(s.lanes);
    linear_lanes_destroy(&s.x);
    return status;
}
