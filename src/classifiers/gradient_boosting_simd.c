#include "classifiers/gradient_boosting_simd.h"

#include <string.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

enum { LANES = BOOSTING_LANES, COLUMNS = BYTE_COLUMNS_LANES };

/* ---- histograms ---- */

#if defined(__AVX512F__)

/* The bytes of up to 64 rows that are not 0, and where they are; returns how many. */
static inline size_t pick_nonzero(uint8_t bytes[64], uint8_t places[64], const uint8_t *column,
                                  size_t n)
{
    const __m512i identity = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const uint64_t valid = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
    const __m512i v = _mm512_maskz_loadu_epi8(valid, column);
    const uint64_t nonzero = _mm512_test_epi8_mask(v, v);
    if (!nonzero)
        return 0;
    _mm512_storeu_si512(bytes, _mm512_maskz_compress_epi8(nonzero, v));
    _mm512_storeu_si512(places, _mm512_maskz_compress_epi8(nonzero, identity));
    return (size_t)__builtin_popcountll(nonzero);
}

static void add_column(uint64_t *restrict bins, const uint8_t *restrict column,
                       const uint64_t *restrict packed, size_t n)
{
    uint8_t bytes[64], places[64];
    for (size_t i = 0; i < n; i += 64) {
        const size_t m = pick_nonzero(bytes, places, column + i, n - i);
        for (size_t j = 0; j < m; j++)
            bins[(size_t)bytes[j] * LANES] += packed[i + places[j]];
    }
}

static void add_column_of_roots(uint64_t (*restrict bins)[BOOSTING_ROOTS],
                                const uint8_t *restrict column,
                                const uint64_t (*restrict packed)[BOOSTING_ROOTS], size_t n)
{
    uint8_t bytes[64], places[64];
    for (size_t i = 0; i < n; i += 64) {
        const size_t m = pick_nonzero(bytes, places, column + i, n - i);
        for (size_t j = 0; j < m; j++)
            for (size_t k = 0; k < BOOSTING_ROOTS; k++)
                bins[bytes[j]][k] += packed[i + places[j]][k];
    }
}

/* What a lane's sums above a threshold are worth, for eight lanes. */
struct scan {
    __m512i rows, sum, count_mask;
    __m128i shift;
};

/* (W S_R - W_R S)^2 and W_R (W - W_R). The difference is exact before it is rounded. */
static inline void exact_terms(const struct scan *s, __m512i right, __m512d *square,
                               __m512d *product)
{
    const __m512i count = _mm512_and_si512(right, s->count_mask);
    const __m512i difference =
        _mm512_sub_epi64(_mm512_mullo_epi64(s->rows, _mm512_sra_epi64(right, s->shift)),
                         _mm512_mullo_epi64(count, s->sum));
    const __m512d root = _mm512_cvtepi64_pd(difference);
    *square = _mm512_mul_pd(root, root);
    *product = _mm512_cvtepi64_pd(_mm512_mul_epu32(count, _mm512_sub_epi64(s->rows, count)));
}

static inline __mmask8 any_of_block(const uint64_t *block, size_t n_bins)
{
    __m512i any = _mm512_loadu_si512(block);
    for (size_t v = 1; v < n_bins; v++)
        any = _mm512_or_si512(any, _mm512_loadu_si512(block + v * LANES));
    return _mm512_test_epi64_mask(any, any);
}

/*
 * Thresholds from the highest down, on the sums above them. The quotient, which takes a division,
 * is only asked for where an estimate without one, with room for its rounding, leaves it a chance.
 */
static unsigned best_of_bins(double scores[LANES], uint8_t above[LANES], const uint64_t *bins,
                             const struct boosting_total *total, double least)
{
    enum { BLOCK = 16 };
    /* Below every score: also below 0, but not where there are no rows on a side. */
    const double cautious = 1 - 0x1p-12, nothing = 0x1p-1000;
    const struct scan scan = {
        .rows = _mm512_set1_epi64(total->n_rows),
        .sum = _mm512_set1_epi64(total->sum),
        .count_mask = _mm512_set1_epi64((INT64_C(1) << total->count_bits) - 1),
        .shift = _mm_cvtsi32_si128(total->count_bits),
    };
    __m512i right = _mm512_setzero_si512(), best_bin = _mm512_setzero_si512();
    __m512d best = _mm512_set1_pd(least);
    __m512d chance = _mm512_set1_pd((least < 0 ? least : least * cautious) - nothing);
    for (size_t block = BOOSTING_BINS; block > 0; block -= BLOCK) {
        const size_t lowest = block > BLOCK ? block - BLOCK : 1;
        if (!any_of_block(bins + lowest * LANES, block - lowest))
            continue;
        for (size_t v = block; v-- > lowest;) {
            const __m512i bin = _mm512_loadu_si512(bins + v * LANES);
            __m512d square, product;
            right = _mm512_add_epi64(right, bin);
            exact_terms(&scan, right, &square, &product);
            __mmask8 better =
                _mm512_cmp_pd_mask(square, _mm512_mul_pd(chance, product), _CMP_GT_OQ);
            if (!better)
                continue;
            const __m512d score = _mm512_div_pd(square, product);
            better &= _mm512_test_epi64_mask(bin, bin);
            better = _mm512_mask_cmp_pd_mask(better, score, best, _CMP_GE_OQ);
            best = _mm512_mask_mov_pd(best, better, score);
            best_bin = _mm512_mask_mov_epi64(best_bin, better, _mm512_set1_epi64((long long)v));
            chance = _mm512_sub_pd(_mm512_mul_pd(best, _mm512_set1_pd(cautious)),
                                   _mm512_set1_pd(nothing));
        }
    }
    _mm512_storeu_pd(scores, best);
    _mm_storel_epi64((__m128i *)(void *)above, _mm512_cvtepi64_epi8(best_bin));
    return _mm512_test_epi64_mask(best_bin, best_bin);
}

#else

static void add_column(uint64_t *restrict bins, const uint8_t *restrict column,
                       const uint64_t *restrict packed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bins[(size_t)column[i] * LANES] += packed[i];
}

static void add_column_of_roots(uint64_t (*restrict bins)[BOOSTING_ROOTS],
                                const uint8_t *restrict column,
                                const uint64_t (*restrict packed)[BOOSTING_ROOTS], size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; column[i] && k < BOOSTING_ROOTS; k++)
            bins[column[i]][k] += packed[i][k];
}

static unsigned best_of_bins(double scores[LANES], uint8_t above[LANES], const uint64_t *bins,
                             const struct boosting_total *total, double least)
{
    const uint64_t count_mask = (UINT64_C(1) << total->count_bits) - 1;
    uint64_t right[LANES] = {0};
    unsigned found = 0;
    for (size_t lane = 0; lane < LANES; lane++)
        scores[lane] = least;
    for (size_t v = BOOSTING_BINS - 1; v > 0; v--)
        for (size_t lane = 0; lane < LANES; lane++) {
            const uint64_t bin = bins[v * LANES + lane];
            right[lane] += bin;
            const int64_t count = (int64_t)(right[lane] & count_mask);
            if (!bin || count == total->n_rows)
                continue;
            const int64_t sum = (int64_t)right[lane] >> total->count_bits;
            const double root = (double)(total->n_rows * sum - count * total->sum);
            const double score = root * root / (double)(count * (total->n_rows - count));
            if (score < scores[lane])
                continue;
            scores[lane] = score;
            above[lane] = (uint8_t)v;
            found |= 1U << lane;
        }
    return found;
}

#endif

/*
 * Eight features of a row at a time: sums that follow each other closely are of different features,
 * so that none waits for the one before to be stored. The bytes of a block of rows are sorted by
 * group first, so that they and one group's bins fit into the first-level cache.
 */
static void add_rows(uint64_t (*restrict bins)[BOOSTING_GROUP], size_t n_groups,
                     const uint8_t (*lines)[BOOSTING_LINE], const uint32_t *rows,
                     const uint64_t *packed, size_t n)
{
    enum { ROWS = 512, PREFETCHED = 48, GROUPS = BOOSTING_LINE / LANES };
    uint64_t bytes[GROUPS][ROWS];
    for (size_t first = 0; first < n; first += ROWS) {
        const size_t m = n - first < ROWS ? n - first : ROWS;
        for (size_t i = 0; i < m; i++) {
            const size_t ahead = first + i + PREFETCHED;
            __builtin_prefetch(lines[rows[ahead < n ? ahead : n - 1]]);
            for (size_t g = 0; g < GROUPS; g++)
                memcpy(&bytes[g][i], lines[rows[first + i]] + g * LANES, LANES);
        }
        for (size_t g = 0; g < n_groups; g++)
            for (size_t i = 0; i < m; i++) {
                uint64_t word = bytes[g][i];
                if (!word)
                    continue;
                for (size_t j = 0; j < LANES; j++, word >>= 8)
                    bins[g][(word & 255) * LANES + j] += packed[first + i];
            }
    }
}

/* ---- sorted rows ---- */

#if defined(__AVX512F__)

/* The residuals of eight keys. Tables of up to 16 entries fit into two registers. */
static inline __m512d look_up(const double *table, __m512d low, __m512d high, __m512i index,
                              int is_short)
{
    if (is_short)
        return _mm512_permutex2var_pd(low, index, high);
    return _mm512_i64gather_pd(index, table, 8);
}

static inline void scan_lanes(double *scores, uint8_t *positions,
                              const struct boosting_sorted *sorted, size_t first, int is_short)
{
    const __m512d n_rows = _mm512_set1_pd((double)sorted->n_rows);
    const __m512d low = _mm512_loadu_pd(sorted->residuals);
    const __m512d high = _mm512_loadu_pd(sorted->residuals + 8);
    const __m512i index_mask = _mm512_set1_epi64(255);
    __m512d left = _mm512_setzero_pd(), best = _mm512_set1_pd(-1);
    __m512i position = _mm512_setzero_si512();
    __m512i key = _mm512_cvtepu16_epi64(
        _mm_loadu_si128((const __m128i *)(const void *)(sorted->keys[0] + first)));
    for (size_t i = 0; i + 1 < sorted->n_rows; i++) {
        const __m512i next = _mm512_cvtepu16_epi64(
            _mm_loadu_si128((const __m128i *)(const void *)(sorted->keys[i + 1] + first)));
        const __m512i index = _mm512_and_si512(key, index_mask);
        /* A byte that rises makes the keys differ above the index. */
        const __mmask8 rises = _mm512_cmpgt_epu64_mask(_mm512_xor_si512(key, next), index_mask);
        left = _mm512_add_pd(left, look_up(sorted->residuals, low, high, index, is_short));
        const __m512d root = _mm512_sub_pd(_mm512_mul_pd(n_rows, left),
                                           _mm512_set1_pd((double)(i + 1) * sorted->sum));
        const __m512d score =
            _mm512_mul_pd(_mm512_mul_pd(root, root), _mm512_set1_pd(sorted->reciprocals[i]));
        const __mmask8 better = _mm512_mask_cmp_pd_mask(rises, score, best, _CMP_GT_OQ);
        best = _mm512_mask_mov_pd(best, better, score);
        position = _mm512_mask_mov_epi64(position, better, _mm512_set1_epi64((long long)i));
        key = next;
    }
    _mm512_storeu_pd(scores + first, best);
    _mm_storel_epi64((__m128i *)(void *)(positions + first), _mm512_cvtepi64_epi8(position));
}

static void best_of_sorted(double scores[COLUMNS], uint8_t positions[COLUMNS],
                           const struct boosting_sorted *sorted)
{
    for (size_t first = 0; first < COLUMNS; first += 8)
        if (sorted->n_rows <= 16)
            scan_lanes(scores, positions, sorted, first, 1);
        else
            scan_lanes(scores, positions, sorted, first, 0);
}

#else

static void best_of_sorted(double scores[COLUMNS], uint8_t positions[COLUMNS],
                           const struct boosting_sorted *sorted)
{
    double left[COLUMNS] = {0};
    for (size_t lane = 0; lane < COLUMNS; lane++)
        scores[lane] = -1;
    for (size_t i = 0; i + 1 < sorted->n_rows; i++) {
        const double share = (double)(i + 1) * sorted->sum;
        for (size_t lane = 0; lane < COLUMNS; lane++) {
            const unsigned key = sorted->keys[i][lane], next = sorted->keys[i + 1][lane];
            left[lane] += sorted->residuals[key & 255];
            const double root = (double)sorted->n_rows * left[lane] - share;
            const double score = root * root * sorted->reciprocals[i];
            if (key >> 8 != next >> 8 && score > scores[lane]) {
                scores[lane] = score;
                positions[lane] = (uint8_t)i;
            }
        }
    }
}

#endif

const struct boosting_kernels SIMD_NAME(boosting_kernels) = {
    .add_column = add_column,
    .add_column_of_roots = add_column_of_roots,
    .add_rows = add_rows,
    .best_of_bins = best_of_bins,
    .best_of_sorted = best_of_sorted,
};
