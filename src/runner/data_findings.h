/*
 * What is suspicious about a dataset, in words. A warning is what makes accuracies mean something
 * else than they seem to; a note is what a reader of them should know.
 */
#ifndef FMBENCH_RUNNER_DATA_FINDINGS_H
#define FMBENCH_RUNNER_DATA_FINDINGS_H

#include "loader/inspection.h"
#include "runner/known_datasets.h"

#include <stdio.h>

/* Writes the sizes of the classes and all findings; returns the number of warnings. */
size_t data_findings_write(FILE *out, const struct dataset *dataset,
                           const struct inspection *inspection, const struct known_dataset *known);

#endif
