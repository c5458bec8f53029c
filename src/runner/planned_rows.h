/* The rows that a grid plans, as the table takes them. */
#ifndef FMBENCH_RUNNER_PLANNED_ROWS_H
#define FMBENCH_RUNNER_PLANNED_ROWS_H

#include "base/error.h"
#include "report/table.h"
#include "runner/grid.h"

#include <stddef.h>

struct planned_rows {
    struct table_planned *rows; /* owned */
    char (*words)[300];         /* owned; what rows point to */
    size_t n_rows;
};

/*
 * Borrows the parameters from the grid. Points that are not offered are no rows: they were never
 * part of the published table. planned_rows_destroy takes a zeroed or a half-filled struct.
 */
enum status planned_rows_create(struct planned_rows *planned, const struct grid *grid,
                                struct error *error);
void planned_rows_destroy(struct planned_rows *planned);

#endif
