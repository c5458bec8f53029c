/*
 * The penalties of the interior-point method of linear_interior.c: 1/2 |w|^2 of all weights, or of
 * all but the last column's, the intercepts, |w|_1; see the .c file. Arrays are stride x lanes.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_INTERIOR_PENALTY_H
#define FMBENCH_CLASSIFIERS_LINEAR_INTERIOR_PENALTY_H

#include "classifiers/linear_design.h"
#include "classifiers/linear_interior_target.h"

/* A part w+ or w- of the weights, at least 0, whose multiplier is 1 - v or 1 + v. */
struct linear_interior_part {
    double sign;            /* of v in the multiplier */
    double *value, *step;   /* owned, as is all below */
    double *aim, *aim_kept; /* what the product of both is to change by */
};

struct linear_interior_penalty {
    const struct linear_design *design; /* borrowed */
    double *w;                          /* borrowed */
    bool is_l1;
    struct linear_interior_part parts[2];
    double *v, *dv;   /* l1, owned: dual variables, in (-1, 1) */
    double *diagonal; /* l1, owned: E; 0 for intercepts. l2: NULL, for the identity */
    double *centre;   /* l1, owned: c */
};

double linear_interior_penalty_bytes(const struct problem_size *size);

/* linear_interior_penalty_destroy takes a zeroed struct. */
enum status linear_interior_penalty_create(struct linear_interior_penalty *penalty,
                                           const struct linear_design *design, bool is_l1,
                                           double *w, struct error *error);
void linear_interior_penalty_destroy(struct linear_interior_penalty *penalty);

/* w = 0, v = 0, and all products as given. */
void linear_interior_penalty_start(struct linear_interior_penalty *penalty, double product);

double linear_interior_penalty_value(const struct linear_interior_penalty *penalty);

/* How many products there are, and their sum after a step. */
double linear_interior_penalty_count(const struct linear_interior_penalty *penalty);
double linear_interior_penalty_products(const struct linear_interior_penalty *penalty, double step);

/* The diagonal, at an iterate. */
void linear_interior_penalty_weigh(struct linear_interior_penalty *penalty);

void linear_interior_penalty_aim(struct linear_interior_penalty *penalty,
                                 const struct linear_interior_target *target);

/* The aims of now are kept, or those that were become those of now. */
void linear_interior_penalty_keep(const struct linear_interior_penalty *penalty);
void linear_interior_penalty_restore(const struct linear_interior_penalty *penalty);

/* out = -(the derivative at w + dw) - out, to first order; dw: NULL for 0. */
void linear_interior_penalty_residual(const struct linear_interior_penalty *penalty,
                                      const double *dw, double *out);

/* q += E p. */
void linear_interior_penalty_curve(const struct linear_interior_penalty *penalty, const double *p,
                                   double *q);

/* 1/2 residual . E^-1 residual, without the intercepts'. */
double linear_interior_penalty_cost(const struct linear_interior_penalty *penalty,
                                    const double *residual);

/* What follows from dw. Returns 1 / the longest step, at least 1. */
double linear_interior_penalty_direct(struct linear_interior_penalty *penalty, const double *dw);

void linear_interior_penalty_move(struct linear_interior_penalty *penalty, const double *dw,
                                  double step);

/* Makes 0 the weights of which both parts are smaller than their multiplier. */
void linear_interior_penalty_round(const struct linear_interior_penalty *penalty);

#endif
