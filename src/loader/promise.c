#include "loader/promise.h"

#include "base/memory.h"

#include <string.h>

enum { SCRATCH_BYTES = 1 << 14 };

enum status promise_check(const struct promise *promise, struct error *error)
{
    const struct byte_stream *s = promise->stream;
    const size_t all_bytes = promise->header_bytes + promise->data_bytes;
    if (s->is_compressed && all_bytes > byte_stream_capacity(s))
        return error_set(
            error, STATUS_DATA,
            "%s: its header promises %zu bytes, but a %s of %llu bytes holds at most %llu", s->path,
            all_bytes, s->is_gzip ? "gzip file" : "ZIP member", (unsigned long long)s->file_bytes,
            (unsigned long long)byte_stream_capacity(s));
    if (!s->is_gzip && all_bytes != s->content_bytes)
        return error_set(error, STATUS_DATA, "%s: %s: expected %zu bytes by its header, found %llu",
                         s->path, all_bytes > s->content_bytes ? "truncated" : "trailing bytes",
                         all_bytes, (unsigned long long)s->content_bytes);
    return STATUS_OK;
}

static enum status check_count(const struct promise *p, size_t n_read, size_t n_wanted,
                               struct error *error)
{
    if (n_read == n_wanted)
        return STATUS_OK;
    return error_set(
        error, STATUS_DATA, "%s: truncated: expected %zu bytes of data by its header, found %llu",
        p->stream->path, p->data_bytes, (unsigned long long)p->stream->n_given - p->header_bytes);
}

/* Reads and drops the rows that are not kept, then makes sure that the file ends there. */
static enum status check_rest(const struct promise *p, struct error *error)
{
    uint8_t scratch[SCRATCH_BYTES];
    size_t n_read = 0;
    for (size_t left = p->data_bytes - p->kept_bytes; left; left -= n_read) {
        const size_t step = left < sizeof scratch ? left : sizeof scratch;
        enum status status = byte_stream_read(p->stream, scratch, step, &n_read, error);
        if (!status)
            status = check_count(p, n_read, step, error);
        if (status)
            return status;
    }
    const enum status status = byte_stream_read(p->stream, scratch, sizeof scratch, &n_read, error);
    if (!status && n_read)
        return error_set(error, STATUS_DATA,
                         "%s: trailing bytes: expected %zu bytes of data by its header, found %s"
                         "%zu",
                         p->stream->path, p->data_bytes,
                         n_read == sizeof scratch ? "at least " : "", p->data_bytes + n_read);
    return status;
}

static size_t next_capacity(const struct promise *p, size_t capacity)
{
    const size_t first = p->stream->is_compressed ? (size_t)p->stream->file_bytes : p->kept_bytes;
    const size_t wanted = capacity ? 2 * capacity : first;
    return wanted < p->kept_bytes ? wanted : p->kept_bytes;
}

enum status promise_read(uint8_t **bytes, const struct promise *promise, struct error *error)
{
    const struct promise *p = promise;
    size_t n_read, capacity = 0;
    enum status status = STATUS_OK;
    void *array = NULL;
    for (size_t used = 0; used < p->kept_bytes && !status; used = capacity) {
        capacity = next_capacity(p, capacity);
        status = memory_resize(&array, used, capacity, p->stream->path, error);
        memory_prefer_huge_pages(array, capacity);
        if (!status)
            status = byte_stream_read(p->stream, (uint8_t *)array + used, capacity - used, &n_read,
                                      error);
        if (!status)
            status = check_count(p, n_read, capacity - used, error);
    }
    if (!status)
        status = check_rest(p, error);
    if (status)
        memory_free(array);
    *bytes = status ? NULL : array;
    return status;
}
