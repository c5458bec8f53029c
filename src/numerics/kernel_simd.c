#include "numerics/kernel_simd.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX2__
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

union word {
    float real;
    int32_t bits;
};

/* e^x for x <= 0; what is below e^-87 counts as e^-87. */
static ALWAYS_INLINE float exponential(float x)
{
    const float magic = 0x1.8p23f; /* adding it rounds to an integer in the low bits */
    x = x < -87.0f ? -87.0f : x;
    union word rounded = {.real = x * 0x1.715476p0f + magic}, scale;
    const float n = rounded.real - magic;
    const float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f; /* ln 2 in two parts */
    scale.bits = (int32_t)((uint32_t)(rounded.bits - 0x4b400000 + 127) << 23);
    /* Taylor to r^7 for |r| <= ln 2 / 2: the rest is below 2^-27. */
    float s = 1.0f / 5040.0f;
    s = s * r + 1.0f / 720.0f;
    s = s * r + 1.0f / 120.0f;
    s = s * r + 1.0f / 24.0f;
    s = s * r + 1.0f / 6.0f;
    s = s * r + 0.5f;
    s = s * r + 1.0f;
    return (s * r + 1.0f) * scale.real;
}

/* By its series where 1 - e^-2|x| would lose digits. */
static ALWAYS_INLINE float hyperbolic_tangent(float x)
{
    const float size = fabsf(x), square = x * x;
    float series = 62.0f / 2835.0f;
    series = series * square - 17.0f / 315.0f;
    series = series * square + 2.0f / 15.0f;
    series = series * square - 1.0f / 3.0f;
    series = series * square * size + size;
    const float e = exponential(-2.0f * size);
    const float quotient = (1.0f - e) / (1.0f + e);
    return copysignf(size < 0.25f ? series : quotient, x);
}

static void rbf(float *restrict values, float gamma, float norm, const float *norms, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        const float argument = 2.0f * gamma * values[j] - (norm + norms[j]);
        values[j] = exponential(argument > 0.0f ? 0.0f : argument);
    }
}

static void poly(float *values, float gamma, float coef0, unsigned degree, size_t n)
{
    for (size_t j = 0; j < n; j++)
        values[j] = gamma * values[j] + coef0;
    if (degree == 3) { /* the default, in one pass over what is in the first-level cache */
        for (size_t j = 0; j < n; j++)
            values[j] = values[j] * values[j] * values[j];
        return;
    }
    for (size_t j = 0; j < n; j++) {
        float power = 1.0f, square = values[j];
        for (unsigned d = degree; d; d >>= 1) {
            power = d & 1 ? power * square : power;
            square *= square;
        }
        values[j] = power;
    }
}

static void sigmoid(float *values, float gamma, float coef0, size_t n)
{
    for (size_t j = 0; j < n; j++)
        values[j] = hyperbolic_tangent(gamma * values[j] + coef0);
}

static void subtract_rows(double *restrict f, const float *const *rows, const double *weights,
                          size_t n)
{
    const float *const a = rows[0], *const b = rows[1], *const c = rows[2], *const d = rows[3];
    const double wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
    for (size_t t = 0; t < n; t++)
        f[t] -= (wa * (double)a[t] + wb * (double)b[t]) + (wc * (double)c[t] + wd * (double)d[t]);
}

/*
 * A tile of dot products: as many accumulators as there are registers for, each of one left and one
 * right row. Rows are read in place, without packing, which for the few hundred left rows that are
 * asked for at a time costs a library about as much as it gains. The sum of the lanes at the end is
 * a twentieth of the work.
 */
#if defined __AVX512F__
enum { TILE_LEFT = 6, TILE_RIGHT = 4, TILE_LANES = 16 };
typedef __m512 tile_vector;
static ALWAYS_INLINE tile_vector tile_load(const float *from)
{
    return _mm512_loadu_ps(from);
}
static ALWAYS_INLINE tile_vector tile_add(tile_vector a, tile_vector b, tile_vector sum)
{
    return _mm512_fmadd_ps(a, b, sum);
}
static ALWAYS_INLINE __m256 tile_half(tile_vector x)
{
    return _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
}
#elif defined __AVX2__
enum { TILE_LEFT = 2, TILE_RIGHT = 4, TILE_LANES = 8 };
typedef __m256 tile_vector;
static ALWAYS_INLINE tile_vector tile_load(const float *from)
{
    return _mm256_loadu_ps(from);
}
static ALWAYS_INLINE tile_vector tile_add(tile_vector a, tile_vector b, tile_vector sum)
{
    return _mm256_fmadd_ps(a, b, sum);
}
static ALWAYS_INLINE __m256 tile_half(tile_vector x)
{
    return x;
}
#else
enum { TILE_LEFT = 2, TILE_RIGHT = 4, TILE_LANES = 4 };
typedef float tile_vector __attribute__((vector_size(16), aligned(4), may_alias));
static ALWAYS_INLINE tile_vector tile_load(const float *from)
{
    return *(const tile_vector *)from;
}
static ALWAYS_INLINE tile_vector tile_add(tile_vector a, tile_vector b, tile_vector sum)
{
    return sum + a * b;
}
#endif

/* The sums of the lanes of four vectors. */
#if defined __AVX2__
static ALWAYS_INLINE void tile_sums(const tile_vector *x, float *to)
{
    const __m256 ab = _mm256_hadd_ps(tile_half(x[0]), tile_half(x[1]));
    const __m256 cd = _mm256_hadd_ps(tile_half(x[2]), tile_half(x[3]));
    const __m256 all = _mm256_hadd_ps(ab, cd);
    _mm_storeu_ps(to, _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1)));
}
#else
static ALWAYS_INLINE void tile_sums(const tile_vector *x, float *to)
{
    for (size_t j = 0; j < TILE_RIGHT; j++)
        to[j] = (x[j][0] + x[j][1]) + (x[j][2] + x[j][3]);
}
#endif

/* `next`: right rows to bring into the cache on the way; or NULL. */
static ALWAYS_INLINE void tile(const float *const *left, const float *const *right,
                               const float *const *next, size_t n_padded, float (*to)[TILE_RIGHT])
{
    tile_vector sums[TILE_LEFT][TILE_RIGHT] = {0};
    for (size_t k = 0; k < n_padded; k += TILE_LANES) {
        tile_vector b[TILE_RIGHT];
        for (size_t j = 0; j < TILE_RIGHT; j++) {
            b[j] = tile_load(right[j] + k);
            if (next)
                __builtin_prefetch(next[j] + k, 0, 2);
        }
        for (size_t i = 0; i < TILE_LEFT; i++) {
            const tile_vector a = tile_load(left[i] + k);
            for (size_t j = 0; j < TILE_RIGHT; j++)
                sums[i][j] = tile_add(a, b[j], sums[i][j]);
        }
    }
    for (size_t i = 0; i < TILE_LEFT; i++)
        tile_sums(sums[i], to[i]);
}

/* Pointers to `count` rows from `first` on; past the end the last one again. */
static void point_to(const float **to, size_t count, const float *x, const uint32_t *rows,
                     size_t n_padded, size_t first, size_t n)
{
    for (size_t r = 0; r < count; r++) {
        const size_t at = first + r < n ? first + r : n - 1;
        to[r] = x + (rows ? rows[at] : at) * n_padded;
    }
}

/* Left rows that stay in the second-level cache while all right rows go by. */
enum { LEFT_FLOATS = 200000 };

static void products_with(const struct kernel_products *p, size_t first, size_t end)
{
    const float *left[TILE_LEFT], *right[TILE_RIGHT], *next[TILE_RIGHT];
    float values[TILE_LEFT][TILE_RIGHT];
    point_to(next, TILE_RIGHT, p->right, p->right_rows, p->n_padded, 0, p->n_right);
    for (size_t j = 0; j < p->n_right; j += TILE_RIGHT) {
        const size_t n_j = p->n_right - j < TILE_RIGHT ? p->n_right - j : TILE_RIGHT;
        memcpy(right, next, sizeof right);
        point_to(next, TILE_RIGHT, p->right, p->right_rows, p->n_padded, j + TILE_RIGHT,
                 p->n_right);
        for (size_t i = first; i < end; i += TILE_LEFT) {
            const size_t n_i = end - i < TILE_LEFT ? end - i : TILE_LEFT;
            point_to(left, TILE_LEFT, p->left, p->left_rows, p->n_padded, i, p->n_left);
            if (i == first)
                tile(left, right, next, p->n_padded, values);
            else
                tile(left, right, NULL, p->n_padded, values);
            for (size_t r = 0; r < n_i; r++)
                for (size_t c = 0; c < n_j; c++)
                    p->values[(i + r) * p->stride + j + c] = values[r][c];
        }
    }
}

static void products(const struct kernel_products *p)
{
    size_t at_once = LEFT_FLOATS / p->n_padded / TILE_LEFT * TILE_LEFT;
    at_once = at_once < TILE_LEFT ? TILE_LEFT : at_once;
    for (size_t first = 0; first < p->n_left; first += at_once)
        products_with(p, first, p->n_left - first < at_once ? p->n_left : first + at_once);
}

enum { LANES = 8, UNROLL = 2 };
typedef double doubles __attribute__((vector_size(64), aligned(8), may_alias));
typedef float floats __attribute__((vector_size(32), aligned(4), may_alias));

/* Sixteen running sums, whatever the instruction set: the same bits from all three versions. */
static void subtract_products(double *restrict f, const float *x, const double *w, size_t n,
                              size_t n_padded)
{
    for (size_t t = 0; t < n; t++, x += n_padded) {
        doubles sums[UNROLL] = {{0}, {0}};
        for (size_t j = 0; j < n_padded; j += LANES * UNROLL) {
            sums[0] += __builtin_convertvector(*(const floats *)(x + j), doubles) *
                       *(const doubles *)(w + j);
            sums[1] += __builtin_convertvector(*(const floats *)(x + j + LANES), doubles) *
                       *(const doubles *)(w + j + LANES);
        }
        sums[0] += sums[1];
        f[t] -= ((sums[0][0] + sums[0][1]) + (sums[0][2] + sums[0][3])) +
                ((sums[0][4] + sums[0][5]) + (sums[0][6] + sums[0][7]));
    }
}

static double weighted_sum(const float *values, const double *weights, size_t n)
{
    doubles sums[UNROLL] = {{0}, {0}};
    size_t j = 0;
    for (; j + LANES * UNROLL <= n; j += LANES * UNROLL)
        for (size_t u = 0; u < UNROLL; u++)
            sums[u] += __builtin_convertvector(*(const floats *)(values + j + u * LANES), doubles) *
                       *(const doubles *)(weights + j + u * LANES);
    sums[0] += sums[1];
    double sum = ((sums[0][0] + sums[0][1]) + (sums[0][2] + sums[0][3])) +
                 ((sums[0][4] + sums[0][5]) + (sums[0][6] + sums[0][7]));
    for (; j < n; j++)
        sum += (double)values[j] * weights[j];
    return sum;
}

const struct kernel_kernels SIMD_NAME(kernel_kernels) = {
    .products = products,
    .weighted_sum = weighted_sum,
    .rbf = rbf,
    .poly = poly,
    .sigmoid = sigmoid,
    .subtract_rows = subtract_rows,
    .subtract_products = subtract_products,
};
