/*
 * Newton's equations of interior-point methods, all one-vs-rest problems side by side:
 *     (E + X^T D X) dw = rhs,
 * E and D diagonal and positive, other ones in each lane; see linear_system.c. Results do not
 * depend on the number of threads.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_SYSTEM_H
#define FMBENCH_CLASSIFIERS_LINEAR_SYSTEM_H

#include "classifiers/linear_design.h"
#include "classifiers/linear_hessian.h"

struct linear_system {
    const struct linear_design *design; /* borrowed */
    double *d;                          /* n_rows x lanes: D, for the caller to fill; owned */
    double *e;                          /* stride x lanes: E, likewise */
    double *factors;                    /* n_problems x stride x stride, owned, as is all below */
    double *residual, *p, *q;           /* stride x lanes: conjugate gradients */
    double *xp, *weighed;               /* n_rows x lanes: X p, D X p */
    double *column;                     /* stride */
    double *rho;                        /* lanes */
    bool *searching;                    /* lanes */
    int *rounds;                        /* lanes: the most that a solution took with this factor */
    bool *is_double;                    /* lanes: factors are of sums in double */
    struct linear_hessian *hessians;    /* n_threads */
};

/* What it allocates. */
double linear_system_bytes(const struct problem_size *size);

/* linear_system_destroy takes a zeroed struct. */
enum status linear_system_create(struct linear_system *system, const struct linear_design *design,
                                 struct error *error);
void linear_system_destroy(struct linear_system *system);

/* Makes the factors of the lanes that `active` (n_problems) marks, from d and e. */
void linear_system_factor(const struct linear_system *system, const bool *active);

/* dw and dz = X dw, 0 in the lanes that are not active, such that no component of the residual of
   lane k is above enough[k], unless it has tried long enough.  rhs, dw: stride x lanes,  dz: n_rows
   x lanes. */
void linear_system_solve(const struct linear_system *system, const bool *active,
                         const double *enough, const double *rhs, double *dw, double *dz);

#endif
