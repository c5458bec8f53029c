/*
 * A primal-dual interior-point method for the machine of Crammer and Singer,
 *
 *     min 1/2 sum_k |w_k|^2 + C sum_i (t_i - w_{y_i}.x_i),
 *     s_ik = t_i - 1[k != y_i] - w_k.x_i >= 0,
 *
 * whose multipliers C p_ik >= 0 have the sum C over the classes, and at whose optimum
 * w_k = C sum_i (1[k = y_i] - p_ik) x_i and p_ik s_ik = 0. Newton's method on these equations with
 * sigma mu for 0, by Mehrotra's predictor and corrector (SIAM J. Optimization 2, 1992; Nocedal and
 * Wright, Numerical Optimization, 2nd edition, algorithm 16.4). All but the weights eliminated,
 * with d_ik = C p_ik / s_ik a step solves
 *
 *     (I + sum_i (D_i - d_i d_i^T / sum d_i) (x) x_i x_i^T) dw = right-hand side
 *
 * by conjugate gradients, preconditioned by crammer_singer_joint.c, with products in float32 as
 * long as that has a factor in float32, and then the residual in double where it matters. As a
 * factor costs more than to solve with it, Gondzio's centrality corrections lengthen the step
 * (Computational Optimization and Applications 6, 1996).
 *
 * From w = 0 and p = 1 / n_classes, where all p_ik s_ik are nearly the same: from a better guess of
 * w the steps are shorter. C (1[k = y_i] - p_ik) is feasible for the dual at every iterate, which
 * makes the duality gap rigorous.
 */
#include "classifiers/crammer_singer.h"

#include "base/memory.h"
#include "classifiers/crammer_singer_joint.h"

#include <math.h>
#include <string.h>

enum {
    STEPS_MAX = 100,
    CG_ROUNDS_MAX = 100,
    CORRECTIONS_MAX = 6,
    REFINEMENTS_MAX = 3,
    N_TOTALS = 3
};

static const double SLACK_FIRST = 10;
static const double CG_ACCURACY = 1e-2;   /* of the error, in the norm of the matrix */
static const double RESIDUAL_SHARE = 0.1; /* of a step in the duality gap, beside that of p s */
static const double SIGMA_MAX = 0.1;
static const double AHEAD = 0.3;         /* of the whole step, where products are looked at */
static const double SPREAD = 10;         /* of the products about their target */
static const double WORTH_IT = 0.03;     /* of the whole step, to try another correction */
static const double TO_BOUNDARY = 0.995; /* share of the longest step */
static const double STEP_MIN = 1e-8;

struct interior {
    const struct linear_design *design; /* borrowed */
    double C;
    double *w;                          /* stride x lanes, borrowed */
    double *dw, *dw_kept, *v, *rhs;     /* stride x lanes, owned; v = X^T C (p - 1[k = y]) */
    double *residual, *p_cg, *q_cg, *y; /* stride x lanes, owned: conjugate gradients */
    double *z, *dz;                     /* n_rows x lanes, owned, as is all below: X w, X dw */
    double *p, *s, *dp, *ds, *d;        /* n_rows x lanes */
    double *aim, *aim_kept;             /* n_rows x lanes: (wanted p s - p s) / s */
    double *r;                          /* n_rows x lanes: for products */
    double *sum_d;                      /* n_rows */
    double *totals;                     /* LINEAR_CHUNKS x N_TOTALS */
    double mu, primal, dual;            /* the mean of p s; at w; at p */
    double first_error;                 /* at dw = 0, squared in the norm of the matrix */
    struct crammer_singer_joint joint;
};

static void add_totals(const struct interior *s, double *totals)
{
    memset(totals, 0, N_TOTALS * sizeof *totals);
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        for (size_t i = 0; i < N_TOTALS; i++)
            totals[i] += s->totals[chunk * N_TOTALS + i];
}

static size_t n_weights(const struct interior *s)
{
    return s->design->stride * s->design->lanes;
}

static double n_products(const struct interior *s)
{
    return (double)s->design->n_rows * (double)s->design->n_problems;
}

/* a . b of stride x lanes arrays. */
static double dot(const struct interior *s, const double *a, const double *b)
{
    double sum = 0;
    for (size_t j = 0; j < n_weights(s); j++)
        sum += a[j] * b[j];
    return sum;
}

static void start(struct interior *s)
{
    const struct linear_design *d = s->design;
    const size_t n_z = d->n_rows * d->lanes;
    double *const zeroed[] = {s->z, s->dz, s->p, s->s, s->dp, s->ds, s->d, s->aim, s->r};
    for (size_t i = 0; i < sizeof zeroed / sizeof zeroed[0]; i++)
        memset(zeroed[i], 0, n_z * sizeof *zeroed[i]);
    memset(s->w, 0, n_weights(s) * sizeof *s->w);
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            s->p[i * d->lanes + k] = 1 / (double)d->n_problems;
            s->s[i * d->lanes + k] = SLACK_FIRST + (k == (size_t)d->row_class[i]);
        }
}

/* d and r = C (p - 1[k = y]); totals: true loss, C (1 - p_y), p s. */
static void weigh_rows(const struct interior *s, size_t chunk)
{
    const struct linear_design *d = s->design;
    double *sums = s->totals + chunk * N_TOTALS;
    memset(sums, 0, N_TOTALS * sizeof *sums);
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        const size_t y = (size_t)d->row_class[i], first = i * d->lanes;
        double worst = 0, sum = 0;
        for (size_t k = 0; k < d->n_problems; k++) {
            const double p = s->p[first + k], slack = s->s[first + k];
            worst = fmax(worst, (k != y) + s->z[first + k] - s->z[first + y]);
            s->d[first + k] = s->C * p / slack;
            sum += s->d[first + k];
            s->r[first + k] = s->C * (p - (k == y));
            sums[2] += p * slack;
        }
        s->sum_d[i] = sum;
        sums[0] += s->C * worst;
        sums[1] += s->C * (1 - s->p[first + y]);
    }
}

static void evaluate(struct interior *s)
{
    const struct linear_design *d = s->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        weigh_rows(s, chunk);
    double totals[N_TOTALS];
    add_totals(s, totals);
    linear_transpose_times(d, s->r, s->v);
    s->primal = 0.5 * dot(s, s->w, s->w) + totals[0];
    s->dual = totals[1] - 0.5 * dot(s, s->v, s->v);
    s->mu = totals[2] / n_products(s);
}

/* What a solution is for. */
enum aim { PREDICT, CORRECT, CENTRE };

struct target {
    enum aim aim;
    double product; /* of p s */
    double ahead;   /* the step to where products are centred */
};

/* What would bring a product that leaves the range about the target back to it. */
static double centring(const struct interior *s, size_t q, const struct target *target)
{
    const double low = target->product / SPREAD, high = target->product * SPREAD;
    const double product =
        (s->p[q] + target->ahead * s->dp[q]) * (s->s[q] + target->ahead * s->ds[q]);
    if (product < low)
        return low - product;
    return product > high ? fmax(high - product, -high) : 0;
}

static double aim_at(const struct interior *s, size_t q, const struct target *target)
{
    if (target->aim == PREDICT)
        return -s->p[q];
    if (target->aim == CORRECT)
        return (target->product - s->dp[q] * s->ds[q]) / s->s[q] - s->p[q];
    return s->aim[q] + centring(s, q, target) / s->s[q];
}

/* aim, and r = C (p + aim - share of d - 1[k = y]). */
static void aim_rows(const struct interior *s, const struct target *target, size_t chunk)
{
    const struct linear_design *d = s->design;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        const size_t y = (size_t)d->row_class[i], first = i * d->lanes;
        double sum = 0;
        for (size_t q = first; q < first + d->n_problems; q++) {
            s->aim[q] = aim_at(s, q, target);
            sum += s->aim[q];
        }
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t q = first + k;
            s->r[q] = s->C * (s->p[q] + s->aim[q] - s->d[q] / s->sum_d[i] * sum - (k == y));
        }
    }
}

/* A new right-hand side; the residual at dw changes by as much. */
static void aim(struct interior *s, const struct target *target)
{
    const struct linear_design *d = s->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, target)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        aim_rows(s, target, chunk);
    for (size_t j = 0; j < n_weights(s); j++)
        s->residual[j] -= s->rhs[j];
    linear_transpose_times(d, s->r, s->rhs);
    for (size_t j = 0; j < n_weights(s); j++) {
        s->rhs[j] = -s->w[j] - s->rhs[j];
        s->residual[j] += s->rhs[j];
    }
}

/* v = (D - d d^T / sum d) v for row i. */
static void weigh_row(const struct interior *s, size_t i, double *restrict v)
{
    const size_t lanes = s->design->lanes;
    const double *restrict d = s->d + i * lanes;
    double mean = 0;
    for (size_t k = 0; k < lanes; k++)
        mean += d[k] * v[k];
    mean /= s->sum_d[i];
    for (size_t k = 0; k < lanes; k++)
        v[k] = d[k] * (v[k] - mean);
}

static void weigh(const void *context, size_t first, size_t n_rows, float *restrict v)
{
    const struct interior *s = context;
    const size_t lanes = s->design->lanes;
    double row[LINEAR_PROBLEMS_MAX];
    for (size_t i = first; i < first + n_rows; i++, v += lanes) {
        for (size_t k = 0; k < lanes; k++)
            row[k] = (double)v[k];
        weigh_row(s, i, row);
        for (size_t k = 0; k < lanes; k++)
            v[k] = (float)row[k];
    }
}

/* q = the matrix times p, in the precision of its factor; in double, dz is for the products. */
static void times_matrix(const struct interior *s, const double *p, double *q)
{
    const struct linear_design *d = s->design;
    if (!s->joint.is_double) {
        linear_curved_times(d, p, weigh, s, q);
    } else {
        linear_times(d, p, s->dz);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d)
        for (size_t i = 0; i < d->n_rows; i++)
            weigh_row(s, i, s->dz + i * d->lanes);
        linear_transpose_times(d, s->dz, q);
    }
    for (size_t j = 0; j < n_weights(s); j++)
        q[j] += p[j];
}

static bool residual_will_do(const struct interior *s)
{
    return 0.5 * dot(s, s->residual, s->residual) <= RESIDUAL_SHARE * s->C * s->mu * n_products(s);
}

/* dw, on from where it is. */
static void conjugate_gradients(struct interior *s)
{
    double *restrict p = s->p_cg, *restrict q = s->q_cg;
    crammer_singer_joint_solve(&s->joint, s->residual, s->y);
    memcpy(p, s->y, n_weights(s) * sizeof *p);
    double rho = dot(s, s->residual, s->y);
    s->first_error = fmax(s->first_error, rho);
    const double enough = CG_ACCURACY * CG_ACCURACY * s->first_error;
    for (int round = 0; round < CG_ROUNDS_MAX && rho > 0; round++) {
        if (rho <= enough && residual_will_do(s))
            return;
        times_matrix(s, p, q);
        const double alpha = rho / dot(s, p, q);
        for (size_t j = 0; j < n_weights(s); j++) {
            s->dw[j] += alpha * p[j];
            s->residual[j] -= alpha * q[j];
        }
        crammer_singer_joint_solve(&s->joint, s->residual, s->y);
        const double fresh = dot(s, s->residual, s->y);
        for (size_t j = 0; j < n_weights(s); j++)
            p[j] = s->y[j] + fresh / rho * p[j];
        rho = fresh;
    }
    s->joint.wants_double = true;
}

/* dp and ds from dz, and r = C (p + dp - 1[k = y]). Returns 1 / the longest step that keeps p and s
   positive, at least 1. */
static double direct_rows(const struct interior *s, size_t chunk)
{
    const struct linear_design *d = s->design;
    double inverse = 1;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        const size_t y = (size_t)d->row_class[i], first = i * d->lanes;
        double dt = 0;
        for (size_t q = first; q < first + d->n_problems; q++)
            dt += s->C * s->aim[q] + s->d[q] * s->dz[q];
        dt /= s->sum_d[i];
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t q = first + k;
            s->ds[q] = dt - s->dz[q];
            s->dp[q] = s->aim[q] - s->d[q] / s->C * s->ds[q];
            s->r[q] = s->C * (s->p[q] + s->dp[q] - (k == y));
            inverse = fmax(inverse, fmax(-s->dp[q] / s->p[q], -s->ds[q] / s->s[q]));
        }
    }
    return inverse;
}

/* All that follows from dw; returns the longest step, at most 1. */
static double direct(struct interior *s)
{
    const struct linear_design *d = s->design;
    linear_times(d, s->dw, s->dz);
    double inverse = 1;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s) reduction(max : inverse)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        inverse = fmax(inverse, direct_rows(s, chunk));
    return 1 / inverse;
}

/* The mean of p s after a step. */
static double mean_after(const struct interior *s, double step)
{
    const struct linear_design *d = s->design;
    memset(s->totals, 0, LINEAR_CHUNKS * N_TOTALS * sizeof *s->totals);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d, step)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        const size_t end = linear_chunk_begin(d, chunk + 1) * d->lanes;
        double sum = 0;
        for (size_t q = linear_chunk_begin(d, chunk) * d->lanes; q < end; q++)
            sum += (s->p[q] + step * s->dp[q]) * (s->s[q] + step * s->ds[q]);
        s->totals[chunk * N_TOTALS] = sum;
    }
    double totals[N_TOTALS];
    add_totals(s, totals);
    return totals[0] / n_products(s);
}

/* Corrections as long as they make the step longer; returns it. */
static double centre(struct interior *s, double product)
{
    const size_t n_aim = s->design->n_rows * s->design->lanes;
    double longest = direct(s);
    for (int i = 0; i < CORRECTIONS_MAX && longest < 1; i++) {
        const struct target target = {
            .aim = CENTRE, .product = product, .ahead = fmin(1, longest + AHEAD)};
        memcpy(s->dw_kept, s->dw, n_weights(s) * sizeof *s->dw);
        memcpy(s->aim_kept, s->aim, n_aim * sizeof *s->aim);
        aim(s, &target);
        conjugate_gradients(s);
        const double corrected = direct(s);
        if (corrected < longest) {
            memcpy(s->dw, s->dw_kept, n_weights(s) * sizeof *s->dw);
            memcpy(s->aim, s->aim_kept, n_aim * sizeof *s->aim);
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
        linear_transpose_times(s->design, s->r, s->residual);
        for (size_t j = 0; j < n_weights(s); j++)
            s->residual[j] = -s->w[j] - s->dw[j] - s->residual[j];
        if (residual_will_do(s))
            break;
        s->joint.wants_double |= i > 0;
        conjugate_gradients(s);
        longest = direct(s);
    }
    return longest;
}

static void move(struct interior *s, double step)
{
    const struct linear_design *d = s->design;
    for (size_t j = 0; j < n_weights(s); j++)
        s->w[j] += step * s->dw[j];
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, d, step)
    for (size_t i = 0; i < d->n_rows; i++) {
        const size_t first = i * d->lanes;
        double sum = 0;
        for (size_t q = first; q < first + d->n_problems; q++) {
            s->p[q] += step * s->dp[q];
            s->s[q] += step * s->ds[q];
            s->z[q] += step * s->dz[q];
            sum += s->p[q];
        }
        for (size_t q = first; q < first + d->n_problems; q++)
            s->p[q] /= sum;
    }
}

/* With the matrix factored; returns the step. */
static double step(struct interior *s)
{
    double *const zeroed[] = {s->dw, s->rhs, s->residual};
    for (size_t i = 0; i < sizeof zeroed / sizeof zeroed[0]; i++)
        memset(zeroed[i], 0, n_weights(s) * sizeof *zeroed[i]);
    s->first_error = 0;
    aim(s, &(struct target){.aim = PREDICT});
    conjugate_gradients(s);
    const double ratio = mean_after(s, direct(s)) / s->mu;
    const double product = fmin(SIGMA_MAX, ratio * ratio * ratio) * s->mu;
    aim(s, &(struct target){.aim = CORRECT, .product = product});
    conjugate_gradients(s);
    const double longest = refine(s, centre(s, product));
    move(s, fmin(1, TO_BOUNDARY * longest));
    return longest;
}

static enum status iterate(struct interior *s, const struct crammer_singer_options *o,
                           struct crammer_singer_result *result, struct error *error)
{
    start(s);
    for (long n_iter = 0;; n_iter++) {
        evaluate(s);
        result->n_iter = n_iter;
        result->objective = s->primal;
        result->dual_gap = s->primal > 0 ? (s->primal - s->dual) / s->primal : 0;
        result->converged = result->dual_gap <= o->tol;
        if (result->converged || n_iter == o->max_iter || n_iter == STEPS_MAX)
            return STATUS_OK;
        bool is_factored;
        const enum status status =
            crammer_singer_joint_factor(&s->joint, s->d, s->sum_d, &is_factored, error);
        if (status || !is_factored || step(s) < STEP_MIN)
            return status;
    }
}

enum { N_ROWS = 10 }; /* arrays of rows x lanes */

double crammer_singer_interior_row_bytes(double n_lanes)
{
    return (N_ROWS * n_lanes + 1) * sizeof(double);
}

static enum status create(struct interior *s, struct error *error)
{
    const struct linear_design *d = s->design;
    double **const weights[] = {&s->dw,       &s->dw_kept, &s->v,    &s->rhs,
                                &s->residual, &s->p_cg,    &s->q_cg, &s->y};
    double **const rows[] = {&s->z,  &s->dz, &s->p,   &s->s,        &s->dp,
                             &s->ds, &s->d,  &s->aim, &s->aim_kept, &s->r};
    enum { N_WEIGHTS = sizeof weights / sizeof weights[0] };
    _Static_assert(sizeof rows / sizeof rows[0] == N_ROWS, "as crammer_singer_interior_row_bytes");
    struct memory_request requests[N_WEIGHTS + N_ROWS + 2];
    size_t n = 0;
    for (size_t i = 0; i < N_WEIGHTS; i++)
        requests[n++] = (struct memory_request){(void **)weights[i], n_weights(s), sizeof(double)};
    for (size_t i = 0; i < N_ROWS; i++)
        requests[n++] =
            (struct memory_request){(void **)rows[i], d->n_rows * d->lanes, sizeof(double)};
    requests[n++] = (struct memory_request){(void **)&s->sum_d, d->n_rows, sizeof(double)};
    requests[n++] =
        (struct memory_request){(void **)&s->totals, LINEAR_CHUNKS * N_TOTALS, sizeof(double)};
    const enum status status = memory_arrays(requests, n, "Crammer and Singer's machine", error);
    return status ? status : crammer_singer_joint_create(&s->joint, d, error);
}

static void destroy(struct interior *s)
{
    void *const arrays[] = {s->dw, s->dw_kept, s->v,        s->rhs, s->residual, s->p_cg,  s->q_cg,
                            s->y,  s->z,       s->dz,       s->p,   s->s,        s->dp,    s->ds,
                            s->d,  s->aim,     s->aim_kept, s->r,   s->sum_d,    s->totals};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        memory_free(arrays[i]);
    crammer_singer_joint_destroy(&s->joint);
}

enum status crammer_singer_interior(const struct linear_design *design,
                                    const struct crammer_singer_options *options,
                                    double *restrict w, struct crammer_singer_result *result,
                                    struct error *error)
{
    struct interior s = {.design = design, .C = options->C, .w = w};
    *result = (struct crammer_singer_result){.solver = "primal-dual interior-point method"};
    enum status status = create(&s, error);
    if (!status)
        status = iterate(&s, options, result, error);
    destroy(&s);
    return status;
}
