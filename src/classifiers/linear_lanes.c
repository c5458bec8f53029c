#include "classifiers/linear_lanes.h"

#include "base/memory.h"
#include "numerics/blas.h"
#include "numerics/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double square(double x)
{
    return x * x;
}

static void scratch_destroy(struct linear_scratch *scratch)
{
    linear_hessian_destroy(&scratch->hessian);
    memory_free(scratch->column);
    memory_free(scratch->member);
}

static enum status scratch_create(struct linear_scratch *scratch,
                                  const struct linear_design *design, struct error *error)
{
    const struct memory_request requests[] = {
        {(void **)&scratch->column, design->stride, sizeof *scratch->column},
        {(void **)&scratch->member, design->n_rows, sizeof *scratch->member},
    };
    enum status status = memory_arrays(requests, 2, "the Newton matrix", error);
    if (!status)
        status = linear_hessian_create(&scratch->hessian, design, error);
    return status;
}

static enum status allocate(struct linear_lanes *l, struct error *error)
{
    const struct linear_design *d = l->design;
    const size_t n_w = d->stride * d->lanes, n_z = d->n_rows * d->lanes;
    const struct memory_request requests[] = {
        {(void **)&l->s, n_w, sizeof *l->s},
        {(void **)&l->g, n_w, sizeof *l->g},
        {(void **)&l->work, 4 * n_w, sizeof *l->work},
        {(void **)&l->z, n_z, sizeof *l->z},
        {(void **)&l->t, n_z, sizeof *l->t},
        {(void **)&l->r, n_z, sizeof *l->r},
        {(void **)&l->alpha, n_z, sizeof *l->alpha},
        {(void **)&l->u, n_z, sizeof *l->u},
        {(void **)&l->leverage, n_z, sizeof *l->leverage},
        {(void **)&l->sums, N_SUMS * LINEAR_CHUNKS * d->lanes, sizeof *l->sums},
        {(void **)&l->total, N_SUMS * d->lanes, sizeof *l->total},
        {(void **)&l->step, d->lanes, sizeof *l->step},
        {(void **)&l->mu, d->lanes, sizeof *l->mu},
        {(void **)&l->rarity, d->lanes, sizeof *l->rarity},
    };
    return memory_arrays(requests, sizeof requests / sizeof requests[0],
                         "the margins of the linear problems", error);
}

double linear_lanes_bytes(const struct problem_size *size)
{
    const struct linear_lanes *l = NULL;
    const double n_rows = (double)size->n_train;
    const double n_lanes = (double)linear_lanes_for(size->n_classes);
    const double row_bytes =
        n_lanes * (double)(sizeof *l->z + sizeof *l->t + sizeof *l->r + sizeof *l->alpha +
                           sizeof *l->u + sizeof *l->leverage);
    const double scratch_bytes =
        n_rows * (double)sizeof *l->scratch->member + linear_hessian_bytes(size);
    return n_rows * row_bytes + (double)size->n_threads * scratch_bytes;
}

enum status linear_lanes_create(struct linear_lanes *lanes, const struct linear_design *design,
                                enum linear_loss loss, double C, double *w, struct error *error)
{
    *lanes = (struct linear_lanes){.design = design, .loss = loss, .C = C, .w = w};
    enum status status = allocate(lanes, error);
    if (status)
        return status;
    const size_t n_threads = (size_t)design->n_threads;
    lanes->scratch = memory_zeroed(n_threads, sizeof *lanes->scratch);
    if (!lanes->scratch)
        status = error_memory(error, "the Newton matrix", n_threads * sizeof *lanes->scratch);
    for (size_t i = 0; i < n_threads && !status; i++)
        status = scratch_create(&lanes->scratch[i], design, error);
    if (status) {
        linear_lanes_destroy(lanes);
        return status;
    }
    memset(w, 0, design->stride * design->lanes * sizeof *w);
    memset(lanes->s, 0, design->stride * design->lanes * sizeof *w);
    memset(lanes->z, 0, design->n_rows * design->lanes * sizeof *lanes->z);
    memset(lanes->alpha, 0, design->n_rows * design->lanes * sizeof *lanes->alpha);
    for (size_t k = 0; k < design->lanes; k++) {
        lanes->mu[k] = 1 / C;
        lanes->step[k] = 0;
        lanes->rarity[k] = linear_design_rarity(design, k);
    }
    return STATUS_OK;
}

void linear_lanes_destroy(struct linear_lanes *lanes)
{
    void *const arrays[] = {lanes->s,    lanes->g,     lanes->work,   lanes->z,       lanes->t,
                            lanes->r,    lanes->alpha, lanes->u,      lanes->sums,    lanes->total,
                            lanes->step, lanes->mu,    lanes->rarity, lanes->leverage};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        memory_free(arrays[i]);
    for (int i = 0; lanes->scratch && i < lanes->design->n_threads; i++)
        scratch_destroy(&lanes->scratch[i]);
    memory_free(lanes->scratch);
    *lanes = (struct linear_lanes){0};
}

static struct linear_sums chunk_sums(const struct linear_lanes *l, size_t chunk)
{
    double *first = l->sums + chunk * N_SUMS * l->design->lanes;
    const size_t lanes = l->design->lanes;
    memset(first, 0, N_SUMS * lanes * sizeof *first);
    return (struct linear_sums){.value = first + SUM_VALUE * lanes,
                                .slope = first + SUM_SLOPE * lanes,
                                .curvature = first + SUM_CURVATURE * lanes,
                                .hinge = first + SUM_HINGE * lanes,
                                .dual = first + SUM_DUAL * lanes};
}

static struct linear_losses chunk_losses(const struct linear_lanes *l, size_t chunk)
{
    const struct linear_design *d = l->design;
    const size_t begin = linear_chunk_begin(d, chunk);
    return (struct linear_losses){.loss = l->loss,
                                  .C = l->C,
                                  .n_rows = linear_chunk_begin(d, chunk + 1) - begin,
                                  .lanes = d->lanes,
                                  .row_class = d->row_class + begin,
                                  .lane_class = d->lane_class,
                                  .z = l->z + begin * d->lanes,
                                  .direction = l->t + begin * d->lanes,
                                  .step = l->step,
                                  .alpha = l->alpha + begin * d->lanes,
                                  .mu = l->mu};
}

static void add_chunks(const struct linear_lanes *l)
{
    const size_t n = N_SUMS * l->design->lanes;
    memset(l->total, 0, n * sizeof *l->total);
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        for (size_t i = 0; i < n; i++)
            l->total[i] += l->sums[chunk * n + i];
}

static void residuals(const struct linear_lanes *l)
{
    const struct linear_design *d = l->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(l, d)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        const struct linear_losses losses = chunk_losses(l, chunk);
        const struct linear_sums sums = chunk_sums(l, chunk);
        d->kernels->residuals(&losses, l->r + linear_chunk_begin(d, chunk) * d->lanes, &sums);
    }
    add_chunks(l);
}

void linear_lanes_along(const struct linear_lanes *l)
{
    const struct linear_design *d = l->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(l, d)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        const struct linear_losses losses = chunk_losses(l, chunk);
        const struct linear_sums sums = chunk_sums(l, chunk);
        d->kernels->along(&losses, &sums);
    }
    add_chunks(l);
}

void linear_lanes_evaluate(const struct linear_lanes *lanes)
{
    residuals(lanes);
    linear_transpose_times(lanes->design, lanes->r, lanes->g);
}

double linear_lanes_total(const struct linear_lanes *lanes, enum linear_sum sum, size_t k)
{
    return lanes->total[(size_t)sum * lanes->design->lanes + k];
}

void linear_lanes_move(const struct linear_lanes *lanes)
{
    const struct linear_design *d = lanes->design;
    for (size_t j = 0; j < d->stride; j++)
        for (size_t k = 0; k < d->lanes; k++)
            lanes->w[j * d->lanes + k] += lanes->step[k] * lanes->s[j * d->lanes + k];
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 0; k < d->lanes; k++)
            lanes->z[i * d->lanes + k] += lanes->step[k] * lanes->t[i * d->lanes + k];
}

double linear_lanes_dot(const struct linear_lanes *lanes, const double *a, const double *b,
                        size_t k)
{
    double sum = 0;
    for (size_t j = 0; j < lanes->design->n_columns; j++)
        sum += a[j * lanes->design->lanes + k] * b[j * lanes->design->lanes + k];
    return sum;
}

void linear_lanes_solve(const struct linear_lanes *lanes, size_t k, const double *factor,
                        double scale, const double *in, double *out, double *column)
{
    const struct linear_design *d = lanes->design;
    for (size_t j = 0; j < d->n_columns; j++)
        column[j] = scale * in[j * d->lanes + k];
    linear_hessian_solve(d, factor, column);
    for (size_t j = 0; j < d->n_columns; j++)
        out[j * d->lanes + k] = column[j];
}

void linear_lanes_list_all(const struct linear_lanes *lanes, double weight,
                           struct linear_hessian *hessian)
{
    hessian->n_active = lanes->design->n_rows;
    for (size_t i = 0; i < hessian->n_active; i++) {
        hessian->rows[i] = (uint32_t)i;
        hessian->weights[i] = weight;
    }
}

void linear_lanes_list_logistic(const struct linear_lanes *lanes, size_t k, double cutoff,
                                struct linear_hessian *hessian)
{
    const struct linear_design *d = lanes->design;
    const double C = lanes->C;
    hessian->n_active = 0;
    for (size_t i = 0; i < d->n_rows; i++) {
        const double probability = fabs(lanes->r[i * d->lanes + k]) / C;
        const double weight = C * probability * (1 - probability);
        if (weight > cutoff * 0.25 * C) {
            hessian->rows[hessian->n_active] = (uint32_t)i;
            hessian->weights[hessian->n_active++] = weight;
        }
    }
}

/* Column k of out = L^-T random signs; the mean square of x.out is the leverage of x. */
static void random_column(const struct linear_lanes *l, struct rng *rng, const double *factor,
                          size_t k, double *out)
{
    const struct linear_design *d = l->design;
    double *column = l->scratch[0].column;
    for (size_t j = 0; j < d->n_columns; j++)
        column[j] = rng_u32(rng) & 1 ? 1 : -1;
    blas_dtrsv_t(d->n_columns, factor, d->stride, column);
    for (size_t j = 0; j < d->n_columns; j++)
        out[j * d->lanes + k] = column[j];
}

void linear_lanes_shared_leverage(const struct linear_lanes *lanes, const double *factor)
{
    const struct linear_design *d = lanes->design;
    struct rng rng = rng_create(0, 0);
    memset(lanes->work, 0, d->stride * d->lanes * sizeof *lanes->work);
    for (size_t k = 0; k < d->lanes; k++)
        random_column(lanes, &rng, factor, k, lanes->work);
    linear_times_float(d, lanes->work, lanes->u);
    for (size_t i = 0; i < d->n_rows; i++) {
        double sum = 0;
        for (size_t k = 0; k < d->lanes; k++)
            sum += square((double)lanes->u[i * d->lanes + k]);
        for (size_t k = 0; k < d->lanes; k++)
            lanes->leverage[i * d->lanes + k] = (float)(sum / (double)d->lanes);
    }
}

void linear_lanes_update_leverage(const struct linear_lanes *lanes, const double *const *factors,
                                  long iteration)
{
    const struct linear_design *d = lanes->design;
    struct rng rng = rng_create(1, (uint64_t)iteration);
    memset(lanes->work, 0, d->stride * d->lanes * sizeof *lanes->work);
    for (size_t k = 0; k < d->n_problems; k++)
        if (factors[k])
            random_column(lanes, &rng, factors[k], k, lanes->work);
    linear_times_float(d, lanes->work, lanes->u);
    for (size_t k = 0; k < d->n_problems; k++)
        for (size_t i = k; factors[k] && i < d->n_rows * d->lanes; i += d->lanes)
            lanes->leverage[i] = 0.7f * lanes->leverage[i] + 0.3f * lanes->u[i] * lanes->u[i];
}

/* The importance from which on a row is certain to stay, so that about n_rows stay. */
static double certain_importance(const struct linear_hessian *h, const float *leverage,
                                 size_t lanes, size_t n_rows)
{
    enum { ROUNDS = 8 };
    double unit = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double sum = 0;
        size_t n_certain = 0;
        for (size_t i = 0; i < h->n_active; i++) {
            const double importance = h->weights[i] * (double)leverage[h->rows[i] * lanes];
            if (unit > 0 && importance >= unit)
                n_certain++;
            else
                sum += importance;
        }
        if (n_certain >= n_rows)
            break;
        unit = sum / (double)(n_rows - n_certain);
    }
    return unit;
}

/* Systematic sampling: a row stays when the running sum of chances passes a whole number. */
bool linear_lanes_sample(const struct linear_lanes *lanes, size_t k, size_t n_rows,
                         struct linear_hessian *hessian)
{
    if (hessian->n_active <= 2 * n_rows)
        return false;
    const size_t stride = lanes->design->lanes;
    const float *leverage = lanes->leverage + k;
    const double unit = certain_importance(hessian, leverage, stride, n_rows);
    size_t n_kept = 0;
    double position = 0.5;
    for (size_t i = 0; i < hessian->n_active; i++) {
        const double importance = hessian->weights[i] * (double)leverage[hessian->rows[i] * stride];
        const bool certain = importance >= unit;
        if (!certain) {
            position += importance / unit;
            if (position < 1)
                continue;
            position -= 1;
        }
        hessian->rows[n_kept] = hessian->rows[i];
        hessian->weights[n_kept++] =
            certain ? hessian->weights[i] : hessian->weights[i] * (unit / importance);
    }
    hessian->n_active = n_kept;
    return true;
}
