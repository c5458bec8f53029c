/*
 * The bootstrap: Efron, "Bootstrap methods: another look at the jackknife" (Annals of Statistics
 * 7, 1979); Efron and Tibshirani, "An Introduction to the Bootstrap" (1993).
 */
#ifndef FMBENCH_STATISTICS_BOOTSTRAP_H
#define FMBENCH_STATISTICS_BOOTSTRAP_H

#include "numerics/rng.h"

#include <stddef.h>

struct interval {
    double low, high;
};

/* How often each of n items is in one sample of n, drawn with replacement. */
void bootstrap_counts(struct rng *rng, size_t n, float *restrict counts);

/* The middle 95 % of the n replicates, which are sorted in place. n >= 1. */
struct interval bootstrap_percentile(double *replicates, size_t n);

/*
 * The same reflected in the estimate, the "basic" interval: for figures that noise moves to one
 * side, as it lowers a correlation.
 */
struct interval bootstrap_basic(double estimate, double *replicates, size_t n);

#endif
