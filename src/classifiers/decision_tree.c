/*
 * DecisionTreeClassifier and ExtraTreeClassifier: single trees (tree.h). They differ in how many
 * features a node looks at, all or sqrt(n_features) drawn anew, and in the default splitter.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/tree.h"

#include <math.h>

enum { CRITERION, SPLITTER, MAX_DEPTH, MIN_SAMPLES_SPLIT, MIN_SAMPLES_LEAF };

#define TREE_PARAMETERS(default_splitter)                                                          \
    {.name = "criterion",                                                                          \
     .type = PARAMETER_CHOICE,                                                                     \
     .summary = "impurity that a split reduces most",                                              \
     .choices = tree_criterion_names,                                                              \
     .fallback = {.choice = TREE_GINI}},                                                           \
        {.name = "splitter",                                                                       \
         .type = PARAMETER_CHOICE,                                                                 \
         .summary = "best threshold of each feature, or the best of one random threshold each",    \
         .choices = tree_splitter_names,                                                           \
         .fallback = {.choice = default_splitter}},                                                \
        {.name = "max_depth",                                                                      \
         .type = PARAMETER_INTEGER,                                                                \
         .summary = "depth of the deepest leaf; None: no limit",                                   \
         .minimum = 1,                                                                             \
         .maximum = INT32_MAX,                                                                     \
         .none_allowed = true,                                                                     \
         .is_readout = true,                                                                       \
         .fallback = {.is_none = true}},                                                           \
        {.name = "min_samples_split",                                                              \
         .type = PARAMETER_INTEGER,                                                                \
         .summary = "rows that a node must have to be split",                                      \
         .minimum = 2,                                                                             \
         .maximum = INT32_MAX,                                                                     \
         .fallback = {.n_numbers = 1, .numbers = {2}}},                                            \
        {.name = "min_samples_leaf",                                                               \
         .type = PARAMETER_INTEGER,                                                                \
         .summary = "rows that a split must leave on both sides",                                  \
         .minimum = 1,                                                                             \
         .maximum = INT32_MAX,                                                                     \
         .fallback = {.n_numbers = 1, .numbers = {1}}},                                            \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct parameter_spec decision_tree_parameters[] = {TREE_PARAMETERS(TREE_BEST)};
static const struct parameter_spec extra_tree_parameters[] = {TREE_PARAMETERS(TREE_RANDOM)};

struct model {
    struct tree_options options;
    struct tree tree;
    double prepare_s; /* before the tree was grown */
};

static enum status create(void **model, const struct parameters *parameters, struct error *error)
{
    struct model *m = memory_zeroed(1, sizeof *m);
    *model = m;
    if (!m)
        return error_memory(error, "a tree", sizeof *m);
    m->options = (struct tree_options){
        .criterion = (enum tree_criterion)parameter_choice(parameters, CRITERION),
        .splitter = (enum tree_splitter)parameter_choice(parameters, SPLITTER),
        .max_depth = tree_max_depth(parameters, MAX_DEPTH),
        .min_samples_split = (size_t)parameter_number(parameters, MIN_SAMPLES_SPLIT),
        .min_samples_leaf = (size_t)parameter_number(parameters, MIN_SAMPLES_LEAF),
    };
    return STATUS_OK;
}

static enum status report_tree(const struct model *m, size_t max_depth, struct fit_report *report,
                               struct error *error)
{
    struct tree_size size = {.n_nodes = 0};
    const enum status status = tree_size_add(&size, &m->tree, max_depth, error);
    if (status)
        return status;
    tree_size_report(&size, m->options.splitter, report);
    report->fit_s = m->prepare_s + size.grow_s;
    return STATUS_OK;
}

static enum status read(const void *model, const struct parameters *readout,
                        struct fit_report *report, struct error *error)
{
    return report_tree(model, tree_max_depth(readout, MAX_DEPTH), report, error);
}

static enum status fit_with(struct model *m, const struct training_set *set,
                            const struct execution *execution, struct fit_report *report,
                            struct error *error)
{
    struct tree_data data;
    const double start_s = clock_now_s();
    enum status status = tree_data_create(&data, set, false, error);
    if (status)
        return status;
    m->prepare_s = clock_now_s() - start_s;
    status = tree_grow(&m->tree, &data, &m->options, NULL, execution->rng_key, error);
    tree_data_destroy(&data);
    return status ? status : report_tree(m, SIZE_MAX, report, error);
}

static enum status decision_tree_fit(void *model, const struct training_set *set,
                                     const struct execution *execution, struct fit_report *report,
                                     struct error *error)
{
    struct model *m = model;
    m->options.max_features = set->x->n_features;
    return fit_with(m, set, execution, report, error);
}

static enum status extra_tree_fit(void *model, const struct training_set *set,
                                  const struct execution *execution, struct fit_report *report,
                                  struct error *error)
{
    struct model *m = model;
    m->options.max_features = (size_t)sqrt((double)set->x->n_features);
    return fit_with(m, set, execution, report, error);
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    enum { BLOCK = 256 };
    const struct tree *tree = &((const struct model *)model)->tree;
    const size_t max_depth = tree_max_depth(readout, MAX_DEPTH);
    uint32_t leaves[BLOCK];
    (void)execution;
    (void)error;
    for (size_t first = 0; first < x->n_rows; first += BLOCK) {
        const size_t n = x->n_rows - first < BLOCK ? x->n_rows - first : BLOCK;
        tree_leaves(tree, features_rows(x, first), n, x->n_features, max_depth, leaves);
        for (size_t i = 0; i < n; i++)
            labels[first + i] = tree->nodes[leaves[i]].label;
    }
    return STATUS_OK;
}

static void destroy(void *model)
{
    struct model *m = model;
    if (m)
        tree_destroy(&m->tree);
    memory_free(m);
}

static struct memory_need memory_need(const struct parameters *parameters,
                                      const struct problem_size *size)
{
    return tree_memory_need(size, parameter_choice(parameters, SPLITTER) == TREE_BEST);
}

static struct memory_need extra_memory_need(const struct parameters *parameters,
                                            const struct problem_size *size)
{
    (void)parameters;
    return tree_memory_need(size, false);
}

const struct classifier_class decision_tree_class = {
    .name = "DecisionTreeClassifier",
    .summary = "classification tree that looks at all features in each node",
    .parameters = decision_tree_parameters,
    .create = create,
    .memory_need = memory_need,
    .fit = decision_tree_fit,
    .predict = predict,
    .read = read,
    .destroy = destroy,
};

const struct classifier_class extra_tree_class = {
    .name = "ExtraTreeClassifier",
    .summary = "extremely randomised tree: sqrt(n_features) features drawn in each node",
    .parameters = extra_tree_parameters,
    .train_views = VIEW_COLUMNS,
    .create = create,
    .memory_need = extra_memory_need,
    .fit = extra_tree_fit,
    .predict = predict,
    .read = read,
    .destroy = destroy,
};
