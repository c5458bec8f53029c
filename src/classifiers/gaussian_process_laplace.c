#include "classifiers/gaussian_process_laplace.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <math.h>
#include <string.h>

/* Each step leaves a fortieth of the error. */
enum { REFINEMENTS_MAX = 50 };

size_t gp_solver_bytes(const struct gp_system *system, size_t width)
{
    const size_t n = system->kernel.n_rows;
    return (n + system->factor_start[system->n_blocks] + 4 * n * width) * sizeof(double);
}

enum status gp_solver_create(struct gp_solver *solver, const struct gp_system *system, size_t width,
                             struct error *error)
{
    const size_t n = system->kernel.n_rows;
    *solver = (struct gp_solver){.system = system, .width = width};
    const struct memory_request requests[] = {
        {(void **)&solver->root_w, n, sizeof *solver->root_w},
        {(void **)&solver->cholesky, system->factor_start[system->n_blocks],
         sizeof *solver->cholesky},
        {(void **)&solver->scratch, 4 * n * width, sizeof *solver->scratch},
    };
    return memory_arrays(requests, sizeof requests / sizeof *requests,
                         "the Cholesky factors of a Gaussian process", error);
}

void gp_solver_destroy(struct gp_solver *solver)
{
    memory_free(solver->root_w);
    memory_free(solver->cholesky);
    memory_free(solver->scratch);
    *solver = (struct gp_solver){.system = NULL};
}

/* The lower triangle of block b of B. */
static void fill_block(const struct gp_solver *solver, size_t b, double *restrict square)
{
    const struct gp_kernel *kernel = &solver->system->kernel;
    const size_t first = solver->system->block_start[b];
    const size_t size = solver->system->block_start[b + 1] - first;
    memset(square, 0, size * size * sizeof *square);
    for (size_t i = 0; i < size; i++) {
        const double root = solver->root_w[first + i];
        square[i * size + i] = 1.0 + root * root;
        for (size_t t = kernel->start[first + i]; t < kernel->start[first + i + 1]; t++) {
            const size_t j = kernel->column[t];
            if (j >= first && j < first + i)
                square[i * size + j - first] = root * kernel->value[t] * solver->root_w[j];
        }
    }
}

enum status gp_solver_factor(struct gp_solver *solver, struct error *error)
{
    const struct gp_system *system = solver->system;
    for (size_t b = 0; b < system->n_blocks; b++) {
        const size_t size = system->block_start[b + 1] - system->block_start[b];
        double *square = solver->cholesky + system->factor_start[b];
        if (size == 1) {
            const double root = solver->root_w[system->block_start[b]];
            *square = sqrt(1.0 + root * root);
            continue;
        }
        fill_block(solver, b, square);
        if (!blas_dpotrf(size, square, size))
            return error_set(error, STATUS_FAILED,
                             "the Laplace approximation of %zu coupled training rows is not "
                             "positive definite to working precision",
                             size);
    }
    return STATUS_OK;
}

/* x = B0^-1 x, or only L^-1 x where `half`;  x: n_rows x width. */
static void solve_blocks(const struct gp_solver *solver, bool half, double *x)
{
    const struct gp_system *system = solver->system;
    const size_t width = solver->width;
    for (size_t b = 0; b < system->n_blocks; b++) {
        const size_t size = system->block_start[b + 1] - system->block_start[b];
        const double *square = solver->cholesky + system->factor_start[b];
        double *part = x + system->block_start[b] * width;
        if (size == 1) {
            const double pivot = half ? *square : *square * *square;
            for (size_t j = 0; j < width; j++)
                part[j] /= pivot;
        } else if (width == 1 && !half) {
            blas_dpotrs(size, square, size, part);
        } else {
            blas_dtrsm_left(false, size, width, square, size, part, width);
            if (!half)
                blas_dtrsm_left(true, size, width, square, size, part, width);
        }
    }
}

static void scale_rows(const double *scale, const double *x, size_t n, size_t width,
                       double *restrict y)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            y[i * width + j] = scale[i] * x[i * width + j];
}

/* r = b - B x;  scaled, product: n_rows x width, overwritten. */
static void residual(const struct gp_solver *solver, const double *b, const double *x,
                     double *restrict scaled, double *restrict product, double *restrict r)
{
    const size_t n = solver->system->kernel.n_rows, width = solver->width;
    scale_rows(solver->root_w, x, n, width, scaled);
    gp_kernel_times(&solver->system->kernel, scaled, width, product);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++) {
            const size_t at = i * width + j;
            r[at] = b[at] - (x[at] + solver->root_w[i] * product[at]);
        }
}

/* x += step; is it below the last place of x? */
static bool add_step(double *restrict x, const double *step, size_t n)
{
    double largest_step = 0.0, largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        x[i] += step[i];
        largest_step = fmax(largest_step, fabs(step[i]));
        largest = fmax(largest, fabs(x[i]));
    }
    return largest_step <= 0x1p-52 * largest;
}

/* x = B^-1 b. */
static void solve(struct gp_solver *solver, const double *b, double *restrict x)
{
    const size_t n = solver->system->kernel.n_rows * solver->width;
    double *scaled = solver->scratch, *product = scaled + n, *r = product + n;
    memcpy(x, b, n * sizeof *x);
    solve_blocks(solver, false, x);
    for (int k = 0; solver->system->has_weak && k < REFINEMENTS_MAX; k++) {
        residual(solver, b, x, scaled, product, r);
        solve_blocks(solver, false, r);
        if (add_step(x, r, n))
            break;
    }
}

/* sums[j] = column j of x^T y. */
static void column_products(const double *x, const double *y, size_t n, size_t width,
                            double *restrict sums)
{
    memset(sums, 0, width * sizeof *sums);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            sums[j] += x[i * width + j] * y[i * width + j];
}

static double largest_of(const double *values, size_t n)
{
    double largest = 0.0;
    for (size_t j = 0; j < n; j++)
        largest = fmax(largest, values[j]);
    return largest;
}

/*
 * With x near B^-1 u and r = u - B x, the form is u^T x + x^T r + r^T B^-1 r, of which the last is
 * at most |r|^2 and is left out once it is below 2^-60.
 */
void gp_solver_forms(struct gp_solver *solver, const double *u, double *restrict q)
{
    const size_t rows = solver->system->kernel.n_rows, width = solver->width, n = rows * width;
    double *x = solver->scratch, *scaled = x + n, *product = scaled + n, *r = product + n;
    memcpy(x, u, n * sizeof *x);
    solve_blocks(solver, !solver->system->has_weak, x);
    if (!solver->system->has_weak) {
        column_products(x, x, rows, width, q);
        return;
    }
    for (int k = 0; k < REFINEMENTS_MAX; k++) {
        residual(solver, u, x, scaled, product, r);
        column_products(r, r, rows, width, q);
        const bool is_near = largest_of(q, width) < 0x1p-60;
        if (is_near)
            break;
        solve_blocks(solver, false, r);
        add_step(x, r, n);
    }
    for (size_t i = 0; i < n; i++)
        r[i] += u[i];
    column_products(x, r, rows, width, q);
}

static double log_determinant(const struct gp_solver *solver)
{
    const struct gp_system *system = solver->system;
    double sum = 0.0;
    for (size_t b = 0; b < system->n_blocks; b++) {
        const size_t size = system->block_start[b + 1] - system->block_start[b];
        for (size_t i = 0; i < size; i++)
            sum += 2.0 * log(solver->cholesky[system->factor_start[b] + i * (size + 1)]);
    }
    return sum;
}

/* The sum of (R_ij)^2 / (B_ii B_jj) over i, j of different blocks, R of B. */
static double weak_squares(const struct gp_solver *solver)
{
    const struct gp_system *system = solver->system;
    const struct gp_kernel *kernel = &system->kernel;
    double sum = 0.0;
    for (size_t b = 0; system->has_weak && b < system->n_blocks; b++)
        for (size_t i = system->block_start[b]; i < system->block_start[b + 1]; i++) {
            const double w = solver->root_w[i] * solver->root_w[i];
            for (size_t t = kernel->start[i]; t < kernel->start[i + 1]; t++) {
                const size_t j = kernel->column[t];
                if (j >= system->block_start[b] && j < system->block_start[b + 1])
                    continue;
                const double v = solver->root_w[j] * solver->root_w[j];
                sum += w * v * kernel->value[t] * kernel->value[t] / ((1.0 + w) * (1.0 + v));
            }
        }
    return sum;
}

struct newton {
    double *f, *a, *b, *x, *product; /* n_rows each */
};

static void set_pi(struct gp_solver *solver, const double *f, double *restrict pi)
{
    for (size_t i = 0; i < solver->system->kernel.n_rows; i++) {
        pi[i] = 1.0 / (1.0 + exp(-f[i]));
        solver->root_w[i] = sqrt(pi[i] * (1.0 - pi[i]));
    }
}

/* Lines 6 to 8 of algorithm 3.1. */
static void step(struct gp_solver *solver, const uint8_t *y, const double *pi, struct newton *v)
{
    const struct gp_kernel *kernel = &solver->system->kernel;
    const size_t n = kernel->n_rows;
    for (size_t i = 0; i < n; i++)
        v->b[i] = pi[i] * (1.0 - pi[i]) * v->f[i] + (y[i] - pi[i]);
    gp_kernel_times(kernel, v->b, 1, v->product);
    for (size_t i = 0; i < n; i++)
        v->product[i] *= solver->root_w[i];
    solve(solver, v->product, v->x);
    for (size_t i = 0; i < n; i++)
        v->a[i] = v->b[i] - solver->root_w[i] * v->x[i];
    gp_kernel_times(kernel, v->a, 1, v->f);
}

/* Line 10. */
static double log_marginal_likelihood(const struct gp_solver *solver, const uint8_t *y,
                                      const struct newton *v)
{
    double product = 0.0, losses = 0.0;
    for (size_t i = 0; i < solver->system->kernel.n_rows; i++) {
        product += v->a[i] * v->f[i];
        losses += log1p(exp(y[i] ? -v->f[i] : v->f[i]));
    }
    return -0.5 * product - losses - 0.5 * (log_determinant(solver) - 0.5 * weak_squares(solver));
}

static enum status iterate(struct gp_solver *solver, const uint8_t *y, long max_iter,
                           struct newton *v, struct gp_mode *mode, struct error *error)
{
    mode->log_marginal_likelihood = -INFINITY;
    mode->converged = false;
    for (mode->n_iter = 0; mode->n_iter < max_iter && !mode->converged; mode->n_iter++) {
        set_pi(solver, v->f, mode->pi);
        const enum status status = gp_solver_factor(solver, error);
        if (status)
            return status;
        step(solver, y, mode->pi, v);
        const double reached = log_marginal_likelihood(solver, y, v);
        mode->converged = reached - mode->log_marginal_likelihood < 1e-10;
        if (!mode->converged)
            mode->log_marginal_likelihood = reached;
    }
    return STATUS_OK;
}

enum status gp_laplace_mode(struct gp_solver *solver, const uint8_t *y, long max_iter,
                            struct gp_mode *mode, struct error *error)
{
    const size_t n = solver->system->kernel.n_rows;
    struct newton v = {.f = memory_zeroed(5 * n, sizeof *v.f)};
    if (!v.f)
        return error_memory(error, "Newton's method", 5 * n * sizeof *v.f);
    v.a = v.f + n;
    v.b = v.a + n;
    v.x = v.b + n;
    v.product = v.x + n;
    const enum status status = iterate(solver, y, max_iter, &v, mode, error);
    memory_free(v.f);
    return status;
}

double gp_laplace_probability(double mean, double variance)
{
    static const double lambdas[] = {0.41, 0.4, 0.37, 0.44, 0.39};
    static const double coefficients[] = {-1854.8214151, 3516.89893646, 221.29346712, 128.12323805,
                                          -2010.49422654};
    const double alpha = 1.0 / (2.0 * variance), pi = acos(-1.0);
    double sum = 0.0, half = 0.0;
    for (size_t i = 0; i < sizeof lambdas / sizeof *lambdas; i++) {
        const double scale = sqrt(alpha / (alpha + lambdas[i] * lambdas[i]));
        const double integral =
            sqrt(pi / alpha) * erf(lambdas[i] * mean * scale) / (2.0 * sqrt(variance * 2.0 * pi));
        sum += coefficients[i] * integral;
        half += coefficients[i];
    }
    return sum + 0.5 * half;
}
