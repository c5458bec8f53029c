/*
 * What a dataset looks like, for whoever doubts it: counts, no judgement. Labels are class numbers,
 * as in struct dataset.
 */
#ifndef FMBENCH_LOADER_INSPECTION_H
#define FMBENCH_LOADER_INSPECTION_H

#include "loader/dataset.h"
#include "loader/duplicates.h"

#include <stdbool.h>

struct part_inspection {
    size_t n_rows;
    size_t class_sizes[MAX_CLASSES]; /* rows of each class */
    bool is_sorted;                  /* labels never fall */
    size_t n_changes;                /* rows whose label is not that of the row before */
    double expected_changes;         /* of rows in random order, with these class sizes */
    size_t n_blank;                  /* images of one value */
    size_t first_blank;              /* the lowest row of these */
    uint8_t largest_pixel;
};

struct inspection {
    struct part_inspection train, test;
    size_t n_constant_features; /* in the training part */
    struct dataset_duplicates duplicates;
};

/* STATUS_MEMORY when memory is short. Thread-safe. */
enum status inspection_make(struct inspection *inspection, const struct dataset *dataset,
                            struct error *error);

#endif
