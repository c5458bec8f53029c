/* Principal components of images. */
#ifndef FMBENCH_STATISTICS_PRINCIPAL_H
#define FMBENCH_STATISTICS_PRINCIPAL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct principal {
    size_t n_rows, n_components;
    double
        *scores; /* n_rows x n_components, row-major, owned: of the centred rows, in pixel values */
    double *shares; /* n_components, owned: of the total variance, in falling order */
};

/*
 * The first components of the covariance matrix of the features, by LAPACK's eigenvalues, and the
 * projections of the rows on them: Pearson, "On lines and planes of closest fit to systems of
 * points in space" (Philosophical Magazine 2, 1901). Each direction is the one whose largest weight
 * is positive. `pixels`: n_rows x n_features, row-major. 1 <= n_components <= n_features, n_rows
 * >= 2. STATUS_MEMORY; STATUS_DATA when LAPACK finds no eigenvalues. principal_destroy takes a
 * zeroed struct. blas_start was called.
 */
enum status principal_create(struct principal *principal, const uint8_t *pixels, size_t n_rows,
                             size_t n_features, size_t n_components, struct error *error);
void principal_destroy(struct principal *principal);

#endif
