#include "classifiers/svc_model.h"

#include "base/memory.h"

#include <string.h>

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

static enum status set_means(struct svc_model *model, const struct svc_rows *rows,
                             struct error *error)
{
    const size_t k = model->n_classes, n_columns = rows->n_columns;
    double *sum = NULL;
    const enum status status = memory_arrays(
        (const struct memory_request[]){{(void **)&model->means, k * n_columns, sizeof(float)},
                                        {(void **)&sum, n_columns, sizeof *sum}},
        2, "SVC", error);
    for (size_t c = 0; !status && c < k; c++) {
        const size_t n = rows->first[c + 1] - rows->first[c];
        memset(sum, 0, n_columns * sizeof *sum);
        for (size_t i = rows->first[c]; i < rows->first[c + 1]; i++)
            for (size_t j = 0; j < n_columns; j++)
                sum[j] += (double)rows->x[i * n_columns + j];
        for (size_t j = 0; j < n_columns; j++)
            model->means[c * n_columns + j] = n ? (float)(sum[j] / (double)n) : 0;
        model->has_rows[c] = n > 0;
    }
    memory_free(sum);
    return status;
}

enum status svc_model_finish(struct svc_model *model, const struct svc_rows *rows,
                             const double *weights, struct error *error)
{
    size_t n_support = 0;
    for (size_t c = 0; c < model->n_classes; c++) {
        model->first[c] = n_support;
        for (size_t i = rows->first[c]; i < rows->first[c + 1]; i++)
            n_support += is_support(model, weights + i * model->n_classes);
    }
    model->first[model->n_classes] = n_support;
    enum status status = model->kernel.kind == SVC_LINEAR
                             ? set_normals(model, rows, weights, error)
                             : copy_support(model, rows, weights, error);
    if (!status)
        status = set_means(model, rows, error);
    return status ? status : svc_rows_copy_choice(&model->layout, rows, error);
}

void svc_model_destroy(struct svc_model *model)
{
    svc_rows_destroy(&model->layout);
    memory_free(model->x);
    memory_free(model->means);
    memory_free(model->norms);
    memory_free(model->weights);
    memory_free(model->w);
    memory_free(model->bias);
    memory_free(model->is_empty);
    *model = (struct svc_model){0};
}
