#include "numerics/mlp_bytes_simd.h"

#include "numerics/mlp_vector.h"

/*
 * sparse: sums of one row of C, up to SPARSE_PARTS x PART columns, stay in registers, while a block
 * of at most MLP_BYTES rows of B stays in the first-level cache.
 * dense: lanes are rows of C, so that no lane is lost to a small n: sums of DENSE_UNITS columns by
 * DENSE_VECTORS vectors of rows stay in registers.
 */
#if defined __AVX2__
#define SPARSE_PARTS 14 /* of PART columns */
#else
#define SPARSE_PARTS 6
#endif
enum {
    PART = 8,
    SPARSE_VECTORS = SPARSE_PARTS * PART / LANES,
    DENSE_UNITS = LANES == 16 ? 10 : 5,
    DENSE_HALF = 5,
    DENSE_VECTORS = 2
};

static void encode(const uint8_t *bytes, const uint8_t *flip, const uint8_t *base, size_t n,
                   uint8_t *restrict out)
{
    for (size_t j = 0; j < n; j++)
        out[j] = (uint8_t)((bytes[j] ^ flip[j]) - base[j]);
}

/* Bit l tells whether bytes[l] is not 0, l < MLP_BYTES. */
static ALWAYS_INLINE uint64_t nonzero_mask(const uint8_t *bytes)
{
#if defined __AVX512F__
    const __m512i v = _mm512_loadu_si512(bytes);
    return _mm512_test_epi8_mask(v, v);
#elif defined __AVX2__
    const __m256i zero = _mm256_setzero_si256();
    const __m256i low = _mm256_loadu_si256((const void *)bytes);
    const __m256i high = _mm256_loadu_si256((const void *)(bytes + 32));
    const uint32_t low_zeros = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, zero));
    const uint32_t high_zeros = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, zero));
    return ~((uint64_t)high_zeros << 32 | low_zeros);
#else
    uint64_t mask = 0;
    for (size_t l = 0; l < MLP_BYTES; l++)
        mask |= (uint64_t)(bytes[l] != 0) << l;
    return mask;
#endif
}

/* MLP_BYTES bytes of a row, scaled, and which of them are not 0. */
struct sparse_block {
    uint64_t mask;
    float x[MLP_BYTES];
};

static ALWAYS_INLINE void sparse_read(const struct mlp_byte_product *p, size_t i, size_t first,
                                      struct sparse_block *block)
{
    const uint8_t *bytes = p->a + i * p->lda + first;
    block->mask = nonzero_mask(bytes);
    for (size_t l = 0; l < MLP_BYTES; l += LANES) {
        vector scale;
        if (p->scale_rows)
            scale = vector_broadcast(p->scale[i]);
        else
            scale = vector_load(p->scale + first + l);
        vector_store(block->x + l, vector_of_bytes(bytes + l) * scale);
    }
    if (p->ahead)
        __builtin_prefetch(p->ahead[i] + first);
}

/* Where the sums of a row start: n_vectors vectors and perhaps half a one. */
static ALWAYS_INLINE void sparse_start(const struct mlp_byte_product *p, size_t i, size_t column,
                                       size_t n_vectors, bool has_half, vector *sum,
                                       half_vector *half)
{
    const vector shift = vector_broadcast(p->shift ? p->shift[i] : 1.0f);
    const float *offset = p->offset + column;
#pragma GCC unroll 16
    for (size_t v = 0; v < n_vectors; v++)
        sum[v] = shift * vector_load(offset + v * LANES);
    if (has_half)
        *half = half_multiply(half_of(shift), half_load(offset + n_vectors * LANES));
}

/*
 * What the block of bytes from column `first` on adds to row i of C, to n_parts x PART columns from
 * `column` on. n_parts is a constant where it is inlined; the last part may be half a vector.
 */
static ALWAYS_INLINE void sparse_add(const struct mlp_byte_product *p, size_t i, size_t first,
                                     size_t column, size_t n_parts,
                                     const struct sparse_block *block)
{
    const size_t n_vectors = n_parts * PART / LANES, whole = n_vectors * LANES;
    const bool has_half = n_parts * PART > whole;
    const float *b = p->b + first * p->ldb + column;
    float *c = p->c + i * p->ldc + column;
    vector sum[SPARSE_VECTORS];
    half_vector half;
    if (first == 0) {
        sparse_start(p, i, column, n_vectors, has_half, sum, &half);
    } else {
#pragma GCC unroll 16
        for (size_t v = 0; v < n_vectors; v++)
            sum[v] = vector_load(c + v * LANES);
        if (has_half)
            half = half_load(c + whole);
    }
    for (uint64_t mask = block->mask; mask; mask &= mask - 1) {
        const size_t l = (size_t)__builtin_ctzll(mask);
        const vector left = vector_broadcast(block->x[l]);
        const float *right = b + l * p->ldb;
        __asm__("" : "+r"(right)); /* one address, not one a vector */
#pragma GCC unroll 16
        for (size_t v = 0; v < n_vectors; v++)
            sum[v] = multiply_add(left, vector_load(right + v * LANES), sum[v]);
        if (has_half)
            half = half_multiply_add(half_of(left), half_load(right + whole), half);
    }
#pragma GCC unroll 16
    for (size_t v = 0; v < n_vectors; v++)
        vector_store(c + v * LANES, sum[v]);
    if (has_half)
        half_store(c + whole, half);
}

/* Each block is read before the sums of the one before it, whose end no processor foresees: it
   would wait for the block then. */
static ALWAYS_INLINE void sparse_columns(const struct mlp_byte_product *p, size_t column,
                                         size_t n_parts)
{
    struct sparse_block blocks[2];
    for (size_t first = 0; first < p->k; first += MLP_BYTES) {
        sparse_read(p, 0, first, &blocks[0]);
        for (size_t i = 0; i < p->m; i++) {
            if (i + 1 < p->m)
                sparse_read(p, i + 1, first, &blocks[(i + 1) % 2]);
            sparse_add(p, i, first, column, n_parts, &blocks[i % 2]);
        }
    }
}

static void sparse_parts(const struct mlp_byte_product *p, size_t column, size_t n_parts)
{
#define CASE(n)                                                                                    \
    case n:                                                                                        \
        sparse_columns(p, column, n);                                                              \
        break;
    switch (n_parts) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
#if SPARSE_PARTS > 6
        CASE(7)
        CASE(8)
        CASE(9)
        CASE(10)
        CASE(11)
        CASE(12)
        CASE(13)
        CASE(14)
#endif
    }
#undef CASE
}

/* By tiles of equal widths, but for the last, which may be narrower. */
static void sparse(const struct mlp_byte_product *p)
{
    const size_t n_parts = (p->n + PART - 1) / PART;
    const size_t n_tiles = (n_parts + SPARSE_PARTS - 1) / SPARSE_PARTS;
    const size_t width = n_tiles ? (n_parts + n_tiles - 1) / n_tiles : 0;
    for (size_t part = 0; part < n_parts; part += width)
        sparse_parts(p, part * PART, n_parts - part < width ? n_parts - part : width);
}

/* n_vectors vectors of rows of C from `row` on, n_units columns from `unit` on. Both, and
   scale_rows, are constants where it is inlined. */
static ALWAYS_INLINE void dense_tile(const struct mlp_byte_product *p, size_t row, size_t unit,
                                     size_t n_units, size_t n_vectors, bool scale_rows)
{
    vector sum[DENSE_UNITS][DENSE_VECTORS];
#pragma GCC unroll 10
    for (size_t u = 0; u < n_units; u++)
#pragma GCC unroll 2
        for (size_t v = 0; v < n_vectors; v++)
            sum[u][v] = vector_broadcast(0.0f);
    for (size_t l = 0; l < p->k; l++) {
        const float *b = p->b + l * p->ldb + unit;
        vector x[DENSE_VECTORS];
        if (p->ahead)
            __builtin_prefetch(p->ahead[l] + row);
#pragma GCC unroll 2
        for (size_t v = 0; v < n_vectors; v++) {
            x[v] = vector_of_bytes(p->a + l * p->lda + row + v * LANES);
            if (!scale_rows)
                x[v] *= vector_broadcast(p->scale[l]);
        }
#pragma GCC unroll 10
        for (size_t u = 0; u < n_units; u++) {
            const vector right = vector_broadcast(b[u]);
#pragma GCC unroll 2
            for (size_t v = 0; v < n_vectors; v++)
                sum[u][v] = multiply_add(x[v], right, sum[u][v]);
        }
    }
    float columns[DENSE_UNITS][DENSE_VECTORS * LANES];
#pragma GCC unroll 10
    for (size_t u = 0; u < n_units; u++)
#pragma GCC unroll 2
        for (size_t v = 0; v < n_vectors; v++)
            vector_store(columns[u] + v * LANES, sum[u][v]);
    const size_t n_rows = n_vectors * LANES < p->m - row ? n_vectors * LANES : p->m - row;
    for (size_t i = 0; i < n_rows; i++) {
        const float scale = scale_rows ? p->scale[row + i] : 1.0f;
        const float shift = p->shift ? p->shift[row + i] : 1.0f;
        for (size_t u = 0; u < n_units; u++)
            p->c[(row + i) * p->ldc + unit + u] =
                columns[u][i] * scale + shift * p->offset[unit + u];
    }
}

static ALWAYS_INLINE void dense_units(const struct mlp_byte_product *p, size_t unit, size_t n_units,
                                      bool scale_rows)
{
    size_t row = 0;
    for (; row + LANES < p->m; row += DENSE_VECTORS * LANES)
        dense_tile(p, row, unit, n_units, DENSE_VECTORS, scale_rows);
    if (row < p->m)
        dense_tile(p, row, unit, n_units, 1, scale_rows);
}

static ALWAYS_INLINE void dense_scaled(const struct mlp_byte_product *p, bool scale_rows)
{
    size_t unit = 0;
    for (; unit + DENSE_UNITS <= p->n; unit += DENSE_UNITS)
        dense_units(p, unit, DENSE_UNITS, scale_rows);
    /* What is left, with columns again that were done already or are padding. */
    if (unit + DENSE_HALF < p->n) {
        const size_t last = p->n_padded - DENSE_UNITS;
        dense_units(p, unit < last ? unit : last, DENSE_UNITS, scale_rows);
    } else if (unit < p->n) {
        const size_t last = p->n_padded - DENSE_HALF;
        dense_units(p, unit < last ? unit : last, DENSE_HALF, scale_rows);
    }
}

static void dense(const struct mlp_byte_product *p)
{
    if (p->scale_rows)
        dense_scaled(p, true);
    else
        dense_scaled(p, false);
}

const struct mlp_byte_kernels SIMD_NAME(mlp_byte_kernels) = {
    .encode = encode,
    .sparse = sparse,
    .dense = dense,
};
