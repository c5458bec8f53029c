/* The l2 problem of multinomial.h, by Newton's method; see the .c file. */
#ifndef FMBENCH_CLASSIFIERS_MULTINOMIAL_NEWTON_H
#define FMBENCH_CLASSIFIERS_MULTINOMIAL_NEWTON_H

#include "classifiers/multinomial.h"

/* What it allocates. */
double multinomial_newton_bytes(const struct problem_size *size);

/* As multinomial_solve; all classes have rows, and is_l1 is false. Up to a shift of all intercepts.
 */
enum status multinomial_newton(const struct linear_design *design,
                               const struct multinomial_options *options, double *restrict w,
                               struct multinomial_result *result, struct error *error);

#endif
