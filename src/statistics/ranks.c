#include "statistics/ranks.h"

#include <math.h>

void ranks_of(const double *values, size_t n, double *restrict ranks)
{
    for (size_t i = 0; i < n; i++) {
        size_t n_larger = 0;
        for (size_t j = 0; j < n; j++)
            n_larger += values[j] > values[i];
        ranks[i] = (double)(1 + n_larger);
    }
}

/* Twice the rank of values[i] from below less n + 1, ties at the mean: centred, and whole. */
static double centred_rank(const double *values, size_t n, size_t i)
{
    double difference = 0;
    for (size_t j = 0; j < n; j++)
        difference += (values[j] < values[i]) - (values[j] > values[i]);
    return difference;
}

static double spearman(const double *a, const double *b, size_t n)
{
    double products = 0, squares_a = 0, squares_b = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = centred_rank(a, n, i), y = centred_rank(b, n, i);
        products += x * y;
        squares_a += x * x;
        squares_b += y * y;
    }
    return products / sqrt(squares_a * squares_b);
}

static int sign(double x)
{
    return (x > 0) - (x < 0);
}

struct agreement ranks_agreement(const double *a, const double *b, size_t n)
{
    double n_same = 0, n_swapped = 0, n_untied_a = 0, n_untied_b = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            const int x = sign(a[i] - a[j]), y = sign(b[i] - b[j]);
            n_same += x * y > 0;
            n_swapped += x * y < 0;
            n_untied_a += x != 0;
            n_untied_b += y != 0;
        }
    return (struct agreement){.spearman = spearman(a, b, n),
                              .kendall = (n_same - n_swapped) / sqrt(n_untied_a * n_untied_b),
                              .swapped = n_swapped / (n_same + n_swapped)};
}
