#include "statistics/tests.h"

#include "statistics/beta.h"
#include "statistics/student_t.h"

#include <math.h>
#include <stdlib.h>

double mcnemar_p(size_t only_first, size_t only_second)
{
    const size_t less = only_first < only_second ? only_first : only_second;
    const size_t n = only_first + only_second;
    if (2 * less >= n)
        return 1;
    /* P(X <= less) of n fair coins. */
    return fmin(1, 2 * incomplete_beta((double)(n - less), (double)less + 1, 0.5));
}

struct sample sample_of(const double *values, size_t n)
{
    struct sample s = {.n = n};
    for (size_t i = 0; i < n; i++)
        s.mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        s.variance += (values[i] - s.mean) * (values[i] - s.mean);
    s.variance /= n > 1 ? (double)(n - 1) : 1;
    return s;
}

double welch_p(struct sample a, struct sample b)
{
    const double va = a.variance / (double)a.n, vb = b.variance / (double)b.n, v = va + vb;
    if (v <= 0)
        return a.mean == b.mean ? 1 : 0;
    const double df = v * v / (va * va / (double)(a.n - 1) + vb * vb / (double)(b.n - 1));
    return student_t_p((a.mean - b.mean) / sqrt(v), df);
}

static int compare_places(const void *a, const void *b)
{
    const double x = **(double *const *)a, y = **(double *const *)b;
    return (x > y) - (x < y);
}

enum status holm_adjust(double *p, size_t n, struct error *error)
{
    double **places = malloc((n + 1) * sizeof *places);
    if (!places)
        return error_memory(error, "adjusted probabilities", n * sizeof *places);
    for (size_t i = 0; i < n; i++)
        places[i] = &p[i];
    qsort(places, n, sizeof *places, compare_places);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fmin(1, *places[i] * (double)(n - i)));
        *places[i] = largest;
    }
    free(places);
    return STATUS_OK;
}
