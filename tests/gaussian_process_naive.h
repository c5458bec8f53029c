/* Toy data, and the Laplace approximation by its definition, with dense matrices. */
#ifndef FMBENCH_TESTS_GAUSSIAN_PROCESS_NAIVE_H
#define FMBENCH_TESTS_GAUSSIAN_PROCESS_NAIVE_H

#include "classifiers/classifier.h"
#include "numerics/blas.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_ROWS_MAX = 400, SAMPLE_FEATURES_MAX = 64 };

struct sample {
    size_t n_rows, n_features, n_classes;
    uint8_t bytes[SAMPLE_ROWS_MAX * SAMPLE_FEATURES_MAX], y[SAMPLE_ROWS_MAX];
    struct scaling scaling;
    struct features x;
};

struct recipe {
    size_t n_rows, n_features, n_classes;
    size_t n_centres; /* row i lies around centre i mod n_centres */
    size_t noise;     /* bytes vary by less than this around the centre */
    size_t first;     /* number of the first row: other rows of the same centres */
};

/* Standardised by `scaling`, or by itself where that is NULL. */
static inline struct sample *sample_create(struct recipe recipe, const struct scaling *scaling)
{
    struct sample *s = calloc(1, sizeof *s);
    cr_assert(s && recipe.n_rows <= SAMPLE_ROWS_MAX && recipe.n_features <= SAMPLE_FEATURES_MAX);
    s->n_rows = recipe.n_rows;
    s->n_features = recipe.n_features;
    s->n_classes = recipe.n_classes;
    for (size_t row = 0; row < recipe.n_rows; row++) {
        const size_t i = recipe.first + row, c = i % recipe.n_centres;
        s->y[row] = (uint8_t)((c + (i % 7 == 3)) % recipe.n_classes);
        for (size_t j = 0; j < recipe.n_features; j++)
            s->bytes[row * recipe.n_features + j] =
                (uint8_t)((c * (37 * j + 11) + 5 * j * j * c) % 150 +
                          (i * (3 * j + 7) + i / 5 * j * j) % recipe.noise);
    }
    blas_start();
    if (!scaling)
        cr_assert_eq(scaling_create(&s->scaling, s->bytes, s->n_rows, s->n_features, NULL), 0);
    const struct features_source source = {.bytes = s->bytes,
                                           .n_rows = s->n_rows,
                                           .n_features = s->n_features,
                                           .scaling = scaling ? scaling : &s->scaling};
    cr_assert_eq(features_create(&s->x, &source, NULL), STATUS_OK);
    return s;
}

static inline void sample_destroy(struct sample *s)
{
    features_destroy(&s->x);
    scaling_destroy(&s->scaling);
    free(s);
}

static inline double sample_kernel(const struct features *a, size_t i, const struct features *b,
                                   size_t j)
{
    double distance = 0;
    for (size_t f = 0; f < a->n_features; f++) {
        const double difference =
            ((double)a->bytes[i * a->n_features + f] - (double)b->bytes[j * b->n_features + f]) /
            a->scaling->scale[f];
        distance += difference * difference;
    }
    return exp(-0.5 * distance);
}

/* A binary problem: n rows, and what its fit found. */
struct naive {
    size_t n, rows[SAMPLE_ROWS_MAX];
    double y[SAMPLE_ROWS_MAX], pi[SAMPLE_ROWS_MAX], root[SAMPLE_ROWS_MAX];
    double *k, *l; /* n x n: K, and the factor of B in the lower triangle */
    double log_marginal_likelihood;
    long n_iter;
};

static inline void naive_factor(struct naive *g)
{
    for (size_t i = 0; i < g->n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = (i == j) + g->root[i] * g->k[i * g->n + j] * g->root[j];
            for (size_t t = 0; t < j; t++)
                sum -= g->l[i * g->n + t] * g->l[j * g->n + t];
            g->l[i * g->n + j] = i == j ? sqrt(sum) : sum / g->l[j * g->n + j];
        }
}

/* x = L^-1 x, and then, unless `half`, L^-T x. */
static inline void naive_solve(const struct naive *g, int half, double *x)
{
    const size_t n = g->n;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            x[i] -= g->l[i * n + j] * x[j];
        x[i] /= g->l[i * n + i];
    }
    for (size_t i = n; !half && i-- > 0;) {
        for (size_t j = i + 1; j < n; j++)
            x[i] -= g->l[j * n + i] * x[j];
        x[i] /= g->l[i * n + i];
    }
}

static inline void naive_times(const struct naive *g, const double *x, double *y)
{
    for (size_t i = 0; i < g->n; i++) {
        y[i] = 0;
        for (size_t j = 0; j < g->n; j++)
            y[i] += g->k[i * g->n + j] * x[j];
    }
}

/* Algorithm 3.1 of Rasmussen and Williams. */
static inline void naive_fit(struct naive *g, long max_iter)
{
    double f[SAMPLE_ROWS_MAX] = {0}, a[SAMPLE_ROWS_MAX], b[SAMPLE_ROWS_MAX], x[SAMPLE_ROWS_MAX];
    g->log_marginal_likelihood = -INFINITY;
    for (g->n_iter = 1; g->n_iter <= max_iter; g->n_iter++) {
        for (size_t i = 0; i < g->n; i++) {
            g->pi[i] = 1 / (1 + exp(-f[i]));
            g->root[i] = sqrt(g->pi[i] * (1 - g->pi[i]));
            b[i] = g->pi[i] * (1 - g->pi[i]) * f[i] + g->y[i] - g->pi[i];
        }
        naive_factor(g);
        naive_times(g, b, x);
        for (size_t i = 0; i < g->n; i++)
            x[i] *= g->root[i];
        naive_solve(g, 0, x);
        for (size_t i = 0; i < g->n; i++)
            a[i] = b[i] - g->root[i] * x[i];
        naive_times(g, a, f);
        double reached = 0;
        for (size_t i = 0; i < g->n; i++)
            reached -= 0.5 * a[i] * f[i] + log1p(exp(-(2 * g->y[i] - 1) * f[i])) +
                       log(g->l[i * (g->n + 1)]);
        if (reached - g->log_marginal_likelihood < 1e-10)
            return;
        g->log_marginal_likelihood = reached;
    }
    g->n_iter--;
}

/* Algorithm 3.2: mean and probability of the positive class. */
static inline double naive_predict(const struct naive *g, const struct sample *train,
                                   const struct sample *test, size_t row, double *mean)
{
    static const double lambda[] = {0.41, 0.4, 0.37, 0.44, 0.39};
    static const double coefficient[] = {-1854.8214151, 3516.89893646, 221.29346712, 128.12323805,
                                         -2010.49422654};
    double v[SAMPLE_ROWS_MAX], variance = 1, sum = 0;
    *mean = 0;
    for (size_t i = 0; i < g->n; i++) {
        const double k = sample_kernel(&train->x, g->rows[i], &test->x, row);
        *mean += k * (g->y[i] - g->pi[i]);
        v[i] = g->root[i] * k;
    }
    naive_solve(g, 1, v);
    for (size_t i = 0; i < g->n; i++)
        variance -= v[i] * v[i];
    for (size_t t = 0; t < 5; t++)
        sum += coefficient[t] *
               (erf(lambda[t] * *mean / sqrt(1 + 2 * variance * lambda[t] * lambda[t])) + 1) / 2;
    return sum;
}

/* What a classifier is to find. */
struct naive_result {
    uint8_t labels[SAMPLE_ROWS_MAX];
    double log_marginal_likelihood; /* sum over the problems */
    long n_iter;
};

/* negative < 0: all other classes. */
static inline void naive_problem(struct naive *g, const struct sample *train, int positive,
                                 int negative)
{
    g->n = 0;
    for (size_t i = 0; i < train->n_rows; i++)
        if (negative < 0 || train->y[i] == positive || train->y[i] == negative) {
            g->y[g->n] = train->y[i] == positive;
            g->rows[g->n++] = i;
        }
    for (size_t i = 0; i < g->n; i++)
        for (size_t j = 0; j < g->n; j++)
            g->k[i * g->n + j] = sample_kernel(&train->x, g->rows[i], &train->x, g->rows[j]);
}

static inline void naive_add(struct naive *g, struct naive_result *result, long max_iter)
{
    naive_fit(g, max_iter);
    result->log_marginal_likelihood += g->log_marginal_likelihood;
    result->n_iter = g->n_iter > result->n_iter ? g->n_iter : result->n_iter;
}

/* All n_classes have rows, and there are more than two. */
static inline void naive_one_vs_rest(struct naive *g, const struct sample *train,
                                     const struct sample *test, struct naive_result *result)
{
    double best[SAMPLE_ROWS_MAX], mean;
    for (size_t c = 0; c < train->n_classes; c++) {
        naive_problem(g, train, (int)c, -1);
        naive_add(g, result, 100);
        for (size_t i = 0; i < test->n_rows; i++) {
            const double p = naive_predict(g, train, test, i, &mean);
            if (c == 0 || p >= best[i]) {
                best[i] = p;
                result->labels[i] = (uint8_t)c;
            }
        }
    }
}

static inline void naive_one_vs_one(struct naive *g, const struct sample *train,
                                    const struct sample *test, struct naive_result *result)
{
    static double votes[SAMPLE_ROWS_MAX][8], sums[SAMPLE_ROWS_MAX][8];
    double mean;
    memset(votes, 0, sizeof votes);
    memset(sums, 0, sizeof sums);
    for (size_t a = 0; a < train->n_classes; a++)
        for (size_t b = a + 1; b < train->n_classes; b++) {
            naive_problem(g, train, (int)b, (int)a);
            naive_add(g, result, 100);
            for (size_t i = 0; i < test->n_rows; i++) {
                const double p = naive_predict(g, train, test, i, &mean);
                sums[i][a] -= p;
                sums[i][b] += p;
                votes[i][mean > 0 ? b : a]++;
            }
        }
    for (size_t i = 0; i < test->n_rows; i++)
        for (size_t c = 0; c < train->n_classes; c++) {
            votes[i][c] += sums[i][c] / (3 * (fabs(sums[i][c]) + 1));
            if (votes[i][c] > votes[i][result->labels[i]])
                result->labels[i] = (uint8_t)c;
        }
}

static inline struct naive_result naive_classify(const struct sample *train,
                                                 const struct sample *test, int one_vs_one)
{
    struct naive_result result = {.n_iter = 0};
    struct naive *g = calloc(1, sizeof *g);
    cr_assert(g);
    g->k = malloc(train->n_rows * train->n_rows * sizeof *g->k);
    g->l = malloc(train->n_rows * train->n_rows * sizeof *g->l);
    cr_assert(g->k && g->l);
    (one_vs_one ? naive_one_vs_one : naive_one_vs_rest)(g, train, test, &result);
    free(g->k);
    free(g->l);
    free(g);
    return result;
}

#endif
