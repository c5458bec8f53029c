/*
 * Newton's method for all one-vs-rest problems side by side,
 *     min over w of 1/2 |w|^2 + C sum_i loss(y_i w.x_i),
 * with the intercept as a feature of constant 1; see linear_binary.c.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_BINARY_H
#define FMBENCH_CLASSIFIERS_LINEAR_BINARY_H

#include "classifiers/linear_design.h"

struct linear_binary_options {
    enum linear_loss loss;
    double C;
    double tol;    /* of the relative duality gap */
    long max_iter; /* Newton steps */
};

struct linear_binary_result {
    long n_iter; /* Newton steps, of the problem that took most */
    bool converged;
    double objective; /* sum over problems */
    double dual_gap;  /* relative, of the worst problem */
};

/* What linear_binary_solve allocates. */
double linear_binary_bytes(const struct problem_size *size);

/* w: stride x lanes, from 0 to the optimum. */
enum status linear_binary_solve(const struct linear_design *design,
                                const struct linear_binary_options *options, double *restrict w,
                                struct linear_binary_result *result, struct error *error);

#endif
