/* A pair of classes in double precision, the slow way, for the tests of SVC. */
#ifndef FMBENCH_TESTS_SVC_NAIVE_H
#define FMBENCH_TESTS_SVC_NAIVE_H

#include "classifiers/svc_pair.h"
#include "linear_toy.h"

enum { N_SVC_KERNELS = 4 };

static inline struct svc_kernel naive_kernel(size_t kind, size_t n_features)
{
    return (struct svc_kernel){.kind = (enum svc_kernel_kind)kind,
                               .gamma = 1 / (double)n_features,
                               .coef0 = kind == SVC_POLY ? 0.25 : 0,
                               .degree = 3};
}

/* A problem with its rows, its result, and the kernel matrix in double. */
struct naive {
    struct svc_rows rows;
    struct svc_kernel kernel;
    struct svc_pair pair;
    struct svc_pair_result result;
    size_t n;
    double *k; /* n x n, calloc */
};

/* Classes 0 and 1 of the set. */
static inline void naive_create(struct naive *naive, const struct training_set *set, size_t kind,
                                double C)
{
    *naive = (struct naive){.kernel = naive_kernel(kind, set->x->n_features)};
    cr_assert_eq(svc_rows_create(&naive->rows, set, &naive->kernel, 0, 1, NULL), STATUS_OK);
    const size_t *first = naive->rows.first;
    naive->n = first[2];
    naive->pair = (struct svc_pair){.rows = &naive->rows,
                                    .kernel = &naive->kernel,
                                    .first = {0, first[1]},
                                    .n = {first[1], first[2] - first[1]},
                                    .C = C,
                                    .tol = 1e-3,
                                    .budget_bytes = 1 << 24,
                                    .max_iter = 10000000,
                                    .interior_after = 10000000,
                                    .interior_bytes_max = SIZE_MAX};
    naive->result.beta = calloc(naive->n, sizeof(double));
    naive->k = calloc(naive->n * naive->n, sizeof *naive->k);
    cr_assert(naive->k && naive->result.beta);
    const size_t n_columns = naive->rows.n_columns;
    for (size_t i = 0; i < naive->n; i++)
        for (size_t j = 0; j < naive->n; j++)
            naive->k[i * naive->n + j] =
                svc_kernel_value(&naive->kernel, n_columns, naive->rows.x + i * n_columns,
                                 naive->rows.x + j * n_columns);
}

static inline void naive_destroy(struct naive *naive)
{
    svc_rows_destroy(&naive->rows);
    free(naive->result.beta);
    free(naive->k);
}

static inline double naive_label(const struct naive *naive, size_t t)
{
    return t < naive->pair.n[0] ? 1 : -1;
}

/* Row t of y - K beta. */
static inline double naive_f(const struct naive *naive, const double *beta, size_t t)
{
    double f = naive_label(naive, t);
    for (size_t j = 0; j < naive->n; j++)
        f -= naive->k[t * naive->n + j] * beta[j];
    return f;
}

/* The rows with the largest f that may grow and the smallest that may shrink; their difference. */
static inline double naive_worst(const struct naive *naive, const double *beta, const double *f,
                                 size_t *up, size_t *down)
{
    double largest = -INFINITY, smallest = INFINITY;
    for (size_t t = 0; t < naive->n; t++) {
        const bool positive = naive_label(naive, t) > 0;
        if (beta[t] < (positive ? naive->pair.C : 0) && f[t] > largest) {
            largest = f[t];
            *up = t;
        }
        if (beta[t] > (positive ? 0 : -naive->pair.C) && f[t] < smallest) {
            smallest = f[t];
            *down = t;
        }
    }
    return largest - smallest;
}

/* Violation of the conditions by beta, with the kernel in double. */
static inline double naive_violation(const struct naive *naive, const double *beta)
{
    double *f = calloc(naive->n, sizeof *f);
    cr_assert(f);
    size_t up = 0, down = 0;
    for (size_t t = 0; t < naive->n; t++)
        f[t] = naive_f(naive, beta, t);
    const double violation = naive_worst(naive, beta, f, &up, &down);
    free(f);
    return violation;
}

/* beta' K beta / 2 - sum y beta. */
static inline double naive_objective(const struct naive *naive, const double *beta)
{
    double objective = 0;
    for (size_t t = 0; t < naive->n; t++) {
        const double y = naive_label(naive, t);
        objective += 0.5 * beta[t] * (y - naive_f(naive, beta, t)) - y * beta[t];
    }
    return objective;
}

/* Steps over the two worst rows, in double, until they violate by less than tol. */
static inline double *naive_solve(const struct naive *naive, double tol)
{
    const size_t n = naive->n;
    double *beta = calloc(n, sizeof *beta), *f = calloc(n, sizeof *f);
    cr_assert(beta && f);
    for (size_t t = 0; t < n; t++)
        f[t] = naive_label(naive, t);
    for (long step = 0; step < 20000000; step++) {
        size_t i = 0, j = 0;
        const double violation = naive_worst(naive, beta, f, &i, &j);
        if (!(violation >= tol))
            break;
        const double *ki = naive->k + i * n, *kj = naive->k + j * n;
        double curvature = ki[i] + kj[j] - 2 * ki[j];
        curvature = curvature > 1e-12 ? curvature : 1e-12;
        const double room_i = (naive_label(naive, i) > 0 ? naive->pair.C : 0) - beta[i];
        const double room_j = beta[j] - (naive_label(naive, j) > 0 ? 0 : -naive->pair.C);
        const double s = fmin(violation / curvature, fmin(room_i, room_j));
        beta[i] = s >= room_i ? beta[i] + room_i : beta[i] + s;
        beta[j] = s >= room_j ? beta[j] - room_j : beta[j] - s;
        for (size_t t = 0; t < n; t++)
            f[t] -= s * (ki[t] - kj[t]);
    }
    free(f);
    return beta;
}

#endif
