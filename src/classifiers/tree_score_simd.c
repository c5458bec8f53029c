#include "classifiers/tree_score_simd.h"

#include <string.h>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

/* One vector of floats, of the width of the instruction set. */
#if defined(__AVX512F__)
enum { WIDTH = 16 };
#elif defined(__AVX2__)
enum { WIDTH = 8 };
#else
enum { WIDTH = 4 };
#endif
enum { LANES = BYTE_COLUMNS_LANES, SHORTS = 2 * WIDTH };

typedef float float_v __attribute__((vector_size(4 * WIDTH)));
typedef int32_t int_v __attribute__((vector_size(4 * WIDTH)));
typedef uint16_t short_v __attribute__((vector_size(4 * WIDTH)));
typedef uint16_t half_v __attribute__((vector_size(2 * WIDTH)));

static inline float_v float_all(float x)
{
    return (float_v){0} + x;
}

static inline int_v int_load(const uint32_t *p)
{
    int_v v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline float_v to_float(int_v v)
{
    return __builtin_convertvector(v, float_v);
}

static inline float_v multiply_add(float_v a, float_v b, float_v c)
{
#if defined(__AVX512F__)
    return (float_v)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
    return (float_v)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* Where the mask is all ones a, where it is 0 b. */
static inline float_v choose(int_v mask, float_v a, float_v b)
{
    return (float_v)((mask & (int_v)a) | (~mask & (int_v)b));
}

static inline float_v larger(float_v a, float_v b)
{
    return choose(a > b, a, b);
}

/*
 * x log2 x for x >= 1, and 0 for x = 0. log2(1 + t) = t P(t) on [sqrt(1/2), sqrt(2)], P the
 * Chebyshev interpolation of degree 7: the error is below 1e-7.
 */
static inline float_v weighted_log(float_v x)
{
    const float_v positive = larger(x, float_all(1.0f));
    const int_v bits = (int_v)positive;
    const int_v exponent = (bits - 0x3f3504f3) >> 23; /* 0x3f3504f3: sqrt(1/2) */
    const float_v t = (float_v)(bits - (exponent << 23)) - 1.0f;
    float_v p = float_all(-0.146203534f);
    p = multiply_add(p, t, float_all(0.234209851f));
    p = multiply_add(p, t, float_all(-0.248821806f));
    p = multiply_add(p, t, float_all(0.287075611f));
    p = multiply_add(p, t, float_all(-0.360241986f));
    p = multiply_add(p, t, float_all(0.480924039f));
    p = multiply_add(p, t, float_all(-0.721352759f));
    p = multiply_add(p, t, float_all(1.44269496f));
    return positive * multiply_add(p, t, to_float(exponent));
}

/* Stores the scores of one vector of lanes and keeps the largest. */
static inline float_v store_scores(float *scores, float_v score, int_v left, int_v right,
                                   float_v largest)
{
    score = choose((left > 0) & (right > 0), score, float_all(TREE_NO_SCORE));
    memcpy(scores, &score, sizeof score);
    return larger(score, largest);
}

static inline float largest_of(float_v v)
{
    float largest = v[0];
    for (size_t j = 1; j < WIDTH; j++)
        largest = v[j] > largest ? v[j] : largest;
    return largest;
}

static float gini(float *restrict scores, const struct tree_lanes *lanes)
{
    float_v largest = float_all(TREE_NO_SCORE);
    for (size_t first = 0; first < lanes->n_lanes; first += WIDTH) {
        float_v squares_left = {0}, squares_right = {0};
        int_v weight_left = {0};
        for (size_t c = 0; c < lanes->n_classes; c++) {
            const int_v w = int_load(lanes->left + c * lanes->stride + first);
            const float_v l = to_float(w), r = to_float((int32_t)lanes->totals[c] - w);
            weight_left += w;
            squares_left = multiply_add(l, l, squares_left);
            squares_right = multiply_add(r, r, squares_right);
        }
        const int_v weight_right = (int32_t)lanes->weight - weight_left;
        const float_v l = to_float(weight_left), r = to_float(weight_right);
        const float_v score = (squares_left * r + squares_right * l) / (l * r);
        largest = store_scores(scores + first, score, weight_left, weight_right, largest);
    }
    return largest_of(largest);
}

static float entropy(float *restrict scores, const struct tree_lanes *lanes)
{
    float_v largest = float_all(TREE_NO_SCORE);
    for (size_t first = 0; first < lanes->n_lanes; first += WIDTH) {
        float_v sum = {0};
        int_v weight_left = {0};
        for (size_t c = 0; c < lanes->n_classes; c++) {
            const int_v w = int_load(lanes->left + c * lanes->stride + first);
            weight_left += w;
            sum +=
                weighted_log(to_float(w)) + weighted_log(to_float((int32_t)lanes->totals[c] - w));
        }
        const int_v weight_right = (int32_t)lanes->weight - weight_left;
        const float_v score =
            sum - weighted_log(to_float(weight_left)) - weighted_log(to_float(weight_right));
        largest = store_scores(scores + first, score, weight_left, weight_right, largest);
    }
    return largest_of(largest);
}

/* The state of a scan: class weights on the left, and the squares of both sides. They fit in 16
   bits up to TREE_SCAN_WEIGHT_MAX. */
struct scan {
    short_v left[TREE_CODE_CLASSES_MAX];
    short_v weight_left;
    short_v before_left, before_right, step; /* of the last row: its class before it, its weight */
};

static inline short_v load_keys(const struct tree_sorted *sorted, size_t row, size_t first)
{
    short_v keys;
    memcpy(&keys, &sorted->keys[row][first], sizeof keys);
    return keys;
}

static inline void scan_start(struct scan *s, const struct tree_sorted *sorted)
{
    s->weight_left = (short_v){0};
    for (size_t c = 0; c < sorted->n_classes; c++)
        s->left[c] = (short_v){0};
}

/* Moves a row of keys from right to left; before_* are the weights of its class before that. */
static inline void scan_step(struct scan *s, const struct tree_sorted *sorted, short_v keys)
{
    const short_v step = (keys & 3) + 1, class = keys >> 2 & 63;
    short_v left = {0}, total = {0};
    for (size_t c = 0; c < sorted->n_classes; c++) {
        const short_v here = (short_v)(class == (uint16_t)c);
        left |= s->left[c] & here;
        total |= (uint16_t)sorted->totals[c] & here;
        s->left[c] += step & here;
    }
    s->step = step;
    s->before_left = left;
    s->before_right = total - left;
    s->weight_left += step;
}

static inline int_v widen(short_v v, size_t half)
{
    half_v part;
    memcpy(&part, (const char *)&v + half * sizeof part, sizeof part);
    return __builtin_convertvector(part, int_v);
}

/* Splits are between distinct values, with enough rows on both sides. */
static inline bool is_split(const struct tree_sorted *sorted, size_t n_left)
{
    return n_left >= sorted->min_rows && sorted->n_rows - n_left >= sorted->min_rows;
}

static inline float_v keep_best(float_v best, float_v score, short_v differs, size_t half)
{
    return larger(best, choose(widen(differs, half) != 0, score, float_all(TREE_NO_SCORE)));
}

static void sorted_gini(float *restrict best, const struct tree_sorted *sorted)
{
    uint32_t all_squares = 0;
    for (size_t c = 0; c < sorted->n_classes; c++)
        all_squares += sorted->totals[c] * sorted->totals[c];
    for (size_t first = 0; first < LANES; first += SHORTS) {
        struct scan s;
        short_v squares_left = {0}, squares_right = (short_v){0} + (uint16_t)all_squares;
        float_v bests[2] = {float_all(TREE_NO_SCORE), float_all(TREE_NO_SCORE)};
        scan_start(&s, sorted);
        short_v keys = load_keys(sorted, 0, first);
        for (size_t i = 0; i + 1 < sorted->n_rows; i++) {
            const short_v next = load_keys(sorted, i + 1, first);
            const short_v differs = (keys >> 8) ^ (next >> 8);
            scan_step(&s, sorted, keys);
            squares_left += s.step * (2 * s.before_left + s.step);
            squares_right -= s.step * (2 * s.before_right - s.step);
            keys = next;
            if (!is_split(sorted, i + 1))
                continue;
            for (size_t half = 0; half < 2; half++) {
                /* The products are whole numbers below 2^24. */
                const int_v weight = widen(s.weight_left, half);
                const float_v l = to_float(weight), r = to_float((int32_t)sorted->weight - weight);
                const float_v sum = to_float(widen(squares_left, half)) * r +
                                    to_float(widen(squares_right, half)) * l;
                bests[half] = keep_best(bests[half], sum / (l * r), differs, half);
            }
        }
        memcpy(best + first, bests, sizeof bests);
    }
}

struct weight_logs {
    float w_log_w[TREE_SCAN_WEIGHT_MAX + WIDTH];
};

static inline float_v look_up(const struct weight_logs *logs, int_v w)
{
#if defined(__AVX512F__)
    return (float_v)_mm512_i32gather_ps((__m512i)w, logs->w_log_w, 4);
#elif defined(__AVX2__)
    return (float_v)_mm256_i32gather_ps(logs->w_log_w, (__m256i)w, 4);
#else
    return (float_v){logs->w_log_w[w[0]], logs->w_log_w[w[1]], logs->w_log_w[w[2]],
                     logs->w_log_w[w[3]]};
#endif
}

static void sorted_entropy(float *restrict best, const struct tree_sorted *sorted)
{
    struct weight_logs logs;
    float all = 0;
    for (uint32_t w = 0; w <= sorted->weight; w += WIDTH)
        for (size_t j = 0; j < WIDTH; j++)
            logs.w_log_w[w + j] = (float)(w + j);
    for (uint32_t w = 0; w <= sorted->weight; w += WIDTH) {
        float_v x;
        memcpy(&x, &logs.w_log_w[w], sizeof x);
        x = weighted_log(x);
        memcpy(&logs.w_log_w[w], &x, sizeof x);
    }
    for (size_t c = 0; c < sorted->n_classes; c++)
        all += logs.w_log_w[sorted->totals[c]];
    for (size_t first = 0; first < LANES; first += SHORTS) {
        struct scan s;
        float_v sums[2] = {float_all(all), float_all(all)};
        float_v bests[2] = {float_all(TREE_NO_SCORE), float_all(TREE_NO_SCORE)};
        scan_start(&s, sorted);
        short_v keys = load_keys(sorted, 0, first);
        for (size_t i = 0; i + 1 < sorted->n_rows; i++) {
            const short_v next = load_keys(sorted, i + 1, first);
            const short_v differs = (keys >> 8) ^ (next >> 8);
            scan_step(&s, sorted, keys);
            keys = next;
            for (size_t half = 0; half < 2; half++) {
                const int_v l = widen(s.before_left, half), r = widen(s.before_right, half);
                const int_v step = widen(s.step, half), weight = widen(s.weight_left, half);
                sums[half] += (look_up(&logs, l + step) - look_up(&logs, l)) +
                              (look_up(&logs, r - step) - look_up(&logs, r));
                if (is_split(sorted, i + 1))
                    bests[half] = keep_best(bests[half],
                                            sums[half] - look_up(&logs, weight) -
                                                look_up(&logs, (int32_t)sorted->weight - weight),
                                            differs, half);
            }
        }
        memcpy(best + first, bests, sizeof bests);
    }
}

const struct tree_score_kernels SIMD_NAME(tree_score_kernels) = {
    .gini = gini,
    .entropy = entropy,
    .sorted_gini = sorted_gini,
    .sorted_entropy = sorted_entropy,
};
