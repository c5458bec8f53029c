#include "classifiers/svc_store.h"

#include "base/clock.h"
#include "base/memory.h"

/* Rows that were computed together. */
struct svc_slab {
    struct svc_slab *next;
    float *values; /* owned */
};

enum { ROWS_AT_ONCE = 256 };

enum status svc_store_create(struct svc_store *s, const struct svc_rows *rows,
                             const struct svc_kernel *kernel, size_t of_class, size_t with_class,
                             struct error *error)
{
    const size_t first = rows->first[of_class], with = rows->first[with_class];
    *s = (struct svc_store){.rows = rows,
                            .kernel = kernel,
                            .first = first,
                            .n = rows->first[of_class + 1] - first,
                            .with = with,
                            .n_with = rows->first[with_class + 1] - with};
    s->values = memory_array(s->n, sizeof *s->values);
    if (!s->values)
        return error_memory(error, "SVC", s->n * sizeof *s->values);
    for (size_t i = 0; i < s->n; i++)
        s->values[i] = NULL;
    return STATUS_OK;
}

void svc_store_destroy(struct svc_store *s)
{
    while (s->slabs) {
        struct svc_slab *slab = s->slabs;
        s->slabs = slab->next;
        memory_free(slab->values);
        memory_free(slab);
    }
    memory_free(s->values);
    *s = (struct svc_store){0};
}

static struct svc_slab *add_slab(struct svc_store *s, size_t n, struct error *error)
{
    const size_t n_bytes = n * s->n_with * sizeof(float);
    struct svc_slab *slab = memory_zeroed(1, sizeof *slab);
    if (slab)
        slab->values = memory_array(n, s->n_with * sizeof *slab->values);
    if (!slab || !slab->values) {
        memory_free(slab);
        error_memory(error, "SVC", n_bytes);
        return NULL;
    }
    memory_prefer_huge_pages(slab->values, n_bytes);
    slab->next = s->slabs;
    s->slabs = slab;
    return slab;
}

/* Up to ROWS_AT_ONCE rows that are not there yet. */
static enum status compute(struct svc_store *s, const uint32_t *missing, size_t n,
                           struct error *error)
{
    const struct svc_rows *rows = s->rows;
    const struct svc_slab *slab = add_slab(s, n, error);
    if (!slab)
        return STATUS_MEMORY;
    float norms[ROWS_AT_ONCE];
    for (size_t r = 0; r < n; r++)
        norms[r] = rows->norms[missing[r]];
    svc_kernel_block(s->kernel, &(struct svc_block){.n_columns = rows->n_columns,
                                                    .n_left = n,
                                                    .n_right = s->n_with,
                                                    .left = rows->x,
                                                    .left_rows = missing,
                                                    .right = rows->x + s->with * rows->n_columns,
                                                    .left_norms = norms,
                                                    .right_norms = rows->norms + s->with,
                                                    .values = slab->values,
                                                    .stride = s->n_with});
    for (size_t r = 0; r < n; r++) {
        float *values = slab->values + r * s->n_with;
        if (s->first == s->with) /* exact, as everywhere */
            values[missing[r] - s->with] = rows->diagonal[missing[r]];
        s->values[missing[r] - s->first] = values;
    }
    return STATUS_OK;
}

static void meter_add(struct svc_meter *meter, double m, double t)
{
    meter->n++;
    meter->m += m;
    meter->t += t;
    meter->mm += m * m;
    meter->mt += m * t;
}

/* By the line through what was measured; in proportion where that cannot be one of costs. */
static double meter_expect_s(const struct svc_meter *meter, double m)
{
    const double spread = meter->n * meter->mm - meter->m * meter->m;
    const double slope = spread > 0 ? (meter->n * meter->mt - meter->m * meter->t) / spread : 0;
    const double start = (meter->t - slope * meter->m) / meter->n;
    return slope > 0 && start > 0 ? start + slope * m : meter->t / meter->m * m;
}

/* Up to ROWS_AT_ONCE rows. */
static enum status need(struct svc_store *s, const uint32_t *rows, size_t n,
                        struct svc_tally *tally, struct error *error)
{
    const double start_s = clock_now_s();
    const double flops = 2 * (double)s->n_with * (double)s->rows->n_columns;
    uint32_t missing[ROWS_AT_ONCE];
    size_t n_missing = 0;
    for (size_t r = 0; r < n; r++)
        if (!s->values[rows[r] - s->first])
            missing[n_missing++] = rows[r];
    const enum status status = n_missing ? compute(s, missing, n_missing, error) : STATUS_OK;
    const double spent_s = clock_now_s() - start_s;
    if (n_missing && !status)
        meter_add(&s->meter, (double)n_missing, spent_s);
    tally->spent_s += spent_s;
    tally->alone_s += n_missing == n || status ? spent_s : meter_expect_s(&s->meter, (double)n);
    tally->spent_flops += flops * (double)n_missing;
    tally->alone_flops += flops * (double)n;
    return status;
}

enum status svc_store_need(struct svc_store *s, const uint32_t *rows, size_t n,
                           struct svc_tally *tally, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t done = 0; !status && done < n; done += ROWS_AT_ONCE) {
        const size_t left = n - done;
        status = need(s, rows + done, left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE, tally, error);
    }
    return status;
}
