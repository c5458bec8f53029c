/*
 * The deviance that gradient boosting descends, of K classes: the mean over rows of
 *     -log p_y,             p_k = exp(f_k) / sum_j exp(f_j)     for K > 2, one score f_k a class,
 *     -2 log p_y,           p_1 = 1 / (1 + exp(-f))             for K = 2, one score.
 * The residual of a row for score k, the negative gradient (half of it for K = 2), is
 * (1 if y = k else 0) - p_k.
 */
#ifndef FMBENCH_CLASSIFIERS_GRADIENT_BOOSTING_LOSS_H
#define FMBENCH_CLASSIFIERS_GRADIENT_BOOSTING_LOSS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* How many scores a row has. */
size_t boosting_n_scores(size_t n_classes);

/* The scores that every row starts with: the log of the priors, or of their ratio. A prior is at
   least 2^-23, as a class without rows has no logarithm. */
void boosting_initial_scores(double *scores /* n_scores */, const uint8_t *y, size_t n_rows,
                             size_t n_classes);

struct boosting_rows {
    const double *scores; /* n_scores x n_rows */
    const uint8_t *y;     /* n_rows */
    size_t n_rows, n_classes;
};

/* What a pass over the rows finds. */
struct boosting_state {
    double deviance;  /* mean */
    size_t n_correct; /* rows whose class has the largest score */
};

/* Fills the residuals, n_scores x n_rows. */
enum status boosting_residuals(double *restrict residuals, struct boosting_state *state,
                               const struct boosting_rows *rows, int n_threads,
                               struct error *error);

/* The class of a row with these scores, `stride` apart; a tie goes to the smallest. */
uint8_t boosting_decide(const double *scores, size_t stride, size_t n_classes);

#endif
