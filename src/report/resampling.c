#include "report/resampling.h"

#include "base/memory.h"
#include "numerics/blas.h"
#include "statistics/bootstrap.h"

#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 100 }; /* replicates */

enum purpose { IMAGES, REPEATS };

struct work_space {
    size_t n_columns; /* repeats of all rows */
    float *right;     /* n_test x n_columns, owned; so are these: */
    float *counts;    /* AT_ONCE x n_test: how often each image is in the sample */
    float *n_right;   /* AT_ONCE x n_columns */
};

static size_t n_repeats_of(const struct outcome *row)
{
    return row->right ? row->record->n_repeats : 0;
}

static uint64_t key_of(const struct outcomes *o)
{
    for (size_t i = 0; i < o->n_rows; i++)
        if (o->rows[i].record) {
            char digits[17];
            snprintf(digits, sizeof digits, "%.16s", o->rows[i].record->dataset_hash);
            return strtoull(digits, NULL, 16);
        }
    return 0;
}

static void work_space_destroy(struct work_space *w)
{
    memory_free(w->right);
    memory_free(w->counts);
    memory_free(w->n_right);
}

static enum status work_space_create(struct work_space *w, const struct outcomes *o,
                                     struct error *error)
{
    *w = (struct work_space){.n_columns = 0};
    for (size_t i = 0; i < o->n_rows; i++)
        w->n_columns += n_repeats_of(&o->rows[i]);
    const enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&w->right, o->n_test * w->n_columns, sizeof *w->right},
            {(void **)&w->counts, AT_ONCE * o->n_test, sizeof *w->counts},
            {(void **)&w->n_right, AT_ONCE * w->n_columns, sizeof *w->n_right},
        },
        3, "the bootstrap", error);
    for (size_t row = 0, c = 0; row < o->n_rows && !status; row++)
        for (size_t r = 0; r < n_repeats_of(&o->rows[row]); r++, c++)
            for (size_t i = 0; i < o->n_test; i++)
                w->right[i * w->n_columns + c] = o->rows[row].right[r * o->n_test + i];
    return status;
}

/* Of each row as many of its repeats as it has, drawn with replacement. */
static void average(const struct outcomes *o, const float *n_right, struct rng *rng,
                    double *restrict accuracies)
{
    size_t first = 0;
    for (size_t row = 0; row < o->n_rows; row++) {
        const size_t n_repeats = n_repeats_of(&o->rows[row]);
        double sum = 0;
        for (size_t r = 0; r < n_repeats; r++)
            sum += n_right[first + rng_below(rng, (uint32_t)n_repeats)];
        accuracies[row] = n_repeats ? sum / ((double)n_repeats * (double)o->n_test) : 0;
        first += n_repeats;
    }
}

/* n <= AT_ONCE replicates from number `first` on. The sums are whole, and below 2^24, hence exact:
   a test part has fewer images. */
static void draw(const struct outcomes *o, struct work_space *w, size_t first, size_t n,
                 double *restrict accuracies)
{
    const uint64_t key = key_of(o);
    for (size_t b = 0; b < n; b++) {
        struct rng rng = rng_create(rng_derive(key, IMAGES), first + b);
        bootstrap_counts(&rng, o->n_test, w->counts + b * o->n_test);
    }
    blas_sgemm(&(struct blas_gemm){.m = n,
                                   .n = w->n_columns,
                                   .k = o->n_test,
                                   .alpha = 1,
                                   .a = w->counts,
                                   .lda = o->n_test,
                                   .b = w->right,
                                   .ldb = w->n_columns,
                                   .c = w->n_right,
                                   .ldc = w->n_columns});
    for (size_t b = 0; b < n; b++) {
        struct rng rng = rng_create(rng_derive(key, REPEATS), first + b);
        average(o, w->n_right + b * w->n_columns, &rng, accuracies + b * o->n_rows);
    }
}

enum status resample(const struct outcomes *o, size_t n_replicates, double **accuracies,
                     struct error *error)
{
    struct work_space w;
    *accuracies = malloc((n_replicates * o->n_rows + 1) * sizeof **accuracies);
    if (!*accuracies)
        return error_memory(error, "the bootstrap", n_replicates * o->n_rows * sizeof(double));
    const enum status status = work_space_create(&w, o, error);
    for (size_t first = 0; first < n_replicates && !status; first += AT_ONCE) {
        const size_t left = n_replicates - first;
        draw(o, &w, first, left < AT_ONCE ? left : AT_ONCE, *accuracies + first * o->n_rows);
    }
    work_space_destroy(&w);
    return status;
}
