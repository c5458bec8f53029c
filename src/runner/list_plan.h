/* What `fmbench list --plan` prints: the fits of a run in its order, what reads from each, and what
   they should take. */
#ifndef FMBENCH_RUNNER_LIST_PLAN_H
#define FMBENCH_RUNNER_LIST_PLAN_H

#include "base/error.h"
#include "runner/options.h"

/*
 * Reads the data and the journals, and writes nothing but standard output. --format json: one
 * object with what scripts need (docs/cluster.md).
 */
enum status list_plan(struct options *options, struct error *error);

#endif
