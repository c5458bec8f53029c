/*
 * The float32 vectors of the multi-layer perceptron's kernels, one type for each instruction set.
 * For *_simd.c files alone.
 */
#ifndef FMBENCH_NUMERICS_MLP_VECTOR_H
#define FMBENCH_NUMERICS_MLP_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

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
    return (vector){(float)from[0], (float)from[1], (float)from[2], (float)from[3]};
}
#endif

#endif
