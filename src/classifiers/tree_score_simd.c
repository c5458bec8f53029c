#include "classifiers/tree_score_simd.h"

#include <string.h>

enum { WIDTH = 16, LANES = BYTE_COLUMNS_LANES };

#ifdef __FMA__
#define MULTIPLY_ADD(a, b, c) __builtin_fmaf((a), (b), (c))
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

/*
 * x log2 x for x >= 1, and 0 for x = 0. log2(1 + t) = t P(t) on [sqrt(1/2), sqrt(2)], P the
 * Chebyshev interpolation of degree 7: the error is below 1e-7.
 */
static inline float weighted_log(float x)
{
    const float positive = x < 1.0f ? 1.0f : x;
    int32_t bits;
    memcpy(&bits, &positive, sizeof bits);
    const int32_t sqrt_half_bits = 0x3f3504f3;
    const int32_t exponent = (bits - sqrt_half_bits) >> 23;
    const int32_t mantissa_bits = bits - exponent * (1 << 23);
    float mantissa;
    memcpy(&mantissa, &mantissa_bits, sizeof mantissa);
    const float t = mantissa - 1.0f;
    float p = -0.146203534f;
    p = MULTIPLY_ADD(p, t, 0.234209851f);
    p = MULTIPLY_ADD(p, t, -0.248821806f);
    p = MULTIPLY_ADD(p, t, 0.287075611f);
    p = MULTIPLY_ADD(p, t, -0.360241986f);
    p = MULTIPLY_ADD(p, t, 0.480924039f);
    p = MULTIPLY_ADD(p, t, -0.721352759f);
    p = MULTIPLY_ADD(p, t, 1.44269496f);
    return positive * MULTIPLY_ADD(p, t, (float)exponent);
}

static void gini(float *restrict scores, const struct tree_lanes *lanes)
{
    for (size_t first = 0; first < lanes->n_lanes; first += WIDTH) {
        float squares_left[WIDTH] = {0}, squares_right[WIDTH] = {0};
        int32_t weight_left[WIDTH] = {0};
        for (size_t c = 0; c < lanes->n_classes; c++) {
            const uint32_t *left = lanes->left + c * lanes->stride + first;
            const int32_t total = (int32_t)lanes->totals[c];
            for (size_t j = 0; j < WIDTH; j++) {
                const int32_t w = (int32_t)left[j];
                const float l = (float)w, r = (float)(total - w);
                weight_left[j] += w;
                squares_left[j] = MULTIPLY_ADD(l, l, squares_left[j]);
                squares_right[j] = MULTIPLY_ADD(r, r, squares_right[j]);
            }
        }
        for (size_t j = 0; j < WIDTH; j++) {
            const int32_t l = weight_left[j], r = (int32_t)lanes->weight - l;
            const float score = squares_left[j] / (float)l + squares_right[j] / (float)r;
            scores[first + j] = (l != 0) & (r != 0) ? score : TREE_NO_SCORE;
        }
    }
}

static void entropy(float *restrict scores, const struct tree_lanes *lanes)
{
    for (size_t first = 0; first < lanes->n_lanes; first += WIDTH) {
        float sums[WIDTH] = {0};
        int32_t weight_left[WIDTH] = {0};
        for (size_t c = 0; c < lanes->n_classes; c++) {
            const uint32_t *left = lanes->left + c * lanes->stride + first;
            const int32_t total = (int32_t)lanes->totals[c];
            for (size_t j = 0; j < WIDTH; j++) {
                const int32_t w = (int32_t)left[j];
                weight_left[j] += w;
                sums[j] += weighted_log((float)w) + weighted_log((float)(total - w));
            }
        }
        for (size_t j = 0; j < WIDTH; j++) {
            const int32_t l = weight_left[j], r = (int32_t)lanes->weight - l;
            const float score = sums[j] - weighted_log((float)l) - weighted_log((float)r);
            scores[first + j] = (l != 0) & (r != 0) ? score : TREE_NO_SCORE;
        }
    }
}

/* The state of a scan: class weights on the left, and the squares of both sides. They fit in 16
   bits up to TREE_SCAN_WEIGHT_MAX. */
struct scan {
    uint16_t left[TREE_CODE_CLASSES_MAX][LANES];
    uint16_t weight_left[LANES];
    uint16_t squares_left[LANES], squares_right[LANES]; /* gini */
    uint16_t before_left[LANES], before_right[LANES], step[LANES];
};

static void scan_start(struct scan *s, const struct tree_sorted *sorted)
{
    uint32_t squares = 0;
    for (size_t c = 0; c < sorted->n_classes; c++)
        squares += sorted->totals[c] * sorted->totals[c];
    memset(s->left, 0, sorted->n_classes * sizeof *s->left);
    for (size_t lane = 0; lane < LANES; lane++) {
        s->weight_left[lane] = s->squares_left[lane] = 0;
        s->squares_right[lane] = (uint16_t)squares;
    }
}

/* Moves a row of keys from right to left; before_* are the weights of its class before that. */
static inline void scan_step(struct scan *restrict s, const struct tree_sorted *sorted,
                             const uint16_t *restrict keys)
{
    uint16_t class[LANES], left[LANES] = {0}, total[LANES] = {0}, step[LANES];
    for (size_t lane = 0; lane < LANES; lane++) {
        step[lane] = (uint16_t)((keys[lane] & 3) + 1);
        class[lane] = (uint16_t)(keys[lane] >> 2 & 63);
    }
    for (size_t c = 0; c < sorted->n_classes; c++) {
        const uint16_t class_total = (uint16_t)sorted->totals[c];
        for (size_t lane = 0; lane < LANES; lane++) {
            const uint16_t here = class[lane] == (uint16_t)c ? 0xffff : 0;
            left[lane] = (uint16_t)(left[lane] | (s->left[c][lane] & here));
            total[lane] = (uint16_t)(total[lane] | (class_total & here));
            s->left[c][lane] = (uint16_t)(s->left[c][lane] + (step[lane] & here));
        }
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        s->step[lane] = step[lane];
        s->before_left[lane] = left[lane];
        s->before_right[lane] = (uint16_t)(total[lane] - left[lane]);
        s->weight_left[lane] = (uint16_t)(s->weight_left[lane] + step[lane]);
    }
}

static inline void keep_best(float *restrict best, const float *restrict scores,
                             const uint16_t *restrict keys, const uint16_t *restrict next)
{
    for (size_t lane = 0; lane < LANES; lane++) {
        const float score = keys[lane] >> 8 != next[lane] >> 8 ? scores[lane] : TREE_NO_SCORE;
        best[lane] = score > best[lane] ? score : best[lane];
    }
}

static void sorted_gini(float *restrict best, const struct tree_sorted *sorted)
{
    struct scan s;
    scan_start(&s, sorted);
    for (size_t lane = 0; lane < LANES; lane++)
        best[lane] = TREE_NO_SCORE;
    for (size_t i = 0; i + 1 < sorted->n_rows; i++) {
        float scores[LANES];
        scan_step(&s, sorted, sorted->keys[i]);
        for (size_t lane = 0; lane < LANES; lane++) {
            const uint16_t w = s.step[lane], l = s.before_left[lane], r = s.before_right[lane];
            s.squares_left[lane] = (uint16_t)(s.squares_left[lane] + w * (2 * l + w));
            s.squares_right[lane] = (uint16_t)(s.squares_right[lane] - w * (2 * r - w));
        }
        if (i + 1 < sorted->min_rows || sorted->n_rows - (i + 1) < sorted->min_rows)
            continue;
        for (size_t lane = 0; lane < LANES; lane++) {
            /* The products are whole numbers below 2^24. */
            const float l = (float)(int32_t)s.weight_left[lane];
            const float r = (float)((int32_t)sorted->weight - s.weight_left[lane]);
            scores[lane] = ((float)(int32_t)s.squares_left[lane] * r +
                            (float)(int32_t)s.squares_right[lane] * l) /
                           (l * r);
        }
        keep_best(best, scores, sorted->keys[i], sorted->keys[i + 1]);
    }
}

static void sorted_entropy(float *restrict best, const struct tree_sorted *sorted)
{
    struct scan s;
    float logs[TREE_SCAN_WEIGHT_MAX + 1], sums[LANES] = {0};
    scan_start(&s, sorted);
    for (uint32_t w = 0; w <= sorted->weight; w++)
        logs[w] = weighted_log((float)(int32_t)w);
    for (size_t c = 0; c < sorted->n_classes; c++)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += logs[sorted->totals[c]];
    for (size_t lane = 0; lane < LANES; lane++)
        best[lane] = TREE_NO_SCORE;
    for (size_t i = 0; i + 1 < sorted->n_rows; i++) {
        float scores[LANES];
        scan_step(&s, sorted, sorted->keys[i]);
        for (size_t lane = 0; lane < LANES; lane++) {
            const uint32_t w = s.step[lane], l = s.before_left[lane], r = s.before_right[lane];
            sums[lane] += logs[l + w] - logs[l] + logs[r - w] - logs[r];
        }
        if (i + 1 < sorted->min_rows || sorted->n_rows - (i + 1) < sorted->min_rows)
            continue;
        for (size_t lane = 0; lane < LANES; lane++) {
            const uint32_t l = s.weight_left[lane];
            scores[lane] = sums[lane] - logs[l] - logs[sorted->weight - l];
        }
        keep_best(best, scores, sorted->keys[i], sorted->keys[i + 1]);
    }
}

const struct tree_score_kernels SIMD_NAME(tree_score_kernels) = {
    .gini = gini,
    .entropy = entropy,
    .sorted_gini = sorted_gini,
    .sorted_entropy = sorted_entropy,
};
