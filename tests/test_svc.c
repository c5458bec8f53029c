/* One machine of SVC against the naive solver: optimum, limits, memory, Newton steps. */
#include "classifiers/svc_active.h"
#include "classifiers/svc_gradient.h"
#include "classifiers/svc_interior.h"
#include "classifiers/svc_newton.h"
#include "svc_naive.h"

static void solve(struct naive *naive)
{
    struct error error = {0};
    cr_assert_eq(svc_pair_solve(&naive->pair, &naive->result, &error), STATUS_OK, "%s",
                 error.message);
}

static void check_bounds(const struct naive *naive)
{
    double sum = 0;
    for (size_t t = 0; t < naive->n; t++) {
        const double alpha = naive_label(naive, t) * naive->result.beta[t];
        cr_assert(alpha >= 0 && alpha <= naive->pair.C, "row %zu: %g", t, alpha);
        sum += naive->result.beta[t];
    }
    cr_assert_leq(fabs(sum), 1e-9 * naive->pair.C);
}

/* The conditions hold to the tolerance when the kernel is evaluated in double, in every case. */
Test(svc, conditions_hold_for_the_kernel_in_double, .timeout = 60)
{
    struct toy *toy = toy_create(300, 6, 2);
    const struct training_set set = toy_set(toy);
    for (size_t kind = 0; kind < N_SVC_KERNELS; kind++)
        for (double C = 0.01; C < 2000; C *= 10) {
            struct naive naive;
            naive_create(&naive, &set, kind, C);
            solve(&naive);
            cr_assert(naive.result.converged, "kernel %zu, C %g: %g after %ld", kind, C,
                      naive.result.violation, naive.result.n_iter);
            cr_assert_lt(naive.result.violation, 1e-3);
            const double violation = naive_violation(&naive, naive.result.beta);
            double size = 0;
            for (size_t t = 0; t < naive.n; t++)
                size += fabs(naive.result.beta[t]);
            const double error_of_f = 2e-4 + 5e-7 * C;
            cr_assert_leq(fabs(violation - naive.result.violation), error_of_f,
                          "kernel %zu, C %g: %g, told %g", kind, C, violation,
                          naive.result.violation);
            cr_assert_leq(fabs(naive.result.objective - naive_objective(&naive, naive.result.beta)),
                          error_of_f * size, "kernel %zu, C %g: %g", kind, C,
                          naive.result.objective);
            check_bounds(&naive);
            naive_destroy(&naive);
        }
    toy_destroy(toy);
}

Test(svc, objective_is_the_optimum, .timeout = 300)
{
    struct toy *toy = toy_create(120, 6, 2);
    const struct training_set set = toy_set(toy);
    for (size_t kind = 0; kind < SVC_SIGMOID; kind++)
        for (double C = 0.1; C < 20; C *= 10) {
            struct naive naive;
            naive_create(&naive, &set, kind, C);
            naive.pair.tol = 1e-5;
            solve(&naive);
            double *beta = naive_solve(&naive, 1e-8);
            const double optimum = naive_objective(&naive, beta);
            cr_assert_leq(fabs(naive.result.objective - optimum), 1e-6 * fabs(optimum),
                          "kernel %zu, C %g: %.9g, not %.9g", kind, C, naive.result.objective,
                          optimum);
            cr_assert_leq(fabs(naive.result.primal + optimum), 1e-4 * fabs(optimum),
                          "kernel %zu, C %g: primal %.9g", kind, C, naive.result.primal);
            free(beta);
            naive_destroy(&naive);
        }
    toy_destroy(toy);
}

/* 1,200 rows of two overlapping classes, 8 features. */
static struct training_set noisy_set(struct scaling *scaling, struct features *x, uint8_t *y)
{
    enum { ROWS = 1200, FEATURES = 8 };
    static uint8_t bytes[ROWS * FEATURES];
    struct rng rng = rng_create(3, 1);
    for (size_t i = 0; i < ROWS; i++) {
        y[i] = (uint8_t)rng_below(&rng, 2);
        for (size_t j = 0; j < FEATURES; j++)
            bytes[i * FEATURES + j] = (uint8_t)(rng_below(&rng, 200) + (j == 0 ? 40 * y[i] : 0));
    }
    blas_start();
    cr_assert_eq(scaling_create(scaling, bytes, ROWS, FEATURES, NULL), STATUS_OK);
    const struct features_source source = {.bytes = bytes,
                                           .n_rows = ROWS,
                                           .n_features = FEATURES,
                                           .scaling = scaling,
                                           .views = VIEW_STANDARDISED};
    cr_assert_eq(features_create(x, &source, NULL), STATUS_OK);
    return (struct training_set){.x = x, .y = y, .n_classes = 2};
}

/* With no budget 16 rows are active at once and 512 rows are kept, of about 1,000 that are needed.
 */
Test(svc, little_memory_gives_the_same_machine, .timeout = 120)
{
    struct scaling scaling;
    struct features x;
    uint8_t y[1200];
    const struct training_set set = noisy_set(&scaling, &x, y);
    for (size_t kind = 0; kind < N_SVC_KERNELS; kind++) {
        struct naive naive;
        naive_create(&naive, &set, kind, 0.5);
        solve(&naive);
        const double objective = naive.result.objective;
        naive.pair.budget_bytes = 0;
        solve(&naive);
        cr_assert(naive.result.converged, "kernel %zu", kind);
        cr_assert_leq(naive.result.kernel_bytes, (512 * 1200 + 16 * 16) * sizeof(float));
        cr_assert_leq(fabs(naive.result.objective - objective),
                      kind == SVC_SIGMOID ? 0.0 : 1e-5 * fabs(objective),
                      "kernel %zu: %.9g, not %.9g", kind, naive.result.objective, objective);
        cr_assert_lt(naive_violation(&naive, naive.result.beta), 1.2e-3);
        naive_destroy(&naive);
    }
    features_destroy(&x);
    scaling_destroy(&scaling);
}

Test(svc, gradient_survives_eviction, .timeout = 30)
{
    struct scaling scaling;
    struct features x;
    uint8_t y[1200];
    const struct training_set set = noisy_set(&scaling, &x, y);
    for (size_t kind = 0; kind < N_SVC_KERNELS; kind++) {
        struct naive naive;
        naive_create(&naive, &set, kind, 1);
        naive.pair.budget_bytes = 0;
        struct svc_gradient gradient;
        cr_assert_eq(svc_gradient_create(&gradient, &naive.pair, NULL), STATUS_OK);
        double f[1200], by[1200];
        uint32_t rows[1200];
        for (size_t t = 0; t < naive.n; t++)
            f[t] = naive_label(&naive, t);
        struct rng rng = rng_create(4, kind);
        for (int round = 0; round < 6; round++) {
            struct svc_change change = {.rows = rows, .by = by};
            for (uint32_t t = 0; t < naive.n; t++)
                if (rng_below(&rng, 3) != 0) {
                    rows[change.n] = t;
                    by[change.n++] = rng_uniform(&rng) - 0.5;
                    naive.result.beta[t] += by[change.n - 1];
                }
            cr_assert_eq(svc_gradient_update(&gradient, &change, f, NULL), STATUS_OK);
        }
        for (size_t t = 0; t < naive.n; t += 7)
            cr_assert_leq(fabs(f[t] - naive_f(&naive, naive.result.beta, t)), 2e-4,
                          "kernel %zu row %zu", kind, t);
        if (kind != SVC_LINEAR) {
            cr_assert_eq(gradient.n_chunks, 2);
            cr_assert_gt(gradient.n_computed, 1200);
        }
        svc_gradient_destroy(&gradient);
        naive_destroy(&naive);
    }
    features_destroy(&x);
    scaling_destroy(&scaling);
}

/* Rows join and leave at random; the matrix stays the kernel of its members. */
Test(svc, active_matrix_follows_its_members, .timeout = 30)
{
    struct toy *toy = toy_create(300, 6, 2);
    const struct training_set set = toy_set(toy);
    struct naive naive;
    naive_create(&naive, &set, SVC_RBF, 1);
    struct svc_active active;
    cr_assert_eq(svc_active_create(&active, &naive.pair, NULL), STATUS_OK);
    struct rng rng = rng_create(5, 1);
    for (int round = 0; round < 12; round++) {
        uint32_t joining[300];
        uint8_t keep[300];
        size_t n_joining = 0;
        for (size_t m = 0; m < active.n; m++)
            keep[m] = rng_below(&rng, 4) != 0;
        svc_active_keep(&active, keep);
        for (uint32_t t = 0; t < naive.n; t++)
            if (!active.is_member[t] && rng_below(&rng, 3) == 0)
                joining[n_joining++] = t;
        cr_assert_eq(svc_active_add(&active, joining, n_joining, NULL), STATUS_OK);
        for (size_t a = 0; a < active.n; a++)
            for (size_t b = 0; b < active.n; b++) {
                const double expected = naive.k[active.members[a] * naive.n + active.members[b]];
                const double found = (double)active.k[a * active.capacity + b];
                cr_assert_leq(fabs(found - expected), 1e-5, "round %d, %zu %zu", round, a, b);
            }
    }
    svc_active_destroy(&active);
    naive_destroy(&naive);
    toy_destroy(toy);
}

Test(svc, limit_of_steps_is_told, .timeout = 10)
{
    struct toy *toy = toy_create(300, 6, 2);
    const struct training_set set = toy_set(toy);
    for (size_t kind = 0; kind < N_SVC_KERNELS; kind++) {
        struct naive naive;
        naive_create(&naive, &set, kind, 1);
        naive.pair.max_iter = 3;
        solve(&naive);
        cr_assert_not(naive.result.converged);
        cr_assert_eq(naive.result.n_iter, 3);
        cr_assert_gt(naive.result.violation, 1e-3);
        check_bounds(&naive);
        naive_destroy(&naive);
    }
    toy_destroy(toy);
}

/*
 * On a problem that SMO has hardly begun, the steps raise the objective, keep sum and bounds, and
 * leave f as K and beta say; where no bound is in the way, f is then the same for all free rows.
 */
Test(svc, newton_steps_solve_the_face, .timeout = 10)
{
    enum { N = 48, STRIDE = 48 };
    struct toy *toy = toy_create(N, 8, 2);
    const struct training_set set = toy_set(toy);
    for (int bounded = 0; bounded < 2; bounded++) {
        struct naive naive;
        naive_create(&naive, &set, SVC_RBF, bounded ? 0.4 : 1e6);
        float k[N * STRIDE], diagonal[N], f[N], up[N], down[N];
        double lowest[N], highest[N], before[N];
        for (size_t t = 0; t < N; t++) {
            const bool positive = naive_label(&naive, t) > 0;
            highest[t] = positive ? naive.pair.C : 0;
            lowest[t] = positive ? 0 : -naive.pair.C;
            before[t] = naive.result.beta[t] =
                naive_label(&naive, t) / (double)naive.pair.n[positive ? 0 : 1];
            if (bounded)
                before[t] = naive.result.beta[t] *= 0.01;
            for (size_t u = 0; u < N; u++)
                k[t * STRIDE + u] = (float)naive.k[t * N + u];
            diagonal[t] = 1;
        }
        if (!bounded) /* room to both sides of 0 */
            for (size_t t = 0; t < N; t++) {
                lowest[t] = -1e6;
                highest[t] = 1e6;
            }
        for (size_t t = 0; t < N; t++)
            f[t] = (float)naive_f(&naive, before, t);
        const struct svc_smo smo = {.n = N,
                                    .stride = STRIDE,
                                    .k = k,
                                    .diagonal = diagonal,
                                    .lowest = lowest,
                                    .highest = highest,
                                    .beta = naive.result.beta,
                                    .f = f,
                                    .up = up,
                                    .down = down};
        struct svc_newton work = {0};
        size_t n_rounds;
        cr_assert_eq(svc_newton_steps(&work, &smo, &n_rounds, NULL), STATUS_OK);
        cr_assert_gt(n_rounds, 0);
        cr_assert_lt(naive_objective(&naive, naive.result.beta), naive_objective(&naive, before));
        double sum = 0, size = 0, smallest = INFINITY, largest = -INFINITY;
        for (size_t t = 0; t < N; t++)
            size += fabs(naive.result.beta[t]);
        for (size_t t = 0; t < N; t++) {
            sum += naive.result.beta[t];
            cr_assert(naive.result.beta[t] >= lowest[t] && naive.result.beta[t] <= highest[t]);
            cr_assert_leq(fabs((double)f[t] - naive_f(&naive, naive.result.beta, t)),
                          1e-6 * (1 + size), "row %zu of %g", t, size);
            if (naive.result.beta[t] > lowest[t] && naive.result.beta[t] < highest[t]) {
                smallest = fmin(smallest, (double)f[t]);
                largest = fmax(largest, (double)f[t]);
            }
        }
        cr_assert_leq(fabs(sum), 1e-12 * (1 + size));
        cr_assert_leq(largest - smallest, bounded ? 0.3 : 1e-2, "%g", largest - smallest);
        svc_newton_destroy(&work);
        naive_destroy(&naive);
    }
    toy_destroy(toy);
}

/* Feasible, and at the optimum but for what its own tolerance leaves; a machine can go on from it.
 */
Test(svc, interior_start_is_near_the_optimum, .timeout = 60)
{
    struct scaling scaling;
    struct features x;
    uint8_t y[1200];
    const struct training_set set = noisy_set(&scaling, &x, y);
    for (double C = 0.01; C < 2000; C *= 10) {
        struct naive naive;
        naive_create(&naive, &set, SVC_LINEAR, C);
        double f[1200];
        uint32_t rows[1200];
        for (uint32_t t = 0; t < naive.n; t++) {
            f[t] = naive_label(&naive, t);
            rows[t] = t;
        }
        struct svc_interior interior = {
            .pair = &naive.pair, .n = naive.n, .rows = rows, .f = f, .beta = naive.result.beta};
        cr_assert_eq(svc_interior_start(&interior, NULL), STATUS_OK);
        cr_assert(interior.found, "C %g", C);
        check_bounds(&naive);
        const double reached = naive_objective(&naive, naive.result.beta);
        naive.pair.interior_after = 1;
        solve(&naive);
        cr_assert(naive.result.converged, "C %g", C);
        cr_assert_leq(naive_violation(&naive, naive.result.beta), 1e-3 + 1e-6 * C);
        cr_assert_gt(naive.result.n_restarts, 0);
        const double restarted = naive.result.objective;
        naive.pair.interior_after = naive.pair.max_iter;
        solve(&naive);
        cr_assert_leq(fabs(reached - naive.result.objective), 1e-4 * fabs(reached), "C %g", C);
        cr_assert_leq(fabs(restarted - naive.result.objective), 1e-5 * fabs(reached), "C %g", C);
        naive_destroy(&naive);
    }
    features_destroy(&x);
    scaling_destroy(&scaling);
}

/* Every third row may change; the others are at 0, at C, or between, and stay there. */
Test(svc, interior_start_keeps_the_other_rows, .timeout = 30)
{
    struct toy *toy = toy_create(300, 6, 2);
    const struct training_set set = toy_set(toy);
    struct naive naive;
    naive_create(&naive, &set, SVC_LINEAR, 0.5);
    double f[300], before[300];
    uint32_t rows[100];
    for (uint32_t t = 0; t < 300; t++) {
        before[t] = naive_label(&naive, t) * (t % 3 == 0 ? 0.1 : t % 5 == 0 ? 0.5 : 0.01);
        naive.result.beta[t] = before[t];
        rows[t / 3] = t / 3 * 3;
    }
    for (size_t t = 0; t < naive.n; t++)
        f[t] = naive_f(&naive, before, t);
    struct svc_interior interior = {
        .pair = &naive.pair, .n = 100, .rows = rows, .f = f, .beta = naive.result.beta};
    cr_assert_eq(svc_interior_start(&interior, NULL), STATUS_OK);
    cr_assert(interior.found);
    double change = 0, largest = -INFINITY, smallest = INFINITY;
    for (size_t t = 0; t < naive.n; t++) {
        change += naive.result.beta[t] - before[t];
        const double now = naive_f(&naive, naive.result.beta, t);
        const double alpha = naive_label(&naive, t) * naive.result.beta[t];
        cr_assert(alpha >= 0 && alpha <= 0.5);
        if (t % 3 != 0)
            cr_assert(naive.result.beta[t] == before[t]);
        else {
            const bool is_first = naive_label(&naive, t) > 0;
            if (is_first ? alpha < 0.5 : alpha > 0)
                largest = fmax(largest, now);
            if (is_first ? alpha > 0 : alpha < 0.5)
                smallest = fmin(smallest, now);
        }
    }
    cr_assert_leq(fabs(change), 1e-9);
    cr_assert_leq(largest - smallest, 1e-2, "%g", largest - smallest);
    naive_destroy(&naive);
    toy_destroy(toy);
}

/* Where there is no memory for the interior-point method, SMO goes on to the same machine. */
Test(svc, interior_start_needs_its_memory, .timeout = 60)
{
    struct toy *toy = toy_create(300, 6, 2);
    const struct training_set set = toy_set(toy);
    struct naive naive;
    naive_create(&naive, &set, SVC_LINEAR, 10);
    naive.pair.interior_after = 1;
    naive.pair.interior_bytes_max = svc_interior_bytes(naive.n, naive.rows.n_columns);
    solve(&naive);
    cr_assert(naive.result.converged);
    cr_assert_gt(naive.result.n_restarts, 0);
    const double objective = naive.result.objective;
    naive.pair.interior_bytes_max--;
    solve(&naive);
    cr_assert(naive.result.converged);
    cr_assert_eq(naive.result.n_restarts, 0);
    cr_assert_leq(fabs(naive.result.objective - objective), 1e-4 * fabs(objective));
    naive_destroy(&naive);
    toy_destroy(toy);
}

/* The machine of rows whose kernel values are kept for all pairs, against the one without. */
Test(svc, gram_of_all_rows_gives_the_same_machine, .timeout = 30)
{
    struct toy *toy = toy_create(300, 6, 2);
    const struct training_set set = toy_set(toy);
    for (size_t kind = SVC_POLY; kind < N_SVC_KERNELS; kind++) {
        struct naive with, without;
        naive_create(&without, &set, kind, 1);
        naive_create(&with, &set, kind, 1);
        svc_rows_destroy(&with.rows);
        const size_t just_enough = with.n * with.n * sizeof(float);
        cr_assert_eq(svc_rows_create(&with.rows, &set, &with.kernel, just_enough - 1, 2, NULL),
                     STATUS_OK);
        cr_assert_null(with.rows.gram);
        svc_rows_destroy(&with.rows);
        cr_assert_eq(svc_rows_create(&with.rows, &set, &with.kernel, just_enough, 2, NULL),
                     STATUS_OK);
        cr_assert_not_null(with.rows.gram);
        for (size_t i = 0; i < with.n * with.n; i++)
            cr_assert_leq(fabs((double)with.rows.gram[i] - with.k[i]),
                          1e-5 * fmax(1, fabs(with.k[i])), "kernel %zu, value %zu", kind, i);
        solve(&with);
        solve(&without);
        cr_assert(with.result.converged);
        cr_assert_leq(fabs(with.result.objective - without.result.objective),
                      1e-4 * fabs(without.result.objective), "kernel %zu: %g, %g", kind,
                      with.result.objective, without.result.objective);
        naive_destroy(&with);
        naive_destroy(&without);
    }
    toy_destroy(toy);
}

/* The machine whose kernel values within a class are shared, with room for few others. */
Test(svc, shared_values_give_the_same_machine, .timeout = 60)
{
    struct scaling scaling;
    struct features x;
    uint8_t y[1200];
    const struct training_set set = noisy_set(&scaling, &x, y);
    for (size_t kind = SVC_POLY; kind < N_SVC_KERNELS; kind++) {
        struct naive naive;
        naive_create(&naive, &set, kind, 0.5);
        struct svc_shared shared;
        cr_assert_eq(svc_shared_create(&shared, &naive.rows, &naive.kernel, 2, 1, NULL), STATUS_OK);
        solve(&naive);
        const struct svc_pair_result alone = naive.result;
        double beta[1200];
        memcpy(beta, naive.result.beta, sizeof beta);
        naive.pair.shared = &shared;
        naive.pair.classes[1] = 1;
        solve(&naive);
        cr_assert(naive.result.converged);
        cr_assert_eq(naive.result.n_iter, alone.n_iter, "kernel %zu", kind);
        cr_assert_leq(fabs(naive.result.objective - alone.objective), 1e-9 * fabs(alone.objective));
        cr_assert_lt(naive.result.kernel_bytes, alone.kernel_bytes);
        for (size_t t = 0; t < naive.n; t++)
            cr_assert_leq(fabs(naive.result.beta[t] - beta[t]), 1e-9, "kernel %zu", kind);
        size_t n_there = 0;
        for (size_t i = 0; i < naive.n; i++) {
            const size_t class = i >= naive.rows.first[1], first = naive.rows.first[class];
            const float *values = svc_shared_values(&shared, class, i);
            n_there += values != NULL;
            for (size_t j = first; values && j < naive.rows.first[class + 1]; j += 17)
                cr_assert_leq(fabs((double)values[j - first] - naive.k[i * naive.n + j]),
                              1e-5 * fmax(1, fabs(naive.k[i * naive.n + j])));
        }
        cr_assert_gt(n_there, 100);
        svc_shared_destroy(&shared);
        naive_destroy(&naive);
    }
    features_destroy(&x);
    scaling_destroy(&scaling);
}
