/*
 * Latent means f* = k*^T (y - pi): the squared distances of a block of queries to a tile of
 * training rows by a matrix product, in double; where they are small, again by their definition.
 */
#include "base/memory.h"
#include "classifiers/gaussian_process_model.h"
#include "numerics/blas.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_QUERIES = 256, TILE_ROWS = 512 };

/* Kernel values that count in a variance: of all rows together, the others change it by less than
   the last place. Beyond the distance they are smaller. */
static const double near_value = 1e-10, near_distance = 47.0;

/* The near rows of one block of queries, as they are found. */
struct list {
    struct gp_near *near; /* of malloc */
    size_t n, capacity;
    bool is_short; /* of memory */
};

/* A block of queries and a tile of training rows of one class: the arrays of one thread. */
struct tile {
    size_t first_query, n_queries, class, first_row, n_rows;
    struct list *list; /* of the block; borrowed */
    double *queries;   /* BLOCK_QUERIES x n_features, standardised */
    double *rows;      /* TILE_ROWS x n_features */
    double *products;  /* BLOCK_QUERIES x TILE_ROWS: then distances, then kernel values */
    double *gradient;  /* TILE_ROWS x width: y - pi */
    double *sums;      /* BLOCK_QUERIES x n_columns */
    double query_norms[BLOCK_QUERIES], row_norms[TILE_ROWS];
    double nearest[BLOCK_QUERIES]; /* squared distance, of the class at hand */
};

struct job {
    const struct gp_model *model;
    const struct features *x;
    struct gp_latent *latent;
    bool with_near;
    int n_threads;
    size_t n_columns; /* of sums: width for each class where problems are pairs, else once */
    double reach;     /* what a squared distance may exceed the nearest by */
};

/* values: n x n_features; norms: n. */
static void standardise(const struct features *x, size_t first, size_t n, double *restrict values,
                        double *restrict norms)
{
    const struct scaling *scaling = x->scaling;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *bytes = features_row(x, first + i);
        double *restrict row = values + i * x->n_features;
        for (size_t j = 0; j < x->n_features; j++)
            row[j] = (bytes[j] - scaling->mean[j]) / scaling->scale[j];
        norms[i] = 0.0;
        for (size_t j = 0; j < x->n_features; j++)
            norms[i] += row[j] * row[j];
    }
}

static double squared_distance(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

static void grow(struct list *list)
{
    const size_t capacity = list->capacity ? 2 * list->capacity : 1024;
    struct gp_near *grown = realloc(list->near, capacity * sizeof *grown);
    if (!grown) {
        list->is_short = true;
        return;
    }
    list->near = grown;
    list->capacity = capacity;
}

static void keep(struct list *list, size_t query, size_t row, double value)
{
    if (list->n == list->capacity && !list->is_short)
        grow(list);
    if (!list->is_short)
        list->near[list->n++] =
            (struct gp_near){.query = (uint32_t)query, .row = (uint32_t)row, .value = value};
}

/* Row q of the products becomes kernel values. */
static void to_kernel(const struct job *job, struct tile *tile, size_t q)
{
    const size_t n_features = job->x->n_features;
    double *values = tile->products + q * TILE_ROWS;
    for (size_t t = 0; t < tile->n_rows; t++) {
        double distance = tile->query_norms[q] + tile->row_norms[t] - 2.0 * values[t];
        values[t] = 0.0;
        if (distance < near_distance)
            distance = squared_distance(tile->queries + q * n_features, tile->rows + t * n_features,
                                        n_features);
        if (distance > tile->nearest[q] + job->reach)
            continue;
        tile->nearest[q] = fmin(tile->nearest[q], distance);
        values[t] = exp(-0.5 * distance);
        if (job->with_near && values[t] >= near_value)
            keep(tile->list, tile->first_query + q, tile->first_row + t, values[t]);
    }
}

static void fill_gradient(const struct gp_model *model, struct tile *tile)
{
    for (size_t i = 0; i < tile->n_rows; i++)
        for (size_t j = 0; j < model->width; j++) {
            const bool is_positive = model->is_pairs ? j < tile->class : j == tile->class;
            tile->gradient[i * model->width + j] =
                is_positive - model->pi[(tile->first_row + i) * model->width + j];
        }
}

static void add_tile(const struct job *job, struct tile *tile)
{
    const struct gp_model *model = job->model;
    const size_t n_features = job->x->n_features, width = model->width;
    standardise(&model->x, tile->first_row, tile->n_rows, tile->rows, tile->row_norms);
    blas_dgemm(&(struct blas_gemm_double){.transpose_b = true,
                                          .m = tile->n_queries,
                                          .n = tile->n_rows,
                                          .k = n_features,
                                          .alpha = 1.0,
                                          .a = tile->queries,
                                          .lda = n_features,
                                          .b = tile->rows,
                                          .ldb = n_features,
                                          .c = tile->products,
                                          .ldc = TILE_ROWS});
    for (size_t q = 0; q < tile->n_queries; q++)
        to_kernel(job, tile, q);
    fill_gradient(model, tile);
    blas_dgemm(
        &(struct blas_gemm_double){.m = tile->n_queries,
                                   .n = width,
                                   .k = tile->n_rows,
                                   .alpha = 1.0,
                                   .a = tile->products,
                                   .lda = TILE_ROWS,
                                   .b = tile->gradient,
                                   .ldb = width,
                                   .beta = 1.0,
                                   .c = tile->sums + (model->is_pairs ? tile->class * width : 0),
                                   .ldc = job->n_columns});
}

/* From the sums of classes to the means of problems. */
static void set_means(const struct gp_model *model, const double *sums, double *restrict means)
{
    const size_t n = model->n_classes, width = model->width;
    if (!model->is_pairs) {
        memcpy(means, sums, n * sizeof *means);
        return;
    }
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++)
            *means++ = sums[a * width + b - 1] + sums[b * width + a];
}

static void run_block(const struct job *job, struct tile *tile, size_t first)
{
    const struct gp_model *model = job->model;
    const size_t left = job->x->n_rows - first, n = left < BLOCK_QUERIES ? left : BLOCK_QUERIES;
    tile->first_query = first;
    tile->n_queries = n;
    standardise(job->x, first, n, tile->queries, tile->query_norms);
    memset(tile->sums, 0, n * job->n_columns * sizeof *tile->sums);
    for (size_t c = 0; c < model->n_classes; c++) {
        const size_t end = model->class_start[c + 1];
        for (size_t q = 0; q < n; q++)
            tile->nearest[q] = INFINITY;
        tile->class = c;
        for (size_t row = model->class_start[c]; row < end; row += TILE_ROWS) {
            tile->first_row = row;
            tile->n_rows = end - row < TILE_ROWS ? end - row : TILE_ROWS;
            add_tile(job, tile);
        }
    }
    for (size_t q = 0; q < n; q++)
        set_means(model, tile->sums + q * job->n_columns,
                  job->latent->means + (first + q) * model->n_problems);
}

static enum status tile_create(struct tile *tile, const struct job *job, struct error *error)
{
    const size_t n_features = job->x->n_features;
    *tile = (struct tile){.queries = NULL};
    const struct memory_request requests[] = {
        {(void **)&tile->queries, BLOCK_QUERIES * n_features, sizeof *tile->queries},
        {(void **)&tile->rows, TILE_ROWS * n_features, sizeof *tile->rows},
        {(void **)&tile->products, BLOCK_QUERIES * TILE_ROWS, sizeof *tile->products},
        {(void **)&tile->gradient, TILE_ROWS * job->model->width, sizeof *tile->gradient},
        {(void **)&tile->sums, BLOCK_QUERIES * job->n_columns, sizeof *tile->sums},
    };
    return memory_arrays(requests, sizeof requests / sizeof *requests, "latent means", error);
}

static void tile_destroy(struct tile *tile)
{
    memory_free(tile->queries);
    memory_free(tile->rows);
    memory_free(tile->products);
    memory_free(tile->gradient);
    memory_free(tile->sums);
}

/* By rising query, of each in the order in which they were found. */
static enum status sort_near(struct gp_latent *latent, const struct list *lists, size_t n_lists,
                             struct error *error)
{
    size_t *start = latent->near_start;
    for (size_t b = 0; b < n_lists; b++) {
        if (lists[b].is_short)
            return error_memory(error, "near rows", 2 * lists[b].capacity * sizeof *latent->near);
        for (size_t i = 0; i < lists[b].n; i++)
            start[lists[b].near[i].query + 1]++;
    }
    for (size_t q = 0; q < latent->n_queries; q++)
        start[q + 1] += start[q];
    latent->near = memory_array(start[latent->n_queries], sizeof *latent->near);
    if (!latent->near)
        return error_memory(error, "near rows", start[latent->n_queries] * sizeof *latent->near);
    for (size_t b = 0; b < n_lists; b++)
        for (size_t i = 0; i < lists[b].n; i++)
            latent->near[start[lists[b].near[i].query]++] = lists[b].near[i];
    memmove(start + 1, start, latent->n_queries * sizeof *start);
    start[0] = 0;
    return STATUS_OK;
}

/* All blocks of queries; *n_near goes on until it exceeds near_max. */
static void run_blocks(const struct job *job, struct tile *tiles, struct list *lists,
                       size_t near_max, size_t *n_near)
{
    const size_t n_queries = job->x->n_rows;
#pragma omp parallel for schedule(dynamic) num_threads(job->n_threads) default(none)               \
    shared(job, tiles, lists, near_max, n_near, n_queries)
    for (size_t first = 0; first < n_queries; first += BLOCK_QUERIES) {
        struct list *list = &lists[first / BLOCK_QUERIES];
        size_t n_so_far;
#pragma omp atomic read
        n_so_far = *n_near;
        if (n_so_far > near_max)
            continue;
        struct tile *tile = &tiles[omp_get_thread_num()];
        tile->list = list;
        run_block(job, tile, first);
#pragma omp atomic
        *n_near += list->n;
    }
}

static enum status find(const struct job *job, size_t bytes_max, struct error *error)
{
    const int n_threads = job->n_threads;
    const size_t n_lists = (job->x->n_rows + BLOCK_QUERIES - 1) / BLOCK_QUERIES;
    const size_t near_max = bytes_max / (3 * sizeof(struct gp_near)); /* as they double, and once */
    struct list *lists = memory_zeroed(n_lists, sizeof *lists);
    struct tile *tiles = memory_zeroed((size_t)n_threads, sizeof *tiles);
    size_t n_near = 0;
    enum status status = lists && tiles ? STATUS_OK : error_memory(error, "latent means", n_lists);
    for (int i = 0; i < n_threads && !status; i++)
        status = tile_create(&tiles[i], job, error);
    if (!status)
        run_blocks(job, tiles, lists, near_max, &n_near);
    if (!status && n_near > near_max)
        status = error_set(error, STATUS_MEMORY,
                           "the %zu rows to predict have more than %zu training rows near them, "
                           "which is all that the memory limit has room for; raise --memory or "
                           "lower --limit-train",
                           job->x->n_rows, near_max);
    if (!status)
        status = sort_near(job->latent, lists, n_lists, error);
    for (size_t i = 0; lists && i < n_lists; i++)
        free(lists[i].near);
    for (int i = 0; tiles && i < n_threads; i++)
        tile_destroy(&tiles[i]);
    memory_free(lists);
    memory_free(tiles);
    return status;
}

enum status gp_latent_create(struct gp_latent *latent, const struct gp_model *model,
                             const struct gp_latent_request *request, struct error *error)
{
    const size_t n = request->queries->n_rows;
    const size_t bytes = 2 * n * model->n_problems * sizeof *latent->means;
    if (bytes > request->bytes_max)
        return error_memory(error, "latent means, which the memory limit has no room for", bytes);
    *latent = (struct gp_latent){
        .n_queries = n,
        .means = memory_array(n * model->n_problems, sizeof *latent->means),
        .reductions = memory_zeroed(n * model->n_problems, sizeof *latent->reductions),
        .near_start = memory_zeroed(n + 1, sizeof *latent->near_start)};
    enum status status = STATUS_OK;
    if (!latent->means || !latent->reductions || !latent->near_start)
        status = error_memory(error, "latent means", bytes);
    const struct job job = {.model = model,
                            .x = request->queries,
                            .latent = latent,
                            .with_near = request->with_near,
                            .n_threads = request->n_threads,
                            .n_columns = model->width * (model->is_pairs ? model->n_classes : 1),
                            .reach = 2.0 * (80.0 * log(2.0) + log((double)model->x.n_rows))};
    if (!status)
        status = find(&job, request->bytes_max, error);
    if (status)
        gp_latent_destroy(latent);
    return status;
}

void gp_latent_destroy(struct gp_latent *latent)
{
    memory_free(latent->means);
    memory_free(latent->reductions);
    memory_free(latent->near_start);
    memory_free(latent->near);
    *latent = (struct gp_latent){.n_queries = 0};
}
