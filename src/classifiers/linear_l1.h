/* l1-regularised logistic regression, all one-vs-rest problems side by side; see linear_l1.c,
   and linear_l1_parts.c for more columns than rows. */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_L1_H
#define FMBENCH_CLASSIFIERS_LINEAR_L1_H

#include "classifiers/linear_design.h"

struct linear_l1_options {
    double C;
    double tol;    /* of the violation, against that at w = 0 and the share of the rarer label */
    long max_iter; /* outer iterations */
};

struct linear_l1_result {
    long n_iter;
    bool converged;
    double objective; /* sum over problems */
    double violation; /* of the worst problem, relative to that at w = 0 */
};

/* w: stride x lanes, from 0 to the optimum. */
enum status linear_l1_solve(const struct linear_design *design,
                            const struct linear_l1_options *options, double *restrict w,
                            struct linear_l1_result *result, struct error *error);

/* The same by all columns at once, which makes matrices of n_columns x n_columns. r: n_rows x
   lanes, becomes the residuals at w, of which X^T r is the gradient of the losses; or NULL. */
enum status linear_l1_solve_whole(const struct linear_design *design,
                                  const struct linear_l1_options *options, double *restrict w,
                                  double *restrict r, struct linear_l1_result *result,
                                  struct error *error);

#endif
