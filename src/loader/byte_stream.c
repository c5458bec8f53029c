#include "loader/byte_stream.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INPUT_BYTES = 1 << 17,
    OUTPUT_STEP_BYTES = 1 << 30, /* zlib counts in unsigned int */
    DEFLATE_RATIO_MAX = 1032,    /* a match of 258 bytes takes at least 2 bits */
    GZIP_WINDOW_BITS = 16 + MAX_WBITS,
    GZIP_MAGIC_0 = 0x1f,
    GZIP_MAGIC_1 = 0x8b
};

static bool ends_in_gz(const char *path)
{
    const size_t length = strlen(path);
    return length >= 3 && strcmp(path + length - 3, ".gz") == 0;
}

static enum status open_file(struct byte_stream *s, struct error *error)
{
    struct stat st;
    /* Without O_NONBLOCK the open of a pipe in the file's place would wait for a writer. */
    s->descriptor = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s->descriptor < 0)
        return error_set(error, STATUS_DATA, "%s: cannot open the file: %s", s->path,
                         strerror(errno));
    if (fstat(s->descriptor, &st))
        return error_set(error, STATUS_DATA, "%s: cannot examine the file: %s", s->path,
                         strerror(errno));
    if (S_ISDIR(st.st_mode))
        return error_set(error, STATUS_DATA, "%s: expected a file, found a directory", s->path);
    if (!S_ISREG(st.st_mode))
        return error_set(error, STATUS_DATA, "%s: expected a regular file, found a file of mode %o",
                         s->path, (unsigned)st.st_mode);
    s->file_bytes = (uint64_t)st.st_size;
    if (s->file_bytes == 0)
        return error_set(error, STATUS_DATA, "%s: the file is empty (0 bytes)", s->path);
    return STATUS_OK;
}

/* Reads until n_bytes are there or the file ends. */
static enum status read_disk(struct byte_stream *s, uint8_t *to, size_t n_bytes, size_t *n_read,
                             struct error *error)
{
    *n_read = 0;
    while (*n_read < n_bytes) {
        const ssize_t n = read(s->descriptor, to + *n_read, n_bytes - *n_read);
        if (n == 0)
            break;
        if (n > 0)
            *n_read += (size_t)n;
        else if (errno != EINTR)
            return error_set(error, STATUS_DATA, "%s: cannot read the file: %s", s->path,
                             strerror(errno));
    }
    return STATUS_OK;
}

static enum status refill(struct byte_stream *s, struct error *error)
{
    size_t n_read;
    const enum status status = read_disk(s, s->input, INPUT_BYTES, &n_read, error);
    s->n_from_disk += n_read;
    s->z.next_in = s->input;
    s->z.avail_in = (uInt)n_read;
    return status;
}

/* zlib takes what does not begin as gzip for an error too, but its message does not say this. */
static enum status check_magic(const struct byte_stream *s, struct error *error)
{
    if (s->z.avail_in == 1 && s->input[0] == GZIP_MAGIC_0)
        return STATUS_OK; /* cut off: the first read will say so */
    if (s->z.avail_in >= 2 && s->input[0] == GZIP_MAGIC_0 && s->input[1] == GZIP_MAGIC_1)
        return STATUS_OK;
    return error_set(error, STATUS_DATA,
                     "%s: not a gzip file: expected 0x1f8b at its start, found 0x%02x%02x; rename "
                     "it without .gz if it is not compressed",
                     s->path, s->input[0], s->z.avail_in >= 2 ? s->input[1] : 0);
}

static enum status start_gzip(struct byte_stream *s, struct error *error)
{
    s->input = memory_array(INPUT_BYTES, 1);
    if (!s->input)
        return error_memory(error, "the buffer of a gzip file", INPUT_BYTES);
    enum status status = refill(s, error);
    if (!status)
        status = check_magic(s, error);
    if (!status && inflateInit2(&s->z, GZIP_WINDOW_BITS) != Z_OK)
        status = error_memory(error, "the decompression of a gzip file", INPUT_BYTES);
    if (status) {
        memory_free(s->input);
        s->input = NULL; /* which also tells byte_stream_close that zlib holds nothing */
    }
    s->in_member = true;
    return status;
}

enum status byte_stream_open(struct byte_stream *stream, const char *path, struct error *error)
{
    *stream = (struct byte_stream){.path = path,
                                   .descriptor = -1,
                                   .is_gzip = ends_in_gz(path),
                                   .is_compressed = ends_in_gz(path)};
    enum status status = open_file(stream, error);
    stream->content_bytes = stream->file_bytes;
    if (!status && stream->is_gzip)
        status = start_gzip(stream, error);
    if (status)
        byte_stream_close(stream);
    return status;
}

/* The archive, checked to be a regular file; the caller owns the descriptor. */
static enum status open_archive(int *descriptor, const char *path, struct error *error)
{
    struct byte_stream file = {.path = path, .descriptor = -1};
    const enum status status = open_file(&file, error);
    if (status)
        byte_stream_close(&file);
    *descriptor = file.descriptor;
    return status;
}

enum status byte_stream_open_member(struct byte_stream *stream, const char *path,
                                    struct error *error)
{
    char archive[PATH_MAX];
    int descriptor;
    const char *slash = strrchr(path, '/');
    *stream = (struct byte_stream){.path = path, .descriptor = -1};
    if (!slash || (size_t)(slash - path) >= sizeof archive)
        return error_set(error, STATUS_DATA, "%s: expected a path ARCHIVE/MEMBER", path);
    memcpy(archive, path, (size_t)(slash - path));
    archive[slash - path] = '\0';
    enum status status = open_archive(&descriptor, archive, error);
    if (!status)
        status = zip_member_open(&stream->member, descriptor, path, slash + 1, error);
    stream->file_bytes = stream->member.packed_bytes;
    stream->content_bytes = stream->member.unpacked_bytes;
    stream->is_compressed = stream->member.is_deflated;
    return status;
}

enum status byte_stream_find_member(const char **found, const char *path, const char *const *names,
                                    struct error *error)
{
    int descriptor;
    const enum status status = open_archive(&descriptor, path, error);
    return status ? status : zip_member_find(found, descriptor, path, names, error);
}

void byte_stream_close(struct byte_stream *stream)
{
    if (stream->input)
        inflateEnd(&stream->z);
    memory_free(stream->input);
    stream->input = NULL;
    zip_member_close(&stream->member);
    if (stream->descriptor >= 0)
        close(stream->descriptor);
    stream->descriptor = -1;
}

static enum status inflate_error(const struct byte_stream *s, int code, uint64_t n_given,
                                 struct error *error)
{
    const unsigned long long at = s->n_from_disk - s->z.avail_in, size = s->file_bytes;
    const unsigned long long given = n_given;
    if (code == Z_MEM_ERROR)
        return error_memory(error, "the decompression of a gzip file", INPUT_BYTES);
    if (code == Z_BUF_ERROR)
        return error_set(
            error, STATUS_DATA,
            "%s: truncated gzip file: its %llu bytes end inside the compressed stream, "
            "%llu bytes of content so far; fetch it again",
            s->path, size, given);
    return error_set(
        error, STATUS_DATA,
        "%s: corrupt gzip file at its byte %llu of %llu, %llu bytes of content so far: "
        "%s; fetch it again",
        s->path, at, size, given, s->z.msg ? s->z.msg : "unknown zlib error");
}

/*
 * One step: n_bytes fit in zlib's counter. With output to fill and input at hand inflate always
 * advances, so Z_BUF_ERROR means that the file ended inside a member.
 */
static enum status inflate_step(struct byte_stream *s, uint8_t *to, size_t n_bytes, size_t *n_read,
                                struct error *error)
{
    s->z.next_out = to;
    s->z.avail_out = (uInt)n_bytes;
    while (s->z.avail_out) {
        if (s->z.avail_in == 0) {
            const enum status status = refill(s, error);
            if (status)
                return status;
            if (s->z.avail_in == 0 && !s->in_member)
                break;
        }
        if (!s->in_member) {
            inflateReset(&s->z);
            s->in_member = true;
        }
        const int code = inflate(&s->z, Z_NO_FLUSH);
        if (code == Z_STREAM_END)
            s->in_member = false;
        else if (code != Z_OK)
            return inflate_error(s, code, s->n_given + n_bytes - s->z.avail_out, error);
    }
    *n_read = n_bytes - s->z.avail_out;
    return STATUS_OK;
}

static enum status read_step(struct byte_stream *s, uint8_t *to, size_t n_bytes, size_t *n_read,
                             struct error *error)
{
    if (s->is_gzip)
        return inflate_step(s, to, n_bytes, n_read, error);
    if (s->member.file)
        return zip_member_read(&s->member, to, n_bytes, n_read, error);
    return read_disk(s, to, n_bytes, n_read, error);
}

enum status byte_stream_read(struct byte_stream *stream, void *to, size_t n_bytes, size_t *n_read,
                             struct error *error)
{
    uint8_t *bytes = to;
    *n_read = 0;
    while (*n_read < n_bytes) {
        const size_t left = n_bytes - *n_read;
        const size_t step = left < OUTPUT_STEP_BYTES ? left : OUTPUT_STEP_BYTES;
        size_t n = 0;
        const enum status status = read_step(stream, bytes + *n_read, step, &n, error);
        if (status)
            return status;
        *n_read += n;
        stream->n_given += n;
        if (n < step)
            break;
    }
    return STATUS_OK;
}

uint64_t byte_stream_capacity(const struct byte_stream *stream)
{
    uint64_t n_bytes;
    if (!stream->is_compressed)
        return stream->file_bytes;
    return __builtin_mul_overflow(stream->file_bytes, DEFLATE_RATIO_MAX, &n_bytes) ? UINT64_MAX
                                                                                   : n_bytes;
}
