/*
 * Classification trees on byte features, shared by single trees and forests: CART of Breiman,
 * Friedman, Olshen and Stone (1984) as scikit-learn grows it, with its `best` and `random`
 * splitters (the latter of Geurts, Ernst and Wehenkel, "Extremely randomized trees", 2006).
 *
 * A node with weights w (of its rows), w_L and w_R (of its children) is split where the weighted
 * impurity of the children is least. Constant terms left out, that is where the score is largest:
 *     gini:    sum_c w_Lc^2 / w_L + sum_c w_Rc^2 / w_R
 *     entropy: sum_c f(w_Lc) - f(w_L) + sum_c f(w_Rc) - f(w_R),   f(w) = w log2 w
 * in double arithmetic on exact counts. Ties between thresholds of a feature go to the lowest, ties
 * between features are broken at random.
 *
 * A node is a leaf when it is pure, at max_depth, smaller than min_samples_split, or when no split
 * leaves min_samples_leaf rows on both sides. Rows are counted once here, whatever their weight.
 *
 * Random streams are keyed by the path from the root: a tree cut at a depth is the tree that was
 * grown to that depth.
 */
#ifndef FMBENCH_CLASSIFIERS_TREE_H
#define FMBENCH_CLASSIFIERS_TREE_H

#include "base/error.h"
#include "classifiers/classifier.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tree_criterion { TREE_GINI, TREE_ENTROPY };
enum tree_splitter { TREE_BEST, TREE_RANDOM };

/* The words of these enums, for tables of parameters; NULL-terminated. */
extern const char *const tree_criterion_names[];
extern const char *const tree_splitter_names[];

struct tree_options {
    enum tree_criterion criterion;
    enum tree_splitter splitter;
    size_t max_depth; /* SIZE_MAX: no limit */
    size_t min_samples_split, min_samples_leaf;
    /* Features drawn at a node. Those constant in the node count, but drawing goes on until one is
       not, as in scikit-learn. At least n_features: all of them. */
    size_t max_features;
};

/* The value of a parameter max_depth, SIZE_MAX for None. */
size_t tree_max_depth(const struct parameters *parameters, size_t index);

struct tree_node {
    uint32_t left; /* index of the left child, the right one follows it; 0: a leaf */
    /* Inner node: the feature that is compared. Pure leaf: its weight. Other leaf: the number of
       its row in `distributions`. */
    uint32_t value;
    uint8_t threshold; /* a byte up to this goes left */
    uint8_t label;     /* the heaviest class here, a tie goes to the smallest */
    uint8_t is_pure;
};

/* What finding the splits of the nodes of one depth took. */
struct tree_effort {
    double seconds;
    double n_values; /* bytes of rows that were counted, sorted or compared */
};

struct tree {
    size_t n_classes, n_nodes, n_leaves, n_distributions, depth;
    struct tree_node *nodes; /* n_nodes, the root first, owned */
    uint32_t
        *distributions; /* n_distributions x n_classes: class weights of impure leaves, owned */
    struct tree_effort *efforts; /* depth + 1, owned */
    size_t nodes_capacity, distributions_capacity, efforts_capacity;
};

/* What all trees of a fit share. */
struct tree_data {
    const struct features *x; /* borrowed; `columns` are used where they exist */
    const uint8_t *y;         /* borrowed */
    size_t n_classes;
    uint32_t *by_class;    /* the row numbers, sorted by class and then by number; owned */
    uint32_t *places;      /* of the rows in this order, among the bytes; owned */
    uint8_t *columns;      /* n_features x n_rows in the order of by_class, owned; or NULL */
    double *weighted_logs; /* f(w) for w below n_weighted_logs; owned */
    size_t n_weighted_logs;
};

/* with_columns pays where many trees are grown. */
enum status tree_data_create(struct tree_data *data, const struct training_set *set,
                             bool with_columns, struct error *error);
void tree_data_destroy(struct tree_data *data); /* takes a zeroed struct */

/*
 * Grows *tree. Row i counts weights[i] times, rows of weight 0 are left out and one must be left;
 * NULL: each row once. On failure there is nothing to destroy. Runs on the calling thread.
 */
enum status tree_grow(struct tree *tree, const struct tree_data *data,
                      const struct tree_options *options, const uint16_t *weights, uint64_t key,
                      struct error *error);
void tree_destroy(struct tree *tree); /* takes a zeroed struct */

/* What tree_data_create and one tree_grow at a time allocate, for all rows. */
struct memory_need tree_memory_need(const struct problem_size *size, bool keeps_columns);

/* Of n_rows rows, n_features apart, the nodes that they end in when the tree is cut at max_depth.
 */
void tree_leaves(const struct tree *tree, const uint8_t *rows, size_t n_rows, size_t n_features,
                 size_t max_depth, uint32_t *restrict leaves);

/* The size of a tree, and what growing it took. */
struct tree_size {
    size_t n_nodes, n_leaves, depth;
    double grow_s, n_values; /* sums of efforts */
};

/* Adds the size of the tree when cut at max_depth; depth becomes the larger one. */
enum status tree_size_add(struct tree_size *size, const struct tree *tree, size_t max_depth,
                          struct error *error);

/*
 * Writes all of it but the seconds into the report of a fit. The values are histogram_updates where
 * thresholds are searched: rows counted or sorted by feature; they are bytes_scanned where these
 * are drawn, which takes two looks, one at the range and one at the sides.
 */
void tree_size_report(const struct tree_size *size, enum tree_splitter splitter,
                      struct fit_report *report);

/* The tree that would have been grown with this max_depth. */
enum status tree_cut(struct tree *cut, const struct tree *tree, size_t max_depth,
                     struct error *error);

#endif
