/*
 * A start for the linear machines that SMO is slow on, from a primal-dual interior-point method
 * over the rows that may have to change; the others stay as they are.
 *
 *   min over beta   |X' beta|^2 / 2 - q' beta,   sum beta = s,   lowest <= beta <= highest,
 *
 * with q what the others leave of y, and s what they leave of 0. Mehrotra's predictor and
 * corrector, with Gondzio's further correctors; (X X' + D)^-1 with diagonal D by the formula of
 * Woodbury, with a matrix of the size of the features: Ferris and Munson, "Interior-point methods
 * for massive support vector machines" (SIAM J. Optimization 13, 2002). What it returns is feasible
 * and close to the optimum; that it is one is for the caller to establish.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_INTERIOR_H
#define FMBENCH_CLASSIFIERS_SVC_INTERIOR_H

#include "classifiers/svc_pair.h"

struct svc_interior {
    const struct svc_pair *pair;
    size_t n;             /* rows that may change */
    const uint32_t *rows; /* n: their numbers in the pair */
    const double *f;      /* of all rows of the pair: y - K beta */
    double *beta;         /* of all rows of the pair; changed in `rows` if found */
    bool found;           /* written: false where the method broke down */
};

enum status svc_interior_start(struct svc_interior *interior, struct error *error);

/* What it allocates for n rows. */
size_t svc_interior_bytes(size_t n, size_t n_columns);

#endif
