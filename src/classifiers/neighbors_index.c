#include "classifiers/neighbors_index.h"

#include "base/memory.h"
#include "numerics/distance_simd.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fewer units a group: closer bounds, but more multiplications. */
enum { GROUP_UNITS = 4, UNIT_BYTES = DISTANCE_UNIT * DISTANCE_PANEL_ROWS };

struct weighted_feature {
    double weight;
    uint32_t feature;
};

static int by_falling_weight(const void *left, const void *right)
{
    const struct weighted_feature *a = left, *b = right;
    if (a->weight != b->weight)
        return a->weight < b->weight ? 1 : -1;
    return a->feature < b->feature ? -1 : 1;
}

static enum status sort_features(struct neighbors_index *index, const struct features *x,
                                 struct error *error)
{
    struct weighted_feature *sorted = NULL;
    uint8_t *varies = NULL;
    const struct memory_request requests[] = {
        {(void **)&sorted, x->n_features, sizeof *sorted},
        {(void **)&varies, x->n_features, 1},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "the order of the features", error);
    if (status)
        return status;
    index->n_varying = features_find_varying(x, varies);
    for (size_t j = 0; j < x->n_features; j++)
        sorted[j] =
            (struct weighted_feature){varies[j] ? 1.0 / x->scaling->scale[j] : 0.0, (uint32_t)j};
    qsort(sorted, x->n_features, sizeof *sorted, by_falling_weight);
    for (size_t j = 0; j < x->n_features; j++)
        index->features[j] = sorted[j].feature;
    memory_free(sorted);
    memory_free(varies);
    return STATUS_OK;
}

static void fill_weights(struct neighbors_index *index)
{
    for (size_t v = 0; v < index->n_units * DISTANCE_UNIT; v++) {
        const double w =
            v < index->n_varying ? 1.0 / index->scaling->scale[index->features[v]] : 0.0;
        index->weights[v] = index->p == 1 ? w : w * w;
    }
}

/* The weights of a bound: the least of each group, which is its last, rounded down. */
static void fill_groups(struct neighbors_index *index)
{
    for (size_t g = 0; g < index->n_groups; g++) {
        const size_t end = (g + 1) * GROUP_UNITS;
        index->group_end[g] = (uint32_t)(end < index->n_units ? end : index->n_units);
        const size_t values = (size_t)index->group_end[g] * DISTANCE_UNIT;
        const double least =
            index->weights[(values < index->n_varying ? values : index->n_varying) - 1];
        if (index->p == 1) {
            const double scaled = floor(ldexp(least, NEIGHBORS_MANHATTAN_FRACTION_BITS));
            index->manhattan_weights[g] = scaled < UINT32_MAX ? (uint64_t)scaled : UINT32_MAX;
        } else {
            const float rounded = (float)least;
            index->euclidean_weights[g] =
                (double)rounded > least ? nextafterf(rounded, 0.0f) : rounded;
        }
    }
}

static void fill_panels(struct neighbors_index *index, const struct features *x)
{
    memset(index->panels, 0, index->n_panels * index->n_units * UNIT_BYTES);
    for (size_t i = 0; i < x->n_rows; i++) {
        const uint8_t *row = features_row(x, i);
        uint8_t *panel = index->panels + i / DISTANCE_PANEL_ROWS * index->n_units * UNIT_BYTES +
                         i % DISTANCE_PANEL_ROWS * DISTANCE_UNIT;
        for (size_t v = 0; v < index->n_varying; v++)
            panel[v / DISTANCE_UNIT * UNIT_BYTES + v % DISTANCE_UNIT] = row[index->features[v]];
    }
}

/*
 * With a the row, b the query, b' = b - 128 and w one weight a group,
 *     sum w (a - b)^2 = [sum w (a^2 - 256 a)] - 2 sum w a b' + sum w b^2.
 * The bracket is the term of the row. Float32 evaluates bracket - 2 sum w a b' with an error below
 * 2^-24 times (2 n_groups + 4) times the sum of the terms' magnitudes, |a b'| <= 128 a: two
 * roundings a group, and a few at the end. The term is lowered by that, so the bound holds.
 */
static void fill_row_terms(struct neighbors_index *index)
{
    const double unit_error = (2.0 * (double)index->n_groups + 8.0) * 0x1p-24;
    for (size_t i = 0; i < index->n_panels * DISTANCE_PANEL_ROWS; i++) {
        const uint8_t *row = index->panels + i / DISTANCE_PANEL_ROWS * index->n_units * UNIT_BYTES +
                             i % DISTANCE_PANEL_ROWS * DISTANCE_UNIT;
        double term = 0.0, magnitude = 0.0;
        size_t unit = 0;
        for (size_t g = 0; g < index->n_groups; g++) {
            int64_t sum = 0, squares = 0;
            for (; unit < index->group_end[g]; unit++)
                for (size_t f = 0; f < DISTANCE_UNIT; f++) {
                    const int byte = row[unit * UNIT_BYTES + f];
                    sum += byte;
                    squares += byte * byte;
                }
            term += (double)index->euclidean_weights[g] * (double)(squares - 256 * sum);
            magnitude += (double)index->euclidean_weights[g] * (double)(squares + 512 * sum);
        }
        index->row_terms[i] = nextafterf((float)(term - unit_error * magnitude), -FLT_MAX);
    }
}

static size_t divide_up(size_t n, size_t step)
{
    return (n + step - 1) / step;
}

enum status neighbors_index_create(struct neighbors_index *index, const struct features *x, int p,
                                   struct error *error)
{
    *index = (struct neighbors_index){
        .p = p, .n_rows = x->n_rows, .n_features = x->n_features, .scaling = x->scaling};
    index->features = memory_array(x->n_features, sizeof *index->features);
    if (!index->features)
        return error_memory(error, "the order of the features", x->n_features * sizeof(uint32_t));
    enum status status = sort_features(index, x, error);
    if (status)
        goto cleanup;
    index->n_units = divide_up(index->n_varying, DISTANCE_UNIT);
    index->n_groups = divide_up(index->n_units, GROUP_UNITS);
    index->n_panels = divide_up(x->n_rows, DISTANCE_TILE_ROWS) * DISTANCE_TILE_PANELS;
    const struct memory_request requests[] = {
        {(void **)&index->weights, index->n_units * DISTANCE_UNIT, sizeof *index->weights},
        {(void **)&index->panels, index->n_panels * index->n_units, UNIT_BYTES},
        {(void **)&index->group_end, index->n_groups, sizeof *index->group_end},
        {(void **)&index->manhattan_weights, index->n_groups, sizeof *index->manhattan_weights},
        {(void **)&index->euclidean_weights, index->n_groups, sizeof *index->euclidean_weights},
        {(void **)&index->row_terms, index->n_panels * DISTANCE_PANEL_ROWS,
         sizeof *index->row_terms},
    };
    status = memory_arrays(requests, sizeof requests / sizeof *requests,
                           "the index of the nearest neighbours", error);
    if (status)
        goto cleanup;
    fill_weights(index);
    fill_groups(index);
    fill_panels(index, x);
    if (p == 2)
        fill_row_terms(index);
    return STATUS_OK;
cleanup:
    neighbors_index_destroy(index);
    return status;
}

void neighbors_index_destroy(struct neighbors_index *index)
{
    memory_free(index->features);
    memory_free(index->weights);
    memory_free(index->panels);
    memory_free(index->group_end);
    memory_free(index->manhattan_weights);
    memory_free(index->euclidean_weights);
    memory_free(index->row_terms);
    *index = (struct neighbors_index){.p = 0};
}
