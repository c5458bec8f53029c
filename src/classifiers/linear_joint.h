/*
 * A factored estimate of the matrix of Newton's equations for weights that are joint over classes,
 * to precondition conjugate gradients with:
 *     H = E + sum_i (D_i - d_i d_i^T / sum d_i) (x) x_i x_i^T,   D_i = diag(d_i),
 * E diagonal. What a row adds is a sum over pairs of classes,
 *     d_ik d_il / sum d_i  (e_k - e_l) (e_k - e_l)^T (x) x_i x_i^T :
 * most rows have one pair that matters, so that a sample of rows and pairs by those weights is
 * close to H where all of them would be classes^2 / 2 times the work.
 *
 * At first the blocks of H that a class has with itself stand for it, which is enough where the
 * variables are far from their bounds, as long as conjugate gradients take less than a factor of
 * the whole of H does; and where H is too large.
 *
 * E = I: all that the method computes has the sum 0 over the classes. Such weights are determined
 * up to their mean by those of all classes but the last: w = u - mean u with u = 0 in the last
 * class, and a matrix for u. Else E may be 0 for the last column, the intercept; then there is no
 * solution but for what has the sum 0 over the classes there, and of the solutions one is as good
 * as another. Blocks know nothing of shifts, the same for a feature in all classes, which E alone
 * resists: the exact inverse for those is added, as additive Schwarz methods do for a coarse space.
 *
 * Rows and pairs are sampled by weight and leverage (Drineas, Mahoney and Muthukrishnan, "Sampling
 * algorithms for l2 regression", SODA 2006), which is learnt from the factors before, along random
 * directions (Spielman and Srivastava, "Graph sparsification by effective resistances", STOC 2008).
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_JOINT_H
#define FMBENCH_CLASSIFIERS_LINEAR_JOINT_H

#include "classifiers/linear_design.h"

struct linear_joint {
    const struct linear_design *design; /* borrowed */
    const double *diagonal;             /* E, stride x lanes, borrowed; NULL: I */
    bool is_joint;                      /* not by blocks of a class with itself */
    size_t n_blocks;                    /* classes that have blocks */
    size_t ld;           /* of the factor: n_blocks x n_columns, or where not joint n_columns */
    double float_ridge;  /* of each diagonal element, raised where it is too small */
    bool wants_double;   /* set by the user of the solutions, where float32 is not enough */
    bool is_double;      /* of float32 and double, which is in use */
    float *float_factor; /* ld x ld, the lower triangle, by classes; not joint: n_blocks of those;
                            owned */
    float *float_rows, *float_column; /* for each thread; n_blocks x n_columns; owned */
    double *double_factor, *double_rows, *double_column; /* the same */
    size_t n_pairs;   /* of classes that a row may be sampled for */
    size_t n_factors; /* that leverages were learnt from */
    float *leverage; /* n_rows x n_pairs, owned: first x^T (I + sum x x^T)^-1 x, then estimates from
                        the last factors */
    float *sketch;   /* n_rows x lanes, owned */
    double *direction;            /* stride x lanes, owned */
    struct weight_counts *counts; /* LINEAR_CHUNKS, owned */
};

/* Whether the whole of H is of a size that pays. */
bool linear_joint_fits(size_t n_classes, size_t n_columns);

/* That, and as many rows as columns, or one less: with fewer, blocks do. */
bool linear_joint_pays(size_t n_rows, size_t n_classes, size_t n_columns);

/* Rounds of conjugate gradients that cost as much as a factor of the whole of H. */
double linear_joint_rounds(size_t n_rows, size_t n_classes, size_t n_columns);

/* Whether the whole of H is likely to be wanted: with few rows rounds are cheap. */
bool linear_joint_is_likely(const struct problem_size *size);

/* What it allocates in double; of the whole of H where it is likely. */
double linear_joint_bytes(const struct problem_size *size);

/* diagonal: NULL for E = I. By blocks at first, and the whole of H from linear_joint_join on.
   linear_joint_destroy takes a zeroed struct. */
enum status linear_joint_create(struct linear_joint *joint, const struct linear_design *design,
                                const double *diagonal, struct error *error);
void linear_joint_destroy(struct linear_joint *joint);

/* For what linear_joint_pays, once, when blocks are not enough. */
enum status linear_joint_join(struct linear_joint *joint, struct error *error);

/*
 * d: n_rows x lanes, at least 0;  sum_d: n_rows, positive. In float32 until that has no factor, or
 * wants_double; from then on in double; *is_done is false where that has none either.
 */
enum status linear_joint_factor(struct linear_joint *joint, const double *d, const double *sum_d,
                                bool *is_done, struct error *error);

/* out = H^-1 in, about; stride x lanes, with E = I both with sum 0 over the classes. Not
   thread-safe. */
void linear_joint_solve(const struct linear_joint *joint, const double *in, double *out);

#endif
