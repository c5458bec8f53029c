/* The Newton matrix H = I + sum over some rows of weight x x^T, its factor, and solving with it. */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_HESSIAN_H
#define FMBENCH_CLASSIFIERS_LINEAR_HESSIAN_H

#include "classifiers/linear_design.h"

/* What one of them takes. */
double linear_hessian_bytes(const struct problem_size *size);

/* Belongs to one thread. */
struct linear_hessian {
    size_t n_columns, stride;
    double *matrix;   /* stride x stride, the lower triangle, owned */
    float *matrix32;  /* stride x stride, owned */
    double *block;    /* rows gathered and scaled, owned */
    float *block32;   /* the same, twice as many rows in float32, owned */
    double *diagonal; /* stride, owned */
    uint32_t *rows;   /* n_rows: the rows to sum over, owned */
    double *weights;  /* n_rows: their weights, >= 0, owned */
    size_t n_active;  /* how many of them */
    bool is_double;   /* the last build was */
};

enum status linear_hessian_create(struct linear_hessian *hessian,
                                  const struct linear_design *design, struct error *error);
void linear_hessian_destroy(struct linear_hessian *hessian); /* takes a zeroed struct */

/*
 * The plain sum of x x^T over a set of rows that changes little from step to step, so that only the
 * changes need to be added and taken away.
 */
struct linear_gram {
    double *sum;     /* stride x stride, the lower triangle, owned */
    uint8_t *member; /* n_rows, owned */
    bool is_valid, is_double;
    double float_weight_max; /* up to which a float32 sum is precise enough */
};

enum status linear_gram_create(struct linear_gram *gram, const struct linear_design *design,
                               struct error *error);
void linear_gram_destroy(struct linear_gram *gram); /* takes a zeroed struct */

/* matrix = I + weight times the sum over the rows that `member` (n_rows) marks. */
void linear_hessian_build_gram(struct linear_hessian *hessian, const struct linear_design *design,
                               struct linear_gram *gram, const uint8_t *member, double weight);

/*
 * matrix = diagonal I + the sum over the active rows; the lower triangle. `scale` is what the sum
 * will be multiplied with in the end, which decides how precise it must be.
 */
void linear_hessian_build(struct linear_hessian *hessian, const struct linear_design *design,
                          double diagonal, double scale);

/* The same in double, however many rows. */
void linear_hessian_build_double(struct linear_hessian *hessian, const struct linear_design *design,
                                 double diagonal);

/*
 * Replaces the matrix by its Cholesky factor. Where rounding has made it indefinite, a multiple of
 * the identity is added first, which keeps the steps descent directions.
 */
void linear_hessian_factor(struct linear_hessian *hessian);

/* x = H^-1 x, n_columns; `factor` is the factored matrix of a linear_hessian. */
void linear_hessian_solve(const struct linear_design *design, const double *factor, double *x);

#endif
