/* Growing a tree, depth first, on samples that are moved so that each node's are contiguous. */
#include "classifiers/tree_build.h"

#include "base/clock.h"
#include "base/memory.h"
#include "numerics/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { WEIGHTED_LOGS_MAX = 1 << 16, MASK_BITS = 64 };

const char *const tree_criterion_names[] = {"gini", "entropy", NULL};
const char *const tree_splitter_names[] = {"best", "random", NULL};

struct stack {
    struct tree_task *tasks;
    size_t n, capacity;
};

static enum status fill_data_columns(struct tree_data *data, struct error *error)
{
    const struct features *x = data->x;
    const uint8_t **rows = NULL;
    const struct memory_request requests[] = {
        {(void **)&rows, x->n_rows, sizeof *rows},
        {(void **)&data->columns, x->n_rows * x->n_features, 1},
    };
    const enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "columns of bytes", error);
    if (status)
        return status;
    for (size_t i = 0; i < x->n_rows; i++)
        rows[i] = features_at(x, data->places[i]);
    SIMD_SELECT(byte_columns_kernels)
        ->transpose(data->columns, x->n_rows, rows, x->n_rows, x->n_features);
    memory_free(rows);
    return STATUS_OK;
}

enum status tree_data_create(struct tree_data *data, const struct training_set *set,
                             bool with_columns, struct error *error)
{
    const size_t n_rows = set->x->n_rows;
    size_t next[MAX_CLASSES + 1] = {0};
    *data = (struct tree_data){.x = set->x, .y = set->y, .n_classes = set->n_classes};
    if (n_rows > INT32_MAX || set->x->n_features > INT32_MAX / 2)
        return error_set(error, STATUS_DATA,
                         "a tree takes up to 2^31 - 1 rows and 2^30 features, not %zu x %zu",
                         n_rows, set->x->n_features);
    data->n_weighted_logs = n_rows < WEIGHTED_LOGS_MAX ? n_rows + 1 : WEIGHTED_LOGS_MAX;
    const struct memory_request requests[] = {
        {(void **)&data->by_class, n_rows, sizeof *data->by_class},
        {(void **)&data->places, n_rows, sizeof *data->places},
        {(void **)&data->weighted_logs, data->n_weighted_logs, sizeof *data->weighted_logs},
    };
    enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "the rows by class", error);
    if (status)
        return status;
    for (size_t i = 0; i < n_rows; i++)
        next[set->y[i] + 1]++;
    for (size_t c = 0; c < MAX_CLASSES; c++)
        next[c + 1] += next[c];
    for (size_t i = 0; i < n_rows; i++)
        data->by_class[next[set->y[i]]++] = (uint32_t)i;
    for (size_t i = 0; i < n_rows; i++)
        data->places[i] = (uint32_t)features_place(set->x, data->by_class[i]);
    data->weighted_logs[0] = 0;
    for (size_t w = 1; w < data->n_weighted_logs; w++)
        data->weighted_logs[w] = (double)w * log2((double)w);
    if (with_columns)
        status = fill_data_columns(data, error);
    if (status)
        tree_data_destroy(data);
    return status;
}

void tree_data_destroy(struct tree_data *data)
{
    memory_free(data->by_class);
    memory_free(data->places);
    memory_free(data->weighted_logs);
    memory_free(data->columns);
    *data = (struct tree_data){.n_classes = 0};
}

/* Doubles *array when it has no room for n_items. */
static enum status reserve(void **array, size_t *capacity, size_t n_items, size_t item_bytes,
                           const char *what, struct error *error)
{
    if (n_items <= *capacity)
        return STATUS_OK;
    const size_t wanted = 2 * n_items;
    void *larger = memory_array(wanted, item_bytes);
    if (!larger)
        return error_memory(error, what, (unsigned long long)wanted * item_bytes);
    if (*array)
        memcpy(larger, *array, *capacity * item_bytes);
    memory_free(*array);
    *array = larger;
    *capacity = wanted;
    return STATUS_OK;
}

static void builder_destroy(struct tree_builder *b)
{
    memory_free(b->samples);
    memory_free(b->spare);
    memory_free(b->columns);
    memory_free(b->spare_bytes);
    memory_free(b->left_mask);
    memory_free(b->permutation);
    memory_free(b->drawn);
    memory_free(b->active);
    memory_free(b->varies);
    memory_free(b->histogram);
    memory_free(b->left);
    memory_free(b->scores);
    memory_free(b->rows);
    memory_free(b->low);
    memory_free(b->high);
    memory_free(b->keys);
}

static enum status builder_allocate(struct tree_builder *b, struct error *error)
{
    const size_t n_features = b->data->x->n_features, n = b->n_samples;
    const size_t n_counts = (b->data->n_classes + 1) * b->n_lanes;
    const bool all_features = b->options->max_features >= n_features;
    const bool has_columns =
        all_features && b->options->splitter == TREE_BEST && !b->is_weighted && n > TREE_SORT_ROWS;
    b->active_capacity = 2 * n_features;
    const struct memory_request requests[] = {
        {(void **)&b->samples, n, sizeof *b->samples},
        {(void **)&b->spare, n, sizeof *b->spare},
        {(void **)&b->columns, has_columns ? n * n_features : 0, 1},
        {(void **)&b->spare_bytes, n + BYTE_PARTITION_SLACK, 1},
        {(void **)&b->left_mask, n / MASK_BITS + 1, sizeof *b->left_mask},
        {(void **)&b->permutation, n_features, sizeof *b->permutation},
        {(void **)&b->drawn, n_features, sizeof *b->drawn},
        {(void **)&b->active, b->active_capacity, sizeof *b->active},
        {(void **)&b->varies, n_features, 1},
        {(void **)&b->histogram, TREE_COUNTED_AT_ONCE * b->data->n_classes * TREE_BINS,
         sizeof *b->histogram},
        {(void **)&b->left, n_counts, sizeof *b->left},
        {(void **)&b->scores, b->n_lanes, sizeof *b->scores},
        {(void **)&b->rows, n, sizeof *b->rows},
        {(void **)&b->low, b->n_lanes, 1},
        {(void **)&b->high, b->n_lanes, 1},
        {(void **)&b->keys, TREE_SORT_ROWS, sizeof *b->keys},
    };
    const enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "growing a tree", error);
    if (status)
        return status;
    if (!has_columns) {
        memory_free(b->columns);
        b->columns = NULL;
    }
    memset(b->left, 0, n_counts * sizeof *b->left);
    for (size_t f = 0; f < n_features; f++)
        b->active[f] = b->permutation[f] = (uint32_t)f;
    return STATUS_OK;
}

static void fill_columns(struct tree_builder *b)
{
    const struct features *x = b->data->x;
    for (size_t i = 0; i < b->n_samples; i++)
        b->rows[i] = features_at(x, b->data->places[b->samples[i].position]);
    b->bytes->transpose(b->columns, b->n_samples, b->rows, b->n_samples, x->n_features);
    b->bytes->swap_nibbles(b->columns, b->n_samples * x->n_features);
}

static enum status builder_create(struct tree_builder *b, const struct tree_data *data,
                                  const struct tree_options *options, const uint16_t *weights,
                                  struct error *error)
{
    memset(b, 0, sizeof *b);
    b->data = data;
    b->options = options;
    b->is_weighted = weights != NULL;
    b->bytes = SIMD_SELECT(byte_columns_kernels);
    b->kernels = SIMD_SELECT(tree_score_kernels);
    const size_t n_rows = data->x->n_rows, n_features = data->x->n_features;
    const bool lane_each = options->splitter == TREE_RANDOM && options->max_features >= n_features;
    b->n_lanes = lane_each && n_features > TREE_BINS ? (n_features + 15) / 16 * 16 : TREE_BINS;
    for (size_t i = 0; i < n_rows; i++)
        b->n_samples += !weights || weights[i] > 0;
    assert(b->n_samples > 0);
    const enum status status = builder_allocate(b, error);
    if (status)
        return status;
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        const uint32_t row = data->by_class[i];
        const uint16_t weight = weights ? weights[row] : 1;
        if (weight > 0)
            b->samples[n++] = (struct tree_sample){
                .position = (uint32_t)i, .weight = weight, .label = data->y[row]};
    }
    if (b->columns)
        fill_columns(b);
    return STATUS_OK;
}

struct memory_need tree_memory_need(const struct problem_size *size, bool keeps_columns)
{
    const struct tree_builder *b = NULL;
    const size_t row_bytes = 2 * sizeof(uint32_t) + sizeof *b->samples + sizeof *b->spare +
                             sizeof *b->rows + 1 + (keeps_columns ? size->n_features : 0);
    return (struct memory_need){.bytes = (double)size->n_train * (double)row_bytes,
                                .mostly = keeps_columns ? "the bytes of the rows by feature"
                                                        : "the samples of the nodes"};
}

static void find_rows(struct tree_builder *b)
{
    /* A node with few rows meets each cache line of a column once, those of its rows again. */
    enum { SPARSE = 64 };
    const struct features *x = b->data->x;
    const bool all_features = b->options->max_features >= x->n_features;
    const size_t n = b->task->end - b->task->begin;
    const struct tree_sample *samples = b->samples + b->task->begin;
    const bool in_columns =
        (b->data->columns || x->columns) && !all_features && n >= x->n_rows / SPARSE;
    b->feature_stride = in_columns ? x->n_rows : 1;
    if (in_columns && b->data->columns) {
        for (size_t i = 0; i < n; i++)
            b->rows[i] = b->data->columns + samples[i].position;
        return;
    }
    for (size_t i = 0; i < n; i++)
        b->rows[i] = in_columns ? x->columns + b->data->by_class[samples[i].position]
                                : features_at(x, b->data->places[samples[i].position]);
}

/* Finds the classes of the node at work, and its heaviest. */
static void set_node(struct tree_builder *b, const struct tree_task *task, struct tree_node *node)
{
    b->task = task;
    b->n_segments = 0;
    b->weight = 0;
    uint32_t heaviest = 0;
    for (size_t i = task->begin; i < task->end;) {
        struct tree_segment *s = &b->segments[b->n_segments];
        *s = (struct tree_segment){.begin = i, .label = b->samples[i].label};
        for (; i < task->end && b->samples[i].label == s->label; i++)
            s->weight += b->samples[i].weight;
        s->end = i;
        b->totals[b->n_segments++] = s->weight;
        b->weight += s->weight;
        if (s->weight > heaviest) {
            heaviest = s->weight;
            node->label = (uint8_t)s->label;
        }
    }
    node->is_pure = b->n_segments == 1;
}

static enum status make_leaf(struct tree *tree, const struct tree_builder *b, struct error *error)
{
    struct tree_node *node = &tree->nodes[b->task->node];
    node->left = 0;
    node->value = b->weight;
    tree->n_leaves++;
    if (node->is_pure)
        return STATUS_OK;
    const enum status status = reserve(
        (void **)&tree->distributions, &tree->distributions_capacity, tree->n_distributions + 1,
        tree->n_classes * sizeof *tree->distributions, "the leaves of a tree", error);
    if (status)
        return status;
    uint32_t *weights = tree->distributions + tree->n_distributions * tree->n_classes;
    memset(weights, 0, tree->n_classes * sizeof *weights);
    for (size_t c = 0; c < b->n_segments; c++)
        weights[b->segments[c].label] = b->segments[c].weight;
    node->value = (uint32_t)tree->n_distributions++;
    return STATUS_OK;
}

/* A bit for each sample of the node. */
static void find_left(struct tree_builder *b)
{
    const size_t n = b->task->end - b->task->begin, feature = b->best.feature;
    const bool in_columns = tree_reads_columns(b);
    const uint8_t *column =
        in_columns ? b->columns + feature * b->n_samples + b->task->begin : NULL;
    const size_t offset = feature * b->feature_stride;
    for (size_t first = 0; first < n; first += MASK_BITS) {
        const size_t last = n - first < MASK_BITS ? n : first + MASK_BITS;
        uint64_t bits = 0;
        for (size_t i = first; i < last; i++) {
            const uint8_t byte = in_columns ? byte_swap_nibbles(column[i]) : b->rows[i][offset];
            bits |= (uint64_t)(byte <= b->best.threshold) << (i - first);
        }
        b->left_mask[first / MASK_BITS] = bits;
    }
}

/* Moves the samples of the node, left ones first, and returns how many these are. */
static size_t partition_samples(struct tree_builder *b)
{
    const struct tree_task *task = b->task;
    const size_t n = task->end - task->begin;
    struct tree_sample *samples = b->samples + task->begin;
    size_t n_left = 0, n_right = 0;
    find_left(b);
    for (size_t i = 0; i < n; i++) {
        const struct tree_sample sample = samples[i];
        const bool goes_left = b->left_mask[i / MASK_BITS] >> (i % MASK_BITS) & 1;
        samples[n_left] = sample;
        b->spare[n_right] = sample;
        n_left += goes_left;
        n_right += !goes_left;
    }
    memcpy(samples + n_left, b->spare, n_right * sizeof *samples);
    return n_left;
}

/* Only columns that vary need their order, and only for nodes that will read them. */
static void partition_columns(struct tree_builder *b, const uint32_t *varying, size_t n_varying,
                              size_t n_left)
{
    const size_t n = b->task->end - b->task->begin;
    if (!b->columns || (n_left <= TREE_SORT_ROWS && n - n_left <= TREE_SORT_ROWS))
        return;
    for (size_t i = 0; i < n_varying; i++)
        b->bytes->partition(b->columns + varying[i] * b->n_samples + b->task->begin, n,
                            b->left_mask, b->spare_bytes);
}

static bool may_split(const struct tree_builder *b, const struct tree_node *node)
{
    const struct tree_options *o = b->options;
    const size_t n = b->task->end - b->task->begin;
    return !node->is_pure && b->task->depth < o->max_depth && n >= o->min_samples_split &&
           n / 2 >= o->min_samples_leaf;
}

/* Splits the node at work as b->best says and puts its children on the stack. */
static enum status split_node(struct tree *tree, struct tree_builder *b, struct stack *stack,
                              uint32_t n_varying, struct error *error)
{
    const struct tree_task task = *b->task;
    /* A list that is hardly shorter is not worth its place: so all lists take 8 times the first. */
    const bool is_shorter = n_varying <= task.n_active - (task.n_active + 7) / 8;
    const uint32_t active = task.active_begin + (is_shorter ? task.n_active : 0);
    if (!is_shorter)
        n_varying = task.n_active;
    enum status status = reserve((void **)&tree->nodes, &tree->nodes_capacity, tree->n_nodes + 2,
                                 sizeof *tree->nodes, "the nodes of a tree", error);
    if (!status)
        status = reserve((void **)&stack->tasks, &stack->capacity, stack->n + 2,
                         sizeof *stack->tasks, "growing a tree", error);
    if (!status)
        status = reserve((void **)&b->active, &b->active_capacity, active + 2 * (size_t)n_varying,
                         sizeof *b->active, "growing a tree", error);
    if (!status)
        status = reserve((void **)&tree->efforts, &tree->efforts_capacity, tree->depth + 2,
                         sizeof *tree->efforts, "growing a tree", error);
    if (status)
        return status;
    const size_t middle = task.begin + partition_samples(b);
    partition_columns(b, b->active + active, n_varying, middle - task.begin);
    const uint32_t left = (uint32_t)tree->n_nodes;
    struct tree_node *node = &tree->nodes[task.node];
    node->left = left;
    node->value = b->best.feature;
    node->threshold = b->best.threshold;
    tree->n_nodes += 2;
    struct tree_task child = {
        .active_begin = active, .n_active = n_varying, .depth = task.depth + 1};
    if (child.depth > tree->depth)
        tree->efforts[++tree->depth] = (struct tree_effort){.seconds = 0};
    child.begin = middle;
    child.end = task.end;
    child.node = left + 1;
    child.key = rng_derive(task.key, 1);
    stack->tasks[stack->n++] = child;
    child.begin = task.begin;
    child.end = middle;
    child.node = left;
    child.key = rng_derive(task.key, 0);
    stack->tasks[stack->n++] = child;
    return STATUS_OK;
}

/* start_s: when the work for the first node began. */
static enum status grow(struct tree *tree, struct tree_builder *b, struct stack *stack,
                        double start_s, struct error *error)
{
    enum status status = STATUS_OK;
    while (!status && stack->n > 0) {
        const struct tree_task task = stack->tasks[--stack->n];
        struct tree_node *node = &tree->nodes[task.node];
        *node = (struct tree_node){.left = 0};
        set_node(b, &task, node);
        b->best.found = false;
        b->n_values = 0;
        uint32_t n_varying = 0;
        if (may_split(b, node)) {
            find_rows(b);
            n_varying = tree_find_split(b);
        }
        status = b->best.found ? split_node(tree, b, stack, n_varying, error)
                               : make_leaf(tree, b, error);
        const double end_s = clock_now_s();
        tree->efforts[task.depth].seconds += end_s - start_s;
        tree->efforts[task.depth].n_values += b->n_values;
        start_s = end_s;
    }
    b->task = NULL;
    return status;
}

enum status tree_grow(struct tree *tree, const struct tree_data *data,
                      const struct tree_options *options, const uint16_t *weights, uint64_t key,
                      struct error *error)
{
    struct tree_builder builder;
    struct stack stack = {.n = 1};
    const double start_s = clock_now_s();
    assert(options->splitter == TREE_BEST || !weights);
    *tree = (struct tree){.n_classes = data->n_classes, .n_nodes = 1};
    enum status status = builder_create(&builder, data, options, weights, error);
    if (!status)
        status = reserve((void **)&tree->nodes, &tree->nodes_capacity, 1, sizeof *tree->nodes,
                         "the nodes of a tree", error);
    if (!status)
        status = reserve((void **)&tree->efforts, &tree->efforts_capacity, 1, sizeof *tree->efforts,
                         "growing a tree", error);
    if (!status)
        status = reserve((void **)&stack.tasks, &stack.capacity, 1, sizeof *stack.tasks,
                         "growing a tree", error);
    if (!status) {
        tree->efforts[0] = (struct tree_effort){.seconds = 0};
        stack.tasks[0] = (struct tree_task){
            .end = builder.n_samples, .n_active = (uint32_t)data->x->n_features, .key = key};
        status = grow(tree, &builder, &stack, start_s, error);
    }
    builder_destroy(&builder);
    memory_free(stack.tasks);
    if (status)
        tree_destroy(tree);
    return status;
}
