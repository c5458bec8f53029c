/*
 * An estimate of Newton's matrix, I + the Hessian of the softmax losses, factored, to precondition
 * conjugate gradients with: a block for each class,
 *     I + C sum_i p_ik (1 - p_ik) x_i x_i^T,
 * from rows sampled by curvature and leverage; at w = 0 one block for all classes. All that is
 * computed has the sum 0 over the classes, on which the solution is projected.
 */
#ifndef FMBENCH_CLASSIFIERS_MULTINOMIAL_MATRIX_H
#define FMBENCH_CLASSIFIERS_MULTINOMIAL_MATRIX_H

#include "classifiers/multinomial_rows.h"

struct multinomial_matrix {
    const struct multinomial_rows *rows; /* borrowed */
    bool is_shared;                      /* the first factor is that of all classes */
    double *factors;                     /* n_problems x stride x stride, owned */
};

/* multinomial_matrix_destroy takes a zeroed struct. */
enum status multinomial_matrix_create(struct multinomial_matrix *matrix,
                                      const struct multinomial_rows *rows, struct error *error);
void multinomial_matrix_destroy(struct multinomial_matrix *matrix);

/* At w = 0; also measures the leverages. */
void multinomial_matrix_factor_first(struct multinomial_matrix *matrix);

/* At the p of now. */
void multinomial_matrix_factor(struct multinomial_matrix *matrix);

/* out = matrix^-1 in, about; stride x lanes. in has the sum 0 over the classes. */
void multinomial_matrix_solve(const struct multinomial_matrix *matrix, const double *in,
                              double *out);

#endif
