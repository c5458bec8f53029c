#include "numerics/mlp_simd.h"
#include "numerics/mlp_vector.h"

/* The register tile of the products: TILE_ROWS rows by TILE_VECTORS vectors of accumulators. */
enum { TILE_ROWS = 6, TILE_VECTORS = LANES == 16 ? 4 : 2 };

/*
 * A tile of C: n_rows x n_vectors, both constants where it is inlined. Element (i, l) of op(A) is
 * a[i * row_step + l * k_step].
 */
static ALWAYS_INLINE void tile(const float *a, size_t row_step, size_t k_step, const float *b,
                               const struct mlp_product *p, float *restrict c, size_t n_rows,
                               size_t n_vectors)
{
    vector sum[TILE_ROWS][TILE_VECTORS];
#pragma GCC unroll 8
    for (size_t i = 0; i < n_rows; i++)
#pragma GCC unroll 8
        for (size_t v = 0; v < n_vectors; v++)
            sum[i][v] = vector_broadcast(0.0f);
    for (size_t l = 0; l < p->k; l++) {
        vector right[TILE_VECTORS];
#pragma GCC unroll 8
        for (size_t v = 0; v < n_vectors; v++)
            right[v] = vector_load(b + l * p->ldb + v * LANES);
#pragma GCC unroll 8
        for (size_t i = 0; i < n_rows; i++) {
            const vector left = vector_broadcast(a[i * row_step + l * k_step]);
#pragma GCC unroll 8
            for (size_t v = 0; v < n_vectors; v++)
                sum[i][v] = multiply_add(left, right[v], sum[i][v]);
        }
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < n_rows; i++)
#pragma GCC unroll 8
        for (size_t v = 0; v < n_vectors; v++)
            vector_store(c + i * p->ldc + v * LANES, sum[i][v]);
}

/* The last n_rows < TILE_ROWS rows, as constants, so that the sums stay in registers. */
static ALWAYS_INLINE void last_rows(const float *a, size_t row_step, size_t k_step, const float *b,
                                    const struct mlp_product *p, float *restrict c, size_t n_rows,
                                    size_t n_vectors)
{
    switch (n_rows) {
    case 1:
        tile(a, row_step, k_step, b, p, c, 1, n_vectors);
        break;
    case 2:
        tile(a, row_step, k_step, b, p, c, 2, n_vectors);
        break;
    case 3:
        tile(a, row_step, k_step, b, p, c, 3, n_vectors);
        break;
    case 4:
        tile(a, row_step, k_step, b, p, c, 4, n_vectors);
        break;
    case 5:
        tile(a, row_step, k_step, b, p, c, 5, n_vectors);
        break;
    }
}

/* All rows of C for n_vectors vectors of columns from `column` on. */
static ALWAYS_INLINE void columns(const struct mlp_product *p, size_t row_step, size_t k_step,
                                  size_t column, size_t n_vectors)
{
    const float *b = p->b + column;
    float *c = p->c + column;
    size_t i = 0;
    for (; i + TILE_ROWS <= p->m; i += TILE_ROWS)
        tile(p->a + i * row_step, row_step, k_step, b, p, c + i * p->ldc, TILE_ROWS, n_vectors);
    last_rows(p->a + i * row_step, row_step, k_step, b, p, c + i * p->ldc, p->m - i, n_vectors);
}

static ALWAYS_INLINE void product(const struct mlp_product *p, size_t row_step, size_t k_step)
{
    size_t column = 0;
    for (; column + TILE_VECTORS * LANES <= p->n_padded; column += TILE_VECTORS * LANES)
        columns(p, row_step, k_step, column, TILE_VECTORS);
    switch ((p->n_padded - column) / LANES) {
    case 1:
        columns(p, row_step, k_step, column, 1);
        break;
    case 2:
        columns(p, row_step, k_step, column, TILE_VECTORS > 2 ? 2 : 1);
        break;
    case 3:
        columns(p, row_step, k_step, column, TILE_VECTORS > 3 ? 3 : 1);
        break;
    }
}

static void multiply(const struct mlp_product *p)
{
    product(p, p->lda, 1);
}

static void multiply_transposed(const struct mlp_product *p)
{
    product(p, 1, p->lda);
}

static void standardise(const uint8_t *bytes, const float *scale, const float *shift, size_t n,
                        float *restrict out)
{
    for (size_t j = 0; j < n; j++)
        out[j] = (float)bytes[j] * scale[j] + shift[j];
}

union word {
    float real;
    int32_t bits;
};

/* 2^n e^r - 1 parts of e^x: x = n ln 2 + r, |r| <= ln 2 / 2; *power = 2^n; returns e^r - 1. */
static ALWAYS_INLINE float exponential_parts(float x, float *power)
{
    const float magic = 0x1.8p23f; /* adding it rounds to an integer in the low bits */
    union word rounded = {.real = x * 0x1.715476p0f + magic}, scale;
    const float n = rounded.real - magic;
    const float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f; /* ln 2 in two parts */
    scale.bits = (int32_t)((uint32_t)(rounded.bits - 0x4b400000 + 127) << 23);
    *power = scale.real;
    /* The series of e^r - 1 to r^7: the rest is below 2^-27 of it. */
    float s = 1.0f / 5040.0f;
    s = s * r + 1.0f / 720.0f;
    s = s * r + 1.0f / 120.0f;
    s = s * r + 1.0f / 24.0f;
    s = s * r + 1.0f / 6.0f;
    s = s * r + 0.5f;
    return s * (r * r) + r;
}

static ALWAYS_INLINE float clamp(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

static void exponential(float *values, float shift, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        float power;
        const float part = exponential_parts(clamp(values[j] - shift, -87.0f, 88.0f), &power);
        values[j] = part * power + power;
    }
}

/* tanh |x| = t / (t + 2) with t = e^(2 |x|) - 1, which loses nothing near 0. */
static void hyperbolic_tangent(float *values, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        const float size = values[j] < 0.0f ? -values[j] : values[j];
        float power;
        const float part = exponential_parts(2.0f * (size > 10.0f ? 10.0f : size), &power);
        const float t = part * power + (power - 1.0f);
        const float result = t / (t + 2.0f);
        values[j] = values[j] < 0.0f ? -result : result;
    }
}

static void logistic(float *values, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        float power;
        const float part = exponential_parts(clamp(-values[j], -87.0f, 87.0f), &power);
        values[j] = 1.0f / (1.0f + (part * power + power));
    }
}

static void rectify(float *values, size_t n)
{
    for (size_t j = 0; j < n; j++)
        values[j] = values[j] > 0.0f ? values[j] : 0.0f;
}

static void logistic_derivative(const float *delta, float *restrict value, size_t n)
{
    for (size_t j = 0; j < n; j++)
        value[j] = delta[j] * (value[j] * (1.0f - value[j]));
}

static void tanh_derivative(const float *delta, float *restrict value, size_t n)
{
    for (size_t j = 0; j < n; j++)
        value[j] = delta[j] * (1.0f - value[j] * value[j]);
}

static void relu_derivative(const float *delta, float *restrict value, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        const float kept = delta[j]; /* read always, so that the choice needs no branch */
        value[j] = value[j] > 0.0f ? kept : 0.0f;
    }
}

static double adam(const struct mlp_adam *a, size_t n, const float *gradient, float *restrict w,
                   float *restrict m, float *restrict v)
{
    const vector beta_1 = vector_broadcast(a->beta_1), beta_2 = vector_broadcast(a->beta_2);
    const vector rest_1 = vector_broadcast((float)(1.0 - (double)a->beta_1));
    const vector rest_2 = vector_broadcast((float)(1.0 - (double)a->beta_2));
    const vector epsilon = vector_broadcast(a->epsilon), step = vector_broadcast(a->step);
    const vector scale = vector_broadcast(a->gradient_scale), alpha = vector_broadcast(a->alpha);
    vector squares = vector_broadcast(0.0f);
    float lanes[LANES];
    double sum = 0.0;
    for (size_t j = 0; j < n; j += LANES) {
        const vector old = vector_load(w + j);
        const vector g = multiply_add(alpha, old, vector_load(gradient + j)) * scale;
        const vector new_m = multiply_add(beta_1, vector_load(m + j), rest_1 * g);
        const vector new_v = multiply_add(beta_2, vector_load(v + j), rest_2 * (g * g));
        const vector new_w = old - step * new_m / (square_root(new_v) + epsilon);
        vector_store(m + j, new_m);
        vector_store(v + j, new_v);
        vector_store(w + j, new_w);
        squares = multiply_add(new_w, new_w, squares);
    }
    vector_store(lanes, squares);
    for (size_t l = 0; l < LANES; l++)
        sum += (double)lanes[l];
    return sum;
}

const struct mlp_kernels SIMD_NAME(mlp_kernels) = {
    .multiply = multiply,
    .multiply_transposed = multiply_transposed,
    .standardise = standardise,
    .tanh = hyperbolic_tangent,
    .logistic = logistic,
    .relu = rectify,
    .logistic_derivative = logistic_derivative,
    .tanh_derivative = tanh_derivative,
    .relu_derivative = relu_derivative,
    .exponential = exponential,
    .adam = adam,
};
