/*
 * Sequential minimal optimisation on a small dense problem whose kernel matrix is in memory.
 *
 * In terms of beta_t = y_t alpha_t: maximise sum y_t beta_t - beta' K beta / 2 with sum beta_t
 * constant and beta_t in [0, C] where y_t is 1, in [-C, 0] where it is -1. f = y - K beta is its
 * gradient. A step moves two variables: the one that may grow with the largest f_i, and the one
 * that may shrink with the largest gain b^2 / a, b = f_i - f_j, a = K_ii + K_jj - 2 K_ij. It stops
 * when the largest b is below the tolerance. Fan, Chen and Lin, "Working set selection using second
 * order information for training support vector machines" (JMLR 6, 2005), WSS 2.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_SMO_H
#define FMBENCH_CLASSIFIERS_SVC_SMO_H

#include <stdbool.h>
#include <stddef.h>

/* Arrays of n_padded = n rounded up to a multiple of SMO_LANES, or n_padded x stride. */
struct svc_smo {
    size_t n, stride;
    const float *k; /* n x stride: the kernel matrix; its padding columns hold any numbers */
    /* Row t of it, where k is NULL; valid until the call after the next. NULL when memory is short.
     */
    const float *(*row)(void *source, size_t t);
    void *source;
    const float *diagonal;          /* of the kernel matrix, padded with any numbers */
    const double *lowest, *highest; /* n */
    double *beta;                   /* n, changed */
    float *f;                       /* changed; an f common to all may be subtracted from it */
    float *up, *down;               /* work */
};

struct svc_smo_result {
    long n_iter;
    double violation; /* the largest b at the end */
    bool failed;      /* there was no memory for a row */
};

struct svc_smo_result svc_smo_solve(const struct svc_smo *smo, double tol, long max_iter);

#endif
