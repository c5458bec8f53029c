#include "classifiers/svc_shared.h"

#include "base/memory.h"

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
                              const struct svc_kernel *kernel, size_t n_classes, size_t n_askers,
                              struct error *error)
{
    *s = (struct svc_shared){.n_rows = rows->n_rows};
    s->has_asked = memory_zeroed(n_askers * rows->n_rows, 1);
    if (!s->has_asked)
        return error_memory(error, "SVC", n_askers * rows->n_rows);
    enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&s->locks, n_classes, sizeof *s->locks},
            {(void **)&s->stores, n_classes, sizeof *s->stores},
        },
        2, "SVC", error);
    for (; !status && s->n_classes < n_classes; s->n_classes++) {
        const size_t c = s->n_classes;
        omp_init_lock(&s->locks[c]);
        status = svc_store_create(&s->stores[c], rows, kernel, c, c, error);
    }
    return status;
}

void svc_shared_destroy(struct svc_shared *s)
{
    for (size_t c = 0; c < s->n_classes; c++) {
        omp_destroy_lock(&s->locks[c]);
        svc_store_destroy(&s->stores[c]);
    }
    memory_free(s->locks);
    memory_free(s->stores);
    memory_free(s->has_asked);
    *s = (struct svc_shared){0};
}

enum status svc_shared_need(struct svc_shared *s, size_t asker, const uint32_t *rows, size_t n,
                            struct svc_tally *tally, struct error *error)
{
    if (n == 0)
        return STATUS_OK;
    uint8_t *has_asked = s->has_asked + asker * s->n_rows;
    size_t class = 0;
    while (s->stores[class].first + s->stores[class].n <= rows[0])
        class ++;
    enum status status = STATUS_OK;
    omp_set_lock(&s->locks[class]);
    for (size_t done = 0; !status && done < n;) {
        uint32_t new_rows[ROWS_AT_ONCE];
        size_t n_new = 0;
        for (; done < n && n_new < ROWS_AT_ONCE; done++)
            if (!has_asked[rows[done]])
                new_rows[n_new++] = rows[done];
        status = svc_store_need(&s->stores[class], new_rows, n_new, tally, error);
        for (size_t r = 0; !status && r < n_new; r++)
            has_asked[new_rows[r]] = 1;
    }
    omp_unset_lock(&s->locks[class]);
    return status;
}
