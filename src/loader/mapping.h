/*
 * The first bytes of a file in memory without a copy of them: pages come when they are touched, and
 * the kernel may drop them again. The file must not be written to meanwhile; who touches a page
 * that is behind a new end of it dies of SIGBUS.
 */
#ifndef FMBENCH_LOADER_MAPPING_H
#define FMBENCH_LOADER_MAPPING_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct mapping {
    uint8_t *start; /* n_bytes, to be read alone, owned; NULL: nothing is mapped */
    size_t n_bytes;
    int descriptor; /* of the file, owned; to be read where SIGBUS must not come */
};

/* Of an open file, whose descriptor stays the caller's; the path is for messages. */
enum status mapping_create(struct mapping *mapping, int descriptor, const char *path,
                           size_t n_bytes, struct error *error);
void mapping_destroy(struct mapping *mapping); /* takes a zeroed struct */

#endif
