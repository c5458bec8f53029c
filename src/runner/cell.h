/*
 * A cell: one dataset, one point of the grid, with its repeats. What is planned, run, limited,
 * recorded and resumed.
 */
#ifndef FMBENCH_RUNNER_CELL_H
#define FMBENCH_RUNNER_CELL_H

#include "base/error.h"
#include "loader/dataset.h"
#include "loader/digest.h"
#include "runner/grid.h"

#include <stddef.h>
#include <stdint.h>

struct cell {
    const struct point *point;     /* borrowed */
    const struct dataset *dataset; /* borrowed */
    size_t n_repeats;
    uint64_t seed;
    char identity[DIGEST_HEX_BYTES]; /* of dataset content, class, all parameters, seed, repeats */
    /* As identity, of the parameters that have an effect: equal for cells that are one problem. */
    char problem[DIGEST_HEX_BYTES];
    struct cell *twin; /* the next cell of the same problem, which shares this one's run; or NULL */
    /* As problem, without readout parameters where the class shares fits for them: equal for cells
       that can read from one fit. */
    char fit[DIGEST_HEX_BYTES];
    struct cell
        *reader;       /* the next cell that reads from the same fit, in the same worker; or NULL */
    double expected_s; /* of its own beside what it reads, by the cost model (cost.h) */
    uint64_t rng_key; /* of seed, class and the parameters that shape the fit, for random numbers */
};

/* What identity hashes beside the point. Limits are part of the dataset's content. */
struct cell_request {
    const struct point *point;
    const struct dataset *dataset;
    size_t n_repeats;
    uint64_t seed;
};

enum status cell_init(struct cell *cell, const struct cell_request *request, struct error *error);

/* What is fitted for a cell and its readers: each readout number at the largest that one asks for.
 */
void cell_fit_parameters(const struct cell *cell, struct parameters *parameters);

/* The cell and its readers, without their twins. */
size_t cell_n_readers(const struct cell *cell);

/* The keys of random numbers: the order of the training rows in a repeat is the same for all cells
   of a run; what a classifier draws depends on its configuration too. */
uint64_t cell_shuffle_key(const struct cell *cell, size_t repeat);
uint64_t cell_classifier_key(const struct cell *cell, size_t repeat);

#endif
