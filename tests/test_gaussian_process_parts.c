/* The parts of GaussianProcessClassifier: near pairs, blocks, solves, latent means and variances.
 */
#include "base/memory.h"
#include "classifiers/gaussian_process_laplace.h"
#include "classifiers/gaussian_process_model.h"
#include "classifiers/neighbors_index.h"
#include "gaussian_process_naive.h"

static const struct recipe blocks = {
    .n_rows = 300, .n_features = 24, .n_classes = 3, .n_centres = 23, .noise = 70};
static const struct recipe dense = {
    .n_rows = 120, .n_features = 3, .n_classes = 3, .n_centres = 9, .noise = 60};

/* Training rows that are far from each other, with queries that are near to some. */
static const struct recipe alone = {
    .n_rows = 20, .n_features = 60, .n_classes = 3, .n_centres = 20, .noise = 30};

Test(gaussian_process_parts, near_pairs_are_all_there_is, .timeout = 30)
{
    struct sample *s = sample_create(blocks, NULL);
    struct neighbors_index index;
    cr_assert_eq(neighbors_index_create(&index, &s->x, 2, NULL), STATUS_OK);
    for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
        struct neighbor_pairs pairs;
        static uint8_t seen[SAMPLE_ROWS_MAX][SAMPLE_ROWS_MAX];
        const double radius = 40;
        memset(seen, 0, sizeof seen);
        cr_assert_eq(neighbor_pairs_search(&pairs, &index, &s->x,
                                           (struct neighbor_reach){.radius = radius,
                                                                   .pairs_max = 100000,
                                                                   .n_threads = n_threads},
                                           NULL),
                     STATUS_OK);
        for (size_t p = 0; p < pairs.n_pairs; p++) {
            const struct neighbor_pair *pair = &pairs.pairs[p];
            const double k = sample_kernel(&s->x, pair->row, &s->x, pair->other);
            cr_assert_lt(pair->row, pair->other);
            cr_assert_lt(fabs(exp(-0.5 * pair->squared_distance) - k), 1e-12 * k);
            cr_assert_eq(seen[pair->row][pair->other]++, 0);
        }
        size_t n_near = 0;
        for (size_t i = 0; i < s->n_rows; i++)
            for (size_t j = i + 1; j < s->n_rows; j++) {
                const size_t is_near = sample_kernel(&s->x, i, &s->x, j) >= exp(-0.5 * radius);
                cr_assert_eq(seen[i][j], is_near, "%zu and %zu", i, j);
                n_near += is_near;
            }
        cr_assert(n_near > 1000 && n_near < 40000, "%zu", n_near);
        neighbor_pairs_destroy(&pairs);
    }
    neighbors_index_destroy(&index);
    sample_destroy(s);
}

static struct gp_system system_of(const struct gp_kernel *kernel, double value_min)
{
    struct gp_system system;
    uint32_t rows[SAMPLE_ROWS_MAX];
    for (uint32_t i = 0; i < kernel->n_rows; i++)
        rows[i] = i;
    cr_assert_eq(gp_system_create(&system, kernel, rows, kernel->n_rows, value_min, NULL), 0);
    return system;
}

/* Every value of K is where its rows are, and what couples blocks is weak. */
static void check_system(const struct gp_system *system, const struct sample *s, size_t *n_weak)
{
    static double k[SAMPLE_ROWS_MAX][SAMPLE_ROWS_MAX];
    memset(k, 0, sizeof k);
    for (size_t b = 0; b < system->n_blocks; b++)
        for (size_t i = system->block_start[b]; i < system->block_start[b + 1]; i++) {
            double weak = 0;
            for (size_t t = system->kernel.start[i]; t < system->kernel.start[i + 1]; t++) {
                const size_t j = system->kernel.column[t];
                const int within = j >= system->block_start[b] && j < system->block_start[b + 1];
                k[system->rows[i]][system->rows[j]] += system->kernel.value[t];
                weak += within ? 0 : system->kernel.value[t];
                *n_weak += !within;
                cr_assert(within || system->kernel.value[t] < 0.01);
            }
            cr_assert_leq(weak, GP_WEAK_SUM);
        }
    for (size_t i = 0; i < s->n_rows; i++)
        for (size_t j = 0; j < s->n_rows; j++)
            if (i != j)
                cr_assert_lt(fabs(k[i][j] - sample_kernel(&s->x, i, &s->x, j)), 1e-15);
}

Test(gaussian_process_parts, a_system_is_the_kernel_by_blocks, .timeout = 30)
{
    const struct recipe recipes[] = {blocks, dense};
    for (size_t r = 0; r < 2; r++) {
        struct sample *s = sample_create(recipes[r], NULL);
        struct gp_kernel kernel;
        size_t n_weak = 0;
        cr_assert_eq(gp_kernel_create(&kernel, &s->x, SIZE_MAX, 2, NULL), STATUS_OK);
        struct gp_system system = system_of(&kernel, 0);
        check_system(&system, s, &n_weak);
        cr_assert_eq(system.has_weak, r == 0);
        cr_assert_eq(n_weak > 0, r == 0);
        cr_assert_eq(system.block_start[system.n_blocks], s->n_rows);
        cr_assert(r == 1 || (system.largest_block > 1 && system.largest_block < 60), "%zu",
                  system.largest_block);
        gp_system_destroy(&system);
        gp_kernel_destroy(&kernel);
        sample_destroy(s);
    }
}

/* 99 couplings of 0.009 sum to 0.891: too much to be weak. */
Test(gaussian_process_parts, many_weak_couplings_become_strong)
{
    enum { N = 100 };
    static size_t start[N + 1];
    static uint32_t column[N * (N - 1)];
    static double value[N * (N - 1)];
    size_t n = 0;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++)
            if (i != j) {
                column[n] = (uint32_t)j;
                value[n++] = 0.009;
            }
        start[i + 1] = n;
    }
    const struct gp_kernel kernel = {.n_rows = N, .start = start, .column = column, .value = value};
    struct gp_system system = system_of(&kernel, 0);
    cr_assert_eq(system.n_blocks, 1);
    cr_assert_eq(system.has_weak, false);
    gp_system_destroy(&system);
    for (size_t t = 0; t < n; t++)
        value[t] = 0.0009; /* sums to 0.0891 */
    system = system_of(&kernel, 0);
    cr_assert_eq(system.n_blocks, N);
    cr_assert_eq(system.has_weak, true);
    gp_system_destroy(&system);
    system = system_of(&kernel, 0.001);
    cr_assert_eq(system.has_weak, false);
    gp_system_destroy(&system);
}

/* u^T B^-1 u for columns of u against a dense factor. */
Test(gaussian_process_parts, quadratic_forms_are_those_of_a_dense_factor, .timeout = 30)
{
    const struct recipe recipes[] = {blocks, dense};
    for (size_t r = 0; r < 2; r++) {
        enum { WIDTH = 5 };
        struct sample *s = sample_create(recipes[r], NULL);
        struct gp_kernel kernel;
        struct gp_solver solver;
        static double u[SAMPLE_ROWS_MAX * WIDTH];
        double q[WIDTH];
        struct naive *g = calloc(1, sizeof *g);
        const size_t n = s->n_rows;
        cr_assert_eq(gp_kernel_create(&kernel, &s->x, SIZE_MAX, 1, NULL), STATUS_OK);
        struct gp_system system = system_of(&kernel, 0);
        cr_assert_eq(gp_solver_create(&solver, &system, WIDTH, NULL), STATUS_OK);
        g->n = n;
        g->k = malloc(n * n * sizeof *g->k);
        g->l = malloc(n * n * sizeof *g->l);
        for (size_t i = 0; i < n; i++) {
            solver.root_w[i] = g->root[i] = 0.5 - 0.01 * (double)(i % 20);
            for (size_t j = 0; j < n; j++)
                g->k[i * n + j] = sample_kernel(&s->x, system.rows[i], &s->x, system.rows[j]);
            for (size_t j = 0; j < WIDTH; j++)
                u[i * WIDTH + j] = (double)((i * (j + 3)) % 17) / 17;
        }
        naive_factor(g);
        cr_assert_eq(gp_solver_factor(&solver, NULL), STATUS_OK);
        gp_solver_forms(&solver, u, q);
        for (size_t j = 0; j < WIDTH; j++) {
            double x[SAMPLE_ROWS_MAX], sum = 0;
            for (size_t i = 0; i < n; i++)
                x[i] = u[i * WIDTH + j];
            naive_solve(g, 1, x);
            for (size_t i = 0; i < n; i++)
                sum += x[i] * x[i];
            cr_assert_lt(fabs(q[j] - sum), 1e-13 * sum, "%zu: %.17g, not %.17g", j, q[j], sum);
        }
        gp_solver_destroy(&solver);
        gp_system_destroy(&system);
        gp_kernel_destroy(&kernel);
        free(g->k);
        free(g->l);
        free(g);
        sample_destroy(s);
    }
}

/* Rows of s sorted by class; order: where each was. */
static struct gp_model model_of(const struct sample *s, bool is_pairs, uint32_t *order)
{
    struct gp_model m = {.n_classes = s->n_classes, .is_pairs = is_pairs};
    size_t n = 0;
    for (size_t c = 0; c < s->n_classes; c++) {
        for (size_t i = 0; i < s->n_rows; i++)
            if (s->y[i] == c)
                order[n++] = (uint32_t)i;
        m.class_start[c + 1] = n;
    }
    m.n_problems = is_pairs ? m.n_classes * (m.n_classes - 1) / 2 : m.n_classes;
    m.width = is_pairs ? m.n_classes - 1 : m.n_classes;
    const struct features_source source = {.bytes = s->bytes,
                                           .n_rows = s->n_rows,
                                           .n_features = s->n_features,
                                           .order = order,
                                           .scaling = &s->scaling};
    cr_assert_eq(features_create(&m.x, &source, NULL), STATUS_OK);
    cr_assert_eq(gp_kernel_create(&m.kernel, &m.x, SIZE_MAX, 1, NULL), STATUS_OK);
    m.pi = memory_array(s->n_rows * m.width, sizeof *m.pi);
    return m;
}

static void set_pi(struct gp_model *m, struct gp_problem problem, const struct naive *g,
                   const uint32_t *order)
{
    for (size_t i = 0; i < m->x.n_rows; i++)
        for (size_t t = 0; t < g->n; t++)
            if (g->rows[t] == order[i])
                m->pi[i * m->width + gp_problem_column(m, problem, gp_class_of(m, i))] = g->pi[t];
}

static void check_latent(const struct gp_model *m, const struct gp_latent *latent, size_t problem,
                         const struct naive *g, const struct sample *train,
                         const struct sample *test)
{
    for (size_t i = 0; i < test->n_rows; i++) {
        double mean;
        const double theirs = naive_predict(g, train, test, i, &mean);
        const size_t at = i * m->n_problems + problem;
        const double ours = gp_laplace_probability(latent->means[at], 1 - latent->reductions[at]);
        cr_assert_lt(fabs(latent->means[at] - mean), 1e-11 * fabs(mean) + 1e-14);
        /* The formula's terms are some thousands, and their sum is less than 1. */
        cr_assert_lt(fabs(ours - theirs), 1e-11, "%zu: %.17g, not %.17g", i, ours, theirs);
    }
}

static enum status latent_of(struct gp_latent *latent, const struct gp_model *m,
                             const struct features *x, size_t bytes_max, int n_threads,
                             struct error *error)
{
    return gp_latent_create(
        latent, m,
        &(struct gp_latent_request){
            .queries = x, .with_near = true, .bytes_max = bytes_max, .n_threads = n_threads},
        error);
}

static void hold_latent(struct recipe recipe, bool is_pairs, int n_threads)
{
    struct sample *train = sample_create(recipe, NULL);
    recipe.n_rows = 150;
    recipe.first = 1000;
    struct sample *test = sample_create(recipe, &train->scaling);
    uint32_t order[SAMPLE_ROWS_MAX];
    struct gp_model m = model_of(train, is_pairs, order);
    struct naive *g = calloc(m.n_problems, sizeof *g);
    struct gp_latent latent;
    for (size_t p = 0; p < m.n_problems; p++) {
        const struct gp_problem problem = gp_problem_at(&m, p);
        g[p].k = malloc(train->n_rows * train->n_rows * sizeof(double));
        g[p].l = malloc(train->n_rows * train->n_rows * sizeof(double));
        naive_problem(&g[p], train, (int)problem.positive, is_pairs ? (int)problem.negative : -1);
        naive_fit(&g[p], 100);
        set_pi(&m, problem, &g[p], order);
    }
    cr_assert_eq(latent_of(&latent, &m, &test->x, SIZE_MAX, n_threads, NULL), 0);
    cr_assert_eq(gp_latent_reduce(&latent, &m, SIZE_MAX, n_threads, NULL), STATUS_OK);
    for (size_t p = 0; p < m.n_problems; p++) {
        check_latent(&m, &latent, p, &g[p], train, test);
        free(g[p].k);
        free(g[p].l);
    }
    free(g);
    gp_latent_destroy(&latent);
    features_destroy(&m.x);
    gp_kernel_destroy(&m.kernel);
    memory_free(m.pi);
    sample_destroy(train);
    sample_destroy(test);
}

Test(gaussian_process_parts, probabilities_are_those_of_the_definition, .timeout = 60)
{
    for (int n_threads = 1; n_threads <= 2; n_threads++)
        for (int is_pairs = 0; is_pairs < 2; is_pairs++) {
            hold_latent(blocks, is_pairs, n_threads);
            hold_latent(dense, is_pairs, n_threads);
            hold_latent(alone, is_pairs, n_threads);
        }
}

Test(gaussian_process_parts, near_rows_beyond_the_limit_are_an_error)
{
    struct error error = {0};
    struct sample *s = sample_create(dense, NULL);
    uint32_t order[SAMPLE_ROWS_MAX];
    struct gp_model m = model_of(s, false, order);
    struct gp_latent latent;
    memset(m.pi, 0, s->n_rows * m.width * sizeof *m.pi);
    cr_assert_eq(latent_of(&latent, &m, &s->x, 5000, 1, &error), STATUS_MEMORY);
    cr_assert(strstr(error.message, "5760 bytes for latent means"), "%s", error.message);
    cr_assert_eq(latent_of(&latent, &m, &s->x, 10000, 1, &error), STATUS_MEMORY);
    cr_assert(strstr(error.message, "raise --memory"), "%s", error.message);
    cr_assert_eq(latent_of(&latent, &m, &s->x, 1000000, 1, &error), STATUS_OK);
    cr_assert_eq(gp_latent_reduce(&latent, &m, 10000, 1, &error), STATUS_MEMORY);
    cr_assert(strstr(error.message, "120 of its 120 training rows"), "%s", error.message);
    gp_latent_destroy(&latent);
    features_destroy(&m.x);
    gp_kernel_destroy(&m.kernel);
    memory_free(m.pi);
    sample_destroy(s);
}
