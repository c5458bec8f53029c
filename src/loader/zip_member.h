/*
 * One member of a ZIP archive, read from front to back.
 *
 * Only members that are stored or deflated, and not encrypted. What the archive's directory says of
 * sizes is checked by who reads: it is on trust. All faults are STATUS_DATA and name the path that
 * was given, ARCHIVE/MEMBER. A struct zip_member belongs to one thread.
 */
#ifndef FMBENCH_LOADER_ZIP_MEMBER_H
#define FMBENCH_LOADER_ZIP_MEMBER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zip_member {
    const char *path; /* borrowed */
    struct zip *archive;
    struct zip_file *file;
    uint64_t packed_bytes;   /* in the archive */
    uint64_t unpacked_bytes; /* that its directory promises */
    bool is_deflated;
};

/* `descriptor` is of the archive and becomes the member's, also on failure. `name` is that of the
   member, upper and lower case alike. On failure there is nothing to close. */
enum status zip_member_open(struct zip_member *member, int descriptor, const char *path,
                            const char *name, struct error *error);

/* Up to n_bytes; *n_read is less only at the end of the member, whose checksum is right then. */
enum status zip_member_read(struct zip_member *member, void *to, size_t n_bytes, size_t *n_read,
                            struct error *error);

void zip_member_close(struct zip_member *member); /* takes a zeroed struct */

/* The first of the NULL-terminated names that a member has, or NULL. `descriptor` is of the archive
   and is closed; `path` is for messages. */
enum status zip_member_find(const char **found, int descriptor, const char *path,
                            const char *const *names, struct error *error);

#endif
