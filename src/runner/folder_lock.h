/*
 * A lock on a folder: the file .lock in it, which names its holder and goes with the lock. What
 * holds is the system's lock on the open file, so that it ends with its process, however that ends,
 * and a file that a killed process left behind is in nobody's way.
 */
#ifndef FMBENCH_RUNNER_FOLDER_LOCK_H
#define FMBENCH_RUNNER_FOLDER_LOCK_H

#include "base/error.h"

#include <stdbool.h>

struct folder_lock {
    char *path; /* of the file, owned; NULL: none is held */
    int fd;
};

/* STATUS_FAILED, with process and host of the holder, when another process has it. */
enum status folder_lock_take(struct folder_lock *lock, const char *folder, struct error *error);

/* STATUS_FAILED, with process and host of the holder, when a process has it. Takes nothing: a
   folder that cannot be written can be looked at. */
enum status folder_lock_check_free(const char *folder, struct error *error);

/* False when folder or file were removed or replaced meanwhile: then nothing is locked any more. */
bool folder_lock_holds(const struct folder_lock *lock);

/* Takes a struct whose path is NULL, and leaves one. */
void folder_lock_release(struct folder_lock *lock);

#endif
