/*
 * How fast this machine is: pieces of work that have nothing to do with a dataset, timed on one
 * thread. Each measurement runs in a child process, since the caller may go on to fork workers,
 * which must not inherit threads of BLAS or OpenMP.
 */
#ifndef FMBENCH_RUNNER_SPEED_H
#define FMBENCH_RUNNER_SPEED_H

#include "base/error.h"
#include "report/limits.h"

/*
 * Measures a fixed piece of work, of matrix products and of counting bytes: *yardstick_s is the
 * shortest of a few times.
 */
enum status speed_measure_yardstick(double *yardstick_s, struct error *error);

/* What the best kernels for each kind of work reach, the fastest of several tries; about a second.
 */
enum status speed_measure_peaks(struct limits_peaks *peaks, struct error *error);

#endif
