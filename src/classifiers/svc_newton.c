#include "classifiers/svc_newton.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <math.h>

enum { ROUNDS_MAX = 10, HALVINGS_MAX = 12, BISECTIONS = 100 };
static const double RIDGE = 1e-6;       /* of the mean diagonal: what float32 cannot tell from 0 */
static const double GAIN_ENOUGH = 0.05; /* of what the gradient promises */

void svc_newton_destroy(struct svc_newton *w)
{
    memory_free(w->matrix);
    memory_free(w->step);
    memory_free(w->ones);
    memory_free(w->point);
    memory_free(w->gradient);
    memory_free(w->free_at);
    *w = (struct svc_newton){0};
}

static enum status reserve(struct svc_newton *w, size_t n, struct error *error)
{
    if (n <= w->capacity)
        return STATUS_OK;
    const size_t capacity = n + n / 2;
    svc_newton_destroy(w);
    const enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&w->matrix, capacity * capacity, sizeof *w->matrix},
            {(void **)&w->step, capacity, sizeof *w->step},
            {(void **)&w->ones, capacity, sizeof *w->ones},
            {(void **)&w->point, capacity, sizeof *w->point},
            {(void **)&w->gradient, capacity, sizeof *w->gradient},
            {(void **)&w->free_at, capacity, sizeof *w->free_at},
        },
        6, "SVC", error);
    w->capacity = status ? 0 : capacity;
    return status;
}

static bool is_free(const struct svc_smo *smo, size_t t)
{
    return smo->beta[t] > smo->lowest[t] && smo->beta[t] < smo->highest[t];
}

static size_t count_free(const struct svc_smo *smo)
{
    size_t n_free = 0;
    for (size_t t = 0; t < smo->n; t++)
        n_free += is_free(smo, t);
    return n_free;
}

/* The lower triangle and the diagonal with the ridge; the upper triangle stays through a
 * factorisation, for products with the matrix. */
static void gather(struct svc_newton *w, const struct svc_smo *smo, size_t n, double ridge)
{
    for (size_t i = 0; i < n; i++) {
        const float *row = smo->k + w->free_at[i] * smo->stride;
        for (size_t j = 0; j < n; j++)
            w->matrix[i * n + j] = (double)row[w->free_at[j]];
        w->matrix[i * n + i] += ridge;
    }
}

/* d of the header in w->step; false when the matrix cannot be factorised. */
static bool find_step(struct svc_newton *w, const struct svc_smo *smo, size_t n)
{
    double mean = 0;
    for (size_t i = 0; i < n; i++)
        mean += (double)smo->diagonal[w->free_at[i]] / (double)n;
    bool factorised = false;
    for (double ridge = RIDGE * mean; !factorised && ridge <= mean; ridge *= 30) {
        gather(w, smo, n, ridge);
        factorised = blas_dpotrf(n, w->matrix, n);
    }
    if (!factorised)
        return false;
    for (size_t i = 0; i < n; i++) {
        w->gradient[i] = (double)smo->f[w->free_at[i]];
        w->step[i] = w->gradient[i];
        w->ones[i] = 1;
    }
    blas_dpotrs(n, w->matrix, n, w->step);
    blas_dpotrs(n, w->matrix, n, w->ones);
    double sum_step = 0, sum_ones = 0;
    for (size_t i = 0; i < n; i++) {
        sum_step += w->step[i];
        sum_ones += w->ones[i];
    }
    if (!(sum_ones > 0))
        return false;
    for (size_t i = 0; i < n; i++)
        w->step[i] -= sum_step / sum_ones * w->ones[i];
    return true;
}

static double clipped(const struct svc_smo *smo, size_t t, double x)
{
    return x < smo->lowest[t] ? smo->lowest[t] : x > smo->highest[t] ? smo->highest[t] : x;
}

/* The sum of the changes to w->point = the box's nearest to beta + scale x step - shift. */
static double place(struct svc_newton *w, const struct svc_smo *smo, size_t n, double scale,
                    double shift)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t t = w->free_at[i];
        w->point[i] = clipped(smo, t, smo->beta[t] + scale * w->step[i] - shift);
        sum += w->point[i] - smo->beta[t];
    }
    return sum;
}

static void project(struct svc_newton *w, const struct svc_smo *smo, size_t n, double scale)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fabs(w->step[i]) > most ? fabs(w->step[i]) : most;
    double low = -scale * most, high = scale * most; /* of the shift; the sum falls with it */
    if (fabs(place(w, smo, n, scale, 0)) <= 1e-14 * most)
        return;
    for (int i = 0; i < BISECTIONS && low < high; i++) {
        const double middle = 0.5 * (low + high);
        const double sum = place(w, smo, n, scale, middle);
        if (sum > 0)
            low = middle;
        else
            high = middle;
        if (fabs(sum) <= 1e-14 * most)
            break;
    }
}

/* f' d - d' K d / 2 for d = point - beta, and f' d. */
static double gain(const struct svc_newton *w, const struct svc_smo *smo, size_t n,
                   double *promised)
{
    double quadratic = 0;
    *promised = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t t = w->free_at[i];
        const double d = w->point[i] - smo->beta[t];
        double sums[4] = {0};
        size_t j = i + 1;
        for (; j + 4 <= n; j += 4)
            for (size_t l = 0; l < 4; l++)
                sums[l] +=
                    w->matrix[i * n + j + l] * (w->point[j + l] - smo->beta[w->free_at[j + l]]);
        for (; j < n; j++)
            sums[0] += w->matrix[i * n + j] * (w->point[j] - smo->beta[w->free_at[j]]);
        quadratic +=
            d * ((double)smo->diagonal[t] * d + 2 * ((sums[0] + sums[1]) + (sums[2] + sums[3])));
        *promised += w->gradient[i] * d;
    }
    return *promised - 0.5 * quadratic;
}

/* Moves to w->point. Returns how many variables met a bound. */
static size_t move(const struct svc_newton *w, const struct svc_smo *smo, size_t n)
{
    size_t n_met = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t t = w->free_at[i];
        const double d = w->point[i] - smo->beta[t];
        const float *row = smo->k + t * smo->stride, by = (float)d;
        for (size_t u = 0; u < smo->n; u++)
            smo->f[u] -= by * row[u];
        smo->beta[t] = w->point[i];
        n_met += !is_free(smo, t);
    }
    return n_met;
}

enum status svc_newton_steps(struct svc_newton *w, const struct svc_smo *smo, size_t *n_rounds,
                             struct error *error)
{
    size_t n_free = count_free(smo);
    *n_rounds = 0;
    if (n_free < 3 || n_free > SVC_NEWTON_FREE_MAX)
        return STATUS_OK;
    const enum status status = reserve(w, n_free, error);
    if (status)
        return status;
    while (*n_rounds < ROUNDS_MAX && n_free >= 3) {
        n_free = 0;
        for (size_t t = 0; t < smo->n; t++)
            if (is_free(smo, t))
                w->free_at[n_free++] = t;
        if (n_free < 3 || !find_step(w, smo, n_free))
            break;
        ++*n_rounds;
        double scale = 1, gained = 0, promised = 0;
        int halvings = 0;
        for (; halvings < HALVINGS_MAX; halvings++, scale /= 2) {
            project(w, smo, n_free, scale);
            gained = gain(w, smo, n_free, &promised);
            if (gained > 0 && gained >= GAIN_ENOUGH * promised)
                break;
        }
        if (halvings == HALVINGS_MAX || move(w, smo, n_free) == 0)
            break;
    }
    return STATUS_OK;
}
