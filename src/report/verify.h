/* The check of a results folder against accuracies that somebody else measured. */
#ifndef FMBENCH_REPORT_VERIFY_H
#define FMBENCH_REPORT_VERIFY_H

#include "base/error.h"
#include "report/results.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct verify_counts {
    size_t n_within, n_outside, n_without_reference;
};

/*
 * Compares each row of each dataset's journal with the row of the file `reference` that has the
 * same classifier, parameters, dataset and n_train; the difference of the mean accuracies may be as
 * large as tolerance_of says. A row with a reference but without an accuracy is outside; one that
 * was rejected is not counted at all. Writes the rows that are outside, those without a reference,
 * and the counts for each dataset; *counts is the sum over the datasets.
 *
 * Errors are those of results_read and reference_read, and STATUS_IO when `out` takes no more. Rows
 * outside are not an error here: ask verify_passed.
 */
enum status verify_write(FILE *out, const struct results_request *results, const char *reference,
                         struct verify_counts *counts, struct error *error);

/* No row is outside, and at least one was compared. */
bool verify_passed(const struct verify_counts *counts);

#endif
