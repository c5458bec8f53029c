#include "classifiers/neighbors_block.h"

#include <math.h>
#include <string.h>

/* A chunk of panels stays in the second-level cache while all queries of a block pass over it. */
enum { CHUNK_PANELS = 32, UNIT_BYTES = DISTANCE_UNIT * DISTANCE_PANEL_ROWS };

/* Relative error of a distance in double, generously: it has n_features / 8 + 4 roundings. */
static const double distance_error = 1e-11;

size_t neighbors_block_bytes(const struct neighbors_index *index)
{
    return 2 * (size_t)NEIGHBORS_BLOCK_QUERIES * index->n_units * DISTANCE_UNIT;
}

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

void neighbors_block_start(struct neighbors_block *b, const struct features *queries, size_t first)
{
    const struct neighbors_index *index = b->index;
    const size_t width = index->n_units * DISTANCE_UNIT;
    b->first = first;
    b->n_queries = queries->n_rows - first < NEIGHBORS_BLOCK_QUERIES ? queries->n_rows - first
                                                                     : NEIGHBORS_BLOCK_QUERIES;
    b->shifted = b->bytes + neighbors_block_bytes(index) / 2;
    memset(b->bytes, 0, NEIGHBORS_BLOCK_QUERIES * width);
    for (size_t q = 0; q < b->n_queries; q++) {
        const uint8_t *row = features_row(queries, first + q);
        uint8_t *bytes = b->bytes + q * width;
        for (size_t v = 0; v < index->n_varying; v++)
            bytes[v] = row[index->features[v]];
        b->offset[q] = constant_offset(index, row);
        b->query_term[q] = squared_norm(index, bytes);
        b->manhattan_limit[q] = UINT64_MAX;
        b->euclidean_limit[q] = INFINITY;
    }
    for (size_t i = 0; i < NEIGHBORS_BLOCK_QUERIES * width; i++)
        b->shifted[i] = b->bytes[i] ^ 0x80;
}

/* Rows with a bound above the limit are further away than `worst`, with all roundings. */
void neighbors_block_set_limit(struct neighbors_block *b, size_t q, double worst)
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

static void offer(struct neighbors_block *b, size_t q, size_t row)
{
    const struct neighbors_index *index = b->index;
    const uint8_t *bytes = index->panels + row / DISTANCE_PANEL_ROWS * index->n_units * UNIT_BYTES +
                           row % DISTANCE_PANEL_ROWS * DISTANCE_UNIT;
    const uint8_t *query = b->bytes + q * index->n_units * DISTANCE_UNIT;
    const double distance =
        b->offset[q] + (index->p == 1 ? b->kernels->manhattan : b->kernels->squared_euclidean)(
                           bytes, query, index->weights, index->n_units);
    b->offer(b, q, row, distance);
}

/* Four queries against one chunk of panels. */
static void search_tile(struct neighbors_block *b, size_t q0, size_t first_panel, size_t end_panel)
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

void neighbors_block_search(struct neighbors_block *b, size_t first_row)
{
    const size_t n_panels = b->index->n_panels;
    for (size_t panel = first_row / DISTANCE_TILE_ROWS * DISTANCE_TILE_PANELS; panel < n_panels;
         panel += CHUNK_PANELS) {
        const size_t end = panel + CHUNK_PANELS < n_panels ? panel + CHUNK_PANELS : n_panels;
        for (size_t q = 0; q < b->n_queries; q += DISTANCE_TILE_QUERIES)
            search_tile(b, q, panel, end);
    }
}
