#include "runner/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    remove(path);
    return 0; /* go on: what can be removed is */
}

void scratch_remove(const char *path)
{
    enum { DESCRIPTORS_MAX = 16 };
    nftw(path, remove_entry, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

enum status scratch_create(const char *path, struct error *error)
{
    scratch_remove(path);
    if (mkdir(path, 0777))
        return error_set(error, STATUS_IO, "cannot create the folder %s: %s", path,
                         strerror(errno));
    return STATUS_OK;
}
