#include "classifiers/mlp_batch.h"

#include "base/memory.h"
#include "numerics/work.h"

#include <string.h>

static size_t pad(size_t n)
{
    return (n + MLP_BYTES - 1) / MLP_BYTES * MLP_BYTES;
}

/*
 * Whether passing over zeros costs less, in multiplications a pixel. Sparse: a share of the
 * conversion and of the loop's end, then whole vectors, of which there must be a few to hide the
 * latency of the sums. Dense: some share of converting bytes.
 */
static bool sparse_is_cheaper(double density, const struct mlp_layer *layer)
{
    const double width = layer->n_padded > 32 ? (double)layer->n_padded : 32.0;
    return 12.0 + density * width < 1.15 * (double)layer->n_out;
}

/* How many rows have the least and the greatest byte of each of all features. */
struct extremes {
    uint8_t *low, *high;
    uint32_t *n_low, *n_below_high;
    const uint8_t **rows;
};

static void extremes_destroy(struct extremes *e)
{
    memory_free(e->low);
    memory_free(e->high);
    memory_free(e->n_low);
    memory_free(e->n_below_high);
    memory_free(e->rows);
}

static enum status extremes_create(struct extremes *e, const struct byte_columns_kernels *kernels,
                                   const struct mlp_batch_source *s, struct error *error)
{
    uint8_t *below = NULL;
    const struct memory_request requests[] = {
        {(void **)&e->low, s->n_features, 1},
        {(void **)&e->high, s->n_features, 1},
        {(void **)&e->n_low, s->n_features, sizeof *e->n_low},
        {(void **)&e->n_below_high, s->n_features, sizeof *e->n_below_high},
        {(void **)&e->rows, s->n_rows, sizeof *e->rows},
        {(void **)&below, s->n_features, 1},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "the extremes of the features", error);
    if (status)
        return status;
    for (size_t i = 0; i < s->n_rows; i++)
        e->rows[i] = s->bytes + i * s->n_features;
    kernels->min_max(e->low, e->high, e->rows, s->n_rows, s->n_features);
    for (size_t j = 0; j < s->n_features; j++)
        below[j] = (uint8_t)(e->high[j] - 1); /* at least low where the feature varies */
    kernels->count_at_most(e->n_low, e->rows, s->n_rows, e->low, s->n_features);
    kernels->count_at_most(e->n_below_high, e->rows, s->n_rows, below, s->n_features);
    memory_free(below);
    return STATUS_OK;
}

/* Codes and their density. */
static void choose_codes(struct mlp_batch *b, const struct mlp_batch_source *s,
                         const struct extremes *e)
{
    double n_nonzero = 0.0;
    for (size_t j = 0; j < s->n_columns; j++) {
        const size_t f = s->columns[j], n_high = s->n_rows - e->n_below_high[f];
        const bool from_high = n_high > e->n_low[f];
        const uint8_t zero = from_high ? e->high[f] : e->low[f]; /* the byte whose code is 0 */
        b->flip[j] = from_high ? 255 : 0;
        b->base[j] = zero ^ b->flip[j];
        b->scale[j] = from_high ? -s->scale[j] : s->scale[j];
        b->shift[j] = (float)((double)zero * (double)s->scale[j] + (double)s->shift[j]);
        n_nonzero += (double)(s->n_rows - (from_high ? n_high : e->n_low[f]));
    }
    b->density = s->n_columns ? n_nonzero / ((double)s->n_rows * (double)s->n_columns) : 0.0;
    b->shift[s->n_columns] = 1.0f;
}

static enum status allocate(struct mlp_batch *b, size_t n_padded, struct error *error)
{
    const struct memory_request requests[] = {
        {(void **)&b->flip, b->n_columns, 1},
        {(void **)&b->base, b->n_columns, 1},
        {(void **)&b->scale, b->stride, sizeof *b->scale},
        {(void **)&b->shift, b->stride, sizeof *b->shift},
        {(void **)&b->ones, b->max_rows, sizeof *b->ones},
        {(void **)&b->offset, n_padded, sizeof *b->offset},
        {(void **)&b->codes, b->max_rows * b->stride, 1},
        {(void **)&b->rows, b->max_rows, sizeof *b->rows},
        {(void **)&b->from, b->max_rows, sizeof *b->from},
        {(void **)&b->picked, b->max_rows * b->picked_stride, 1},
        {(void **)&b->next, b->max_rows, sizeof *b->next},
        {(void **)&b->transposed, b->n_columns * b->transposed_stride, 1},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "a batch of training rows", error);
    if (status)
        return status;
    memset(b->scale, 0, b->stride * sizeof *b->scale);
    memset(b->shift, 0, b->stride * sizeof *b->shift);
    memset(b->codes, 0, b->max_rows * b->stride);
    for (size_t i = 0; i < b->max_rows; i++) {
        b->ones[i] = 1.0f;
        b->rows[i] = b->codes + i * b->stride;
    }
    return STATUS_OK;
}

enum status mlp_batch_create(struct mlp_batch *batch, const struct mlp_batch_source *source,
                             const struct mlp_network *network, size_t max_rows,
                             struct error *error)
{
    struct extremes extremes;
    *batch = (struct mlp_batch){.kernels = SIMD_SELECT(mlp_byte_kernels),
                                .byte_columns = SIMD_SELECT(byte_columns_kernels),
                                .n_features = source->n_features,
                                .n_columns = source->n_columns,
                                .max_rows = max_rows,
                                .stride = pad(source->n_columns + 1),
                                .picked_stride = pad(source->n_columns + BYTE_PICK_SLACK),
                                .transposed_stride = pad(max_rows),
                                .bytes = source->bytes,
                                .columns = source->columns};
    enum status status = allocate(batch, network->layers[0].n_padded, error);
    if (status)
        return status;
    status = extremes_create(&extremes, batch->byte_columns, source, error);
    if (status) {
        mlp_batch_destroy(batch);
        return status;
    }
    choose_codes(batch, source, &extremes);
    extremes_destroy(&extremes);
    batch->sparse = batch->n_columns > 0 && sparse_is_cheaper(batch->density, &network->layers[0]);
    return STATUS_OK;
}

void mlp_batch_destroy(struct mlp_batch *batch)
{
    memory_free(batch->flip);
    memory_free(batch->base);
    memory_free(batch->scale);
    memory_free(batch->shift);
    memory_free(batch->ones);
    memory_free(batch->offset);
    memory_free(batch->codes);
    memory_free(batch->rows);
    memory_free(batch->from);
    memory_free(batch->picked);
    memory_free(batch->next);
    memory_free(batch->transposed);
    *batch = (struct mlp_batch){.n_rows = 0};
}

void mlp_batch_load(struct mlp_batch *batch, const uint32_t *rows, size_t n_rows, size_t n_next)
{
    if (n_rows != batch->n_rows) /* what stands behind the rows must be 0 */
        memset(batch->transposed, 0, batch->n_columns * batch->transposed_stride);
    batch->n_rows = n_rows;
    batch->prefetch = n_next >= n_rows;
    for (size_t i = 0; i < n_rows; i++) {
        batch->from[i] = batch->bytes + rows[i] * batch->n_features;
        if (batch->prefetch)
            batch->next[i] = batch->bytes + rows[n_rows + i] * batch->n_features;
    }
    const bool all_vary = batch->n_columns == batch->n_features;
    if (!all_vary)
        batch->byte_columns->pick(batch->picked, batch->picked_stride, batch->from, n_rows,
                                  batch->columns, batch->n_columns);
    for (size_t i = 0; i < n_rows; i++)
        batch->kernels->encode(all_vary ? batch->from[i] : batch->picked + i * batch->picked_stride,
                               batch->flip, batch->base, batch->n_columns,
                               batch->codes + i * batch->stride);
    batch->byte_columns->transpose(batch->transposed, batch->transposed_stride, batch->rows, n_rows,
                                   batch->n_columns);
}

static void multiply(const struct mlp_batch *batch, const struct mlp_byte_product *product)
{
    const double share = batch->sparse ? batch->density : 1.0;
    work_add_float(2 * share * (double)product->m * (double)product->n * (double)product->k);
    (batch->sparse ? batch->kernels->sparse : batch->kernels->dense)(product);
}

/* sum = factors^T B;  B: k x n_padded, n of them not padding. */
static void weighted_sum(const struct mlp_network *network, size_t k, const float *factors,
                         const float *b, size_t ldb, float *restrict sum)
{
    const struct mlp_layer *layer = &network->layers[0];
    work_add_float(2 * (double)k * (double)layer->n_out);
    network->kernels->multiply(&(struct mlp_product){.m = 1,
                                                     .n_padded = layer->n_padded,
                                                     .k = k,
                                                     .a = factors,
                                                     .lda = k,
                                                     .b = b,
                                                     .ldb = ldb,
                                                     .c = sum,
                                                     .ldc = layer->n_padded});
}

void mlp_batch_forward(struct mlp_batch *batch, const struct mlp_network *network,
                       const struct mlp_workspace *workspace)
{
    const struct mlp_layer *layer = &network->layers[0];
    const float *weights = network->parameters + layer->first;
    weighted_sum(network, batch->n_columns + 1, batch->shift, weights, layer->n_padded,
                 batch->offset);
    multiply(batch, &(struct mlp_byte_product){
                        .m = batch->n_rows,
                        .k = batch->n_columns,
                        .n = layer->n_out,
                        .n_padded = layer->n_padded,
                        .a = batch->sparse ? batch->codes : batch->transposed,
                        .lda = batch->sparse ? batch->stride : batch->transposed_stride,
                        .ahead = batch->sparse && batch->prefetch ? batch->next : NULL,
                        .b = weights,
                        .ldb = layer->n_padded,
                        .scale = batch->scale,
                        .offset = batch->offset,
                        .c = workspace->values[1],
                        .ldc = workspace->strides[1]});
    mlp_forward_rest(network, workspace, batch->n_rows);
}

double mlp_batch_backward(struct mlp_batch *batch, const struct mlp_network *network,
                          const struct mlp_workspace *workspace, const uint8_t *labels)
{
    const struct mlp_layer *layer = &network->layers[0];
    float *gradient = workspace->gradient + layer->first;
    float *intercepts = gradient + batch->n_columns * layer->n_padded;
    const double loss = mlp_backward_rest(network, workspace, labels, batch->n_rows);
    weighted_sum(network, batch->n_rows, batch->ones, workspace->values[1], workspace->strides[1],
                 intercepts);
    multiply(batch, &(struct mlp_byte_product){
                        .m = batch->n_columns,
                        .k = batch->n_rows,
                        .n = layer->n_out,
                        .n_padded = layer->n_padded,
                        .a = batch->sparse ? batch->transposed : batch->codes,
                        .lda = batch->sparse ? batch->transposed_stride : batch->stride,
                        .ahead = !batch->sparse && batch->prefetch ? batch->next : NULL,
                        .b = workspace->values[1],
                        .ldb = workspace->strides[1],
                        .scale = batch->scale,
                        .scale_rows = true,
                        .shift = batch->shift,
                        .offset = intercepts,
                        .c = gradient,
                        .ldc = layer->n_padded});
    return loss;
}
