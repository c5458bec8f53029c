/*
 * The header of a .npy file: a magic number, a version, a length, and a Python dictionary in text,
 * such as {'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }.
 */
#ifndef FMBENCH_LOADER_NPY_HEADER_H
#define FMBENCH_LOADER_NPY_HEADER_H

#include "loader/byte_stream.h"
#include "loader/npy.h"

struct npy_header {
    char kind;         /* 'u', 'i' or 'f' */
    size_t item_bytes; /* 1, 2, 4 or 8; of 'f' 4 or 8 */
    bool is_big_endian;
    size_t n_dimensions;              /* 1 .. NPY_DIMENSIONS_MAX */
    size_t sizes[NPY_DIMENSIONS_MAX]; /* 1 behind the last dimension */
};

/* Reads as far as the data begin. STATUS_DATA names the file, what was expected and what found. */
enum status npy_header_read(struct npy_header *header, struct byte_stream *stream,
                            struct error *error);

#endif
