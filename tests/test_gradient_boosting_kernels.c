/* The kernels of gradient boosting against straight loops, in each version that this processor
 * runs.
 */
#include "classifiers/gradient_boosting_simd.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROWS_MAX = 1300, LANES = BOOSTING_LANES, BINS = BOOSTING_BINS, COUNT_BITS = 11 };

static uint8_t lines[ROWS_MAX][BOOSTING_LINE];
static uint64_t packed[ROWS_MAX];
static uint32_t order[ROWS_MAX];
static int64_t residuals[ROWS_MAX];

/* Half of the bytes 0, and some whole words. */
static void fill(uint64_t seed, size_t n)
{
    struct rng rng = rng_create(seed, 0);
    for (size_t i = 0; i < n; i++) {
        residuals[i] = (int64_t)rng_below(&rng, 1U << 31) - (INT64_C(1) << 30);
        packed[i] = ((uint64_t)residuals[i] << COUNT_BITS) + 1;
        order[i] = (uint32_t)(i * 7 % n);
        for (size_t j = 0; j < BOOSTING_LINE; j++)
            lines[i][j] = rng_below(&rng, 2) ? (uint8_t)rng_below(&rng, 256) : 0;
        if (rng_below(&rng, 3) == 0)
            memset(lines[i] + 16, 0, 8);
    }
}

static const struct boosting_kernels *kernels_of(int level)
{
    return SIMD_SELECT_LEVEL(level, boosting_kernels);
}

Test(gradient_boosting_kernels, add, .timeout = 20)
{
    static uint64_t expected[8][BOOSTING_GROUP], got[8][BOOSTING_GROUP];
    static const size_t sizes[] = {1, 2, 63, 64, 65, 511, 512, 513, 1300};
    for (int level = 0; level <= (int)simd_level(); level++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const size_t n = sizes[s], n_groups = 1 + s % 8;
            fill(s, n);
            memset(expected, 0, sizeof expected);
            memset(got, 0, sizeof got);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n_groups * LANES; j++)
                    expected[j / LANES][lines[order[i]][j] * LANES + j % LANES] += packed[i];
            kernels_of(level)->add_rows(got, n_groups, (const uint8_t(*)[BOOSTING_LINE])lines,
                                        order, packed, n);
            for (size_t g = 0; g < 8; g++)
                cr_assert_eq(memcmp(expected[g] + LANES, got[g] + LANES,
                                    (BOOSTING_GROUP - LANES) * sizeof **got),
                             0, "level %d, %zu rows, group %zu", level, n, g);
        }
}

Test(gradient_boosting_kernels, add_columns, .timeout = 20)
{
    static uint64_t one[BOOSTING_GROUP], many[BINS][BOOSTING_ROOTS],
        roots[ROWS_MAX][BOOSTING_ROOTS];
    static uint8_t column[ROWS_MAX];
    for (int level = 0; level <= (int)simd_level(); level++)
        for (size_t n = 1; n <= ROWS_MAX; n += n < 70 ? 3 : 410) {
            uint64_t expected[BINS] = {0};
            fill(n, n);
            memset(one, 0, sizeof one);
            memset(many, 0, sizeof many);
            for (size_t i = 0; i < n; i++) {
                column[i] = lines[i][5];
                expected[column[i]] += packed[i];
                for (size_t k = 0; k < BOOSTING_ROOTS; k++)
                    roots[i][k] = packed[i] * (k + 1);
            }
            kernels_of(level)->add_column(one + 3, column, packed, n);
            kernels_of(level)->add_column_of_roots(many, column,
                                                   (const uint64_t(*)[BOOSTING_ROOTS])roots, n);
            for (size_t v = 1; v < BINS; v++) {
                cr_assert_eq(one[v * LANES + 3], expected[v], "level %d, %zu rows", level, n);
                for (size_t k = 0; k < BOOSTING_ROOTS; k++)
                    cr_assert_eq(many[v][k], expected[v] * (k + 1), "level %d, %zu rows", level, n);
            }
        }
}

static double score_of(int64_t n, int64_t sum, int64_t n_left, int64_t sum_left)
{
    const double root = (double)(n * sum_left - n_left * sum);
    return root * root / ((double)n_left * (double)(n - n_left));
}

/* The best split of column j of the lines: its score, or -1, and the lowest byte that goes right.
 */
static double best_split(size_t j, size_t n, unsigned *above)
{
    int64_t counts[BINS] = {0}, sums[BINS] = {0}, sum = 0, n_left = 0, sum_left = 0;
    double best = -1;
    for (size_t i = 0; i < n; i++) {
        counts[lines[i][j]]++;
        sums[lines[i][j]] += residuals[i];
        sum += residuals[i];
    }
    for (unsigned v = 0; v < BINS - 1; v++) {
        n_left += counts[v];
        sum_left += sums[v];
        if (!counts[v + 1] || n_left == 0)
            continue;
        const double score = score_of((int64_t)n, sum, n_left, sum_left);
        if (score > best) {
            best = score;
            *above = v + 1;
        }
    }
    return best;
}

/* Equal residuals make all scores 0, and one value a feature without a split. */
static void flatten(size_t kind, size_t n)
{
    for (size_t i = 0; kind == 1 && i < n; i++) {
        residuals[i] = -5;
        packed[i] = ((uint64_t)residuals[i] << COUNT_BITS) + 1;
    }
    for (size_t i = 0; kind == 2 && i < n; i++)
        memset(lines[i] + 2, 9, 4);
}

Test(gradient_boosting_kernels, best_of_bins, .timeout = 20)
{
    static uint64_t bins[1][BOOSTING_GROUP];
    for (int level = 0; level <= (int)simd_level(); level++)
        for (size_t n = 2; n <= ROWS_MAX; n += n < 30 ? 1 : 127) {
            struct boosting_total total = {.n_rows = (int64_t)n, .count_bits = COUNT_BITS};
            double scores[LANES];
            uint8_t above[LANES];
            fill(n, n);
            flatten(n % 3, n);
            for (size_t i = 0; i < n; i++)
                total.sum += residuals[i];
            memset(bins, 0, sizeof bins);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < LANES; j++)
                    bins[0][lines[i][j] * LANES + j] += packed[i];
            unsigned wanted_above = 0;
            const double middle = best_split(3, n, &wanted_above);
            for (int with_least = 0; with_least < 2; with_least++) {
                const double least = with_least ? middle : -1;
                const unsigned found =
                    kernels_of(level)->best_of_bins(scores, above, bins[0], &total, least);
                for (size_t j = 0; j < LANES; j++) {
                    const double wanted = best_split(j, n, &wanted_above);
                    const bool is_wanted = wanted >= 0 && wanted >= least;
                    cr_assert_eq(found >> j & 1, is_wanted, "level %d, %zu rows", level, n);
                    cr_assert(!is_wanted || (scores[j] == wanted && above[j] == wanted_above),
                              "level %d, %zu rows, lane %zu", level, n, j);
                }
            }
        }
}

Test(gradient_boosting_kernels, best_of_sorted, .timeout = 20)
{
    static uint16_t keys[256][BYTE_COLUMNS_LANES];
    double values[256], reciprocals[256], scores[BYTE_COLUMNS_LANES];
    uint8_t positions[BYTE_COLUMNS_LANES];
    for (int level = 0; level <= (int)simd_level(); level++)
        for (size_t n = 2; n <= 256; n += n < 34 ? 1 : 37) {
            struct boosting_sorted sorted = {.keys = (const uint16_t(*)[BYTE_COLUMNS_LANES])keys,
                                             .n_rows = n,
                                             .residuals = values,
                                             .reciprocals = reciprocals};
            fill(n, n);
            flatten(n % 3, n);
            memset(values, 0, sizeof values);
            for (size_t i = 0; i < n; i++) {
                values[i] = (double)residuals[i];
                sorted.sum += values[i];
                reciprocals[i] = 1 / ((double)(i + 1) * (double)(n - i - 1));
                for (size_t j = 0; j < BYTE_COLUMNS_LANES; j++)
                    keys[i][j] = (uint16_t)((unsigned)lines[i][j] << 8 | (unsigned)i);
            }
            SIMD_SELECT_LEVEL(0, byte_columns_kernels)->sort(keys, n);
            kernels_of(level)->best_of_sorted(scores, positions, &sorted);
            for (size_t j = 0; j < BYTE_COLUMNS_LANES; j++) {
                unsigned above = 0;
                const double wanted = best_split(j, n, &above);
                cr_assert_float_eq(scores[j], wanted, 1e-12 * wanted + 1e-12, "level %d, %zu rows",
                                   level, n);
                cr_assert(wanted < 0 || keys[positions[j] + 1][j] >> 8 == above,
                          "level %d, %zu rows, lane %zu", level, n, j);
            }
        }
}

Test(gradient_boosting_kernels, pick, .timeout = 20)
{
    enum { WIDTH = 300, N = 9, STRIDE = WIDTH + 64 };
    static uint8_t bytes[N][WIDTH], to[N * STRIDE];
    const uint8_t *rows[N];
    uint32_t features[WIDTH];
    struct rng rng = rng_create(4, 0);
    for (size_t i = 0; i < N; i++) {
        rows[i] = bytes[i];
        for (size_t j = 0; j < WIDTH; j++)
            bytes[i][j] = (uint8_t)rng_below(&rng, 256);
    }
    for (int level = 0; level <= (int)simd_level(); level++)
        for (uint32_t sparse = 1; sparse <= 90; sparse += 11) {
            size_t n = 0;
            for (uint32_t f = 0; f < WIDTH; f++)
                if (rng_below(&rng, sparse) == 0)
                    features[n++] = f;
            SIMD_SELECT_LEVEL((enum simd_level)level, byte_columns_kernels)
                ->pick(to, STRIDE, rows, N, features, n);
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < n; j++)
                    cr_assert_eq(to[i * STRIDE + j], bytes[i][features[j]], "level %d", level);
        }
}
