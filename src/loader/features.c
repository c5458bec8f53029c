#include "loader/features.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* 255^2 x 2^15 fits in 32 bits: sums of a block are exact there, and vectorise. */
enum { SUM_BLOCK_ROWS = 1 << 15, TRANSPOSE_BLOCK = 64 };

struct sums {
    uint64_t *values, *squares;             /* n_features, all rows */
    uint32_t *block_values, *block_squares; /* n_features, rows of a block */
};

static void add_block(const struct sums *s, const uint8_t *bytes, size_t n_rows, size_t n_features)
{
    memset(s->block_values, 0, n_features * sizeof *s->block_values);
    memset(s->block_squares, 0, n_features * sizeof *s->block_squares);
    for (size_t i = 0; i < n_rows; i++) {
        const uint8_t *row = bytes + i * n_features;
        for (size_t j = 0; j < n_features; j++) {
            s->block_values[j] += row[j];
            s->block_squares[j] += (uint32_t)row[j] * row[j];
        }
    }
    for (size_t j = 0; j < n_features; j++) {
        s->values[j] += s->block_values[j];
        s->squares[j] += s->block_squares[j];
    }
}

static void finish(struct scaling *scaling, const struct sums *s, size_t n_rows)
{
    const double n = (double)n_rows;
    for (size_t j = 0; j < scaling->n_features; j++) {
        const unsigned __int128 spread = (unsigned __int128)s->squares[j] * n_rows -
                                         (unsigned __int128)s->values[j] * s->values[j];
        scaling->mean[j] = (double)s->values[j] / n;
        scaling->scale[j] = spread ? sqrt((double)spread) / n : 1.0;
        for (size_t level = 0; level < N_LEVELS; level++)
            scaling->levels[j * N_LEVELS + level] =
                (float)(((double)level - scaling->mean[j]) / scaling->scale[j]);
    }
}

enum status scaling_create(struct scaling *scaling, const uint8_t *bytes, size_t n_rows,
                           size_t n_features, struct error *error)
{
    struct sums s = {NULL, NULL, NULL, NULL};
    *scaling = (struct scaling){.n_features = n_features};
    const struct memory_request requests[] = {
        {(void **)&scaling->mean, n_features, sizeof *scaling->mean},
        {(void **)&scaling->scale, n_features, sizeof *scaling->scale},
        {(void **)&scaling->levels, n_features * N_LEVELS, sizeof *scaling->levels},
        {(void **)&s.values, n_features, sizeof *s.values},
        {(void **)&s.squares, n_features, sizeof *s.squares},
        {(void **)&s.block_values, n_features, sizeof *s.block_values},
        {(void **)&s.block_squares, n_features, sizeof *s.block_squares},
    };
    enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                       "the scaling of the features", error);
    if (status)
        return status;
    memset(s.values, 0, n_features * sizeof *s.values);
    memset(s.squares, 0, n_features * sizeof *s.squares);
    for (size_t first = 0; first < n_rows; first += SUM_BLOCK_ROWS) {
        const size_t rows = n_rows - first < SUM_BLOCK_ROWS ? n_rows - first : SUM_BLOCK_ROWS;
        add_block(&s, bytes + first * n_features, rows, n_features);
    }
    finish(scaling, &s, n_rows);
    memory_free(s.values);
    memory_free(s.squares);
    memory_free(s.block_values);
    memory_free(s.block_squares);
    return STATUS_OK;
}

void scaling_destroy(struct scaling *scaling)
{
    memory_free(scaling->mean);
    memory_free(scaling->scale);
    memory_free(scaling->levels);
    *scaling = (struct scaling){.n_features = 0};
}

void features_labels_by_place(const struct features *x, const uint8_t *y, uint8_t *restrict labels)
{
    for (size_t i = 0; i < x->n_rows; i++)
        labels[features_place(x, i)] = y[i];
}

void features_standardise(const struct features *x, size_t i, float *restrict out)
{
    const float *levels = x->scaling->levels;
    const uint8_t *row = features_row(x, i);
    for (size_t j = 0; j < x->n_features; j++)
        out[j] = levels[j * N_LEVELS + row[j]];
}

/* The order of the rows does not matter, so they are read as they lie. */
size_t features_find_varying(const struct features *x, uint8_t *restrict varies)
{
    size_t n_varying = 0;
    memset(varies, 0, x->n_features);
    for (size_t i = 1; i < x->n_rows; i++) {
        const uint8_t *restrict row = x->bytes + i * x->n_features;
        for (size_t j = 0; j < x->n_features; j++)
            varies[j] |= row[j] ^ x->bytes[j];
    }
    for (size_t j = 0; j < x->n_features; j++)
        n_varying += varies[j] != 0;
    return n_varying;
}

/* By square blocks, so that both sides of the transposition stay in the first-level cache. */
static void fill_columns(struct features *f)
{
    const uint8_t *rows[TRANSPOSE_BLOCK];
    for (size_t i0 = 0; i0 < f->n_rows; i0 += TRANSPOSE_BLOCK) {
        const size_t n = f->n_rows - i0 < TRANSPOSE_BLOCK ? f->n_rows - i0 : TRANSPOSE_BLOCK;
        for (size_t i = 0; i < n; i++)
            rows[i] = features_row(f, i0 + i);
        for (size_t j0 = 0; j0 < f->n_features; j0 += TRANSPOSE_BLOCK) {
            const size_t j1 =
                j0 + TRANSPOSE_BLOCK < f->n_features ? j0 + TRANSPOSE_BLOCK : f->n_features;
            for (size_t j = j0; j < j1; j++)
                for (size_t i = 0; i < n; i++)
                    f->columns[j * f->n_rows + i0 + i] = rows[i][j];
        }
    }
}

enum status features_create(struct features *features, const struct features_source *source,
                            struct error *error)
{
    const size_t n_values = source->n_rows * source->n_features;
    *features = (struct features){.n_rows = source->n_rows,
                                  .n_features = source->n_features,
                                  .scaling = source->scaling,
                                  .bytes = source->bytes,
                                  .order = source->order};
    const struct memory_request requests[] = {
        {(void **)&features->columns, source->views & VIEW_COLUMNS ? n_values : 0, 1},
        {(void **)&features->standardised, source->views & VIEW_STANDARDISED ? n_values : 0,
         sizeof *features->standardised},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "the views of the features", error);
    if (status)
        return status;
    if (source->views & VIEW_COLUMNS)
        fill_columns(features);
    for (size_t i = 0; source->views & VIEW_STANDARDISED && i < features->n_rows; i++)
        features_standardise(features, i, features->standardised + i * features->n_features);
    return STATUS_OK;
}

void features_destroy(struct features *features)
{
    memory_free(features->columns);
    memory_free(features->standardised);
    *features = (struct features){.n_rows = 0};
}
