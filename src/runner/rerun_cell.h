/* A cell made again from its record, and the labels that it predicted then. */
#ifndef FMBENCH_RUNNER_RERUN_CELL_H
#define FMBENCH_RUNNER_RERUN_CELL_H

#include "base/error.h"
#include "report/record.h"
#include "runner/cell.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct rerun_cell {
    const struct record *record; /* borrowed */
    struct point point;
    struct cell cell; /* points to `point`: the struct must not move */
    uint8_t *labels;  /* n_repeats x n_test of the record, owned */
};

/* Is it a cell that can be made again: of a class of ours, ended well, with its predictions kept?
 */
bool rerun_is_possible(const struct record *record);

/*
 * Of a record that rerun_is_possible. STATUS_DATA when the record's parameters and this program's
 * defaults do not give the cell that it names, or the file of its labels, in the results folder
 * `directory`, is missing or of another size. Borrows record and dataset. rerun_cell_destroy takes
 * a zeroed or half-filled struct.
 */
enum status rerun_cell_create(struct rerun_cell *rerun, const struct record *record,
                              const struct dataset *dataset, const char *directory,
                              struct error *error);
void rerun_cell_destroy(struct rerun_cell *rerun);

/*
 * One line about how the record of the cell's second run and its predicted class numbers
 * (n_repeats x n_test) compare with those of the first. *is_same: every label is.
 */
enum status rerun_cell_write(FILE *out, const struct rerun_cell *rerun, const struct record *again,
                             const uint8_t *predicted, bool *is_same, struct error *error);

#endif
