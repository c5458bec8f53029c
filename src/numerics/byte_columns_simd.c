#include "numerics/byte_columns_simd.h"

#include <stdbool.h>
#include <string.h>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

enum { LANES = BYTE_COLUMNS_LANES, WIDTH_BLOCK = 64, COUNTS_BLOCK = 255 };

/* One vector of bytes, of the width of the instruction set. */
#if defined(__AVX512F__)
enum { WIDTH = 64 };
#elif defined(__AVX2__)
enum { WIDTH = 32 };
#else
enum { WIDTH = 16 };
#endif
enum { VECTORS = WIDTH_BLOCK / WIDTH, PIECE = 16 };

typedef uint8_t byte_v __attribute__((vector_size(WIDTH)));

static inline byte_v byte_load(const uint8_t *p)
{
    byte_v v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* In each piece of 16 bytes: bytes 0 to 7 of both, by turns. */
static inline byte_v byte_interleave_low(byte_v a, byte_v b)
{
#if defined(__AVX512F__)
    return (byte_v)_mm512_unpacklo_epi8((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (byte_v)_mm256_unpacklo_epi8((__m256i)a, (__m256i)b);
#else
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
#endif
}

/* The same of bytes 8 to 15. */
static inline byte_v byte_interleave_high(byte_v a, byte_v b)
{
#if defined(__AVX512F__)
    return (byte_v)_mm512_unpackhi_epi8((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (byte_v)_mm256_unpackhi_epi8((__m256i)a, (__m256i)b);
#else
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                   31);
#endif
}

static inline byte_v byte_min(byte_v a, byte_v b)
{
#if defined(__AVX512F__)
    return (byte_v)_mm512_min_epu8((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (byte_v)_mm256_min_epu8((__m256i)a, (__m256i)b);
#else
    const byte_v mask = (byte_v)(a < b);
    return (mask & a) | (~mask & b);
#endif
}

static inline byte_v byte_max(byte_v a, byte_v b)
{
#if defined(__AVX512F__)
    return (byte_v)_mm512_max_epu8((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (byte_v)_mm256_max_epu8((__m256i)a, (__m256i)b);
#else
    const byte_v mask = (byte_v)(a > b);
    return (mask & a) | (~mask & b);
#endif
}

/* sums + 1 where v <= threshold. */
static inline byte_v byte_count(byte_v sums, byte_v v, byte_v threshold)
{
#if defined(__AVX512F__)
    const __mmask64 at_most = _mm512_cmple_epu8_mask((__m512i)v, (__m512i)threshold);
    return (byte_v)_mm512_mask_add_epi8((__m512i)sums, at_most, (__m512i)sums, _mm512_set1_epi8(1));
#else
    return sums - (byte_v)(byte_min(v, threshold) == v);
#endif
}

static inline void order_rows(uint16_t *restrict a, uint16_t *restrict b)
{
    for (size_t lane = 0; lane < LANES; lane++) {
        const uint16_t x = a[lane], y = b[lane];
        a[lane] = x < y ? x : y;
        b[lane] = x < y ? y : x;
    }
}

/* Batcher's merge exchange, Knuth volume 3, algorithm 5.2.2M: a fixed network for any n. */
static void sort(uint16_t (*keys)[LANES], size_t n_rows)
{
    for (size_t p = 1; p < n_rows; p <<= 1)
        for (size_t k = p; k >= 1; k >>= 1)
            for (size_t j = k & (p - 1); j + k < n_rows; j += 2 * k) {
                const size_t end = j + 2 * k < n_rows ? j + k : n_rows - k;
                for (size_t i = j; i < end; i++)
                    if ((i & ~(2 * p - 1)) == ((i + k) & ~(2 * p - 1)))
                        order_rows(keys[i], keys[i + k]);
            }
}

/* Bin v sits at row v % 16, column v / 16 of a 16 x 16 table. */
static void prefix_sums(uint32_t *restrict sums, const uint32_t *restrict counts)
{
    uint32_t running[16] = {0}, before[16];
    for (size_t row = 0; row < 16; row++)
        for (size_t column = 0; column < 16; column++)
            running[column] += counts[16 * row + column];
    uint32_t sum = 0;
    for (size_t column = 0; column < 16; column++) {
        before[column] = sum;
        sum += running[column];
    }
    for (size_t row = 0; row < 16; row++)
        for (size_t column = 0; column < 16; column++) {
            before[column] += counts[16 * row + column];
            sums[16 * row + column] = before[column];
        }
}

static inline void min_max_block(uint8_t *restrict low, uint8_t *restrict high,
                                 const uint8_t *const *rows, size_t n_rows, size_t first)
{
    byte_v lowest[VECTORS], highest[VECTORS];
    memcpy(lowest, low + first, WIDTH_BLOCK);
    memcpy(highest, high + first, WIDTH_BLOCK);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t k = 0; k < VECTORS; k++) {
            const byte_v v = byte_load(rows[i] + first + k * WIDTH);
            lowest[k] = byte_min(lowest[k], v);
            highest[k] = byte_max(highest[k], v);
        }
    memcpy(low + first, lowest, WIDTH_BLOCK);
    memcpy(high + first, highest, WIDTH_BLOCK);
}

static void min_max_narrow(uint8_t *restrict low, uint8_t *restrict high,
                           const uint8_t *const *rows, size_t n_rows, size_t width)
{
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < width; j++) {
            low[j] = rows[i][j] < low[j] ? rows[i][j] : low[j];
            high[j] = rows[i][j] > high[j] ? rows[i][j] : high[j];
        }
}

/* By blocks of rows that stay in the second-level cache. The last block of columns may overlap the
   one before. */
static void min_max(uint8_t *restrict low, uint8_t *restrict high, const uint8_t *const *rows,
                    size_t n_rows, size_t width)
{
    memcpy(low, rows[0], width);
    memcpy(high, rows[0], width);
    if (width < WIDTH_BLOCK) {
        min_max_narrow(low, high, rows, n_rows, width);
        return;
    }
    for (size_t i = 0; i < n_rows; i += COUNTS_BLOCK) {
        const size_t n = n_rows - i < COUNTS_BLOCK ? n_rows - i : COUNTS_BLOCK;
        for (size_t j = 0; j + WIDTH_BLOCK <= width; j += WIDTH_BLOCK)
            min_max_block(low, high, rows + i, n, j);
        min_max_block(low, high, rows + i, n, width - WIDTH_BLOCK);
    }
}

/* For WIDTH_BLOCK columns from `first`. n_rows is at most COUNTS_BLOCK, so that a byte holds the
   count. */
static inline void count_block(uint8_t *restrict count, const uint8_t *const *rows, size_t n_rows,
                               const uint8_t *thresholds, size_t first)
{
    byte_v sums[VECTORS] = {{0}}, threshold[VECTORS];
    memcpy(threshold, thresholds + first, WIDTH_BLOCK);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t k = 0; k < VECTORS; k++)
            sums[k] = byte_count(sums[k], byte_load(rows[i] + first + k * WIDTH), threshold[k]);
    memcpy(count, sums, WIDTH_BLOCK);
}

static void count_narrow(uint32_t *restrict counts, const uint8_t *const *rows, size_t n_rows,
                         const uint8_t *thresholds, size_t width)
{
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < width; j++)
            counts[j] += rows[i][j] <= thresholds[j];
}

static void count_at_most(uint32_t *restrict counts, const uint8_t *const *rows, size_t n_rows,
                          const uint8_t *thresholds, size_t width)
{
    uint8_t count[WIDTH_BLOCK];
    memset(counts, 0, width * sizeof *counts);
    if (width < WIDTH_BLOCK) {
        count_narrow(counts, rows, n_rows, thresholds, width);
        return;
    }
    for (size_t i = 0; i < n_rows; i += COUNTS_BLOCK) {
        const size_t n = n_rows - i < COUNTS_BLOCK ? n_rows - i : COUNTS_BLOCK;
        size_t j = 0;
        for (; j + WIDTH_BLOCK <= width; j += WIDTH_BLOCK) {
            count_block(count, rows + i, n, thresholds, j);
            for (size_t k = 0; k < WIDTH_BLOCK; k++)
                counts[j + k] += count[k];
        }
        const size_t overlap = j + WIDTH_BLOCK - width;
        if (overlap == WIDTH_BLOCK)
            continue;
        count_block(count, rows + i, n, thresholds, width - WIDTH_BLOCK);
        for (size_t k = overlap; k < WIDTH_BLOCK; k++)
            counts[width - WIDTH_BLOCK + k] += count[k];
    }
}

static inline bool mask_bit(const uint64_t *mask, size_t i)
{
    return mask[i / 64] >> (i % 64) & 1;
}

static void partition(uint8_t *bytes, size_t n, const uint64_t *left_mask, uint8_t *spare)
{
    size_t i = 0, n_left = 0, n_right = 0;
#if defined(__AVX512F__)
    /* What is stored past the left bytes has been read already, or is masked out at the end. */
    for (; i < n; i += 64) {
        const uint64_t valid = n - i < 64 ? (UINT64_C(1) << (n - i)) - 1 : UINT64_MAX;
        const uint64_t left = left_mask[i / 64] & valid, right = ~left_mask[i / 64] & valid;
        const __m512i v = _mm512_maskz_loadu_epi8(valid, bytes + i);
        _mm512_mask_storeu_epi8(bytes + n_left, valid, _mm512_maskz_compress_epi8(left, v));
        _mm512_storeu_si512(spare + n_right, _mm512_maskz_compress_epi8(right, v));
        n_left += (size_t)__builtin_popcountll(left);
        n_right += (size_t)__builtin_popcountll(right);
    }
#elif defined(__AVX2__)
    for (; i + 8 <= n; i += 8) {
        const uint64_t bits = left_mask[i / 64] >> (i % 64) & 0xff;
        const uint64_t spread = _pdep_u64(bits, UINT64_C(0x0101010101010101)) * 0xff;
        uint64_t v;
        memcpy(&v, bytes + i, sizeof v);
        const uint64_t left = _pext_u64(v, spread), right = _pext_u64(v, ~spread);
        memcpy(bytes + n_left, &left, sizeof left);
        memcpy(spare + n_right, &right, sizeof right);
        n_left += (size_t)__builtin_popcountll(bits);
        n_right += 8 - (size_t)__builtin_popcountll(bits);
    }
#endif
    for (; i < n; i++) {
        const uint8_t byte = bytes[i];
        const bool goes_left = mask_bit(left_mask, i);
        bytes[n_left] = byte;
        spare[n_right] = byte;
        n_left += goes_left;
        n_right += !goes_left;
    }
    memcpy(bytes + n_left, spare, n_right);
}

struct transposition {
    uint8_t *columns;
    size_t stride;
    const uint8_t *const *rows;
};

/* Swaps blocks of bytes of a and b: what is in the high half of a with the low half of b, a half
   being `shift` bits wide. */
static inline void exchange(uint64_t *a, uint64_t *b, unsigned shift, uint64_t low)
{
    const uint64_t t = (*a >> shift ^ *b) & low;
    *a ^= t << shift;
    *b ^= t;
}

/* 8 x 8 bytes, by halves, quarters and eighths; byte 0 of a word is its lowest. */
static inline void transpose_8x8(uint64_t v[8])
{
    for (size_t i = 0; i < 4; i++)
        exchange(&v[i], &v[i + 4], 32, UINT64_C(0x00000000ffffffff));
    for (size_t i = 0; i < 8; i += 4)
        for (size_t j = i; j < i + 2; j++)
            exchange(&v[j], &v[j + 2], 16, UINT64_C(0x0000ffff0000ffff));
    for (size_t i = 0; i < 8; i += 2)
        exchange(&v[i], &v[i + 1], 8, UINT64_C(0x00ff00ff00ff00ff));
}

/* Rows from i0 to i1 and columns from j0 to j1, by 8 x 8 bytes and then singly. */
static void transpose_narrow(const struct transposition *t, size_t i0, size_t i1, size_t j0,
                             size_t j1)
{
    const size_t whole_i1 = i0 + (i1 - i0) / 8 * 8, whole_j1 = j0 + (j1 - j0) / 8 * 8;
    for (size_t j = j0; j < whole_j1; j += 8)
        for (size_t i = i0; i < whole_i1; i += 8) {
            uint64_t v[8];
            for (size_t k = 0; k < 8; k++)
                memcpy(&v[k], t->rows[i + k] + j, 8);
            transpose_8x8(v);
            for (size_t k = 0; k < 8; k++)
                memcpy(t->columns + (j + k) * t->stride + i, &v[k], 8);
        }
    for (size_t i = i0; i < i1; i++)
        for (size_t j = i < whole_i1 ? whole_j1 : j0; j < j1; j++)
            t->columns[j * t->stride + i] = t->rows[i][j];
}

/* PIECE rows from row i and WIDTH columns from column j: shuffling the rows perfectly, as a deck of
   cards, four times moves each byte of a piece to its place. */
static inline void transpose_pieces(const struct transposition *t, size_t i, size_t j)
{
    byte_v v[PIECE], shuffled[PIECE];
    for (size_t k = 0; k < PIECE; k++)
        v[k] = byte_load(t->rows[i + k] + j);
#pragma GCC unroll 4
    for (size_t round = 0; round < 4; round++) {
#pragma GCC unroll 8
        for (size_t k = 0; k < PIECE / 2; k++) {
            shuffled[2 * k] = byte_interleave_low(v[k], v[k + PIECE / 2]);
            shuffled[2 * k + 1] = byte_interleave_high(v[k], v[k + PIECE / 2]);
        }
        memcpy(v, shuffled, sizeof v);
    }
    for (size_t piece = 0; piece < WIDTH / PIECE; piece++)
        for (size_t k = 0; k < PIECE; k++)
            memcpy(t->columns + (j + piece * PIECE + k) * t->stride + i,
                   (const uint8_t *)&v[k] + piece * PIECE, PIECE);
}

/* By blocks of rows whose share of a few columns stays in the first-level cache. */
static void transpose(uint8_t *restrict columns, size_t stride, const uint8_t *const *rows,
                      size_t n_rows, size_t width)
{
    enum { ROWS = 64 };
    const struct transposition t = {.columns = columns, .stride = stride, .rows = rows};
    const size_t piece_rows = n_rows / PIECE * PIECE, piece_width = width / WIDTH * WIDTH;
    for (size_t i0 = 0; i0 < n_rows; i0 += ROWS) {
        const size_t i1 = i0 + ROWS < n_rows ? i0 + ROWS : n_rows;
        const size_t pieces_i1 = i1 < piece_rows ? i1 : piece_rows;
        for (size_t j = 0; j < piece_width; j += WIDTH)
            for (size_t i = i0; i < pieces_i1; i += PIECE)
                transpose_pieces(&t, i, j);
        transpose_narrow(&t, i0, i1, piece_width, width);
    }
    transpose_narrow(&t, piece_rows, n_rows, 0, piece_width);
}

static void swap_nibbles(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_swap_nibbles(bytes[i]);
}

/* The bytes of a block that are not 0, in order; returns how many. Only some instruction sets make
   that cheap: others keep the zeros. */
static inline size_t drop_zeros(uint8_t *kept, const uint8_t *bytes, size_t n)
{
#if defined(__AVX512F__)
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i += 64) {
        const uint64_t valid = n - i < 64 ? (UINT64_C(1) << (n - i)) - 1 : UINT64_MAX;
        const __m512i v = _mm512_maskz_loadu_epi8(valid, bytes + i);
        const uint64_t nonzero = _mm512_test_epi8_mask(v, v);
        _mm512_storeu_si512(kept + n_kept, _mm512_maskz_compress_epi8(nonzero, v));
        n_kept += (size_t)__builtin_popcountll(nonzero);
    }
    return n_kept;
#else
    memcpy(kept, bytes, n);
    return n;
#endif
}

/*
 * Four histograms in turn: equal neighbours do not wait for each other's sum. Zeros, of which
 * images have many, are what is missing in the end.
 */
static void histogram(uint32_t *restrict counts, const uint8_t *restrict bytes, size_t n)
{
    enum { PARTS = 4, SHORT = 256, BLOCK = 1024 };
    if (n < SHORT) {
        for (size_t i = 0; i < n; i++)
            counts[bytes[i]]++;
        return;
    }
    uint32_t parts[PARTS - 1][256] = {{0}};
    uint8_t kept[BLOCK + 64];
    size_t n_kept = 0;
    for (size_t first = 0; first < n; first += BLOCK) {
        const size_t m = drop_zeros(kept, bytes + first, n - first < BLOCK ? n - first : BLOCK);
        size_t i = 0;
        for (; i + PARTS <= m; i += PARTS) {
            counts[kept[i]]++;
            parts[0][kept[i + 1]]++;
            parts[1][kept[i + 2]]++;
            parts[2][kept[i + 3]]++;
        }
        for (; i < m; i++)
            counts[kept[i]]++;
        n_kept += m;
    }
    counts[0] += (uint32_t)(n - n_kept);
    for (size_t bin = 0; bin < 256; bin++)
        counts[bin] += parts[0][bin] + parts[1][bin] + parts[2][bin];
}

#if defined(__AVX512F__)

static void pick(uint8_t *restrict to, size_t stride, const uint8_t *const *rows, size_t n_rows,
                 const uint32_t *columns, size_t n_columns)
{
    size_t n_picked = 0;
    while (n_picked < n_columns) {
        const uint32_t first = columns[n_picked];
        uint64_t mask = 0;
        size_t n = n_picked;
        for (; n < n_columns && columns[n] - first < 64; n++)
            mask |= UINT64_C(1) << (columns[n] - first);
        const uint64_t valid = UINT64_MAX >> (63 - (columns[n - 1] - first));
        for (size_t i = 0; i < n_rows; i++)
            _mm512_storeu_si512(
                to + i * stride + n_picked,
                _mm512_maskz_compress_epi8(mask, _mm512_maskz_loadu_epi8(valid, rows[i] + first)));
        n_picked = n;
    }
}

#else

/* Columns that follow one another are copied together. */
static void pick(uint8_t *restrict to, size_t stride, const uint8_t *const *rows, size_t n_rows,
                 const uint32_t *columns, size_t n_columns)
{
    size_t n_picked = 0;
    while (n_picked < n_columns) {
        const uint32_t first = columns[n_picked];
        size_t n = n_picked + 1;
        while (n < n_columns && columns[n] - first == n - n_picked)
            n++;
        for (size_t i = 0; i < n_rows; i++)
            memcpy(to + i * stride + n_picked, rows[i] + first, n - n_picked);
        n_picked = n;
    }
}

#endif

const struct byte_columns_kernels SIMD_NAME(byte_columns_kernels) = {
    .sort = sort,
    .prefix_sums = prefix_sums,
    .min_max = min_max,
    .count_at_most = count_at_most,
    .partition = partition,
    .transpose = transpose,
    .pick = pick,
    .swap_nibbles = swap_nibbles,
    .histogram = histogram,
};
