#include "runner/list_plan.h"

#include "base/list_schedule.h"
#include "base/memory.h"
#include "report/journal.h"
#include "runner/cost.h"
#include "runner/exceeded.h"
#include "runner/inputs.h"
#include "runner/plan.h"

#include <stdio.h>
#include <stdlib.h>

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

static enum status add_dataset(struct plan *plan, const struct plan_request *dataset,
                               struct error *error)
{
    struct journal held = {.n_records = 0};
    struct plan_request request = *dataset;
    char *path = NULL;
    if (asprintf(&path, "%s/%s.jsonl", request.options->results, request.dataset->name) < 0)
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
    struct inputs inputs;
    struct cost_model costs = {.n_rows = 0};
    struct plan plan = {.n_cells = 0};
    struct exceeded only = {.rows = NULL}, skipped = {.rows = NULL};
    inputs_defaults(o);
    enum status status = inputs_read(&inputs, o, error);
    if (!status)
        inputs_fit_machine(&inputs, o, stderr);
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
    if (!status)
        status = cost_model_open(&costs, o->costs, error);
    if (!status) {
        plan_finish(&plan, o, &costs);
        status = print_plan(&plan, o, error);
    }
    plan_destroy(&plan);
    exceeded_destroy(&only);
    exceeded_destroy(&skipped);
    cost_model_destroy(&costs);
    inputs_destroy(&inputs);
    return status;
}
