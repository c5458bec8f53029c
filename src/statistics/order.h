/* Sorted values. */
#ifndef FMBENCH_STATISTICS_ORDER_H
#define FMBENCH_STATISTICS_ORDER_H

#include <stddef.h>

void sort_rising(double *values, size_t n);

/* Sorts them too. n >= 1. */
double median_of(double *values, size_t n);

#endif
