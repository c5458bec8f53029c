#include "classifiers/svc_kernel.h"

#include "base/memory.h"
#include "numerics/kernel_simd.h"
#include "numerics/work.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { COLUMN_UNIT = 16, GRAM_STRIP = 252, GRAM_CORNER = 36, RIGHT_AT_ONCE = 1024 };

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t rounded_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static enum status choose_features(struct svc_rows *rows, const struct training_set *set,
                                   struct error *error)
{
    const size_t n_features = set->x->n_features;
    uint8_t *varies = NULL;
    const enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&rows->features, n_features, sizeof *rows->features},
            {(void **)&varies, n_features, 1},
        },
        2, "SVC", error);
    if (status)
        return status;
    /* A feature that is constant in training is standardised to one value, which is 0 or differs
       from it by nothing. */
    features_find_varying(set->x, varies);
    for (size_t j = 0; j < n_features; j++)
        if (varies[j])
            rows->features[rows->n_features++] = (uint32_t)j;
    memory_free(varies);
    rows->n_columns = rounded_up(rows->n_features ? rows->n_features : 1, COLUMN_UNIT);
    return STATUS_OK;
}

/* Rows of a class keep their order. */
static void sort_by_class(struct svc_rows *rows, const struct training_set *set)
{
    size_t next[MAX_CLASSES] = {0};
    for (size_t i = 0; i < rows->n_rows; i++)
        next[set->y[i]]++;
    size_t sum = 0;
    for (size_t c = 0; c < set->n_classes; c++) {
        rows->first[c] = sum;
        sum += next[c];
        next[c] = rows->first[c];
    }
    rows->first[set->n_classes] = sum;
    for (size_t i = 0; i < rows->n_rows; i++)
        rows->source[next[set->y[i]]++] = (uint32_t)i;
}

double svc_row_copy(const struct svc_rows *rows, const float *standardised, size_t n_all,
                    float *restrict to)
{
    double norm = 0;
    for (size_t j = 0; j < n_all; j++)
        norm += (double)standardised[j] * (double)standardised[j];
    for (size_t j = 0; j < rows->n_features; j++)
        to[j] = standardised[rows->features[j]];
    memset(to + rows->n_features, 0, (rows->n_columns - rows->n_features) * sizeof *to);
    return norm;
}

static double of_products(const struct svc_kernel *kernel, double product, double squared_distance)
{
    switch (kernel->kind) {
    case SVC_LINEAR:
        return product;
    case SVC_POLY:
        return pow(kernel->gamma * product + kernel->coef0, (double)kernel->degree);
    case SVC_RBF:
        return exp(-kernel->gamma * squared_distance);
    case SVC_SIGMOID:
        return tanh(kernel->gamma * product + kernel->coef0);
    }
    return 0;
}

double svc_kernel_value(const struct svc_kernel *kernel, size_t n_columns, const float *a,
                        const float *b)
{
    double product = 0, squared_distance = 0;
    for (size_t j = 0; j < n_columns; j++) {
        const double difference = (double)a[j] - (double)b[j];
        product += (double)a[j] * (double)b[j];
        squared_distance += difference * difference;
    }
    return of_products(kernel, product, squared_distance);
}

/* Kernel values of the rows from `first` to `end` with those from `from` to `to`. */
static void fill_rectangle(struct svc_rows *rows, const struct svc_kernel *kernel, size_t first,
                           size_t end, size_t from, size_t to)
{
    const size_t n_columns = rows->n_columns;
    svc_kernel_block(kernel, &(struct svc_block){.n_columns = n_columns,
                                                 .n_left = end - first,
                                                 .n_right = to - from,
                                                 .left = rows->x + first * n_columns,
                                                 .right = rows->x + from * n_columns,
                                                 .left_norms = rows->norms + first,
                                                 .right_norms = rows->norms + from,
                                                 .values = rows->gram + first * rows->n_rows + from,
                                                 .stride = rows->n_rows});
}

/* Rows of the gram from `first` on: from the diagonal to the right, and the mirror image. */
static void fill_gram_strip(struct svc_rows *rows, const struct svc_kernel *kernel, size_t first)
{
    const size_t n = rows->n_rows, end = lesser(first + GRAM_STRIP, n);
    for (size_t corner = first; corner < end; corner += GRAM_CORNER)
        fill_rectangle(rows, kernel, corner, lesser(corner + GRAM_CORNER, end), corner, end);
    fill_rectangle(rows, kernel, first, end, end, n);
    for (size_t i = first; i < end; i++)
        rows->gram[i * n + i] = rows->diagonal[i];
    for (size_t j0 = first / COLUMN_UNIT * COLUMN_UNIT; j0 < n; j0 += COLUMN_UNIT)
        for (size_t i = first; i < end && i < j0 + COLUMN_UNIT; i++)
            for (size_t j = j0 > i ? j0 : i + 1; j < j0 + COLUMN_UNIT && j < n; j++)
                rows->gram[j * n + i] = rows->gram[i * n + j];
}

static enum status create_gram(struct svc_rows *rows, const struct svc_kernel *kernel,
                               int n_threads, struct error *error)
{
    const size_t n = rows->n_rows;
    rows->gram = memory_array(n * n, sizeof *rows->gram);
    if (!rows->gram)
        return error_memory(error, "SVC", n * n * sizeof *rows->gram);
    memory_prefer_huge_pages(rows->gram, n * n * sizeof *rows->gram);
#pragma omp parallel for schedule(dynamic) num_threads(n_threads) default(none)                    \
    shared(rows, kernel, n)
    for (size_t first = 0; first < n; first += GRAM_STRIP)
        fill_gram_strip(rows, kernel, first);
    return STATUS_OK;
}

enum status svc_rows_create(struct svc_rows *rows, const struct training_set *set,
                            const struct svc_kernel *kernel, size_t gram_bytes_max, int n_threads,
                            struct error *error)
{
    const size_t n_rows = set->x->n_rows, n_all = set->x->n_features;
    float *row = NULL;
    *rows = (struct svc_rows){.n_rows = n_rows};
    enum status status = choose_features(rows, set, error);
    if (!status)
        status = memory_arrays(
            (const struct memory_request[]){
                {(void **)&row, n_all, sizeof *row},
                {(void **)&rows->x, n_rows * rows->n_columns, sizeof *rows->x},
                {(void **)&rows->norms, n_rows, sizeof *rows->norms},
                {(void **)&rows->diagonal, n_rows, sizeof *rows->diagonal},
                {(void **)&rows->source, n_rows, sizeof *rows->source},
            },
            5, "SVC", error);
    if (status) {
        svc_rows_destroy(rows);
        return status;
    }
    sort_by_class(rows, set);
    assert(n_rows > 0);
    for (size_t i = 0; i < n_rows; i++) {
        features_standardise(set->x, rows->source[i], row);
        const double norm = svc_row_copy(rows, row, n_all, rows->x + i * rows->n_columns);
        rows->norms[i] = (float)(kernel->gamma * norm);
        rows->diagonal[i] = (float)of_products(kernel, norm, 0);
    }
    memory_free(row);
    if (kernel->kind != SVC_LINEAR && n_rows <= gram_bytes_max / sizeof *rows->gram / n_rows)
        status = create_gram(rows, kernel, n_threads, error);
    if (status)
        svc_rows_destroy(rows);
    return status;
}

enum status svc_rows_copy_choice(struct svc_rows *to, const struct svc_rows *rows,
                                 struct error *error)
{
    *to = (struct svc_rows){.n_columns = rows->n_columns, .n_features = rows->n_features};
    to->features = memory_array(rows->n_features, sizeof *to->features);
    if (!to->features)
        return error_memory(error, "SVC", rows->n_features * sizeof *to->features);
    memcpy(to->features, rows->features, rows->n_features * sizeof *to->features);
    return STATUS_OK;
}

void svc_rows_destroy(struct svc_rows *rows)
{
    memory_free(rows->x);
    memory_free(rows->norms);
    memory_free(rows->diagonal);
    memory_free(rows->source);
    memory_free(rows->gram);
    memory_free(rows->features);
    *rows = (struct svc_rows){0};
}

/* From products to kernel values, while the product is still in the cache. */
static void apply(const struct kernel_kernels *kernels, const struct svc_kernel *kernel,
                  const struct svc_block *b, size_t from, size_t n)
{
    const float gamma = (float)kernel->gamma, coef0 = (float)kernel->coef0;
    for (size_t i = 0; i < b->n_left; i++) {
        float *values = b->values + i * b->stride + from;
        switch (kernel->kind) {
        case SVC_LINEAR:
            return;
        case SVC_POLY:
            kernels->poly(values, gamma, coef0, kernel->degree, n);
            break;
        case SVC_RBF:
            kernels->rbf(values, gamma, b->left_norms[i], b->right_norms + from, n);
            break;
        case SVC_SIGMOID:
            kernels->sigmoid(values, gamma, coef0, n);
            break;
        }
    }
}

void svc_kernel_block(const struct svc_kernel *kernel, const struct svc_block *b)
{
    const struct kernel_kernels *kernels = SIMD_SELECT(kernel_kernels);
    for (size_t from = 0; b->n_left > 0 && from < b->n_right; from += RIGHT_AT_ONCE) {
        const size_t n = lesser(RIGHT_AT_ONCE, b->n_right - from);
        kernels->products(&(struct kernel_products){
            .n_padded = b->n_columns,
            .n_left = b->n_left,
            .n_right = n,
            .left = b->left,
            .right = b->right_rows ? b->right : b->right + from * b->n_columns,
            .left_rows = b->left_rows,
            .right_rows = b->right_rows ? b->right_rows + from : NULL,
            .values = b->values + from,
            .stride = b->stride});
        apply(kernels, kernel, b, from, n);
    }
    work_add_float(2 * (double)b->n_left * (double)b->n_right * (double)b->n_columns);
}
