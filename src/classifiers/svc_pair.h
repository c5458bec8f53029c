/*
 * The support vector machine of one pair of classes.
 *
 *   min over alpha   alpha' Q alpha / 2 - sum alpha,   0 <= alpha_t <= C,   sum y_t alpha_t = 0,
 *   Q_st = y_s y_t K(x_s, x_t),   y_t = 1 for the first class and -1 for the second.
 *
 * Decomposition with an active set that grows by the rows which violate the optimality conditions
 * most: svc_smo.h optimises over the active rows, whose kernel matrix is kept (svc_active.h); then
 * the gradient of all rows is brought up to date from the alphas that changed (svc_gradient.h), and
 * rows that are at a bound with slack leave the active set, which is the shrinking of this method.
 * Between many steps of SMO there are Newton steps on the free variables (svc_newton.h). Where the
 * kernel is not positive definite and the optimum found depends on the way, SMO runs over all rows
 * from the start, without any of this, as LIBSVM does.
 *
 * With beta_t = y_t alpha_t and f = y - K beta, it stops when max f over the rows whose beta may
 * grow - min f over those whose beta may shrink < tol, over all rows: LIBSVM's rule.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_PAIR_H
#define FMBENCH_CLASSIFIERS_SVC_PAIR_H

#include "classifiers/svc_kernel.h"
#include "classifiers/svc_shared.h"

struct svc_pair {
    const struct svc_rows *rows; /* borrowed */
    const struct svc_kernel *kernel;
    struct svc_shared *shared; /* borrowed; NULL: a machine keeps all its kernel values itself */
    struct svc_store *cross;   /* borrowed; of either class with the other one, for machines of this
                                  pair that differ in C; NULL, or with `shared` */
    size_t classes[2], asker;  /* for these */
    size_t first[2], n[2]; /* sorted rows first[0] .. first[0] + n[0] - 1, then those of first[1] */
    double C, tol;
    size_t budget_bytes; /* for kernel values; a few hundred rows are kept even so */
    long max_iter;
    long interior_after; /* steps of SMO; then the linear kernel starts anew (svc_interior.h) */
    size_t interior_bytes_max; /* where that takes more memory, SMO goes on */
};

struct svc_pair_result {
    double *beta; /* n[0] + n[1], written: y alpha; borrowed from the caller */
    double bias;  /* the decision for x is sum of beta_t K(x_t, x) + bias, the first class if > 0 */
    long n_iter;  /* steps of SMO */
    int n_restarts; /* by the interior-point method */
    bool converged;
    double violation;         /* of the optimality conditions over all rows, see above */
    double objective, primal; /* of the problem above, and of its dual */
    size_t kernel_bytes;      /* kept kernel values at their largest */
    struct svc_tally tally;   /* of what it shares with others */
};

/* The sorted row that row t of the pair is, t < n[0] + n[1]. */
static inline size_t svc_pair_row(const struct svc_pair *pair, size_t t)
{
    return t < pair->n[0] ? pair->first[0] + t : pair->first[1] + (t - pair->n[0]);
}

enum status svc_pair_solve(const struct svc_pair *pair, struct svc_pair_result *result,
                           struct error *error);

#endif
