#include "numerics/smo_simd.h"

#include <math.h>

#if defined __AVX2__
#include <immintrin.h>
#endif

/*
 * A vector of LANES floats, one of as many indices, and a comparison that chooses. Portable code
 * has one lane: the compiler does better with it than with vectors without a blend instruction.
 */
#define ALWAYS_INLINE inline __attribute__((always_inline))
#if defined __AVX512F__
enum { LANES = 16 };
typedef __m512 vector;
typedef __m512i indices;
typedef __mmask16 mask;
static ALWAYS_INLINE vector broadcast(float x)
{
    return _mm512_set1_ps(x);
}
static ALWAYS_INLINE vector load(const float *from)
{
    return _mm512_loadu_ps(from);
}
static ALWAYS_INLINE void store(float *to, vector x)
{
    _mm512_storeu_ps(to, x);
}
static ALWAYS_INLINE mask greater(vector a, vector b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
static ALWAYS_INLINE mask no_less(vector a, vector b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}
static ALWAYS_INLINE vector choose(mask m, vector a, vector b)
{
    return _mm512_mask_blend_ps(m, b, a);
}
static ALWAYS_INLINE indices index_broadcast(int32_t x)
{
    return _mm512_set1_epi32(x);
}
static ALWAYS_INLINE indices index_choose(mask m, indices a, indices b)
{
    return _mm512_mask_blend_epi32(m, b, a);
}
static ALWAYS_INLINE void index_store(int32_t *to, indices x)
{
    _mm512_storeu_si512(to, x);
}
#elif defined __AVX2__
enum { LANES = 8 };
typedef __m256 vector;
typedef __m256i indices;
typedef __m256 mask;
static ALWAYS_INLINE vector broadcast(float x)
{
    return _mm256_set1_ps(x);
}
static ALWAYS_INLINE vector load(const float *from)
{
    return _mm256_loadu_ps(from);
}
static ALWAYS_INLINE void store(float *to, vector x)
{
    _mm256_storeu_ps(to, x);
}
static ALWAYS_INLINE mask greater(vector a, vector b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}
static ALWAYS_INLINE mask no_less(vector a, vector b)
{
    return _mm256_cmp_ps(a, b, _CMP_GE_OQ);
}
static ALWAYS_INLINE vector choose(mask m, vector a, vector b)
{
    return _mm256_blendv_ps(b, a, m);
}
static ALWAYS_INLINE indices index_broadcast(int32_t x)
{
    return _mm256_set1_epi32(x);
}
static ALWAYS_INLINE indices index_choose(mask m, indices a, indices b)
{
    return _mm256_blendv_epi8(b, a, _mm256_castps_si256(m));
}
static ALWAYS_INLINE void index_store(int32_t *to, indices x)
{
    _mm256_storeu_si256((__m256i *)to, x);
}
#else
enum { LANES = 1 };
typedef float vector;
typedef int32_t indices;
typedef int mask;
static ALWAYS_INLINE vector broadcast(float x)
{
    return x;
}
static ALWAYS_INLINE vector load(const float *from)
{
    return *from;
}
static ALWAYS_INLINE void store(float *to, vector x)
{
    *to = x;
}
static ALWAYS_INLINE mask greater(vector a, vector b)
{
    return a > b;
}
static ALWAYS_INLINE mask no_less(vector a, vector b)
{
    return a >= b;
}
static ALWAYS_INLINE vector choose(mask m, vector a, vector b)
{
    return m ? a : b;
}
static ALWAYS_INLINE indices index_broadcast(int32_t x)
{
    return x;
}
static ALWAYS_INLINE indices index_choose(mask m, indices a, indices b)
{
    return m ? a : b;
}
static ALWAYS_INLINE void index_store(int32_t *to, indices x)
{
    *to = x;
}
#endif

/* The index of the largest value over the lanes, the largest one of equals, if above floor. */
static ALWAYS_INLINE int32_t largest(vector values, indices steps, float floor)
{
    float value[LANES], best = floor;
    int32_t step[LANES], index = SMO_NONE;
    store(value, values);
    index_store(step, steps);
    for (int lane = 0; lane < LANES; lane++) {
        const int32_t here = step[lane] + lane;
        if (value[lane] > best || (value[lane] == best && index != SMO_NONE && here > index)) {
            best = value[lane];
            index = here;
        }
    }
    return index;
}

static int32_t update(float *restrict f, const float *row_i, const float *row_j, float step,
                      const float *up, size_t n_padded)
{
    const vector by = broadcast(step);
    vector best = broadcast(-INFINITY);
    indices where = index_broadcast(0);
    for (size_t t = 0; t < n_padded; t += LANES) {
        const vector now = load(f + t) - by * (load(row_i + t) - load(row_j + t));
        store(f + t, now);
        const vector candidate = now + load(up + t);
        const mask better = no_less(candidate, best);
        best = choose(better, candidate, best);
        where = index_choose(better, index_broadcast((int32_t)t), where);
    }
    return largest(best, where, -INFINITY);
}

static struct smo_second second(const float *f, const float *down, const float *row_i,
                                const float *diagonal, float f_i, float k_ii, size_t n_padded)
{
    const vector zero = broadcast(0.0f), tau = broadcast(SMO_TAU);
    const vector first = broadcast(f_i), own = broadcast(k_ii), two = broadcast(2.0f);
    vector best = zero, worst = broadcast(-INFINITY);
    indices where = index_broadcast(0);
    for (size_t t = 0; t < n_padded; t += LANES) {
        const vector b = first - (load(f + t) + load(down + t));
        worst = choose(greater(b, worst), b, worst);
        const vector curvature = own + load(diagonal + t) - two * load(row_i + t);
        const vector a = choose(greater(curvature, zero), curvature, tau);
        const vector gain = choose(greater(b, zero), b * b / a, zero);
        const mask better = no_less(gain, best);
        best = choose(better, gain, best);
        where = index_choose(better, index_broadcast((int32_t)t), where);
    }
    float lanes[LANES], violation = -INFINITY;
    store(lanes, worst);
    for (int lane = 0; lane < LANES; lane++)
        violation = lanes[lane] > violation ? lanes[lane] : violation;
    return (struct smo_second){.index = largest(best, where, 0.0f), .violation = violation};
}

const struct smo_kernels SIMD_NAME(smo_kernels) = {
    .update = update,
    .second = second,
};
