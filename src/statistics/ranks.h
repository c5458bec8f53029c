/* Ranks and how far two orders agree. Thread-safe. */
#ifndef FMBENCH_STATISTICS_RANKS_H
#define FMBENCH_STATISTICS_RANKS_H

#include <stddef.h>

/* 1 + the number of larger values: the best has rank 1, equal ones the same. */
void ranks_of(const double *values, size_t n, double *restrict ranks);

struct agreement {
    double spearman; /* correlation of the ranks, equal values sharing the mean of theirs */
    double kendall;  /* tau-b */
    double swapped;  /* share of the pairs, without those that are equal in either, whose order is
                        not the same in both */
};

/*
 * Spearman, "The proof and measurement of association between two things" (American Journal of
 * Psychology 15, 1904); Kendall, "The treatment of ties in ranking problems" (Biometrika 33,
 * 1945). All are NAN where one side is constant. n >= 2.
 */
struct agreement ranks_agreement(const double *a, const double *b, size_t n);

#endif
