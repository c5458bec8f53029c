/*
 * The softmax losses of all rows, C sum_i (log sum_k exp(z_ik) - z_iy), z = X w: values, gradient,
 * curvature. The intercepts, the last row of w, are not penalised; they are kept at their optimum
 * for the other weights, see softmax.h.
 */
#ifndef FMBENCH_CLASSIFIERS_MULTINOMIAL_ROWS_H
#define FMBENCH_CLASSIFIERS_MULTINOMIAL_ROWS_H

#include "classifiers/linear_lanes.h"
#include "classifiers/softmax.h"

struct multinomial_rows {
    struct linear_lanes x; /* z, r = C (p - 1[k = y]), s and t = X s, g = X^T r; w is borrowed */
    double loss;           /* at w */
    double *p;             /* n_rows x lanes, owned; 0 in padding */
    struct softmax softmax;
    struct linear_design curved; /* rows whose curvature matters, a subset */
    double *shiftless;           /* stride x lanes, owned: for products */
    float *curved_p;             /* curved.n_rows x lanes, owned */
    bool is_double;              /* products are not in float32 */
};

/* What it allocates. */
double multinomial_rows_bytes(const struct problem_size *size);

/* From w = 0, with the intercepts there. multinomial_rows_destroy takes a zeroed struct. */
enum status multinomial_rows_create(struct multinomial_rows *rows,
                                    const struct linear_design *design, double C, double *w,
                                    struct error *error);
void multinomial_rows_destroy(struct multinomial_rows *rows);

/* Moves the intercepts to their optimum; then loss, p, r and g. */
void multinomial_rows_evaluate(struct multinomial_rows *rows);

/* The losses at z + step t and their derivatives by the step. */
struct multinomial_line {
    double value, slope, curvature;
};
struct multinomial_line multinomial_rows_along(const struct multinomial_rows *rows, double step);

/* w += step s,  z += step t. */
void multinomial_rows_move(struct multinomial_rows *rows, double step);

/*
 * Between evaluations: where the probability of a row's own class is below `floor`, moves p and r
 * towards the label until it is that. Such a row has next to no curvature though its loss is steep,
 * and with pixels that few rows have, steps without it are far too long.
 */
void multinomial_rows_soften(struct multinomial_rows *rows, double floor);

/* Before products: gathers the rows of which p is not as good as settled. */
void multinomial_rows_gather(struct multinomial_rows *rows);

/* q = the Hessian of the losses times p; stride x lanes. Uses t for itself. */
void multinomial_rows_curve(const struct multinomial_rows *rows, const double *p, double *q);

#endif
