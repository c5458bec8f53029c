#include "classifiers/multinomial_rows.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <math.h>
#include <string.h>

enum { CENTRE_ROUNDS_MAX = 50 };

/* Of the sum of a class's probabilities from its number of rows, in shares of all rows. */
static const double CENTRE_ACCURACY = 1e-13;
/* 1 - the largest p, times C where that is large, below which a row counts for nothing. */
static const double SETTLED = 1e-5;

/* p of row i at z + step t + shift; returns its loss / C. */
static double softmax(const struct multinomial_rows *m, size_t i, double step, const double *shift,
                      double *restrict p)
{
    const struct linear_design *d = m->x.design;
    const size_t n = d->n_problems;
    const double *restrict z = m->x.z + i * d->lanes, *restrict t = m->x.t + i * d->lanes;
    double largest = -HUGE_VAL, sum = 0;
    for (size_t k = 0; k < n; k++) {
        p[k] = z[k] + shift[k] + (step != 0 ? step * t[k] : 0);
        largest = fmax(largest, p[k]);
    }
    const double own = p[(size_t)d->row_class[i]];
    for (size_t k = 0; k < n; k++) {
        p[k] = exp(p[k] - largest);
        sum += p[k];
    }
    for (size_t k = 0; k < n; k++)
        p[k] /= sum;
    return largest - own + log(fmax(1, sum)); /* the largest adds 1 */
}

static size_t sums_stride(const struct multinomial_rows *m)
{
    const size_t n = m->x.design->n_problems;
    return (n + 2) * n;
}

/* The sums of the chunks go to those of the first. */
static void add_chunks(const struct multinomial_rows *m)
{
    const size_t n = sums_stride(m);
    for (size_t chunk = 1; chunk < LINEAR_CHUNKS; chunk++)
        for (size_t i = 0; i < n; i++)
            m->sums[i] += m->sums[chunk * n + i];
}

/* Sums at z + shift: loss / C; p of each class; and p_k p_l of each pair, the lower triangle. */
static void sum_chunk(const struct multinomial_rows *m, size_t chunk)
{
    const struct linear_design *d = m->x.design;
    const size_t n = d->n_problems;
    double *restrict sums = m->sums + chunk * sums_stride(m);
    memset(sums, 0, sums_stride(m) * sizeof *sums);
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        double *restrict p = m->p + i * d->lanes;
        sums[0] += softmax(m, i, 0, m->shift, p);
        for (size_t k = 0; k < n; k++) {
            sums[n + k] += p[k];
            for (size_t l = 0; l <= k; l++)
                sums[(2 + k) * n + l] += p[k] * p[l];
        }
    }
}

/* p at z + shift; returns the loss / C. */
static double sum_rows(const struct multinomial_rows *m)
{
#pragma omp parallel for num_threads(m->x.design->n_threads) default(none) shared(m)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        sum_chunk(m, chunk);
    add_chunks(m);
    return m->sums[0];
}

/* How far a class's probabilities are from its number of rows, of the worst, in shares of all. */
static double centre_error(const struct multinomial_rows *m)
{
    const struct linear_design *d = m->x.design;
    double worst = 0;
    for (size_t k = 0; k < d->n_problems; k++)
        worst = fmax(worst, fabs(m->sums[d->n_problems + k] - m->n_class[k]));
    return worst / (double)d->n_rows;
}

/* Newton's step of the intercepts. The matrix, diag(sum p) - sum p p^T, gets the mean of its
   diagonal for a shift of all of them, which changes nothing, and for absent classes. */
static void centre_step(const struct multinomial_rows *m, double *restrict step)
{
    const size_t n = m->x.design->n_problems;
    const double *sum_p = m->sums + n, *pairs = m->sums + 2 * n;
    double mean = 0;
    for (size_t k = 0; k < n; k++)
        mean += fmax(0, sum_p[k] - pairs[k * n + k]) / (double)n;
    bool is_factored = false;
    for (double ridge = 1e-14 * mean; ridge > 0 && ridge < mean && !is_factored; ridge *= 100) {
        for (size_t k = 0; k < n; k++) {
            for (size_t l = 0; l <= k; l++)
                m->matrix[k * n + l] = mean / (double)n - pairs[k * n + l];
            m->matrix[k * n + k] += sum_p[k] + ridge + (m->absent[k] < 0 ? mean : 0);
        }
        is_factored = blas_dpotrf(n, m->matrix, n);
    }
    for (size_t k = 0; k < n; k++)
        step[k] = is_factored ? m->n_class[k] - sum_p[k] : 0;
    if (is_factored)
        blas_dpotrs(n, m->matrix, n, step);
}

/* Newton's method for the intercepts, halving steps that do not go down: p, sums and loss at the
   shift that is the result. */
static void centre(struct multinomial_rows *m)
{
    const struct linear_design *d = m->x.design;
    double at[LINEAR_PROBLEMS_MAX] = {0}, step[LINEAR_PROBLEMS_MAX] = {0};
    double best = HUGE_VAL, scale = 1;
    memcpy(m->shift, m->absent, d->lanes * sizeof *m->shift);
    for (int round = 0;; round++) {
        const double fresh = sum_rows(m);
        m->loss = m->x.C * fresh;
        const bool is_down = fresh <= best + 1e-12 * fabs(best);
        if ((is_down && centre_error(m) <= CENTRE_ACCURACY) || round == CENTRE_ROUNDS_MAX)
            return;
        scale = is_down ? 1 : 0.5 * scale;
        if (is_down) {
            best = fresh;
            memcpy(at, m->shift, d->n_problems * sizeof *at);
            centre_step(m, step);
        }
        for (size_t k = 0; k < d->n_problems; k++)
            m->shift[k] = at[k] + scale * step[k];
    }
}

/* z += shift, which is taken into the intercepts of w; r from p. */
static void settle_rows(const struct multinomial_rows *m)
{
    const struct linear_design *d = m->x.design;
    double *intercept = m->x.w + (d->n_columns - 1) * d->lanes;
    double shift[LINEAR_PROBLEMS_MAX];
    for (size_t k = 0; k < d->n_problems; k++) {
        shift[k] = m->absent[k] < 0 ? 0 : m->shift[k];
        intercept[k] += shift[k];
    }
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
    centre(rows);
    settle_rows(rows);
    linear_transpose_times(rows->x.design, rows->x.r, rows->x.g);
}

static void along_chunk(const struct multinomial_rows *m, size_t chunk, double step)
{
    const struct linear_design *d = m->x.design;
    double *restrict sums = m->sums + chunk * sums_stride(m), p[LINEAR_PROBLEMS_MAX];
    memset(sums, 0, sums_stride(m) * sizeof *sums);
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++) {
        const double *restrict t = m->x.t + i * d->lanes;
        double mean = 0, square = 0;
        const double value = softmax(m, i, step, m->absent, p);
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
    add_chunks(rows);
    const double C = rows->x.C;
    return (struct multinomial_line){
        .value = C * rows->sums[0], .slope = C * rows->sums[1], .curvature = C * rows->sums[2]};
}

void multinomial_rows_move(struct multinomial_rows *rows, double step)
{
    for (size_t k = 0; k < rows->x.design->lanes; k++)
        rows->x.step[k] = step;
    linear_lanes_move(&rows->x);
}

double multinomial_rows_entropy(const struct multinomial_rows *rows, double scale)
{
    const struct linear_design *d = rows->x.design;
    const size_t n = sums_stride(rows);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(rows, d, scale, n)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        double sum = 0;
        for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
            for (size_t k = 0; k < d->n_problems; k++) {
                const double own = k == (size_t)d->row_class[i];
                const double p = own + scale * (rows->p[i * d->lanes + k] - own);
                sum -= p > 0 ? p * log(p) : 0;
            }
        memset(rows->sums + chunk * n, 0, n * sizeof sum);
        rows->sums[chunk * n] = sum;
    }
    add_chunks(rows);
    return rows->x.C * rows->sums[0];
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

void multinomial_rows_project_column(const struct multinomial_rows *rows, double *w)
{
    double sum = 0, n = 0;
    for (size_t k = 0; k < rows->x.design->n_problems; k++)
        if (rows->n_class[k] > 0) {
            sum += w[k];
            n++;
        }
    for (size_t k = 0; k < rows->x.design->n_problems; k++)
        w[k] = rows->n_class[k] > 0 ? w[k] - sum / n : 0;
}

void multinomial_rows_project(const struct multinomial_rows *rows, double *w)
{
    const struct linear_design *d = rows->x.design;
    for (size_t j = 0; j < d->n_columns; j++)
        multinomial_rows_project_column(rows, w + j * d->lanes);
}

/* Shifts of all classes have no curvature: without the projections, what float32 makes of them
   would be larger than what the penalty has there. */
void multinomial_rows_curve(const struct multinomial_rows *rows, const double *p, double *q)
{
    const struct linear_design *d = rows->x.design;
    memcpy(rows->shiftless, p, d->stride * d->lanes * sizeof *p);
    multinomial_rows_project(rows, rows->shiftless);
    if (rows->is_double) {
        linear_times(&rows->curved, rows->shiftless, rows->x.t);
        weigh_double(rows, rows->x.t);
        linear_transpose_times(&rows->curved, rows->x.t, q);
    } else {
        linear_curved_times(&rows->curved, rows->shiftless, weigh, rows, q);
    }
    multinomial_rows_project(rows, q);
}

/* Intercepts log(rows of the class) at first: their optimum for w = 0. */
static void start(const struct multinomial_rows *m)
{
    const struct linear_design *d = m->x.design;
    const size_t n_z = d->n_rows * d->lanes;
    double *intercept = m->x.w + (d->n_columns - 1) * d->lanes;
    memset(m->x.t, 0, n_z * sizeof *m->x.t);
    memset(m->x.r, 0, n_z * sizeof *m->x.r);
    memset(m->p, 0, n_z * sizeof *m->p);
    memset(m->n_class, 0, d->lanes * sizeof *m->n_class);
    for (size_t i = 0; i < d->n_rows; i++)
        m->n_class[(size_t)d->row_class[i]]++;
    for (size_t k = 0; k < d->lanes; k++) {
        m->absent[k] = m->n_class[k] > 0 ? 0 : -HUGE_VAL;
        intercept[k] = m->n_class[k] > 0 ? log(m->n_class[k]) : 0;
        for (size_t i = 0; i < d->n_rows; i++)
            m->x.z[i * d->lanes + k] = intercept[k];
    }
}

double multinomial_rows_bytes(const struct problem_size *size)
{
    const struct multinomial_rows *m = NULL;
    const double n_lanes = (double)linear_lanes_for(size->n_classes);
    const double row_bytes = n_lanes * (double)(sizeof *m->p + sizeof *m->curved_p);
    return linear_lanes_bytes(size) + linear_design_subset_bytes(size) +
           (double)size->n_train * row_bytes;
}

enum status multinomial_rows_create(struct multinomial_rows *rows,
                                    const struct linear_design *design, double C, double *w,
                                    struct error *error)
{
    const size_t n = design->n_problems;
    *rows = (struct multinomial_rows){0};
    enum status status = linear_lanes_create(&rows->x, design, LINEAR_LOGISTIC, C, w, error);
    if (status)
        return status;
    const struct memory_request requests[] = {
        {(void **)&rows->p, design->n_rows * design->lanes, sizeof *rows->p},
        {(void **)&rows->absent, design->lanes, sizeof *rows->absent},
        {(void **)&rows->n_class, design->lanes, sizeof *rows->n_class},
        {(void **)&rows->shift, design->lanes, sizeof *rows->shift},
        {(void **)&rows->sums, LINEAR_CHUNKS * (n + 2) * n, sizeof *rows->sums},
        {(void **)&rows->matrix, n * n, sizeof *rows->matrix},
        {(void **)&rows->shiftless, design->stride * design->lanes, sizeof *rows->shiftless},
        {(void **)&rows->curved_p, design->n_rows * design->lanes, sizeof *rows->curved_p},
    };
    status = memory_arrays(requests, sizeof requests / sizeof requests[0], "the softmax", error);
    if (!status)
        status = linear_design_create_subset(&rows->curved, design, error);
    if (!status)
        start(rows);
    return status;
}

void multinomial_rows_destroy(struct multinomial_rows *rows)
{
    void *const arrays[] = {rows->p,    rows->absent, rows->n_class,  rows->shift,
                            rows->sums, rows->matrix, rows->curved_p, rows->shiftless};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        memory_free(arrays[i]);
    linear_design_destroy_subset(&rows->curved);
    linear_lanes_destroy(&rows->x);
    *rows = (struct multinomial_rows){0};
}
