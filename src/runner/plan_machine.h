/*
 * How a plan is fitted to the machine: how many of its cells run at once and what each may hold.
 *
 * By all cells that are selected, of all shards and those in the journals too, so that a run that
 * goes on has the limits that it began with: after plan_add, before plan_finish. Thread-safe.
 */
#ifndef FMBENCH_RUNNER_PLAN_MACHINE_H
#define FMBENCH_RUNNER_PLAN_MACHINE_H

#include "runner/options.h"
#include "runner/plan.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Lowers options->jobs until each cell has room in its equal share of `machine_bytes`, and sets
 * options->memory_bytes; writes to `held_back` what is less than the options ask for. A cell that
 * has no room even alone holds back no other: it will be refused.
 */
void plan_fit_machine(const struct plan *plan, struct options *options, uint64_t machine_bytes,
                      FILE *held_back);

/* What the largest cell of the plan is expected to hold where nothing limits it: the estimate, a
   quarter more, and 256 MiB for programs. */
uint64_t plan_largest_bytes(const struct plan *plan, size_t n_threads);

#endif
