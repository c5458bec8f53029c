/*
 * The check of a results folder against the program itself: cells of its journals run again, with
 * their recorded seed, threads and limits, each fitted alone, and predict what they did then or do
 * not. Nothing is written into the folder.
 */
#ifndef FMBENCH_RUNNER_RERUN_H
#define FMBENCH_RUNNER_RERUN_H

#include "base/error.h"
#include "report/results.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct rerun_request {
    struct results_request results;
    const char *data; /* the folder that holds a folder for each dataset */
    size_t n_cells;   /* that are drawn at random; all where there are fewer */
    uint64_t seed;    /* of that choice */
    double timeout_s; /* limits of cells whose records name none */
    uint64_t memory_limit_bytes;
    FILE *notes; /* where warnings and progress go */
};

struct rerun_counts {
    size_t n_same, n_different;
    int interrupted; /* the signal that ended it early, or 0 */
};

/*
 * Writes a line for each cell and the counts. Cells of external commands are never drawn: what a
 * command does is not in its record. STATUS_DATA when nothing can be drawn, when a dataset is not
 * the recorded one (hash), or a cell not what this program makes of its record. Another program,
 * and kernels for another processor, are warnings. The calling process must not have used OpenMP.
 */
enum status rerun_write(FILE *out, const struct rerun_request *request, struct rerun_counts *counts,
                        struct error *error);

/* None differs, at least one was repeated, and none was left out by a signal. */
bool rerun_passed(const struct rerun_counts *counts);

#endif
