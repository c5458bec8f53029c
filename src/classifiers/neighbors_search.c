#include "classifiers/neighbors_index.h"

#include "base/memory.h"
#include "numerics/distance_simd.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <string.h>

/* A chunk of panels stays in the second-level cache while all queries of a block pass over it. */
enum { BLOCK_QUERIES = 128, CHUNK_PANELS = 32, UNIT_BYTES = DISTANCE_UNIT * DISTANCE_PANEL_ROWS };

/* Relative error of a distance in double, generously: it has n_features / 8 + 4 roundings. */
static const double distance_error = 1e-11;

/*
 * The queries that one thread works on. The k best of a query so far are a heap in its place of the
 * result, the worst on top.
 */
struct block {
    const struct neighbors_index *index;
    const struct distance_kernels *kernels;
    struct neighbors *result;
    size_t first, n_queries;
    size_t n_found[BLOCK_QUERIES];
    double offset[BLOCK_QUERIES];     /* what features add that are constant in training */
    double query_term[BLOCK_QUERIES]; /* p = 2: sum w b^2 with the weights of the bound */
    uint64_t manhattan_limit[BLOCK_QUERIES];
    float euclidean_limit[BLOCK_QUERIES];
    uint8_t *bytes;   /* BLOCK_QUERIES x n_units x 8 */
    uint8_t *shifted; /* the same less 128, as int8_t; p = 2 only */
};

static double constant_offset(const struct neighbors_index *index, const uint8_t *query)
{
    double offset = 0.0;
    for (size_t v = index->n_varying; v < index->n_features; v++) {
        const size_t j = index->features[v];
        const double difference = fabs((double)query[j] - index->scaling->mean[j]);
        offset += index->p == 1 ? difference : difference * difference;
    }
    return offset;
}

static double squared_norm(const struct neighbors_index *index, const uint8_t *bytes)
{
    double norm = 0.0;
    size_t v = 0;
    for (size_t g = 0; g < index->n_groups; g++) {
        int64_t squares = 0;
        for (; v < index->group_end[g] * (size_t)DISTANCE_UNIT; v++)
            squares += bytes[v] * bytes[v];
        norm += (double)index->euclidean_weights[g] * (double)squares;
    }
    return norm;
}

static void block_start(struct block *b, const struct features *queries, size_t first)
{
    const struct neighbors_index *index = b->index;
    const size_t width = index->n_units * DISTANCE_UNIT;
    b->first = first;
    b->n_queries =
        queries->n_rows - first < BLOCK_QUERIES ? queries->n_rows - first : BLOCK_QUERIES;
    memset(b->bytes, 0, BLOCK_QUERIES * width);
    for (size_t q = 0; q < b->n_queries; q++) {
        const uint8_t *row = queries->bytes + (first + q) * queries->n_features;
        uint8_t *bytes = b->bytes + q * width;
        for (size_t v = 0; v < index->n_varying; v++)
            bytes[v] = row[index->features[v]];
        b->n_found[q] = 0;
        b->offset[q] = constant_offset(index, row);
        b->query_term[q] = squared_norm(index, bytes);
        b->manhattan_limit[q] = UINT64_MAX;
        b->euclidean_limit[q] = INFINITY;
    }
    for (size_t i = 0; i < BLOCK_QUERIES * width; i++)
        b->shifted[i] = b->bytes[i] ^ 0x80;
}

/* Rows with a bound above the limit are further away than `worst`, with all roundings. */
static void set_limit(struct block *b, size_t q, double worst)
{
    const double reach = worst - b->offset[q] + distance_error * worst;
    if (b->index->p == 1) {
        const double limit = ceil(ldexp(reach, NEIGHBORS_MANHATTAN_FRACTION_BITS));
        b->manhattan_limit[q] = limit < 0x1p63 ? (uint64_t)limit : UINT64_MAX;
    } else {
        const double limit = reach - b->query_term[q] + distance_error * b->query_term[q];
        b->euclidean_limit[q] = nextafterf((float)limit, INFINITY);
    }
}

static bool is_worse(const double *distances, const uint32_t *rows, size_t a, size_t b)
{
    return distances[a] > distances[b] || (distances[a] == distances[b] && rows[a] > rows[b]);
}

static void swap(double *distances, uint32_t *rows, size_t a, size_t b)
{
    const double distance = distances[a];
    const uint32_t row = rows[a];
    distances[a] = distances[b];
    rows[a] = rows[b];
    distances[b] = distance;
    rows[b] = row;
}

static void sift_down(double *distances, uint32_t *rows, size_t n, size_t at)
{
    for (;;) {
        size_t worst = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++)
            if (is_worse(distances, rows, child, worst))
                worst = child;
        if (worst == at)
            return;
        swap(distances, rows, at, worst);
        at = worst;
    }
}

static void sift_up(double *distances, uint32_t *rows, size_t at)
{
    while (at > 0 && is_worse(distances, rows, at, (at - 1) / 2)) {
        swap(distances, rows, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

/* Computes the distance of a row and keeps it when it is among the k best. */
static void offer(struct block *b, size_t q, size_t row)
{
    const struct neighbors_index *index = b->index;
    const size_t k = b->result->k;
    double *distances = b->result->distances + (b->first + q) * k;
    uint32_t *rows = b->result->rows + (b->first + q) * k;
    const uint8_t *bytes = index->panels + row / DISTANCE_PANEL_ROWS * index->n_units * UNIT_BYTES +
                           row % DISTANCE_PANEL_ROWS * DISTANCE_UNIT;
    const uint8_t *query = b->bytes + q * index->n_units * DISTANCE_UNIT;
    const double distance =
        b->offset[q] + (index->p == 1 ? b->kernels->manhattan : b->kernels->squared_euclidean)(
                           bytes, query, index->weights, index->n_units);
    if (b->n_found[q] < k) {
        const size_t at = b->n_found[q]++;
        distances[at] = distance;
        rows[at] = (uint32_t)row;
        sift_up(distances, rows, at);
    } else if (distance < distances[0] || (distance == distances[0] && row < rows[0])) {
        distances[0] = distance;
        rows[0] = (uint32_t)row;
        sift_down(distances, rows, k, 0);
    } else {
        return;
    }
    if (b->n_found[q] == k)
        set_limit(b, q, distances[0]);
}

/* Four queries against one chunk of panels. */
static void search_tile(struct block *b, size_t q0, size_t first_panel, size_t end_panel)
{
    const struct neighbors_index *index = b->index;
    const size_t panel_bytes = index->n_units * UNIT_BYTES;
    struct distance_tile tile = {.queries = (index->p == 1 ? b->bytes : b->shifted) +
                                            q0 * index->n_units * DISTANCE_UNIT,
                                 .n_units = index->n_units,
                                 .n_groups = index->n_groups,
                                 .group_end = index->group_end};
    uint32_t near[DISTANCE_TILE_QUERIES];
    for (size_t panel = first_panel; panel < end_panel; panel += DISTANCE_TILE_PANELS) {
        const size_t row0 = panel * DISTANCE_PANEL_ROWS, rows_left = index->n_rows - row0;
        const uint32_t real =
            rows_left < DISTANCE_TILE_ROWS ? (1u << rows_left) - 1 : (1u << DISTANCE_TILE_ROWS) - 1;
        tile.panels = index->panels + panel * panel_bytes;
        if (index->p == 1)
            b->kernels->near_manhattan(&tile, index->manhattan_weights, b->manhattan_limit + q0,
                                       near);
        else
            b->kernels->near_euclidean(&tile, index->euclidean_weights, index->row_terms + row0,
                                       b->euclidean_limit + q0, near);
        for (size_t q = 0; q < DISTANCE_TILE_QUERIES && q0 + q < b->n_queries; q++)
            for (uint32_t left = near[q] & real; left; left &= left - 1)
                offer(b, q0 + q, row0 + (size_t)__builtin_ctz(left));
    }
}

static void finish_query(double *distances, uint32_t *rows, size_t k, int p)
{
    for (size_t n = k; n > 1; n--) {
        swap(distances, rows, 0, n - 1);
        sift_down(distances, rows, n - 1, 0);
    }
    for (size_t i = 0; i < k && p == 2; i++)
        distances[i] = sqrt(distances[i]);
}

static void search_block(struct block *b, const struct features *queries, size_t first)
{
    const struct neighbors_index *index = b->index;
    const size_t k = b->result->k;
    block_start(b, queries, first);
    for (size_t panel = 0; panel < index->n_panels; panel += CHUNK_PANELS) {
        const size_t end =
            panel + CHUNK_PANELS < index->n_panels ? panel + CHUNK_PANELS : index->n_panels;
        for (size_t q = 0; q < b->n_queries; q += DISTANCE_TILE_QUERIES)
            search_tile(b, q, panel, end);
    }
    for (size_t q = first; q < first + b->n_queries; q++)
        finish_query(b->result->distances + q * k, b->result->rows + q * k, k, index->p);
}

static enum status allocate(struct neighbors *neighbors, uint8_t **work, size_t work_bytes,
                            struct error *error)
{
    const struct memory_request requests[] = {
        {(void **)&neighbors->distances, neighbors->n_queries * neighbors->k,
         sizeof *neighbors->distances},
        {(void **)&neighbors->rows, neighbors->n_queries * neighbors->k, sizeof *neighbors->rows},
        {(void **)work, work_bytes, 1},
    };
    return memory_arrays(requests, sizeof requests / sizeof *requests, "the nearest neighbours",
                         error);
}

enum status neighbors_search(struct neighbors *neighbors, const struct neighbors_index *index,
                             const struct features *queries, size_t k, int n_threads,
                             struct error *error)
{
    const struct distance_kernels *kernels = SIMD_SELECT(distance_kernels);
    const size_t block_bytes = BLOCK_QUERIES * index->n_units * DISTANCE_UNIT;
    const size_t n_queries = queries->n_rows;
    uint8_t *work = NULL;
    *neighbors = (struct neighbors){.n_queries = n_queries, .k = k};
    const enum status status =
        allocate(neighbors, &work, (size_t)n_threads * 2 * block_bytes, error);
    if (status)
        return status;
#pragma omp parallel for schedule(dynamic) num_threads(n_threads) default(none)                    \
    shared(neighbors, index, queries, kernels, work, block_bytes, n_queries)
    for (size_t first = 0; first < n_queries; first += BLOCK_QUERIES) {
        uint8_t *bytes = work + (size_t)omp_get_thread_num() * 2 * block_bytes;
        struct block block = {.index = index,
                              .kernels = kernels,
                              .result = neighbors,
                              .bytes = bytes,
                              .shifted = bytes + block_bytes};
        search_block(&block, queries, first);
    }
    memory_free(work);
    return STATUS_OK;
}

void neighbors_destroy(struct neighbors *neighbors)
{
    memory_free(neighbors->distances);
    memory_free(neighbors->rows);
    *neighbors = (struct neighbors){.k = 0};
}
