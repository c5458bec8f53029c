#include "statistics/bootstrap.h"

#include "statistics/order.h"

#include <math.h>
#include <string.h>

void bootstrap_counts(struct rng *rng, size_t n, float *restrict counts)
{
    memset(counts, 0, n * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        counts[rng_below(rng, (uint32_t)n)]++;
}

/* Between the two order statistics that q lies between, as most programs have it (type 7 of Hyndman
   and Fan, "Sample quantiles in statistical packages", American Statistician 50, 1996). */
static double quantile(const double *sorted, size_t n, double q)
{
    const double at = q * (double)(n - 1), below = floor(at);
    const size_t i = (size_t)below;
    return i + 1 < n ? sorted[i] + (at - below) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

struct interval bootstrap_percentile(double *replicates, size_t n)
{
    sort_rising(replicates, n);
    return (struct interval){quantile(replicates, n, 0.025), quantile(replicates, n, 0.975)};
}

struct interval bootstrap_basic(double estimate, double *replicates, size_t n)
{
    const struct interval p = bootstrap_percentile(replicates, n);
    return (struct interval){2 * estimate - p.high, 2 * estimate - p.low};
}
