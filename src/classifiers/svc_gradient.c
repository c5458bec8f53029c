#include "classifiers/svc_gradient.h"

#include "base/memory.h"
#include "numerics/kernel_simd.h"
#include "numerics/work.h"

#include <string.h>

enum { CHUNK_ROWS = SVC_CHUNK_ROWS, CHUNKS_MIN = 2, STRIDE_UNIT = 16 };
static const uint32_t NOWHERE = UINT32_MAX;

struct svc_chunk {
    float *values; /* CHUNK_ROWS x width, owned */
    uint32_t rows[CHUNK_ROWS];
    size_t n_rows;
    uint64_t last_used;
};

enum status svc_gradient_create(struct svc_gradient *g, const struct svc_pair *pair,
                                struct error *error)
{
    const size_t n = pair->n[0] + pair->n[1], larger = pair->n[pair->n[1] > pair->n[0]];
    const size_t stride = (n + STRIDE_UNIT - 1) / STRIDE_UNIT * STRIDE_UNIT;
    *g = (struct svc_gradient){
        .pair = pair, .n = n, .stride = stride, .width = pair->shared ? larger : n};
    size_t n_chunks = pair->budget_bytes / (CHUNK_ROWS * g->width * sizeof(float));
    n_chunks = n_chunks < CHUNKS_MIN ? CHUNKS_MIN : n_chunks;
    if (n_chunks > n / CHUNK_ROWS * 2 + CHUNKS_MIN) /* chunks need not be full */
        n_chunks = n / CHUNK_ROWS * 2 + CHUNKS_MIN;
    g->n_chunks_max = n_chunks;
    enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&g->copies, 2 * stride, sizeof *g->copies},
            {(void **)&g->w, pair->rows->n_columns, sizeof *g->w},
            {(void **)&g->chunks, n_chunks, sizeof *g->chunks},
            {(void **)&g->place, n, sizeof *g->place},
            {(void **)&g->missing, n, sizeof *g->missing},
        },
        5, "SVC", error);
    for (size_t t = 0; !status && t < n; t++)
        g->place[t] = pair->rows->gram ? 0 : NOWHERE;
    return status;
}

void svc_gradient_destroy(struct svc_gradient *g)
{
    for (size_t c = 0; c < g->n_chunks; c++)
        memory_free(g->chunks[c].values);
    memory_free(g->copies);
    memory_free(g->w);
    memory_free(g->chunks);
    memory_free(g->place);
    memory_free(g->missing);
    *g = (struct svc_gradient){0};
}

size_t svc_gradient_bytes(const struct svc_gradient *g)
{
    return (g->n_chunks * CHUNK_ROWS * g->width + g->n_values) * sizeof(float);
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
    work_add_double(2 * (double)(change->n + g->pair->n[0] + g->pair->n[1]) * (double)n_columns);
}

/* Row t of the kernel matrix, which is kept: its values with the rows of either class. */
static void find_parts(const struct svc_gradient *g, size_t t, const float *parts[2])
{
    const struct svc_pair *pair = g->pair;
    const size_t row = svc_pair_row(pair, t), own = t < pair->n[0] ? 0 : 1;
    if (pair->rows->gram) {
        parts[0] = pair->rows->gram + row * pair->rows->n_rows + pair->first[0];
        parts[1] = pair->rows->gram + row * pair->rows->n_rows + pair->first[1];
        return;
    }
    if (pair->cross) {
        parts[own] = svc_shared_values(pair->shared, pair->classes[own], row);
        parts[1 - own] = pair->cross[own].values[row - pair->first[own]];
        return;
    }
    const uint32_t place = g->place[t];
    parts[0] = g->chunks[place / CHUNK_ROWS].values + place % CHUNK_ROWS * g->width;
    parts[1] = parts[0] + pair->n[0];
    if (pair->shared) {
        parts[1 - own] = parts[0];
        parts[own] = svc_shared_values(pair->shared, pair->classes[own], row);
    }
}

/* Rows of the kernel matrix on their way into f, KERNEL_ROWS_AT_ONCE in a pass. */
struct batch {
    const struct kernel_kernels *kernels;
    const size_t *lengths; /* of the parts */
    size_t n;
    const float *parts[2][KERNEL_ROWS_AT_ONCE];
    double weights[KERNEL_ROWS_AT_ONCE];
};

static void batch_flush(struct batch *batch, double *f)
{
    if (batch->n == 0)
        return;
    for (; batch->n < KERNEL_ROWS_AT_ONCE; batch->n++) {
        batch->parts[0][batch->n] = batch->parts[0][0];
        batch->parts[1][batch->n] = batch->parts[1][0];
        batch->weights[batch->n] = 0;
    }
    for (size_t side = 0; side < 2; f += batch->lengths[side++])
        batch->kernels->subtract_rows(f, batch->parts[side], batch->weights, batch->lengths[side]);
    batch->n = 0;
}

static void batch_add(struct batch *batch, const struct svc_gradient *g, size_t t, double weight,
                      double *f)
{
    const float *parts[2];
    find_parts(g, t, parts);
    batch->parts[0][batch->n] = parts[0];
    batch->parts[1][batch->n] = parts[1];
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

/* A row is used whose place is this one. */
static void touch(struct svc_gradient *g, uint32_t place)
{
    if (!g->pair->rows->gram && !g->pair->cross)
        g->chunks[place / CHUNK_ROWS].last_used = g->clock;
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
        float *values = memory_array(CHUNK_ROWS * g->width, sizeof *values);
        if (values) {
            memory_prefer_huge_pages(values, CHUNK_ROWS * g->width * sizeof *values);
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

/* The kernel values of n rows of the class `own` with the rows of the class `with`. */
static void kernel_part(const struct svc_gradient *g, const uint32_t *which, size_t n, size_t own,
                        size_t with, float *values)
{
    const struct svc_rows *rows = g->pair->rows;
    const size_t first = g->pair->first[with];
    float norms[CHUNK_ROWS];
    for (size_t r = 0; r < n; r++)
        norms[r] = rows->norms[which[r]];
    svc_kernel_block(g->pair->kernel,
                     &(struct svc_block){.n_columns = rows->n_columns,
                                         .n_left = n,
                                         .n_right = g->pair->n[with],
                                         .left = rows->x,
                                         .left_rows = which,
                                         .right = rows->x + first * rows->n_columns,
                                         .left_norms = norms,
                                         .right_norms = rows->norms + first,
                                         .values = values,
                                         .stride = g->width});
    for (size_t r = 0; own == with && r < n; r++) /* exact, as everywhere */
        values[r * g->width + which[r] - first] = rows->diagonal[which[r]];
}

/* Puts the kernel rows of those of the n_new rows that are of the class `own` into free places. */
static enum status chunk_fill_class(struct svc_gradient *g, struct svc_chunk *chunk,
                                    const uint32_t *new_rows, size_t n_new, size_t own,
                                    struct error *error)
{
    const struct svc_pair *pair = g->pair;
    uint32_t which[CHUNK_ROWS];
    float *values = chunk->values + chunk->n_rows * g->width;
    size_t n = 0;
    for (size_t r = 0; r < n_new; r++) {
        const uint32_t t = new_rows[r];
        if ((t < pair->n[0] ? 0 : 1) != own)
            continue;
        which[n++] = (uint32_t)svc_pair_row(pair, t);
        chunk->rows[chunk->n_rows] = t;
        g->place[t] = (uint32_t)((size_t)(chunk - g->chunks) * CHUNK_ROWS + chunk->n_rows++);
    }
    g->n_computed += n;
    if (pair->shared) {
        kernel_part(g, which, n, own, 1 - own, values);
        return svc_shared_need(pair->shared, pair->asker, which, n, &g->tally, error);
    }
    kernel_part(g, which, n, own, 0, values);
    kernel_part(g, which, n, own, 1, values + pair->n[0]);
    return STATUS_OK;
}

static enum status chunk_fill(struct svc_gradient *g, struct svc_chunk *chunk,
                              const uint32_t *new_rows, size_t n_new, struct error *error)
{
    chunk->last_used = g->clock;
    const enum status status = chunk_fill_class(g, chunk, new_rows, n_new, 0, error);
    return status ? status : chunk_fill_class(g, chunk, new_rows, n_new, 1, error);
}

/* Asks for n_new rows of the kernel matrix, at most CHUNK_ROWS, where nothing is given up again. */
static enum status need_rows(struct svc_gradient *g, const uint32_t *new_rows, size_t n_new,
                             struct error *error)
{
    const struct svc_pair *pair = g->pair;
    enum status status = STATUS_OK;
    g->n_computed += n_new;
    for (size_t own = 0; own < 2 && !status; own++) {
        uint32_t which[CHUNK_ROWS];
        size_t n = 0;
        for (size_t r = 0; r < n_new; r++)
            if ((new_rows[r] < pair->n[0] ? 0 : 1) == own) {
                which[n++] = (uint32_t)svc_pair_row(pair, new_rows[r]);
                g->place[new_rows[r]] = 0;
            }
        g->n_values += n * pair->n[1 - own];
        status = svc_store_need(&pair->cross[own], which, n, &g->tally, error);
        if (!status)
            status = svc_shared_need(pair->shared, pair->asker, which, n, &g->tally, error);
    }
    return status;
}

/*
 * Of the n_new rows, which are not kept, as many as there is room for at once are computed:
 * *n_done, at least one.
 */
static enum status compute_rows(struct svc_gradient *g, const uint32_t *new_rows, size_t n_new,
                                size_t *n_done, struct error *error)
{
    struct svc_chunk *chunk = g->pair->cross ? NULL : chunk_with_room(g, n_new);
    const size_t room = chunk ? CHUNK_ROWS - chunk->n_rows : CHUNK_ROWS;
    *n_done = n_new < room ? n_new : room;
    if (g->pair->cross)
        return need_rows(g, new_rows, *n_done, error);
    if (!chunk)
        return error_memory(error, "SVC", CHUNK_ROWS * g->width * sizeof(float));
    return chunk_fill(g, chunk, new_rows, *n_done, error);
}

/* First what is kept, before it makes room for others. The numbers of the others in `change`. */
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
        touch(g, place);
        batch_add(batch, g, change->rows[c], change->by[c], f);
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
    struct batch batch = {.kernels = SIMD_SELECT(kernel_kernels), .lengths = g->pair->n};
    g->clock++;
    const size_t n_missing = update_from_kept(g, change, &batch, f);
    for (size_t done = 0; done < n_missing;) {
        uint32_t new_rows[CHUNK_ROWS];
        size_t n_new = 0;
        for (; n_new < CHUNK_ROWS && done + n_new < n_missing; n_new++)
            new_rows[n_new] = change->rows[g->missing[done + n_new]];
        const enum status status = compute_rows(g, new_rows, n_new, &n_new, error);
        if (status)
            return status;
        for (size_t r = 0; r < n_new; r++)
            batch_add(&batch, g, new_rows[r], change->by[g->missing[done + r]], f);
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
        uint32_t new_rows[CHUNK_ROWS] = {(uint32_t)t};
        size_t n_done;
        memcpy(new_rows + 1, along, n_along * sizeof *along);
        if (compute_rows(g, new_rows, n_along + 1, &n_done, NULL))
            return NULL;
    }
    touch(g, g->place[t]);
    const float *parts[2];
    find_parts(g, t, parts);
    float *copy = g->copies + (g->clock & 1 ? g->stride : 0);
    memcpy(copy, parts[0], g->pair->n[0] * sizeof *copy);
    memcpy(copy + g->pair->n[0], parts[1], g->pair->n[1] * sizeof *copy);
    memset(copy + g->n, 0, (g->stride - g->n) * sizeof *copy);
    return copy;
}
