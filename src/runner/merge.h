/* Joining the results folders of several runs, such as the shards of one plan, into one. */
#ifndef FMBENCH_RUNNER_MERGE_H
#define FMBENCH_RUNNER_MERGE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct merge_request {
    const char *into; /* made where it is not there; what it has stays */
    const char *const *folders;
    size_t n_folders;
    bool mixed;     /* take records of different programs together */
    FILE *messages; /* what is passed over */
};

struct merge_counts {
    size_t n_added, n_in_place, n_there; /* cells; in place of others that did not end well */
};

/*
 * All is looked at before anything is written (merge_items.h has what is refused); then come the
 * labels, the journals, each whole or not at all, and the log of runs. What is there already is
 * not written again, so that a merge that was cut short is completed by the same one. STATUS_FAILED
 * too when a run holds one of the folders.
 */
enum status merge(const struct merge_request *request, struct merge_counts *counts,
                  struct error *error);

#endif
