/*
 * Reading one array in NumPy's .npy format: from a file, or from a member of an .npz archive.
 *
 * Versions 1 to 3 of the format, in C order, 1 to 4 dimensions; bools, integers of 1 to 8 bytes and
 * float32 or float64 of either byte order, whose values must be whole numbers from 0 to 255.
 */
#ifndef FMBENCH_LOADER_NPY_H
#define FMBENCH_LOADER_NPY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NPY_DIMENSIONS_MAX = 4 };

struct npy {
    size_t n_dimensions;
    size_t sizes[NPY_DIMENSIONS_MAX]; /* as in the header; 1 behind the last dimension */
    size_t n_kept;                    /* rows in `bytes`: sizes[0], or the limit if that is less */
    uint8_t *bytes;                   /* n_kept x sizes[1] x sizes[2] x sizes[3], owned */
};

struct npy_request {
    const char *path; /* of the file, or ARCHIVE/MEMBER */
    bool is_member;
    size_t limit; /* keep the first rows; 0: all */
};

/*
 * The whole file is read whatever the limit, but only the kept rows take memory and are looked at.
 * The header is checked against the size of the file before anything is allocated. Any fault of the
 * file is STATUS_DATA with a message that names the file, what was expected and what was found;
 * *npy is zeroed then. Thread-safe.
 */
enum status npy_read(struct npy *npy, const struct npy_request *request, struct error *error);
void npy_destroy(struct npy *npy); /* takes a zeroed struct */

#endif
