#include "classifiers/svc_active.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { CAPACITY_UNIT = 16, CAPACITY_FIRST = 512, TRANSPOSE_TILE = 32 };

static size_t rounded_up(size_t n)
{
    return (n + CAPACITY_UNIT - 1) / CAPACITY_UNIT * CAPACITY_UNIT;
}

enum status svc_active_create(struct svc_active *a, const struct svc_pair *pair,
                              struct error *error)
{
    const size_t n = pair->n[0] + pair->n[1];
    size_t most = (size_t)sqrt((double)pair->budget_bytes / sizeof(float));
    most = most / CAPACITY_UNIT * CAPACITY_UNIT;
    most = most < CAPACITY_UNIT ? CAPACITY_UNIT : most;
    most = most > n ? rounded_up(n) : most;
    *a = (struct svc_active){.pair = pair, .capacity_max = most};
    a->is_member = memory_zeroed(n, 1);
    return a->is_member ? STATUS_OK : error_memory(error, "SVC", n);
}

void svc_active_destroy(struct svc_active *a)
{
    memory_free(a->members);
    memory_free(a->k);
    memory_free(a->rows);
    memory_free(a->norms);
    memory_free(a->diagonal);
    memory_free(a->is_member);
    *a = (struct svc_active){0};
}

/* Room for n_wanted members; the padding of the kernel matrix has to hold numbers, hence zeros. */
static enum status grow(struct svc_active *a, size_t n_wanted, struct error *error)
{
    if (n_wanted <= a->capacity)
        return STATUS_OK;
    size_t capacity = a->capacity ? a->capacity + a->capacity / 2 : CAPACITY_FIRST;
    capacity = rounded_up(capacity < n_wanted ? n_wanted : capacity);
    capacity = capacity > a->capacity_max ? a->capacity_max : capacity;
    struct svc_active b = *a;
    const enum status status = memory_arrays(
        (const struct memory_request[]){{(void **)&b.members, capacity, sizeof *b.members},
                                        {(void **)&b.k, capacity * capacity, sizeof *b.k},
                                        {(void **)&b.rows, capacity, sizeof *b.rows},
                                        {(void **)&b.norms, capacity, sizeof *b.norms},
                                        {(void **)&b.diagonal, capacity, sizeof *b.diagonal}},
        5, "SVC", error);
    if (status)
        return status;
    memory_prefer_huge_pages(b.k, capacity * capacity * sizeof *b.k);
    memset(b.diagonal, 0, capacity * sizeof *b.diagonal);
    for (size_t m = 0; m < capacity; m++) {
        const size_t n_old = m < a->n ? a->n : 0;
        memcpy(b.k + m * capacity, m < a->n ? a->k + m * a->capacity : b.k, n_old * sizeof *b.k);
        memset(b.k + m * capacity + n_old, 0, (capacity - n_old) * sizeof *b.k);
    }
    if (a->n) {
        memcpy(b.members, a->members, a->n * sizeof *b.members);
        memcpy(b.rows, a->rows, a->n * sizeof *b.rows);
        memcpy(b.norms, a->norms, a->n * sizeof *b.norms);
        memcpy(b.diagonal, a->diagonal, a->n * sizeof *b.diagonal);
    }
    b.capacity = capacity;
    a->is_member = NULL;
    svc_active_destroy(a);
    *a = b;
    return STATUS_OK;
}

/* What the old rows lack: the columns of the new ones, from the rows of those. */
static void mirror(struct svc_active *a, size_t n_old)
{
    const size_t stride = a->capacity;
    for (size_t i0 = n_old; i0 < a->n; i0 += TRANSPOSE_TILE)
        for (size_t j0 = 0; j0 < a->n; j0 += TRANSPOSE_TILE) {
            const size_t i_end = i0 + TRANSPOSE_TILE < a->n ? i0 + TRANSPOSE_TILE : a->n;
            const size_t j_end = j0 + TRANSPOSE_TILE < a->n ? j0 + TRANSPOSE_TILE : a->n;
            for (size_t j = j0; j < j_end; j++) /* below the diagonal counts */
                for (size_t i = i0 > j ? i0 : j + 1; i < i_end; i++)
                    a->k[j * stride + i] = a->k[i * stride + j];
        }
}

/* Kernel values of the members from n_old on with all members. */
static void kernel_rows(const struct svc_active *a, size_t n_old)
{
    const struct svc_rows *rows = a->pair->rows;
    if (!rows->gram) {
        svc_kernel_block(a->pair->kernel, &(struct svc_block){.n_columns = rows->n_columns,
                                                              .n_left = a->n - n_old,
                                                              .n_right = a->n,
                                                              .left = rows->x,
                                                              .right = rows->x,
                                                              .left_rows = a->rows + n_old,
                                                              .right_rows = a->rows,
                                                              .left_norms = a->norms + n_old,
                                                              .right_norms = a->norms,
                                                              .values = a->k + n_old * a->capacity,
                                                              .stride = a->capacity});
        return;
    }
    for (size_t m = n_old; m < a->n; m++) {
        const float *from = rows->gram + a->rows[m] * rows->n_rows;
        for (size_t j = 0; j < a->n; j++)
            a->k[m * a->capacity + j] = from[a->rows[j]];
    }
}

enum status svc_active_add(struct svc_active *a, const uint32_t *new_rows, size_t n_new,
                           struct error *error)
{
    const enum status status = grow(a, a->n + n_new, error);
    if (status || n_new == 0)
        return status;
    const struct svc_rows *rows = a->pair->rows;
    const size_t n_old = a->n;
    for (size_t r = 0; r < n_new; r++, a->n++) {
        const size_t row = svc_pair_row(a->pair, new_rows[r]);
        a->rows[a->n] = (uint32_t)row;
        a->norms[a->n] = rows->norms[row];
        a->diagonal[a->n] = rows->diagonal[row];
        a->members[a->n] = new_rows[r];
        a->is_member[new_rows[r]] = 1;
    }
    kernel_rows(a, n_old);
    for (size_t m = n_old; m < a->n; m++)
        a->k[m * a->capacity + m] = a->diagonal[m];
    mirror(a, n_old);
    return STATUS_OK;
}

void svc_active_keep(struct svc_active *a, const uint8_t *keep)
{
    size_t n_kept = 0;
    for (size_t m = 0; m < a->n; m++) {
        if (!keep[m]) {
            a->is_member[a->members[m]] = 0;
            continue;
        }
        float *to = a->k + n_kept * a->capacity;
        const float *from = a->k + m * a->capacity;
        for (size_t j = 0, to_j = 0; j < a->n; j++)
            if (keep[j])
                to[to_j++] = from[j];
        a->rows[n_kept] = a->rows[m];
        a->members[n_kept] = a->members[m];
        a->norms[n_kept] = a->norms[m];
        a->diagonal[n_kept] = a->diagonal[m];
        n_kept++;
    }
    a->n = n_kept;
}
