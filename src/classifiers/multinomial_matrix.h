/*
 * An estimate of Newton's matrix, E + the Hessian of the softmax losses, E diagonal, factored, to
 * precondition conjugate gradients with: a block for each class,
 *     E_k + C sum_i p_ik (1 - p_ik) x_i x_i^T,
 * from rows sampled by curvature and leverage; at w = 0 one block for all classes.
 *
 * To shift the weights of a feature by the same in all classes changes no loss: E alone resists it,
 * and the blocks know nothing of that. Where E is the identity, all that is computed has the sum 0
 * over the classes, and the solution is projected on that. Else the exact inverse for shifts is
 * added, as additive Schwarz methods do for a coarse space.
 */
#ifndef FMBENCH_CLASSIFIERS_MULTINOMIAL_MATRIX_H
#define FMBENCH_CLASSIFIERS_MULTINOMIAL_MATRIX_H

#include "classifiers/multinomial_rows.h"

struct multinomial_matrix {
    const struct multinomial_rows *rows; /* borrowed */
    const double *diagonal;              /* E, stride x lanes, borrowed; NULL: the identity */
    bool is_shared;                      /* the first factor is that of all classes */
    double *factors;                     /* n_problems x stride x stride, owned */
};

/* multinomial_matrix_destroy takes a zeroed struct. */
enum status multinomial_matrix_create(struct multinomial_matrix *matrix,
                                      const struct multinomial_rows *rows, const double *diagonal,
                                      struct error *error);
void multinomial_matrix_destroy(struct multinomial_matrix *matrix);

/* At w = 0, with all of E the same; also measures the leverages. */
void multinomial_matrix_factor_first(struct multinomial_matrix *matrix);

/* At the p and the E of now. */
void multinomial_matrix_factor(struct multinomial_matrix *matrix);

/* out = matrix^-1 in, about; stride x lanes. in has the sum 0 over the classes where E is the
   identity. */
void multinomial_matrix_solve(const struct multinomial_matrix *matrix, const double *in,
                              double *out);

#endif
