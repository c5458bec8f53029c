/*
 * The penalties of multinomial logistic regression on the weights, not on the intercepts, which are
 * the last row: 1/2 |w|^2, or |w|_1 made smooth for an interior-point method; see the .c file.
 * Arrays are stride x lanes.
 */
#ifndef FMBENCH_CLASSIFIERS_MULTINOMIAL_PENALTY_H
#define FMBENCH_CLASSIFIERS_MULTINOMIAL_PENALTY_H

#include "classifiers/multinomial_rows.h"

struct multinomial_penalty {
    bool is_l1;
    double mu;        /* l1: of the barrier */
    double *v;        /* l1: the dual variables, in (-1, 1), owned; as is all below */
    double *diagonal; /* l1: second derivatives, by w and v; positive for intercepts too */
};

/* v = 0. multinomial_penalty_destroy takes a zeroed struct. */
enum status multinomial_penalty_create(struct multinomial_penalty *penalty,
                                       const struct linear_design *design, bool is_l1,
                                       struct error *error);
void multinomial_penalty_destroy(struct multinomial_penalty *penalty);

/* The true penalty, without smoothing. */
double multinomial_penalty_value(const struct multinomial_penalty *penalty,
                                 const struct linear_lanes *x);

/* At w + step s, with derivatives by the step. */
struct multinomial_line multinomial_penalty_along(const struct multinomial_penalty *penalty,
                                                  const struct linear_lanes *x, double step);

/* g += the gradient; and the diagonal. */
void multinomial_penalty_add_gradient(const struct multinomial_penalty *penalty,
                                      const struct linear_lanes *x, double *g);

/* q += diagonal p, without the intercepts'. */
void multinomial_penalty_add_product(const struct multinomial_penalty *penalty,
                                     const struct linear_lanes *x, const double *p, double *q);

/* The dual variables go with a Newton step s from w. */
void multinomial_penalty_follow(const struct multinomial_penalty *penalty,
                                const struct linear_lanes *x);

#endif
