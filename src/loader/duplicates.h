/*
 * Which images of a dataset are the same to the byte: within the training part, within t10k, and
 * in both.
 */
#ifndef FMBENCH_LOADER_DUPLICATES_H
#define FMBENCH_LOADER_DUPLICATES_H

#include "loader/dataset.h"

enum { DUPLICATE_EXAMPLES = 3 };

struct duplicate {
    size_t row, first; /* from 0, each in its part; `first` is the lowest with that image */
};

/* Rows whose image an earlier row has. */
struct duplicate_rows {
    size_t n;
    struct duplicate examples[DUPLICATE_EXAMPLES]; /* the lowest min(n, 3) rows */
};

struct duplicates {
    struct duplicate_rows all, relabelled; /* relabelled: those with another label than the first */
};

struct dataset_duplicates {
    struct duplicates train, test; /* within a part */
    struct duplicates between;     /* rows of t10k; `first` is one of the training part */
};

/*
 * Images are brought together by checksum and compared byte by byte: O(n log n) for n rows, with 32
 * bytes a row. STATUS_MEMORY when memory is short. Thread-safe.
 */
enum status duplicates_find(struct dataset_duplicates *duplicates, const struct dataset *dataset,
                            struct error *error);

#endif
