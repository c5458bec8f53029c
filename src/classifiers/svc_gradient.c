#include "classifiers/svc_gradient.h"

#include "base/memory.h"
#include "numerics/kernel_simd.h"

#include <string.h>

enum { CHUNK_ROWS = SVC_CHUNK_ROWS, CHUNKS_MIN = 2, STRIDE_UNIT = 16 };
static const uint32_t NOWHERE = UINT32_MAX;

struct svc_chunk {
    float *values; /* CHUNK_ROWS x stride, owned */
    uint32_t rows[CHUNK_ROWS];
    size_t n_rows;
    uint64_t last_used;
};

enum status svc_gradient_create(struct svc_gradient *g, const struct svc_pair *pair,
                                struct error *error)
{
    const size_t n = pair->n[0] + pair->n[1], n_columns = pair->rows->n_columns;
    const size_t stride = (n + STRIDE_UNIT - 1) / STRIDE_UNIT * STRIDE_UNIT;
    size_t n_chunks = pair->budget_bytes / (CHUNK_ROWS * stride * sizeof(float));
    n_chunks = n_chunks < CHUNKS_MIN ? CHUNKS_MIN : n_chunks;
    if (n_chunks > n / CHUNK_ROWS * 2 + CHUNKS_MIN) /* chunks need not be full */
        n_chunks = n / CHUNK_ROWS * 2 + CHUNKS_MIN;
    *g = (struct svc_gradient){.pair = pair, .n = n, .stride = stride, .n_chunks_max = n_chunks};
    enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&g->gathered, CHUNK_ROWS * n_columns, sizeof *g->gathered},
            {(void **)&g->norms, CHUNK_ROWS, sizeof *g->norms},
            {(void **)&g->w, n_columns, sizeof *g->w},
            {(void **)&g->chunks, n_chunks, sizeof *g->chunks},
            {(void **)&g->place, n, sizeof *g->place},
            {(void **)&g->missing, n, sizeof *g->missing},
        },
        6, "SVC", error);
    for (size_t t = 0; !status && t < n; t++)
        g->place[t] = NOWHERE;
    return status;
}

void svc_gradient_destroy(struct svc_gradient *g)
{
    for (size_t c = 0; c < g->n_chunks; c++)
        memory_free(g->chunks[c].values);
    memory_free(g->gathered);
    memory_free(g->norms);
    memory_free(g->w);
    memory_free(g->chunks);
    memory_free(g->place);
    memory_free(g->missing);
    *g = (struct svc_gradient){0};
}

size_t svc_gradient_bytes(const struct svc_gradient *g)
{
    return g->n_chunks * CHUNK_ROWS * g->stride * sizeof(float);
}

static void update_linear(struct svc_gradient *g, const struct svc_change *change, double *f)
{
    const struct svc_rows *rows = g->pair->rows;
    const size_t n_columns = rows->n_columns;
    memset(g->w, 0, n_columns * sizeof *g->w);
    for (size_t c = 0; c < change->n; c++) {
        const float *x = rows->x + svc_pair_row(g->pair, change->rows[c]) * n_columns;
        for (size_t j = 0; j < n_columns; j++)
            g->w[j] += change->by[c] * (double)x[j];
    }
    const struct kernel_kernels *kernels = SIMD_SELECT(kernel_kernels);
    double *part = f;
    for (size_t side = 0; side < 2; part += g->pair->n[side++])
        kernels->subtract_products(part, rows->x + g->pair->first[side] * n_columns, g->w,
                                   g->pair->n[side], n_columns);
}

/* Rows of the kernel matrix on their way into f, KERNEL_ROWS_AT_ONCE in a pass. */
struct batch {
    const struct kernel_kernels *kernels;
    size_t n, length;
    const float *rows[KERNEL_ROWS_AT_ONCE];
    double weights[KERNEL_ROWS_AT_ONCE];
};

static void batch_flush(struct batch *batch, double *f)
{
    if (batch->n == 0)
        return;
    for (; batch->n < KERNEL_ROWS_AT_ONCE; batch->n++) {
        batch->rows[batch->n] = batch->rows[0];
        batch->weights[batch->n] = 0;
    }
    batch->kernels->subtract_rows(f, batch->rows, batch->weights, batch->length);
    batch->n = 0;
}

static void batch_add(struct batch *batch, const float *row, double weight, double *f)
{
    batch->rows[batch->n] = row;
    batch->weights[batch->n++] = weight;
    if (batch->n == KERNEL_ROWS_AT_ONCE)
        batch_flush(batch, f);
}

static void chunk_clear(struct svc_gradient *g, struct svc_chunk *chunk)
{
    for (size_t r = 0; r < chunk->n_rows; r++)
        g->place[chunk->rows[r]] = NOWHERE;
    chunk->n_rows = 0;
}

/* A chunk with room: the last one, a new one, or the one that was not used for longest. */
static struct svc_chunk *chunk_with_room(struct svc_gradient *g, size_t n_wanted)
{
    struct svc_chunk *oldest = g->n_chunks ? &g->chunks[0] : NULL;
    for (size_t c = 0; c < g->n_chunks; c++) {
        struct svc_chunk *chunk = &g->chunks[c];
        const size_t room = CHUNK_ROWS - chunk->n_rows;
        /* A product with a handful of rows costs as much as one with many. */
        if (room >= n_wanted || room >= CHUNK_ROWS / 4)
            return chunk;
        if (chunk->last_used < oldest->last_used)
            oldest = chunk;
    }
    if (g->n_chunks < g->n_chunks_max) {
        float *values = memory_array(CHUNK_ROWS * g->stride, sizeof *values);
        if (values) {
            struct svc_chunk *chunk = &g->chunks[g->n_chunks++];
            chunk->values = values;
            chunk->n_rows = 0;
            return chunk;
        }
    }
    if (oldest)
        chunk_clear(g, oldest);
    return oldest;
}

/* The kernel rows of n rows of the pair, `stride` apart, without padding. */
static void kernel_rows(struct svc_gradient *g, const uint32_t *which, size_t n, float *values)
{
    const struct svc_rows *rows = g->pair->rows;
    const size_t n_columns = rows->n_columns;
    for (size_t r = 0; r < n && !rows->gram; r++) {
        const size_t row = svc_pair_row(g->pair, which[r]);
        memcpy(g->gathered + r * n_columns, rows->x + row * n_columns, n_columns * sizeof(float));
        g->norms[r] = rows->norms[row];
    }
    for (size_t side = 0; side < 2; values += g->pair->n[side++]) {
        const size_t first = g->pair->first[side], n_right = g->pair->n[side];
        if (rows->gram) {
            for (size_t r = 0; r < n; r++)
                memcpy(values + r * g->stride,
                       rows->gram + svc_pair_row(g->pair, which[r]) * rows->n_rows + first,
                       n_right * sizeof *values);
            continue;
        }
        svc_kernel_block(g->pair->kernel, &(struct svc_block){.n_columns = n_columns,
                                                              .n_left = n,
                                                              .n_right = n_right,
                                                              .left = g->gathered,
                                                              .right = rows->x + first * n_columns,
                                                              .left_norms = g->norms,
                                                              .right_norms = rows->norms + first,
                                                              .values = values,
                                                              .stride = g->stride});
    }
}

/* Puts the kernel rows of n_new rows into the free places of a chunk. */
static void chunk_fill(struct svc_gradient *g, struct svc_chunk *chunk, const uint32_t *new_rows,
                       size_t n_new)
{
    const struct svc_rows *rows = g->pair->rows;
    const size_t from = chunk->n_rows;
    for (size_t r = 0; r < n_new; r++) {
        chunk->rows[from + r] = new_rows[r];
        g->place[new_rows[r]] =
            (uint32_t)((size_t)(chunk - g->chunks) * CHUNK_ROWS + chunk->n_rows++);
    }
    kernel_rows(g, new_rows, n_new, chunk->values + from * g->stride);
    for (size_t r = 0; r < n_new; r++) /* exact, as everywhere */
        chunk->values[(from + r) * g->stride + new_rows[r]] =
            rows->diagonal[svc_pair_row(g->pair, new_rows[r])];
    for (size_t r = 0; r < n_new; r++)
        memset(chunk->values + (from + r) * g->stride + g->n, 0,
               (g->stride - g->n) * sizeof(float));
    g->n_computed += n_new;
}

/* First what is kept, before it makes room for others. The weights of the missing go to by. */
static size_t update_from_kept(struct svc_gradient *g, const struct svc_change *change,
                               struct batch *batch, double *f)
{
    size_t n_missing = 0;
    for (size_t c = 0; c < change->n; c++) {
        const uint32_t place = g->place[change->rows[c]];
        if (place == NOWHERE) {
            g->missing[n_missing++] = (uint32_t)c;
            continue;
        }
        struct svc_chunk *chunk = &g->chunks[place / CHUNK_ROWS];
        chunk->last_used = g->clock;
        batch_add(batch, chunk->values + place % CHUNK_ROWS * g->stride, change->by[c], f);
    }
    batch_flush(batch, f);
    return n_missing;
}

enum status svc_gradient_update(struct svc_gradient *g, const struct svc_change *change, double *f,
                                struct error *error)
{
    if (g->pair->kernel->kind == SVC_LINEAR) {
        update_linear(g, change, f);
        return STATUS_OK;
    }
    struct batch batch = {.kernels = SIMD_SELECT(kernel_kernels), .length = g->n};
    g->clock++;
    const size_t n_missing = update_from_kept(g, change, &batch, f);
    for (size_t done = 0; done < n_missing;) {
        struct svc_chunk *chunk = chunk_with_room(g, n_missing - done);
        if (!chunk)
            return error_memory(error, "SVC", CHUNK_ROWS * g->stride * sizeof(float));
        const size_t from = chunk->n_rows;
        uint32_t new_rows[CHUNK_ROWS];
        size_t n_new = 0;
        for (; from + n_new < CHUNK_ROWS && done + n_new < n_missing; n_new++)
            new_rows[n_new] = change->rows[g->missing[done + n_new]];
        chunk_fill(g, chunk, new_rows, n_new);
        chunk->last_used = g->clock;
        for (size_t r = 0; r < n_new; r++)
            batch_add(&batch, chunk->values + (from + r) * g->stride,
                      change->by[g->missing[done + r]], f);
        batch_flush(&batch, f);
        done += n_new;
    }
    return STATUS_OK;
}

const float *svc_gradient_row(struct svc_gradient *g, size_t t, const uint32_t *along,
                              size_t n_along)
{
    g->clock++;
    if (g->place[t] == NOWHERE) {
        struct svc_chunk *chunk = chunk_with_room(g, n_along + 1);
        if (!chunk)
            return NULL;
        uint32_t new_rows[CHUNK_ROWS] = {(uint32_t)t};
        size_t n_new = 1;
        for (; n_new <= n_along && chunk->n_rows + n_new < CHUNK_ROWS; n_new++)
            new_rows[n_new] = along[n_new - 1];
        chunk_fill(g, chunk, new_rows, n_new);
    }
    struct svc_chunk *chunk = &g->chunks[g->place[t] / CHUNK_ROWS];
    chunk->last_used = g->clock;
    return chunk->values + g->place[t] % CHUNK_ROWS * g->stride;
}
