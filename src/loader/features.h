/*
 * The views of one part of a dataset that classifiers read, made once for a cell.
 *
 * Features are standardised with the mean and the population standard deviation (divisor n) of the
 * training rows; a constant feature gets scale 1. A pixel is a byte, so a feature has at most 256
 * distinct values: `levels` holds the standardised value of each.
 */
#ifndef FMBENCH_LOADER_FEATURES_H
#define FMBENCH_LOADER_FEATURES_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { N_LEVELS = 256 };

struct scaling {
    size_t n_features;
    double *mean;  /* n_features, owned */
    double *scale; /* n_features, owned; 1 for a constant feature */
    float *levels; /* n_features x 256, owned: (byte - mean) / scale */
};

/* From the training bytes, n_rows x n_features, n_rows >= 1. Sums are exact integers. */
enum status scaling_create(struct scaling *scaling, const uint8_t *bytes, size_t n_rows,
                           size_t n_features, struct error *error);
void scaling_destroy(struct scaling *scaling); /* takes a zeroed struct */

/* Bytes are always there; a class names the other views that it reads (classifier.h). */
enum view { VIEW_COLUMNS = 1, VIEW_STANDARDISED = 2 };

struct features {
    size_t n_rows, n_features;
    const struct scaling *scaling; /* borrowed: of the training rows, for train and test alike */
    uint8_t *bytes;                /* n_rows x n_features, row-major, owned */
    uint8_t *columns;    /* n_features x n_rows, feature-major, owned; NULL unless asked */
    float *standardised; /* n_rows x n_features, row-major, owned; NULL unless asked */
};

struct features_source {
    const uint8_t *bytes; /* n_rows x n_features, row-major */
    size_t n_rows, n_features;
    const uint32_t *order; /* row i of the views is row order[i] of bytes; NULL: as it stands */
    const struct scaling *scaling;
    unsigned views; /* of enum view */
};

enum status features_create(struct features *features, const struct features_source *source,
                            struct error *error);
void features_destroy(struct features *features); /* takes a zeroed struct */

#endif
