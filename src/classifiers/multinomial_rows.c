#include "classifiers/multinomial_rows.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* 1 - the largest p, times C where that is large, below which a row counts for nothing. */
static const double SETTLED = 1e-5;

/* z += shift, which is taken into the intercepts of w; r from p. */
static void settle_rows(const struct multinomial_rows *m)
{
    const struct linear_design *d = m->x.design;
    const double *shift = m->softmax.shift;
    for (size_t k = 0; k < d->n_problems; k++)
        m->x.w[(d->n_columns - 1) * d->lanes + k] += shift[k];
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(m, d, shift)
    for (size_t i = 0; i < d->n_rows; i++) {
        const size_t first = i * d->lanes, y = (size_t)d->row_class[i];
        for (size_t k = 0; k < d->n_problems; k++) {
            m->x.z[first + k] += shift[k];
            m->x.r[first + k] = m->x.C * (m->p[first + k] - (k == y));
        }
    }
}

void multinomial_rows_evaluate(struct multinomial_rows *rows)
{
    rows->loss = rows->x.C * softmax_centre(&rows->softmax, rows->x.z, rows->p);
    settle_rows(rows);
    linear_transpose_times(rows->x.design, rows->x.r, rows->x.g);
}

enum { N_LINE_SUMS = 3 };

static void along_chunk(const struct multinomial_rows *m, size_t chunk, double step)
{
    const struct linear_design *d = m->x.design;
    double *restrict sums = m->softmax.sums + chunk * softmax_sums(&m->softmax);
    double p[LINEAR_PROBLEMS_MAX];
    memset(sums, 0, N_LINE_SUMS * sizeof *sums);
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        const double *restrict t = m->x.t + i * d->lanes;
        double mean = 0, square = 0;
        for (size_t k = 0; k < d->n_problems; k++)
            p[k] = m->x.z[i * d->lanes + k] + step * t[k];
        const double value = softmax_row(p, d->n_problems, (size_t)d->row_class[i]);
        for (size_t k = 0; k < d->n_problems; k++) {
            mean += p[k] * t[k];
            square += p[k] * t[k] * t[k];
        }
        sums[0] += value;
        sums[1] += mean - t[(size_t)d->row_class[i]];
        sums[2] += square - mean * mean;
    }
}

struct multinomial_line multinomial_rows_along(const struct multinomial_rows *rows, double step)
{
#pragma omp parallel for num_threads(rows->x.design->n_threads) default(none) shared(rows, step)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        along_chunk(rows, chunk, step);
    softmax_add_chunks(&rows->softmax, N_LINE_SUMS);
    const double C = rows->x.C, *sums = rows->softmax.sums;
    return (struct multinomial_line){
        .value = C * sums[0], .slope = C * sums[1], .curvature = C * sums[2]};
}

void multinomial_rows_move(struct multinomial_rows *rows, double step)
{
    for (size_t k = 0; k < rows->x.design->lanes; k++)
        rows->x.step[k] = step;
    linear_lanes_move(&rows->x);
}

void multinomial_rows_soften(struct multinomial_rows *rows, double floor)
{
    const struct linear_design *d = rows->x.design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(rows, d, floor)
    for (size_t i = 0; i < d->n_rows; i++) {
        const size_t y = (size_t)d->row_class[i];
        double *restrict p = rows->p + i * d->lanes, *restrict r = rows->x.r + i * d->lanes;
        if (p[y] >= floor)
            continue;
        const double share = (floor - p[y]) / (1 - p[y]);
        for (size_t k = 0; k < d->n_problems; k++) {
            p[k] += share * ((k == y) - p[k]);
            r[k] = rows->x.C * (p[k] - (k == y));
        }
    }
}

void multinomial_rows_gather(struct multinomial_rows *rows)
{
    const struct linear_design *d = rows->x.design;
    rows->curved.n_rows = 0;
    for (size_t i = 0; i < d->n_rows; i++) {
        const double *p = rows->p + i * d->lanes;
        double largest = 0;
        for (size_t k = 0; k < d->n_problems; k++)
            largest = fmax(largest, p[k]);
        if (fmax(1, rows->x.C) * (1 - largest) < SETTLED)
            continue;
        for (size_t k = 0; k < d->lanes; k++)
            rows->curved_p[rows->curved.n_rows * d->lanes + k] = (float)p[k];
        linear_design_choose(&rows->curved, d, i);
    }
}

/* v = (diag p - p p^T) v, C times. */
static void weigh(const void *context, size_t first, size_t n_rows, float *restrict v)
{
    const struct multinomial_rows *m = context;
    const size_t lanes = m->x.design->lanes;
    const float C = (float)m->x.C;
    const float *restrict p = m->curved_p + first * lanes;
    for (size_t i = 0; i < n_rows; i++, v += lanes, p += lanes) {
        float mean = 0;
        for (size_t k = 0; k < lanes; k++)
            mean += p[k] * v[k];
        for (size_t k = 0; k < lanes; k++)
            v[k] = C * p[k] * (v[k] - mean);
    }
}

/* The same in double, of all rows that were gathered. */
static void weigh_double(const struct multinomial_rows *m, double *v)
{
    const size_t lanes = m->x.design->lanes;
#pragma omp parallel for num_threads(m->x.design->n_threads) default(none) shared(m, v, lanes)
    for (size_t i = 0; i < m->curved.n_rows; i++) {
        const float *restrict p = m->curved_p + i * lanes;
        double *restrict out = v + i * lanes, mean = 0;
        for (size_t k = 0; k < lanes; k++)
            mean += (double)p[k] * out[k];
        for (size_t k = 0; k < lanes; k++)
            out[k] = m->x.C * (double)p[k] * (out[k] - mean);
    }
}

/* Shifts of all classes have no curvature: without the projections, what float32 makes of them
   would be larger than what the penalty has there. */
void multinomial_rows_curve(const struct multinomial_rows *rows, const double *p, double *q)
{
    const struct linear_design *d = rows->x.design;
    memcpy(rows->shiftless, p, d->stride * d->lanes * sizeof *p);
    linear_subtract_means(d, rows->shiftless);
    if (rows->is_double) {
        linear_times(&rows->curved, rows->shiftless, rows->x.t);
        weigh_double(rows, rows->x.t);
        linear_transpose_times(&rows->curved, rows->x.t, q);
    } else {
        linear_curved_times(&rows->curved, rows->shiftless, weigh, rows, q);
    }
    linear_subtract_means(d, q);
}

/* Intercepts log(rows of the class) at first: their optimum for w = 0. */
static void start(const struct multinomial_rows *m)
{
    const struct linear_design *d = m->x.design;
    const size_t n_z = d->n_rows * d->lanes;
    const double *n_class = m->softmax.n_class;
    memset(m->x.t, 0, n_z * sizeof *m->x.t);
    memset(m->x.r, 0, n_z * sizeof *m->x.r);
    memset(m->p, 0, n_z * sizeof *m->p);
    for (size_t k = 0; k < d->lanes; k++) {
        const double intercept = k < d->n_problems ? log(n_class[k]) : 0;
        m->x.w[(d->n_columns - 1) * d->lanes + k] = intercept;
        for (size_t i = 0; i < d->n_rows; i++)
            m->x.z[i * d->lanes + k] = intercept;
    }
}

double multinomial_rows_bytes(const struct problem_size *size)
{
    const struct multinomial_rows *m = NULL;
    const double n_lanes = (double)linear_lanes_for(size->n_classes);
    const double row_bytes = n_lanes * (double)(sizeof *m->p + sizeof *m->curved_p);
    return linear_lanes_bytes(size) + linear_design_subset_bytes(size) + softmax_bytes(size) +
           (double)size->n_train * row_bytes;
}

enum status multinomial_rows_create(struct multinomial_rows *rows,
                                    const struct linear_design *design, double C, double *w,
                                    struct error *error)
{
    *rows = (struct multinomial_rows){0};
    enum status status = linear_lanes_create(&rows->x, design, LINEAR_LOGISTIC, C, w, error);
    if (status)
        return status;
    const struct memory_request requests[] = {
        {(void **)&rows->p, design->n_rows * design->lanes, sizeof *rows->p},
        {(void **)&rows->shiftless, design->stride * design->lanes, sizeof *rows->shiftless},
        {(void **)&rows->curved_p, design->n_rows * design->lanes, sizeof *rows->curved_p},
    };
    status = memory_arrays(requests, sizeof requests / sizeof requests[0], "the softmax", error);
    if (!status)
        status = softmax_create(&rows->softmax, design, error);
    if (!status)
        status = linear_design_create_subset(&rows->curved, design, error);
    if (!status)
        start(rows);
    return status;
}

void multinomial_rows_destroy(struct multinomial_rows *rows)
{
    memory_free(rows->p);
    memory_free(rows->curved_p);
    memory_free(rows->shiftless);
    softmax_destroy(&rows->softmax);
    linear_design_destroy_subset(&rows->curved);
    linear_lanes_destroy(&rows->x);
    *rows = (struct multinomial_rows){0};
}
