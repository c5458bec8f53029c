/* Writing one plain IDX file of bytes. */
#ifndef FMBENCH_LOADER_IDX_WRITE_H
#define FMBENCH_LOADER_IDX_WRITE_H

#include "base/error.h"
#include "loader/features.h"
#include "loader/idx.h"

struct idx_content {
    size_t n_dimensions, sizes[IDX_DIMENSIONS_MAX]; /* each below 2^32 */
    struct features rows; /* n_rows x n_features of them: the product of the sizes */
};

/* Replaces what is at `path`. STATUS_IO names it; the file may be there in part then. */
enum status idx_write(const char *path, const struct idx_content *content, struct error *error);

#endif
