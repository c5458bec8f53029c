/* The search for the split of one node: by histograms of residuals, or by sorting its rows. */
#include "classifiers/gradient_boosting_grow.h"

#include <string.h>

enum { LANES = BOOSTING_LANES, COLUMNS = BYTE_COLUMNS_LANES };

/* The order of the features, for ties: a random one for each tree, begun at a random place for each
   node. */
static const uint32_t *ranks_of(const struct boosting_grower *g, const struct boosting_task *task)
{
    return g->ranks + task->key % g->x->n_features;
}

static void offer(struct boosting_split *best, uint32_t feature, unsigned threshold, double score,
                  uint32_t rank)
{
    if (best->found && (score < best->score || (score == best->score && rank > best->rank)))
        return;
    *best = (struct boosting_split){.found = true,
                                    .threshold = (uint8_t)threshold,
                                    .feature = feature,
                                    .rank = rank,
                                    .score = score};
}

/* ---- histograms ---- */

/* Groups of features first .. first + n - 1. */
struct tile {
    size_t first, n;
};

static struct tile tile_at(const struct boosting_grower *g, size_t first)
{
    const size_t left = g->n_groups - first;
    return (struct tile){.first = first, .n = left < BOOSTING_TILE ? left : BOOSTING_TILE};
}

static void clear_tile(uint64_t *histogram, struct tile tile)
{
    memset(histogram + tile.first * BOOSTING_GROUP, 0, tile.n * BOOSTING_GROUP * sizeof *histogram);
}

/* Adds the rows of a node, as `packed`. */
static void add_tile(const struct boosting_grower *g, uint64_t *histogram, struct tile tile,
                     const struct boosting_task *task, const uint64_t *packed)
{
    const uint8_t(*lines)[BOOSTING_LINE] =
        g->data->tiles + tile.first / BOOSTING_TILE * g->x->n_rows;
    uint64_t(*bins)[BOOSTING_GROUP] =
        (uint64_t(*)[BOOSTING_GROUP])(histogram + tile.first * BOOSTING_GROUP);
    g->kernels->add_rows(bins, tile.n, lines, g->rows + task->begin, packed,
                         task->end - task->begin);
}

static void subtract_tile(uint64_t *restrict histogram, const uint64_t *restrict part,
                          struct tile tile)
{
    for (size_t i = tile.first * BOOSTING_GROUP; i < (tile.first + tile.n) * BOOSTING_GROUP; i++)
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

static void search_tile(const struct boosting_grower *g, struct boosting_task *task,
                        struct tile tile)
{
    const struct boosting_total total = boosting_unpack(g, task->sums.packed);
    const uint32_t *ranks = ranks_of(g, task);
    double scores[LANES];
    uint8_t above[LANES];
    for (size_t group = tile.first; group < tile.first + tile.n; group++) {
        const uint64_t *bins = task->histogram + group * BOOSTING_GROUP;
        unsigned found = g->kernels->best_of_bins(scores, above, bins, &total,
                                                  task->best.found ? task->best.score : -1);
        for (; found; found &= found - 1) {
            const unsigned lane = (unsigned)__builtin_ctz(found);
            const size_t feature = group * LANES + lane;
            offer(&task->best, (uint32_t)feature, middle_below(bins + lane, above[lane]),
                  scores[lane], ranks[feature]);
        }
    }
}

static void take_from_roots(uint64_t *group, const struct boosting_roots *roots, size_t root,
                            size_t feature, size_t width)
{
    for (size_t v = 1; v < BOOSTING_BINS; v++)
        for (size_t j = 0; j < width; j++)
            group[v * LANES + j] = roots->bins[feature + j][v][root];
}

void boosting_search_root(struct boosting_grower *g, struct boosting_task *root,
                          const struct boosting_target *target)
{
    const size_t n_rows = g->x->n_rows, n_features = g->x->n_features;
    root->is_searched = true;
    g->n_updates += target->roots ? 0 : (double)n_rows * (double)n_features;
    for (size_t first = 0; first < g->n_groups; first += BOOSTING_TILE) {
        const struct tile tile = tile_at(g, first);
        clear_tile(root->histogram, tile);
        for (size_t i = first; i < first + tile.n; i++) {
            const size_t f = i * LANES, width = n_features - f < LANES ? n_features - f : LANES;
            uint64_t *group = root->histogram + i * BOOSTING_GROUP;
            if (target->roots)
                take_from_roots(group, target->roots, target->root, f, width);
            for (size_t j = 0; !target->roots && j < width; j++)
                g->kernels->add_column(group + j, g->x->columns + (f + j) * n_rows, g->packed,
                                       n_rows);
        }
        search_tile(g, root, tile);
    }
}

/* Rows to be added to the parent's histogram that take those of the smaller child out of it. */
static const uint64_t *negated(struct boosting_grower *g, const struct boosting_task *task)
{
    const uint64_t *packed = g->packed + task->begin;
    for (size_t i = 0; i < task->end - task->begin; i++)
        g->spare_packed[i] = 0 - packed[i];
    return g->spare_packed;
}

void boosting_search_children(struct boosting_grower *g, struct boosting_task *small,
                              struct boosting_task *large)
{
    const uint64_t *packed = small->histogram ? g->packed + small->begin : negated(g, small);
    small->is_searched = small->histogram;
    large->is_searched = large->histogram;
    g->n_updates += (double)(small->end - small->begin) * (double)g->x->n_features;
    for (size_t first = 0; first < g->n_groups; first += BOOSTING_TILE) {
        const struct tile tile = tile_at(g, first);
        if (small->histogram) {
            clear_tile(small->histogram, tile);
            add_tile(g, small->histogram, tile, small, packed);
            search_tile(g, small, tile);
        }
        if (large->histogram) {
            if (small->histogram)
                subtract_tile(large->histogram, small->histogram, tile);
            else
                add_tile(g, large->histogram, tile, small, packed);
            search_tile(g, large, tile);
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
            g->keys[i][lane] = (uint16_t)((unsigned)bytes[lane] << 8 | (unsigned)i);
    }
}

void boosting_search_sorted(struct boosting_grower *g, struct boosting_task *task)
{
    const size_t n = task->end - task->begin;
    const struct boosting_total total = boosting_unpack(g, task->sums.packed);
    const uint32_t *ranks = ranks_of(g, task);
    const struct boosting_sorted sorted = {.keys = (const uint16_t(*)[COLUMNS])g->keys,
                                           .n_rows = n,
                                           .residuals = g->residuals,
                                           .sum = (double)total.sum,
                                           .reciprocals = g->reciprocals};
    double scores[COLUMNS];
    uint8_t positions[COLUMNS];
    task->is_searched = true;
    for (size_t i = 0; i < n; i++) {
        g->row_bytes[i] = features_row(g->x, g->rows[task->begin + i]);
        g->residuals[i] = (double)boosting_unpack(g, g->packed[task->begin + i]).sum;
        g->reciprocals[i] = 1 / ((double)(i + 1) * (double)(n - i - 1));
    }
    const size_t n_varying = find_varying(g, n);
    g->n_updates += (double)n * (double)n_varying;
    g->bytes->pick(g->picked, g->picked_stride, g->row_bytes, n, g->varying, n_varying);
    for (size_t first = 0; first < n_varying; first += COLUMNS) {
        const size_t width = n_varying - first < COLUMNS ? n_varying - first : COLUMNS;
        fill_keys(g, n, first);
        g->bytes->sort(g->keys, n);
        g->kernels->best_of_sorted(scores, positions, &sorted);
        for (size_t lane = 0; lane < width; lane++)
            if (!task->best.found || scores[lane] >= task->best.score) {
                const unsigned i = positions[lane];
                const uint32_t feature = g->varying[first + lane];
                offer(&task->best, feature,
                      (unsigned)((g->keys[i][lane] >> 8) + (g->keys[i + 1][lane] >> 8)) / 2,
                      scores[lane], ranks[feature]);
            }
    }
}
