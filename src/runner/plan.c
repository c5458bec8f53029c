#include "runner/plan.h"

#include "base/memory.h"
#include "runner/shard.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum status plan_create(struct plan *plan, const struct grid *grid, size_t n_datasets,
                        struct error *error)
{
    *plan = (struct plan){.capacity = n_datasets * grid->n_points + 1};
    plan->cells = calloc(plan->capacity, sizeof *plan->cells);
    plan->fits = calloc(plan->capacity, sizeof *plan->fits);
    plan->held = calloc(plan->capacity, sizeof *plan->held);
    if (plan->cells && plan->fits && plan->held)
        return STATUS_OK;
    plan_destroy(plan);
    return error_memory(error, "the plan", 0);
}

void plan_destroy(struct plan *plan)
{
    free(plan->cells);
    free(plan->fits);
    free(plan->held);
    *plan = (struct plan){.n_cells = 0};
}

/* The last record of the cell that the journal has, or NULL. */
static const struct record *held_record(const struct journal *held, const struct cell *cell)
{
    for (size_t i = held->n_records; i-- > 0;)
        if (strcmp(held->records[i].cell, cell->identity) == 0)
            return &held->records[i];
    return NULL;
}

static enum plan_held what_is_held(const struct plan_request *request, const struct cell *cell)
{
    const struct record *held = held_record(request->held, cell);
    if (!held || request->options->force)
        return PLAN_TO_RUN;
    if (held->status == RECORD_OK)
        return PLAN_HELD;
    return request->options->retry ? PLAN_TO_RUN : PLAN_HELD_BAD;
}

/* Is it among the cells that --only-exceeded and --skip-exceeded leave? */
static enum status select_by_limits(const struct plan_request *request, const struct point *point,
                                    bool *selected, struct error *error)
{
    const struct options *o = request->options;
    bool exceeded = true;
    enum status status = STATUS_OK;
    if (o->only_exceeded)
        status = exceeded_by_any(request->only, request->dataset->name, point, &exceeded, error);
    *selected = exceeded;
    if (o->skip_exceeded && !status) {
        status = exceeded_by(request->skipped, request->dataset->name, point, &exceeded, error);
        *selected = *selected && !exceeded;
    }
    return status;
}

static enum status add_point(struct plan *plan, const struct plan_request *request,
                             const struct point *point, struct error *error)
{
    bool selected;
    enum status status = point_selected(point, &request->options->only, &selected, error);
    if (!status && selected)
        status = select_by_limits(request, point, &selected, error);
    if (status || !selected)
        return status;
    plan->n_rejected += point->fate == POINT_REJECTED;
    plan->n_unsupported += point->fate == POINT_UNSUPPORTED;
    if (point->fate != POINT_PLANNED)
        return STATUS_OK;
    struct cell *cell = &plan->cells[plan->n_cells];
    const struct cell_request cell_request = {.point = point,
                                              .dataset = request->dataset,
                                              .n_repeats = request->options->repeats,
                                              .seed = request->options->seed};
    status = cell_init(cell, &cell_request, error);
    if (!status)
        plan->held[plan->n_cells++] = what_is_held(request, cell);
    return status;
}

enum status plan_add(struct plan *plan, const struct plan_request *request, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t p = 0; p < request->grid->n_points && !status; p++)
        status = add_point(plan, request, &request->grid->points[p], error);
    return status;
}

/* Puts the cell behind the first of the same problem or of the same fit, if there is one. */
static bool share(struct plan *plan, struct cell *cell)
{
    for (struct cell *first = plan->cells; first < cell; first++) {
        if (strcmp(first->fit, cell->fit) != 0)
            continue;
        struct cell *last = first;
        for (struct cell *reader = first; reader; last = reader, reader = reader->reader) {
            if (strcmp(reader->problem, cell->problem) != 0)
                continue;
            while (reader->twin)
                reader = reader->twin;
            reader->twin = cell;
            plan->n_twins++;
            return true;
        }
        last->reader = cell;
        plan->n_readers++;
        return true;
    }
    return false;
}

/*
 * A fit takes as long as the longest of its readers would alone, or, where the class fits what each
 * of them asks for, no longer than all of them; it is the first that takes it.
 */
static void set_expected(struct plan *plan, const struct options *options,
                         const struct cost_model *costs)
{
    for (size_t i = 0; i < plan->n_fits; i++) {
        struct cell *first = &plan->cells[plan->fits[i] - plan->cells];
        assert(first);
        for (const struct cell *reader = first; reader; reader = reader->reader) {
            const double expected_s = cost_expected_s(costs, reader) * (double)options->repeats;
            if (first->point->class->ask)
                first->expected_s += expected_s;
            else if (expected_s > first->expected_s)
                first->expected_s = expected_s;
        }
        plan->expected_s += first->expected_s;
    }
}

/* Longest first; equal ones in the order of the grid. */
static int compare_fits(const void *a, const void *b)
{
    const struct cell *first = *(const struct cell *const *)a;
    const struct cell *second = *(const struct cell *const *)b;
    if (first->expected_s != second->expected_s)
        return first->expected_s > second->expected_s ? -1 : 1;
    return first < second ? -1 : 1;
}

static void find_fits(struct plan *plan, const struct options *options,
                      const struct cost_model *costs)
{
    for (size_t i = 0; i < plan->n_cells; i++)
        if (options->no_share || !share(plan, &plan->cells[i]))
            plan->fits[plan->n_fits++] = &plan->cells[i];
    set_expected(plan, options, costs);
}

static void forget_fits(struct plan *plan)
{
    for (size_t i = 0; i < plan->n_cells; i++) {
        plan->cells[i].twin = plan->cells[i].reader = NULL;
        plan->cells[i].expected_s = 0;
    }
    plan->n_fits = plan->n_twins = plan->n_readers = 0;
    plan->expected_s = 0;
}

static void put_fit_in_shard(size_t *shard_of, const struct plan *plan, const struct cell *fit,
                             size_t shard)
{
    for (const struct cell *reader = fit; reader; reader = reader->reader)
        for (const struct cell *cell = reader; cell; cell = cell->twin)
            shard_of[cell - plan->cells] = shard;
}

static void keep_shard(struct plan *plan, const size_t *shard_of, size_t shard)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_cells; i++) {
        if (shard_of[i] != shard)
            continue;
        plan->cells[n] = plan->cells[i];
        plan->held[n++] = plan->held[i];
    }
    plan->n_cells = n;
}

/* By all cells, those in the journals too, and by seconds on the machine of the costs: what is left
   to run and how fast this machine is change no share. */
static enum status drop_other_shards(struct plan *plan, const struct options *options,
                                     const struct cost_model *costs, struct error *error)
{
    struct cost_model unscaled = *costs;
    double *cost_s = NULL;
    size_t *shard_of_fit = NULL, *shard_of = NULL;
    enum status status = memory_arrays(
        (const struct memory_request[]){{(void **)&cost_s, plan->n_cells, sizeof *cost_s},
                                        {(void **)&shard_of_fit, plan->n_cells, sizeof *shard_of},
                                        {(void **)&shard_of, plan->n_cells, sizeof *shard_of}},
        3, "the shards", error);
    if (status)
        return status;
    unscaled.speed = 1;
    find_fits(plan, options, &unscaled);
    for (size_t i = 0; i < plan->n_fits; i++)
        cost_s[i] = plan->fits[i]->expected_s;
    status = shard_assign(shard_of_fit, cost_s, plan->n_fits, options->n_shards, error);
    for (size_t i = 0; i < plan->n_fits && !status; i++)
        put_fit_in_shard(shard_of, plan, plan->fits[i], shard_of_fit[i]);
    forget_fits(plan);
    if (!status)
        keep_shard(plan, shard_of, options->shard - 1);
    memory_free(cost_s);
    memory_free(shard_of_fit);
    memory_free(shard_of);
    return status;
}

static void drop_held(struct plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_cells; i++) {
        plan->n_held += plan->held[i] != PLAN_TO_RUN;
        plan->n_held_bad += plan->held[i] == PLAN_HELD_BAD;
        if (plan->held[i] == PLAN_TO_RUN)
            plan->cells[n++] = plan->cells[i];
    }
    plan->n_cells = n;
}

enum status plan_finish(struct plan *plan, const struct options *options,
                        const struct cost_model *costs, struct error *error)
{
    if (options->n_shards > 1) {
        const enum status status = drop_other_shards(plan, options, costs, error);
        if (status)
            return status;
    }
    drop_held(plan);
    find_fits(plan, options, costs);
    if (options->jobs > 1)
        qsort(plan->fits, plan->n_fits, sizeof *plan->fits, compare_fits);
    return STATUS_OK;
}
