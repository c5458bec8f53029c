#include "classifiers/svc_smo.h"

#include "numerics/smo_simd.h"

#include <math.h>
#include <string.h>

static void set_bounds(const struct svc_smo *smo, size_t t)
{
    smo->up[t] = smo->beta[t] < smo->highest[t] ? 0.0f : -INFINITY;
    smo->down[t] = smo->beta[t] > smo->lowest[t] ? 0.0f : INFINITY;
}

static const float *row_of(const struct svc_smo *smo, size_t t)
{
    return smo->k ? smo->k + t * smo->stride : smo->row(smo->source, t);
}

/* beta_i grows and beta_j shrinks by what is returned, as far as their bounds let them. */
static double step(const struct svc_smo *smo, size_t i, size_t j, float k_ij)
{
    const double gradient = (double)smo->f[i] - (double)smo->f[j];
    const float curvature = smo->diagonal[i] + smo->diagonal[j] - 2.0f * k_ij;
    const double newton = gradient / (double)(curvature > 0.0f ? curvature : SMO_TAU);
    const double room_i = smo->highest[i] - smo->beta[i], room_j = smo->beta[j] - smo->lowest[j];
    const double room = room_i < room_j ? room_i : room_j;
    const double s = newton < room ? newton : room;
    /* To the bound exactly: what is left by rounding would count as free. */
    smo->beta[i] = s >= room_i ? smo->highest[i] : smo->beta[i] + s;
    smo->beta[j] = s >= room_j ? smo->lowest[j] : smo->beta[j] - s;
    set_bounds(smo, i);
    set_bounds(smo, j);
    return s;
}

struct svc_smo_result svc_smo_solve(const struct svc_smo *smo, double tol, long max_iter)
{
    const struct smo_kernels *kernels = SIMD_SELECT(smo_kernels);
    const size_t n_padded = (smo->n + SMO_LANES - 1) / SMO_LANES * SMO_LANES;
    struct svc_smo_result result = {.violation = -INFINITY};
    for (size_t t = 0; t < smo->n; t++)
        set_bounds(smo, t);
    for (size_t t = smo->n; t < n_padded; t++) {
        smo->f[t] = 0.0f;
        smo->up[t] = -INFINITY;
        smo->down[t] = INFINITY;
    }
    int32_t i = kernels->update(smo->f, smo->diagonal, smo->diagonal, 0.0f, smo->up, n_padded);
    while (i != SMO_NONE) {
        const float *row_i = row_of(smo, (size_t)i);
        result.failed = !row_i;
        if (!row_i)
            break;
        const struct smo_second second = kernels->second(smo->f, smo->down, row_i, smo->diagonal,
                                                         smo->f[i], smo->diagonal[i], n_padded);
        result.violation = (double)second.violation;
        if (second.index == SMO_NONE || result.violation < tol || result.n_iter >= max_iter)
            break;
        const size_t j = (size_t)second.index;
        const float *row_j = row_of(smo, j);
        result.failed = !row_j;
        if (!row_j)
            break;
        const double s = step(smo, (size_t)i, j, row_i[j]);
        i = kernels->update(smo->f, row_i, row_j, (float)s, smo->up, n_padded);
        result.n_iter++;
    }
    return result;
}
