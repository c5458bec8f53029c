/* The vector kernels of SVC, each against a naive twin, at each level that this processor has. */
#include "numerics/kernel_simd.h"
#include "numerics/rng.h"
#include "numerics/smo_simd.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { LENGTH_MAX = 80 };

static float uniform(struct rng *rng, double low, double high)
{
    return (float)(low + (high - low) * rng_uniform(rng));
}

static void fill(struct rng *rng, float *values, size_t n, double low, double high)
{
    for (size_t j = 0; j < n; j++)
        values[j] = uniform(rng, low, high);
}

Test(svc_kernels, rbf_is_its_formula, .timeout = 10)
{
    struct rng rng = rng_create(1, 1);
    for (enum simd_level level = SIMD_PORTABLE; level <= simd_level(); level++)
        for (size_t n = 1; n <= LENGTH_MAX; n++) {
            float products[LENGTH_MAX], values[LENGTH_MAX], norms[LENGTH_MAX];
            fill(&rng, products, n, -300, 300);
            fill(&rng, norms, n, 0, 20);
            if (n > 4) {
                norms[3] = 500; /* e^-500 is 0, or next to it */
                products[4] = 4000;
            }
            memcpy(values, products, sizeof values);
            SIMD_SELECT_LEVEL(level, kernel_kernels)->rbf(values, 0.01f, 3.5f, norms, n);
            for (size_t j = 0; j < n; j++) {
                const double argument = 2 * 0.01 * (double)products[j] - 3.5 - (double)norms[j];
                const double expected = argument > 0 ? 1 : exp(argument);
                cr_assert_leq(fabs((double)values[j] - expected), 4e-6 * expected + 1e-37,
                              "level %d, %g: %g, not %g", (int)level, argument, (double)values[j],
                              expected);
            }
        }
}

Test(svc_kernels, poly_is_its_formula, .timeout = 10)
{
    struct rng rng = rng_create(1, 2);
    for (enum simd_level level = SIMD_PORTABLE; level <= simd_level(); level++)
        for (unsigned degree = 0; degree <= 9; degree++)
            for (size_t n = 1; n <= LENGTH_MAX; n += 7) {
                float products[LENGTH_MAX], values[LENGTH_MAX];
                fill(&rng, products, n, -300, 300);
                memcpy(values, products, sizeof values);
                SIMD_SELECT_LEVEL(level, kernel_kernels)->poly(values, 0.01f, 0.5f, degree, n);
                for (size_t j = 0; j < n; j++) {
                    const float base = 0.01f * products[j] + 0.5f;
                    const double expected = pow((double)base, degree);
                    cr_assert_leq(fabs((double)values[j] - expected), 1e-6 * fabs(expected),
                                  "level %d, degree %u", (int)level, degree);
                }
            }
}

Test(svc_kernels, sigmoid_is_its_formula, .timeout = 10)
{
    struct rng rng = rng_create(1, 3);
    for (enum simd_level level = SIMD_PORTABLE; level <= simd_level(); level++)
        for (size_t n = 1; n <= LENGTH_MAX; n++) {
            float products[LENGTH_MAX], values[LENGTH_MAX];
            fill(&rng, products, n, -300, 300);
            if (n > 5) {
                products[1] = 0;
                products[2] = 1e-6f;
                products[3] = 1e6f;
                products[4] = -1e6f;
                products[5] = 25.0f;
            }
            memcpy(values, products, sizeof values);
            SIMD_SELECT_LEVEL(level, kernel_kernels)->sigmoid(values, 0.01f, 0.0f, n);
            for (size_t j = 0; j < n; j++) {
                const float argument = 0.01f * products[j];
                const double expected = tanh((double)argument);
                cr_assert_leq(fabs((double)values[j] - expected), 4e-7 * fabs(expected),
                              "level %d, %g: %.9g, not %.9g", (int)level, (double)argument,
                              (double)values[j], expected);
            }
        }
}

/* Rows in place or by number; alone, a value has the same bits. */
Test(svc_kernels, products_are_the_sums, .timeout = 20)
{
    enum { ROWS = 40, COLUMNS = 48, STRIDE = 43 };
    static float left[ROWS * COLUMNS], right[ROWS * COLUMNS], values[ROWS * STRIDE];
    struct rng rng = rng_create(1, 6);
    fill(&rng, left, ROWS * COLUMNS, -2, 2);
    fill(&rng, right, ROWS * COLUMNS, -2, 2);
    uint32_t rows[ROWS];
    for (size_t r = 0; r < ROWS; r++)
        rows[r] = rng_below(&rng, ROWS);
    for (enum simd_level level = SIMD_PORTABLE; level <= simd_level(); level++)
        for (size_t n = 1; n <= ROWS; n++) {
            struct kernel_products p = {.n_padded = n % 3 ? COLUMNS : 16,
                                        .n_left = n,
                                        .n_right = ROWS + 1 - n,
                                        .left = left,
                                        .right = right,
                                        .left_rows = n & 1 ? rows : NULL,
                                        .right_rows = n & 2 ? rows : NULL,
                                        .values = values,
                                        .stride = STRIDE};
            SIMD_SELECT_LEVEL(level, kernel_kernels)->products(&p);
            for (size_t i = 0; i < p.n_left; i++)
                for (size_t j = 0; j < p.n_right; j++) {
                    const float *a = left + (p.left_rows ? rows[i] : i) * p.n_padded;
                    const float *b = right + (p.right_rows ? rows[j] : j) * p.n_padded;
                    double expected = 0;
                    for (size_t c = 0; c < p.n_padded; c++)
                        expected += (double)a[c] * (double)b[c];
                    cr_assert_leq(fabs((double)values[i * STRIDE + j] - expected), 2e-5,
                                  "level %d, %zu rows, %zu %zu", (int)level, n, i, j);
                    float alone;
                    const struct kernel_products one = {.n_padded = p.n_padded,
                                                        .n_left = 1,
                                                        .n_right = 1,
                                                        .left = b,
                                                        .right = a,
                                                        .values = &alone,
                                                        .stride = 1};
                    SIMD_SELECT_LEVEL(level, kernel_kernels)->products(&one);
                    cr_assert(alone == values[i * STRIDE + j], "level %d", (int)level);
                }
        }
}

Test(svc_kernels, weighted_sum_is_the_sum, .timeout = 10)
{
    struct rng rng = rng_create(1, 7);
    for (enum simd_level level = SIMD_PORTABLE; level <= simd_level(); level++)
        for (size_t n = 0; n <= LENGTH_MAX; n++) {
            float values[LENGTH_MAX];
            double weights[LENGTH_MAX], expected = 0;
            fill(&rng, values, n, -2, 2);
            for (size_t j = 0; j < n; j++) {
                weights[j] = rng_uniform(&rng) - 0.5;
                expected += weights[j] * (double)values[j];
            }
            const double sum =
                SIMD_SELECT_LEVEL(level, kernel_kernels)->weighted_sum(values, weights, n);
            cr_assert_leq(fabs(sum - expected), 1e-13, "level %d, %zu", (int)level, n);
        }
}

Test(svc_kernels, gradients_are_the_sums, .timeout = 10)
{
    struct rng rng = rng_create(1, 4);
    for (enum simd_level level = SIMD_PORTABLE; level <= simd_level(); level++)
        for (size_t n = 1; n <= 40; n++) {
            enum { COLUMNS = 48 };
            static float x[40 * COLUMNS], rows[KERNEL_ROWS_AT_ONCE][40];
            double w[COLUMNS], weights[KERNEL_ROWS_AT_ONCE], f[40], start[40];
            fill(&rng, x, n * COLUMNS, -2, 2);
            fill(&rng, &rows[0][0], sizeof rows / sizeof(float), -2, 2);
            for (size_t j = 0; j < COLUMNS; j++)
                w[j] = rng_uniform(&rng);
            for (size_t t = 0; t < n; t++)
                start[t] = f[t] = rng_uniform(&rng);
            const float *pointers[KERNEL_ROWS_AT_ONCE];
            for (size_t r = 0; r < KERNEL_ROWS_AT_ONCE; r++) {
                weights[r] = rng_uniform(&rng);
                pointers[r] = rows[r];
            }
            SIMD_SELECT_LEVEL(level, kernel_kernels)->subtract_rows(f, pointers, weights, n);
            SIMD_SELECT_LEVEL(level, kernel_kernels)->subtract_products(f, x, w, n, COLUMNS);
            for (size_t t = 0; t < n; t++) {
                double expected = start[t];
                for (size_t r = 0; r < KERNEL_ROWS_AT_ONCE; r++)
                    expected -= weights[r] * (double)rows[r][t];
                for (size_t j = 0; j < COLUMNS; j++)
                    expected -= w[j] * (double)x[t * COLUMNS + j];
                cr_assert_leq(fabs(f[t] - expected), 1e-12, "level %d row %zu", (int)level, t);
            }
        }
}

static int32_t naive_update(float *f, const float *row_i, const float *row_j, float step,
                            const float *up, size_t n)
{
    int32_t best = SMO_NONE;
    for (size_t t = 0; t < n; t++) {
        f[t] = f[t] - step * (row_i[t] - row_j[t]);
        if (up[t] == 0.0f && (best == SMO_NONE || f[t] >= f[best]))
            best = (int32_t)t;
    }
    return best;
}

static struct smo_second naive_second(const float *f, const float *down, const float *row_i,
                                      const float *diagonal, float f_i, float k_ii, size_t n)
{
    struct smo_second second = {.index = SMO_NONE, .violation = -INFINITY};
    float best = 0;
    for (size_t t = 0; t < n; t++) {
        if (down[t] != 0.0f)
            continue;
        const float b = f_i - f[t];
        float a = k_ii + diagonal[t] - 2 * row_i[t];
        a = a > 0 ? a : SMO_TAU;
        if (b > second.violation)
            second.violation = b;
        if (b > 0 && b * b / a >= best) {
            best = b * b / a;
            second.index = (int32_t)t;
        }
    }
    return second;
}

/* Few distinct values, so that there are ties; each version gives the bits of the naive one. */
Test(svc_kernels, passes_of_smo_equal_their_twins, .timeout = 10)
{
    struct rng rng = rng_create(1, 5);
    for (int round = 0; round < 2000; round++) {
        const size_t n = SMO_LANES * (1 + rng_below(&rng, LENGTH_MAX / SMO_LANES));
        float f[LENGTH_MAX] = {0}, row_i[LENGTH_MAX], row_j[LENGTH_MAX], up[LENGTH_MAX],
              down[LENGTH_MAX], diagonal[LENGTH_MAX];
        const uint32_t kinds = 1 + rng_below(&rng, 5);
        for (size_t t = 0; t < n; t++) {
            f[t] = 0.25f * (float)rng_below(&rng, kinds);
            row_i[t] = 0.5f * (float)rng_below(&rng, 4);
            row_j[t] = 0.5f * (float)rng_below(&rng, 4);
            diagonal[t] = 0.5f * (float)rng_below(&rng, 4);
            up[t] = rng_below(&rng, 4) < kinds - 1 ? 0.0f : -INFINITY;
            down[t] = rng_below(&rng, 4) < kinds - 1 ? 0.0f : INFINITY;
        }
        float expected_f[LENGTH_MAX];
        memcpy(expected_f, f, sizeof f);
        const float step = round % 3 ? 0.3f : 0.0f;
        const int32_t first = naive_update(expected_f, row_i, row_j, step, up, n);
        const struct smo_second second =
            naive_second(expected_f, down, row_i, diagonal, 0.6f, 1.0f, n);
        for (enum simd_level level = SIMD_PORTABLE; level <= simd_level(); level++) {
            const struct smo_kernels *kernels = SIMD_SELECT_LEVEL(level, smo_kernels);
            float own[LENGTH_MAX];
            memcpy(own, f, sizeof f);
            cr_assert_eq(kernels->update(own, row_i, row_j, step, up, n), first, "level %d",
                         (int)level);
            cr_assert_eq(memcmp(own, expected_f, n * sizeof *own), 0, "level %d", (int)level);
            const struct smo_second found =
                kernels->second(own, down, row_i, diagonal, 0.6f, 1.0f, n);
            cr_assert_eq(found.index, second.index, "level %d: %d, not %d", (int)level,
                         (int)found.index, (int)second.index);
            cr_assert_eq(found.violation, second.violation, "level %d", (int)level);
        }
    }
}
