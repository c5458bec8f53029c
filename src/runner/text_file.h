/* A small text file as one string. */
#ifndef FMBENCH_RUNNER_TEXT_FILE_H
#define FMBENCH_RUNNER_TEXT_FILE_H

#include "base/error.h"

/*
 * The whole file, NUL-terminated; release with free. STATUS_USAGE when it cannot be opened, has
 * more than 16 MiB or holds a NUL byte.
 */
enum status text_file_read(const char *path, char **text, struct error *error);

#endif
