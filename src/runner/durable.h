/*
 * Files that outlive a full disk and a power cut: what a call wrote is on disk when it returns; the
 * name of a new file once its folder is synced. Errors are STATUS_IO with path, cause and, where it
 * is known, what to do about it. Thread-safe: no shared state.
 */
#ifndef FMBENCH_RUNNER_DURABLE_H
#define FMBENCH_RUNNER_DURABLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* "cannot WHAT PATH: " and what errno says. */
enum status durable_failed(struct error *error, const char *what, const char *path);

/* For new names in a folder, which are on disk only once the folder is. */
enum status durable_sync_folder(const char *path, struct error *error);

/* The folder and those above it that are not there yet. */
enum status durable_make_folders(const char *path, struct error *error);

/*
 * Writes the bytes at the end of the file, whole or not at all: on failure what was written of them
 * is cut off again, as far as the disk allows.
 */
enum status durable_append(int fd, const char *path, const char *bytes, size_t n_bytes,
                           struct error *error);

/*
 * A file that is there whole or as it was: what is put is written beside its place, as .NAME.tmp,
 * and finish gives it its name. That is on disk once the folder is synced.
 */
struct durable_file {
    char *path, *temporary; /* owned */
    int fd;
};

/* Whatever they return, discard releases; it takes a zeroed struct, and removes what was not
   finished. */
enum status durable_file_create(struct durable_file *file, const char *path, struct error *error);
enum status durable_file_put(struct durable_file *file, const char *bytes, size_t n_bytes,
                             struct error *error);
/* The first n_bytes of another file, or all of it with SIZE_MAX. */
enum status durable_file_put_copy(struct durable_file *file, const char *from, size_t n_bytes,
                                  struct error *error);
enum status durable_file_finish(struct durable_file *file, struct error *error);
void durable_file_discard(struct durable_file *file);

/* Does the name still lead to the open file? What is written to a removed one is lost unnoticed. */
bool durable_is_in_place(int fd, const char *path);

#endif
