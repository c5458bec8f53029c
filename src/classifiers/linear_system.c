/*
 * The matrix is summed over the rows whose weight counts, in float32 where they are many, and
 * factored (Cholesky). Where that factor is not good enough, it preconditions conjugate gradients
 * on all rows in double; and where these take long, later sums of that lane are in double.
 */
#include "classifiers/linear_system.h"

#include "base/memory.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* ROUNDS_MANY cost as much as a sum in double takes longer than one in float32, or more. */
enum { ROUNDS_MAX = 50, ROUNDS_MANY = 6 };

static const double CUTOFF = 1e-6; /* smallest weight that counts, of the mean weight */

double linear_system_bytes(const struct problem_size *size)
{
    const struct linear_system *s = NULL;
    const double n_columns = (double)size->n_features + 1;
    const double row_bytes = (double)linear_lanes_for(size->n_classes) *
                             (double)(sizeof *s->d + sizeof *s->xp + sizeof *s->weighed);
    return (double)size->n_train * row_bytes +
           (double)size->n_classes * n_columns * n_columns * sizeof *s->factors +
           (double)size->n_threads * linear_hessian_bytes(size);
}

enum status linear_system_create(struct linear_system *system, const struct linear_design *design,
                                 struct error *error)
{
    const size_t n_w = design->stride * design->lanes, n_z = design->n_rows * design->lanes;
    const size_t n_factors = design->n_problems * design->stride * design->stride;
    const size_t n_threads = (size_t)design->n_threads;
    *system = (struct linear_system){.design = design};
    const struct memory_request requests[] = {
        {(void **)&system->d, n_z, sizeof *system->d},
        {(void **)&system->e, n_w, sizeof *system->e},
        {(void **)&system->factors, n_factors, sizeof *system->factors},
        {(void **)&system->residual, n_w, sizeof *system->residual},
        {(void **)&system->p, n_w, sizeof *system->p},
        {(void **)&system->q, n_w, sizeof *system->q},
        {(void **)&system->xp, n_z, sizeof *system->xp},
        {(void **)&system->weighed, n_z, sizeof *system->weighed},
        {(void **)&system->column, design->stride, sizeof *system->column},
        {(void **)&system->rho, design->lanes, sizeof *system->rho},
        {(void **)&system->searching, design->lanes, sizeof *system->searching},
        {(void **)&system->rounds, design->lanes, sizeof *system->rounds},
        {(void **)&system->is_double, design->lanes, sizeof *system->is_double},
    };
    enum status status =
        memory_arrays(requests, sizeof requests / sizeof requests[0], "Newton's equations", error);
    if (status)
        return status;
    memset(system->d, 0, n_z * sizeof *system->d);
    memset(system->rounds, 0, design->lanes * sizeof *system->rounds);
    memset(system->is_double, 0, design->lanes * sizeof *system->is_double);
    memset(system->e, 0, n_w * sizeof *system->e);
    system->hessians = memory_zeroed(n_threads, sizeof *system->hessians);
    if (!system->hessians)
        status = error_memory(error, "Newton's equations", n_threads * sizeof *system->hessians);
    for (size_t i = 0; i < n_threads && !status; i++)
        status = linear_hessian_create(&system->hessians[i], design, error);
    return status;
}

void linear_system_destroy(struct linear_system *system)
{
    void *const arrays[] = {system->d,        system->e,   system->factors,   system->residual,
                            system->p,        system->q,   system->xp,        system->weighed,
                            system->column,   system->rho, system->searching, system->rounds,
                            system->is_double};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        memory_free(arrays[i]);
    for (int i = 0; system->hessians && i < system->design->n_threads; i++)
        linear_hessian_destroy(&system->hessians[i]);
    memory_free(system->hessians);
    *system = (struct linear_system){0};
}

/* The rows of lane k that count, and their weights. */
static void list_rows(const struct linear_system *system, size_t k, struct linear_hessian *h)
{
    const struct linear_design *design = system->design;
    double mean = 0;
    for (size_t i = 0; i < design->n_rows; i++)
        mean += system->d[i * design->lanes + k] / (double)design->n_rows;
    h->n_active = 0;
    for (size_t i = 0; i < design->n_rows; i++) {
        const double weight = system->d[i * design->lanes + k];
        if (weight < CUTOFF * mean)
            continue;
        h->rows[h->n_active] = (uint32_t)i;
        h->weights[h->n_active++] = weight;
    }
}

static void factor_lane(const struct linear_system *system, size_t k, struct linear_hessian *h)
{
    const struct linear_design *design = system->design;
    const size_t stride = design->stride;
    double smallest = HUGE_VAL;
    for (size_t j = 0; j < design->n_columns; j++)
        smallest = fmin(smallest, system->e[j * design->lanes + k]);
    list_rows(system, k, h);
    system->is_double[k] |= system->rounds[k] > ROUNDS_MANY;
    system->rounds[k] = 0;
    if (system->is_double[k])
        linear_hessian_build_double(h, design, 0);
    else
        linear_hessian_build(h, design, 0, 1 / smallest);
    for (size_t j = 0; j < design->n_columns; j++)
        h->matrix[j * stride + j] += system->e[j * design->lanes + k];
    linear_hessian_factor(h);
    memcpy(system->factors + k * stride * stride, h->matrix,
           stride * stride * sizeof *system->factors);
}

void linear_system_factor(const struct linear_system *system, const bool *active)
{
    const struct linear_design *design = system->design;
#pragma omp parallel for num_threads(design->n_threads) default(none)                              \
    shared(system, design, active) schedule(dynamic)
    for (size_t k = 0; k < design->n_problems; k++)
        if (active[k])
            factor_lane(system, k, &system->hessians[omp_get_thread_num()]);
}

/* out_k = factor^-1 in_k. */
static void solve_lane(const struct linear_system *system, size_t k, const double *in, double *out)
{
    const struct linear_design *design = system->design;
    for (size_t j = 0; j < design->n_columns; j++)
        system->column[j] = in[j * design->lanes + k];
    linear_hessian_solve(design, system->factors + k * design->stride * design->stride,
                         system->column);
    for (size_t j = 0; j < design->n_columns; j++)
        out[j * design->lanes + k] = system->column[j];
}

/* out = (E + X^T D X) in, given z = X in. */
static void multiply(const struct linear_system *system, const double *in, const double *z,
                     double *out)
{
    const struct linear_design *design = system->design;
    const size_t lanes = design->lanes;
#pragma omp parallel for num_threads(design->n_threads) default(none)                              \
    shared(system, design, z, lanes)
    for (size_t i = 0; i < design->n_rows; i++)
        for (size_t k = 0; k < lanes; k++)
            system->weighed[i * lanes + k] = system->d[i * lanes + k] * z[i * lanes + k];
    linear_transpose_times(design, system->weighed, out);
    for (size_t j = 0; j < design->n_columns * lanes; j++)
        out[j] += system->e[j] * in[j];
}

static double dot(const struct linear_system *system, const double *a, const double *b, size_t k)
{
    double sum = 0;
    for (size_t j = k; j < system->design->n_columns * system->design->lanes;
         j += system->design->lanes)
        sum += a[j] * b[j];
    return sum;
}

static double largest(const struct linear_system *system, const double *a, size_t k)
{
    double size = 0;
    for (size_t j = k; j < system->design->n_columns * system->design->lanes;
         j += system->design->lanes)
        size = fmax(size, fabs(a[j]));
    return size;
}

/* The next direction p of lane k, none where its residual will do; returns whether there is one. */
static bool turn(const struct linear_system *system, double enough, size_t k, bool first)
{
    const size_t lanes = system->design->lanes, end = system->design->n_columns * lanes;
    if (!(largest(system, system->residual, k) > enough)) {
        for (size_t j = k; j < end; j += lanes)
            system->p[j] = 0;
        return false;
    }
    solve_lane(system, k, system->residual, system->q);
    const double rho = dot(system, system->residual, system->q, k);
    const double beta = first ? 0 : rho / system->rho[k];
    for (size_t j = k; j < end; j += lanes)
        system->p[j] = system->q[j] + beta * system->p[j];
    system->rho[k] = rho;
    return rho > 0;
}

/* One step of every lane along its p. */
static void advance(const struct linear_system *system, double *dw, double *dz)
{
    const struct linear_design *design = system->design;
    const size_t lanes = design->lanes;
    double alpha[LINEAR_PROBLEMS_MAX] = {0};
    linear_times(design, system->p, system->xp);
    multiply(system, system->p, system->xp, system->q);
    for (size_t k = 0; k < design->n_problems; k++) {
        if (!system->searching[k])
            continue;
        alpha[k] = system->rho[k] / dot(system, system->p, system->q, k);
        for (size_t j = k; j < design->n_columns * lanes; j += lanes) {
            dw[j] += alpha[k] * system->p[j];
            system->residual[j] -= alpha[k] * system->q[j];
        }
    }
#pragma omp parallel for num_threads(design->n_threads) default(none)                              \
    shared(system, design, dz, lanes, alpha)
    for (size_t i = 0; i < design->n_rows; i++)
        for (size_t k = 0; k < design->n_problems; k++)
            dz[i * lanes + k] += alpha[k] * system->xp[i * lanes + k];
}

/* Conjugate gradients, on from dw and dz. */
static void refine(const struct linear_system *system, const double *enough, const double *rhs,
                   double *dw, double *dz)
{
    const struct linear_design *design = system->design;
    const size_t n_w = design->stride * design->lanes;
    multiply(system, dw, dz, system->residual);
    for (size_t j = 0; j < design->n_columns * design->lanes; j++)
        system->residual[j] = rhs[j] - system->residual[j];
    memset(system->p, 0, n_w * sizeof *system->p);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool any = false;
        for (size_t k = 0; k < design->n_problems; k++) {
            system->searching[k] = system->searching[k] && turn(system, enough[k], k, round == 0);
            any |= system->searching[k];
            if (system->searching[k] && round >= system->rounds[k])
                system->rounds[k] = round + 1;
        }
        if (!any)
            return;
        advance(system, dw, dz);
    }
}

void linear_system_solve(const struct linear_system *system, const bool *active,
                         const double *enough, const double *rhs, double *dw, double *dz)
{
    const struct linear_design *design = system->design;
    memset(dw, 0, design->stride * design->lanes * sizeof *dw);
    for (size_t k = 0; k < design->n_problems; k++) {
        system->searching[k] = active[k];
        if (active[k])
            solve_lane(system, k, rhs, dw);
    }
    linear_times(design, dw, dz);
    refine(system, enough, rhs, dw, dz);
}
