/*
 * Which of N machines runs what: the shares of a plan, cut so that all take as long.
 *
 * Longest processing time first (Graham, "Bounds on multiprocessing timing anomalies", SIAM J.
 * Applied Mathematics 1969): fits by falling cost, each to the share that has least. Fits and costs
 * alone decide, neither the machine nor what has been run, so that each machine finds the same
 * shares without asking another. Thread-safe.
 */
#ifndef FMBENCH_RUNNER_SHARD_H
#define FMBENCH_RUNNER_SHARD_H

#include "base/error.h"

#include <stddef.h>

/*
 * shard: receives for each of the n_fits its share, 0 .. n_shards - 1. Equal costs are taken in
 * their order. A cost of 0 is an unknown one, and counts as the mean of those that are known.
 */
enum status shard_assign(size_t *shard, const double *cost_s, size_t n_fits, size_t n_shards,
                         struct error *error);

#endif
