#include "classifiers/svc_model.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <string.h>

enum { TEST_BLOCK = 256, SUPPORT_BLOCK = 1024 };

static bool is_support(const struct svc_model *model, const double *weights)
{
    for (size_t c = 0; c < model->n_classes; c++)
        if (weights[c] != 0)
            return true;
    return false;
}

/* w of each pair from the weights of the rows of its two classes. */
static enum status set_normals(struct svc_model *model, const struct svc_rows *rows,
                               const double *weights, struct error *error)
{
    const size_t k = model->n_classes, n_columns = rows->n_columns;
    model->w = memory_zeroed(model->n_pairs * n_columns, sizeof *model->w);
    if (!model->w)
        return error_memory(error, "SVC", model->n_pairs * n_columns * sizeof *model->w);
    for (size_t c = 0; c < k; c++)
        for (size_t i = rows->first[c]; i < rows->first[c + 1]; i++)
            for (size_t other = 0; other < k; other++) {
                const double weight = weights[i * k + other];
                if (weight == 0)
                    continue;
                double *w = model->w + n_columns * (c < other ? svc_pair_index(k, c, other)
                                                              : svc_pair_index(k, other, c));
                for (size_t j = 0; j < n_columns; j++)
                    w[j] += weight * (double)rows->x[i * n_columns + j];
            }
    return STATUS_OK;
}

static enum status copy_support(struct svc_model *model, const struct svc_rows *rows,
                                const double *weights, struct error *error)
{
    const size_t k = model->n_classes, n_columns = rows->n_columns;
    const size_t n_support = svc_model_n_support(model);
    const enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&model->x, n_support * n_columns, sizeof *model->x},
            {(void **)&model->norms, n_support, sizeof *model->norms},
            {(void **)&model->weights, n_support * k, sizeof *model->weights},
        },
        3, "SVC", error);
    if (status)
        return status;
    size_t n = 0;
    for (size_t i = 0; i < rows->n_rows; i++) {
        if (!is_support(model, weights + i * k))
            continue;
        memcpy(model->x + n * n_columns, rows->x + i * n_columns, n_columns * sizeof *model->x);
        memcpy(model->weights + n * k, weights + i * k, k * sizeof *weights);
        model->norms[n++] = rows->norms[i];
    }
    return STATUS_OK;
}

enum status svc_model_finish(struct svc_model *model, struct svc_rows *rows, const double *weights,
                             struct error *error)
{
    size_t n_support = 0;
    for (size_t c = 0; c < model->n_classes; c++) {
        model->first[c] = n_support;
        for (size_t i = rows->first[c]; i < rows->first[c + 1]; i++)
            n_support += is_support(model, weights + i * model->n_classes);
    }
    model->first[model->n_classes] = n_support;
    const enum status status = model->kernel.kind == SVC_LINEAR
                                   ? set_normals(model, rows, weights, error)
                                   : copy_support(model, rows, weights, error);
    svc_rows_strip(rows);
    model->layout = *rows;
    *rows = (struct svc_rows){0};
    return status;
}

void svc_model_destroy(struct svc_model *model)
{
    svc_rows_destroy(&model->layout);
    memory_free(model->x);
    memory_free(model->norms);
    memory_free(model->weights);
    memory_free(model->w);
    memory_free(model->bias);
    memory_free(model->is_empty);
    *model = (struct svc_model){0};
}

/* What one thread needs for a block of test rows. */
struct scratch {
    float *x;          /* TEST_BLOCK x n_columns */
    float *norms;      /* TEST_BLOCK */
    float *values;     /* TEST_BLOCK x SUPPORT_BLOCK */
    double *wide;      /* the same, or the rows, in double */
    double *sums;      /* n_classes x TEST_BLOCK x n_classes */
    double *decisions; /* TEST_BLOCK x n_pairs */
};

static void scratch_destroy(struct scratch *s)
{
    memory_free(s->x);
    memory_free(s->norms);
    memory_free(s->values);
    memory_free(s->wide);
    memory_free(s->sums);
    memory_free(s->decisions);
}

static enum status scratch_create(struct scratch *s, const struct svc_model *model,
                                  struct error *error)
{
    const size_t n_columns = model->layout.n_columns, k = model->n_classes;
    const size_t n_wide = n_columns > SUPPORT_BLOCK ? n_columns : SUPPORT_BLOCK;
    *s = (struct scratch){0};
    return memory_arrays(
        (const struct memory_request[]){
            {(void **)&s->x, TEST_BLOCK * n_columns, sizeof *s->x},
            {(void **)&s->norms, TEST_BLOCK, sizeof *s->norms},
            {(void **)&s->values, TEST_BLOCK * SUPPORT_BLOCK, sizeof *s->values},
            {(void **)&s->wide, TEST_BLOCK * n_wide, sizeof *s->wide},
            {(void **)&s->sums, k * TEST_BLOCK * k, sizeof *s->sums},
            {(void **)&s->decisions, TEST_BLOCK * model->n_pairs, sizeof *s->decisions},
        },
        6, "SVC", error);
}

static void decide_linear(const struct svc_model *model, struct scratch *s, size_t n)
{
    const size_t n_columns = model->layout.n_columns;
    for (size_t i = 0; i < n * n_columns; i++)
        s->wide[i] = (double)s->x[i];
    blas_dgemm(&(struct blas_gemm_double){.transpose_b = true,
                                          .m = n,
                                          .n = model->n_pairs,
                                          .k = n_columns,
                                          .alpha = 1,
                                          .a = s->wide,
                                          .lda = n_columns,
                                          .b = model->w,
                                          .ldb = n_columns,
                                          .c = s->decisions,
                                          .ldc = model->n_pairs});
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < model->n_pairs; p++)
            s->decisions[i * model->n_pairs + p] += model->bias[p];
}

/* sums (n x n_classes) of one class += its kernel values x weights, support vector by block. */
static void add_class(const struct svc_model *model, struct scratch *s, size_t n, size_t class,
                      double *sums)
{
    const size_t n_columns = model->layout.n_columns, k = model->n_classes;
    memset(sums, 0, n * k * sizeof *sums);
    for (size_t from = model->first[class]; from < model->first[class + 1]; from += SUPPORT_BLOCK) {
        const size_t left = model->first[class + 1] - from;
        const size_t n_block = left < SUPPORT_BLOCK ? left : SUPPORT_BLOCK;
        svc_kernel_block(&model->kernel, &(struct svc_block){.n_columns = n_columns,
                                                             .n_left = n,
                                                             .n_right = n_block,
                                                             .left = s->x,
                                                             .right = model->x + from * n_columns,
                                                             .left_norms = s->norms,
                                                             .right_norms = model->norms + from,
                                                             .values = s->values,
                                                             .stride = n_block});
        for (size_t i = 0; i < n * n_block; i++)
            s->wide[i] = (double)s->values[i];
        blas_dgemm(&(struct blas_gemm_double){.m = n,
                                              .n = k,
                                              .k = n_block,
                                              .alpha = 1,
                                              .a = s->wide,
                                              .lda = n_block,
                                              .b = model->weights + from * k,
                                              .ldb = k,
                                              .beta = 1,
                                              .c = sums,
                                              .ldc = k});
    }
}

static void decide(const struct svc_model *model, struct scratch *s, size_t n)
{
    const size_t k = model->n_classes;
    for (size_t c = 0; c < k; c++)
        add_class(model, s, n, c, s->sums + c * TEST_BLOCK * k);
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0, p = 0; a < k; a++)
            for (size_t b = a + 1; b < k; b++, p++)
                s->decisions[i * model->n_pairs + p] = s->sums[(a * TEST_BLOCK + i) * k + b] +
                                                       s->sums[(b * TEST_BLOCK + i) * k + a] +
                                                       model->bias[p];
}

static uint8_t vote(const struct svc_model *model, const double *decisions)
{
    size_t votes[MAX_CLASSES] = {0}, best = 0;
    for (size_t a = 0, p = 0; a < model->n_classes; a++)
        for (size_t b = a + 1; b < model->n_classes; b++, p++)
            if (!model->is_empty[p])
                votes[decisions[p] > 0 ? a : b]++;
    for (size_t c = 1; c < model->n_classes; c++)
        if (votes[c] > votes[best])
            best = c;
    return (uint8_t)best;
}

static void predict_block(const struct svc_model *model, const struct features *x, size_t from,
                          size_t n, struct scratch *s, uint8_t *labels)
{
    const size_t n_columns = model->layout.n_columns;
    for (size_t i = 0; i < n; i++) {
        const double norm =
            svc_row_copy(&model->layout, x->standardised + (from + i) * x->n_features,
                         x->n_features, s->x + i * n_columns);
        s->norms[i] = (float)(model->kernel.gamma * norm);
    }
    if (model->kernel.kind == SVC_LINEAR)
        decide_linear(model, s, n);
    else
        decide(model, s, n);
    for (size_t i = 0; i < n; i++)
        labels[i] = vote(model, s->decisions + i * model->n_pairs);
}

enum status svc_model_predict(const struct svc_model *model, const struct features *x,
                              int n_threads, uint8_t *restrict labels, struct error *error)
{
    const size_t n_blocks = (x->n_rows + TEST_BLOCK - 1) / TEST_BLOCK;
    enum status status = STATUS_OK;
#pragma omp parallel num_threads(n_threads) default(none)                                          \
    shared(model, x, labels, status, error, n_blocks)
    {
        struct scratch scratch;
        struct error own;
        const enum status mine = scratch_create(&scratch, model, &own);
        if (mine) {
#pragma omp critical(svc_predict)
            {
                status = mine;
                if (error)
                    *error = own;
            }
        }
#pragma omp barrier
        if (!status) {
#pragma omp for schedule(dynamic)
            for (size_t b = 0; b < n_blocks; b++) {
                const size_t from = b * TEST_BLOCK, left = x->n_rows - from;
                predict_block(model, x, from, left < TEST_BLOCK ? left : TEST_BLOCK, &scratch,
                              labels + from);
            }
        }
        scratch_destroy(&scratch);
    }
    return status;
}
