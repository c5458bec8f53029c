/*
 * What a cell is expected to take, for the order of a run and for the time that is left: from a
 * table of measured rows (configs/costs.json) and the speed of this machine beside the one that
 * they were measured on.
 *
 *     {"yardstick_s": SECONDS, "n_train": ROWS, "n_features": N,
 *      "rows": [{"name": CLASS, "parameter": {...}, "seconds": S, "exponent": E}, ...]}
 *
 * seconds: of fit and predict at this size on one thread; they grow as n_train^exponent, and in
 * proportion to the features. A cell takes the row of its class that shares most parameters with
 * it. Nothing but order and forecasts depends on it.
 */
#ifndef FMBENCH_RUNNER_COST_H
#define FMBENCH_RUNNER_COST_H

#include "base/error.h"
#include "runner/cell.h"

#include <stddef.h>

struct cost_row {
    const struct classifier_class *class;
    struct parameters parameters;
    double seconds, exponent;
};

struct cost_model {
    double yardstick_s; /* of the machine of the rows */
    double n_train, n_features;
    double measured_s; /* the yardstick on this machine */
    double speed;      /* of this machine, as a multiple of that one's */
    size_t n_rows;
    struct cost_row *rows; /* owned */
};

/*
 * Reads a model and measures this machine's speed. NULL: the file that comes with the program, an
 * empty model where it is not there.
 */
enum status cost_model_open(struct cost_model *model, const char *path, struct error *error);

/* A model of speed 1. STATUS_USAGE names what is wrong in the file. cost_model_destroy takes a
   zeroed struct, which expects 0 of every cell. */
enum status cost_model_read(struct cost_model *model, const char *path, struct error *error);
void cost_model_destroy(struct cost_model *model);

/* 0 for a class without a row. */
double cost_expected_s(const struct cost_model *model, const struct cell *cell);

#endif
