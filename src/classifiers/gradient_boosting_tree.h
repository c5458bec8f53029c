/*
 * The regression trees of gradient boosting, on byte features: least-squares CART (Breiman,
 * Friedman, Olshen and Stone, 1984) grown greedily to a depth, with leaf values by one Newton step
 * (Friedman, "Greedy function approximation: a gradient boosting machine", 2001, algorithm 6).
 *
 * A node of W rows with sum of residuals S, split into W_L, S_L and the rest, gains Friedman's
 *     (W S_L - W_L S)^2 / (W W_L (W - W_L)),
 * which is the fall of the squared error. The largest gain wins, thresholds lie in the middle of
 * two neighbouring values that occur in the node. Ties between thresholds of a feature go to the
 * lowest, ties between features are broken at random. A split without gain is still a split.
 *
 * A node is a leaf at max_depth, with one row, when no feature varies, or when the variance of its
 * residuals is at most 2^-52, which is scikit-learn's notion of pure.
 *
 * Sums of residuals are exact: a residual is rounded to a multiple of a power of two, once for each
 * tree, and is an integer from there on. So sums depend neither on their order nor on whether they
 * were added up or found as the difference of parent and sibling; equal partitions tie exactly. The
 * step is 2^-30 of the largest residual for up to 65,535 rows, so that a split is misjudged only
 * where two scores agree to some nine digits, and the variance that makes a leaf is that of 16
 * steps. Each doubling of the rows doubles the step twice, to 2^-14 of the largest residual for
 * the most rows that there may be: 10 stages on 20,000 images with that step have the accuracy of
 * the fine one to 0.0014.
 */
#ifndef FMBENCH_CLASSIFIERS_GRADIENT_BOOSTING_TREE_H
#define FMBENCH_CLASSIFIERS_GRADIENT_BOOSTING_TREE_H

#include "base/error.h"
#include "loader/features.h"

#include <stddef.h>
#include <stdint.h>

enum { BOOSTING_ROWS_MAX = (1 << 24) - 1 };

struct boosting_node {
    uint32_t left;     /* index of the left child, the right one follows it; 0: a leaf */
    uint32_t value;    /* inner node: the feature that is compared; leaf: its number */
    uint8_t threshold; /* a byte up to this goes left */
};

struct boosting_tree {
    size_t n_nodes, n_leaves, depth;
    struct boosting_node *nodes; /* n_nodes, the root first, owned */
    double *values;              /* n_leaves, owned */
    double n_updates;            /* bytes that growing it counted or sorted, but for its roots */
};

void boosting_tree_destroy(struct boosting_tree *tree); /* takes a zeroed struct */

/* Adds rate x the value of its leaf to sums[i * stride] for each of n_rows rows of x's features. */
void boosting_tree_add(const struct boosting_tree *tree, const uint8_t *rows, size_t n_rows,
                       size_t n_features, double rate, double *sums, size_t stride);

/* What one tree is grown for. */
struct boosting_target {
    const double *residuals; /* n_rows, between -1 and 1: y - p */
    double step_factor;      /* a leaf's value is this x sum r / sum |r| (1 - |r|) */
    double rate;             /* of the leaf values that is added to raw */
    double *raw;             /* n_rows, updated */
    uint64_t key;            /* for ties */
    /* That have counted these residuals as those of tree `root`; NULL: the grower counts. */
    const struct boosting_roots *roots;
    size_t root;
};

/* The bytes of the training rows once more, made once for all growers: 64 features of a row are a
   cache line, the lines of all rows for the same features lie together. */
enum { BOOSTING_LINE = 64 };

struct boosting_data {
    const struct features *x;      /* borrowed; with columns */
    int count_bits, residual_bits; /* of a packed residual */
    size_t n_tiles;
    uint8_t (*tiles)[BOOSTING_LINE]; /* n_tiles x n_rows, 0 beyond the last feature; owned */
};

enum status boosting_data_create(struct boosting_data *data, const struct features *x,
                                 struct error *error);
void boosting_data_destroy(struct boosting_data *data); /* takes a zeroed struct */

/*
 * The histograms that up to eight trees of a stage begin with. They are of the same rows, so one
 * pass over the bytes serves all of them.
 */
enum { BOOSTING_ROOTS = 8 };

struct boosting_roots {
    const struct boosting_data *data;      /* borrowed */
    uint64_t (*packed)[BOOSTING_ROOTS];    /* n_rows: residuals of the trees, owned */
    uint64_t (*bins)[256][BOOSTING_ROOTS]; /* n_features, owned */
};

enum status boosting_roots_create(struct boosting_roots *roots, const struct boosting_data *data,
                                  struct error *error);
void boosting_roots_destroy(struct boosting_roots *roots); /* takes a zeroed struct */

/* For n_trees <= 8 trees with their residuals, n_trees x n_rows. */
void boosting_roots_count(struct boosting_roots *roots, const double *residuals, size_t n_trees,
                          int n_threads);

/* Grows trees one after the other; belongs to one thread. */
struct boosting_grower;

/* The data is borrowed. */
enum status boosting_grower_create(struct boosting_grower **grower,
                                   const struct boosting_data *data, size_t max_depth,
                                   struct error *error);
void boosting_grower_destroy(struct boosting_grower *grower); /* takes NULL */

/* On failure there is nothing to destroy. */
enum status boosting_grower_grow(struct boosting_grower *grower, struct boosting_tree *tree,
                                 const struct boosting_target *target, struct error *error);

#endif
