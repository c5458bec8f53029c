/*
 * What a run does: the cells that are to run, which of them share a fit, and in which order.
 *
 * Cells of equal problems run once. Cells that differ in readout parameters alone are read from one
 * fit, at the largest that one of them asks for. Where several run at once the longest come first,
 * so that the last to end leaves the others idle for as short a time as may be.
 * Of a plan that several machines share, each has the fits of its shard (shard.h).
 */
#ifndef FMBENCH_RUNNER_PLAN_H
#define FMBENCH_RUNNER_PLAN_H

#include "base/error.h"
#include "report/journal.h"
#include "runner/cell.h"
#include "runner/cost.h"
#include "runner/exceeded.h"
#include "runner/grid.h"
#include "runner/options.h"

#include <stddef.h>

/* What the journals have of a cell. */
enum plan_held { PLAN_TO_RUN, PLAN_HELD, PLAN_HELD_BAD };

struct plan {
    size_t n_cells, capacity;
    struct cell *cells;   /* in the order of the grid, owned */
    enum plan_held *held; /* of each cell until plan_finish, owned */
    size_t n_fits;
    const struct cell **fits; /* those that others share, in the order of the run; owned */
    size_t n_twins, n_readers;
    size_t n_held, n_held_bad; /* in the journals already, and not ok there */
    size_t n_rejected, n_unsupported;
    double expected_s; /* of all, one after the other */
};

/* Room for the cells of n_datasets. plan_destroy takes a zeroed struct. */
enum status plan_create(struct plan *plan, const struct grid *grid, size_t n_datasets,
                        struct error *error);
void plan_destroy(struct plan *plan);

struct plan_request {
    const struct grid *grid;
    const struct options *options;
    const struct dataset *dataset; /* borrowed as long as the plan is in use, as is the grid */
    const struct journal *held;    /* what its journal has */
    /* What --only-exceeded and --skip-exceeded name, where they are given. */
    const struct exceeded *only, *skipped;
};

/* Adds the cells of a dataset that the options ask for. */
enum status plan_add(struct plan *plan, const struct plan_request *request, struct error *error);

/* Leaves the cells of the shard that the journals lack, decides what is shared, unless --no-share,
   and the order; once all datasets were added. */
enum status plan_finish(struct plan *plan, const struct options *options,
                        const struct cost_model *costs, struct error *error);

#endif
