#include "classifiers/softmax.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <math.h>
#include <string.h>

enum { CENTRE_ROUNDS_MAX = 50 };

/* Of the sum of a class's probabilities from its number of rows, in shares of all rows. */
static const double CENTRE_ACCURACY = 1e-13;

size_t softmax_sums(const struct softmax *softmax)
{
    const size_t n = softmax->design->n_problems;
    return (n + 2) * n;
}

double softmax_bytes(const struct problem_size *size)
{
    const double n = (double)size->n_classes;
    return (LINEAR_CHUNKS * (n + 2) * n + n * n + 2 * n) * sizeof(double);
}

enum status softmax_create(struct softmax *softmax, const struct linear_design *design,
                           struct error *error)
{
    *softmax = (struct softmax){.design = design};
    const size_t n = design->n_problems;
    const struct memory_request requests[] = {
        {(void **)&softmax->n_class, design->lanes, sizeof *softmax->n_class},
        {(void **)&softmax->shift, design->lanes, sizeof *softmax->shift},
        {(void **)&softmax->sums, LINEAR_CHUNKS * softmax_sums(softmax), sizeof *softmax->sums},
        {(void **)&softmax->matrix, n * n, sizeof *softmax->matrix},
    };
    const enum status status =
        memory_arrays(requests, sizeof requests / sizeof requests[0], "the softmax", error);
    for (size_t k = 0; !status && k < design->lanes; k++)
        softmax->n_class[k] = softmax->shift[k] = 0;
    for (size_t i = 0; !status && i < design->n_rows; i++)
        softmax->n_class[(size_t)design->row_class[i]]++;
    return status;
}

void softmax_destroy(struct softmax *softmax)
{
    memory_free(softmax->n_class);
    memory_free(softmax->shift);
    memory_free(softmax->sums);
    memory_free(softmax->matrix);
    *softmax = (struct softmax){0};
}

double softmax_row(double *p, size_t n, size_t y)
{
    double largest = -HUGE_VAL, sum = 0;
    for (size_t k = 0; k < n; k++)
        largest = fmax(largest, p[k]);
    const double own = p[y];
    for (size_t k = 0; k < n; k++) {
        p[k] = exp(p[k] - largest);
        sum += p[k];
    }
    for (size_t k = 0; k < n; k++)
        p[k] /= sum;
    return largest - own + log(fmax(1, sum)); /* the largest adds 1 */
}

void softmax_add_chunks(const struct softmax *softmax, size_t n)
{
    for (size_t chunk = 1; chunk < LINEAR_CHUNKS; chunk++)
        for (size_t i = 0; i < n; i++)
            softmax->sums[i] += softmax->sums[chunk * softmax_sums(softmax) + i];
}

/* Sums at z + shift: losses; p of each class; and p_k p_l of each pair, the lower triangle. */
static void sum_chunk(const struct softmax *s, size_t chunk, const double *z, double *restrict p)
{
    const struct linear_design *d = s->design;
    const size_t n = d->n_problems;
    double *restrict sums = s->sums + chunk * softmax_sums(s);
    memset(sums, 0, softmax_sums(s) * sizeof *sums);
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        double *restrict row = p + i * d->lanes;
        for (size_t k = 0; k < d->lanes; k++)
            row[k] = k < n ? z[i * d->lanes + k] + s->shift[k] : 0;
        sums[0] += softmax_row(row, n, (size_t)d->row_class[i]);
        for (size_t k = 0; k < n; k++) {
            sums[n + k] += row[k];
            for (size_t l = 0; l <= k; l++)
                sums[(2 + k) * n + l] += row[k] * row[l];
        }
    }
}

/* p at z + shift; returns the losses. */
static double sum_rows(const struct softmax *s, const double *z, double *p)
{
#pragma omp parallel for num_threads(s->design->n_threads) default(none) shared(s, z, p)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        sum_chunk(s, chunk, z, p);
    softmax_add_chunks(s, softmax_sums(s));
    return s->sums[0];
}

/* How far a class's probabilities are from its number of rows, of the worst, in shares of all. */
static double centre_error(const struct softmax *s)
{
    const struct linear_design *d = s->design;
    double worst = 0;
    for (size_t k = 0; k < d->n_problems; k++)
        worst = fmax(worst, fabs(s->sums[d->n_problems + k] - s->n_class[k]));
    return worst / (double)d->n_rows;
}

/* Newton's step of the intercepts. The matrix, diag(sum p) - sum p p^T, gets the mean of its
   diagonal for a shift of all of them, which changes nothing. */
static void centre_step(const struct softmax *s, double *restrict step)
{
    const size_t n = s->design->n_problems;
    const double *sum_p = s->sums + n, *pairs = s->sums + 2 * n;
    double mean = 0;
    for (size_t k = 0; k < n; k++)
        mean += fmax(0, sum_p[k] - pairs[k * n + k]) / (double)n;
    bool is_factored = false;
    for (double ridge = 1e-14 * mean; ridge > 0 && ridge < mean && !is_factored; ridge *= 100) {
        for (size_t k = 0; k < n; k++) {
            for (size_t l = 0; l <= k; l++)
                s->matrix[k * n + l] = mean / (double)n - pairs[k * n + l];
            s->matrix[k * n + k] += sum_p[k] + ridge;
        }
        is_factored = blas_dpotrf(n, s->matrix, n);
    }
    for (size_t k = 0; k < n; k++)
        step[k] = is_factored ? s->n_class[k] - sum_p[k] : 0;
    if (is_factored)
        blas_dpotrs(n, s->matrix, n, step);
}

/* Newton's method, halving steps that do not go down. */
double softmax_centre(struct softmax *softmax, const double *z, double *restrict p)
{
    const size_t n = softmax->design->n_problems;
    double at[LINEAR_PROBLEMS_MAX] = {0}, step[LINEAR_PROBLEMS_MAX] = {0};
    double best = HUGE_VAL, scale = 1;
    memset(softmax->shift, 0, n * sizeof *softmax->shift);
    for (int round = 0;; round++) {
        const double fresh = sum_rows(softmax, z, p);
        const bool is_down = fresh <= best + 1e-12 * fabs(best);
        if ((is_down && centre_error(softmax) <= CENTRE_ACCURACY) || round == CENTRE_ROUNDS_MAX)
            return fresh;
        scale = is_down ? 1 : 0.5 * scale;
        if (is_down) {
            best = fresh;
            memcpy(at, softmax->shift, n * sizeof *at);
            centre_step(softmax, step);
        }
        for (size_t k = 0; k < n; k++)
            softmax->shift[k] = at[k] + scale * step[k];
    }
}

double softmax_entropy(const struct softmax *softmax, const double *p, double scale)
{
    const struct linear_design *d = softmax->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(softmax, d, p, scale)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        double sum = 0;
        for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
            for (size_t k = 0; k < d->n_problems; k++) {
                const double own = k == (size_t)d->row_class[i];
                const double q = own + scale * (p[i * d->lanes + k] - own);
                sum -= q > 0 ? q * log(q) : 0;
            }
        softmax->sums[chunk * softmax_sums(softmax)] = sum;
    }
    softmax_add_chunks(softmax, 1);
    return softmax->sums[0];
}
