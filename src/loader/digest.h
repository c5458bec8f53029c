/* SHA-256 over several buffers and parts of files, as hexadecimal text. Thread-safe. */
#ifndef FMBENCH_LOADER_DIGEST_H
#define FMBENCH_LOADER_DIGEST_H

#include "base/error.h"

#include <stddef.h>

enum { DIGEST_HEX_BYTES = 65 }; /* 64 digits and the terminator */

struct digest_part {
    const void *bytes; /* may be NULL when n_bytes is 0 */
    size_t n_bytes;
    /* Where not NULL, the bytes are read from here instead. */
    const struct digest_file {
        const char *path; /* for messages */
        int descriptor;   /* open */
        size_t offset;
    } * file;
};

/*
 * The digest of the parts one after the other. Where one part ends and the next begins does not
 * change it: a caller for whom that matters adds the sizes as a part of their own. STATUS_FAILED
 * when the library refuses, STATUS_DATA when a file ends early or cannot be read; hex is empty
 * then.
 */
enum status digest_sha256(char hex[DIGEST_HEX_BYTES], const struct digest_part *parts,
                          size_t n_parts, struct error *error);

#endif
