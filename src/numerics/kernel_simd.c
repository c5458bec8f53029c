#include "numerics/kernel_simd.h"

#include <math.h>
#include <stdint.h>

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

const struct kernel_kernels SIMD_NAME(kernel_kernels) = {
    .rbf = rbf,
    .poly = poly,
    .sigmoid = sigmoid,
    .subtract_rows = subtract_rows,
    .subtract_products = subtract_products,
};
