#include "numerics/distance_simd.h"

#include <string.h>

#if defined __AVX2__
#include <immintrin.h>
#elif defined __SSE2__
#include <emmintrin.h>
#endif

enum {
    VECTOR = DISTANCE_UNIT * DISTANCE_PANEL_ROWS, /* bytes of a unit of a panel */
    PANELS = DISTANCE_TILE_PANELS,
    QUERIES = DISTANCE_TILE_QUERIES
};

static double tree_sum(const double *s)
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

#if defined __AVX512F__

static inline __m512i broadcast_unit(const uint8_t *query, size_t unit)
{
    long long bytes;
    memcpy(&bytes, query + unit * DISTANCE_UNIT, sizeof bytes);
    return _mm512_set1_epi64(bytes);
}

static void near_manhattan(const struct distance_tile *tile, const uint64_t *weight,
                           const uint64_t *limit, uint32_t *restrict near)
{
    const size_t panel_bytes = tile->n_units * VECTOR, query_bytes = tile->n_units * DISTANCE_UNIT;
    __m512i total[QUERIES][PANELS];
    for (size_t q = 0; q < QUERIES; q++)
        for (size_t p = 0; p < PANELS; p++)
            total[q][p] = _mm512_setzero_si512();
    size_t unit = 0;
    for (size_t g = 0; g < tile->n_groups; g++) {
        __m512i sum[QUERIES][PANELS];
        for (size_t q = 0; q < QUERIES; q++)
            for (size_t p = 0; p < PANELS; p++)
                sum[q][p] = _mm512_setzero_si512();
        for (; unit < tile->group_end[g]; unit++) {
            __m512i rows[PANELS];
            for (size_t p = 0; p < PANELS; p++)
                rows[p] = _mm512_load_si512(tile->panels + p * panel_bytes + unit * VECTOR);
            for (size_t q = 0; q < QUERIES; q++) {
                const __m512i query = broadcast_unit(tile->queries + q * query_bytes, unit);
                for (size_t p = 0; p < PANELS; p++)
                    sum[q][p] = _mm512_add_epi64(sum[q][p], _mm512_sad_epu8(rows[p], query));
            }
        }
        const __m512i w = _mm512_set1_epi64((long long)weight[g]);
        for (size_t q = 0; q < QUERIES; q++)
            for (size_t p = 0; p < PANELS; p++)
                total[q][p] = _mm512_add_epi64(total[q][p], _mm512_mul_epu32(sum[q][p], w));
    }
    for (size_t q = 0; q < QUERIES; q++) {
        const __m512i bound = _mm512_set1_epi64((long long)limit[q]);
        near[q] = 0;
        for (size_t p = 0; p < PANELS; p++)
            near[q] |= (uint32_t)_mm512_cmple_epu64_mask(total[q][p], bound)
                       << (p * DISTANCE_PANEL_ROWS);
    }
}

/* The sums of neighbouring pairs of a, then of b: 8 rows of 2 lanes each, twice. */
static inline __m512 add_pairs(__m512 a, __m512 b)
{
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd =
        _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_add_ps(_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b));
}

_Static_assert(PANELS == 2, "two panels fill a vector of sums");

static void near_euclidean(const struct distance_tile *tile, const float *weight,
                           const float *row_term, const float *limit, uint32_t *restrict near)
{
    const size_t panel_bytes = tile->n_units * VECTOR, query_bytes = tile->n_units * DISTANCE_UNIT;
    __m512 total[QUERIES][PANELS];
    for (size_t q = 0; q < QUERIES; q++)
        for (size_t p = 0; p < PANELS; p++)
            total[q][p] = _mm512_setzero_ps();
    size_t unit = 0;
    for (size_t g = 0; g < tile->n_groups; g++) {
        __m512i sum[QUERIES][PANELS];
        for (size_t q = 0; q < QUERIES; q++)
            for (size_t p = 0; p < PANELS; p++)
                sum[q][p] = _mm512_setzero_si512();
        for (; unit < tile->group_end[g]; unit++) {
            __m512i rows[PANELS];
            for (size_t p = 0; p < PANELS; p++)
                rows[p] = _mm512_load_si512(tile->panels + p * panel_bytes + unit * VECTOR);
            for (size_t q = 0; q < QUERIES; q++) {
                const __m512i query = broadcast_unit(tile->queries + q * query_bytes, unit);
                for (size_t p = 0; p < PANELS; p++)
                    sum[q][p] = _mm512_dpbusd_epi32(sum[q][p], rows[p], query);
            }
        }
        const __m512 w = _mm512_set1_ps(weight[g]);
        for (size_t q = 0; q < QUERIES; q++)
            for (size_t p = 0; p < PANELS; p++)
                total[q][p] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[q][p]), w, total[q][p]);
    }
    const __m512 terms = _mm512_loadu_ps(row_term), minus_two = _mm512_set1_ps(-2.0f);
    for (size_t q = 0; q < QUERIES; q++) {
        const __m512 product = add_pairs(total[q][0], total[q][1]);
        const __m512 bound = _mm512_fmadd_ps(product, minus_two, terms);
        near[q] = _mm512_cmp_ps_mask(bound, _mm512_set1_ps(limit[q]), _CMP_LE_OQ);
    }
}

static inline __m512i byte_differences(const uint8_t *row, const uint8_t *query, size_t unit)
{
    const __m128i a = _mm_loadl_epi64((const __m128i *)(const void *)(row + unit * VECTOR));
    const __m128i b =
        _mm_loadl_epi64((const __m128i *)(const void *)(query + unit * DISTANCE_UNIT));
    return _mm512_cvtepu8_epi64(_mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a)));
}

static double manhattan(const uint8_t *row, const uint8_t *query, const double *weight,
                        size_t n_units)
{
    double s[DISTANCE_UNIT];
    __m512d sum = _mm512_setzero_pd();
    for (size_t u = 0; u < n_units; u++) {
        const __m512d d = _mm512_cvtepi64_pd(byte_differences(row, query, u));
        sum = _mm512_add_pd(sum, _mm512_mul_pd(_mm512_loadu_pd(weight + u * DISTANCE_UNIT), d));
    }
    _mm512_storeu_pd(s, sum);
    return tree_sum(s);
}

static double squared_euclidean(const uint8_t *row, const uint8_t *query, const double *weight,
                                size_t n_units)
{
    double s[DISTANCE_UNIT];
    __m512d sum = _mm512_setzero_pd();
    for (size_t u = 0; u < n_units; u++) {
        const __m512d d = _mm512_cvtepi64_pd(byte_differences(row, query, u));
        sum = _mm512_add_pd(
            sum, _mm512_mul_pd(_mm512_loadu_pd(weight + u * DISTANCE_UNIT), _mm512_mul_pd(d, d)));
    }
    _mm512_storeu_pd(s, sum);
    return tree_sum(s);
}

#else

static double manhattan(const uint8_t *row, const uint8_t *query, const double *weight,
                        size_t n_units)
{
    double s[DISTANCE_UNIT] = {0};
    for (size_t u = 0; u < n_units; u++)
        for (size_t f = 0; f < DISTANCE_UNIT; f++) {
            const int d = row[u * VECTOR + f] - query[u * DISTANCE_UNIT + f];
            s[f] += weight[u * DISTANCE_UNIT + f] * (double)(d < 0 ? -d : d);
        }
    return tree_sum(s);
}

static double squared_euclidean(const uint8_t *row, const uint8_t *query, const double *weight,
                                size_t n_units)
{
    double s[DISTANCE_UNIT] = {0};
    for (size_t u = 0; u < n_units; u++)
        for (size_t f = 0; f < DISTANCE_UNIT; f++) {
            const int d = row[u * VECTOR + f] - query[u * DISTANCE_UNIT + f];
            s[f] += weight[u * DISTANCE_UNIT + f] * (double)(d * d);
        }
    return tree_sum(s);
}

/* Sums over the units [first, end) for the 8 rows of a panel. */
#if defined __AVX2__

static inline __m256i broadcast_unit(const uint8_t *query, size_t unit)
{
    long long bytes;
    memcpy(&bytes, query + unit * DISTANCE_UNIT, sizeof bytes);
    return _mm256_set1_epi64x(bytes);
}

static inline __m256i half_panel(const uint8_t *panel, size_t unit, size_t half)
{
    return _mm256_load_si256(
        (const __m256i *)(const void *)(panel + unit * VECTOR + half * (VECTOR / 2)));
}

static void absolute_differences(const uint8_t *panel, const uint8_t *query, size_t first,
                                 size_t end, uint64_t *restrict sums)
{
    __m256i low = _mm256_setzero_si256(), high = low;
    for (size_t u = first; u < end; u++) {
        const __m256i q = broadcast_unit(query, u);
        low = _mm256_add_epi64(low, _mm256_sad_epu8(half_panel(panel, u, 0), q));
        high = _mm256_add_epi64(high, _mm256_sad_epu8(half_panel(panel, u, 1), q));
    }
    _mm256_storeu_si256((__m256i *)(void *)sums, low);
    _mm256_storeu_si256((__m256i *)(void *)(sums + 4), high);
}

/* 16-bit words of the even rows of a half panel are its low interleave with zero, of the odd rows
   its high one: row 0 or 1 in the lower 128 bits, row 2 or 3 in the upper. */
static void products(const uint8_t *panel, const uint8_t *query, size_t first, size_t end,
                     int32_t *restrict sums)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i sum[4] = {zero, zero, zero, zero};
    for (size_t u = first; u < end; u++) {
        const __m256i q = _mm256_broadcastsi128_si256(_mm_cvtepi8_epi16(
            _mm_loadl_epi64((const __m128i *)(const void *)(query + u * DISTANCE_UNIT))));
        for (size_t half = 0; half < 2; half++) {
            const __m256i rows = half_panel(panel, u, half);
            const __m256i even = _mm256_unpacklo_epi8(rows, zero);
            const __m256i odd = _mm256_unpackhi_epi8(rows, zero);
            sum[2 * half] = _mm256_add_epi32(sum[2 * half], _mm256_madd_epi16(even, q));
            sum[2 * half + 1] = _mm256_add_epi32(sum[2 * half + 1], _mm256_madd_epi16(odd, q));
        }
    }
    /* Each 128-bit half after two horizontal additions: rows 0 1 4 5 | 2 3 6 7. */
    const __m256i rows =
        _mm256_hadd_epi32(_mm256_hadd_epi32(sum[0], sum[1]), _mm256_hadd_epi32(sum[2], sum[3]));
    const __m256i order = _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7);
    _mm256_storeu_si256((__m256i *)(void *)sums, _mm256_permutevar8x32_epi32(rows, order));
}

#elif defined __SSE2__ /* what every x86-64 has */

enum { PAIRS = DISTANCE_PANEL_ROWS / 2 };

static inline __m128i load_unit(const uint8_t *query, size_t unit)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)(query + unit * DISTANCE_UNIT));
}

static inline __m128i load_pair(const uint8_t *panel, size_t unit, size_t pair)
{
    return _mm_load_si128((const __m128i *)(const void *)(panel + unit * VECTOR + pair * 16));
}

static void absolute_differences(const uint8_t *panel, const uint8_t *query, size_t first,
                                 size_t end, uint64_t *restrict sums)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i sum[PAIRS] = {zero, zero, zero, zero};
    for (size_t u = first; u < end; u++) {
        const __m128i unit = load_unit(query, u), q = _mm_unpacklo_epi64(unit, unit);
        for (size_t p = 0; p < PAIRS; p++)
            sum[p] = _mm_add_epi64(sum[p], _mm_sad_epu8(load_pair(panel, u, p), q));
    }
    for (size_t p = 0; p < PAIRS; p++)
        _mm_storeu_si128((__m128i *)(void *)(sums + 2 * p), sum[p]);
}

static void products(const uint8_t *panel, const uint8_t *query, size_t first, size_t end,
                     int32_t *restrict sums)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i sum[DISTANCE_PANEL_ROWS] = {zero, zero, zero, zero, zero, zero, zero, zero};
    for (size_t u = first; u < end; u++) {
        const __m128i q = _mm_srai_epi16(_mm_unpacklo_epi8(zero, load_unit(query, u)), 8);
        for (size_t p = 0; p < PAIRS; p++) {
            const __m128i rows = load_pair(panel, u, p);
            const __m128i even = _mm_madd_epi16(_mm_unpacklo_epi8(rows, zero), q);
            const __m128i odd = _mm_madd_epi16(_mm_unpackhi_epi8(rows, zero), q);
            sum[2 * p] = _mm_add_epi32(sum[2 * p], even);
            sum[2 * p + 1] = _mm_add_epi32(sum[2 * p + 1], odd);
        }
    }
    for (size_t r = 0; r < DISTANCE_PANEL_ROWS; r++) {
        int32_t parts[4];
        _mm_storeu_si128((__m128i *)(void *)parts, sum[r]);
        sums[r] = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    }
}

#else

static void absolute_differences(const uint8_t *panel, const uint8_t *query, size_t first,
                                 size_t end, uint64_t *restrict sums)
{
    for (size_t r = 0; r < DISTANCE_PANEL_ROWS; r++) {
        uint32_t sum = 0;
        for (size_t u = first; u < end; u++)
            for (size_t f = 0; f < DISTANCE_UNIT; f++) {
                const int d =
                    panel[u * VECTOR + r * DISTANCE_UNIT + f] - query[u * DISTANCE_UNIT + f];
                sum += (uint32_t)(d < 0 ? -d : d);
            }
        sums[r] = sum;
    }
}

static void products(const uint8_t *panel, const uint8_t *query, size_t first, size_t end,
                     int32_t *restrict sums)
{
    for (size_t r = 0; r < DISTANCE_PANEL_ROWS; r++) {
        int32_t sum = 0;
        for (size_t u = first; u < end; u++)
            for (size_t f = 0; f < DISTANCE_UNIT; f++)
                sum += panel[u * VECTOR + r * DISTANCE_UNIT + f] *
                       (int8_t)query[u * DISTANCE_UNIT + f];
        sums[r] = sum;
    }
}

#endif

static uint32_t near_manhattan_panel(const struct distance_tile *tile, const uint8_t *panel,
                                     const uint8_t *query, const uint64_t *weight, uint64_t limit)
{
    uint64_t total[DISTANCE_PANEL_ROWS] = {0}, sums[DISTANCE_PANEL_ROWS];
    uint32_t near = 0;
    for (size_t g = 0; g < tile->n_groups; g++) {
        absolute_differences(panel, query, g ? tile->group_end[g - 1] : 0, tile->group_end[g],
                             sums);
        for (size_t r = 0; r < DISTANCE_PANEL_ROWS; r++)
            total[r] += weight[g] * sums[r];
    }
    for (size_t r = 0; r < DISTANCE_PANEL_ROWS; r++)
        near |= (uint32_t)(total[r] <= limit) << r;
    return near;
}

static uint32_t near_euclidean_panel(const struct distance_tile *tile, const uint8_t *panel,
                                     const uint8_t *query, const float *weight,
                                     const float *row_term, float limit)
{
    float total[DISTANCE_PANEL_ROWS] = {0};
    int32_t sums[DISTANCE_PANEL_ROWS];
    uint32_t near = 0;
    for (size_t g = 0; g < tile->n_groups; g++) {
        products(panel, query, g ? tile->group_end[g - 1] : 0, tile->group_end[g], sums);
        for (size_t r = 0; r < DISTANCE_PANEL_ROWS; r++)
            total[r] += weight[g] * (float)sums[r];
    }
    for (size_t r = 0; r < DISTANCE_PANEL_ROWS; r++)
        near |= (uint32_t)(row_term[r] - 2.0f * total[r] <= limit) << r;
    return near;
}

static void near_manhattan(const struct distance_tile *tile, const uint64_t *weight,
                           const uint64_t *limit, uint32_t *restrict near)
{
    for (size_t q = 0; q < QUERIES; q++) {
        const uint8_t *query = tile->queries + q * tile->n_units * DISTANCE_UNIT;
        near[q] = 0;
        for (size_t p = 0; p < PANELS; p++)
            near[q] |= near_manhattan_panel(tile, tile->panels + p * tile->n_units * VECTOR, query,
                                            weight, limit[q])
                       << (p * DISTANCE_PANEL_ROWS);
    }
}

static void near_euclidean(const struct distance_tile *tile, const float *weight,
                           const float *row_term, const float *limit, uint32_t *restrict near)
{
    for (size_t q = 0; q < QUERIES; q++) {
        const uint8_t *query = tile->queries + q * tile->n_units * DISTANCE_UNIT;
        near[q] = 0;
        for (size_t p = 0; p < PANELS; p++)
            near[q] |= near_euclidean_panel(tile, tile->panels + p * tile->n_units * VECTOR, query,
                                            weight, row_term + p * DISTANCE_PANEL_ROWS, limit[q])
                       << (p * DISTANCE_PANEL_ROWS);
    }
}

#endif

const struct distance_kernels SIMD_NAME(distance_kernels) = {
    .near_manhattan = near_manhattan,
    .near_euclidean = near_euclidean,
    .manhattan = manhattan,
    .squared_euclidean = squared_euclidean,
};
