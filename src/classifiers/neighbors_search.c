#include "base/memory.h"
#include "classifiers/neighbors_block.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>

/*
 * The queries that one thread works on. The k best of a query so far are a heap in its place of the
 * result, the worst on top.
 */
struct nearest {
    struct neighbors *result;
    size_t n_found[NEIGHBORS_BLOCK_QUERIES];
};

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

/* Keeps the row when it is among the k best. */
static void offer(struct neighbors_block *b, size_t q, size_t row, double distance)
{
    struct nearest *nearest = b->context;
    const size_t k = nearest->result->k;
    double *distances = nearest->result->distances + (b->first + q) * k;
    uint32_t *rows = nearest->result->rows + (b->first + q) * k;
    if (nearest->n_found[q] < k) {
        const size_t at = nearest->n_found[q]++;
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
    if (nearest->n_found[q] == k)
        neighbors_block_set_limit(b, q, distances[0]);
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

static void search_block(struct neighbors_block *b, const struct features *queries, size_t first)
{
    struct neighbors *result = ((struct nearest *)b->context)->result;
    const size_t k = result->k;
    neighbors_block_start(b, queries, first);
    neighbors_block_search(b, 0);
    for (size_t q = first; q < first + b->n_queries; q++)
        finish_query(result->distances + q * k, result->rows + q * k, k, b->index->p);
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
    const size_t block_bytes = neighbors_block_bytes(index);
    const size_t n_queries = queries->n_rows;
    uint8_t *work = NULL;
    *neighbors = (struct neighbors){.n_queries = n_queries, .k = k};
    const enum status status = allocate(neighbors, &work, (size_t)n_threads * block_bytes, error);
    if (status)
        return status;
#pragma omp parallel for schedule(dynamic) num_threads(n_threads) default(none)                    \
    shared(neighbors, index, queries, kernels, work, block_bytes, n_queries)
    for (size_t first = 0; first < n_queries; first += NEIGHBORS_BLOCK_QUERIES) {
        struct nearest nearest = {.result = neighbors};
        struct neighbors_block block = {.index = index,
                                        .kernels = kernels,
                                        .offer = offer,
                                        .context = &nearest,
                                        .bytes = work + (size_t)omp_get_thread_num() * block_bytes};
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
