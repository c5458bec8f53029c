/* A folder of a test's own, and files in it. Any failure fails the test. */
#ifndef FMBENCH_TESTS_TEST_FOLDER_H
#define FMBENCH_TESTS_TEST_FOLDER_H

#include <stddef.h>

enum { FOLDER_BYTES = 64 };

void folder_create(char folder[FOLDER_BYTES]); /* new and empty, under /tmp */
void folder_remove(const char *folder);        /* with everything in it */

/* FOLDER/NAME, in a buffer of the caller. */
enum { FILE_PATH_BYTES = 512 };
const char *file_path(char path[FILE_PATH_BYTES], const char *folder, const char *name);

void file_put(const char *path, const void *bytes, size_t n_bytes);

#endif
