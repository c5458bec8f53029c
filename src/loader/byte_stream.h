/*
 * A regular file read from front to back, through zlib if it is gzip; or a member of a ZIP archive.
 *
 * All faults are STATUS_DATA and name the file. A struct byte_stream belongs to one thread.
 */
#ifndef FMBENCH_LOADER_BYTE_STREAM_H
#define FMBENCH_LOADER_BYTE_STREAM_H

#include "base/error.h"
#include "loader/zip_member.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

struct byte_stream {
    const char *path;    /* borrowed */
    int descriptor;      /* -1: closed */
    uint64_t file_bytes; /* on disk; of a member what it takes in the archive */
    uint64_t n_given;    /* bytes that byte_stream_read gave so far */
    bool is_gzip;
    bool is_compressed;       /* also true of gzip */
    uint64_t content_bytes;   /* there are by what the system or the archive says; not of gzip */
    struct zip_member member; /* zeroed where it is none */
    /* Of a gzip file only: */
    z_stream z;
    uint8_t *input;       /* owned; what was read from disk and not yet inflated is in z */
    uint64_t n_from_disk; /* bytes */
    bool in_member;       /* between the start and the end of a gzip member */
};

/* gzip if the path ends in ".gz". On failure there is nothing to close. */
enum status byte_stream_open(struct byte_stream *stream, const char *path, struct error *error);

/* As byte_stream_open; `path` is ARCHIVE/MEMBER. */
enum status byte_stream_open_member(struct byte_stream *stream, const char *path,
                                    struct error *error);

/* The first of the NULL-terminated names that a member of the archive has, or NULL. */
enum status byte_stream_find_member(const char **found, const char *path, const char *const *names,
                                    struct error *error);

/*
 * Up to n_bytes; *n_read is less only at the end of the file. At the end of a gzip file or
 * a member its checksum and length have been verified: so a reader must see a read that comes up
 * short.
 */
enum status byte_stream_read(struct byte_stream *stream, void *to, size_t n_bytes, size_t *n_read,
                             struct error *error);

void byte_stream_close(struct byte_stream *stream);

/* The most bytes that the file can hold, compressed or not. */
uint64_t byte_stream_capacity(const struct byte_stream *stream);

#endif
