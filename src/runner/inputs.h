/* What the options of a run name: the grid and the datasets, read and checked. */
#ifndef FMBENCH_RUNNER_INPUTS_H
#define FMBENCH_RUNNER_INPUTS_H

#include "base/error.h"
#include "loader/dataset.h"
#include "runner/grid.h"
#include "runner/options.h"

#include <stddef.h>

struct inputs {
    struct grid grid;
    size_t n_datasets;
    struct dataset *datasets; /* owned */
};

/* Fills in what the options leave to the machine and to the published table. */
void inputs_defaults(struct options *options);

/* The grid and the patterns of --only are checked before data are read. inputs_destroy takes a
   zeroed or a half-filled struct. */
enum status inputs_read(struct inputs *inputs, const struct options *options, struct error *error);

void inputs_destroy(struct inputs *inputs);

#endif
