/* The search for the split of one node: by histograms of residuals, or by sorting its rows. */
#include "classifiers/gradient_boosting_grow.h"

#include <string.h>

enum { LANES = BOOSTING_LANES, COLUMNS = BYTE_COLUMNS_LANES, WIDTH = BOOSTING_TRANSPOSED_WIDTH };

static void point_at_rows(struct boosting_grower *g, size_t begin, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g->row_bytes[i] = g->x->bytes + g->rows[begin + i] * g->x->n_features;
}

static void offer(struct boosting_grower *g, uint32_t feature, unsigned threshold, double score,
                  const uint32_t *ranks)
{
    struct boosting_split *best = &g->best;
    if (best->found &&
        (score < best->score || (score == best->score && ranks[feature] > best->rank)))
        return;
    *best = (struct boosting_split){.found = true,
                                    .threshold = (uint8_t)threshold,
                                    .feature = feature,
                                    .rank = ranks[feature],
                                    .score = score};
}

/* ---- histograms ---- */

static uint64_t *lane_of(uint64_t *histogram, size_t feature)
{
    return histogram + feature / LANES * BOOSTING_GROUP + feature % LANES;
}

static void clear(const struct boosting_grower *g, uint64_t *histogram)
{
    memset(histogram, 0, g->n_groups * BOOSTING_GROUP * sizeof *histogram);
}

void boosting_count(struct boosting_grower *g, uint64_t *histogram, size_t begin, size_t end)
{
    const size_t n_features = g->x->n_features;
    clear(g, histogram);
    for (size_t first = begin; first < end; first += BOOSTING_TRANSPOSED_ROWS) {
        const size_t n =
            end - first < BOOSTING_TRANSPOSED_ROWS ? end - first : BOOSTING_TRANSPOSED_ROWS;
        point_at_rows(g, first, n);
        for (size_t f = 0; f < n_features; f += WIDTH) {
            const size_t width = n_features - f < WIDTH ? n_features - f : WIDTH;
            g->bytes->transpose(g->columns, BOOSTING_TRANSPOSED_ROWS, g->row_bytes, n, width);
            for (size_t i = 0; i < n; i++)
                g->row_bytes[i] += width;
            for (size_t j = 0; j < width; j++)
                g->kernels->add_column(lane_of(histogram, f + j),
                                       g->columns + j * BOOSTING_TRANSPOSED_ROWS, g->packed + first,
                                       n);
        }
    }
}

void boosting_count_root(struct boosting_grower *g, uint64_t *histogram)
{
    const size_t n_rows = g->x->n_rows;
    clear(g, histogram);
    for (size_t f = 0; f < g->x->n_features; f++)
        g->kernels->add_column(lane_of(histogram, f), g->x->columns + f * n_rows, g->packed,
                               n_rows);
}

void boosting_subtract(const struct boosting_grower *g, uint64_t *restrict histogram,
                       const uint64_t *restrict part)
{
    for (size_t i = 0; i < g->n_groups * BOOSTING_GROUP; i++)
        histogram[i] -= part[i];
}

/* Where a feature with rows from byte `above` up is split: halfway to the next lower byte. */
static unsigned middle_below(const uint64_t *bins, unsigned above)
{
    unsigned below = above - 1;
    while (below > 0 && !bins[below * LANES])
        below--;
    return (below + above) / 2;
}

static void split_by_bins(struct boosting_grower *g, const struct boosting_task *task,
                          const uint32_t *ranks)
{
    const struct boosting_total total = boosting_unpack(g, task->sums.packed);
    double scores[LANES];
    uint8_t above[LANES];
    for (size_t group = 0; group < g->n_groups; group++) {
        const uint64_t *bins = task->histogram + group * BOOSTING_GROUP;
        unsigned found = g->kernels->best_of_bins(scores, above, bins, &total,
                                                  g->best.found ? g->best.score : -1);
        for (; found; found &= found - 1) {
            const unsigned lane = (unsigned)__builtin_ctz(found);
            offer(g, (uint32_t)(group * LANES + lane), middle_below(bins + lane, above[lane]),
                  scores[lane], ranks);
        }
    }
}

/* ---- few rows: sort them for 32 features at once ---- */

static size_t find_varying(struct boosting_grower *g, size_t n)
{
    size_t n_varying = 0;
    g->bytes->min_max(g->low, g->high, g->row_bytes, n, g->x->n_features);
    for (size_t f = 0; f < g->x->n_features; f++) {
        g->varying[n_varying] = (uint32_t)f;
        n_varying += g->low[f] != g->high[f];
    }
    return n_varying;
}

static void fill_keys(struct boosting_grower *g, size_t n, size_t first)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *bytes = g->picked + i * g->picked_stride + first;
        for (size_t lane = 0; lane < COLUMNS; lane++)
            g->keys[i][lane] = (uint16_t)(bytes[lane] << 8 | (unsigned)i);
    }
}

static void split_by_sorting(struct boosting_grower *g, const struct boosting_task *task,
                             const uint32_t *ranks)
{
    const size_t n = task->end - task->begin;
    const struct boosting_total total = boosting_unpack(g, task->sums.packed);
    const struct boosting_sorted sorted = {.keys = (const uint16_t(*)[COLUMNS])g->keys,
                                           .n_rows = n,
                                           .residuals = g->residuals,
                                           .sum = (double)total.sum,
                                           .reciprocals = g->reciprocals};
    double scores[COLUMNS];
    uint8_t positions[COLUMNS];
    for (size_t i = 0; i < n; i++) {
        g->residuals[i] = (double)boosting_unpack(g, g->packed[task->begin + i]).sum;
        g->reciprocals[i] = 1 / ((double)(i + 1) * (double)(n - i - 1));
    }
    point_at_rows(g, task->begin, n);
    const size_t n_varying = find_varying(g, n);
    g->kernels->pick(g->picked, g->picked_stride, g->row_bytes, n, g->varying, n_varying);
    for (size_t first = 0; first < n_varying; first += COLUMNS) {
        const size_t width = n_varying - first < COLUMNS ? n_varying - first : COLUMNS;
        fill_keys(g, n, first);
        g->bytes->sort(g->keys, n);
        g->kernels->best_of_sorted(scores, positions, &sorted);
        for (size_t lane = 0; lane < width; lane++)
            if (!g->best.found || scores[lane] >= g->best.score) {
                const unsigned i = positions[lane];
                offer(g, g->varying[first + lane],
                      (unsigned)((g->keys[i][lane] >> 8) + (g->keys[i + 1][lane] >> 8)) / 2,
                      scores[lane], ranks);
            }
    }
}

void boosting_find_split(struct boosting_grower *g, const struct boosting_task *task)
{
    /* The order of the features, for ties: a random one for each tree, begun at a random place for
       each node. */
    const uint32_t *ranks = g->ranks + task->key % g->x->n_features;
    g->best = (struct boosting_split){.found = false};
    if (task->histogram)
        split_by_bins(g, task, ranks);
    else
        split_by_sorting(g, task, ranks);
}
