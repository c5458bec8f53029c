#include "classifiers/linear_interior_rows.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

static const double SLACK_FIRST = 10;

static bool is_softmax(const struct linear_interior_rows *s)
{
    return s->entropy > 0;
}

static size_t n_items(const struct linear_interior_rows *s)
{
    return s->design->n_rows * s->design->lanes;
}

/* Arrays of rows x lanes, and of rows; with the softmax more of them. */
enum { N_WIDE = 10, N_WIDE_SOFTMAX = 1, N_NARROW = 1, N_NARROW_SOFTMAX = 2 };

double linear_interior_rows_bytes(bool is_softmax, double n_lanes)
{
    return ((N_WIDE + (is_softmax ? N_WIDE_SOFTMAX : 0)) * n_lanes + N_NARROW +
            (is_softmax ? N_NARROW_SOFTMAX : 0)) *
           sizeof(double);
}

enum status linear_interior_rows_create(struct linear_interior_rows *rows,
                                        const struct linear_design *design, bool is_softmax,
                                        double C, struct error *error)
{
    *rows = (struct linear_interior_rows){.design = design, .C = C, .entropy = is_softmax ? 1 : 0};
    double **const wide[] = {&rows->z, &rows->dz,  &rows->p,        &rows->s, &rows->dp, &rows->ds,
                             &rows->d, &rows->aim, &rows->aim_kept, &rows->r, &rows->off};
    double **const narrow[] = {&rows->sum_d, &rows->t, &rows->dt};
    _Static_assert(sizeof wide / sizeof wide[0] == N_WIDE + N_WIDE_SOFTMAX, "as in bytes");
    _Static_assert(sizeof narrow / sizeof narrow[0] == N_NARROW + N_NARROW_SOFTMAX, "as in bytes");
    struct memory_request requests[N_WIDE + N_WIDE_SOFTMAX + N_NARROW + N_NARROW_SOFTMAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < N_WIDE + (is_softmax ? N_WIDE_SOFTMAX : 0); i++)
        requests[n++] = (struct memory_request){(void **)wide[i], n_items(rows), sizeof(double)};
    for (size_t i = 0; i < N_NARROW + (is_softmax ? N_NARROW_SOFTMAX : 0); i++)
        requests[n++] = (struct memory_request){(void **)narrow[i], design->n_rows, sizeof(double)};
    requests[n++] = (struct memory_request){(void **)&rows->totals,
                                            LINEAR_CHUNKS * LINEAR_INTERIOR_TOTALS, sizeof(double)};
    return memory_arrays(requests, n, "the interior-point method", error);
}

void linear_interior_rows_destroy(struct linear_interior_rows *rows)
{
    void *const arrays[] = {rows->z,   rows->dz,       rows->p, rows->s,   rows->dp,
                            rows->ds,  rows->d,        rows->r, rows->off, rows->sum_d,
                            rows->aim, rows->aim_kept, rows->t, rows->dt,  rows->totals};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        memory_free(arrays[i]);
    *rows = (struct linear_interior_rows){0};
}

/* p of each class; log p is what z would be of the best intercepts. */
static void set_shares(const struct linear_interior_rows *s, double *share)
{
    const struct linear_design *d = s->design;
    for (size_t k = 0; k < d->n_problems; k++)
        share[k] = is_softmax(s) ? 0 : 1 / (double)d->n_problems;
    for (size_t i = 0; is_softmax(s) && i < d->n_rows; i++)
        share[(size_t)d->row_class[i]] += 1 / (double)d->n_rows;
}

void linear_interior_rows_start(struct linear_interior_rows *rows, const double *w)
{
    const struct linear_design *d = rows->design;
    double *const zeroed[] = {rows->dz, rows->p, rows->s,   rows->dp,
                              rows->ds, rows->d, rows->aim, rows->r};
    for (size_t i = 0; i < sizeof zeroed / sizeof zeroed[0]; i++)
        memset(zeroed[i], 0, n_items(rows) * sizeof *zeroed[i]);
    double share[LINEAR_PROBLEMS_MAX];
    set_shares(rows, share);
    linear_times(d, w, rows->z);
    for (size_t i = 0; i < d->n_rows; i++) {
        const size_t y = (size_t)d->row_class[i], first = i * d->lanes;
        for (size_t k = 0; k < d->n_problems; k++) {
            rows->p[first + k] = share[k];
            rows->s[first + k] = SLACK_FIRST + (is_softmax(rows) ? 0 : k == y);
        }
        if (is_softmax(rows))
            rows->t[i] = SLACK_FIRST;
    }
}

static void add_totals(const struct linear_interior_rows *s, double *totals)
{
    memset(totals, 0, LINEAR_INTERIOR_TOTALS * sizeof *totals);
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        for (size_t i = 0; i < LINEAR_INTERIOR_TOTALS; i++)
            totals[i] += s->totals[chunk * LINEAR_INTERIOR_TOTALS + i];
}

static void weigh_chunk(const struct linear_interior_rows *s, size_t chunk)
{
    const struct linear_design *d = s->design;
    double *sums = s->totals + chunk * LINEAR_INTERIOR_TOTALS;
    memset(sums, 0, LINEAR_INTERIOR_TOTALS * sizeof *sums);
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        const size_t y = (size_t)d->row_class[i], first = i * d->lanes;
        double worst = 0, sum = 0;
        for (size_t k = 0; k < d->n_problems; k++) {
            const double p = s->p[first + k], slack = s->s[first + k];
            worst = fmax(worst, (k != y) + s->z[first + k] - s->z[first + y]);
            s->d[first + k] = s->C * p / (slack + s->entropy);
            sum += s->d[first + k];
            s->r[first + k] = s->C * (p - (k == y));
            sums[LINEAR_INTERIOR_PRODUCTS] += p * slack;
            if (is_softmax(s))
                s->off[first + k] = s->t[i] + log(p) - s->z[first + k] - slack;
        }
        s->sum_d[i] = sum;
        sums[LINEAR_INTERIOR_HINGE] += s->C * worst;
        sums[LINEAR_INTERIOR_MARGINS] += s->C * (1 - s->p[first + y]);
    }
}

void linear_interior_rows_weigh(struct linear_interior_rows *rows,
                                double totals[LINEAR_INTERIOR_TOTALS])
{
#pragma omp parallel for num_threads(rows->design->n_threads) default(none) shared(rows)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        weigh_chunk(rows, chunk);
    add_totals(rows, totals);
}

static double aim_at(const struct linear_interior_rows *s, size_t q,
                     const struct linear_interior_target *target)
{
    const double slack = s->s[q] + s->entropy;
    if (target->aim == AIM_CENTRE) {
        const double ahead = target->ahead,
                     product = (s->p[q] + ahead * s->dp[q]) * (s->s[q] + ahead * s->ds[q]);
        return s->aim[q] + linear_interior_centring(product, target->product) / slack;
    }
    const double whole = is_softmax(s) ? s->p[q] * ((s->s[q] + s->off[q]) / slack) : s->p[q];
    if (target->aim == AIM_PREDICT)
        return -whole;
    return (target->product - s->dp[q] * s->ds[q]) / slack - whole;
}

static void aim_chunk(const struct linear_interior_rows *s,
                      const struct linear_interior_target *target, size_t chunk)
{
    const struct linear_design *d = s->design;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        const size_t y = (size_t)d->row_class[i], first = i * d->lanes;
        double sum = 0;
        for (size_t q = first; q < first + d->n_problems; q++) {
            s->aim[q] = aim_at(s, q, target);
            sum += s->aim[q];
        }
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t q = first + k;
            s->r[q] = s->C * (s->p[q] + s->aim[q] - s->d[q] / s->sum_d[i] * sum - (k == y));
        }
    }
}

void linear_interior_rows_aim(struct linear_interior_rows *rows,
                              const struct linear_interior_target *target)
{
#pragma omp parallel for num_threads(rows->design->n_threads) default(none) shared(rows, target)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        aim_chunk(rows, target, chunk);
}

static void curve_row(const struct linear_interior_rows *s, size_t i, double *restrict v)
{
    const size_t lanes = s->design->lanes;
    const double *restrict d = s->d + i * lanes;
    double mean = 0;
    for (size_t k = 0; k < lanes; k++)
        mean += d[k] * v[k];
    mean /= s->sum_d[i];
    for (size_t k = 0; k < lanes; k++)
        v[k] = d[k] * (v[k] - mean);
}

void linear_interior_rows_curve(const void *rows, size_t first, size_t n_rows, float *restrict v)
{
    const struct linear_interior_rows *s = rows;
    const size_t lanes = s->design->lanes;
    double row[LINEAR_PROBLEMS_MAX];
    for (size_t i = first; i < first + n_rows; i++, v += lanes) {
        for (size_t k = 0; k < lanes; k++)
            row[k] = (double)v[k];
        curve_row(s, i, row);
        for (size_t k = 0; k < lanes; k++)
            v[k] = (float)row[k];
    }
}

void linear_interior_rows_curve_double(const struct linear_interior_rows *rows, double *v)
{
    const struct linear_design *d = rows->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(rows, d, v)
    for (size_t i = 0; i < d->n_rows; i++)
        curve_row(rows, i, v + i * d->lanes);
}

/* Returns as linear_interior_rows_direct. */
static double direct_chunk(const struct linear_interior_rows *s, size_t chunk)
{
    const struct linear_design *d = s->design;
    double inverse = 1;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        const size_t y = (size_t)d->row_class[i], first = i * d->lanes;
        double dt = 0;
        for (size_t q = first; q < first + d->n_problems; q++)
            dt += s->C * s->aim[q] + s->d[q] * s->dz[q];
        dt /= s->sum_d[i];
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t q = first + k;
            s->ds[q] = dt - s->dz[q];
            s->dp[q] = s->aim[q] - s->d[q] / s->C * s->ds[q];
            if (is_softmax(s))
                s->ds[q] += s->dp[q] / s->p[q] + s->off[q];
            s->r[q] = s->C * (s->p[q] + s->dp[q] - (k == y));
            inverse = fmax(inverse, fmax(-s->dp[q] / s->p[q], -s->ds[q] / s->s[q]));
        }
        if (is_softmax(s))
            s->dt[i] = dt;
    }
    return inverse;
}

double linear_interior_rows_direct(struct linear_interior_rows *rows)
{
    double inverse = 1;
#pragma omp parallel for num_threads(rows->design->n_threads) default(none) shared(rows)           \
    reduction(max                                                                                  \
              : inverse)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        inverse = fmax(inverse, direct_chunk(rows, chunk));
    return inverse;
}

double linear_interior_rows_products(struct linear_interior_rows *rows, double step)
{
    const struct linear_design *d = rows->design;
    memset(rows->totals, 0, LINEAR_CHUNKS * LINEAR_INTERIOR_TOTALS * sizeof *rows->totals);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(rows, d, step)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        const size_t end = linear_chunk_begin(d, chunk + 1) * d->lanes;
        double sum = 0;
        for (size_t q = linear_chunk_begin(d, chunk) * d->lanes; q < end; q++)
            sum += (rows->p[q] + step * rows->dp[q]) * (rows->s[q] + step * rows->ds[q]);
        rows->totals[chunk * LINEAR_INTERIOR_TOTALS + LINEAR_INTERIOR_PRODUCTS] = sum;
    }
    double totals[LINEAR_INTERIOR_TOTALS];
    add_totals(rows, totals);
    return totals[LINEAR_INTERIOR_PRODUCTS];
}

void linear_interior_rows_move(struct linear_interior_rows *rows, double step)
{
    const struct linear_design *d = rows->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(rows, d, step)
    for (size_t i = 0; i < d->n_rows; i++) {
        const size_t first = i * d->lanes;
        double sum = 0;
        for (size_t q = first; q < first + d->n_problems; q++) {
            rows->p[q] += step * rows->dp[q];
            rows->s[q] += step * rows->ds[q];
            rows->z[q] += step * rows->dz[q];
            sum += rows->p[q];
        }
        for (size_t q = first; q < first + d->n_problems; q++)
            rows->p[q] /= sum;
        if (is_softmax(rows))
            rows->t[i] += step * rows->dt[i];
    }
}
