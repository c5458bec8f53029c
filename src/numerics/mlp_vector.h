/*
 * The float32 vectors of the multi-layer perceptron's kernels, one type for each instruction set.
 * For *_simd.c files alone.
 */
#ifndef FMBENCH_NUMERICS_MLP_VECTOR_H
#define FMBENCH_NUMERICS_MLP_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX2__
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

#if defined __AVX512F__
typedef __m512 vector;
enum { LANES = 16 };
static ALWAYS_INLINE vector vector_broadcast(float x)
{
    return _mm512_set1_ps(x);
}
static ALWAYS_INLINE vector vector_load(const float *from)
{
    return _mm512_loadu_ps(from);
}
static ALWAYS_INLINE void vector_store(float *to, vector x)
{
    _mm512_storeu_ps(to, x);
}
static ALWAYS_INLINE vector multiply_add(vector a, vector b, vector c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static ALWAYS_INLINE vector square_root(vector x)
{
    return _mm512_sqrt_ps(x);
}
static ALWAYS_INLINE vector vector_of_bytes(const uint8_t *from)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)from)));
}
/* The lower half, which costs half as much on some processors. */
typedef __m256 half_vector;
static ALWAYS_INLINE half_vector half_of(vector x)
{
    return _mm512_castps512_ps256(x);
}
static ALWAYS_INLINE half_vector half_load(const float *from)
{
    return _mm256_loadu_ps(from);
}
static ALWAYS_INLINE void half_store(float *to, half_vector x)
{
    _mm256_storeu_ps(to, x);
}
static ALWAYS_INLINE half_vector half_multiply_add(half_vector a, half_vector b, half_vector c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static ALWAYS_INLINE half_vector half_multiply(half_vector a, half_vector b)
{
    return _mm256_mul_ps(a, b);
}
#elif defined __AVX2__
typedef __m256 vector;
enum { LANES = 8 };
static ALWAYS_INLINE vector vector_broadcast(float x)
{
    return _mm256_set1_ps(x);
}
static ALWAYS_INLINE vector vector_load(const float *from)
{
    return _mm256_loadu_ps(from);
}
static ALWAYS_INLINE void vector_store(float *to, vector x)
{
    _mm256_storeu_ps(to, x);
}
static ALWAYS_INLINE vector multiply_add(vector a, vector b, vector c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static ALWAYS_INLINE vector square_root(vector x)
{
    return _mm256_sqrt_ps(x);
}
static ALWAYS_INLINE vector vector_of_bytes(const uint8_t *from)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)from)));
}
#else
typedef float vector __attribute__((vector_size(16), aligned(4), may_alias));
enum { LANES = 4 };
static ALWAYS_INLINE vector vector_broadcast(float x)
{
    return (vector){x, x, x, x};
}
static ALWAYS_INLINE vector vector_load(const float *from)
{
    return *(const vector *)from;
}
static ALWAYS_INLINE void vector_store(float *to, vector x)
{
    *(vector *)to = x;
}
static ALWAYS_INLINE vector multiply_add(vector a, vector b, vector c)
{
    return a * b + c;
}
static ALWAYS_INLINE vector square_root(vector x)
{
    return (vector){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
}
static ALWAYS_INLINE vector vector_of_bytes(const uint8_t *from)
{
    typedef uint8_t bytes __attribute__((vector_size(16)));
    typedef uint16_t shorts __attribute__((vector_size(16)));
    typedef int32_t words __attribute__((vector_size(16)));
    const words zero = {0, 0, 0, 0};
    words x = zero;
    memcpy(&x, from, 4);
    const bytes wide = __builtin_shufflevector((bytes)x, (bytes)zero, 0, 16, 1, 17, 2, 18, 3, 19, 4,
                                               20, 5, 21, 6, 22, 7, 23);
    x = (words)__builtin_shufflevector((shorts)wide, (shorts)zero, 0, 8, 1, 9, 2, 10, 3, 11);
    return __builtin_convertvector(x, vector);
}
#endif

#if !defined __AVX512F__
/* Nothing needs half of the other vectors, but the same sources must compile. */
typedef vector half_vector;
static ALWAYS_INLINE half_vector half_of(vector x)
{
    return x;
}
static ALWAYS_INLINE half_vector half_load(const float *from)
{
    return vector_load(from);
}
static ALWAYS_INLINE void half_store(float *to, half_vector x)
{
    vector_store(to, x);
}
static ALWAYS_INLINE half_vector half_multiply_add(half_vector a, half_vector b, half_vector c)
{
    return multiply_add(a, b, c);
}
static ALWAYS_INLINE half_vector half_multiply(half_vector a, half_vector b)
{
    return a * b;
}
#endif

#endif
