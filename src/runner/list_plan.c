#include "runner/list_plan.h"

#include "base/list_schedule.h"
#include "base/memory.h"
#include "report/journal.h"
#include "runner/cost.h"
#include "runner/exceeded.h"
#include "runner/inputs.h"
#include "runner/machine.h"
#include "runner/plan.h"
#include "runner/plan_machine.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

static void print_cell(const char *what, const struct cell *cell)
{
    char parameters[TEXT_MAX];
    point_text(cell->point, parameters, sizeof parameters);
    printf("%10s  %s %s %s\n", what, cell->dataset->name, cell->point->class->name, parameters);
}

static void print_twins(const struct cell *cell)
{
    for (const struct cell *twin = cell->twin; twin; twin = twin->twin)
        print_cell("equal", twin);
}

static void print_fit(const struct cell *first)
{
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%.1f s", first->expected_s);
    print_cell(seconds, first);
    print_twins(first);
    for (const struct cell *reader = first->reader; reader; reader = reader->reader) {
        print_cell("same fit", reader);
        print_twins(reader);
    }
}

/* When the last of n_jobs workers would be done. */
static enum status expect_wall_s(const struct plan *plan, size_t n_jobs, double *wall_s,
                                 struct error *error)
{
    double *fit_s = NULL, *busy_s = NULL;
    const enum status status = memory_arrays(
        (const struct memory_request[]){{(void **)&fit_s, plan->n_fits, sizeof *fit_s},
                                        {(void **)&busy_s, n_jobs, sizeof *busy_s}},
        2, "the plan", error);
    if (status)
        return status;
    for (size_t i = 0; i < plan->n_fits; i++)
        fit_s[i] = plan->fits[i]->expected_s;
    *wall_s = list_schedule_s(fit_s, plan->n_fits, busy_s, n_jobs);
    memory_free(fit_s);
    memory_free(busy_s);
    return STATUS_OK;
}

static enum status print_plan(const struct plan *plan, const struct options *o, struct error *error)
{
    double wall_s;
    const enum status status = expect_wall_s(plan, o->jobs, &wall_s, error);
    if (status)
        return status;
    for (size_t i = 0; i < plan->n_fits; i++)
        print_fit(plan->fits[i]);
    printf("%zu cells by %zu fits: %zu equal to another, %zu read from a larger fit; %zu are in "
           "the journals already\n",
           plan->n_cells, plan->n_fits, plan->n_twins, plan->n_readers, plan->n_held);
    printf("expected: %.0f s one after the other, %.0f s with %zu at once\n", plan->expected_s,
           wall_s, o->jobs);
    return STATUS_OK;
}

static enum status add_cell_json(json_t *cells, const struct cell *cell)
{
    json_t *json = json_pack("{s:s, s:s, s:O}", "dataset", cell->dataset->name, "name",
                             cell->point->class->name, "parameter", cell->point->parameter);
    return json_array_append_new(cells, json) ? STATUS_MEMORY : STATUS_OK;
}

/* A fit with all that is read from it. */
static enum status add_fit_json(json_t *fits, const struct cell *first)
{
    assert(first);
    json_t *cells = json_array();
    enum status status = cells ? STATUS_OK : STATUS_MEMORY;
    for (const struct cell *reader = first; reader; reader = reader->reader)
        for (const struct cell *cell = reader; cell && !status; cell = cell->twin)
            status = add_cell_json(cells, cell);
    json_t *fit = json_pack("{s:f, s:o}", "expected_s", first->expected_s, "cells", cells);
    return json_array_append_new(fits, fit) ? STATUS_MEMORY : status;
}

static enum status print_plan_json(const struct plan *plan, const struct options *o,
                                   uint64_t cell_bytes, double speed, struct error *error)
{
    double wall_s, longest_s = 0;
    enum status status = expect_wall_s(plan, o->jobs, &wall_s, error);
    if (status)
        return status;
    json_t *fits = json_array();
    for (size_t i = 0; i < plan->n_fits && !status; i++) {
        status = add_fit_json(fits, plan->fits[i]);
        if (plan->fits[i]->expected_s > longest_s)
            longest_s = plan->fits[i]->expected_s;
    }
    json_t *root = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:o}", "shard",
        (json_int_t)o->shard, "n_shards", (json_int_t)o->n_shards, "jobs", (json_int_t)o->jobs,
        "n_cells", (json_int_t)plan->n_cells, "n_held", (json_int_t)plan->n_held, "n_held_not_ok",
        (json_int_t)plan->n_held_bad, "speed", speed, "expected_s", plan->expected_s, "wall_s",
        wall_s, "longest_s", longest_s, "cell_bytes", (json_int_t)cell_bytes, "fits", fits);
    char *text = root && !status ? json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text)
        puts(text);
    else
        status = error_memory(error, "the plan", 0);
    free(text);
    json_decref(root);
    return status;
}

static enum status check_format(const struct options *o, struct error *error)
{
    if (strcmp(o->format, "md") == 0 || strcmp(o->format, "json") == 0)
        return STATUS_OK;
    return error_set(error, STATUS_USAGE, "--format: '%s' is unknown for a plan; it takes json",
                     o->format);
}

static enum status print(const struct plan *plan, const struct options *o, uint64_t cell_bytes,
                         const struct cost_model *costs, struct error *error)
{
    if (strcmp(o->format, "json") == 0)
        return print_plan_json(plan, o, cell_bytes, costs->speed, error);
    return print_plan(plan, o, error);
}

static enum status add_dataset(struct plan *plan, const struct plan_request *dataset,
                               struct error *error)
{
    struct journal held = {.n_records = 0};
    struct plan_request request = *dataset;
    char *path = journal_path(request.options->results, request.dataset->name);
    if (!path)
        return error_memory(error, "a path", 0);
    enum status status = journal_read(&held, path, error);
    request.held = &held;
    if (!status)
        status = plan_add(plan, &request, error);
    journal_destroy(&held);
    free(path);
    return status;
}

enum status list_plan(struct options *o, struct error *error)
{
    struct inputs inputs = {.n_datasets = 0};
    struct cost_model costs = {.n_rows = 0};
    struct plan plan = {.n_cells = 0};
    struct exceeded only = {.rows = NULL}, skipped = {.rows = NULL};
    inputs_defaults(o);
    enum status status = check_format(o, error);
    if (!status)
        status = inputs_read(&inputs, o, error);
    if (!status)
        status = exceeded_read(&only, o->only_exceeded, &o->datasets, error);
    if (!status)
        status = exceeded_read(&skipped, o->skip_exceeded, &o->datasets, error);
    if (!status)
        status = plan_create(&plan, &inputs.grid, inputs.n_datasets, error);
    for (size_t i = 0; i < inputs.n_datasets && !status; i++)
        status = add_dataset(&plan,
                             &(struct plan_request){.grid = &inputs.grid,
                                                    .options = o,
                                                    .dataset = &inputs.datasets[i],
                                                    .only = &only,
                                                    .skipped = &skipped},
                             error);
    const uint64_t cell_bytes = plan_largest_bytes(&plan, (size_t)o->threads);
    if (!status)
        plan_fit_machine(&plan, o, machine_memory_bytes(), stderr);
    if (!status)
        status = cost_model_open(&costs, o->costs, error);
    if (!status)
        status = plan_finish(&plan, o, &costs, error);
    if (!status)
        status = print(&plan, o, cell_bytes, &costs, error);
    plan_destroy(&plan);
    exceeded_destroy(&only);
    exceeded_destroy(&skipped);
    cost_model_destroy(&costs);
    inputs_destroy(&inputs);
    return status;
}
