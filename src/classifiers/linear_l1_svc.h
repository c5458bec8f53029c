/* l1-regularised support vector machines, all one-vs-rest problems side by side; see
   linear_l1_svc.c. */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_L1_SVC_H
#define FMBENCH_CLASSIFIERS_LINEAR_L1_SVC_H

#include "classifiers/linear_binary.h"

/* What linear_l1_svc_solve allocates. */
double linear_l1_svc_bytes(const struct problem_size *size);

/* The problem of linear_binary_solve with |w|_1 as the penalty. loss: LINEAR_SQUARED_HINGE, or
   LINEAR_PROXIMAL_HINGE for the hinge. w: stride x lanes, from 0 to the optimum. */
enum status linear_l1_svc_solve(const struct linear_design *design,
                                const struct linear_binary_options *options, double *restrict w,
                                struct linear_binary_result *result, struct error *error);

#endif
