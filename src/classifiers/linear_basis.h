/*
 * A smaller problem with the same optimum, where rows are fewer than columns. With the penalty
 * 1/2 |w|^2 the optimum is in the span of the rows: for an orthonormal basis Q of it, w = Q u,
 * |w| = |u| and X w = Z u with X = Z Q^T, so that u has one weight a row. Q and Z are those of
 * Householder's factorisation of X^T (Golub and Van Loan, Matrix Computations, 4th edition,
 * algorithm 5.2.1), which holds also for rows that are linearly dependent.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_BASIS_H
#define FMBENCH_CLASSIFIERS_LINEAR_BASIS_H

#include "classifiers/linear_design.h"

struct linear_basis {
    struct linear_design design; /* Z: n_rows x n_rows; its last column is not the intercept's */
    double *vectors;             /* n_rows x n_columns of the wide design: Householder's, owned */
    double *factors;             /* n_rows: theirs, owned */
    double *column;              /* n_columns of the wide design, owned */
};

bool linear_basis_pays(const struct linear_design *wide);

/* linear_basis_destroy takes a zeroed struct. */
enum status linear_basis_create(struct linear_basis *basis, const struct linear_design *wide,
                                struct error *error);
void linear_basis_destroy(struct linear_basis *basis);

/* w = Q u;  u: stride x lanes of basis->design,  w: stride x lanes of `wide`. Not thread-safe. */
enum status linear_basis_expand(const struct linear_basis *basis, const struct linear_design *wide,
                                const double *u, double *restrict w, struct error *error);

#endif
