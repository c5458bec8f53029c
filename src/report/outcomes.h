/*
 * What the rows of a dataset predicted for each of its test images, from the files of predicted
 * labels that a results folder keeps, and what was right.
 */
#ifndef FMBENCH_REPORT_OUTCOMES_H
#define FMBENCH_REPORT_OUTCOMES_H

#include "base/error.h"
#include "report/record.h"

#include <stddef.h>
#include <stdint.h>

enum { OUTCOMES_CLASSES_MAX = 256 };

/* One row. Without a file of predictions both arrays are NULL. */
struct outcome {
    const struct record *record; /* borrowed */
    uint8_t *predicted;          /* n_repeats x n_test places in `classes`, owned */
    uint8_t *right;              /* n_repeats x n_test, 1 or 0, owned */
    size_t typical;              /* the repeat whose accuracy is the median one, or below it */
};

struct outcomes {
    size_t n_test, n_classes;
    uint8_t classes[OUTCOMES_CLASSES_MAX]; /* the labels that are true or predicted, rising */
    uint8_t *truth;                        /* n_test places in `classes`, owned */
    size_t n_rows;
    struct outcome *rows; /* owned */
};

struct outcomes_request {
    const char *directory;               /* the results folder */
    const struct record *const *records; /* of one dataset, n_test > 0; NULL or not ok: no file */
    size_t n_records;                    /* one for each row */
};

/* Where the true labels of the test rows are, relative to the results folder. */
void outcomes_labels_path(char *path, size_t size, const char *dataset, const char *hash);

/*
 * Where the folder lacks the true labels, as one of an earlier version does, the result has no
 * truth, and no row has predictions. STATUS_DATA when a file is damaged, or when its labels do not
 * give the accuracies of the record. outcomes_destroy takes a zeroed struct. Thread-safe.
 */
enum status outcomes_read(struct outcomes *outcomes, const struct outcomes_request *request,
                          struct error *error);
void outcomes_destroy(struct outcomes *outcomes);

/* Of the images that one of two rows alone classifies rightly, those of the first and of the
   second; both of their typical repeats. */
struct discordance {
    size_t only_first, only_second;
};
struct discordance outcomes_discordance(const struct outcome *first, const struct outcome *second,
                                        size_t n_test);

#endif
