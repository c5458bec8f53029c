#include "base/memory.h"
#include "classifiers/neighbors_block.h"

#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The pairs of one block, while they are found. */
struct list {
    struct neighbor_pair *pairs; /* of malloc */
    size_t n_pairs, capacity;
    double radius; /* squared */
    bool is_short; /* of memory */
};

static void offer(struct neighbors_block *b, size_t q, size_t row, double squared_distance)
{
    struct list *list = b->context;
    if (row <= b->first + q || squared_distance > list->radius || list->is_short)
        return;
    if (list->n_pairs == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 256;
        void *grown = realloc(list->pairs, capacity * sizeof *list->pairs);
        if (!grown) {
            list->is_short = true;
            return;
        }
        list->pairs = grown;
        list->capacity = capacity;
    }
    list->pairs[list->n_pairs++] = (struct neighbor_pair){.row = (uint32_t)(b->first + q),
                                                          .other = (uint32_t)row,
                                                          .squared_distance = squared_distance};
}

static void search_block(struct neighbors_block *b, const struct features *rows, size_t first)
{
    const struct list *list = b->context;
    neighbors_block_start(b, rows, first);
    for (size_t q = 0; q < b->n_queries; q++)
        neighbors_block_set_limit(b, q, list->radius);
    neighbors_block_search(b, first);
}

/* One after the other, in the order of the blocks. */
static enum status concatenate(struct neighbor_pairs *pairs, const struct list *lists, size_t n,
                               struct error *error)
{
    for (size_t i = 0; i < n; i++) {
        if (lists[i].is_short)
            return error_memory(error, "pairs of near rows",
                                2 * lists[i].capacity * sizeof *pairs->pairs);
        pairs->n_pairs += lists[i].n_pairs;
    }
    pairs->pairs = memory_array(pairs->n_pairs, sizeof *pairs->pairs);
    if (!pairs->pairs)
        return error_memory(error, "pairs of near rows", pairs->n_pairs * sizeof *pairs->pairs);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (lists[i].n_pairs)
            memcpy(pairs->pairs + at, lists[i].pairs, lists[i].n_pairs * sizeof *pairs->pairs);
        at += lists[i].n_pairs;
    }
    return STATUS_OK;
}

enum status neighbor_pairs_search(struct neighbor_pairs *pairs, const struct neighbors_index *index,
                                  const struct features *rows, struct neighbor_reach reach,
                                  struct error *error)
{
    const struct distance_kernels *kernels = SIMD_SELECT(distance_kernels);
    const size_t block_bytes = neighbors_block_bytes(index), n_rows = rows->n_rows;
    const size_t n_blocks = (n_rows + NEIGHBORS_BLOCK_QUERIES - 1) / NEIGHBORS_BLOCK_QUERIES;
    struct list *lists = memory_zeroed(n_blocks, sizeof *lists);
    uint8_t *work = memory_array((size_t)reach.n_threads, block_bytes);
    enum status status = STATUS_OK;
    size_t n_found = 0;
    *pairs = (struct neighbor_pairs){.n_pairs = 0};
    if (!lists || !work) {
        status =
            error_memory(error, "a search of near rows", (size_t)reach.n_threads * block_bytes);
        goto cleanup;
    }
#pragma omp parallel for schedule(dynamic) num_threads(reach.n_threads) default(none)              \
    shared(lists, index, rows, kernels, work, block_bytes, n_blocks, reach, n_found)
    for (size_t i = 0; i < n_blocks; i++) {
        size_t n_so_far;
#pragma omp atomic read
        n_so_far = n_found;
        if (n_so_far > reach.pairs_max)
            continue;
        lists[i].radius = reach.radius;
        struct neighbors_block block = {.index = index,
                                        .kernels = kernels,
                                        .offer = offer,
                                        .context = &lists[i],
                                        .bytes = work + (size_t)omp_get_thread_num() * block_bytes};
        search_block(&block, rows, i * NEIGHBORS_BLOCK_QUERIES);
#pragma omp atomic
        n_found += lists[i].n_pairs;
    }
    status = n_found > reach.pairs_max
                 ? error_set(error, STATUS_MEMORY,
                             "more than %zu pairs of the %zu training rows are near each other, "
                             "which is all that the memory limit has room for",
                             reach.pairs_max, n_rows)
                 : concatenate(pairs, lists, n_blocks, error);
cleanup:
    for (size_t i = 0; lists && i < n_blocks; i++)
        free(lists[i].pairs);
    memory_free(lists);
    memory_free(work);
    return status;
}

void neighbor_pairs_destroy(struct neighbor_pairs *pairs)
{
    memory_free(pairs->pairs);
    *pairs = (struct neighbor_pairs){.n_pairs = 0};
}
