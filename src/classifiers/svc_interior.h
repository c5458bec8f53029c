/*
 * A start for the linear machines that SMO is slow on, from a primal-dual interior-point method.
 *
 *   min over beta   |X' beta|^2 / 2 - y' beta,   sum beta = 0,   lowest <= beta <= highest.
 *
 * Mehrotra's predictor and corrector; (X X' + D)^-1 with diagonal D by the formula of Woodbury,
 * with a matrix of the size of the features: Ferris and Munson, "Interior-point methods for massive
 * support vector machines" (SIAM J. Optimization 13, 2002). What it returns is feasible and close
 * to the optimum; that it is one is for the caller to establish.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_INTERIOR_H
#define FMBENCH_CLASSIFIERS_SVC_INTERIOR_H

#include "classifiers/svc_pair.h"

/* *found is false, and beta as it was, where the method broke down. */
enum status svc_interior_start(const struct svc_pair *pair, double *beta, bool *found,
                               struct error *error);

#endif
