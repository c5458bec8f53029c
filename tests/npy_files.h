/* Making NumPy arrays and archives for the tests of what reads them. Any failure fails the test. */
#ifndef FMBENCH_TESTS_NPY_FILES_H
#define FMBENCH_TESTS_NPY_FILES_H

#include "idx_files.h"

#include <stdbool.h>

/* Adds a version 1 array. `descr` as in "|u1", `shape` as in "(2, 3)". */
void bytes_add_npy(struct bytes *npy, const char *descr, const char *shape,
                   const struct bytes *data);

/* A ZIP archive of one member, added to what is at `path`; deflated or stored. */
void zip_put(const char *path, const char *member, const struct bytes *content, bool is_deflated);

#endif
