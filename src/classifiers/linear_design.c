#include "classifiers/linear_design.h"

#include "base/memory.h"
#include "numerics/blas.h"
#include "numerics/work.h"

#include <omp.h>
#include <string.h>

enum { COLUMN_PADDING = 16, PREDICT_BLOCK_ROWS = 256 };

static size_t padded(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

size_t linear_lanes_for(size_t n_problems)
{
    return padded(n_problems, LINEAR_LANES);
}

static void make_row(const struct linear_design *design, size_t i, float *restrict out)
{
    const float *levels = design->source->scaling->levels;
    const uint8_t *restrict in = features_row(design->source, i);
    const size_t n_kept = design->n_columns - 1;
    for (size_t j = 0; j < n_kept; j++)
        out[j] = levels[design->features[j] * N_LEVELS + in[design->features[j]]];
    out[n_kept] = 1;
    memset(out + n_kept + 1, 0, (design->stride - n_kept - 1) * sizeof *out);
}

const float *linear_design_rows(const struct linear_design *design, size_t first, size_t n)
{
    if (design->x)
        return design->x + first * design->stride;
    float *rows = design->made + (size_t)omp_get_thread_num() * LINEAR_BLOCK_ROWS * design->stride;
    for (size_t i = 0; i < n; i++)
        make_row(design, design->chosen ? design->chosen[first + i] : first + i,
                 rows + i * design->stride);
    return rows;
}

/* What rows take in float32, or 0 where they are made for each use. */
static double held_bytes(size_t n_rows, size_t n_features)
{
    const double bytes = (double)n_rows * ((double)n_features + 1) * sizeof(float);
    return bytes <= (double)LINEAR_HELD_BYTES_MAX ? bytes : 0;
}

double linear_design_bytes(const struct problem_size *size)
{
    const struct linear_design *design = NULL;
    return held_bytes(size->n_train, size->n_features) +
           (double)size->n_train * sizeof *design->row_class;
}

double linear_design_subset_bytes(const struct problem_size *size)
{
    const struct linear_design *subset = NULL;
    const double held = held_bytes(size->n_train, size->n_features);
    return held > 0 ? held : (double)size->n_train * sizeof *subset->chosen;
}

/* What a thread of linear_curved_times needs: its sum, and a block of rows. */
static size_t narrow_items(const struct linear_design *design)
{
    return (design->stride + LINEAR_BLOCK_ROWS) * design->lanes;
}

static enum status allocate(struct linear_design *design, struct error *error)
{
    const size_t n_w = design->stride * design->lanes, n_partial = LINEAR_CHUNKS * n_w;
    const size_t n_threads = (size_t)design->n_threads;
    const size_t n_narrow = n_w + n_threads * narrow_items(design);
    const struct memory_request requests[] = {
        {(void **)&design->made, n_threads * LINEAR_BLOCK_ROWS * design->stride,
         sizeof *design->made},
        {(void **)&design->features, design->n_columns, sizeof *design->features},
        {(void **)&design->row_class, design->n_rows, sizeof *design->row_class},
        {(void **)&design->lane_class, design->lanes, sizeof *design->lane_class},
        {(void **)&design->partial, n_partial, sizeof *design->partial},
        {(void **)&design->narrow, n_narrow, sizeof *design->narrow},
    };
    return memory_arrays(requests, sizeof requests / sizeof requests[0], "the linear problem",
                         error);
}

static enum status hold(struct linear_design *design, struct error *error)
{
    const size_t n_items = design->n_rows * design->stride;
    design->x = memory_array(n_items, sizeof *design->x);
    return design->x ? STATUS_OK
                     : error_memory(error, "the linear problem", n_items * sizeof *design->x);
}

static enum status hold_rows(struct linear_design *design, struct error *error)
{
    if (held_bytes(design->n_rows, design->n_features) == 0)
        return STATUS_OK;
    const enum status status = hold(design, error);
    for (size_t i = 0; i < design->n_rows && !status; i++)
        make_row(design, i, design->x + i * design->stride);
    return status;
}

enum status linear_design_create(struct linear_design *design, const struct training_set *set,
                                 bool all_classes, int n_threads, struct error *error)
{
    const struct features *x = set->x;
    const bool single = set->n_classes == 2 && !all_classes;
    *design = (struct linear_design){.n_rows = x->n_rows,
                                     .n_features = x->n_features,
                                     .source = x,
                                     .n_problems = single ? 1 : set->n_classes,
                                     .n_threads = n_threads,
                                     .kernels = SIMD_SELECT(linear_kernels)};
    uint8_t *varies = memory_array(x->n_features, sizeof *varies);
    if (!varies)
        return error_memory(error, "the linear problem", x->n_features);
    design->n_columns = features_find_varying(x, varies) + 1;
    design->stride = padded(design->n_columns, COLUMN_PADDING);
    design->lanes = linear_lanes_for(design->n_problems);
    const enum status status = allocate(design, error);
    if (status) {
        memory_free(varies);
        return status;
    }
    size_t n_kept = 0;
    for (size_t j = 0; j < x->n_features; j++)
        if (varies[j])
            design->features[n_kept++] = (uint32_t)j;
    memory_free(varies);
    for (size_t i = 0; i < design->n_rows; i++)
        design->row_class[i] = set->y[i];
    for (size_t k = 0; k < design->lanes; k++)
        design->lane_class[k] = k < design->n_problems ? (double)(k + single) : -1;
    return hold_rows(design, error);
}

enum status linear_design_create_derived(struct linear_design *derived,
                                         const struct linear_design *design, size_t n_columns,
                                         struct error *error)
{
    *derived = (struct linear_design){.n_rows = design->n_rows,
                                      .n_features = design->n_features,
                                      .n_columns = n_columns,
                                      .stride = padded(n_columns, COLUMN_PADDING),
                                      .lanes = design->lanes,
                                      .n_problems = design->n_problems,
                                      .n_threads = design->n_threads,
                                      .kernels = design->kernels};
    enum status status = allocate(derived, error);
    if (!status)
        status = hold(derived, error);
    if (status)
        return status;
    memcpy(derived->row_class, design->row_class, design->n_rows * sizeof *design->row_class);
    memcpy(derived->lane_class, design->lane_class, design->lanes * sizeof *design->lane_class);
    memset(derived->x, 0, derived->n_rows * derived->stride * sizeof *derived->x);
    return STATUS_OK;
}

enum status linear_design_create_subset(struct linear_design *subset,
                                        const struct linear_design *design, struct error *error)
{
    *subset = *design;
    subset->n_rows = 0;
    subset->x = NULL;
    subset->chosen = NULL;
    const size_t n_items = design->n_rows * design->stride;
    if (design->x)
        subset->x = memory_array(n_items, sizeof *subset->x);
    else
        subset->chosen = memory_array(design->n_rows, sizeof *subset->chosen);
    return subset->x || subset->chosen
               ? STATUS_OK
               : error_memory(error, "a part of the rows", n_items * sizeof *subset->x);
}

void linear_design_destroy_subset(struct linear_design *subset)
{
    memory_free(subset->x);
    memory_free(subset->chosen);
    *subset = (struct linear_design){0};
}

void linear_design_choose(struct linear_design *subset, const struct linear_design *design,
                          size_t i)
{
    const size_t n = subset->n_rows++, stride = design->stride;
    if (subset->x)
        memcpy(subset->x + n * stride, design->x + i * stride, stride * sizeof *subset->x);
    else
        subset->chosen[n] = (uint32_t)i;
}

void linear_design_destroy(struct linear_design *design)
{
    memory_free(design->x);
    memory_free(design->made);
    memory_free(design->features);
    memory_free(design->row_class);
    memory_free(design->lane_class);
    memory_free(design->partial);
    memory_free(design->narrow);
    *design = (struct linear_design){0};
}

double linear_design_rarity(const struct linear_design *design, size_t k)
{
    size_t n_positive = 0;
    for (size_t i = 0; i < design->n_rows; i++)
        n_positive += design->row_class[i] == design->lane_class[k];
    const size_t n_negative = design->n_rows - n_positive;
    const size_t n_rare = n_positive < n_negative ? n_positive : n_negative;
    return (double)(n_rare ? n_rare : 1) / (double)design->n_rows;
}

size_t linear_chunk_begin(const struct linear_design *design, size_t chunk)
{
    const size_t whole = design->n_rows / LINEAR_CHUNKS, rest = design->n_rows % LINEAR_CHUNKS;
    return chunk * whole + (chunk < rest ? chunk : rest);
}

/* A block of rows of a chunk. */
struct block {
    struct linear_rows rows;
    size_t first;
};

/* The first block of a chunk, and the next; n_rows is 0 behind the last. */
static struct block block_at(const struct linear_design *design, size_t chunk, size_t first)
{
    const size_t left = linear_chunk_begin(design, chunk + 1) - first;
    const size_t n = left < LINEAR_BLOCK_ROWS ? left : LINEAR_BLOCK_ROWS;
    return (struct block){
        .first = first,
        .rows = {.x = linear_design_rows(design, first, n), .n_rows = n, .stride = design->stride}};
}

static struct block first_block(const struct linear_design *design, size_t chunk)
{
    return block_at(design, chunk, linear_chunk_begin(design, chunk));
}

static struct block next_block(const struct linear_design *design, size_t chunk,
                               const struct block *block)
{
    return block_at(design, chunk, block->first + block->rows.n_rows);
}

/* One pass over the rows, for all problems; padding does not count. */
static void count_pass(const struct linear_design *design, void (*add)(double flops))
{
    add(2 * (double)design->n_rows * (double)design->n_columns * (double)design->n_problems);
}

void linear_times(const struct linear_design *design, const double *w, double *z)
{
    count_pass(design, work_add_double);
#pragma omp parallel for num_threads(design->n_threads) default(none) shared(design, w, z)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        for (struct block b = first_block(design, chunk); b.rows.n_rows > 0;
             b = next_block(design, chunk, &b))
            design->kernels->times(&b.rows, design->lanes, w, z + b.first * design->lanes);
}

static void set_narrow(const struct linear_design *design, const double *w)
{
    for (size_t i = 0; i < design->stride * design->lanes; i++)
        design->narrow[i] = (float)w[i];
}

void linear_times_float(const struct linear_design *design, const double *w, float *z)
{
    count_pass(design, work_add_float);
    set_narrow(design, w);
#pragma omp parallel for num_threads(design->n_threads) default(none) shared(design, z)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        for (struct block b = first_block(design, chunk); b.rows.n_rows > 0;
             b = next_block(design, chunk, &b))
            design->kernels->times_float(&b.rows, design->lanes, design->narrow,
                                         z + b.first * design->lanes);
}

/* g = the sum of what the chunks have in design->partial. */
static void sum_chunks(const struct linear_design *design, double *g)
{
    const size_t n_items = design->stride * design->lanes;
    memset(g, 0, n_items * sizeof *g);
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        for (size_t i = 0; i < n_items; i++)
            g[i] += design->partial[chunk * n_items + i];
}

void linear_transpose_times(const struct linear_design *design, const double *r, double *g)
{
    count_pass(design, work_add_double);
    const size_t n_items = design->stride * design->lanes;
#pragma omp parallel for num_threads(design->n_threads) default(none) shared(design, r, n_items)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++) {
        double *partial = design->partial + chunk * n_items;
        memset(partial, 0, n_items * sizeof *partial);
        for (struct block b = first_block(design, chunk); b.rows.n_rows > 0;
             b = next_block(design, chunk, &b))
            design->kernels->transpose_times(&b.rows, design->lanes, r + b.first * design->lanes,
                                             partial);
    }
    sum_chunks(design, g);
}

void linear_subtract_means(const struct linear_design *design, double *w)
{
    for (size_t j = 0; j < design->n_columns; j++) {
        double mean = 0;
        for (size_t k = 0; k < design->n_problems; k++)
            mean += w[j * design->lanes + k];
        mean /= (double)design->n_problems;
        for (size_t k = 0; k < design->n_problems; k++)
            w[j * design->lanes + k] -= mean;
    }
}

/* partial = the part of the rows of a chunk; block: see narrow_items. */
static void curve_chunk(const struct linear_design *design, size_t chunk, linear_weigh *weigh,
                        const void *context, float *restrict block, double *restrict partial)
{
    const size_t n_items = design->stride * design->lanes;
    float *sum = block, *v = block + n_items;
    memset(sum, 0, n_items * sizeof *sum);
    for (struct block b = first_block(design, chunk); b.rows.n_rows > 0;
         b = next_block(design, chunk, &b)) {
        design->kernels->times_float(&b.rows, design->lanes, design->narrow, v);
        weigh(context, b.first, b.rows.n_rows, v);
        design->kernels->transpose_times_float(&b.rows, design->lanes, v, sum);
    }
    for (size_t i = 0; i < n_items; i++)
        partial[i] = (double)sum[i];
}

void linear_curved_times(const struct linear_design *design, const double *p, linear_weigh *weigh,
                         const void *context, double *q)
{
    const size_t n_items = design->stride * design->lanes;
    count_pass(design, work_add_float);
    count_pass(design, work_add_float);
    set_narrow(design, p);
#pragma omp parallel for num_threads(design->n_threads) default(none)                              \
    shared(design, weigh, context, n_items)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        curve_chunk(design, chunk, weigh, context,
                    design->narrow + n_items + (size_t)omp_get_thread_num() * narrow_items(design),
                    design->partial + chunk * n_items);
    sum_chunks(design, q);
}

enum status linear_model_create(struct linear_model *model, const struct linear_design *design,
                                const double *w, struct error *error)
{
    *model = (struct linear_model){
        .n_features = design->n_features, .n_problems = design->n_problems, .lanes = design->lanes};
    const size_t n_weights = design->n_features * design->lanes;
    const struct memory_request requests[] = {
        {(void **)&model->weights, n_weights, sizeof *model->weights},
        {(void **)&model->intercept, design->lanes, sizeof *model->intercept},
    };
    const enum status status = memory_arrays(requests, 2, "the linear model", error);
    if (status)
        return status;
    memset(model->weights, 0, n_weights * sizeof *model->weights);
    const size_t n_kept = design->n_columns - 1;
    for (size_t j = 0; j < n_kept; j++)
        for (size_t k = 0; k < design->n_problems; k++)
            model->weights[design->features[j] * design->lanes + k] =
                (float)w[j * design->lanes + k];
    for (size_t k = 0; k < design->lanes; k++)
        model->intercept[k] = w[n_kept * design->lanes + k];
    return STATUS_OK;
}

void linear_model_destroy(struct linear_model *model)
{
    memory_free(model->weights);
    memory_free(model->intercept);
    *model = (struct linear_model){0};
}

static uint8_t decide(const struct linear_model *model, const float *values)
{
    if (model->n_problems == 1)
        return (double)values[0] + model->intercept[0] > 0;
    size_t best = 0;
    double best_value = 0;
    for (size_t k = 0; k < model->n_problems; k++) {
        const double value = (double)values[k] + model->intercept[k];
        if (k == 0 || value > best_value) {
            best = k;
            best_value = value;
        }
    }
    return (uint8_t)best;
}

enum status linear_model_predict(const struct linear_model *model, const struct features *x,
                                 int n_threads, uint8_t *restrict labels, struct error *error)
{
    const size_t n_blocks = (x->n_rows + PREDICT_BLOCK_ROWS - 1) / PREDICT_BLOCK_ROWS;
    float *values = memory_array(x->n_rows * model->lanes, sizeof *values);
    if (!values)
        return error_memory(error, "the decision values",
                            x->n_rows * model->lanes * sizeof *values);
#pragma omp parallel for num_threads(n_threads) default(none)                                      \
    shared(model, x, labels, values, n_blocks)
    for (size_t block = 0; block < n_blocks; block++) {
        const size_t begin = block * PREDICT_BLOCK_ROWS, left = x->n_rows - begin;
        const size_t n = left < PREDICT_BLOCK_ROWS ? left : PREDICT_BLOCK_ROWS;
        float *out = values + begin * model->lanes;
        blas_sgemm(&(struct blas_gemm){.m = n,
                                       .n = model->n_problems,
                                       .k = x->n_features,
                                       .alpha = 1,
                                       .a = x->standardised + begin * x->n_features,
                                       .lda = x->n_features,
                                       .b = model->weights,
                                       .ldb = model->lanes,
                                       .c = out,
                                       .ldc = model->lanes});
        for (size_t i = 0; i < n; i++)
            labels[begin + i] = decide(model, out + i * model->lanes);
    }
    memory_free(values);
    return STATUS_OK;
}
