/* The rows of a table as points, so that patterns select among them as among those of a grid. */
#ifndef FMBENCH_RUNNER_SHOW_ROWS_H
#define FMBENCH_RUNNER_SHOW_ROWS_H

#include "base/error.h"
#include "report/show.h"
#include "report/table_model.h"
#include "runner/grid.h"

#include <stddef.h>

struct show_rows {
    struct grid points;               /* one a row of the table, in its order; owned */
    struct classifier_class *classes; /* of those whose records no class of ours has; owned */
};

/*
 * A row that the grid plans is the grid's point; any other is made from its record: of one of our
 * classes, of the class that it is the peer of, or, where its parameters are not theirs, with free
 * ones. Borrows from the table and the grid. show_rows_destroy takes a zeroed or half-filled
 * struct.
 */
enum status show_rows_create(struct show_rows *rows, const struct table *table,
                             const struct grid *grid, struct error *error);
void show_rows_destroy(struct show_rows *rows);

/* The parameters of a point: those of its class, defaults included, or the free ones. */
struct shown_parameters {
    size_t n;
    struct show_parameter *items; /* owned */
    char **values;                /* owned, what the items point to */
};

enum status shown_parameters_create(struct shown_parameters *shown, const struct point *point,
                                    struct error *error);
void shown_parameters_destroy(struct shown_parameters *shown);

#endif
