/* fmbench table: the table of a results folder, with the rows of the grid that have no record. */
#include "numerics/blas.h"
#include "report/table.h"
#include "runner/command.h"
#include "runner/data_file.h"
#include "runner/grid.h"
#include "runner/options.h"
#include "runner/planned_rows.h"

#include <stdio.h>

static enum status write_table(struct options *o, struct error *error)
{
    struct grid grid = {.n_points = 0};
    struct planned_rows planned = {.n_rows = 0};
    char published[DATA_FILE_BYTES];
    struct table_request request = {
        .results = {.directory = o->results,
                    .datasets = o->datasets.items,
                    .n_datasets = o->datasets.n,
                    .one_program = !o->mixed},
        .reference = data_file(published, o->reference, OPTIONS_PUBLISHED_TABLE)};
    blas_start();
    enum status status = table_format_find(&request.format, o->format, error);
    if (!status)
        status = grid_read(&grid, o->grid, error);
    if (!status)
        status = planned_rows_create(&planned, &grid, error);
    request.planned = planned.rows;
    request.n_planned = planned.n_rows;
    if (!status)
        status = table_write(stdout, &request, error);
    planned_rows_destroy(&planned);
    grid_destroy(&grid);
    return status;
}

static int table(const struct command *command, int argc, char **argv)
{
    return command_do(command, argc, argv, write_table);
}

const struct command command_table = {
    .name = "table",
    .usage = "[--results DIR] [--dataset NAME]... [--format md|csv|json|tex|html] [--grid FILE] "
             "[--reference FILE] [--mixed]",
    .summary = "the table of a results folder, beside the published one",
    .options = "RdFgeih",
    .examples = "  fmbench table > results/table.md\n"
                "  fmbench table --results results/quick --dataset fashion --format csv\n",
    .run = table,
};
