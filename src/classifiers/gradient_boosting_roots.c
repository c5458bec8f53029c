/* The histograms that the trees of a stage begin with, counted together. */
#include "classifiers/gradient_boosting_grow.h"

#include "base/memory.h"

#include <string.h>

/* Residuals of so many rows, and bins of so many features, stay in the second-level cache. */
enum { ROWS_BLOCK = 4096, FEATURES_BLOCK = 16 };

enum status boosting_roots_create(struct boosting_roots *roots, const struct boosting_data *data,
                                  struct error *error)
{
    *roots = (struct boosting_roots){.data = data};
    const struct memory_request requests[] = {
        {(void **)&roots->packed, data->x->n_rows, sizeof *roots->packed},
        {(void **)&roots->bins, data->x->n_features, sizeof *roots->bins},
    };
    return memory_arrays(requests, sizeof requests / sizeof *requests, "histograms", error);
}

void boosting_roots_destroy(struct boosting_roots *roots)
{
    memory_free(roots->packed);
    memory_free(roots->bins);
    *roots = (struct boosting_roots){.data = NULL};
}

static void count_features(struct boosting_roots *roots, size_t first, size_t last)
{
    const struct features *x = roots->data->x;
    const struct boosting_kernels *kernels = SIMD_SELECT(boosting_kernels);
    memset(roots->bins + first, 0, (last - first) * sizeof *roots->bins);
    for (size_t i = 0; i < x->n_rows; i += ROWS_BLOCK) {
        const size_t n = x->n_rows - i < ROWS_BLOCK ? x->n_rows - i : ROWS_BLOCK;
        for (size_t f = first; f < last; f++)
            kernels->add_column_of_roots(roots->bins[f], x->columns + f * x->n_rows + i,
                                         (const uint64_t(*)[BOOSTING_ROOTS])(roots->packed + i), n);
    }
}

void boosting_roots_count(struct boosting_roots *roots, const double *residuals, size_t n_trees,
                          int n_threads)
{
    const size_t n_rows = roots->data->x->n_rows, n_features = roots->data->x->n_features;
    memset(roots->packed, 0, n_rows * sizeof *roots->packed);
    for (size_t k = 0; k < n_trees; k++) {
        const double step = boosting_step(roots->data, residuals + k * n_rows);
        for (size_t i = 0; i < n_rows; i++)
            roots->packed[i][k] = boosting_pack(roots->data, residuals[k * n_rows + i], step);
    }
#pragma omp parallel for num_threads(n_threads) schedule(dynamic) default(none) shared(roots)      \
    firstprivate(n_features)
    for (size_t first = 0; first < n_features; first += FEATURES_BLOCK)
        count_features(roots, first,
                       n_features - first < FEATURES_BLOCK ? n_features : first + FEATURES_BLOCK);
}
