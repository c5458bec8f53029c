#include "classifiers/tree.h"

#include "base/memory.h"

#include <string.h>

size_t tree_max_depth(const struct parameters *parameters, size_t index)
{
    return parameter_is_none(parameters, index) ? SIZE_MAX
                                                : (size_t)parameter_number(parameters, index);
}

void tree_destroy(struct tree *tree)
{
    memory_free(tree->nodes);
    memory_free(tree->distributions);
    memory_free(tree->efforts);
    *tree = (struct tree){.n_classes = 0};
}

/* Rows go down side by side, so that their cache misses overlap. */
static void leaves_of_block(const struct tree *tree, const uint8_t *rows, size_t n_rows,
                            size_t n_features, size_t max_depth, uint32_t *restrict leaves)
{
    const struct tree_node *nodes = tree->nodes;
    const size_t n_steps = tree->depth < max_depth ? tree->depth : max_depth;
    bool any_inner = true;
    memset(leaves, 0, n_rows * sizeof *leaves);
    for (size_t step = 0; any_inner && step < n_steps; step++) {
        any_inner = false;
        for (size_t i = 0; i < n_rows; i++) {
            const struct tree_node *node = &nodes[leaves[i]];
            if (!node->left)
                continue;
            leaves[i] = node->left + (rows[i * n_features + node->value] > node->threshold);
            any_inner = true;
        }
    }
}

void tree_leaves(const struct tree *tree, const uint8_t *rows, size_t n_rows, size_t n_features,
                 size_t max_depth, uint32_t *restrict leaves)
{
    enum { BLOCK = 16 };
    for (size_t first = 0; first < n_rows; first += BLOCK) {
        const size_t n = n_rows - first < BLOCK ? n_rows - first : BLOCK;
        leaves_of_block(tree, rows + first * n_features, n, n_features, max_depth, leaves + first);
    }
}

/* Adds a leaf's class weights. */
static void add_weights(uint32_t *weights, const struct tree *tree, const struct tree_node *leaf)
{
    if (leaf->is_pure) {
        weights[leaf->label] += leaf->value;
        return;
    }
    const uint32_t *leaf_weights = tree->distributions + leaf->value * tree->n_classes;
    for (size_t c = 0; c < tree->n_classes; c++)
        weights[c] += leaf_weights[c];
}

/* For each node, itself or the leaf of the cut tree that it is below; children follow parents. */
static void find_cut(uint32_t *above, uint32_t *depth, const struct tree *tree, size_t max_depth)
{
    above[0] = depth[0] = 0;
    for (size_t i = 0; i < tree->n_nodes; i++) {
        const uint32_t left = tree->nodes[i].left;
        for (uint32_t child = left; left && child < left + 2; child++) {
            depth[child] = depth[i] + 1;
            above[child] = depth[child] > max_depth ? above[i] : child;
        }
    }
}

/* Copies the nodes of tree down to the cut; those at the cut become leaves. */
static void fill_cut(struct tree *cut, const struct tree *tree, const uint32_t *above,
                     const uint32_t *depth, size_t max_depth)
{
    memcpy(cut->nodes, tree->nodes, tree->n_nodes * sizeof *cut->nodes);
    for (size_t i = 0; i < tree->n_nodes; i++) {
        struct tree_node *node = &cut->nodes[i];
        if (above[i] != i || (node->left && depth[i] < max_depth))
            continue;
        cut->n_leaves++;
        node->left = 0;
        if (node->is_pure)
            continue;
        node->value = (uint32_t)cut->n_distributions++;
        memset(cut->distributions + node->value * cut->n_classes, 0,
               cut->n_classes * sizeof *cut->distributions);
    }
    for (size_t i = 0; i < tree->n_nodes; i++)
        if (!tree->nodes[i].left && !cut->nodes[above[i]].is_pure)
            add_weights(cut->distributions + cut->nodes[above[i]].value * cut->n_classes, tree,
                        &tree->nodes[i]);
}

static size_t count_distributions(const struct tree *tree, const uint32_t *above,
                                  const uint32_t *depth, size_t max_depth)
{
    size_t n = 0;
    for (size_t i = 0; i < tree->n_nodes; i++) {
        const struct tree_node *node = &tree->nodes[i];
        n += above[i] == i && !node->is_pure && (!node->left || depth[i] == max_depth);
    }
    return n;
}

enum status tree_cut(struct tree *cut, const struct tree *tree, size_t max_depth,
                     struct error *error)
{
    uint32_t *above = NULL, *depth = NULL;
    *cut = (struct tree){.n_classes = tree->n_classes, .n_nodes = tree->n_nodes};
    cut->depth = tree->depth < max_depth ? tree->depth : max_depth;
    const struct memory_request requests[] = {
        {(void **)&above, tree->n_nodes, sizeof *above},
        {(void **)&depth, tree->n_nodes, sizeof *depth},
    };
    enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "cutting a tree", error);
    if (status)
        return status;
    find_cut(above, depth, tree, max_depth);
    const size_t n_distributions = count_distributions(tree, above, depth, max_depth);
    const struct memory_request results[] = {
        {(void **)&cut->nodes, tree->n_nodes, sizeof *cut->nodes},
        {(void **)&cut->distributions, n_distributions * tree->n_classes,
         sizeof *cut->distributions},
    };
    status = memory_arrays(results, sizeof results / sizeof *results, "cutting a tree", error);
    if (!status)
        fill_cut(cut, tree, above, depth, max_depth);
    memory_free(above);
    memory_free(depth);
    return status;
}

enum status tree_size_add(struct tree_size *size, const struct tree *tree, size_t max_depth,
                          struct error *error)
{
    uint32_t *depth = memory_array(tree->n_nodes, sizeof *depth);
    if (!depth)
        return error_memory(error, "the depths of nodes", tree->n_nodes * sizeof *depth);
    depth[0] = 0;
    for (size_t i = 0; i < tree->n_nodes; i++) {
        const uint32_t left = tree->nodes[i].left;
        if (left)
            depth[left] = depth[left + 1] = depth[i] + 1;
        size->n_nodes += depth[i] <= max_depth;
        size->n_leaves += depth[i] == max_depth || (depth[i] < max_depth && !left);
    }
    memory_free(depth);
    const size_t cut_depth = tree->depth < max_depth ? tree->depth : max_depth;
    size->depth = cut_depth > size->depth ? cut_depth : size->depth;
    /* Nodes at the cut are not split. */
    for (size_t d = 0; d <= tree->depth && d < max_depth; d++) {
        size->grow_s += tree->efforts[d].seconds;
        size->n_values += tree->efforts[d].n_values;
    }
    return STATUS_OK;
}

void tree_size_report(const struct tree_size *size, enum tree_splitter splitter,
                      struct fit_report *report)
{
    fit_report_add(report, "n_nodes", (double)size->n_nodes);
    fit_report_add(report, "n_leaves", (double)size->n_leaves);
    fit_report_add(report, "depth", (double)size->depth);
    if (splitter == TREE_BEST)
        fit_report_add(report, "histogram_updates", size->n_values);
    else
        fit_report_add(report, "bytes_scanned", 2 * size->n_values);
}
