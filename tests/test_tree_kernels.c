/* The kernels of trees against straight loops, in each version that this processor runs. */
#include "classifiers/tree_score_simd.h"
#include "numerics/byte_columns_simd.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ROWS_MAX = 600, WIDTH_MAX = 200, LANES = BYTE_COLUMNS_LANES };

static uint8_t bytes[ROWS_MAX * WIDTH_MAX + 64], got[ROWS_MAX * WIDTH_MAX + 64];
static const uint8_t *rows[ROWS_MAX];

/* Half of them zero. */
static void fill_bytes(uint64_t seed, size_t n)
{
    struct rng rng = rng_create(seed, 0);
    for (size_t i = 0; i < n; i++)
        bytes[i] = rng_below(&rng, 2) ? (uint8_t)rng_below(&rng, 256) : 0;
}

static void set_rows(size_t n_rows, size_t width)
{
    fill_bytes(n_rows * 1000 + width, n_rows * width);
    for (size_t i = 0; i < n_rows; i++)
        rows[i] = bytes + (i * 7 % n_rows) * width;
}

Test(tree_kernels, sort, .timeout = 20)
{
    static uint16_t keys[255][LANES], expected[255][LANES];
    for (int level = 0; level <= (int)simd_level(); level++)
        for (size_t n = 1; n <= 255; n += n < 40 ? 1 : 43) {
            struct rng rng = rng_create(n, 0);
            for (size_t i = 0; i < n; i++)
                for (size_t lane = 0; lane < LANES; lane++)
                    keys[i][lane] = (uint16_t)rng_below(&rng, lane % 2 ? 65536 : 9);
            memcpy(expected, keys, sizeof keys);
            for (size_t lane = 0; lane < LANES; lane++)
                for (size_t i = 1; i < n; i++)
                    for (size_t j = i; j > 0 && expected[j - 1][lane] > expected[j][lane]; j--) {
                        const uint16_t kept = expected[j][lane];
                        expected[j][lane] = expected[j - 1][lane];
                        expected[j - 1][lane] = kept;
                    }
            SIMD_SELECT_LEVEL(level, byte_columns_kernels)->sort(keys, n);
            cr_assert_eq(memcmp(keys, expected, n * sizeof *keys), 0, "level %d n %zu", level, n);
        }
}

Test(tree_kernels, rows_and_columns, .timeout = 20)
{
    static const size_t widths[] = {1, 7, 8, 63, 64, 65, 128, 129, 200};
    static const size_t row_counts[] = {1, 2, 9, 64, 255, 256, 600};
    for (int level = 0; level <= (int)simd_level(); level++) {
        const struct byte_columns_kernels *k = SIMD_SELECT_LEVEL(level, byte_columns_kernels);
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            for (size_t r = 0; r < sizeof row_counts / sizeof *row_counts; r++) {
                const size_t width = widths[w], n_rows = row_counts[r];
                uint8_t low[WIDTH_MAX], high[WIDTH_MAX], thresholds[WIDTH_MAX];
                uint32_t counts[WIDTH_MAX];
                set_rows(n_rows, width);
                for (size_t j = 0; j < width; j++)
                    thresholds[j] = (uint8_t)(j * 37);
                k->min_max(low, high, rows, n_rows, width);
                k->count_at_most(counts, rows, n_rows, thresholds, width);
                k->transpose(got, n_rows, rows, n_rows, width);
                for (size_t j = 0; j < width; j++) {
                    uint8_t lowest = 255, highest = 0;
                    uint32_t count = 0;
                    bool is_moved = true;
                    for (size_t i = 0; i < n_rows; i++) {
                        const uint8_t v = rows[i][j];
                        lowest = v < lowest ? v : lowest;
                        highest = v > highest ? v : highest;
                        count += v <= thresholds[j];
                        is_moved = is_moved && got[j * n_rows + i] == v;
                    }
                    cr_assert(low[j] == lowest && high[j] == highest && counts[j] == count &&
                                  is_moved,
                              "level %d, %zu x %zu, column %zu", level, n_rows, width, j);
                }
            }
    }
}

/* The bytes on both sides of those that are moved must not change. */
Test(tree_kernels, partition, .timeout = 20)
{
    enum { MARGIN = 64, N_MAX = 1000 };
    static uint8_t spare[N_MAX + BYTE_PARTITION_SLACK], expected[N_MAX];
    for (int level = 0; level <= (int)simd_level(); level++)
        for (size_t n = 1; n < N_MAX; n += n < 140 ? 1 : 97)
            for (uint32_t odds = 0; odds <= 4; odds++) {
                uint64_t mask[N_MAX / 64 + 1] = {0};
                struct rng rng = rng_create(n, odds);
                size_t n_left = 0, n_right = 0;
                fill_bytes(n, n + 2 * MARGIN);
                memcpy(got, bytes, n + 2 * MARGIN);
                for (int side = 1; side >= 0; side--) {
                    rng = rng_create(n, odds);
                    for (size_t i = 0; i < n; i++) {
                        const bool left = rng_below(&rng, 4) < odds;
                        mask[i / 64] |= (uint64_t)left << (i % 64);
                        if (left && side)
                            expected[n_left++] = bytes[MARGIN + i];
                        if (!left && !side)
                            expected[n_left + n_right++] = bytes[MARGIN + i];
                    }
                }
                SIMD_SELECT_LEVEL(level, byte_columns_kernels)
                    ->partition(got + MARGIN, n, mask, spare);
                cr_assert_eq(memcmp(got + MARGIN, expected, n), 0, "level %d n %zu", level, n);
                cr_assert_eq(memcmp(got, bytes, MARGIN), 0);
                cr_assert_eq(memcmp(got + MARGIN + n, bytes + MARGIN + n, MARGIN), 0);
            }
}

Test(tree_kernels, histogram_and_prefix_sums, .timeout = 20)
{
    for (int level = 0; level <= (int)simd_level(); level++)
        for (size_t n = 0; n < 5000; n = 2 * n + 3) {
            const struct byte_columns_kernels *k = SIMD_SELECT_LEVEL(level, byte_columns_kernels);
            uint32_t counts[256], sums[256], expected[256], sum = 0;
            fill_bytes(n, n);
            for (size_t bin = 0; bin < 256; bin++)
                counts[bin] = expected[bin] = (uint32_t)(bin % 5);
            for (size_t i = 0; i < n; i++)
                expected[bytes[i]]++;
            k->histogram(counts, bytes, n);
            cr_assert_eq(memcmp(counts, expected, sizeof counts), 0, "level %d n %zu", level, n);
            k->prefix_sums(sums, counts);
            for (size_t bin = 0; bin < 256; bin++) {
                const uint8_t at = byte_swap_nibbles((uint8_t)bin);
                sum += counts[at];
                cr_assert_eq(sums[at], sum);
            }
            memcpy(got, bytes, n);
            k->swap_nibbles(got, n);
            for (size_t i = 0; i < n; i++)
                bytes[i] = (uint8_t)((bytes[i] % 16) * 16 + bytes[i] / 16);
            cr_assert_eq(memcmp(got, bytes, n), 0);
        }
}

static double term(bool is_gini, double w)
{
    return is_gini ? w * w : w > 0 ? w * log2(w) : 0;
}

/* NAN: no split. */
static double score_of(bool is_gini, const double *left, const double *totals, size_t n_classes)
{
    double w_left = 0, w_right = 0, sum_left = 0, sum_right = 0;
    for (size_t c = 0; c < n_classes; c++) {
        w_left += left[c];
        w_right += totals[c] - left[c];
        sum_left += term(is_gini, left[c]);
        sum_right += term(is_gini, totals[c] - left[c]);
    }
    if (w_left == 0 || w_right == 0)
        return NAN;
    return is_gini ? sum_left / w_left + sum_right / w_right
                   : sum_left - term(false, w_left) + sum_right - term(false, w_right);
}

/* The slack of tree_split.c must cover the rounding: a quarter of it is allowed here. */
static double slack_of(bool is_gini, double weight, size_t n_terms)
{
    return (double)(n_terms + 8) * (is_gini ? weight : weight * log2(weight + 1)) * 0x1p-24;
}

Test(tree_kernels, scores_of_lanes, .timeout = 20)
{
    enum { CLASSES = 40, N_LANES = 48, STRIDE = 64 };
    static uint32_t left[CLASSES * STRIDE], totals[CLASSES];
    for (int level = 0; level <= (int)simd_level(); level++)
        for (uint32_t largest = 1; largest < 10000000; largest *= 7)
            for (int is_gini = 0; is_gini < 2; is_gini++)
                for (size_t n_classes = 1; n_classes <= CLASSES; n_classes += 13) {
                    const struct tree_score_kernels *k =
                        SIMD_SELECT_LEVEL(level, tree_score_kernels);
                    struct rng rng = rng_create(largest, n_classes);
                    struct tree_lanes lanes = {left, STRIDE, totals, n_classes, 0, N_LANES};
                    float scores[STRIDE], best = TREE_NO_SCORE;
                    for (size_t c = 0; c < n_classes; c++) {
                        totals[c] = 1 + rng_below(&rng, largest);
                        lanes.weight += totals[c];
                        for (size_t lane = 0; lane < N_LANES; lane++)
                            left[c * STRIDE + lane] = lane == 0   ? 0
                                                      : lane == 1 ? totals[c]
                                                                  : rng_below(&rng, totals[c] + 1);
                    }
                    const float returned = (is_gini ? k->gini : k->entropy)(scores, &lanes);
                    for (size_t lane = 0; lane < N_LANES; lane++) {
                        double l[CLASSES], t[CLASSES];
                        for (size_t c = 0; c < n_classes; c++) {
                            l[c] = left[c * STRIDE + lane];
                            t[c] = totals[c];
                        }
                        const double score = score_of(is_gini, l, t, n_classes);
                        best = scores[lane] > best ? scores[lane] : best;
                        if (isnan(score))
                            cr_assert_eq(scores[lane], TREE_NO_SCORE);
                        else
                            cr_assert_float_eq(scores[lane], score,
                                               slack_of(is_gini, lanes.weight, n_classes),
                                               "level %d gini %d: %g %g", level, is_gini,
                                               (double)scores[lane], score);
                    }
                    cr_assert_eq(returned, best);
                }
}

/* The best score of column `lane`, threshold by threshold. */
static double best_of_column(bool is_gini, const struct tree_sorted *sorted, size_t lane)
{
    double left[TREE_CODE_CLASSES_MAX] = {0}, totals[TREE_CODE_CLASSES_MAX], best = NAN;
    for (size_t c = 0; c < sorted->n_classes; c++)
        totals[c] = sorted->totals[c];
    for (size_t i = 0; i + 1 < sorted->n_rows; i++) {
        const unsigned key = sorted->keys[i][lane];
        left[key / 4 % 64] += key % 4 + 1;
        if (key / 256 == sorted->keys[i + 1][lane] / 256 || i + 1 < sorted->min_rows ||
            sorted->n_rows - i - 1 < sorted->min_rows)
            continue;
        const double score = score_of(is_gini, left, totals, sorted->n_classes);
        best = isnan(best) || score > best ? score : best;
    }
    return best;
}

Test(tree_kernels, scores_of_sorted_rows, .timeout = 20)
{
    static uint16_t keys[255][LANES];
    for (int level = 0; level <= (int)simd_level(); level++)
        for (int is_gini = 0; is_gini < 2; is_gini++)
            for (size_t n = 2; n <= 255; n += 1 + n / 4)
                for (uint32_t n_classes = 1; n_classes <= 64; n_classes += 21) {
                    const struct tree_score_kernels *k =
                        SIMD_SELECT_LEVEL(level, tree_score_kernels);
                    struct rng rng = rng_create(n, n_classes);
                    uint32_t totals[64] = {0}, weight = 0;
                    float best[LANES];
                    for (size_t i = 0; i < n; i++) {
                        const uint32_t class = rng_below(&rng, n_classes);
                        const uint32_t step = rng_below(&rng, n <= 64 ? 4 : 1);
                        totals[class] += step + 1;
                        weight += step + 1;
                        for (size_t lane = 0; lane < LANES; lane++)
                            keys[i][lane] =
                                (uint16_t)(rng_below(&rng, 1 + 8 * (uint32_t)lane) << 8 |
                                           class << 2 | step);
                    }
                    if (weight > TREE_SCAN_WEIGHT_MAX)
                        continue;
                    SIMD_SELECT_LEVEL(level, byte_columns_kernels)->sort(keys, n);
                    const struct tree_sorted sorted = {
                        (const uint16_t(*)[LANES])keys, n, 1 + n % 3, totals, n_classes, weight};
                    (is_gini ? k->sorted_gini : k->sorted_entropy)(best, &sorted);
                    for (size_t lane = 0; lane < LANES; lane++) {
                        const double score = best_of_column(is_gini, &sorted, lane);
                        if (isnan(score))
                            cr_assert_eq(best[lane], TREE_NO_SCORE);
                        else
                            cr_assert_float_eq(best[lane], score,
                                               slack_of(is_gini, weight, n_classes + n),
                                               "level %d gini %d n %zu: %g %g", level, is_gini, n,
                                               (double)best[lane], score);
                    }
                }
}
