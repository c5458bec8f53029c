/* fmbench show: rows of a results folder with everything that is known about them. */
#include "report/finish.h"
#include "report/show.h"
#include "runner/command.h"
#include "runner/data_file.h"
#include "runner/grid.h"
#include "runner/options.h"
#include "runner/planned_rows.h"
#include "runner/show_rows.h"

#include <stdio.h>

/* What the table is made of. */
struct sources {
    struct grid grid;
    struct planned_rows planned;
    struct results results;
    struct reference reference;
    struct table table;
    struct show_rows rows;
};

static enum status read_sources(struct sources *s, const struct options *o, struct error *error)
{
    char published[DATA_FILE_BYTES];
    const struct results_request request = {
        .directory = o->results, .datasets = o->datasets.items, .n_datasets = o->datasets.n};
    enum status status = results_read(&s->results, &request, error);
    if (!status)
        status = grid_read(&s->grid, o->grid, error);
    if (!status)
        status = planned_rows_create(&s->planned, &s->grid, error);
    if (!status)
        status = reference_read(&s->reference,
                                data_file(published, o->reference, OPTIONS_PUBLISHED_TABLE), error);
    if (status)
        return status;
    const struct table_sources sources = {.results = &s->results,
                                          .reference = &s->reference,
                                          .planned = s->planned.rows,
                                          .n_planned = s->planned.n_rows};
    status = table_build(&s->table, &sources, error);
    return status ? status : show_rows_create(&s->rows, &s->table, &s->grid, error);
}

static void release(struct sources *s)
{
    show_rows_destroy(&s->rows);
    table_destroy(&s->table);
    reference_destroy(&s->reference);
    results_destroy(&s->results);
    planned_rows_destroy(&s->planned);
    grid_destroy(&s->grid);
}

static enum status show_row(const struct sources *s, size_t row, struct error *error)
{
    struct shown_parameters shown;
    enum status status = shown_parameters_create(&shown, &s->rows.points.points[row], error);
    const struct show_request request = {
        .table = &s->table, .row = row, .parameters = shown.items, .n_parameters = shown.n};
    if (!status && show_write(stdout, &request))
        status = error_memory(error, "a row", 0);
    shown_parameters_destroy(&shown);
    return status;
}

static enum status show_rows(const struct sources *s, const struct options *o, struct error *error)
{
    bool is_first = true;
    enum status status = selection_check(&s->rows.points, o->results, &o->arguments, error);
    for (size_t i = 0; i < s->table.n_rows && !status; i++) {
        bool is_selected;
        status = point_selected(&s->rows.points.points[i], &o->arguments, &is_selected, error);
        if (status || !is_selected)
            continue;
        if (!is_first)
            fputs("\n\n", stdout);
        status = show_row(s, i, error);
        is_first = false;
    }
    return status ? status : report_finish(stdout, "the rows", error);
}

static enum status show_named(struct options *o, struct error *error)
{
    struct sources sources = {.grid = {.n_points = 0}};
    if (o->arguments.n == 0)
        return error_set(error, STATUS_USAGE,
                         "show needs the name of a row, NAME or NAME:KEY=VALUE,...; fmbench list "
                         "shows what there is");
    enum status status = read_sources(&sources, o, error);
    if (!status)
        status = show_rows(&sources, o, error);
    release(&sources);
    return status;
}

static int show(const struct command *command, int argc, char **argv)
{
    return command_do(command, argc, argv, show_named);
}

const struct command command_show = {
    .name = "show",
    .usage = "[--results DIR] [--dataset NAME]... [--grid FILE] [--reference FILE] "
             "NAME[:KEY=VALUE,...]...",
    .summary = "everything that is known about a row of a results folder",
    .options = "Rdgeh",
    .examples = "  fmbench show 'SVC:C=1,kernel=linear'\n"
                "  fmbench show --results results/three --dataset mnist 'KNeighbors*:p=2'\n",
    .takes_arguments = true,
    .run = show,
};
