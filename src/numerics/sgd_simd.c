#include "numerics/sgd_simd.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* PARTS vectors hold the lanes of a sum. These are as many and are added in the same order with
   AVX2 as with AVX-512, and the result is the same to the bit: descent carries a rounding on until
   it tips predictions. Without fused products it is another anyway. */
#if defined(__AVX512F__)
#include <immintrin.h>
enum { WIDTH = 16, PARTS = 1 };
#elif defined(__AVX2__)
#include <immintrin.h>
enum { WIDTH = 8, PARTS = 2 };
#else
enum { WIDTH = 4, PARTS = 1 };
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float vector __attribute__((vector_size(4 * WIDTH)));
typedef int32_t mask __attribute__((vector_size(4 * WIDTH)));

INLINE vector load(const float *p)
{
    vector v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(float *p, vector v)
{
    memcpy(p, &v, sizeof v);
}

INLINE vector broadcast(float x)
{
    return x - (vector){0};
}

INLINE vector fused(vector a, vector b, vector c)
{
#if defined(__AVX512F__)
    return (vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
    return (vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* v - clamp(v, -t, t). */
INLINE vector soft(vector v, vector t)
{
#if defined(__AVX512F__)
    return v - (vector)_mm512_max_ps(_mm512_min_ps((__m512)v, (__m512)t), (__m512)-t);
#elif defined(__AVX2__)
    return v - (vector)_mm256_max_ps(_mm256_min_ps((__m256)v, (__m256)t), (__m256)-t);
#else
    const mask above = v > t, below = v < -t;
    return (vector)(((mask)(v - t) & above) | ((mask)(v + t) & below));
#endif
}

INLINE vector choose(mask m, vector a, vector b)
{
    return (vector)((m & (mask)a) | (~m & (mask)b));
}

INLINE vector size_of(vector v)
{
    return (vector)((mask)v & INT32_MAX);
}

/* x, or -x where v < 0. */
INLINE vector with_sign_of(vector x, vector v)
{
    return (vector)((mask)x ^ ((mask)v & INT32_MIN));
}

INLINE vector with_sign(vector size, vector sign)
{
    return (vector)((mask)size | ((mask)sign & INT32_MIN));
}

INLINE bool any(mask m)
{
#if defined(__AVX512F__)
    return _mm512_test_epi32_mask((__m512i)m, (__m512i)m) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_epi8((__m256i)m) != 0;
#else
    return (m[0] | m[1] | m[2] | m[3]) != 0;
#endif
}

/* Halves onto halves, as the instruction's own order is. */
INLINE float sum_of(const vector parts[static PARTS])
{
#if defined(__AVX512F__)
    return _mm512_reduce_add_ps((__m512)parts[0]);
#else
    float lanes[WIDTH];
    store(lanes, PARTS == 2 ? parts[0] + parts[PARTS - 1] : parts[0]);
    for (size_t n = WIDTH / 2; n > 0; n /= 2)
        for (size_t l = 0; l < n; l++)
            lanes[l] += lanes[l + n];
    return lanes[0];
#endif
}

static void standardise(const uint8_t *bytes, const float *scale, const float *shift, size_t n,
                        float *restrict out)
{
    for (size_t j = 0; j < n; j++)
        out[j] = (float)bytes[j] * scale[j] + shift[j];
}

/* n_problems <= 8 and is_soft are constants where it is inlined, so that the sums stay in
   registers. */
INLINE void score_group(const float *values, size_t stride, size_t n_problems, bool is_soft,
                        const float *x, float threshold, float *restrict out)
{
    const vector t = broadcast(threshold);
    vector sum[8][PARTS];
#pragma GCC unroll 8
    for (size_t k = 0; k < n_problems; k++)
        for (size_t p = 0; p < PARTS; p++)
            sum[k][p] = (vector){0};
    for (size_t j = 0; j < stride; j += PARTS * WIDTH)
#pragma GCC unroll 2
        for (size_t p = 0; p < PARTS; p++) {
            const vector row = load(x + j + p * WIDTH);
#pragma GCC unroll 8
            for (size_t k = 0; k < n_problems; k++) {
                const vector v = load(values + k * stride + j + p * WIDTH);
                sum[k][p] = fused(row, is_soft ? soft(v, t) : v, sum[k][p]);
            }
        }
#pragma GCC unroll 8
    for (size_t k = 0; k < n_problems; k++)
        out[k] = sum_of(sum[k]);
}

INLINE void score_some(const float *values, size_t stride, size_t n_problems, bool is_soft,
                       const float *x, float threshold, float *restrict out)
{
    switch (n_problems) {
    case 1:
        score_group(values, stride, 1, is_soft, x, threshold, out);
        break;
    case 2:
        score_group(values, stride, 2, is_soft, x, threshold, out);
        break;
    case 3:
        score_group(values, stride, 3, is_soft, x, threshold, out);
        break;
    case 4:
        score_group(values, stride, 4, is_soft, x, threshold, out);
        break;
    case 5:
        score_group(values, stride, 5, is_soft, x, threshold, out);
        break;
    case 6:
        score_group(values, stride, 6, is_soft, x, threshold, out);
        break;
    case 7:
        score_group(values, stride, 7, is_soft, x, threshold, out);
        break;
    case 8:
        score_group(values, stride, 8, is_soft, x, threshold, out);
        break;
    }
}

static void scores(const float *values, size_t stride, size_t n_problems, const float *x,
                   float threshold, float *restrict out)
{
    const size_t first = n_problems <= 8 ? n_problems : (n_problems + 1) / 2;
    const float *rest = values + first * stride;
    if (threshold > 0) {
        score_some(values, stride, first, true, x, threshold, out);
        score_some(rest, stride, n_problems - first, true, x, threshold, out + first);
    } else {
        score_some(values, stride, first, false, x, threshold, out);
        score_some(rest, stride, n_problems - first, false, x, threshold, out + first);
    }
}

static void add(const float *x, float step, size_t stride, float *restrict values)
{
    const vector s = broadcast(step);
    for (size_t j = 0; j < stride; j += WIDTH)
        store(values + j, fused(s, load(x + j), load(values + j)));
}

/*
 * The size that a stored value v counts for once its weight is 0: the weight reached 0 in the first
 * step k with threshold_k >= v, where penalty_(k-1) + scale_k (v - threshold_(k-1)) was left.
 */
static double settled_size(double size, const struct sgd_elastic_step *step)
{
    const struct sgd_shift *shifts = step->shifts;
    size_t low = 0, high = step->n_steps; /* threshold_low < size <= threshold_high */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (shifts[middle].threshold < size)
            low = middle;
        else
            high = middle;
    }
    return shifts[low].penalty + shifts[high].scale * (size - shifts[low].threshold);
}

/* One value through one step, whatever happens to it. */
static float elastic_value(double value, double x, const struct sgd_elastic_step *step)
{
    const struct sgd_shift *first = &step->shifts[0], *now = &step->shifts[step->n_steps];
    const struct sgd_shift *before = now - 1;
    double size = fabs(value);
    if (size > before->threshold)
        size = before->penalty + now->scale * (size - before->threshold);
    else if (size > first->threshold)
        size = settled_size(size, step);
    const double sum = copysign(size, value) + step->gradient * x;
    if (!(fabs(sum) > now->penalty))
        return (float)sum;
    const float moved = (float)((fabs(sum) - now->penalty) / now->scale + now->threshold);
    /* A weight that is lost in rounding is 0. */
    return copysignf(moved > now->threshold ? moved : now->penalty, (float)sum);
}

/* A vector of next values, with those put right whose weights reached 0 in between. Not inlined,
   since lanes that are taken one by one keep a vector out of the registers. */
static __attribute__((noinline)) vector settled(vector v, vector x, vector next,
                                                const struct sgd_elastic_step *step)
{
    const float first = step->shifts[0].threshold;
    const float last = step->shifts[step->n_steps - 1].threshold;
    for (size_t l = 0; l < WIDTH; l++)
        if (fabsf(v[l]) > first && fabsf(v[l]) <= last)
            next[l] = elastic_value((double)v[l], (double)x[l], step);
    return next;
}

/*
 * A weight that is not 0, and stays so with its sign, has its value moved and no more, which keeps
 * all digits. Weights that were 0 at the problem's last step or become 0 now or change their sign
 * go through their size. Those that reached 0 in between are few, and wait for elastic_value.
 */
static void add_elastic(const float *x, const struct sgd_elastic_step *step, size_t stride,
                        float *restrict values)
{
    const struct sgd_shift *now = &step->shifts[step->n_steps], *before = now - 1;
    const vector first = broadcast(step->shifts[0].threshold), high = broadcast(before->threshold);
    const vector old_penalty = broadcast(before->penalty), penalty = broadcast(now->penalty);
    const vector threshold = broadcast(now->threshold);
    const vector scale = broadcast((float)now->scale);
    const vector inverse = broadcast((float)(1.0 / now->scale));
    const vector gradient = broadcast((float)step->gradient);
    const vector move = broadcast((float)(step->gradient / now->scale));
    for (size_t j = 0; j < stride; j += WIDTH) {
        const vector v = load(values + j), row = load(x + j), size = size_of(v);
        const mask counts = size > high, between = (size > first) & ~counts;
        const vector kept = fused(move, row, v);
        const mask stays = counts & (with_sign_of(kept, v) > threshold);
        const vector plain = fused(gradient, row, v);
        const mask rests = (size <= first) & (size_of(plain) <= penalty);
        if (!any(~(stays | rests))) {
            store(values + j, choose(stays, kept, plain));
            continue;
        }
        const vector real = choose(counts, fused(scale, size - high, old_penalty), size);
        const vector sum = fused(gradient, row, with_sign(real, v)), rest = size_of(sum) - penalty;
        const vector grown = fused(rest, inverse, threshold);
        const vector other = with_sign(choose(grown > threshold, grown, penalty), sum);
        const vector moved = choose(rest > 0.0f, other, sum);
        const vector next = choose(stays, kept, moved);
        store(values + j, any(between) ? settled(v, row, next, step) : next);
    }
}

const struct sgd_kernels SIMD_NAME(sgd_kernels) = {
    .standardise = standardise,
    .scores = scores,
    .add = add,
    .add_elastic = add_elastic,
};
