/*
 * The regularised incomplete beta function I_x(a, b), which the distributions of Student and of
 * binomial counts are made of.
 */
#ifndef FMBENCH_STATISTICS_BETA_H
#define FMBENCH_STATISTICS_BETA_H

/* a, b > 0; x in [0, 1]. Relative error about 1e-12. Thread-safe. */
double incomplete_beta(double a, double b, double x);

#endif
