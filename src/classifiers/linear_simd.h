/*
 * Kernels of the linear classifiers: products of a float32 matrix with a few columns side by side,
 * and the losses of those columns. Products and sums are in double, so that the float32 matrix is
 * the problem, not an approximation of it.
 *
 * A lane is one binary problem. Arrays of lanes are row-major, n x lanes, and `lanes` is a multiple
 * of LINEAR_LANES; a lane that is only padding computes something harmless.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_SIMD_H
#define FMBENCH_CLASSIFIERS_LINEAR_SIMD_H

#include "numerics/simd.h"

#include <stddef.h>

enum { LINEAR_LANES = 8, LINEAR_COLUMNS = 8 };

struct linear_rows {
    const float *x;        /* n_rows x stride, row-major */
    size_t n_rows, stride; /* stride is a multiple of LINEAR_COLUMNS */
};

enum linear_loss {
    LINEAR_LOGISTIC,      /* C log(1 + exp(-m)) */
    LINEAR_SQUARED_HINGE, /* C max(0, 1 - m)^2 */
    LINEAR_PROXIMAL_HINGE /* max over 0 <= a <= C of a (1 - m) - mu/2 (a - alpha)^2 */
};

/* Some rows of all problems; the margin of row i in lane k is +-(z + step direction). */
struct linear_losses {
    enum linear_loss loss;
    double C;
    size_t n_rows, lanes;
    const double *row_class;  /* n_rows: class of each row */
    const double *lane_class; /* lanes: the class that is positive in each lane */
    const double *z;          /* n_rows x lanes: x.w */
    const double *direction;  /* n_rows x lanes: x.s; only read by `along` */
    const double *step;       /* lanes; only read by `along` */
    const double *alpha;      /* n_rows x lanes; LINEAR_PROXIMAL_HINGE only */
    const double *mu;         /* lanes; LINEAR_PROXIMAL_HINGE only */
};

/* Sums over rows, one a lane; they are added to what is there. */
struct linear_sums {
    double *value;     /* of the loss */
    double *slope;     /* along: derivative by the step */
    double *curvature; /* along: second derivative by the step */
    double *hinge;     /* residuals, LINEAR_PROXIMAL_HINGE: sum of C max(0, 1 - m) */
    double *dual;      /* residuals, LINEAR_PROXIMAL_HINGE: sum of a */
};

struct linear_kernels {
    /* z = x w;  w: stride x lanes,  z: n_rows x lanes. */
    void (*times)(const struct linear_rows *rows, size_t lanes, const double *w,
                  double *restrict z);
    /* g += x^T r;  r: n_rows x lanes,  g: stride x lanes. */
    void (*transpose_times)(const struct linear_rows *rows, size_t lanes, const double *r,
                            double *restrict g);
    /* Both in float32. */
    void (*times_float)(const struct linear_rows *rows, size_t lanes, const float *w,
                        float *restrict z);
    void (*transpose_times_float)(const struct linear_rows *rows, size_t lanes, const float *r,
                                  float *restrict g);
    /* r = the derivative of the losses by z, n_rows x lanes. */
    void (*residuals)(const struct linear_losses *losses, double *restrict r,
                      const struct linear_sums *sums);
    /* Values and derivatives of the losses at z + step direction. */
    void (*along)(const struct linear_losses *losses, const struct linear_sums *sums);
    /* out[k] = x.w_k;  w: n_vectors x stride. */
    void (*dots)(const float *x, size_t stride, size_t n_vectors, const double *w,
                 double *restrict out);
    /* w += scale x. */
    void (*add_scaled)(const float *x, size_t stride, double scale, double *restrict w);
};

SIMD_DECLARE(struct linear_kernels, linear_kernels);

#endif
