#include "loader/idx.h"

#include "base/memory.h"
#include "loader/byte_stream.h"
#include "loader/promise.h"

#include <stdbool.h>

enum {
    MAGIC_BYTES = 4,
    SIZE_BYTES = 4,
    HEADER_BYTES_MAX = MAGIC_BYTES + SIZE_BYTES * IDX_DIMENSIONS_MAX,
    TYPE_UBYTE = 0x08,
    TYPE_INT32 = 0x0c
};

struct reader {
    const struct idx_request *request;
    struct byte_stream stream;
    struct idx *idx;
    struct promise promise;
};

static size_t item_bytes(const struct idx_request *request)
{
    return request->is_int32 ? 4 : 1;
}

static enum status check_magic(const struct reader *r, const uint8_t *magic, struct error *error)
{
    const char *path = r->request->path;
    if (!r->stream.is_gzip && magic[0] == 0x1f && magic[1] == 0x8b)
        return error_set(error, STATUS_DATA,
                         "%s: not an IDX file: it is compressed with gzip (begins with 0x1f8b); "
                         "rename it to end in .gz",
                         path);
    if (magic[0] || magic[1])
        return error_set(error, STATUS_DATA,
                         "%s: not an IDX file: expected 0x0000 at its start, found 0x%02x%02x",
                         path, magic[0], magic[1]);
    const unsigned type = r->request->is_int32 ? TYPE_INT32 : TYPE_UBYTE;
    if (magic[2] != type)
        return error_set(error, STATUS_DATA,
                         "%s: wrong element type: expected 0x%02x (%s), found 0x%02x", path, type,
                         r->request->is_int32 ? "32-bit integer" : "unsigned byte", magic[2]);
    if (magic[3] != r->request->n_dimensions)
        return error_set(error, STATUS_DATA,
                         "%s: wrong number of dimensions: expected %zu, found %u", path,
                         r->request->n_dimensions, magic[3]);
    return STATUS_OK;
}

static enum status read_header(struct reader *r, uint8_t *header, struct error *error)
{
    size_t n_read;
    enum status status =
        byte_stream_read(&r->stream, header, r->promise.header_bytes, &n_read, error);
    if (!status && n_read == 0)
        return error_set(error, STATUS_DATA, "%s: the gzip file has no content (0 bytes)",
                         r->request->path);
    /* The magic first: that the file is something else says more than that it is short. */
    if (!status && n_read >= MAGIC_BYTES)
        status = check_magic(r, header, error);
    if (!status && n_read < r->promise.header_bytes)
        status = error_set(error, STATUS_DATA,
                           "%s: truncated in its header: expected %zu bytes of header, found %zu",
                           r->request->path, r->promise.header_bytes, n_read);
    return status;
}

static size_t big_endian_32(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

/* Sizes and byte counts from the header; refuses what the file cannot hold. */
static enum status plan(struct reader *r, const uint8_t *header, struct error *error)
{
    const char *path = r->request->path;
    struct idx *idx = r->idx;
    struct promise *promise = &r->promise;
    size_t row_bytes, all_bytes;
    for (size_t i = 0; i < IDX_DIMENSIONS_MAX; i++) {
        const bool is_there = i < r->request->n_dimensions;
        idx->sizes[i] = is_there ? big_endian_32(header + MAGIC_BYTES + i * SIZE_BYTES) : 1;
        if (idx->sizes[i] == 0)
            return error_set(
                error, STATUS_DATA,
                "%s: expected at least 1 %s, found a size of 0 in dimension %zu of %zu", path,
                i == 0 ? "row" : "pixel a row", i + 1, r->request->n_dimensions);
    }
    const size_t limit = r->request->limit;
    idx->n_kept = limit && limit < idx->sizes[0] ? limit : idx->sizes[0];
    row_bytes = idx->sizes[1] * idx->sizes[2]; /* two numbers of 32 bits */
    if (__builtin_mul_overflow(row_bytes, item_bytes(r->request), &row_bytes) ||
        __builtin_mul_overflow(row_bytes, idx->sizes[0], &promise->data_bytes) ||
        __builtin_add_overflow(promise->data_bytes, promise->header_bytes, &all_bytes))
        return error_set(error, STATUS_DATA,
                         "%s: its header promises %zu x %zu x %zu %s, more than can be addressed",
                         path, idx->sizes[0], idx->sizes[1], idx->sizes[2],
                         r->request->is_int32 ? "numbers" : "bytes");
    promise->kept_bytes = row_bytes * idx->n_kept;
    return promise_check(promise, error);
}

/* plan has found the file to be as long as its header says. */
static enum status map_data(struct reader *r, struct error *error)
{
    const struct promise *promise = &r->promise;
    r->idx->header_bytes = promise->header_bytes;
    return mapping_create(&r->idx->mapping, r->stream.descriptor, r->request->path,
                          promise->header_bytes + promise->kept_bytes, error);
}

enum status idx_read(struct idx *idx, const struct idx_request *request, struct error *error)
{
    uint8_t header[HEADER_BYTES_MAX];
    struct reader r = {.request = request, .idx = idx};
    r.promise.stream = &r.stream;
    r.promise.header_bytes = MAGIC_BYTES + SIZE_BYTES * request->n_dimensions;
    *idx = (struct idx){.n_kept = 0};
    enum status status = byte_stream_open(&r.stream, request->path, error);
    if (status)
        return status;
    status = read_header(&r, header, error);
    if (!status)
        status = plan(&r, header, error);
    if (!status)
        status = request->map && !r.stream.is_gzip ? map_data(&r, error)
                                                   : promise_read(&idx->bytes, &r.promise, error);
    byte_stream_close(&r.stream);
    if (status)
        idx_destroy(idx);
    return status;
}

void idx_destroy(struct idx *idx)
{
    memory_free(idx->bytes);
    mapping_destroy(&idx->mapping);
    *idx = (struct idx){.n_kept = 0};
}
