/* Running the command of an external classifier once: one repeat of a cell. */
#ifndef FMBENCH_RUNNER_EXTERNAL_RUN_H
#define FMBENCH_RUNNER_EXTERNAL_RUN_H

#include "runner/external_files.h"

#include <stdbool.h>

/* The exit status with which a command says that what it needs is not installed. */
enum { EXTERNAL_EXIT_ABSENT = 69 };

struct external_outcome {
    struct external_reply reply;
    double cpu_s;    /* of the command and all it waited for, its start included */
    bool was_killed; /* by a signal */
};

/*
 * Writes the files, runs the command and reads its answer; `predicted` gets n_test class numbers.
 * STATUS_FAILED tells what went wrong, with the last line that the command wrote to its standard
 * error; STATUS_MEMORY that it took more than the limit. What the command started is gone when this
 * returns. The caller must be the process of the cell, which adopts orphans: its environment is
 * changed, and each child that it has is ended.
 */
enum status external_run(struct external_outcome *outcome, uint8_t *predicted,
                         const struct external_task *task, struct error *error);

#endif
