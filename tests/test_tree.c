#include "classifiers/tree.h"
#include "numerics/simd.h"
#include "test_tree_helpers.h"

#include <math.h>
#include <stdlib.h>

static struct made_data train;

static void use_level(int level)
{
    setenv("FMBENCH_SIMD", simd_level_name((enum simd_level)level), 1);
}

/* The formulas of tree.h, straight. */
static double score_of(enum tree_criterion criterion, const double *left, const double *right,
                       size_t n_classes)
{
    double w_left = 0, w_right = 0, sum_left = 0, sum_right = 0;
    for (size_t c = 0; c < n_classes; c++) {
        w_left += left[c];
        w_right += right[c];
        if (criterion == TREE_GINI) {
            sum_left += left[c] * left[c];
            sum_right += right[c] * right[c];
        } else {
            sum_left += left[c] > 0 ? left[c] * log2(left[c]) : 0;
            sum_right += right[c] > 0 ? right[c] * log2(right[c]) : 0;
        }
    }
    if (criterion == TREE_GINI)
        return sum_left / w_left + sum_right / w_right;
    return (sum_left - w_left * log2(w_left)) + (sum_right - w_right * log2(w_right));
}

struct checker {
    const struct tree *tree;
    const struct tree_options *options;
    const uint16_t *weights; /* NULL: all 1 */
    const uint32_t *rows;    /* of the node */
    size_t n_rows;
};

static double weight_of(const struct checker *c, uint32_t row)
{
    return c->weights ? c->weights[row] : 1;
}

/* The score of feature <= threshold; -INFINITY when it leaves too few rows on a side. */
static double score_threshold(const struct checker *c, size_t feature, unsigned threshold)
{
    double left[256] = {0}, right[256] = {0};
    size_t n_left = 0;
    for (size_t i = 0; i < c->n_rows; i++) {
        const uint32_t row = c->rows[i];
        const bool goes_left = train.bytes[row * train.x.n_features + feature] <= threshold;
        n_left += goes_left;
        (goes_left ? left : right)[train.y[row]] += weight_of(c, row);
    }
    if (n_left < c->options->min_samples_leaf || c->n_rows - n_left < c->options->min_samples_leaf)
        return -INFINITY;
    return score_of(c->options->criterion, left, right, c->tree->n_classes);
}

static bool is_present(const struct checker *c, size_t feature, unsigned value)
{
    for (size_t i = 0; i < c->n_rows; i++)
        if (train.bytes[c->rows[i] * train.x.n_features + feature] == value)
            return true;
    return false;
}

/* The best score of all features, and the first midpoint of `feature` that reaches it. */
static double best_by_force(const struct checker *c, size_t feature, unsigned *midpoint)
{
    double best = -INFINITY, best_of_feature = -INFINITY;
    for (size_t f = 0; f < train.x.n_features; f++)
        for (unsigned value = 0, next; value < 255; value = next) {
            for (next = value + 1; next < 256 && !is_present(c, f, next);)
                next++;
            if (next == 256 || !is_present(c, f, value))
                continue;
            const double score = score_threshold(c, f, value);
            best = score > best ? score : best;
            if (f == feature && score > best_of_feature) {
                best_of_feature = score;
                *midpoint = (value + next) / 2;
            }
        }
    return best;
}

static void check_leaf(const struct checker *c, const struct tree_node *node, const double *weights)
{
    for (size_t k = 0; k < c->tree->n_classes; k++) {
        const double got = !node->is_pure
                               ? c->tree->distributions[node->value * c->tree->n_classes + k]
                           : k == node->label ? node->value
                                              : 0;
        cr_assert_eq(got, weights[k]);
    }
}

static void check_node(const struct checker *c, uint32_t at)
{
    const struct tree_node *node = &c->tree->nodes[at];
    double weights[256] = {0};
    unsigned midpoint = 0;
    size_t label = 0, n_present = 0;
    for (size_t i = 0; i < c->n_rows; i++)
        weights[train.y[c->rows[i]]] += weight_of(c, c->rows[i]);
    for (size_t k = 0; k < c->tree->n_classes; k++) {
        label = weights[k] > weights[label] ? k : label;
        n_present += weights[k] > 0;
    }
    cr_assert_eq(node->label, label);
    cr_assert_eq(node->is_pure, n_present == 1);
    const double best = best_by_force(c, node->left ? node->value : 0, &midpoint);
    if (n_present == 1 || c->n_rows < c->options->min_samples_split || best == -INFINITY) {
        cr_assert_eq(node->left, 0);
        check_leaf(c, node, weights);
        return;
    }
    cr_assert_neq(node->left, 0, "%zu rows, %zu classes, best %g", c->n_rows, n_present, best);
    cr_assert_eq(score_threshold(c, node->value, node->threshold), best);
    cr_assert_eq(node->threshold, midpoint);
    uint32_t rows[2][MADE_ROWS_MAX];
    size_t n[2] = {0, 0};
    for (size_t i = 0; i < c->n_rows; i++) {
        const uint8_t byte = train.bytes[c->rows[i] * train.x.n_features + node->value];
        const bool side = byte > node->threshold;
        rows[side][n[side]++] = c->rows[i];
    }
    for (uint32_t side = 0; side < 2; side++) {
        struct checker child = *c;
        child.rows = rows[side];
        child.n_rows = n[side];
        check_node(&child, node->left + side);
    }
}

static void check_tree(const struct tree_options *options, const uint16_t *weights)
{
    struct tree_data data;
    struct tree tree;
    uint32_t rows[MADE_ROWS_MAX];
    size_t n_rows = 0;
    for (uint32_t i = 0; i < train.x.n_rows; i++)
        if (!weights || weights[i] > 0)
            rows[n_rows++] = i;
    cr_assert_eq(tree_data_create(&data, &train.set, false, NULL), STATUS_OK);
    cr_assert_eq(tree_grow(&tree, &data, options, weights, 7, NULL), STATUS_OK);
    const struct checker checker = {&tree, options, weights, rows, n_rows};
    check_node(&checker, 0);
    tree_destroy(&tree);
    tree_data_destroy(&data);
}

/* Every node of many trees against all features and thresholds, tried one by one. */
Test(tree, splits_are_the_best_there_are, .timeout = 60)
{
    static const struct {
        size_t n_rows, n_features, n_classes;
        uint32_t n_levels;
        size_t min_samples_leaf;
        bool is_weighted;
    } cases[] = {
        {1, 3, 2, 2, 1, false},      {2, 1, 2, 2, 1, false},     {30, 9, 3, 2, 1, false},
        {64, 33, 10, 256, 1, false}, {65, 20, 4, 256, 1, true},  {60, 40, 3, 5, 1, true},
        {150, 10, 20, 40, 1, false}, {300, 6, 2, 256, 1, true},  {120, 12, 5, 9, 4, false},
        {120, 12, 5, 200, 4, true},  {90, 5, 90, 256, 1, false}, {256, 2, 256, 256, 1, true},
        {700, 3, 3, 3, 9, false},    {400, 5, 3, 256, 1, false}};
    for (int level = 0; level <= (int)simd_level(); level++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            for (int criterion = TREE_GINI; criterion <= TREE_ENTROPY; criterion++) {
                uint16_t weights[MADE_ROWS_MAX];
                struct rng rng = rng_create(i, 1);
                use_level(level);
                made_random(&train, i, cases[i].n_rows, cases[i].n_features, cases[i].n_classes,
                            cases[i].n_levels);
                for (size_t row = 0; row < cases[i].n_rows; row++)
                    weights[row] = (uint16_t)rng_below(&rng, row % 10 == 0 ? 9 : 3);
                weights[0] = 1;
                const struct tree_options options = {
                    .criterion = (enum tree_criterion)criterion,
                    .splitter = TREE_BEST,
                    .max_depth = SIZE_MAX,
                    .min_samples_split = 2 + i % 3,
                    .min_samples_leaf = cases[i].min_samples_leaf,
                    .max_features = cases[i].n_features,
                };
                check_tree(&options, cases[i].is_weighted ? weights : NULL);
                unsetenv("FMBENCH_SIMD");
            }
}

static struct tree grow_random(uint64_t key, size_t max_features)
{
    const struct tree_options options = {.splitter = TREE_RANDOM,
                                         .max_depth = 1,
                                         .min_samples_split = 2,
                                         .min_samples_leaf = 1,
                                         .max_features = max_features};
    struct tree_data data;
    struct tree tree;
    cr_assert_eq(tree_data_create(&data, &train.set, false, NULL), STATUS_OK);
    cr_assert_eq(tree_grow(&tree, &data, &options, NULL, key, NULL), STATUS_OK);
    tree_data_destroy(&data);
    return tree;
}

/* Thresholds are uniform between the least and the largest value, also below 255 distinct values.
 */
Test(tree, random_thresholds_are_uniform, .timeout = 20)
{
    enum { TREES = 20000, BINS = 100, LOW = 50 };
    size_t counts[BINS] = {0};
    train.bytes[0] = LOW;
    train.bytes[1] = LOW + BINS;
    train.y[0] = 0;
    train.y[1] = 1;
    made_finish(&train, 2, 1, 2);
    for (uint64_t key = 0; key < TREES; key++) {
        struct tree tree = grow_random(key, 1);
        cr_assert(tree.nodes[0].left && tree.nodes[0].threshold >= LOW &&
                  tree.nodes[0].threshold < LOW + BINS);
        counts[tree.nodes[0].threshold - LOW]++;
        tree_destroy(&tree);
    }
    double chi_squared = 0;
    for (size_t bin = 0; bin < BINS; bin++) {
        const double off = (double)counts[bin] - TREES / (double)BINS;
        chi_squared += off * off / (TREES / (double)BINS);
    }
    cr_assert_lt(chi_squared, 149, "chi squared %g with 99 degrees of freedom", chi_squared);
}

/* Of random thresholds the best one wins: only feature 2 can separate the classes. */
Test(tree, random_splitter_takes_the_best_feature, .timeout = 20)
{
    made_random(&train, 3, 200, 60, 2, 256);
    for (size_t i = 0; i < 200; i++)
        train.bytes[i * 60 + 2] = train.y[i] ? 255 : 0;
    made_finish(&train, 200, 60, 2);
    for (uint64_t key = 0; key < 20; key++)
        for (size_t max_features = 59; max_features <= 60; max_features++) {
            struct tree tree = grow_random(key, max_features);
            if (max_features == 60)
                cr_assert_eq(tree.nodes[0].value, 2);
            else if (tree.nodes[0].value == 2)
                cr_assert_eq(tree.n_leaves, 2);
            tree_destroy(&tree);
        }
}

/*
 * Of 10 features one is the class, one is noise, 8 are constant; 2 are drawn. Constant ones count
 * as drawn, but drawing goes on until one is not: P(class) = 1/45 + 44/45 / 2 = 0.511. It would be
 * 1 if they did not count. scikit-learn 1.2.1 has 0.52 in 2000 trees (max_features=2, max_depth=1).
 */
Test(tree, constant_features_count_as_drawn, .timeout = 20)
{
    enum { TREES = 4000 };
    size_t n_class = 0;
    struct rng rng = rng_create(1, 1);
    memset(train.bytes, 9, 100 * 10);
    for (size_t i = 0; i < 100; i++) {
        train.y[i] = i % 2;
        train.bytes[i * 10] = (uint8_t)(i % 2);
        train.bytes[i * 10 + 1] = (uint8_t)rng_below(&rng, 256);
    }
    made_finish(&train, 100, 10, 2);
    for (uint64_t key = 0; key < TREES; key++) {
        struct tree tree = grow_random(key, 2);
        cr_assert(tree.nodes[0].left && tree.nodes[0].value < 2);
        n_class += tree.nodes[0].value == 0;
        tree_destroy(&tree);
    }
    cr_assert_float_eq((double)n_class / TREES, 0.511, 0.03);
}

/* Ties between features are broken at random, evenly. */
Test(tree, tied_features_win_equally_often, .timeout = 20)
{
    enum { TREES = 3000, FEATURES = 6 };
    size_t wins[FEATURES] = {0};
    for (size_t i = 0; i < 100; i++) {
        train.y[i] = i % 2;
        memset(train.bytes + i * FEATURES, i % 2 ? 200 : 3, FEATURES);
    }
    made_finish(&train, 100, FEATURES, 2);
    struct tree_data data;
    cr_assert_eq(tree_data_create(&data, &train.set, false, NULL), STATUS_OK);
    const struct tree_options options = {.splitter = TREE_BEST,
                                         .max_depth = 1,
                                         .min_samples_split = 2,
                                         .min_samples_leaf = 1,
                                         .max_features = FEATURES};
    for (uint64_t key = 0; key < TREES; key++) {
        struct tree tree;
        cr_assert_eq(tree_grow(&tree, &data, &options, NULL, key, NULL), STATUS_OK);
        wins[tree.nodes[0].value]++;
        tree_destroy(&tree);
    }
    for (size_t f = 0; f < FEATURES; f++)
        cr_assert(wins[f] > 400 && wins[f] < 600, "feature %zu won %zu times", f, wins[f]);
    tree_data_destroy(&data);
}

/* Bytes are read by rows or by columns, in one order or another, as is faster; the tree is the
 * same. */
Test(tree, layouts_of_the_bytes_agree, .timeout = 20)
{
    made_random(&train, 71, 1500, 60, 5, 50);
    const struct tree_options options = {.splitter = TREE_BEST,
                                         .max_depth = SIZE_MAX,
                                         .min_samples_split = 2,
                                         .min_samples_leaf = 1,
                                         .max_features = 7};
    struct tree trees[3];
    uint16_t weights[MADE_ROWS_MAX];
    for (size_t i = 0; i < 1500; i++)
        weights[i] = (uint16_t)(i * i % 3);
    for (int layout = 0; layout < 3; layout++) {
        struct tree_data data;
        train.x.columns = layout == 1 ? train.columns : NULL;
        cr_assert_eq(tree_data_create(&data, &train.set, layout == 2, NULL), STATUS_OK);
        cr_assert_eq(tree_grow(&trees[layout], &data, &options, weights, 5, NULL), STATUS_OK);
        tree_data_destroy(&data);
    }
    cr_assert_gt(trees[0].n_nodes, 100);
    for (int layout = 1; layout < 3; layout++) {
        cr_assert_eq(trees[layout].n_nodes, trees[0].n_nodes);
        for (size_t i = 0; i < trees[0].n_nodes; i++) {
            const struct tree_node *a = &trees[0].nodes[i], *b = &trees[layout].nodes[i];
            cr_assert(a->left == b->left && a->value == b->value && a->threshold == b->threshold &&
                          a->label == b->label,
                      "layout %d, node %zu", layout, i);
        }
    }
    for (int layout = 0; layout < 3; layout++)
        tree_destroy(&trees[layout]);
}

/*
 * Two mirrored thresholds of which one is better by less than float32 can tell: class 0 sits on
 * both ends, one row of it a little heavier, and 300 heavy rows of class 1 in the middle.
 */
Test(tree, near_ties_are_decided_exactly, .timeout = 20)
{
    enum { ROWS = 302 };
    uint16_t weights[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        train.bytes[i] = i == 0 ? 10 : i == 1 ? 250 : 100;
        train.y[i] = i > 1;
        weights[i] = 65535;
    }
    made_finish(&train, ROWS, 1, 2);
    for (uint16_t k = 0; k < 40; k++)
        for (int criterion = TREE_GINI; criterion <= TREE_ENTROPY; criterion++) {
            const struct tree_options options = {.criterion = (enum tree_criterion)criterion,
                                                 .splitter = TREE_BEST,
                                                 .max_depth = SIZE_MAX,
                                                 .min_samples_split = 2,
                                                 .min_samples_leaf = 1,
                                                 .max_features = 1};
            weights[0] = (uint16_t)(500 + 37 * k);
            weights[1] = (uint16_t)(weights[0] + (k % 2 ? 1 : -1));
            check_tree(&options, weights);
        }
}
