#include "statistics/order.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_rising(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
}

double median_of(double *values, size_t n)
{
    sort_rising(values, n);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}
