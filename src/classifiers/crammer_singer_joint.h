/*
 * A factored estimate of the matrix of Newton's equations for the machine of Crammer and Singer,
 * to precondition conjugate gradients with. The matrix is joint over classes,
 *     H = I + sum_i (D_i - d_i d_i^T / sum d_i) (x) x_i x_i^T,   D_i = diag(d_i),
 * and what a row adds is a sum over pairs of classes,
 *     d_ik d_il / sum d_i  (e_k - e_l) (e_k - e_l)^T (x) x_i x_i^T :
 * most rows have one pair that matters, so that a sample of rows and pairs by those weights is
 * close to H where all of them would be classes^2 / 2 times the work. On weights that sum to 0 over
 * the classes, where all is that the method computes, they are determined up to their mean by those
 * of all classes but the last: w = u - mean u with u = 0 in the last class, and a matrix for u.
 */
#ifndef FMBENCH_CLASSIFIERS_CRAMMER_SINGER_JOINT_H
#define FMBENCH_CLASSIFIERS_CRAMMER_SINGER_JOINT_H

#include "classifiers/linear_design.h"

struct crammer_singer_joint {
    const struct linear_design *design; /* borrowed */
    size_t n;                           /* (n_problems - 1) x n_columns */
    double float_ridge;                 /* of each diagonal element, raised where it is too small */
    bool wants_double;   /* set by the user of the solutions, where float32 is not enough */
    bool is_double;      /* of float32 and double, which is in use */
    float *float_factor; /* n x n, the lower triangle, by classes; owned */
    float *float_blocks, *float_column;                    /* for each thread; n; owned */
    double *double_factor, *double_blocks, *double_column; /* the same */
    float *leverage;              /* n_rows, owned: x^T (I + sum x x^T)^-1 x */
    struct weight_counts *counts; /* LINEAR_CHUNKS, owned */
};

/* Whether the matrix is of a size that pays. */
bool crammer_singer_joint_fits(const struct linear_design *design);

/* crammer_singer_joint_destroy takes a zeroed struct. */
enum status crammer_singer_joint_create(struct crammer_singer_joint *joint,
                                        const struct linear_design *design, struct error *error);
void crammer_singer_joint_destroy(struct crammer_singer_joint *joint);

/*
 * d: n_rows x lanes, positive;  sum_d: n_rows. In float32 until that has no factor, or
 * wants_double; from then on in double; *is_done is false where that has none either.
 */
enum status crammer_singer_joint_factor(struct crammer_singer_joint *joint, const double *d,
                                        const double *sum_d, bool *is_done, struct error *error);

/* out = H^-1 in, about; stride x lanes, both with sum 0 over the classes. Not thread-safe. */
void crammer_singer_joint_solve(const struct crammer_singer_joint *joint, const double *in,
                                double *out);

#endif
