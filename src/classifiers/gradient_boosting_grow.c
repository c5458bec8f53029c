/* Growing a regression tree, depth first, on rows that are moved so that each node's are
 * contiguous. */
#include "classifiers/gradient_boosting_grow.h"

#include "base/memory.h"
#include "numerics/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { SIGN_BITS = 2, RESIDUAL_BITS_MAX = 30 };

/* The machine epsilon of doubles, as in scikit-learn 1.2.1; its 0.19 had 1e-7. */
static const double LEAST_VARIANCE = 0x1p-52;

/* Purposes of random numbers: of a tree, and of its nodes. */
enum { KEY_RANKS = 0, KEY_ROOT = 1 };

void boosting_tree_destroy(struct boosting_tree *tree)
{
    memory_free(tree->nodes);
    memory_free(tree->values);
    *tree = (struct boosting_tree){.n_nodes = 0};
}

/* Doubles *array when it has no room for n_items. */
static enum status reserve(void **array, size_t *capacity, size_t n_items, size_t item_bytes,
                           struct error *error)
{
    if (n_items <= *capacity)
        return STATUS_OK;
    const size_t wanted = 2 * n_items;
    void *larger = memory_array(wanted, item_bytes);
    if (!larger)
        return error_memory(error, "growing a tree", (unsigned long long)wanted * item_bytes);
    if (*array)
        memcpy(larger, *array, *capacity * item_bytes);
    memory_free(*array);
    *array = larger;
    *capacity = wanted;
    return STATUS_OK;
}

enum status boosting_data_create(struct boosting_data *data, const struct features *x,
                                 struct error *error)
{
    enum { WIDTH = BOOSTING_LINE };
    *data = (struct boosting_data){.x = x, .n_tiles = (x->n_features + WIDTH - 1) / WIDTH};
    if (x->n_rows > BOOSTING_ROWS_MAX || x->n_features > INT32_MAX / 2)
        return error_set(error, STATUS_DATA,
                         "boosting takes up to %d rows and 2^30 features, not %zu x %zu",
                         BOOSTING_ROWS_MAX, x->n_rows, x->n_features);
    /* So that n_rows x (a sum of n_rows residuals), packed or not, fits into 63 bits. */
    while (x->n_rows >> data->count_bits)
        data->count_bits++;
    data->residual_bits = 64 - SIGN_BITS - 2 * data->count_bits;
    if (data->residual_bits > RESIDUAL_BITS_MAX)
        data->residual_bits = RESIDUAL_BITS_MAX;
    data->tiles = memory_zeroed(data->n_tiles * x->n_rows, WIDTH);
    if (!data->tiles)
        return error_memory(error, "the training bytes", data->n_tiles * x->n_rows * WIDTH);
    for (size_t i = 0; i < x->n_rows; i++) {
        const uint8_t *row = features_row(x, i);
        for (size_t first = 0; first < x->n_features; first += WIDTH)
            memcpy(data->tiles[first / WIDTH * x->n_rows + i], row + first,
                   x->n_features - first < WIDTH ? x->n_features - first : WIDTH);
    }
    return STATUS_OK;
}

void boosting_data_destroy(struct boosting_data *data)
{
    memory_free(data->tiles);
    *data = (struct boosting_data){.x = NULL};
}

/* ---- the grower ---- */

static size_t histogram_numbers(const struct boosting_grower *g)
{
    return g->n_groups * BOOSTING_GROUP;
}

static enum status allocate(struct boosting_grower *g, struct error *error)
{
    const size_t n_rows = g->x->n_rows, n_features = g->x->n_features;
    const size_t residuals_room = BOOSTING_SORT_ROWS > 16 ? BOOSTING_SORT_ROWS : 16;
    const struct memory_request requests[] = {
        {(void **)&g->rows, n_rows, sizeof *g->rows},
        {(void **)&g->packed, n_rows, sizeof *g->packed},
        {(void **)&g->spare_rows, n_rows, sizeof *g->spare_rows},
        {(void **)&g->spare_packed, n_rows, sizeof *g->spare_packed},
        {(void **)&g->ranks, 2 * n_features, sizeof *g->ranks},
        {(void **)&g->row_bytes, BOOSTING_SORT_ROWS, sizeof *g->row_bytes},
        {(void **)&g->low, n_features, 1},
        {(void **)&g->high, n_features, 1},
        {(void **)&g->varying, n_features + 1, sizeof *g->varying},
        {(void **)&g->picked, BOOSTING_SORT_ROWS * g->picked_stride, 1},
        {(void **)&g->keys, BOOSTING_SORT_ROWS, sizeof *g->keys},
        {(void **)&g->residuals, residuals_room, sizeof *g->residuals},
        {(void **)&g->reciprocals, BOOSTING_SORT_ROWS, sizeof *g->reciprocals},
    };
    const enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "growing a tree", error);
    if (status)
        return status;
    memset(g->residuals, 0, residuals_room * sizeof *g->residuals);
    memset(g->picked, 0, BOOSTING_SORT_ROWS * g->picked_stride);
    return STATUS_OK;
}

enum status boosting_grower_create(struct boosting_grower **grower,
                                   const struct boosting_data *data, size_t max_depth,
                                   struct error *error)
{
    const struct features *x = data->x;
    *grower = NULL;
    struct boosting_grower *g = memory_zeroed(1, sizeof *g);
    if (!g)
        return error_memory(error, "growing a tree", sizeof *g);
    g->data = data;
    g->x = x;
    g->max_depth = max_depth;
    g->kernels = SIMD_SELECT(boosting_kernels);
    g->bytes = SIMD_SELECT(byte_columns_kernels);
    g->n_groups = (x->n_features + BOOSTING_LANES - 1) / BOOSTING_LANES;
    g->picked_stride = (x->n_features + 63) / 64 * 64 + 64;
    g->count_bits = data->count_bits;
    const enum status status = allocate(g, error);
    if (status) {
        memory_free(g);
        return status;
    }
    *grower = g;
    return STATUS_OK;
}

void boosting_grower_destroy(struct boosting_grower *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->n_pool; i++)
        memory_free(g->pool[i]);
    for (size_t i = 0; i < g->n_stack; i++)
        memory_free(g->stack[i].histogram);
    void *const arrays[] = {
        g->rows,    g->packed, g->spare_rows, g->spare_packed, g->ranks,      g->stack,
        g->pool,    g->nodes,  g->values,     g->row_bytes,    g->low,        g->high,
        g->varying, g->picked, g->keys,       g->residuals,    g->reciprocals};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        memory_free(arrays[i]);
    memory_free(g);
}

/* A histogram with any content. */
static enum status take_histogram(struct boosting_grower *g, uint64_t **histogram,
                                  struct error *error)
{
    if (g->n_pool > 0) {
        *histogram = g->pool[--g->n_pool];
        return STATUS_OK;
    }
    const enum status status =
        reserve((void **)&g->pool, &g->pool_capacity, g->n_histograms + 1, sizeof *g->pool, error);
    if (status)
        return status;
    *histogram = memory_array(histogram_numbers(g), sizeof **histogram);
    if (!*histogram)
        return error_memory(error, "a histogram", histogram_numbers(g) * sizeof **histogram);
    g->n_histograms++;
    return STATUS_OK;
}

static void give_back(struct boosting_grower *g, uint64_t *histogram)
{
    if (histogram)
        g->pool[g->n_pool++] = histogram;
}

/* ---- a tree ---- */

static int64_t residual_of(const struct boosting_grower *g, uint64_t packed)
{
    return (int64_t)packed >> g->count_bits;
}

static void add_row(const struct boosting_grower *g, struct boosting_sums *sums, uint64_t packed)
{
    const int64_t residual = residual_of(g, packed);
    sums->packed += packed;
    sums->squares += (uint64_t)(residual * residual);
}

double boosting_step(const struct boosting_data *data, const double *residuals)
{
    double largest = 0;
    int exponent = 0;
    for (size_t i = 0; i < data->x->n_rows; i++)
        largest = fabs(residuals[i]) > largest ? fabs(residuals[i]) : largest;
    frexp(largest, &exponent); /* largest < 2^exponent */
    return ldexp(1, exponent - data->residual_bits);
}

/* Rounds the residuals and puts all rows into the root. */
static struct boosting_sums set_rows(struct boosting_grower *g, const double *residuals)
{
    struct boosting_sums sums = {.packed = 0};
    const double step = boosting_step(g->data, residuals);
    g->least_variance = LEAST_VARIANCE / (step * step);
    for (size_t i = 0; i < g->x->n_rows; i++) {
        g->rows[i] = (uint32_t)i;
        g->packed[i] = boosting_pack(g->data, residuals[i], step);
        add_row(g, &sums, g->packed[i]);
    }
    return sums;
}

static bool may_split(const struct boosting_grower *g, const struct boosting_task *task)
{
    const struct boosting_total total = boosting_unpack(g, task->sums.packed);
    if (task->depth >= g->max_depth || total.n_rows < 2)
        return false;
    const __int128 squared_sum = (__int128)total.sum * total.sum;
    const __int128 spread = (__int128)task->sums.squares * total.n_rows - squared_sum;
    const double n_rows = (double)total.n_rows;
    return (double)spread > g->least_variance * n_rows * n_rows;
}

/* A sum that depends on no order: whole multiples of 2^-30 and of a much smaller step. */
struct exact_sum {
    int64_t coarse, fine;
};

enum { COARSE_BITS = 30, FINE_BITS = 61 };

/* fine_scale is 2^FINE_BITS over more than the number of terms, so that `fine` does not overflow.
 */
static void exact_add(struct exact_sum *sum, double x, double fine_scale)
{
    const double scaled = x * (INT64_C(1) << COARSE_BITS), coarse = rint(scaled);
    sum->coarse += (int64_t)coarse;
    sum->fine += (int64_t)rint((scaled - coarse) * fine_scale);
}

static double exact_value(const struct exact_sum *sum, double fine_scale)
{
    return (double)sum->coarse + (double)sum->fine / fine_scale;
}

static double newton_step(const struct boosting_grower *g, const struct boosting_target *target,
                          const struct boosting_task *task)
{
    const double fine_scale = ldexp(1, FINE_BITS - g->count_bits);
    struct exact_sum residuals = {.fine = 0}, curvature = {.fine = 0};
    for (size_t i = task->begin; i < task->end; i++) {
        const double r = target->residuals[g->rows[i]];
        exact_add(&residuals, r, fine_scale);
        exact_add(&curvature, fabs(r) * (1 - fabs(r)), fine_scale);
    }
    const double divisor = exact_value(&curvature, fine_scale);
    return divisor > 0 ? target->step_factor * (exact_value(&residuals, fine_scale) / divisor) : 0;
}

static enum status make_leaf(struct boosting_grower *g, const struct boosting_target *target,
                             const struct boosting_task *task, struct error *error)
{
    const enum status status = reserve((void **)&g->values, &g->values_capacity, g->n_leaves + 1,
                                       sizeof *g->values, error);
    if (status)
        return status;
    const double value = newton_step(g, target, task);
    g->nodes[task->node] = (struct boosting_node){.value = (uint32_t)g->n_leaves};
    g->values[g->n_leaves++] = value;
    for (size_t i = task->begin; i < task->end; i++)
        target->raw[g->rows[i]] += target->rate * value;
    return STATUS_OK;
}

/* Moves the rows of the node, left ones first, and returns how many these are; *sums are theirs. */
static size_t partition(struct boosting_grower *g, const struct boosting_task *task,
                        struct boosting_sums *sums)
{
    const uint8_t *column = g->x->columns + task->best.feature * g->x->n_rows;
    const size_t n = task->end - task->begin;
    uint32_t *rows = g->rows + task->begin;
    uint64_t *packed = g->packed + task->begin;
    size_t n_left = 0, n_right = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = rows[i];
        const uint64_t number = packed[i];
        const bool goes_left = column[row] <= task->best.threshold;
        rows[n_left] = g->spare_rows[n_right] = row;
        packed[n_left] = g->spare_packed[n_right] = number;
        n_left += goes_left;
        n_right += !goes_left;
    }
    memcpy(rows + n_left, g->spare_rows, n_right * sizeof *rows);
    memcpy(packed + n_left, g->spare_packed, n_right * sizeof *packed);
    *sums = (struct boosting_sums){.packed = 0};
    for (size_t i = 0; i < n_left; i++)
        add_row(g, sums, packed[i]);
    return n_left;
}

static size_t size_of(const struct boosting_task *task)
{
    return task->end - task->begin;
}

static bool needs_histogram(const struct boosting_grower *g, const struct boosting_task *task)
{
    return size_of(task) > BOOSTING_SORT_ROWS && may_split(g, task);
}

/* The parent's histogram becomes the larger child's, or the smaller one's, or is free. */
static enum status share_histogram(struct boosting_grower *g, uint64_t *parents,
                                   struct boosting_task *small, struct boosting_task *large,
                                   struct error *error)
{
    const bool small_needs = needs_histogram(g, small), large_needs = needs_histogram(g, large);
    if (large_needs)
        large->histogram = parents;
    else if (small_needs)
        small->histogram = parents;
    else
        give_back(g, parents);
    const enum status status =
        small_needs && large_needs ? take_histogram(g, &small->histogram, error) : STATUS_OK;
    if (!status && (small_needs || large_needs))
        boosting_search_children(g, small, large);
    return status;
}

/* Splits the node as its best split says. The smaller child comes off the stack first, so that no
   more histograms wait than the number of rows can be halved. */
static enum status split_node(struct boosting_grower *g, const struct boosting_task *task,
                              struct error *error)
{
    enum status status =
        reserve((void **)&g->nodes, &g->nodes_capacity, g->n_nodes + 2, sizeof *g->nodes, error);
    if (!status)
        status = reserve((void **)&g->stack, &g->stack_capacity, g->n_stack + 2, sizeof *g->stack,
                         error);
    if (status) {
        give_back(g, task->histogram);
        return status;
    }
    struct boosting_task left = {.begin = task->begin,
                                 .depth = task->depth + 1,
                                 .key = rng_derive(task->key, 0),
                                 .node = (uint32_t)g->n_nodes};
    struct boosting_task right = {.end = task->end,
                                  .depth = task->depth + 1,
                                  .key = rng_derive(task->key, 1),
                                  .node = (uint32_t)g->n_nodes + 1};
    left.end = right.begin = task->begin + partition(g, task, &left.sums);
    right.sums.packed = task->sums.packed - left.sums.packed;
    right.sums.squares = task->sums.squares - left.sums.squares;
    assert(size_of(&left) > 0 && size_of(&right) > 0);
    g->nodes[task->node] = (struct boosting_node){
        .left = left.node, .value = task->best.feature, .threshold = task->best.threshold};
    g->n_nodes += 2;
    g->depth = left.depth > g->depth ? left.depth : g->depth;
    const bool left_is_small = size_of(&left) <= size_of(&right);
    struct boosting_task *small = left_is_small ? &left : &right;
    struct boosting_task *large = left_is_small ? &right : &left;
    if (task->histogram)
        status = share_histogram(g, task->histogram, small, large, error);
    g->stack[g->n_stack++] = *large;
    g->stack[g->n_stack++] = *small;
    return status;
}

static enum status grow(struct boosting_grower *g, const struct boosting_target *target,
                        struct error *error)
{
    enum status status = STATUS_OK;
    while (!status && g->n_stack > 0) {
        struct boosting_task task = g->stack[--g->n_stack];
        if (!task.is_searched && may_split(g, &task))
            boosting_search_sorted(g, &task);
        if (task.best.found) {
            status = split_node(g, &task, error);
        } else {
            give_back(g, task.histogram);
            status = make_leaf(g, target, &task, error);
        }
    }
    return status;
}

static enum status push_root(struct boosting_grower *g, const struct boosting_target *target,
                             struct error *error)
{
    const size_t n_features = g->x->n_features;
    struct rng rng = rng_create(rng_derive(target->key, KEY_RANKS), 0);
    for (size_t f = 0; f < n_features; f++)
        g->ranks[f] = (uint32_t)f;
    rng_shuffle(&rng, g->ranks, n_features);
    memcpy(g->ranks + n_features, g->ranks, n_features * sizeof *g->ranks);
    enum status status =
        reserve((void **)&g->nodes, &g->nodes_capacity, 1, sizeof *g->nodes, error);
    if (!status)
        status = reserve((void **)&g->stack, &g->stack_capacity, 1, sizeof *g->stack, error);
    if (status)
        return status;
    struct boosting_task root = {.end = g->x->n_rows, .key = rng_derive(target->key, KEY_ROOT)};
    root.sums = set_rows(g, target->residuals);
    if (needs_histogram(g, &root)) {
        status = take_histogram(g, &root.histogram, error);
        if (status)
            return status;
        boosting_search_root(g, &root, target);
    }
    g->n_nodes = 1;
    g->n_leaves = g->depth = 0;
    g->stack[g->n_stack++] = root;
    return STATUS_OK;
}

/* Copies what was grown. */
static enum status keep_tree(const struct boosting_grower *g, struct boosting_tree *tree,
                             struct error *error)
{
    const struct memory_request requests[] = {
        {(void **)&tree->nodes, g->n_nodes, sizeof *tree->nodes},
        {(void **)&tree->values, g->n_leaves, sizeof *tree->values},
    };
    const enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "a tree", error);
    if (status)
        return status;
    tree->n_nodes = g->n_nodes;
    tree->n_leaves = g->n_leaves;
    tree->depth = g->depth;
    tree->n_updates = g->n_updates;
    memcpy(tree->nodes, g->nodes, g->n_nodes * sizeof *tree->nodes);
    memcpy(tree->values, g->values, g->n_leaves * sizeof *tree->values);
    return STATUS_OK;
}

enum status boosting_grower_grow(struct boosting_grower *g, struct boosting_tree *tree,
                                 const struct boosting_target *target, struct error *error)
{
    *tree = (struct boosting_tree){.n_nodes = 0};
    g->n_updates = 0;
    enum status status = push_root(g, target, error);
    if (!status)
        status = grow(g, target, error);
    if (!status)
        status = keep_tree(g, tree, error);
    while (g->n_stack > 0) /* after a failure */
        give_back(g, g->stack[--g->n_stack].histogram);
    return status;
}

/* ---- reading a tree ---- */

/* Rows go down side by side, so that their cache misses overlap. */
static void add_block(const struct boosting_tree *tree, const uint8_t *rows, size_t n_rows,
                      size_t n_features, double rate, double *sums, size_t stride)
{
    uint32_t at[16] = {0};
    bool any_inner = true;
    while (any_inner) {
        any_inner = false;
        for (size_t i = 0; i < n_rows; i++) {
            const struct boosting_node *node = &tree->nodes[at[i]];
            if (!node->left)
                continue;
            at[i] = node->left + (rows[i * n_features + node->value] > node->threshold);
            any_inner = true;
        }
    }
    for (size_t i = 0; i < n_rows; i++)
        sums[i * stride] += rate * tree->values[tree->nodes[at[i]].value];
}

void boosting_tree_add(const struct boosting_tree *tree, const uint8_t *rows, size_t n_rows,
                       size_t n_features, double rate, double *sums, size_t stride)
{
    enum { BLOCK = 16 };
    for (size_t first = 0; first < n_rows; first += BLOCK)
        add_block(tree, rows + first * n_features, n_rows - first < BLOCK ? n_rows - first : BLOCK,
                  n_features, rate, sums + first * stride, stride);
}
