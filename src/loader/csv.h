/*
 * Reading one CSV file of images: a line a row, the label first, then the pixels.
 *
 * A field is a whole number from 0 to 255, with or without spaces or quotes around it. The first
 * line may be a header; its first field is then "label" (or "labels", "class", "target", "y").
 * Lines end with LF or CRLF; empty lines at the end of the file are passed over.
 */
#ifndef FMBENCH_LOADER_CSV_H
#define FMBENCH_LOADER_CSV_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct csv {
    size_t n_rows;     /* in the file, without the header */
    size_t n_kept;     /* n_rows, or the limit if that is less */
    size_t n_features; /* fields of a row but the label */
    uint8_t *pixels;   /* n_kept x n_features, owned */
    uint8_t *labels;   /* n_kept, owned */
};

struct csv_request {
    const char *path; /* gzip if it ends in ".gz", else plain */
    size_t limit;     /* keep the first rows; 0: all */
};

/*
 * The whole file is read and checked whatever the limit, but only the kept rows take memory: of a
 * plain file no more than it has bytes. Any fault of the file is STATUS_DATA with a message that
 * names file, line and field (both from 1), what was expected and what was found; *csv is zeroed
 * then. Thread-safe.
 */
enum status csv_read(struct csv *csv, const struct csv_request *request, struct error *error);
void csv_destroy(struct csv *csv); /* takes a zeroed struct */

#endif
