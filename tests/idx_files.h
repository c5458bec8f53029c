/* Making IDX files, good and bad, for the tests of what reads them. Any failure fails the test. */
#ifndef FMBENCH_TESTS_IDX_FILES_H
#define FMBENCH_TESTS_IDX_FILES_H

#include "test_folder.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes that grow. Zero it first; release with bytes_free. */
struct bytes {
    uint8_t *at;
    size_t n;
};
void bytes_add(struct bytes *bytes, const void *more, size_t n_more);
void bytes_free(struct bytes *bytes);

/* Adds a header with this type and these sizes. */
void bytes_add_header(struct bytes *idx, uint8_t type, size_t n_sizes, const uint32_t *sizes);

/* Adds one gzip member that holds `content`. */
void bytes_add_gzip(struct bytes *gzip, const struct bytes *content);

/* An IDX file of bytes, gzip if the path ends in .gz. */
void idx_put(const char *path, size_t n_sizes, const uint32_t *sizes, const uint8_t *data);

#endif
