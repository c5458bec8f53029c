#include "loader/idx.h"

#include "base/memory.h"
#include "loader/byte_stream.h"

#include <stdbool.h>
#include <string.h>

enum {
    MAGIC_BYTES = 4,
    SIZE_BYTES = 4,
    HEADER_BYTES_MAX = MAGIC_BYTES + SIZE_BYTES * IDX_DIMENSIONS_MAX,
    TYPE_UBYTE = 0x08,
    SCRATCH_BYTES = 1 << 14
};

struct reader {
    const struct idx_request *request;
    struct byte_stream stream;
    struct idx *idx;
    size_t header_bytes;
    size_t data_bytes; /* that the header promises */
    size_t kept_bytes;
};

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
    if (magic[2] != TYPE_UBYTE)
        return error_set(error, STATUS_DATA,
                         "%s: wrong element type: expected 0x%02x (unsigned byte), found 0x%02x",
                         path, (unsigned)TYPE_UBYTE, magic[2]);
    if (magic[3] != r->request->n_dimensions)
        return error_set(error, STATUS_DATA,
                         "%s: wrong number of dimensions: expected %zu, found %u", path,
                         r->request->n_dimensions, magic[3]);
    return STATUS_OK;
}

static enum status read_header(struct reader *r, uint8_t *header, struct error *error)
{
    size_t n_read;
    enum status status = byte_stream_read(&r->stream, header, r->header_bytes, &n_read, error);
    if (!status && n_read == 0)
        return error_set(error, STATUS_DATA, "%s: the gzip file has no content (0 bytes)",
                         r->request->path);
    /* The magic first: that the file is something else says more than that it is short. */
    if (!status && n_read >= MAGIC_BYTES)
        status = check_magic(r, header, error);
    if (!status && n_read < r->header_bytes)
        status = error_set(error, STATUS_DATA,
                           "%s: truncated in its header: expected %zu bytes of header, found %zu",
                           r->request->path, r->header_bytes, n_read);
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
    if (__builtin_mul_overflow(row_bytes, idx->sizes[0], &r->data_bytes) ||
        __builtin_add_overflow(r->data_bytes, r->header_bytes, &all_bytes))
        return error_set(
            error, STATUS_DATA,
            "%s: its header promises %zu x %zu x %zu bytes, more than can be addressed", path,
            idx->sizes[0], idx->sizes[1], idx->sizes[2]);
    r->kept_bytes = row_bytes * idx->n_kept;
    if (r->stream.is_gzip && all_bytes > byte_stream_capacity(&r->stream))
        return error_set(
            error, STATUS_DATA,
            "%s: its header promises %zu bytes, but a gzip file of %llu bytes holds at "
            "most %llu",
            path, all_bytes, (unsigned long long)r->stream.file_bytes,
            (unsigned long long)byte_stream_capacity(&r->stream));
    if (!r->stream.is_gzip && all_bytes != r->stream.file_bytes)
        return error_set(error, STATUS_DATA, "%s: %s: expected %zu bytes by its header, found %llu",
                         path, all_bytes > r->stream.file_bytes ? "truncated" : "trailing bytes",
                         all_bytes, (unsigned long long)r->stream.file_bytes);
    return STATUS_OK;
}

static enum status check_count(const struct reader *r, size_t n_read, size_t n_wanted,
                               struct error *error)
{
    if (n_read == n_wanted)
        return STATUS_OK;
    return error_set(
        error, STATUS_DATA, "%s: truncated: expected %zu bytes of data by its header, found %llu",
        r->request->path, r->data_bytes, (unsigned long long)r->stream.n_given - r->header_bytes);
}

/* Reads and drops the rows that are not kept, then makes sure that the file ends there. */
static enum status check_rest(struct reader *r, struct error *error)
{
    uint8_t scratch[SCRATCH_BYTES];
    size_t n_read = 0;
    for (size_t left = r->data_bytes - r->kept_bytes; left; left -= n_read) {
        const size_t step = left < sizeof scratch ? left : sizeof scratch;
        enum status status = byte_stream_read(&r->stream, scratch, step, &n_read, error);
        if (!status)
            status = check_count(r, n_read, step, error);
        if (status)
            return status;
    }
    const enum status status =
        byte_stream_read(&r->stream, scratch, sizeof scratch, &n_read, error);
    if (!status && n_read)
        return error_set(error, STATUS_DATA,
                         "%s: trailing bytes: expected %zu bytes of data by its header, found %s"
                         "%zu",
                         r->request->path, r->data_bytes,
                         n_read == sizeof scratch ? "at least " : "", r->data_bytes + n_read);
    return status;
}

/*
 * A plain file has been found to hold what its header promises. Of a gzip file it is taken on trust
 * only so far: room for twice what has come, so that a header does not make a small file take much.
 */
static size_t next_capacity(const struct reader *r, size_t capacity)
{
    const size_t first = r->stream.is_gzip ? (size_t)r->stream.file_bytes : r->kept_bytes;
    const size_t wanted = capacity ? 2 * capacity : first;
    return wanted < r->kept_bytes ? wanted : r->kept_bytes;
}

static enum status grow(struct reader *r, size_t n_used, size_t capacity, struct error *error)
{
    uint8_t *bytes = memory_array(capacity, 1);
    if (!bytes)
        return error_memory(error, r->request->path, capacity);
    memory_prefer_huge_pages(bytes, capacity);
    if (n_used)
        memcpy(bytes, r->idx->bytes, n_used);
    memory_free(r->idx->bytes);
    r->idx->bytes = bytes;
    return STATUS_OK;
}

static enum status read_data(struct reader *r, struct error *error)
{
    size_t n_read, capacity = 0;
    enum status status = STATUS_OK;
    for (size_t used = 0; used < r->kept_bytes && !status; used = capacity) {
        capacity = next_capacity(r, capacity);
        status = grow(r, used, capacity, error);
        if (!status)
            status =
                byte_stream_read(&r->stream, r->idx->bytes + used, capacity - used, &n_read, error);
        if (!status)
            status = check_count(r, n_read, capacity - used, error);
    }
    return status ? status : check_rest(r, error);
}

/* plan has found the file to be as long as its header says. */
static enum status map_data(struct reader *r, struct error *error)
{
    r->idx->header_bytes = r->header_bytes;
    return mapping_create(&r->idx->mapping, r->stream.descriptor, r->request->path,
                          r->header_bytes + r->kept_bytes, error);
}

enum status idx_read(struct idx *idx, const struct idx_request *request, struct error *error)
{
    uint8_t header[HEADER_BYTES_MAX];
    struct reader r = {.request = request,
                       .idx = idx,
                       .header_bytes = MAGIC_BYTES + SIZE_BYTES * request->n_dimensions};
    *idx = (struct idx){.n_kept = 0};
    enum status status = byte_stream_open(&r.stream, request->path, error);
    if (status)
        return status;
    status = read_header(&r, header, error);
    if (!status)
        status = plan(&r, header, error);
    if (!status)
        status = request->map && !r.stream.is_gzip ? map_data(&r, error) : read_data(&r, error);
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
