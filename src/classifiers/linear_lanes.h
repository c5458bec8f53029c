/*
 * The state that the Newton-type solvers of one-vs-rest problems share: all problems (lanes) side
 * by side, their margins, residuals and directions; sums over rows in a fixed order; and the
 * leverages by which rows are sampled for a Newton matrix.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_LANES_H
#define FMBENCH_CLASSIFIERS_LINEAR_LANES_H

#include "classifiers/linear_design.h"
#include "classifiers/linear_hessian.h"

/* Sums over rows, one a lane. */
enum linear_sum { SUM_VALUE, SUM_SLOPE, SUM_CURVATURE, SUM_HINGE, SUM_DUAL, N_SUMS };

/* What one thread needs to make a Newton matrix. */
struct linear_scratch {
    struct linear_hessian hessian;
    double *column;  /* stride, owned */
    uint8_t *member; /* n_rows, owned */
};

struct linear_lanes {
    const struct linear_design *design; /* borrowed */
    enum linear_loss loss;
    double C;
    double *w;                 /* stride x lanes, borrowed */
    double *s, *g;             /* stride x lanes: direction, gradient; owned, as is all below */
    double *work;              /* 4 x stride x lanes */
    double *z, *t, *r, *alpha; /* n_rows x lanes: x.w, x.s, residuals, proximal centres */
    float *u, *leverage;       /* n_rows x lanes; u is for updates of the leverages */
    double *sums;              /* LINEAR_CHUNKS x N_SUMS x lanes */
    double *total;             /* N_SUMS x lanes */
    double *step, *mu;         /* lanes */
    double *rarity;            /* lanes: linear_design_rarity */
    struct linear_scratch *scratch; /* n_threads */
};

/* What it allocates. */
double linear_lanes_bytes(const struct problem_size *size);

/* From w = 0. linear_lanes_destroy takes a zeroed struct. */
enum status linear_lanes_create(struct linear_lanes *lanes, const struct linear_design *design,
                                enum linear_loss loss, double C, double *w, struct error *error);
void linear_lanes_destroy(struct linear_lanes *lanes);

/* r and total[SUM_VALUE ...] at z, and g = X^T r. */
void linear_lanes_evaluate(const struct linear_lanes *lanes);

/* total[SUM_VALUE, SUM_SLOPE, SUM_CURVATURE] of the losses at z + step t. */
void linear_lanes_along(const struct linear_lanes *lanes);

/* w += step s,  z += step t. */
void linear_lanes_move(const struct linear_lanes *lanes);

double linear_lanes_total(const struct linear_lanes *lanes, enum linear_sum sum, size_t k);

/* a_k . b_k of stride x lanes arrays. */
double linear_lanes_dot(const struct linear_lanes *lanes, const double *a, const double *b,
                        size_t k);

/* out_k = factor^-1 (scale in_k). */
void linear_lanes_solve(const struct linear_lanes *lanes, size_t k, const double *factor,
                        double scale, const double *in, double *out, double *column);

/* All rows with one weight: the Newton matrix of every lane at w = 0. */
void linear_lanes_list_all(const struct linear_lanes *lanes, double weight,
                           struct linear_hessian *hessian);

/* The rows of lane k and their curvatures under the logistic loss, but for those whose curvature is
   below `cutoff` times the largest possible. */
void linear_lanes_list_logistic(const struct linear_lanes *lanes, size_t k, double cutoff,
                                struct linear_hessian *hessian);

/*
 * Leverages x^T H^-1 x of every row, estimated from random signs. From one factor for all lanes;
 * or from the factor of each lane (NULL: none), as a running mean, since H changes slowly.
 */
void linear_lanes_shared_leverage(const struct linear_lanes *lanes, const double *factor);
void linear_lanes_update_leverage(const struct linear_lanes *lanes, const double *const *factors,
                                  long iteration);

/*
 * Of the listed rows leaves about n_rows, each with a chance in proportion to its weight and
 * leverage, and the weight divided by that chance, so that the expected sum is the same. Does
 * nothing, and returns false, when no more than twice n_rows are listed.
 */
bool linear_lanes_sample(const struct linear_lanes *lanes, size_t k, size_t n_rows,
                         struct linear_hessian *hessian);

#endif
