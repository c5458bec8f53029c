/* The quadratic model of an l1-regularised problem and its minimisation; see linear_lasso.c. */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_LASSO_H
#define FMBENCH_CLASSIFIERS_LINEAR_LASSO_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Belongs to one thread. */
struct linear_lasso {
    size_t n, stride;
    double *w;      /* n: where the model is looked at; owned, as is all below */
    double *q;      /* n: gradient of the smooth part at w */
    double *step;   /* n */
    double *change; /* n: H step */
    double *block;  /* n x n */
    uint32_t *free; /* n: the coordinates that are not 0 */
};

/* linear_lasso_destroy takes a zeroed struct. */
enum status linear_lasso_create(struct linear_lasso *lasso, size_t n, size_t stride,
                                struct error *error);
void linear_lasso_destroy(struct linear_lasso *lasso);

/* The smallest subgradient of g w + |w|, in size. */
double linear_lasso_violation(double g, double w);

/*
 * From w, with q the gradient there, goes down until the 1-norm of the smallest subgradient is at
 * most `target`, or until it has tried long enough. h: n x stride, both triangles.
 */
void linear_lasso_minimise(const struct linear_lasso *lasso, const double *h, double target);

#endif
