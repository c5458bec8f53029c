/*
 * The rows of a support vector machine's problem, sorted by class, and its kernel function on them.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_KERNEL_H
#define FMBENCH_CLASSIFIERS_SVC_KERNEL_H

#include "classifiers/classifier.h"
#include "loader/dataset.h"

#include <stddef.h>
#include <stdint.h>

enum svc_kernel_kind { SVC_LINEAR, SVC_POLY, SVC_RBF, SVC_SIGMOID };

/* x . z, (gamma x . z + coef0)^degree, e^(-gamma |x - z|^2), tanh(gamma x . z + coef0). */
struct svc_kernel {
    enum svc_kernel_kind kind;
    double gamma, coef0;
    unsigned degree;
};

/* The columns are the features that are not constant, padded with zeros to a multiple of 16. */
struct svc_rows {
    size_t n_rows, n_columns;
    float *x;                      /* n_rows x n_columns, row-major, owned */
    float *norms;                  /* n_rows: gamma |x|^2 over all features, owned */
    float *diagonal;               /* n_rows: the kernel of the row with itself, owned */
    uint32_t *source;              /* n_rows: the row of the training set, owned */
    size_t first[MAX_CLASSES + 1]; /* rows of class c: first[c] .. first[c + 1] - 1 */
    float *gram;                   /* n_rows x n_rows kernel values where they are few enough to be
                                      kept, for all pairs of classes; else NULL; owned */
    size_t n_features;             /* kept ones, <= n_columns */
    uint32_t *features;            /* n_features, owned */
};

/* The gram takes up to gram_bytes_max. svc_rows_destroy takes a zeroed struct. */
enum status svc_rows_create(struct svc_rows *rows, const struct training_set *set,
                            const struct svc_kernel *kernel, size_t gram_bytes_max, int n_threads,
                            struct error *error);
void svc_rows_destroy(struct svc_rows *rows);

/* The choice of features alone. */
enum status svc_rows_copy_choice(struct svc_rows *to, const struct svc_rows *rows,
                                 struct error *error);

/* The kept columns of one standardised row, padded; returns |x|^2 over all features. */
double svc_row_copy(const struct svc_rows *rows, const float *standardised, size_t n_all,
                    float *restrict to /* n_columns */);

/*
 * The kernel of each of n_left rows with each of n_right: row i is row left_rows[i] of left, or row
 * i where left_rows is NULL; so for the right rows.
 */
struct svc_block {
    size_t n_columns;
    size_t n_left, n_right;
    const float *left, *right; /* row-major, rows n_columns long */
    const uint32_t *left_rows, *right_rows;
    const float *left_norms, *right_norms; /* n_left, n_right; read by SVC_RBF alone */
    float *values;                         /* n_left x n_right, written */
    size_t stride;                         /* of values */
};
void svc_kernel_block(const struct svc_kernel *kernel, const struct svc_block *block);

/* The same for one pair in double, from double-precision sums. */
double svc_kernel_value(const struct svc_kernel *kernel, size_t n_columns, const float *a,
                        const float *b);

#endif
