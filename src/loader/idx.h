/*
 * Reading one IDX file of bytes: a header (two zero bytes, the type 0x08, the number of dimensions,
 * each size as a big-endian 32-bit number), then the data, row-major. The first size is the number
 * of rows. Files of 32-bit integers (type 0x0c, big-endian) are read where they are asked for.
 */
#ifndef FMBENCH_LOADER_IDX_H
#define FMBENCH_LOADER_IDX_H

#include "base/error.h"
#include "loader/mapping.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IDX_DIMENSIONS_MAX = 3 };

struct idx {
    size_t sizes[IDX_DIMENSIONS_MAX]; /* as in the header; 1 behind the last dimension */
    size_t n_kept;                    /* rows in `bytes`: sizes[0], or the limit if that is less */
    uint8_t *bytes; /* n_kept x sizes[1] x sizes[2], of integers x 4 as in the file; owned; NULL if
                       mapped */
    struct mapping mapping; /* of a plain file, where asked for; its header comes first */
    size_t header_bytes;
};

struct idx_request {
    const char *path;    /* gzip if it ends in ".gz", else plain */
    size_t n_dimensions; /* that the file must have, 1 .. IDX_DIMENSIONS_MAX */
    size_t limit;        /* keep the first rows; 0: all */
    bool map;            /* a plain file: do not read what it holds (see mapping.h) */
    bool is_int32;       /* of 32-bit integers; else of bytes */
};

/*
 * The whole file is read and checked whatever the limit, but only the kept rows take memory; of one
 * that is mapped, which holds nothing that could be wrong, header and size are. The
 * header is checked against the size of the file before anything is allocated. Any fault of the
 * file is STATUS_DATA with a message that names the file, what was expected and what was found;
 * *idx is zeroed then. A gzip file may have several members. Thread-safe.
 */
enum status idx_read(struct idx *idx, const struct idx_request *request, struct error *error);
void idx_destroy(struct idx *idx); /* takes a zeroed struct */

/* The kept rows, mapped or not. */
static inline const uint8_t *idx_rows(const struct idx *idx)
{
    return idx->mapping.start ? idx->mapping.start + idx->header_bytes : idx->bytes;
}

#endif
