#include "classifiers/gaussian_process_kernel.h"

#include "base/memory.h"
#include "classifiers/neighbors_index.h"

#include <math.h>
#include <string.h>

static enum status kernel_allocate(struct gp_kernel *kernel, size_t n_rows, size_t n_values,
                                   struct error *error)
{
    *kernel = (struct gp_kernel){.n_rows = n_rows};
    const struct memory_request requests[] = {
        {(void **)&kernel->start, n_rows + 1, sizeof *kernel->start},
        {(void **)&kernel->column, n_values, sizeof *kernel->column},
        {(void **)&kernel->value, n_values, sizeof *kernel->value},
    };
    return memory_arrays(requests, sizeof requests / sizeof *requests, "the kernel matrix", error);
}

void gp_kernel_destroy(struct gp_kernel *kernel)
{
    memory_free(kernel->start);
    memory_free(kernel->column);
    memory_free(kernel->value);
    *kernel = (struct gp_kernel){.n_rows = 0};
}

/* start[i + 1] counts the values of row i; becomes where each row ends. */
static void sum_counts(size_t *start, size_t n)
{
    for (size_t i = 0; i < n; i++)
        start[i + 1] += start[i];
}

/* Filling has moved each start to the next one's place. */
static void restore_starts(size_t *start, size_t n)
{
    memmove(start + 1, start, n * sizeof *start);
    start[0] = 0;
}

static void put(struct gp_kernel *kernel, uint32_t row, uint32_t column, double value)
{
    const size_t at = kernel->start[row]++;
    kernel->column[at] = column;
    kernel->value[at] = value;
}

static void fill_from_pairs(struct gp_kernel *kernel, const struct neighbor_pairs *pairs)
{
    memset(kernel->start, 0, (kernel->n_rows + 1) * sizeof *kernel->start);
    for (size_t p = 0; p < pairs->n_pairs; p++) {
        kernel->start[pairs->pairs[p].row + 1]++;
        kernel->start[pairs->pairs[p].other + 1]++;
    }
    sum_counts(kernel->start, kernel->n_rows);
    for (size_t p = 0; p < pairs->n_pairs; p++) {
        const struct neighbor_pair *pair = &pairs->pairs[p];
        const double value = exp(-0.5 * pair->squared_distance);
        put(kernel, pair->row, pair->other, value);
        put(kernel, pair->other, pair->row, value);
    }
    restore_starts(kernel->start, kernel->n_rows);
}

enum status gp_kernel_create(struct gp_kernel *kernel, const struct features *x, size_t bytes_max,
                             int n_threads, struct error *error)
{
    /* A pair as it is found, twice while lists become one, and then as two values of K. */
    const size_t bytes_a_pair =
        2 * sizeof(struct neighbor_pair) + 2 * sizeof *kernel->column + 2 * sizeof *kernel->value;
    const double radius = 2.0 * (54.0 * log(2.0) + log((double)x->n_rows));
    struct neighbors_index index = {0};
    struct neighbor_pairs pairs = {0};
    *kernel = (struct gp_kernel){.n_rows = 0};
    enum status status = neighbors_index_create(&index, x, 2, error);
    if (!status)
        status = neighbor_pairs_search(
            &pairs, &index, x,
            (struct neighbor_reach){
                .radius = radius, .pairs_max = bytes_max / bytes_a_pair, .n_threads = n_threads},
            error);
    neighbors_index_destroy(&index);
    if (!status)
        status = kernel_allocate(kernel, x->n_rows, 2 * pairs.n_pairs, error);
    if (!status)
        fill_from_pairs(kernel, &pairs);
    neighbor_pairs_destroy(&pairs);
    return status;
}

void gp_kernel_times(const struct gp_kernel *kernel, const double *x, size_t width,
                     double *restrict y)
{
    for (size_t i = 0; i < kernel->n_rows; i++) {
        const size_t end = kernel->start[i + 1];
        double *restrict sum = y + i * width;
        if (width == 1) {
            double one = x[i];
            for (size_t t = kernel->start[i]; t < end; t++)
                one += kernel->value[t] * x[kernel->column[t]];
            *sum = one;
            continue;
        }
        memcpy(sum, x + i * width, width * sizeof *sum);
        for (size_t t = kernel->start[i]; t < end; t++) {
            const double *row = x + kernel->column[t] * width;
            for (size_t j = 0; j < width; j++)
                sum[j] += kernel->value[t] * row[j];
        }
    }
}

/* The work of making a system: rows are numbered by their place in `rows`. */
struct making {
    const struct gp_kernel *whole;
    const uint32_t *rows;
    size_t n;
    uint32_t *local; /* of each row of the whole, its number, or UINT32_MAX */
    uint32_t *root;  /* n: of the forest that joins the rows of a block */
    uint32_t *place; /* n: in the new order */
    double value_min, strong_min;
};

/* The number of the row that value t of row i couples to, or UINT32_MAX when it is left out. */
static uint32_t coupled(const struct making *m, size_t t)
{
    return m->whole->value[t] >= m->value_min ? m->local[m->whole->column[t]] : UINT32_MAX;
}

static double largest_weak_sum(const struct making *m)
{
    double largest = 0.0;
    for (size_t i = 0; i < m->n; i++) {
        double sum = 0.0;
        for (size_t t = m->whole->start[m->rows[i]]; t < m->whole->start[m->rows[i] + 1]; t++)
            if (m->whole->value[t] < m->strong_min && coupled(m, t) != UINT32_MAX)
                sum += m->whole->value[t];
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

static void choose_strength(struct making *m)
{
    m->strong_min = 1e-2;
    while (m->strong_min > 0.0 && largest_weak_sum(m) > GP_WEAK_SUM)
        m->strong_min = m->strong_min > 1e-12 ? m->strong_min / 10 : 0.0;
}

static uint32_t find_root(uint32_t *root, uint32_t i)
{
    for (; root[i] != i; i = root[i])
        root[i] = root[root[i]];
    return i;
}

/* The smallest row of a block is its root. */
static void join_blocks(struct making *m)
{
    for (uint32_t i = 0; i < m->n; i++)
        m->root[i] = i;
    for (uint32_t i = 0; i < m->n; i++)
        for (size_t t = m->whole->start[m->rows[i]]; t < m->whole->start[m->rows[i] + 1]; t++) {
            const uint32_t j = m->whole->value[t] >= m->strong_min ? coupled(m, t) : UINT32_MAX;
            if (j == UINT32_MAX)
                continue;
            const uint32_t a = find_root(m->root, i), b = find_root(m->root, j);
            m->root[a > b ? a : b] = a > b ? b : a;
        }
}

/* Blocks in the order of their smallest rows, within them rows rise. */
static void place_rows(struct making *m, struct gp_system *system)
{
    size_t *start = system->block_start, *next = system->factor_start; /* not yet needed */
    memset(start, 0, (m->n + 1) * sizeof *start);
    for (uint32_t i = 0; i < m->n; i++) { /* m->place: the block, for now */
        const uint32_t root = m->root[i] = find_root(m->root, i);
        m->place[i] = root == i ? (uint32_t)system->n_blocks++ : m->place[root];
        start[m->place[i] + 1]++;
    }
    sum_counts(start, system->n_blocks);
    memcpy(next, start, system->n_blocks * sizeof *next);
    for (uint32_t i = 0; i < m->n; i++) {
        m->place[i] = (uint32_t)next[m->place[i]]++;
        system->rows[m->place[i]] = m->rows[i];
    }
    system->factor_start[0] = 0;
    for (size_t b = 0; b < system->n_blocks; b++) {
        const size_t size = start[b + 1] - start[b];
        system->factor_start[b + 1] = system->factor_start[b] + size * size;
        system->largest_block = size > system->largest_block ? size : system->largest_block;
    }
}

static void count_values(const struct making *m, size_t *start)
{
    memset(start, 0, (m->n + 1) * sizeof *start);
    for (size_t i = 0; i < m->n; i++)
        for (size_t t = m->whole->start[m->rows[i]]; t < m->whole->start[m->rows[i] + 1]; t++)
            start[m->place[i] + 1] += coupled(m, t) != UINT32_MAX;
    sum_counts(start, m->n);
}

static void fill_system(const struct making *m, struct gp_system *system)
{
    struct gp_kernel *kernel = &system->kernel;
    for (size_t i = 0; i < m->n; i++)
        for (size_t t = m->whole->start[m->rows[i]]; t < m->whole->start[m->rows[i] + 1]; t++) {
            const uint32_t j = coupled(m, t);
            if (j == UINT32_MAX)
                continue;
            put(kernel, m->place[i], m->place[j], m->whole->value[t]);
            system->has_weak |= m->root[i] != m->root[j];
        }
    restore_starts(kernel->start, m->n);
}

static void number_rows(struct making *m)
{
    for (size_t i = 0; i < m->whole->n_rows; i++)
        m->local[i] = UINT32_MAX;
    for (uint32_t i = 0; i < m->n; i++)
        m->local[m->rows[i]] = i;
}

/* Where each row begins is counted first: it tells how long the arrays of values are. */
static enum status allocate_values(const struct making *m, struct gp_system *system,
                                   struct error *error)
{
    struct gp_kernel *kernel = &system->kernel;
    kernel->n_rows = m->n;
    count_values(m, kernel->start);
    const struct memory_request requests[] = {
        {(void **)&kernel->column, kernel->start[m->n], sizeof *kernel->column},
        {(void **)&kernel->value, kernel->start[m->n], sizeof *kernel->value},
    };
    return memory_arrays(requests, sizeof requests / sizeof *requests,
                         "a part of the kernel matrix", error);
}

enum status gp_system_create(struct gp_system *system, const struct gp_kernel *kernel,
                             const uint32_t *rows, size_t n_rows, double value_min,
                             struct error *error)
{
    struct making m = {.whole = kernel, .rows = rows, .n = n_rows, .value_min = value_min};
    *system = (struct gp_system){.n_blocks = 0};
    const struct memory_request requests[] = {
        {(void **)&m.local, kernel->n_rows, sizeof *m.local},
        {(void **)&m.root, n_rows, sizeof *m.root},
        {(void **)&m.place, n_rows, sizeof *m.place},
        {(void **)&system->kernel.start, n_rows + 1, sizeof *system->kernel.start},
        {(void **)&system->rows, n_rows, sizeof *system->rows},
        {(void **)&system->block_start, n_rows + 1, sizeof *system->block_start},
        {(void **)&system->factor_start, n_rows + 1, sizeof *system->factor_start},
    };
    enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                       "the blocks of the kernel matrix", error);
    if (status)
        return status;
    number_rows(&m);
    choose_strength(&m);
    join_blocks(&m);
    place_rows(&m, system);
    status = allocate_values(&m, system, error);
    if (!status)
        fill_system(&m, system);
    else
        gp_system_destroy(system);
    memory_free(m.local);
    memory_free(m.root);
    memory_free(m.place);
    return status;
}

void gp_system_destroy(struct gp_system *system)
{
    gp_kernel_destroy(&system->kernel);
    memory_free(system->rows);
    memory_free(system->block_start);
    memory_free(system->factor_start);
    *system = (struct gp_system){.n_blocks = 0};
}
