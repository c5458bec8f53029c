/*
 * The parent of the workers: starts cells with their readers in order, as many at once as asked,
 * holds each worker to its limits, and hands over a record for each cell that ended, however it
 * ended. A fit for several cells that does not end well says nothing of what each would have come
 * to, so these then run alone.
 */
#ifndef FMBENCH_RUNNER_SCHEDULE_H
#define FMBENCH_RUNNER_SCHEDULE_H

#include "base/error.h"
#include "report/record.h"
#include "runner/cell.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct schedule {
    const struct cell *const *cells; /* each with its readers, borrowed */
    size_t n_cells;
    double expected_s; /* of all, one after the other */
    size_t n_jobs;     /* workers at once */
    int n_threads;     /* of each worker */
    double timeout_s;
    uint64_t memory_limit_bytes;
    const char *version;
    const char *scratch; /* as in struct worker_request */
    FILE *progress;      /* where progress goes */
    /*
     * Called for each cell as it ends, with its predicted class numbers (record->n_repeats x
     * n_test). It may complete the record. A failure ends the run.
     */
    enum status (*finished)(void *context, const struct cell *cell, struct record *record,
                            const uint8_t *predicted, struct error *error);
    void *context;
};

/*
 * *interrupted is the signal (SIGINT, SIGTERM, SIGHUP) that ended the run early, or 0. Every
 * worker is gone when this returns, with all that it started. The calling process must not have
 * used OpenMP, nor start or adopt other processes meanwhile.
 */
enum status schedule_run(const struct schedule *schedule, int *interrupted, struct error *error);

#endif
