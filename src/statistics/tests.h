/* Tests of hypotheses on pairs of classifiers. Thread-safe. */
#ifndef FMBENCH_STATISTICS_TESTS_H
#define FMBENCH_STATISTICS_TESTS_H

#include "base/error.h"

#include <stddef.h>

/*
 * The exact two-sided test of McNemar, "Note on the sampling error of the difference between
 * correlated proportions or percentages" (Psychometrika 12, 1947): of the images that one of two
 * models alone classifies rightly, each model has one half where they are equally good. 1 where
 * there is no such image.
 */
double mcnemar_p(size_t only_first, size_t only_second);

/* Mean, variance of the sample (divisor n - 1) and size of one group, n >= 2. */
struct sample {
    double mean, variance;
    size_t n;
};
struct sample sample_of(const double *values, size_t n); /* n >= 1; the variance of one is 0 */

/*
 * Two-sided test of equal means of two independent normal samples whose variances may differ:
 * Welch, "The generalization of Student's problem when several different population variances are
 * involved" (Biometrika 34, 1947). Where neither varies: 1 for equal means, else 0.
 */
double welch_p(struct sample a, struct sample b);

/*
 * Adjusts n p-values in place so that rejecting those of at most alpha keeps the probability of
 * any false rejection below alpha: Holm, "A simple sequentially rejective multiple test procedure"
 * (Scandinavian Journal of Statistics 6, 1979).
 */
enum status holm_adjust(double *p, size_t n, struct error *error);

#endif
