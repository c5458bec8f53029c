/* Accuracies of all rows over bootstrap samples of the test images and of their repeats. */
#ifndef FMBENCH_REPORT_RESAMPLING_H
#define FMBENCH_REPORT_RESAMPLING_H

#include "report/outcomes.h"

/*
 * Fills *accuracies, to be released with free: n_replicates x n_rows, 0 for a row without
 * predictions. A sample of images is the same for all rows, so differences between rows are those
 * on the same images; of its repeats each row draws as many as it has. The random numbers are keyed
 * by the hash of the dataset. blas_start comes first.
 */
enum status resample(const struct outcomes *outcomes, size_t n_replicates, double **accuracies,
                     struct error *error);

#endif
