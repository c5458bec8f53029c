#include "classifiers/svc_shared.h"

#include "base/memory.h"

/* Rows that were computed together. */
struct svc_slab {
    struct svc_slab *next;
    float *values; /* owned */
};

enum { ROWS_AT_ONCE = 256 };

size_t svc_shared_bytes(const struct svc_rows *rows, size_t n_classes)
{
    size_t n_values = 0;
    for (size_t c = 0; c < n_classes; c++) {
        const size_t n = rows->first[c + 1] - rows->first[c];
        n_values += n * n;
    }
    return n_values * sizeof(float);
}

enum status svc_shared_create(struct svc_shared *s, const struct svc_rows *rows,
                              const struct svc_kernel *kernel, size_t n_classes,
                              struct error *error)
{
    *s = (struct svc_shared){.rows = rows, .kernel = kernel};
    const enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&s->locks, n_classes, sizeof *s->locks},
            {(void **)&s->slabs, n_classes, sizeof *s->slabs},
            {(void **)&s->values, rows->n_rows, sizeof *s->values},
        },
        3, "SVC", error);
    if (status)
        return status;
    s->n_classes = n_classes;
    for (size_t c = 0; c < n_classes; c++) {
        omp_init_lock(&s->locks[c]);
        s->slabs[c] = NULL;
    }
    for (size_t i = 0; i < rows->n_rows; i++)
        s->values[i] = NULL;
    return STATUS_OK;
}

void svc_shared_destroy(struct svc_shared *s)
{
    for (size_t c = 0; c < s->n_classes; c++) {
        omp_destroy_lock(&s->locks[c]);
        while (s->slabs[c]) {
            struct svc_slab *slab = s->slabs[c];
            s->slabs[c] = slab->next;
            memory_free(slab->values);
            memory_free(slab);
        }
    }
    memory_free(s->locks);
    memory_free(s->slabs);
    memory_free(s->values);
    *s = (struct svc_shared){0};
}

/* Up to ROWS_AT_ONCE rows that are not there yet. */
static enum status compute(struct svc_shared *s, size_t class, const uint32_t *missing, size_t n,
                           struct error *error)
{
    const struct svc_rows *rows = s->rows;
    const size_t first = rows->first[class], n_class = rows->first[class + 1] - first;
    const size_t n_bytes = n * n_class * sizeof(float);
    struct svc_slab *slab = memory_zeroed(1, sizeof *slab);
    if (!slab)
        return error_memory(error, "SVC", sizeof *slab);
    slab->next = s->slabs[class];
    s->slabs[class] = slab;
    slab->values = memory_array(n, n_class * sizeof *slab->values);
    if (!slab->values)
        return error_memory(error, "SVC", n_bytes);
    memory_prefer_huge_pages(slab->values, n_bytes);
    float norms[ROWS_AT_ONCE];
    for (size_t r = 0; r < n; r++)
        norms[r] = rows->norms[missing[r]];
    svc_kernel_block(s->kernel, &(struct svc_block){.n_columns = rows->n_columns,
                                                    .n_left = n,
                                                    .n_right = n_class,
                                                    .left = rows->x,
                                                    .left_rows = missing,
                                                    .right = rows->x + first * rows->n_columns,
                                                    .left_norms = norms,
                                                    .right_norms = rows->norms + first,
                                                    .values = slab->values,
                                                    .stride = n_class});
    for (size_t r = 0; r < n; r++) {
        float *values = slab->values + r * n_class;
        values[missing[r] - first] = rows->diagonal[missing[r]]; /* exact, as everywhere */
        s->values[missing[r]] = values;
    }
    return STATUS_OK;
}

enum status svc_shared_need(struct svc_shared *s, const uint32_t *rows, size_t n,
                            struct error *error)
{
    if (n == 0)
        return STATUS_OK;
    size_t class = 0;
    while (s->rows->first[class + 1] <= rows[0])
        class ++;
    enum status status = STATUS_OK;
    omp_set_lock(&s->locks[class]);
    for (size_t done = 0; !status && done < n;) {
        uint32_t missing[ROWS_AT_ONCE];
        size_t n_missing = 0;
        for (; done < n && n_missing < ROWS_AT_ONCE; done++)
            if (!s->values[rows[done]])
                missing[n_missing++] = rows[done];
        if (n_missing)
            status = compute(s, class, missing, n_missing, error);
    }
    omp_unset_lock(&s->locks[class]);
    return status;
}
