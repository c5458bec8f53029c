#include "classifiers/linear_hessian.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK_ROWS = 512,
    /* Sums over more rows than this are in float32: they belong to early steps, far from the
       optimum, which need no better. */
    DOUBLE_ROWS_MAX = 6144
};

/* Up to this largest diagonal element, float32 rounds the matrix by at most a few percent of the
   identity that is its smallest part. */
static const double FLOAT_DIAGONAL_MAX = 2e5;

/* Whether a float32 sum over the active rows, times scale, is precise enough. */
static bool float_will_do(const struct linear_hessian *h, const struct linear_design *design,
                          double scale)
{
    if (h->n_active > DOUBLE_ROWS_MAX)
        return true;
    float *restrict diagonal = h->block32;
    memset(diagonal, 0, h->stride * sizeof *diagonal);
    for (size_t i = 0; i < h->n_active; i++) {
        const float *restrict x = linear_design_rows(design, h->rows[i], 1);
        const float weight = (float)h->weights[i];
        for (size_t j = 0; j < h->stride; j++)
            diagonal[j] += weight * x[j] * x[j];
    }
    float largest = 0;
    for (size_t j = 0; j < h->stride; j++)
        largest = diagonal[j] > largest ? diagonal[j] : largest;
    return scale * (double)largest <= FLOAT_DIAGONAL_MAX;
}

enum status linear_hessian_create(struct linear_hessian *hessian,
                                  const struct linear_design *design, struct error *error)
{
    *hessian = (struct linear_hessian){.n_columns = design->n_columns, .stride = design->stride};
    const size_t n_matrix = design->stride * design->stride;
    const struct memory_request requests[] = {
        {(void **)&hessian->matrix, n_matrix, sizeof *hessian->matrix},
        {(void **)&hessian->matrix32, n_matrix, sizeof *hessian->matrix32},
        {(void **)&hessian->block, BLOCK_ROWS * design->stride, sizeof *hessian->block},
        {(void **)&hessian->diagonal, design->stride, sizeof *hessian->diagonal},
        {(void **)&hessian->block32, 2 * BLOCK_ROWS * design->stride, sizeof *hessian->block32},
        {(void **)&hessian->rows, design->n_rows, sizeof *hessian->rows},
        {(void **)&hessian->weights, design->n_rows, sizeof *hessian->weights},
    };
    return memory_arrays(requests, sizeof requests / sizeof requests[0], "the Hessian", error);
}

double linear_hessian_bytes(const struct problem_size *size)
{
    const struct linear_hessian *h = NULL;
    const double n_columns = (double)size->n_features + 1;
    return (double)size->n_train * (double)(sizeof *h->rows + sizeof *h->weights) +
           n_columns * n_columns * (double)(sizeof *h->matrix + sizeof *h->matrix32);
}

void linear_hessian_destroy(struct linear_hessian *hessian)
{
    memory_free(hessian->matrix);
    memory_free(hessian->matrix32);
    memory_free(hessian->block);
    memory_free(hessian->diagonal);
    memory_free(hessian->block32);
    memory_free(hessian->rows);
    memory_free(hessian->weights);
    *hessian = (struct linear_hessian){0};
}

static void gather_double(const struct linear_hessian *h, const struct linear_design *design,
                          size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double scale = sqrt(h->weights[first + i]);
        const float *restrict x = linear_design_rows(design, h->rows[first + i], 1);
        double *restrict out = h->block + i * h->stride;
        for (size_t j = 0; j < h->stride; j++)
            out[j] = scale * (double)x[j];
    }
}

static void gather_float(const struct linear_hessian *h, const struct linear_design *design,
                         size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float scale = (float)sqrt(h->weights[first + i]);
        const float *restrict x = linear_design_rows(design, h->rows[first + i], 1);
        float *restrict out = h->block32 + i * h->stride;
        for (size_t j = 0; j < h->stride; j++)
            out[j] = scale * x[j];
    }
}

static void sum_float(struct linear_hessian *h, const struct linear_design *design)
{
    if (h->n_active == 0)
        return; /* matrix32 is what it was before */
    for (size_t first = 0; first < h->n_active; first += BLOCK_ROWS * 2) {
        const size_t left = h->n_active - first;
        const size_t n = left < BLOCK_ROWS * 2 ? left : BLOCK_ROWS * 2;
        gather_float(h, design, first, n);
        blas_ssyrk_tn(h->n_columns, n, 1, h->block32, h->stride, first ? 1.0f : 0.0f, h->matrix32,
                      h->stride);
    }
    for (size_t i = 0; i < h->n_columns; i++)
        for (size_t j = 0; j <= i; j++)
            h->matrix[i * h->stride + j] += (double)h->matrix32[i * h->stride + j];
}

/* matrix += sign x the sum over the active rows. */
static void sum_double(struct linear_hessian *h, const struct linear_design *design, double sign)
{
    for (size_t first = 0; first < h->n_active; first += BLOCK_ROWS) {
        const size_t left = h->n_active - first;
        const size_t n = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        gather_double(h, design, first, n);
        blas_dsyrk_tn(h->n_columns, n, sign, h->block, h->stride, 1, h->matrix, h->stride);
    }
}

static void set_diagonal(struct linear_hessian *h, double diagonal)
{
    memset(h->matrix, 0, h->stride * h->stride * sizeof *h->matrix);
    for (size_t j = 0; j < h->n_columns; j++)
        h->matrix[j * h->stride + j] = diagonal;
}

void linear_hessian_build_double(struct linear_hessian *hessian, const struct linear_design *design,
                                 double diagonal)
{
    set_diagonal(hessian, diagonal);
    hessian->is_double = true;
    sum_double(hessian, design, 1);
}

void linear_hessian_build(struct linear_hessian *hessian, const struct linear_design *design,
                          double diagonal, double scale)
{
    if (!float_will_do(hessian, design, scale)) {
        linear_hessian_build_double(hessian, design, diagonal);
        return;
    }
    set_diagonal(hessian, diagonal);
    hessian->is_double = false;
    sum_float(hessian, design);
}

enum status linear_gram_create(struct linear_gram *gram, const struct linear_design *design,
                               struct error *error)
{
    const struct memory_request requests[] = {
        {(void **)&gram->sum, design->stride * design->stride, sizeof *gram->sum},
        {(void **)&gram->member, design->n_rows, sizeof *gram->member},
    };
    gram->is_valid = false;
    return memory_arrays(requests, 2, "the Gram matrix", error);
}

void linear_gram_destroy(struct linear_gram *gram)
{
    memory_free(gram->sum);
    memory_free(gram->member);
    *gram = (struct linear_gram){0};
}

/* Lists the rows where `left` is marked and `right` is not. */
static void list_difference(struct linear_hessian *h, size_t n_rows, const uint8_t *left,
                            const uint8_t *right)
{
    h->n_active = 0;
    for (size_t i = 0; i < n_rows; i++)
        if (left[i] && !(right && right[i])) {
            h->rows[h->n_active] = (uint32_t)i;
            h->weights[h->n_active++] = 1;
        }
}

static void update_gram(struct linear_hessian *h, const struct linear_design *design,
                        struct linear_gram *gram, const uint8_t *member)
{
    double *own = h->matrix;
    h->matrix = gram->sum;
    list_difference(h, design->n_rows, member, gram->member);
    sum_double(h, design, 1);
    list_difference(h, design->n_rows, gram->member, member);
    sum_double(h, design, -1);
    h->matrix = own;
}

void linear_hessian_build_gram(struct linear_hessian *hessian, const struct linear_design *design,
                               struct linear_gram *gram, const uint8_t *member, double weight)
{
    const size_t n = hessian->n_columns, stride = hessian->stride;
    size_t n_changed = 0, n_members = 0;
    for (size_t i = 0; i < design->n_rows; i++) {
        n_members += member[i];
        n_changed += gram->is_valid && member[i] != gram->member[i];
    }
    if (gram->is_valid && 2 * n_changed < n_members &&
        (gram->is_double || weight <= gram->float_weight_max)) {
        update_gram(hessian, design, gram, member);
    } else {
        list_difference(hessian, design->n_rows, member, NULL);
        linear_hessian_build(hessian, design, 0, weight);
        memcpy(gram->sum, hessian->matrix, stride * stride * sizeof *gram->sum);
        gram->is_double = hessian->is_double;
        gram->float_weight_max = weight;
    }
    gram->is_valid = true;
    memcpy(gram->member, member, design->n_rows);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++)
            hessian->matrix[i * stride + j] = weight * gram->sum[i * stride + j];
        hessian->matrix[i * stride + i] += 1;
    }
}

void linear_hessian_factor(struct linear_hessian *hessian)
{
    const size_t n = hessian->n_columns, stride = hessian->stride;
    double *a = hessian->matrix;
    double largest = 0;
    /* The upper triangle and `diagonal` keep the matrix in case it must be factored again. */
    for (size_t i = 0; i < n; i++) {
        hessian->diagonal[i] = a[i * stride + i];
        largest = fmax(largest, a[i * stride + i]);
        for (size_t j = 0; j < i; j++)
            a[j * stride + i] = a[i * stride + j];
    }
    for (double ridge = 1e-8 * largest; !blas_dpotrf(n, a, stride) && isfinite(ridge); ridge *= 10)
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < i; j++)
                a[i * stride + j] = a[j * stride + i];
            a[i * stride + i] = hessian->diagonal[i] + ridge;
        }
}

void linear_hessian_solve(const struct linear_design *design, const double *factor, double *x)
{
    blas_dpotrs(design->n_columns, factor, design->stride, x);
}
