/*
 * The rows of one part of a dataset as a classifier sees them: in an order of its own, but where
 * the dataset has them, since there may be more than fit twice; and the views of them that it asks
 * for, made once for a repeat.
 *
 * Features are standardised with the mean and the population standard deviation (divisor n) of the
 * training rows; a constant feature gets scale 1. A pixel is a byte, so a feature has at most 256
 * distinct values: `levels` holds the standardised value of each.
 */
#ifndef FMBENCH_LOADER_FEATURES_H
#define FMBENCH_LOADER_FEATURES_H

#include "base/error.h"

#include <assert.h>
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

/* Views beside the bytes, which are always there; a class names those that it reads
   (classifier.h). */
enum view { VIEW_COLUMNS = 1, VIEW_STANDARDISED = 2 };

struct features {
    size_t n_rows, n_features;
    const struct scaling *scaling; /* borrowed: of the training rows, for train and test alike */
    const uint8_t *bytes; /* n_rows x n_features, row-major, borrowed: all rows, in no matter what
                             order; row i is features_row(x, i) */
    const uint32_t
        *order;          /* n_rows, a permutation, borrowed; NULL: rows are in order as they are */
    uint8_t *columns;    /* n_features x n_rows, feature-major, owned; NULL unless asked */
    float *standardised; /* n_rows x n_features, row-major, owned; NULL unless asked */
};

/* The place of row i in x->bytes. */
static inline size_t features_place(const struct features *x, size_t i)
{
    return x->order ? x->order[i] : i;
}

static inline const uint8_t *features_at(const struct features *x, size_t place)
{
    return x->bytes + place * x->n_features;
}

static inline const uint8_t *features_row(const struct features *x, size_t i)
{
    return features_at(x, features_place(x, i));
}

/* Rows `first` and those behind it, of features without an order. */
static inline const uint8_t *features_rows(const struct features *x, size_t first)
{
    assert(!x->order);
    return x->bytes + first * x->n_features;
}

/* labels[place] = y[i] of the row i at the place: who then works with places alone looks up each
   row once. */
void features_labels_by_place(const struct features *x, const uint8_t *y, uint8_t *restrict labels);

/* out = row i, standardised: n_features values. */
void features_standardise(const struct features *x, size_t i, float *restrict out);

/* varies[j] != 0 where feature j takes more than one value; returns how many do. */
size_t features_find_varying(const struct features *x, uint8_t *restrict varies /* n_features */);

struct features_source {
    const uint8_t *bytes; /* n_rows x n_features, row-major; this and order outlive the features */
    size_t n_rows, n_features;
    const uint32_t *order; /* row i is row order[i] of bytes; NULL: as it stands */
    const struct scaling *scaling;
    unsigned views; /* of enum view */
};

enum status features_create(struct features *features, const struct features_source *source,
                            struct error *error);
void features_destroy(struct features *features); /* takes a zeroed struct */

#endif
