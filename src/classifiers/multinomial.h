/*
 * Multinomial logistic regression,
 *     min over W, b of penalty(W) + C sum_i (log sum_k exp(w_k.x_i + b_k) - w_{y_i}.x_i - b_{y_i}),
 * the penalty 1/2 |W|^2 or |W|_1, the intercepts b not penalised; see
 * multinomial.c.
 */
#ifndef FMBENCH_CLASSIFIERS_MULTINOMIAL_H
#define FMBENCH_CLASSIFIERS_MULTINOMIAL_H

#include "classifiers/linear_design.h"

struct multinomial_options {
    bool is_l1;
    double C;
    double tol;    /* of the relative duality gap */
    long max_iter; /* Newton steps */
};

struct multinomial_result {
    const char *solver; /* static */
    long n_iter;        /* Newton steps */
    bool converged;
    double objective;
    double dual_gap; /* relative */
};

/* What multinomial_solve allocates. */
double multinomial_bytes(const struct problem_size *size, bool is_l1);

/* For a design with all classes. w: stride x lanes, from 0 to the optimum. */
enum status multinomial_solve(const struct linear_design *design,
                              const struct multinomial_options *options, double *restrict w,
                              struct multinomial_result *result, struct error *error);

#endif
