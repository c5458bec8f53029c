#include "classifiers/linear_simd.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
enum { double_WIDTH = 8, float_WIDTH = 8, ROWS = 8 };
#elif defined(__AVX2__)
#include <immintrin.h>
enum { double_WIDTH = 4, float_WIDTH = 8, ROWS = 4 };
#else
enum { double_WIDTH = 2, float_WIDTH = 4, ROWS = 4 };
#endif

#define INLINE static inline __attribute__((always_inline))

typedef double double_vector __attribute__((vector_size(8 * double_WIDTH)));
typedef float float_vector __attribute__((vector_size(4 * float_WIDTH)));

INLINE double_vector double_fused(double_vector a, double_vector b, double_vector c)
{
#if defined(__AVX512F__)
    return (double_vector)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX2__)
    return (double_vector)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
    return a * b + c;
#endif
}

INLINE double_vector double_broadcast(const float *p)
{
#if defined(__AVX512F__)
    return (double_vector)_mm512_cvtps_pd(_mm256_broadcast_ss(p));
#elif defined(__AVX2__)
    return (double_vector)_mm256_cvtps_pd(_mm_broadcast_ss(p));
#else
    const double value = (double)*p;
    return (double_vector){value, value};
#endif
}

INLINE float_vector float_fused(float_vector a, float_vector b, float_vector c)
{
#if defined(__AVX2__)
    return (float_vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

INLINE float_vector float_broadcast(const float *p)
{
#if defined(__AVX2__)
    return (float_vector)_mm256_broadcast_ss(p);
#else
    return (float_vector){*p, *p, *p, *p};
#endif
}

#define REAL double
#define NAME(x) double_##x
#include "classifiers/linear_products.h"
#undef REAL
#undef NAME

#define REAL float
#define NAME(x) float_##x
#include "classifiers/linear_products.h"
#undef REAL
#undef NAME

INLINE double_vector widen(const float *p)
{
#if defined(__AVX512F__)
    return (double_vector)_mm512_cvtps_pd(_mm256_loadu_ps(p));
#elif defined(__AVX2__)
    return (double_vector)_mm256_cvtps_pd(_mm_loadu_ps(p));
#else
    return (double_vector){(double)p[0], (double)p[1]};
#endif
}

INLINE double sum_of(double_vector v)
{
    double sum = 0;
    for (size_t i = 0; i < double_WIDTH; i++)
        sum += v[i];
    return sum;
}

INLINE void dots_tile(const float *x, size_t stride, size_t n_vectors, const double *w, double *out)
{
    double_vector sum[5];
    for (size_t k = 0; k < n_vectors; k++)
        sum[k] = (double_vector){0};
    for (size_t j = 0; j < stride; j += double_WIDTH) {
        const double_vector value = widen(x + j);
        for (size_t k = 0; k < n_vectors; k++)
            sum[k] = double_fused(value, double_load(w + k * stride + j), sum[k]);
    }
    for (size_t k = 0; k < n_vectors; k++)
        out[k] = sum_of(sum[k]);
}

static void dots(const float *x, size_t stride, size_t n_vectors, const double *w,
                 double *restrict out)
{
    size_t k = 0;
    for (; k + 5 <= n_vectors; k += 5)
        dots_tile(x, stride, 5, w + k * stride, out + k);
    for (; k < n_vectors; k++)
        dots_tile(x, stride, 1, w + k * stride, out + k);
}

static void add_scaled(const float *x, size_t stride, double scale, double *restrict w)
{
    for (size_t j = 0; j < stride; j++)
        w[j] += scale * (double)x[j];
}

/* exp(x) for -708 <= x <= 0, to a few units in the last place; plain arithmetic, so that loops
   with it are vectorised. */
INLINE double exponential(double x)
{
    const double shifter = 0x1.8p52;
    const double shifted = x * 0x1.71547652b82fep0 + shifter;
    const double n = shifted - shifter;
    const double f = (x - n * 0x1.62e42fefa0000p-1) - n * 0x1.cf79abc9e3b3ap-40;
    double p = 1.0 / 479001600;
    p = p * f + 1.0 / 39916800;
    p = p * f + 1.0 / 3628800;
    p = p * f + 1.0 / 362880;
    p = p * f + 1.0 / 40320;
    p = p * f + 1.0 / 5040;
    p = p * f + 1.0 / 720;
    p = p * f + 1.0 / 120;
    p = p * f + 1.0 / 24;
    p = p * f + 1.0 / 6;
    p = p * f + 0.5;
    p = p * f + 1.0;
    p = p * f + 1.0;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* log(1 + e) for 0 <= e <= 1: twice the area tangent of e / (2 + e) <= 1/3. */
INLINE double log_one_plus(double e)
{
    const double s = e / (2 + e);
    const double q = s * s;
    double p = 1.0 / 31;
    p = p * q + 1.0 / 29;
    p = p * q + 1.0 / 27;
    p = p * q + 1.0 / 25;
    p = p * q + 1.0 / 23;
    p = p * q + 1.0 / 21;
    p = p * q + 1.0 / 19;
    p = p * q + 1.0 / 17;
    p = p * q + 1.0 / 15;
    p = p * q + 1.0 / 13;
    p = p * q + 1.0 / 11;
    p = p * q + 1.0 / 9;
    p = p * q + 1.0 / 7;
    p = p * q + 1.0 / 5;
    p = p * q + 1.0 / 3;
    p = p * q + 1.0;
    return 2 * s * p;
}

struct point {
    double value, slope, curvature; /* of the loss by the margin */
    double hinge, dual;
};

INLINE struct point evaluate(enum linear_loss loss, double C, double m, double alpha, double mu)
{
    if (loss == LINEAR_LOGISTIC) {
        const double size = fabs(m);
        const double e = exponential(size < 700 ? -size : -700);
        const double probability = (m > 0 ? e : 1) / (1 + e); /* 1 / (1 + exp(m)) */
        return (struct point){.value = C * ((m > 0 ? 0 : -m) + log_one_plus(e)),
                              .slope = -C * probability,
                              .curvature = C * e / ((1 + e) * (1 + e))};
    }
    const double t = 1 - m;
    if (loss == LINEAR_SQUARED_HINGE) {
        const double positive = t > 0 ? t : 0;
        return (struct point){.value = C * positive * positive,
                              .slope = -2 * C * positive,
                              .curvature = t > 0 ? 2 * C : 0};
    }
    const double wanted = alpha + t / mu;
    const double lifted = wanted > 0 ? wanted : 0;
    const double a = lifted < C ? lifted : C;
    return (struct point){.value = a * t - 0.5 * mu * (a - alpha) * (a - alpha),
                          .slope = -a,
                          .curvature = wanted == a ? 1 / mu : 0,
                          .hinge = t > 0 ? C * t : 0,
                          .dual = a};
}

INLINE void residuals_of(enum linear_loss loss, const struct linear_losses *l, double *restrict r,
                         const struct linear_sums *sums)
{
    const bool proximal = loss == LINEAR_PROXIMAL_HINGE;
    for (size_t first = 0; first < l->lanes; first += LINEAR_LANES) {
        double value[LINEAR_LANES] = {0}, hinge[LINEAR_LANES] = {0}, dual[LINEAR_LANES] = {0};
        double lane_class[LINEAR_LANES], mu[LINEAR_LANES];
        for (size_t k = 0; k < LINEAR_LANES; k++) {
            lane_class[k] = l->lane_class[first + k];
            mu[k] = proximal ? l->mu[first + k] : 1;
        }
        for (size_t i = 0; i < l->n_rows; i++) {
            const double *z = l->z + i * l->lanes + first;
            const double *alpha = proximal ? l->alpha + i * l->lanes + first : z;
            double *out = r + i * l->lanes + first;
            const double row_class = l->row_class[i];
            for (size_t k = 0; k < LINEAR_LANES; k++) {
                const double sign = row_class == lane_class[k] ? 1 : -1;
                const struct point p = evaluate(loss, l->C, sign * z[k], alpha[k], mu[k]);
                out[k] = sign * p.slope;
                value[k] += p.value;
                if (proximal) {
                    hinge[k] += p.hinge;
                    dual[k] += p.dual;
                }
            }
        }
        for (size_t k = 0; k < LINEAR_LANES; k++) {
            sums->value[first + k] += value[k];
            if (proximal) {
                sums->hinge[first + k] += hinge[k];
                sums->dual[first + k] += dual[k];
            }
        }
    }
}

static void residuals(const struct linear_losses *losses, double *restrict r,
                      const struct linear_sums *sums)
{
    switch (losses->loss) {
    case LINEAR_LOGISTIC:
        residuals_of(LINEAR_LOGISTIC, losses, r, sums);
        break;
    case LINEAR_SQUARED_HINGE:
        residuals_of(LINEAR_SQUARED_HINGE, losses, r, sums);
        break;
    case LINEAR_PROXIMAL_HINGE:
        residuals_of(LINEAR_PROXIMAL_HINGE, losses, r, sums);
        break;
    }
}

INLINE void along_of(enum linear_loss loss, const struct linear_losses *l,
                     const struct linear_sums *sums)
{
    const bool proximal = loss == LINEAR_PROXIMAL_HINGE;
    for (size_t first = 0; first < l->lanes; first += LINEAR_LANES) {
        double value[LINEAR_LANES] = {0}, slope[LINEAR_LANES] = {0}, curvature[LINEAR_LANES] = {0};
        double lane_class[LINEAR_LANES], mu[LINEAR_LANES], step[LINEAR_LANES];
        for (size_t k = 0; k < LINEAR_LANES; k++) {
            lane_class[k] = l->lane_class[first + k];
            step[k] = l->step[first + k];
            mu[k] = proximal ? l->mu[first + k] : 1;
        }
        for (size_t i = 0; i < l->n_rows; i++) {
            const double *z = l->z + i * l->lanes + first;
            const double *direction = l->direction + i * l->lanes + first;
            const double *alpha = proximal ? l->alpha + i * l->lanes + first : z;
            const double row_class = l->row_class[i];
            for (size_t k = 0; k < LINEAR_LANES; k++) {
                const double sign = row_class == lane_class[k] ? 1 : -1;
                const double m = sign * (z[k] + step[k] * direction[k]);
                const struct point p = evaluate(loss, l->C, m, alpha[k], mu[k]);
                value[k] += p.value;
                slope[k] += sign * p.slope * direction[k];
                curvature[k] += p.curvature * direction[k] * direction[k];
            }
        }
        for (size_t k = 0; k < LINEAR_LANES; k++) {
            sums->value[first + k] += value[k];
            sums->slope[first + k] += slope[k];
            sums->curvature[first + k] += curvature[k];
        }
    }
}

static void along(const struct linear_losses *losses, const struct linear_sums *sums)
{
    switch (losses->loss) {
    case LINEAR_LOGISTIC:
        along_of(LINEAR_LOGISTIC, losses, sums);
        break;
    case LINEAR_SQUARED_HINGE:
        along_of(LINEAR_SQUARED_HINGE, losses, sums);
        break;
    case LINEAR_PROXIMAL_HINGE:
        along_of(LINEAR_PROXIMAL_HINGE, losses, sums);
        break;
    }
}

const struct linear_kernels SIMD_NAME(linear_kernels) = {
    .times = double_times,
    .times_float = float_times,
    .transpose_times = double_transpose_times,
    .transpose_times_float = float_transpose_times,
    .residuals = residuals,
    .along = along,
    .dots = dots,
    .add_scaled = add_scaled};
