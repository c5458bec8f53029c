/*
 * The Laplace approximation of one binary Gaussian process classifier with the logistic likelihood:
 * algorithms 3.1 and 3.2 of Rasmussen and Williams, "Gaussian Processes for Machine Learning",
 * 2006, as scikit-learn runs them.
 *
 * B = I + W^1/2 K W^1/2 is solved by the Cholesky factors of its blocks (gaussian_process_kernel.h)
 * and, where weak couplings R are left, refined: x += B0^-1 (b - B x) with B0 the blocks. B0 >= I
 * and W <= 1/4, so each step leaves at most GP_WEAK_SUM / 4 of the error, and log |B| is
 * log |B0| - |W^1/2 R W^1/2|^2 / 2, here with the diagonal of B0 as its inverse's: what that leaves
 * out is of relative order GP_WEAK_SUM / 4 to what it adds.
 */
#ifndef FMBENCH_CLASSIFIERS_GAUSSIAN_PROCESS_LAPLACE_H
#define FMBENCH_CLASSIFIERS_GAUSSIAN_PROCESS_LAPLACE_H

#include "classifiers/gaussian_process_kernel.h"

/* Arrays of a solver, for one thread. */
struct gp_solver {
    const struct gp_system *system; /* borrowed */
    size_t width;
    double *root_w;   /* n_rows, owned: W^1/2 */
    double *cholesky; /* system->factor_start[n_blocks], owned: of the blocks of B */
    double *scratch;  /* 4 x n_rows x width, owned */
};

/* What gp_solver_create allocates. */
size_t gp_solver_bytes(const struct gp_system *system, size_t width);

/* For `width` right sides at once. On failure nothing is left to destroy. */
enum status gp_solver_create(struct gp_solver *solver, const struct gp_system *system, size_t width,
                             struct error *error);
void gp_solver_destroy(struct gp_solver *solver); /* takes a zeroed struct */

/* Of root_w, which is set. */
enum status gp_solver_factor(struct gp_solver *solver, struct error *error);

/* q[j] = column j of u^T B^-1 u;  u: n_rows x width, row-major. */
void gp_solver_forms(struct gp_solver *solver, const double *u, double *restrict q /* width */);

struct gp_mode {
    double *pi; /* n_rows, not owned: of the positive class, at the mode */
    long n_iter;
    bool converged;
    double log_marginal_likelihood;
};

/*
 * The mode by Newton's method from 0. Stops when the log marginal likelihood grows by less than
 * 1e-10, and then the last step counts for nothing, or after max_iter iterations. y: n_rows, 0
 * or 1. The solver has width 1; root_w and the factors are overwritten.
 */
enum status gp_laplace_mode(struct gp_solver *solver, const uint8_t *y, long max_iter,
                            struct gp_mode *mode, struct error *error);

/* The probability of the positive class from mean and variance of the latent value: the integral of
   Williams and Barber, "Bayesian classification with Gaussian processes", 1998, appendix A. */
double gp_laplace_probability(double mean, double variance);

#endif
