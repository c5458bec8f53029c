/*
 * The rows of the interior-point method of linear_interior.c, which has the names: z = X w, the
 * dual variables p, the slacks s, and what a direction does to them.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_INTERIOR_ROWS_H
#define FMBENCH_CLASSIFIERS_LINEAR_INTERIOR_ROWS_H

#include "classifiers/linear_design.h"
#include "classifiers/linear_interior_target.h"

struct linear_interior_rows {
    const struct linear_design *design; /* borrowed */
    double C, entropy;                  /* entropy: e */
    double *z, *dz;                     /* n_rows x lanes, owned, as is all below: X w, X dw */
    double *p, *s, *dp, *ds, *d;        /* n_rows x lanes */
    double *aim, *aim_kept;             /* n_rows x lanes: what dp is but for dz and dt */
    double *r;                          /* n_rows x lanes: for products */
    double *off;                        /* n_rows x lanes, e = 1: t + log p - z - s */
    double *sum_d, *t, *dt;             /* n_rows */
    double *totals;                     /* LINEAR_CHUNKS x LINEAR_INTERIOR_TOTALS */
};

/* Sums over the rows: C times the hinge of Crammer and Singer; C (1 - p_y); p s. */
enum {
    LINEAR_INTERIOR_HINGE,
    LINEAR_INTERIOR_MARGINS,
    LINEAR_INTERIOR_PRODUCTS,
    LINEAR_INTERIOR_TOTALS
};

double linear_interior_rows_bytes(bool is_softmax, double n_lanes); /* of each row */

/* linear_interior_rows_destroy takes a zeroed struct. */
enum status linear_interior_rows_create(struct linear_interior_rows *rows,
                                        const struct linear_design *design, bool is_softmax,
                                        double C, struct error *error);
void linear_interior_rows_destroy(struct linear_interior_rows *rows);

/* At w, stride x lanes: p the same in all rows, share of the class's rows with e = 1, else
   1 / n_problems; all slacks of one size. */
void linear_interior_rows_start(struct linear_interior_rows *rows, const double *w);

/* d, and r = C (p - 1[k = y]), and the totals. */
void linear_interior_rows_weigh(struct linear_interior_rows *rows,
                                double totals[LINEAR_INTERIOR_TOTALS]);

/* aim, and r with which X^T r is the rows' share in the right-hand side. */
void linear_interior_rows_aim(struct linear_interior_rows *rows,
                              const struct linear_interior_target *target);

/* v = (D - d d^T / sum d) v, n_rows x lanes: for linear_curved_times, and in double for all. */
void linear_interior_rows_curve(const void *rows, size_t first, size_t n_rows, float *restrict v);
void linear_interior_rows_curve_double(const struct linear_interior_rows *rows, double *v);

/* dp, ds and dt from dz, and r = C (p + dp - 1[k = y]). Returns 1 / the longest step that keeps p
   and s positive, at least 1. */
double linear_interior_rows_direct(struct linear_interior_rows *rows);

/* The sum of p s after a step. */
double linear_interior_rows_products(struct linear_interior_rows *rows, double step);

void linear_interior_rows_move(struct linear_interior_rows *rows, double step);

#endif
