/*
 * Accuracies that somebody else measured, to compare ours with: a file of JSON lines, each in one
 * of two shapes.
 *
 *   {"name", "parameter", "status", "reason", DATASET: accuracy, ...}   the paper's; n_train is
 * 60000
 *   {"classifier", "parameter", "dataset", "n_train", "accuracy", ...}  a re-run's
 *
 * In both the accuracy may be absent: a row without a reference. In the first, each other key that
 * holds a number is the name of a dataset; in the second, other keys are ignored.
 */
#ifndef FMBENCH_REPORT_REFERENCE_H
#define FMBENCH_REPORT_REFERENCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* What the paper's accuracies were measured with. */
enum { REFERENCE_PUBLISHED_N_TRAIN = 60000, REFERENCE_PUBLISHED_N_TEST = 10000 };

struct reference_row {
    char *name;    /* of the classifier class, owned */
    char *key;     /* parameter_key, owned */
    char *dataset; /* owned */
    size_t n_train;
    double accuracy; /* the mean of the lines that measured it, with several seeds say */
    size_t n_lines;
};

/* Only the rows that have an accuracy. */
struct reference {
    size_t n_rows;
    struct reference_row *rows; /* owned */
};

/*
 * A missing file is STATUS_IO; a line of neither shape is STATUS_DATA and names file, line and key.
 * reference_destroy takes a zeroed struct.
 */
enum status reference_read(struct reference *reference, const char *path, struct error *error);
void reference_destroy(struct reference *reference);

struct reference_query {
    const char *name, *key, *dataset;
    size_t n_train;
};

/* NULL when there is none. */
const struct reference_row *reference_find(const struct reference *reference,
                                           const struct reference_query *query);

#endif
