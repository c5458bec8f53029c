#include "classifiers/gaussian_process_model.h"

#include "base/memory.h"

struct gp_problem gp_problem_at(const struct gp_model *model, size_t problem)
{
    if (!model->is_pairs)
        return (struct gp_problem){.positive = problem, .negative = model->n_classes};
    size_t negative = 0, n_pairs = model->n_classes - 1; /* of the negative class, as first */
    for (; problem >= n_pairs; n_pairs--) {
        problem -= n_pairs;
        negative++;
    }
    return (struct gp_problem){.positive = negative + 1 + problem, .negative = negative};
}

size_t gp_problem_column(const struct gp_model *model, struct gp_problem problem, size_t class)
{
    if (!model->is_pairs)
        return problem.positive;
    return class == problem.positive ? problem.negative : problem.positive - 1;
}

size_t gp_problem_rows(const struct gp_model *model, struct gp_problem problem,
                       uint32_t *restrict rows)
{
    size_t n = 0;
    for (size_t c = 0; c < model->n_classes; c++)
        if (!model->is_pairs || c == problem.positive || c == problem.negative)
            for (size_t i = model->class_start[c]; i < model->class_start[c + 1]; i++)
                rows[n++] = (uint32_t)i;
    return n;
}

size_t gp_class_of(const struct gp_model *model, size_t row)
{
    size_t class = 0;
    while (row >= model->class_start[class + 1])
        class ++;
    return class;
}

size_t gp_bytes_left(const struct execution *execution, const struct features *x)
{
    /* The images, and as much for the index of the search and the program itself. */
    const size_t data = 2 * x->n_rows * x->n_features;
    if (execution->memory_bytes == 0)
        return SIZE_MAX;
    return execution->memory_bytes > data ? (size_t)execution->memory_bytes - data : 0;
}

enum status gp_check_bytes(size_t bytes, size_t bytes_max, const struct gp_system *system,
                           struct error *error)
{
    if (bytes <= bytes_max)
        return STATUS_OK;
    return error_set(error, STATUS_MEMORY,
                     "a Gaussian process needs %zu bytes, of which there are %zu: %zu of its %zu "
                     "training rows are so near each other that their kernel matrix is dense; "
                     "raise --memory or lower --limit-train",
                     bytes, bytes_max, system->largest_block, system->kernel.n_rows);
}

/* Of i, whose status is set. Errors of memory are tried again later, and others kept. */
static void run_one(const struct gp_loop *loop, size_t i, size_t bytes_max, enum status *status,
                    struct error *error)
{
    struct error own = {.status = STATUS_OK};
    *status = loop->run(loop->context, i, bytes_max, &own);
    if (*status) {
#pragma omp critical(gp_loop_error)
        if (error)
            *error = own;
    }
}

enum status gp_loop_run(const struct gp_loop *loop, struct error *error)
{
    const size_t n = loop->n,
                 share = loop->bytes_max / (size_t)(loop->n_threads > 1 ? loop->n_threads : 1);
    enum status *statuses = memory_array(n, sizeof *statuses), status = STATUS_OK;
    if (!statuses)
        return error_memory(error, "the problems of a Gaussian process", n * sizeof *statuses);
#pragma omp parallel for schedule(dynamic) num_threads(loop->n_threads) default(none)              \
    shared(loop, n, share, statuses, error)
    for (size_t i = 0; i < n; i++)
        run_one(loop, i, share, &statuses[i], error);
    for (size_t i = 0; i < n && !status; i++) {
        if (statuses[i] == STATUS_MEMORY && share < loop->bytes_max)
            run_one(loop, i, loop->bytes_max, &statuses[i], error);
        status = statuses[i];
    }
    memory_free(statuses);
    return status;
}
