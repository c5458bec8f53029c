/* The multi-class support vector machine of Crammer and Singer; see crammer_singer.c. */
#ifndef FMBENCH_CLASSIFIERS_CRAMMER_SINGER_H
#define FMBENCH_CLASSIFIERS_CRAMMER_SINGER_H

#include "classifiers/linear_design.h"

/* Both methods reach a C above 1 by steps of this factor. */
enum { CRAMMER_SINGER_C_FACTOR = 10 };

struct crammer_singer_options {
    double C;
    double tol;      /* of the relative duality gap */
    long max_passes; /* of the sequential dual method */
    long max_iter;   /* steps of the other methods */
    uint64_t rng_key;
};

struct crammer_singer_result {
    const char *solver; /* static */
    long n_iter;
    bool converged;
    double objective;
    double dual_gap; /* relative */
};

/* What the dual method and, where it is not enough, the interior-point method allocate. */
double crammer_singer_bytes(const struct problem_size *size);

/* w: stride x lanes, from 0 to the optimum. The dual method, then another if need be. */
enum status crammer_singer_solve(const struct linear_design *design,
                                 const struct crammer_singer_options *options, double *restrict w,
                                 struct crammer_singer_result *result, struct error *error);

/* The sequential dual method alone. */
enum status crammer_singer_dual(const struct linear_design *design,
                                const struct crammer_singer_options *options, double *restrict w,
                                struct crammer_singer_result *result, struct error *error);

/* Where another method has stopped. */
struct crammer_singer_start {
    const double *w;     /* stride x lanes, sums to 0 over the classes */
    const double *alpha; /* n_rows x n_problems, a feasible point of the dual */
    double C;            /* for which alpha is feasible, at most that of the options */
};

/* Newton's method on the smoothed primal alone; from w = 0 when `from` is NULL. */
enum status crammer_singer_newton(const struct linear_design *design,
                                  const struct crammer_singer_options *options,
                                  const struct crammer_singer_start *from, double *restrict w,
                                  struct crammer_singer_result *result, struct error *error);

/* The interior-point method alone, from w = 0. */
enum status crammer_singer_interior(const struct linear_design *design,
                                    const struct crammer_singer_options *options,
                                    double *restrict w, struct crammer_singer_result *result,
                                    struct error *error);

#endif
