/*
 * Latent variances, 1 - k*^T W^1/2 B^-1 W^1/2 k*, of the queries that have near rows.
 *
 * Kernel values of training rows count from 1e-10 on. Where rows i and j are further apart, so that
 * K_ij is smaller, no query is near to both: k*_i k*_j <= K_ij^1/2, for d(i,j) <= d(i,*) + d(j,*).
 * A pair that is left out moves the variance by less than 1e-10^3/2 / 64, below the last place.
 */
#include "base/memory.h"
#include "classifiers/gaussian_process_laplace.h"
#include "classifiers/gaussian_process_model.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 32 }; /* queries at once */

static const double coupling_min = 1e-10;

/* One problem. Rows that couple with others are numbered in its system; the others are alone. */
struct problem {
    const struct gp_model *model;
    struct gp_latent *latent;
    size_t index;
    struct gp_problem is;
    uint8_t *takes_part; /* n_rows of the model, owned */
    uint32_t *place;     /* n_rows of the model, owned: in the system, or UINT32_MAX */
    struct gp_system system;
    struct gp_solver solver;
    double *panel; /* n_rows of the system x WIDTH, owned: W^1/2 k* */
};

static void destroy(struct problem *p)
{
    memory_free(p->takes_part);
    memory_free(p->place);
    memory_free(p->panel);
    gp_solver_destroy(&p->solver);
    gp_system_destroy(&p->system);
}

static double weight(const struct problem *p, size_t row)
{
    const size_t column = gp_problem_column(p->model, p->is, gp_class_of(p->model, row));
    const double pi = p->model->pi[row * p->model->width + column];
    return pi * (1.0 - pi);
}

static bool is_coupled(const struct problem *p, size_t row)
{
    const struct gp_kernel *kernel = &p->model->kernel;
    for (size_t t = kernel->start[row]; t < kernel->start[row + 1]; t++)
        if (kernel->value[t] >= coupling_min && p->takes_part[kernel->column[t]])
            return true;
    return false;
}

/* The rows of the system. rows: n_rows of the model. */
static size_t find_coupled(struct problem *p, uint32_t *restrict rows)
{
    const size_t n = gp_problem_rows(p->model, p->is, rows);
    size_t n_coupled = 0;
    memset(p->takes_part, 0, p->model->x.n_rows);
    for (size_t i = 0; i < n; i++)
        p->takes_part[rows[i]] = 1;
    for (size_t i = 0; i < n; i++)
        if (is_coupled(p, rows[i]))
            rows[n_coupled++] = rows[i];
    return n_coupled;
}

static enum status create_system(struct problem *p, struct error *error)
{
    const size_t n = p->model->x.n_rows;
    uint32_t *rows = NULL;
    const struct memory_request requests[] = {
        {(void **)&rows, n, sizeof *rows},
        {(void **)&p->takes_part, n, sizeof *p->takes_part},
        {(void **)&p->place, n, sizeof *p->place},
    };
    enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                       "the rows of a Gaussian process", error);
    if (status)
        return status;
    const size_t n_coupled = find_coupled(p, rows);
    status = gp_system_create(&p->system, &p->model->kernel, rows, n_coupled, coupling_min, error);
    memory_free(rows);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++)
        p->place[i] = UINT32_MAX;
    for (size_t i = 0; i < n_coupled; i++)
        p->place[p->system.rows[i]] = (uint32_t)i;
    return STATUS_OK;
}

static enum status create(struct problem *p, size_t bytes_max, struct error *error)
{
    enum status status = create_system(p, error);
    const size_t panel_items = p->system.kernel.n_rows * WIDTH;
    if (!status)
        status = gp_check_bytes(gp_solver_bytes(&p->system, WIDTH) + panel_items * sizeof(double),
                                bytes_max, &p->system, error);
    if (!status)
        status = gp_solver_create(&p->solver, &p->system, WIDTH, error);
    if (status)
        return status;
    for (size_t i = 0; i < p->system.kernel.n_rows; i++)
        p->solver.root_w[i] = sqrt(weight(p, p->system.rows[i]));
    p->panel = memory_array(panel_items, sizeof *p->panel);
    if (!p->panel)
        return error_memory(error, "kernel values of queries", panel_items * sizeof *p->panel);
    return gp_solver_factor(&p->solver, error);
}

/* Puts a query into column j of the panel; what its rows that are alone take from its variance. */
static double gather(struct problem *p, size_t query, size_t j)
{
    double alone = 0.0;
    for (size_t t = p->latent->near_start[query]; t < p->latent->near_start[query + 1]; t++) {
        const struct gp_near *near = &p->latent->near[t];
        if (!p->takes_part[near->row])
            continue;
        if (p->place[near->row] != UINT32_MAX) {
            const size_t at = p->place[near->row];
            p->panel[at * WIDTH + j] = p->solver.root_w[at] * near->value;
        } else {
            const double w = weight(p, near->row);
            alone += near->value * near->value * w / (1.0 + w);
        }
    }
    return alone;
}

/* queries: n of them, at most WIDTH. */
static void reduce(struct problem *p, const size_t *queries, size_t n)
{
    double alone[WIDTH], forms[WIDTH];
    memset(p->panel, 0, p->system.kernel.n_rows * WIDTH * sizeof *p->panel);
    for (size_t j = 0; j < n; j++)
        alone[j] = gather(p, queries[j], j);
    gp_solver_forms(&p->solver, p->panel, forms);
    for (size_t j = 0; j < n; j++)
        p->latent->reductions[queries[j] * p->model->n_problems + p->index] = alone[j] + forms[j];
}

static bool has_near(const struct problem *p, size_t query)
{
    for (size_t t = p->latent->near_start[query]; t < p->latent->near_start[query + 1]; t++)
        if (p->takes_part[p->latent->near[t].row])
            return true;
    return false;
}

static void reduce_all(struct problem *p)
{
    size_t queries[WIDTH], n = 0;
    for (size_t q = 0; q < p->latent->n_queries; q++) {
        if (has_near(p, q))
            queries[n++] = q;
        if (n == WIDTH || (n > 0 && q + 1 == p->latent->n_queries)) {
            reduce(p, queries, n);
            n = 0;
        }
    }
}

struct context {
    const struct gp_model *model;
    struct gp_latent *latent;
};

static enum status run(void *context, size_t i, size_t bytes_max, struct error *error)
{
    const struct context *c = context;
    struct problem p = {
        .model = c->model, .latent = c->latent, .index = i, .is = gp_problem_at(c->model, i)};
    const enum status status = create(&p, bytes_max, error);
    if (!status)
        reduce_all(&p);
    destroy(&p);
    return status;
}

enum status gp_latent_reduce(struct gp_latent *latent, const struct gp_model *model,
                             size_t bytes_max, int n_threads, struct error *error)
{
    struct context context = {.model = model, .latent = latent};
    return gp_loop_run(&(struct gp_loop){.n = model->n_problems,
                                         .bytes_max = bytes_max,
                                         .n_threads = n_threads,
                                         .run = run,
                                         .context = &context},
                       error);
}
