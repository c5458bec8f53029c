/* The regression trees of gradient boosting and their kernels, against straight computation. */
#include "base/memory.h"
#include "classifiers/gradient_boosting_simd.h"
#include "classifiers/gradient_boosting_tree.h"
#include "numerics/simd.h"
#include "test_tree_helpers.h"

#include <math.h>
#include <stdlib.h>

static struct made_data train;
static double residuals[MADE_ROWS_MAX], raw[MADE_ROWS_MAX];

static const double STEP_FACTOR = 0.75, RATE = 0.1;

/* A tree and the rows of one of its nodes. */
struct checker {
    const struct boosting_tree *tree;
    size_t max_depth;
    uint32_t rows[MADE_ROWS_MAX];
};

static uint8_t byte_of(uint32_t row, size_t feature)
{
    return train.bytes[row * train.x.n_features + feature];
}

/* Friedman's gain times the rows of the node; -1 when a side has no rows. */
static double gain_of(const uint32_t *rows, size_t n, size_t feature, unsigned threshold)
{
    double left = 0, right = 0, n_left = 0, n_right = 0;
    for (size_t i = 0; i < n; i++) {
        const bool goes_left = byte_of(rows[i], feature) <= threshold;
        *(goes_left ? &left : &right) += residuals[rows[i]];
        *(goes_left ? &n_left : &n_right) += 1;
    }
    if (n_left == 0 || n_right == 0)
        return -1;
    const double difference = left / n_left - right / n_right;
    return difference * difference * n_left * n_right / (double)n;
}

static double best_gain(const uint32_t *rows, size_t n)
{
    double best = -1;
    for (size_t f = 0; f < train.x.n_features; f++) {
        bool occurs[256] = {false};
        for (size_t i = 0; i < n; i++)
            occurs[byte_of(rows[i], f)] = true;
        for (unsigned v = 0; v < 256; v++)
            if (occurs[v])
                best = fmax(best, gain_of(rows, n, f, v));
    }
    return best;
}

static double variance_of(const uint32_t *rows, size_t n)
{
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += residuals[rows[i]] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += pow(residuals[rows[i]] - mean, 2);
    return squares / (double)n;
}

static void check_leaf(const struct checker *c, const struct boosting_node *node, size_t depth,
                       const uint32_t *rows, size_t n)
{
    double sum = 0, curvature = 0;
    cr_assert(depth == c->max_depth || n == 1 || variance_of(rows, n) < 0x1.1p-52 ||
                  best_gain(rows, n) == -1,
              "depth %zu, %zu rows", depth, n);
    for (size_t i = 0; i < n; i++) {
        const double r = fabs(residuals[rows[i]]);
        sum += residuals[rows[i]];
        curvature += r * (1 - r);
    }
    const double value = curvature > 0 ? STEP_FACTOR * sum / curvature : 0;
    cr_assert_lt(node->value, c->tree->n_leaves);
    cr_assert_float_eq(c->tree->values[node->value], value, 1e-9 + 1e-9 * fabs(value));
    for (size_t i = 0; i < n; i++)
        cr_assert_float_eq(raw[rows[i]], rows[i] + RATE * value, 1e-9 + 1e-9 * fabs(value));
}

/* The threshold lies halfway between two values of the node. */
static void check_middle(const struct boosting_node *node, const uint32_t *rows, size_t n)
{
    unsigned below = 0, above = 255;
    for (size_t i = 0; i < n; i++) {
        const unsigned v = byte_of(rows[i], node->value);
        if (v <= node->threshold)
            below = v > below ? v : below;
        else
            above = v < above ? v : above;
    }
    cr_assert_eq(node->threshold, (below + above) / 2);
}

/* rows is part of c->rows, and is put into the order of the children. */
static void check_node(const struct checker *c, uint32_t index, size_t depth, uint32_t *rows,
                       size_t n)
{
    const struct boosting_node *node = &c->tree->nodes[index];
    if (!node->left) {
        check_leaf(c, node, depth, rows, n);
        return;
    }
    cr_assert(n > 1 && depth < c->max_depth && variance_of(rows, n) > 0x1.fp-53);
    const double gain = gain_of(rows, n, node->value, node->threshold);
    const double best = best_gain(rows, n);
    /* What rounding the residuals to multiples of 2^-30, or these sums to doubles, may hide. */
    const double deviation = sqrt(variance_of(rows, n));
    cr_assert_geq(gain, best - 4 * (double)n * deviation * (0x1p-30 + 1e-12), "depth %zu, %zu rows",
                  depth, n);
    check_middle(node, rows, n);
    size_t n_left = 0;
    for (size_t i = 0; i < n; i++)
        if (byte_of(rows[i], node->value) <= node->threshold) {
            const uint32_t row = rows[i];
            rows[i] = rows[n_left];
            rows[n_left++] = row;
        }
    check_node(c, node->left, depth + 1, rows, n_left);
    check_node(c, node->left + 1, depth + 1, rows + n_left, n - n_left);
}

static struct boosting_tree grow(size_t max_depth)
{
    struct boosting_data data;
    struct boosting_grower *grower;
    struct boosting_tree tree;
    const struct boosting_target target = {
        .residuals = residuals, .step_factor = STEP_FACTOR, .rate = RATE, .raw = raw, .key = 5};
    for (size_t i = 0; i < train.x.n_rows; i++)
        raw[i] = (double)i;
    cr_assert_eq(boosting_data_create(&data, &train.x, NULL), STATUS_OK);
    cr_assert_eq(boosting_grower_create(&grower, &data, max_depth, NULL), STATUS_OK);
    cr_assert_eq(boosting_grower_grow(grower, &tree, &target, NULL), STATUS_OK);
    boosting_grower_destroy(grower);
    boosting_data_destroy(&data);
    return tree;
}

static void check_tree(size_t max_depth)
{
    static struct checker c;
    struct boosting_tree tree = grow(max_depth);
    c.tree = &tree;
    c.max_depth = max_depth;
    for (size_t i = 0; i < train.x.n_rows; i++)
        c.rows[i] = (uint32_t)i;
    check_node(&c, 0, 0, c.rows, train.x.n_rows);
    cr_assert_eq(tree.n_nodes, 2 * tree.n_leaves - 1);
    double sums[MADE_ROWS_MAX];
    for (size_t i = 0; i < train.x.n_rows; i++)
        sums[i] = (double)i;
    boosting_tree_add(&tree, train.bytes, train.x.n_rows, train.x.n_features, RATE, sums, 1);
    for (size_t i = 0; i < train.x.n_rows; i++)
        cr_assert_eq(sums[i], raw[i]);
    boosting_tree_destroy(&tree);
}

/* Residuals of any value; of two values, as in a first stage; tiny but for a few. */
static void set_residuals(int kind)
{
    struct rng rng = rng_create(99, (uint64_t)kind);
    for (size_t i = 0; i < train.x.n_rows; i++) {
        const double p = rng_uniform(&rng);
        residuals[i] = (train.y[i] == 0) - (kind == 1 ? 0.1 : p);
        if (kind == 2 && rng_below(&rng, 50))
            residuals[i] *= 1e-6;
    }
}

Test(gradient_boosting_tree, splits_and_leaves, .timeout = 60)
{
    static const struct {
        size_t n_rows, n_features, n_levels;
    } shapes[] = {{1200, 41, 256}, {700, 67, 30}, {90, 130, 5},
                  {300, 3, 2},     {2, 9, 256},   {1, 1, 2}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int kind = 0; kind < 3; kind++) {
            made_random(&train, s, shapes[s].n_rows, shapes[s].n_features, 3,
                        (uint32_t)shapes[s].n_levels);
            set_residuals(kind);
            check_tree(1);
            check_tree(3);
            check_tree(50);
        }
}

/* A node of equal residuals is a leaf although its features vary; one that differs is split off. */
Test(gradient_boosting_tree, what_is_pure, .timeout = 20)
{
    made_random(&train, 3, 400, 20, 3, 256);
    for (size_t i = 0; i < 400; i++)
        residuals[i] = -0.3;
    struct boosting_tree tree = grow(50);
    cr_assert_eq(tree.n_nodes, 1);
    boosting_tree_destroy(&tree);
    for (size_t i = 0; i < 400; i++)
        residuals[i] = -0.3 + (i % 2 ? 1e-8 : -1e-8); /* below the square root of 2^-52 */
    tree = grow(50);
    cr_assert_eq(tree.n_nodes, 1);
    boosting_tree_destroy(&tree);
    for (size_t i = 0; i < 400; i++)
        residuals[i] = -0.3 + (i % 2 ? 1e-7 : -1e-7);
    tree = grow(50);
    cr_assert_gt(tree.n_nodes, 100);
    boosting_tree_destroy(&tree);
}

/* Features that tie are chosen at random, and by the node. */
Test(gradient_boosting_tree, ties, .timeout = 20)
{
    size_t counts[20] = {0}, n_used = 0;
    struct rng rng = rng_create(1, 1);
    for (size_t i = 0; i < 1000; i++) {
        memset(train.bytes + 20 * i, (int)rng_below(&rng, 256), 20);
        residuals[i] = rng_uniform(&rng) - 0.5;
    }
    made_finish(&train, 1000, 20, 2);
    struct boosting_tree tree = grow(50);
    for (size_t i = 0; i < tree.n_nodes; i++)
        if (tree.nodes[i].left)
            counts[tree.nodes[i].value]++;
    for (size_t f = 0; f < 20; f++)
        n_used += counts[f] > 0 && counts[f] < 40;
    cr_assert_eq(n_used, 20);
    boosting_tree_destroy(&tree);
}

/* Sums as large as they get: feature 1 tells the signs apart. */
static void check_large_residuals(size_t n)
{
    enum { FEATURES = 3 };
    uint8_t *bytes = memory_array(2 * n, FEATURES), *columns = bytes + n * FEATURES;
    double *large = memory_zeroed(2 * n, sizeof *large), *sums = large + n;
    const struct features x = {
        .n_rows = n, .n_features = FEATURES, .bytes = bytes, .columns = columns};
    struct boosting_data data;
    struct boosting_grower *grower;
    struct boosting_tree tree;
    const struct boosting_target target = {
        .residuals = large, .step_factor = 1, .rate = 1, .raw = sums, .key = 1};
    struct rng rng = rng_create(6, 0);
    cr_assert(bytes && large);
    for (size_t i = 0; i < n; i++) {
        large[i] = i % 4 ? 0.999 : -0.999;
        bytes[i * FEATURES] = (uint8_t)rng_below(&rng, 256);
        bytes[i * FEATURES + 1] = (uint8_t)(rng_below(&rng, 100) + (i % 4 ? 100 : 0));
        bytes[i * FEATURES + 2] = i % 3 > 0;
        for (size_t j = 0; j < FEATURES; j++)
            columns[j * n + i] = bytes[i * FEATURES + j];
    }
    cr_assert_eq(boosting_data_create(&data, &x, NULL), STATUS_OK);
    cr_assert_eq(boosting_grower_create(&grower, &data, 50, NULL), STATUS_OK);
    cr_assert_eq(boosting_grower_grow(grower, &tree, &target, NULL), STATUS_OK);
    cr_assert_eq(tree.n_nodes, 3);
    cr_assert(tree.nodes[0].value == 1 && tree.nodes[0].threshold == 99);
    for (size_t i = 0; i < n; i++)
        cr_assert_float_eq(sums[i], large[i] / (0.999 * 0.001), 1e-9);
    boosting_tree_destroy(&tree);
    boosting_grower_destroy(grower);
    boosting_data_destroy(&data);
    memory_free(large);
    memory_free(bytes);
}

Test(gradient_boosting_tree, more_rows_than_16_bits_count, .timeout = 20)
{
    check_large_residuals(140000);
}

Test(gradient_boosting_tree, more_rows_than_22_bits_count, .timeout = 60)
{
    check_large_residuals(((size_t)1 << 22) + 5);
}

Test(gradient_boosting_tree, too_many_rows, .timeout = 10)
{
    const struct features x = {.n_rows = (size_t)BOOSTING_ROWS_MAX + 1, .n_features = 3};
    struct boosting_data data;
    cr_assert_eq(boosting_data_create(&data, &x, NULL), STATUS_DATA);
}

Test(gradient_boosting_tree, instruction_sets_grow_the_same_tree, .timeout = 60)
{
    made_random(&train, 9, 1500, 203, 3, 256);
    set_residuals(0);
    struct boosting_tree first = {.n_nodes = 0};
    for (int level = (int)simd_level(); level >= 0; level--) {
        setenv("FMBENCH_SIMD", simd_level_name((enum simd_level)level), 1);
        struct boosting_tree tree = grow(50);
        if (!first.n_nodes) {
            first = tree;
            continue;
        }
        cr_assert_eq(tree.n_nodes, first.n_nodes);
        for (size_t i = 0; i < tree.n_nodes; i++)
            cr_assert(tree.nodes[i].left == first.nodes[i].left &&
                      tree.nodes[i].value == first.nodes[i].value &&
                      (!tree.nodes[i].left || tree.nodes[i].threshold == first.nodes[i].threshold));
        cr_assert_eq(memcmp(tree.values, first.values, first.n_leaves * sizeof *first.values), 0);
        boosting_tree_destroy(&tree);
    }
    boosting_tree_destroy(&first);
}
