/*
 * Newton steps on the free variables of a dense problem, where SMO alone crawls: thousands of its
 * steps, which move two variables each, zigzag towards the one minimum over the free variables that
 * a factorisation finds at once.
 *
 * With F the variables strictly between their bounds: d = argmax f_F' d - d' K_FF d / 2 with
 * sum d = 0. The new beta_F is the projection of beta_F + t d to the box and the sum, with the
 * first t of 1, 1/2, 1/4, ... that gains enough; variables that meet their bounds leave F, and
 * again. More and Toraldo, "On the solution of large quadratic programming problems with bound
 * constraints" (SIAM J. Optimization 1, 1991), has such steps between those that choose the face.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_NEWTON_H
#define FMBENCH_CLASSIFIERS_SVC_NEWTON_H

#include "base/error.h"
#include "classifiers/svc_smo.h"

enum { SVC_NEWTON_FREE_MAX = 2048 };

struct svc_newton {
    size_t capacity;                        /* free variables there is room for */
    double *matrix;                         /* capacity x capacity, owned; so are these: */
    double *step, *ones, *point, *gradient; /* capacity */
    size_t *free_at;                        /* capacity */
};

/*
 * Changes beta and f of the problem, whose k is there; n_rounds is the number of factorisations,
 * 0 when there are fewer than 3 or more than SVC_NEWTON_FREE_MAX free variables. Starts with a
 * zeroed workspace.
 */
enum status svc_newton_steps(struct svc_newton *work, const struct svc_smo *smo, size_t *n_rounds,
                             struct error *error);
void svc_newton_destroy(struct svc_newton *work);

#endif
