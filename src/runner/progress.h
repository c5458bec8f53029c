/*
 * What a run says of itself while it runs, on a stream the caller gives. On a terminal: one line a
 * running cell with its elapsed time, as many as there is room for, and a total with the time left,
 * redrawn in place at the size that the terminal then has; otherwise one line a finished cell.
 */
#ifndef FMBENCH_RUNNER_PROGRESS_H
#define FMBENCH_RUNNER_PROGRESS_H

#include "report/record.h"
#include "runner/cell.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PROGRESS_LINES_MAX = 64 };

struct progress {
    FILE *out; /* borrowed */
    bool is_terminal;
    size_t n_drawn; /* lines that the next drawing overwrites */
    size_t drawn_columns[PROGRESS_LINES_MAX];
    size_t n_cells, n_done;
    double work_s, done_s; /* expected of all cells, and of those that are done */
    double start_s;
};

struct running_cell {
    const struct cell *cell;
    double elapsed_s;
};

/* work_s: what all cells are expected to take, one after the other. */
void progress_start(struct progress *progress, FILE *out, size_t n_cells, double work_s);
void progress_finished(struct progress *progress, const struct cell *cell,
                       const struct record *record);
/* A fit for several cells did not end well. */
void progress_taken_apart(struct progress *progress, const struct cell *cell, size_t n_cells,
                          enum record_status status, const char *reason);
void progress_draw(struct progress *progress, const struct running_cell *running, size_t n_running);
void progress_clear(struct progress *progress);

#endif
