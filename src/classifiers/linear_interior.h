/*
 * A primal-dual interior-point method for linear machines of all classes jointly,
 *     min over W of penalty(W) + C sum_i max over p_i of sum_k p_ik (w_k.x_i + m_ik) - e p_ik log
 * p_ik
 *                                                      - w_{y_i}.x_i,
 * p_i >= 0 with the sum 1; see linear_interior.c.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_INTERIOR_H
#define FMBENCH_CLASSIFIERS_LINEAR_INTERIOR_H

#include "classifiers/linear_design.h"

/* What results call it. */
#define LINEAR_INTERIOR_NAME "primal-dual interior-point method"

enum linear_interior_machine {
    /* m_ik = 1[k != y_i], e = 0: max_k (m_ik + w_k.x_i) - w_y.x_i. Penalty 1/2 |W|^2, of the last
       column too, the intercepts. */
    LINEAR_INTERIOR_CRAMMER_SINGER,
    /* m = 0, e = 1: the softmax loss. Penalty |W|_1 of all columns but the last; all classes have
       rows. */
    LINEAR_INTERIOR_MULTINOMIAL_L1
};

struct linear_interior_options {
    enum linear_interior_machine machine;
    double C;
    double tol;    /* of the relative duality gap */
    long max_iter; /* Newton steps */
};

struct linear_interior_result {
    long n_iter; /* Newton steps */
    bool converged;
    double objective;
    double dual_gap; /* relative */
};

/* What it allocates. */
double linear_interior_bytes(enum linear_interior_machine machine, const struct problem_size *size);

/* w: stride x lanes, from 0 to the optimum. */
enum status linear_interior_solve(const struct linear_design *design,
                                  const struct linear_interior_options *options, double *restrict w,
                                  struct linear_interior_result *result, struct error *error);

#endif
