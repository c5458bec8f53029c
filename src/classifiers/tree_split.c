/* The search for the split of one node. */
#include "classifiers/tree_build.h"

#include "numerics/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Purposes of a node's random numbers. */
enum { STREAM_DRAW = 0, KEY_THRESHOLDS = 2, KEY_TIES = 3 };

enum { LANES = BYTE_COLUMNS_LANES, FEATURE_CHUNK = 64, PREFETCHED = 16 };

static double weighted_log(const struct tree_data *data, uint32_t w)
{
    return w < data->n_weighted_logs ? data->weighted_logs[w] : (double)w * log2((double)w);
}

static double exact_gini(const uint32_t *left, const uint32_t *totals, size_t n_classes)
{
    uint64_t weight_left = 0, weight_right = 0, squares_left = 0, squares_right = 0;
    for (size_t c = 0; c < n_classes; c++) {
        const uint64_t l = left[c], r = totals[c] - left[c];
        weight_left += l;
        weight_right += r;
        squares_left += l * l;
        squares_right += r * r;
    }
    return (double)squares_left / (double)weight_left +
           (double)squares_right / (double)weight_right;
}

/* The score of a split by the formulas of tree.h. */
static double exact_score(const struct tree_data *data, enum tree_criterion criterion,
                          const uint32_t *left, const uint32_t *totals, size_t n_classes)
{
    if (criterion == TREE_GINI)
        return exact_gini(left, totals, n_classes);
    uint32_t weight_left = 0, weight_right = 0;
    double sum_left = 0, sum_right = 0;
    for (size_t c = 0; c < n_classes; c++) {
        const uint32_t l = left[c], r = totals[c] - left[c];
        weight_left += l;
        weight_right += r;
        sum_left += weighted_log(data, l);
        sum_right += weighted_log(data, r);
    }
    return (sum_left - weighted_log(data, weight_left)) +
           (sum_right - weighted_log(data, weight_right));
}

/*
 * How far a float32 score may be off: n_terms roundings, and those of the formula itself, of sums
 * up to `largest`, with room to spare.
 */
static double score_slack(const struct tree_builder *b, size_t n_terms)
{
    const double w = (double)b->weight;
    const double largest = b->options->criterion == TREE_GINI ? w : w * log2(w + 1);
    return (double)(n_terms + 8) * largest * 0x1p-22;
}

static void offer(struct tree_builder *b, uint32_t feature, uint8_t threshold, double score)
{
    struct tree_split *best = &b->best;
    if (best->found && score < best->score)
        return;
    const uint64_t priority = rng_derive(rng_derive(b->task->key, KEY_TIES), feature);
    if (best->found && score == best->score && priority <= best->priority)
        return;
    *best = (struct tree_split){.found = true,
                                .feature = feature,
                                .threshold = threshold,
                                .score = score,
                                .priority = priority};
}

/* Can a split with this float32 score be the best of the node? */
static bool may_win(const struct tree_builder *b, float score, double slack)
{
    return score != TREE_NO_SCORE && (!b->best.found || (double)score >= b->best.score - slack);
}

/* ---- best splitter, many rows: class counts of each byte ---- */

/* Counts up to TREE_COUNTED_AT_ONCE features: neighbours in a column are often equal, and features
   counted in turn do not wait for each other's sums. */
static void count_gathered(struct tree_builder *b, const uint32_t *features, size_t n_features)
{
    size_t offsets[TREE_COUNTED_AT_ONCE];
    for (size_t j = 0; j < TREE_COUNTED_AT_ONCE; j++)
        offsets[j] = features[j < n_features ? j : 0] * b->feature_stride;
    for (size_t c = 0; c < b->n_segments; c++) {
        const struct tree_segment *segment = &b->segments[c];
        uint32_t *counts = b->histogram + c * TREE_BINS;
        const size_t distance = b->n_segments * TREE_BINS;
        for (size_t i = segment->begin; i < segment->end; i++) {
            const uint8_t *row = b->rows[i - b->task->begin];
            const uint32_t weight = b->samples[i].weight;
            const size_t ahead = i + PREFETCHED < b->task->end ? i + PREFETCHED : b->task->end - 1;
            for (size_t j = 0; j < TREE_COUNTED_AT_ONCE; j++)
                __builtin_prefetch(b->rows[ahead - b->task->begin] + offsets[j]);
            for (size_t j = 0; j < TREE_COUNTED_AT_ONCE; j++)
                counts[j * distance + byte_swap_nibbles(row[offsets[j]])] += weight;
        }
    }
}

static void count_columns(struct tree_builder *b, const uint32_t *features, size_t n_features)
{
    for (size_t j = 0; j < n_features; j++)
        for (size_t c = 0; c < b->n_segments; c++) {
            const struct tree_segment *segment = &b->segments[c];
            b->bytes->histogram(b->histogram + (j * b->n_segments + c) * TREE_BINS,
                                b->columns + features[j] * b->n_samples + segment->begin,
                                segment->end - segment->begin);
        }
}

/* Rows, not weights, below each threshold, where these differ and a minimum is asked for. */
static void count_rows_left(struct tree_builder *b, size_t offset)
{
    uint32_t counts[TREE_BINS] = {0};
    for (size_t i = 0; i < b->task->end - b->task->begin; i++)
        counts[byte_swap_nibbles(b->rows[i][offset])]++;
    b->bytes->prefix_sums(b->left + b->n_segments * TREE_BINS, counts);
}

static size_t rows_left(const struct tree_builder *b, size_t stride, size_t lane)
{
    if (b->is_weighted)
        return b->left[b->n_segments * stride + lane];
    size_t rows = 0;
    for (size_t c = 0; c < b->n_segments; c++)
        rows += b->left[c * stride + lane];
    return rows;
}

/* Takes the lanes out that leave fewer than min_samples_leaf rows on a side. */
static void drop_small_leaves(struct tree_builder *b, size_t stride, size_t n_lanes)
{
    const size_t n_rows = b->task->end - b->task->begin;
    const size_t least = b->options->min_samples_leaf;
    for (size_t lane = 0; lane < n_lanes; lane++) {
        const size_t l = rows_left(b, stride, lane);
        if (l < least || n_rows - l < least)
            b->scores[lane] = TREE_NO_SCORE;
    }
}

/* Returns the largest score. */
static float score_lanes(struct tree_builder *b, size_t stride, size_t n_lanes)
{
    const struct tree_lanes lanes = {.left = b->left,
                                     .stride = stride,
                                     .totals = b->totals,
                                     .n_classes = b->n_segments,
                                     .weight = b->weight,
                                     .n_lanes = n_lanes};
    return b->options->criterion == TREE_GINI ? b->kernels->gini(b->scores, &lanes)
                                              : b->kernels->entropy(b->scores, &lanes);
}

static float largest_score(const float *scores, size_t n)
{
    float largest[16];
    for (size_t j = 0; j < 16; j++)
        largest[j] = TREE_NO_SCORE;
    for (size_t i = 0; i < n; i += 16)
        for (size_t j = 0; j < 16; j++)
            largest[j] = scores[i + j] > largest[j] ? scores[i + j] : largest[j];
    for (size_t j = 1; j < 16; j++)
        largest[0] = largest[j] > largest[0] ? largest[j] : largest[0];
    return largest[0];
}

static double exact_lane_score(const struct tree_builder *b, size_t stride, size_t lane)
{
    uint32_t left[MAX_CLASSES];
    for (size_t c = 0; c < b->n_segments; c++)
        left[c] = b->left[c * stride + lane];
    return exact_score(b->data, b->options->criterion, left, b->totals, b->n_segments);
}

static bool bin_is_empty(const struct tree_builder *b, const uint32_t *counts, size_t bin)
{
    for (size_t c = 0; c < b->n_segments; c++)
        if (counts[c * TREE_BINS + byte_swap_nibbles((uint8_t)bin)])
            return false;
    return true;
}

/* Finds the best of the bins whose float32 score is at least `least`, and offers it. */
static void offer_best_bin(struct tree_builder *b, const uint32_t *counts, uint32_t feature,
                           double least)
{
    size_t best_bin = TREE_BINS;
    double best_score = 0;
    for (size_t bin = 0; bin < TREE_BINS; bin++) {
        const size_t lane = byte_swap_nibbles((uint8_t)bin);
        if ((double)b->scores[lane] < least || bin_is_empty(b, counts, bin))
            continue;
        const double score = exact_lane_score(b, TREE_BINS, lane);
        if (best_bin == TREE_BINS || score > best_score) {
            best_bin = bin;
            best_score = score;
        }
    }
    assert(best_bin < TREE_BINS - 1);
    size_t next = best_bin + 1;
    while (bin_is_empty(b, counts, next))
        next++;
    offer(b, feature, (uint8_t)((best_bin + next) / 2), best_score);
}

/* Returns whether the feature varies in the node. */
static bool try_counts(struct tree_builder *b, const uint32_t *counts, uint32_t feature)
{
    for (size_t c = 0; c < b->n_segments; c++)
        b->bytes->prefix_sums(b->left + c * TREE_BINS, counts + c * TREE_BINS);
    float largest = score_lanes(b, TREE_BINS, TREE_BINS);
    if (largest == TREE_NO_SCORE)
        return false;
    if (b->options->min_samples_leaf > 1) {
        if (b->is_weighted)
            count_rows_left(b, feature * b->feature_stride);
        drop_small_leaves(b, TREE_BINS, TREE_BINS);
        largest = largest_score(b->scores, TREE_BINS);
    }
    const double slack = score_slack(b, b->n_segments);
    if (may_win(b, largest, slack))
        offer_best_bin(b, counts, feature, (double)largest - 2 * slack);
    return true;
}

static void try_counted(struct tree_builder *b, const uint32_t *features, size_t n_features,
                        uint8_t *varies)
{
    const size_t n_counts = b->n_segments * TREE_BINS;
    for (size_t first = 0; first < n_features; first += TREE_COUNTED_AT_ONCE) {
        const size_t n =
            n_features - first < TREE_COUNTED_AT_ONCE ? n_features - first : TREE_COUNTED_AT_ONCE;
        memset(b->histogram, 0, TREE_COUNTED_AT_ONCE * n_counts * sizeof *b->histogram);
        if (tree_reads_columns(b))
            count_columns(b, features + first, n);
        else
            count_gathered(b, features + first, n);
        for (size_t j = 0; j < n; j++)
            varies[first + j] = try_counts(b, b->histogram + j * n_counts, features[first + j]);
    }
}

/* ---- best splitter, few rows: sort them for 32 features at once ---- */

/* The rows and codes of a small node; a row that weighs more than a code can say comes twice. */
struct coded_rows {
    size_t n;
    const uint8_t *rows[TREE_SORT_ROWS];
    uint8_t codes[TREE_SORT_ROWS];
};

static bool code_rows(const struct tree_builder *b, struct coded_rows *coded)
{
    coded->n = 0;
    if (b->task->end - b->task->begin > TREE_SORT_ROWS || b->weight > TREE_SCAN_WEIGHT_MAX ||
        b->n_segments > TREE_CODE_CLASSES_MAX ||
        (b->is_weighted && b->options->min_samples_leaf > 1))
        return false;
    for (size_t c = 0; c < b->n_segments; c++)
        for (size_t i = b->segments[c].begin; i < b->segments[c].end; i++)
            for (unsigned weight = b->samples[i].weight; weight > 0;) {
                const unsigned step = weight < TREE_CODE_WEIGHT_MAX ? weight : TREE_CODE_WEIGHT_MAX;
                if (coded->n == TREE_SORT_ROWS)
                    return false;
                coded->rows[coded->n] = b->rows[i - b->task->begin];
                coded->codes[coded->n++] = (uint8_t)(c << 2 | (step - 1));
                weight -= step;
            }
    return true;
}

static void gather_keys(struct tree_builder *b, const struct coded_rows *coded,
                        const uint32_t *features, size_t n_features)
{
    size_t offsets[LANES];
    for (size_t lane = 0; lane < LANES; lane++)
        offsets[lane] = features[lane < n_features ? lane : n_features - 1] * b->feature_stride;
    for (size_t i = 0; i < coded->n; i++)
        for (size_t lane = 0; lane < LANES; lane++)
            b->keys[i][lane] = (uint16_t)(coded->rows[i][offsets[lane]] << 8 | coded->codes[i]);
}

/* Scores every threshold of one sorted column in double arithmetic and offers the best. */
static void offer_best_of_column(struct tree_builder *b, size_t n, size_t lane, uint32_t feature)
{
    const size_t least = b->options->min_samples_leaf;
    uint32_t left[TREE_CODE_CLASSES_MAX] = {0};
    unsigned threshold = 0;
    double best = -INFINITY;
    for (size_t i = 0; i + 1 < n; i++) {
        const unsigned key = b->keys[i][lane], next = b->keys[i + 1][lane];
        left[key >> 2 & 63] += (key & 3) + 1;
        if (key >> 8 == next >> 8 || i + 1 < least || n - (i + 1) < least)
            continue;
        const double score =
            exact_score(b->data, b->options->criterion, left, b->totals, b->n_segments);
        if (score > best) {
            best = score;
            threshold = ((key >> 8) + (next >> 8)) / 2;
        }
    }
    offer(b, feature, (uint8_t)threshold, best);
}

static void try_sorted(struct tree_builder *b, const struct coded_rows *coded,
                       const uint32_t *features, size_t n_features, uint8_t *varies)
{
    float best[LANES];
    gather_keys(b, coded, features, n_features);
    b->bytes->sort(b->keys, coded->n);
    const struct tree_sorted sorted = {.keys = (const uint16_t(*)[LANES])b->keys,
                                       .n_rows = coded->n,
                                       .min_rows = b->options->min_samples_leaf,
                                       .totals = b->totals,
                                       .n_classes = b->n_segments,
                                       .weight = b->weight};
    if (b->options->criterion == TREE_GINI)
        b->kernels->sorted_gini(best, &sorted);
    else
        b->kernels->sorted_entropy(best, &sorted);
    const double slack = score_slack(b, b->n_segments + coded->n);
    for (size_t lane = 0; lane < n_features; lane++) {
        varies[lane] = b->keys[0][lane] >> 8 != b->keys[coded->n - 1][lane] >> 8;
        if (may_win(b, best[lane], slack))
            offer_best_of_column(b, coded->n, lane, features[lane]);
    }
}

static void try_best(struct tree_builder *b, const uint32_t *features, size_t n_features,
                     uint8_t *varies)
{
    struct coded_rows coded;
    if (code_rows(b, &coded)) {
        for (size_t first = 0; first < n_features; first += LANES) {
            const size_t n = n_features - first < LANES ? n_features - first : LANES;
            try_sorted(b, &coded, features + first, n, varies + first);
        }
        return;
    }
    try_counted(b, features, n_features, varies);
}

/* ---- random splitter: one threshold a feature, features in lanes ---- */

/* A uniform threshold in [low, high) for a feature of the node. */
static uint8_t draw_threshold(uint64_t key, uint32_t feature, uint8_t low, uint8_t high)
{
    const uint64_t uniform = rng_derive(key, feature) >> 32, range = (uint64_t)(high - low);
    return (uint8_t)(low + (uniform * range >> 32));
}

/* Lane j is features[j], split at b->low[j]. */
static void offer_lanes(struct tree_builder *b, const uint32_t *features, size_t n, size_t stride)
{
    const size_t n_lanes = (n + 15) / 16 * 16;
    score_lanes(b, stride, n_lanes);
    for (size_t lane = n; lane < n_lanes; lane++)
        b->scores[lane] = TREE_NO_SCORE;
    if (b->options->min_samples_leaf > 1)
        drop_small_leaves(b, stride, n);
    const double slack = score_slack(b, b->n_segments);
    const double least = (double)largest_score(b->scores, n_lanes) - 2 * slack;
    for (size_t lane = 0; lane < n; lane++)
        if ((double)b->scores[lane] >= least && may_win(b, b->scores[lane], slack))
            offer(b, features[lane], b->low[lane], exact_lane_score(b, stride, lane));
}

/* All n features, in the order of the rows, which are read as they stand. */
static void try_random_rows(struct tree_builder *b, const uint32_t *features, size_t n,
                            uint8_t *varies)
{
    const size_t begin = b->task->begin, n_rows = b->task->end - begin;
    const uint64_t key = rng_derive(b->task->key, KEY_THRESHOLDS);
    assert(b->feature_stride == 1 && n <= b->n_lanes);
    b->bytes->min_max(b->low, b->high, b->rows, n_rows, n);
    for (size_t j = 0; j < n; j++) {
        varies[j] = b->high[j] > b->low[j];
        b->low[j] = draw_threshold(key, features[j], b->low[j], b->high[j]);
    }
    for (size_t c = 0; c < b->n_segments; c++) {
        const struct tree_segment *s = &b->segments[c];
        b->bytes->count_at_most(b->left + c * b->n_lanes, b->rows + (s->begin - begin),
                                s->end - s->begin, b->low, n);
    }
    offer_lanes(b, features, n, b->n_lanes);
}

/* The bytes of one feature in the node, in b->spare_bytes, and their range. */
static void gather_feature(struct tree_builder *b, size_t offset, uint8_t *low, uint8_t *high)
{
    const size_t n_rows = b->task->end - b->task->begin;
    uint8_t *bytes = b->spare_bytes, lowest = UINT8_MAX, highest = 0;
    for (size_t i = 0; i < n_rows; i++)
        bytes[i] = b->rows[i][offset];
    for (size_t i = 0; i < n_rows; i++) {
        lowest = bytes[i] < lowest ? bytes[i] : lowest;
        highest = bytes[i] > highest ? bytes[i] : highest;
    }
    *low = lowest;
    *high = highest;
}

static uint32_t count_at_most(const uint8_t *bytes, size_t n, uint8_t threshold)
{
    uint32_t count = 0;
    for (size_t first = 0; first < n; first += UINT8_MAX) {
        const size_t last = n - first < UINT8_MAX ? n : first + UINT8_MAX;
        uint8_t part = 0; /* of a block so short that a byte holds it */
        for (size_t i = first; i < last; i++)
            part = (uint8_t)(part + (bytes[i] <= threshold));
        count += part;
    }
    return count;
}

static void try_random_list(struct tree_builder *b, const uint32_t *features, size_t n,
                            uint8_t *varies)
{
    const uint64_t key = rng_derive(b->task->key, KEY_THRESHOLDS);
    for (size_t j = 0; j < n; j++) {
        uint8_t low, high;
        gather_feature(b, features[j] * b->feature_stride, &low, &high);
        varies[j] = high > low;
        b->low[j] = draw_threshold(key, features[j], low, high);
        for (size_t c = 0; c < b->n_segments; c++) {
            const struct tree_segment *s = &b->segments[c];
            b->left[c * b->n_lanes + j] = count_at_most(
                b->spare_bytes + (s->begin - b->task->begin), s->end - s->begin, b->low[j]);
        }
    }
    offer_lanes(b, features, n, b->n_lanes);
}

static void try_random(struct tree_builder *b, const uint32_t *features, size_t n_features,
                       uint8_t *varies)
{
    if (b->options->max_features >= b->data->x->n_features) {
        try_random_rows(b, features, n_features, varies);
        return;
    }
    for (size_t first = 0; first < n_features; first += FEATURE_CHUNK) {
        const size_t n = n_features - first < FEATURE_CHUNK ? n_features - first : FEATURE_CHUNK;
        try_random_list(b, features + first, n, varies + first);
    }
}

/* ---- which features ---- */

static void try_features(struct tree_builder *b, const uint32_t *features, size_t n_features)
{
    b->n_values += (double)(b->task->end - b->task->begin) * (double)n_features;
    if (b->options->splitter == TREE_BEST)
        try_best(b, features, n_features, b->varies);
    else
        try_random(b, features, n_features, b->varies);
}

static uint32_t try_all_features(struct tree_builder *b)
{
    const struct tree_task *task = b->task;
    if (b->options->splitter == TREE_RANDOM) {
        try_features(b, b->permutation, b->data->x->n_features);
        return task->n_active;
    }
    const uint32_t *list = b->active + task->active_begin;
    uint32_t *varying = b->active + task->active_begin + task->n_active;
    uint32_t n_varying = 0;
    try_features(b, list, task->n_active);
    for (uint32_t i = 0; i < task->n_active; i++)
        if (b->varies[i])
            varying[n_varying++] = list[i];
    return n_varying;
}

static void swap_features(struct tree_builder *b, size_t i, size_t j)
{
    const uint32_t kept = b->permutation[i];
    b->permutation[i] = b->permutation[j];
    b->permutation[j] = kept;
}

/* Draws without replacement; what is drawn constant counts, unless nothing else was drawn. */
static void try_drawn_features(struct tree_builder *b)
{
    const size_t n_features = b->data->x->n_features;
    struct rng rng = rng_create(b->task->key, STREAM_DRAW);
    size_t n_drawn = 0, n_tried = 0, wanted = b->options->max_features;
    bool any_varies = false;
    while (!any_varies && n_drawn < n_features) {
        for (; n_drawn < wanted; n_drawn++) {
            b->drawn[n_drawn] =
                (uint32_t)n_drawn + rng_below(&rng, (uint32_t)(n_features - n_drawn));
            swap_features(b, n_drawn, b->drawn[n_drawn]);
        }
        try_features(b, b->permutation + n_tried, n_drawn - n_tried);
        for (size_t i = 0; i < n_drawn - n_tried; i++)
            any_varies = any_varies || b->varies[i];
        n_tried = n_drawn;
        wanted = n_drawn + 1;
    }
    while (n_drawn > 0) {
        n_drawn--;
        swap_features(b, n_drawn, b->drawn[n_drawn]);
    }
}

uint32_t tree_find_split(struct tree_builder *b)
{
    b->best = (struct tree_split){.found = false};
    if (b->options->max_features >= b->data->x->n_features)
        return try_all_features(b);
    try_drawn_features(b);
    return b->task->n_active;
}
