/*
 * RandomForestClassifier of Breiman, "Random forests" (2001): trees (tree.h) with the best splitter
 * on sqrt(n_features) features drawn in each node, each grown on a bootstrap sample of n rows drawn
 * with replacement. A row's class is that with the largest mean of the class probabilities in its
 * leaves, a tie goes to the smallest class. Tree t depends on the key and on t alone.
 */
#include "base/clock.h"
#include "base/list_schedule.h"
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/tree.h"
#include "numerics/rng.h"

#include <math.h>
#include <string.h>

enum { N_ESTIMATORS, CRITERION, MAX_DEPTH, MIN_SAMPLES_SPLIT, MIN_SAMPLES_LEAF };

enum { KEY_BOOTSTRAP = 0, KEY_TREE = 1, ROWS_BLOCK = 512 };

static const struct parameter_spec parameters_table[] = {
    {.name = "n_estimators",
     .type = PARAMETER_INTEGER,
     .summary = "number of trees",
     .minimum = 1,
     .maximum = 1 << 20,
     .is_readout = true,
     .fallback = {.n_numbers = 1, .numbers = {10}}},
    {.name = "criterion",
     .type = PARAMETER_CHOICE,
     .summary = "impurity that a split reduces most",
     .choices = tree_criterion_names,
     .fallback = {.choice = TREE_GINI}},
    {.name = "max_depth",
     .type = PARAMETER_INTEGER,
     .summary = "depth of the deepest leaf; None: no limit",
     .minimum = 1,
     .maximum = INT32_MAX,
     .none_allowed = true,
     .is_readout = true,
     .fallback = {.is_none = true}},
    {.name = "min_samples_split",
     .type = PARAMETER_INTEGER,
     .summary = "distinct rows that a node must have to be split",
     .minimum = 2,
     .maximum = INT32_MAX,
     .fallback = {.n_numbers = 1, .numbers = {2}}},
    {.name = "min_samples_leaf",
     .type = PARAMETER_INTEGER,
     .summary = "distinct rows that a split must leave on both sides",
     .minimum = 1,
     .maximum = INT32_MAX,
     .fallback = {.n_numbers = 1, .numbers = {1}}},
    {.name = NULL},
};

struct model {
    struct tree_options options;
    size_t n_trees;
    struct tree *trees; /* n_trees, owned */
    double *drawing_s;  /* n_trees: seconds of each bootstrap sample, owned */
    double prepare_s;   /* before the first was grown */
    int n_threads;      /* that grew them */
};

static enum status create(void **model, const struct parameters *parameters, struct error *error)
{
    struct model *m = memory_zeroed(1, sizeof *m);
    *model = m;
    if (!m)
        return error_memory(error, "a forest", sizeof *m);
    m->options = (struct tree_options){
        .criterion = (enum tree_criterion)parameter_choice(parameters, CRITERION),
        .splitter = TREE_BEST,
        .max_depth = tree_max_depth(parameters, MAX_DEPTH),
        .min_samples_split = (size_t)parameter_number(parameters, MIN_SAMPLES_SPLIT),
        .min_samples_leaf = (size_t)parameter_number(parameters, MIN_SAMPLES_LEAF),
    };
    m->n_trees = (size_t)parameter_number(parameters, N_ESTIMATORS);
    m->trees = memory_zeroed(m->n_trees, sizeof *m->trees);
    m->drawing_s = memory_zeroed(m->n_trees, sizeof *m->drawing_s);
    return m->trees && m->drawing_s
               ? STATUS_OK
               : error_memory(error, "a forest", m->n_trees * sizeof *m->trees);
}

/* How often each of n rows is drawn. A count of 2^16 is out of any generator's reach. */
static void draw_bootstrap(uint16_t *weights, size_t n, uint64_t key)
{
    struct rng rng = rng_create(key, 0);
    memset(weights, 0, n * sizeof *weights);
    for (size_t i = 0; i < n; i++)
        weights[rng_below(&rng, (uint32_t)n)]++;
}

static enum status grow_one(struct model *m, size_t t, const struct tree_data *data, uint64_t key,
                            struct error *error)
{
    const size_t n_rows = data->x->n_rows;
    const double start_s = clock_now_s();
    uint16_t *weights = memory_array(n_rows, sizeof *weights);
    if (!weights)
        return error_memory(error, "a bootstrap sample", n_rows * sizeof *weights);
    draw_bootstrap(weights, n_rows, rng_derive(key, KEY_BOOTSTRAP));
    m->drawing_s[t] = clock_now_s() - start_s;
    const enum status status =
        tree_grow(&m->trees[t], data, &m->options, weights, rng_derive(key, KEY_TREE), error);
    memory_free(weights);
    return status;
}

/* As a forest of the first n_trees, cut at max_depth, would have reported. */
static enum status report_trees(const struct model *m, size_t n_trees, size_t max_depth,
                                struct fit_report *report, struct error *error)
{
    struct tree_size size = {.n_nodes = 0};
    const size_t n_threads = (size_t)m->n_threads;
    double *tree_s = NULL, *busy_s = NULL;
    enum status status = memory_arrays(
        (const struct memory_request[]){{(void **)&tree_s, n_trees, sizeof *tree_s},
                                        {(void **)&busy_s, n_threads, sizeof *busy_s}},
        2, "the seconds of trees", error);
    if (status)
        return status;
    for (size_t t = 0; t < n_trees && !status; t++) {
        const double before_s = size.grow_s;
        status = tree_size_add(&size, &m->trees[t], max_depth, error);
        tree_s[t] = m->drawing_s[t] + size.grow_s - before_s;
    }
    report->fit_s = m->prepare_s + list_schedule_s(tree_s, n_trees, busy_s, n_threads);
    memory_free(tree_s);
    memory_free(busy_s);
    tree_size_report(&size, m->options.splitter, report);
    return status;
}

static size_t n_trees_of(const struct model *m, const struct parameters *readout)
{
    const size_t asked = (size_t)parameter_number(readout, N_ESTIMATORS);
    return asked < m->n_trees ? asked : m->n_trees;
}

static enum status read(const void *model, const struct parameters *readout,
                        struct fit_report *report, struct error *error)
{
    const struct model *m = model;
    return report_trees(m, n_trees_of(m, readout), tree_max_depth(readout, MAX_DEPTH), report,
                        error);
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct model *m = model;
    struct tree_data data;
    m->options.max_features = (size_t)sqrt((double)set->x->n_features);
    m->n_threads = execution->n_threads;
    const double start_s = clock_now_s();
    enum status status = tree_data_create(&data, set, true, error);
    if (status)
        return status;
    m->prepare_s = clock_now_s() - start_s;
#pragma omp parallel for num_threads(execution->n_threads) schedule(dynamic) default(none)         \
    shared(m, data, execution, status, error)
    for (size_t t = 0; t < m->n_trees; t++) {
        struct error tree_error;
        const enum status tree_status =
            grow_one(m, t, &data, rng_derive(execution->rng_key, t), &tree_error);
#pragma omp critical(random_forest_error)
        if (tree_status && !status) {
            status = tree_status;
            if (error)
                *error = tree_error;
        }
    }
    tree_data_destroy(&data);
    return status ? status : report_trees(m, m->n_trees, SIZE_MAX, report, error);
}

/* Adds a tree's class probabilities of n rows to sums, n x n_classes. */
static void add_probabilities(double *sums, const struct tree *tree, const uint32_t *leaves,
                              size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct tree_node *leaf = &tree->nodes[leaves[i]];
        double *sum = sums + i * tree->n_classes;
        if (leaf->is_pure) {
            sum[leaf->label] += 1;
            continue;
        }
        const uint32_t *weights = tree->distributions + leaf->value * tree->n_classes;
        double total = 0;
        for (size_t c = 0; c < tree->n_classes; c++)
            total += (double)weights[c];
        for (size_t c = 0; c < tree->n_classes; c++)
            sum[c] += (double)weights[c] / total;
    }
}

static uint8_t largest(const double *values, size_t n)
{
    size_t best = 0;
    for (size_t c = 1; c < n; c++)
        if (values[c] > values[best])
            best = c;
    return (uint8_t)best;
}

/* The rows first .. first + n - 1 of x; sums has ROWS_BLOCK x n_classes. */
static void predict_block(const struct tree *trees, size_t n_trees, const struct features *x,
                          size_t first, size_t n, double *sums, uint8_t *labels)
{
    uint32_t leaves[ROWS_BLOCK];
    const size_t n_classes = trees[0].n_classes;
    memset(sums, 0, n * n_classes * sizeof *sums);
    for (size_t t = 0; t < n_trees; t++) {
        tree_leaves(&trees[t], features_rows(x, first), n, x->n_features, SIZE_MAX, leaves);
        add_probabilities(sums, &trees[t], leaves, n);
    }
    for (size_t i = 0; i < n; i++)
        labels[first + i] = largest(sums + i * n_classes, n_classes);
}

static enum status predict_with(const struct tree *trees, size_t n_trees, const struct features *x,
                                int n_threads, uint8_t *restrict labels, struct error *error)
{
    const size_t n_sums = ROWS_BLOCK * trees[0].n_classes;
    bool is_short = false;
#pragma omp parallel num_threads(n_threads) default(none)                                          \
    shared(trees, n_trees, x, labels, n_sums, is_short)
    {
        double *sums = memory_array(n_sums, sizeof *sums);
#pragma omp for schedule(dynamic)
        for (size_t first = 0; first < x->n_rows; first += ROWS_BLOCK) {
            const size_t n = x->n_rows - first < ROWS_BLOCK ? x->n_rows - first : ROWS_BLOCK;
            if (sums) {
                predict_block(trees, n_trees, x, first, n, sums, labels);
            } else {
#pragma omp atomic write
                is_short = true;
            }
        }
        memory_free(sums);
    }
    return is_short ? error_memory(error, "class probabilities", n_sums * sizeof(double))
                    : STATUS_OK;
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    const struct model *m = model;
    const size_t max_depth = tree_max_depth(readout, MAX_DEPTH);
    const size_t n_trees = n_trees_of(m, readout);
    if (max_depth >= m->options.max_depth)
        return predict_with(m->trees, n_trees, x, execution->n_threads, labels, error);
    struct tree *cut = memory_zeroed(n_trees, sizeof *cut);
    if (!cut)
        return error_memory(error, "a forest", n_trees * sizeof *cut);
    enum status status = STATUS_OK;
    for (size_t t = 0; t < n_trees && !status; t++)
        status = tree_cut(&cut[t], &m->trees[t], max_depth, error);
    if (!status)
        status = predict_with(cut, n_trees, x, execution->n_threads, labels, error);
    for (size_t t = 0; t < n_trees; t++)
        tree_destroy(&cut[t]);
    memory_free(cut);
    return status;
}

static void destroy(void *model)
{
    struct model *m = model;
    for (size_t t = 0; m && m->trees && t < m->n_trees; t++)
        tree_destroy(&m->trees[t]);
    if (m) {
        memory_free(m->trees);
        memory_free(m->drawing_s);
    }
    memory_free(m);
}

/* A tree has about one node for so many rows, and room for twice as many. */
enum { ROWS_A_NODE = 8 };

static struct memory_need memory_need(const struct parameters *parameters,
                                      const struct problem_size *size)
{
    const double n = (double)size->n_train;
    const double n_trees = parameter_number(parameters, N_ESTIMATORS);
    const double data_bytes = n * (double)(size->n_features + 2 * sizeof(uint32_t));
    const double trees_bytes = n_trees * n / ROWS_A_NODE * 2 * sizeof(struct tree_node);
    /* A bootstrap sample has 1 - 1/e of the rows, each once. */
    const double n_growing = fmin((double)size->n_threads, n_trees);
    const double grow_bytes =
        n_growing * (tree_memory_need(size, false).bytes * 0.632 + n * sizeof(uint16_t));
    return (struct memory_need){.bytes = data_bytes + trees_bytes + grow_bytes,
                                .mostly = trees_bytes > data_bytes
                                              ? "the nodes of the trees"
                                              : "the bytes of the rows by feature"};
}

const struct classifier_class random_forest_class = {
    .name = "RandomForestClassifier",
    .summary = "mean of trees grown on bootstrap samples",
    .parameters = parameters_table,
    .create = create,
    .memory_need = memory_need,
    .fit = fit,
    .predict = predict,
    .read = read,
    .destroy = destroy,
};
