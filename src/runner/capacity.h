/*
 * How many workers a machine has memory for, and how much each may hold. It depends on what the
 * machine has, never on what happens to be free: a run has the same limits whenever it is started.
 */
#ifndef FMBENCH_RUNNER_CAPACITY_H
#define FMBENCH_RUNNER_CAPACITY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct capacity_request {
    size_t n_jobs;           /* asked for, at least 1 */
    uint64_t limit_bytes;    /* of each worker, asked for; 0: an equal share */
    uint64_t expected_bytes; /* what the largest worker is expected to hold, see plan_machine.h */
    uint64_t machine_bytes;  /* what there is, see machine_memory.h */
};

struct capacity {
    size_t n_jobs;         /* at least 1 */
    uint64_t limit_bytes;  /* of each worker, at least 1 */
    uint64_t usable_bytes; /* the machine's, without a tenth for the parent and for others */
};

/*
 * No more workers than fit when each holds what it may, or, where that is left to the machine, what
 * is expected; and no limit beyond what is usable. Thread-safe.
 */
struct capacity capacity_fit(const struct capacity_request *request);

/* Writes what is less than was asked for, and why; nothing when all of it fits. */
void capacity_say(FILE *out, const struct capacity_request *request,
                  const struct capacity *capacity);

#endif
