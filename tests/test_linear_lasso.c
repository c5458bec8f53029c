/* The minimisation of a quadratic with an l1 term against its conditions of optimality. */
#include "classifiers/linear_lasso.h"

#include "base/memory.h"
#include "numerics/blas.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <math.h>

enum { N = 40, STRIDE = 48, ROWS_MAX = 200 };

/* h = sum of `rows` x x^T of strongly correlated x, plus ridge I; q and w at random. */
static void random_model(uint64_t seed, size_t rows, double ridge, double *h, double *q, double *w)
{
    struct rng rng = rng_create(seed, 0);
    for (size_t i = 0; i < N * STRIDE; i++)
        h[i] = 0;
    for (size_t r = 0; r < rows; r++) {
        double x[N], level = 0;
        for (size_t j = 0; j < N; j++) {
            level = 0.99 * level + 0.1 * (rng_uniform(&rng) - 0.5);
            x[j] = level;
        }
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++)
                h[i * STRIDE + j] += 100 * x[i] * x[j];
    }
    for (size_t j = 0; j < N; j++) {
        h[j * STRIDE + j] += ridge;
        q[j] = 6 * (rng_uniform(&rng) - 0.5);
        w[j] = j % 3 ? 0 : rng_uniform(&rng) - 0.5;
    }
}

static void check_minimum(uint64_t seed, size_t rows, double ridge)
{
    const double target = 1e-8;
    double h[N * STRIDE], q[N], w[N];
    random_model(seed, rows, ridge, h, q, w);
    struct linear_lasso lasso = {0};
    struct error error;
    cr_assert_eq(linear_lasso_create(&lasso, N, STRIDE, &error), STATUS_OK);
    for (size_t j = 0; j < N; j++) {
        lasso.w[j] = w[j];
        lasso.q[j] = q[j];
    }
    linear_lasso_minimise(&lasso, h, target);
    double violation = 0;
    size_t n_zero = 0;
    for (size_t i = 0; i < N; i++) {
        double gradient = q[i];
        for (size_t j = 0; j < N; j++)
            gradient += h[i * STRIDE + j] * (lasso.w[j] - w[j]);
        violation += linear_lasso_violation(gradient, lasso.w[i]);
        n_zero += lasso.w[i] == 0;
    }
    linear_lasso_destroy(&lasso);
    cr_expect_lt(violation, 10 * target, "seed %d rows %zu: %g", (int)seed, rows, violation);
    cr_expect(n_zero > 0 && n_zero < N, "seed %d rows %zu: %zu zeros", (int)seed, rows, n_zero);
}

Test(linear_lasso, reaches_the_minimum, .timeout = 10)
{
    blas_start();
    for (uint64_t seed = 0; seed < 20; seed++)
        check_minimum(seed, ROWS_MAX, 1e-6);
}

Test(linear_lasso, reaches_the_minimum_of_a_nearly_singular_model, .timeout = 10)
{
    blas_start();
    for (uint64_t seed = 0; seed < 20; seed++)
        check_minimum(seed, N / 2, 1e-2);
}

Test(linear_lasso, violation_is_the_smallest_subgradient)
{
    cr_expect_eq(linear_lasso_violation(0.5, 0), 0);
    cr_expect_eq(linear_lasso_violation(-3, 0), 2);
    cr_expect_eq(linear_lasso_violation(-1, 2), 0);
    cr_expect_eq(linear_lasso_violation(0, -2), 1);
}
