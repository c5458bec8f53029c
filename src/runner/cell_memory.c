#include "runner/cell_memory.h"

#include "classifiers/classifier.h"
#include "report/field.h"

/* What the program and its libraries write to; their code is in files, and OpenBLAS's buffers are
   the classifier's. */
static const double PROGRAM_BYTES = 6e6;

/* Of an image: its bytes, unless they are mapped, when the kernel can drop them. */
static double image_bytes(const struct dataset *d, const struct image_set *set)
{
    return set->images.mapping.start ? 0 : (double)d->n_features;
}

/* The rows as the worker holds them, with their order, labels and predictions. */
static double data_bytes(const struct cell *cell)
{
    const struct dataset *d = cell->dataset;
    const struct classifier_class *class = cell->point->class;
    const double n_features = (double)d->n_features;
    const double n_train = (double)d->train.n_rows, n_test = (double)d->test.n_rows;
    const double train_views = class->train_views & VIEW_COLUMNS ? 1 : 0;
    const double test_views = class->test_views & VIEW_STANDARDISED ? (double)sizeof(float) : 0;
    return n_train * (image_bytes(d, &d->train) + n_features * train_views + sizeof(uint32_t) + 2) +
           n_test * (image_bytes(d, &d->test) + n_features * test_views + 2);
}

struct memory_need cell_memory_need(const struct cell *cell, size_t n_threads, uint64_t limit_bytes)
{
    const struct dataset *d = cell->dataset;
    const struct problem_size size = {.n_train = d->train.n_rows,
                                      .n_test = d->test.n_rows,
                                      .n_features = d->n_features,
                                      .n_classes = d->n_classes,
                                      .n_threads = n_threads,
                                      .memory_bytes = limit_bytes};
    struct memory_need need = {.bytes = 0};
    struct parameters parameters;
    cell_fit_parameters(cell, &parameters);
    if (cell->point->class->memory_need)
        need = cell->point->class->memory_need(&parameters, &size);
    const double data = data_bytes(cell);
    if (data > need.bytes)
        need.mostly = "the images and views of them";
    need.bytes += data + PROGRAM_BYTES;
    return need;
}

enum status cell_memory_check(const struct cell *cell, size_t n_threads, uint64_t limit_bytes,
                              struct error *error)
{
    if (limit_bytes == 0 || cell->point->external)
        return STATUS_OK;
    const struct memory_need need = cell_memory_need(cell, n_threads, limit_bytes);
    if (need.bytes <= (double)limit_bytes)
        return STATUS_OK;
    char needed[FIELD_TEXT_BYTES], limit[FIELD_TEXT_BYTES];
    field_bytes(needed, need.bytes);
    field_bytes(limit, (double)limit_bytes);
    return error_set(error, STATUS_MEMORY,
                     "not started: it would need about %s for %zu rows, mostly for %s, and the "
                     "limit is %s; raise it with --memory, or keep fewer rows with --limit-train",
                     needed, cell->dataset->train.n_rows, need.mostly, limit);
}
