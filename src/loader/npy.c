#include "loader/npy.h"

#include "base/memory.h"
#include "loader/byte_stream.h"
#include "loader/npy_header.h"
#include "loader/promise.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct reader {
    const struct npy_request *request;
    struct byte_stream stream;
    struct npy *npy;
    struct npy_header header;
    struct promise promise;
    size_t row_items;
};

/* Sizes and byte counts from the header; refuses what the file cannot hold. */
static enum status plan(struct reader *r, struct error *error)
{
    const struct npy_header *h = &r->header;
    struct promise *p = &r->promise;
    size_t all_bytes, row_bytes;
    bool is_too_large = false;
    r->row_items = 1;
    for (size_t i = 0; i < NPY_DIMENSIONS_MAX; i++) {
        r->npy->sizes[i] = h->sizes[i];
        if (i)
            is_too_large |= __builtin_mul_overflow(r->row_items, h->sizes[i], &r->row_items);
        if (h->sizes[i] == 0)
            return error_set(error, STATUS_DATA,
                             "%s: expected at least 1 %s, found a size of 0 in dimension %zu of "
                             "%zu",
                             r->stream.path, i == 0 ? "row" : "number a row", i + 1,
                             h->n_dimensions);
    }
    is_too_large |= __builtin_mul_overflow(r->row_items, h->item_bytes, &row_bytes);
    is_too_large |= __builtin_mul_overflow(row_bytes, h->sizes[0], &p->data_bytes);
    if (is_too_large || __builtin_add_overflow(p->data_bytes, p->header_bytes, &all_bytes))
        return error_set(error, STATUS_DATA,
                         "%s: its header promises %zu x %zu x %zu x %zu numbers, more than can be "
                         "addressed",
                         r->stream.path, h->sizes[0], h->sizes[1], h->sizes[2], h->sizes[3]);
    const size_t limit = r->request->limit;
    r->npy->n_dimensions = h->n_dimensions;
    r->npy->n_kept = limit && limit < h->sizes[0] ? limit : h->sizes[0];
    p->kept_bytes = row_bytes * r->npy->n_kept;
    return promise_check(p, error);
}

/* The bits of one number, its greatest byte first. */
static uint64_t bits_of(const uint8_t *item, const struct npy_header *h)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < h->item_bytes; i++)
        bits = bits << 8 | item[h->is_big_endian ? i : h->item_bytes - 1 - i];
    return bits;
}

static double value_of(const uint8_t *item, const struct npy_header *h)
{
    const uint64_t bits = bits_of(item, h);
    if (h->kind == 'f' && h->item_bytes == 4) {
        const uint32_t narrow = (uint32_t)bits;
        float value;
        memcpy(&value, &narrow, sizeof value);
        return (double)value;
    }
    if (h->kind == 'f') {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    assert(h->item_bytes > 0);
    const size_t n_bits = 8 * h->item_bytes;
    if (h->kind == 'i' && bits >> (n_bits - 1)) /* -(its complement + 1), without overflow */
        return -(double)(~bits & (UINT64_MAX >> (64 - n_bits))) - 1;
    return (double)bits;
}

/* From the numbers of the file to bytes. */
static enum status convert(struct reader *r, const uint8_t *items, struct error *error)
{
    const size_t n_items = r->npy->n_kept * r->row_items;
    r->npy->bytes = memory_array(n_items, 1);
    if (!r->npy->bytes)
        return error_memory(error, r->stream.path, n_items);
    for (size_t i = 0; i < n_items; i++) {
        const double value = value_of(items + i * r->header.item_bytes, &r->header);
        if (!(value >= 0 && value <= UINT8_MAX) || value != floor(value))
            return error_set(error, STATUS_DATA,
                             "%s: row %zu, number %zu of it: expected a whole number from 0 to "
                             "255, found %.9g",
                             r->stream.path, i / r->row_items, i % r->row_items, value);
        r->npy->bytes[i] = (uint8_t)value;
    }
    return STATUS_OK;
}

static enum status read_data(struct reader *r, struct error *error)
{
    uint8_t *items;
    enum status status = promise_read(&items, &r->promise, error);
    if (!status && r->header.kind == 'u' && r->header.item_bytes == 1) {
        r->npy->bytes = items;
        return STATUS_OK;
    }
    if (!status)
        status = convert(r, items, error);
    memory_free(items);
    return status;
}

enum status npy_read(struct npy *npy, const struct npy_request *request, struct error *error)
{
    struct reader r = {.request = request, .npy = npy};
    *npy = (struct npy){.n_kept = 0};
    r.promise.stream = &r.stream;
    enum status status = request->is_member
                             ? byte_stream_open_member(&r.stream, request->path, error)
                             : byte_stream_open(&r.stream, request->path, error);
    if (status)
        return status;
    status = npy_header_read(&r.header, &r.stream, error);
    r.promise.header_bytes = (size_t)r.stream.n_given;
    if (!status)
        status = plan(&r, error);
    if (!status)
        status = read_data(&r, error);
    byte_stream_close(&r.stream);
    if (status)
        npy_destroy(npy);
    return status;
}

void npy_destroy(struct npy *npy)
{
    memory_free(npy->bytes);
    *npy = (struct npy){.n_kept = 0};
}
