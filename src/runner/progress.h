/*
 * What a run says of itself while it runs, on a stream the caller gives: one line a finished cell,
 * and on a terminal that can be redrawn a block below them: one line a running cell with its
 * elapsed time, as many as there is room for, and a total with the time that is left, at the size
 * that the terminal then has. No line on a terminal is wider than it; elsewhere nothing is cut, and
 * control characters are written as '?', so that a file or pipe never gets a sequence.
 */
#ifndef FMBENCH_RUNNER_PROGRESS_H
#define FMBENCH_RUNNER_PROGRESS_H

#include "report/record.h"
#include "runner/cell.h"
#include "runner/terminal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PROGRESS_LINES_MAX = 64 };

struct progress {
    struct terminal terminal;
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

/* work_s: what all cells are expected to take, one after the other; 0: nothing is known. */
void progress_start(struct progress *progress, FILE *out, size_t n_cells, double work_s);
void progress_finished(struct progress *progress, const struct cell *cell,
                       const struct record *record);
/* A fit for several cells did not end well. */
void progress_taken_apart(struct progress *progress, const struct cell *cell, size_t n_cells,
                          enum record_status status, const char *reason);
void progress_draw(struct progress *progress, const struct running_cell *running, size_t n_running);
void progress_clear(struct progress *progress);

/*
 * Seconds until all is done, from those that have passed: as the expected seconds of what is still
 * to do are to those of what is done and of what has run so far. Less than 0: not known.
 */
double progress_left_s(const struct progress *progress, const struct running_cell *running,
                       size_t n_running, double elapsed_s);

#endif
