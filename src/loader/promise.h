/*
 * The rows behind a header that has promised them, as IDX and NumPy files have it.
 *
 * What is promised is checked against the size of the file before anything is allocated. Of a
 * compressed file it is taken on trust only so far: room for twice what has come, so that a header
 * does not make a small file take much. Faults are STATUS_DATA and name the file. Thread-safe.
 */
#ifndef FMBENCH_LOADER_PROMISE_H
#define FMBENCH_LOADER_PROMISE_H

#include "loader/byte_stream.h"

struct promise {
    struct byte_stream *stream; /* borrowed; read up to the end of the header */
    size_t header_bytes;
    size_t data_bytes; /* of all rows */
    size_t kept_bytes; /* of the first rows, which are kept: 1 .. data_bytes */
};

/* Header and data together, against what the file can hold. */
enum status promise_check(const struct promise *promise, struct error *error);

/* *bytes: the kept ones, owned by the caller, NULL on failure. The rest of the file is read too,
   and must end where it should. */
enum status promise_read(uint8_t **bytes, const struct promise *promise, struct error *error);

#endif
