/* fmbench table: the table of a results folder, with the rows of the grid that have no record. */
#include "numerics/blas.h"
#include "report/table.h"
#include "runner/command.h"
#include "runner/data_file.h"
#include "runner/grid.h"
#include "runner/options.h"

#include <stdio.h>
#include <stdlib.h>

static const char PUBLISHED_TABLE[] = "reference/published.jsonl";

struct plan {
    struct table_planned *rows; /* owned */
    char (*words)[300];         /* owned; what rows point to */
    size_t n_rows;
};

static enum status plan_create(struct plan *plan, const struct grid *grid, struct error *error)
{
    plan->rows = calloc(grid->n_points, sizeof *plan->rows);
    plan->words = calloc(grid->n_points, sizeof *plan->words);
    if (!plan->rows || !plan->words)
        return error_memory(error, "the rows of the table", 0);
    for (size_t i = 0; i < grid->n_points; i++) {
        const struct point *point = &grid->points[i];
        char *word = plan->words[i];
        if (point->fate == POINT_UNSUPPORTED)
            continue; /* never part of the published table */
        if (point->fate == POINT_REJECTED)
            snprintf(word, sizeof *plan->words, "rejected: %s", point->reason);
        else
            snprintf(word, sizeof *plan->words, "not run");
        plan->rows[plan->n_rows++] = (struct table_planned){
            .name = point->class->name, .parameter = point->parameter, .word = word};
    }
    return STATUS_OK;
}

static enum status write_table(const struct options *o, struct error *error)
{
    struct grid grid = {.n_points = 0};
    struct plan plan = {.n_rows = 0};
    struct table_request request = {.results = {.directory = o->results,
                                                .datasets = o->datasets.items,
                                                .n_datasets = o->datasets.n},
                                    .reference = o->reference};
    char published[DATA_FILE_BYTES];
    if (!o->reference)
        request.reference = data_file(published, PUBLISHED_TABLE);
    enum status status = table_format_find(&request.format, o->format, error);
    if (!status)
        status = grid_read(&grid, o->grid, error);
    if (!status)
        status = plan_create(&plan, &grid, error);
    request.planned = plan.rows;
    request.n_planned = plan.n_rows;
    if (!status)
        status = table_write(stdout, &request, error);
    free(plan.rows);
    free(plan.words);
    grid_destroy(&grid);
    return status;
}

static int table(const struct command *command, int argc, char **argv)
{
    struct options o;
    struct error error;
    const int done = command_options(command, &o, argc, argv);
    if (done >= 0)
        return done;
    blas_start();
    return write_table(&o, &error) ? command_fail(&error) : 0;
}

const struct command command_table = {
    .name = "table",
    .usage = "[--results DIR] [--dataset NAME]... [--format md|csv|json|tex|html] [--grid FILE] "
             "[--reference FILE]",
    .summary = "the table of a results folder, beside the published one",
    .options = "RdFgeh",
    .run = table,
};
