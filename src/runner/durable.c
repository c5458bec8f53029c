#include "runner/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *advice(int cause)
{
    switch (cause) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return "; what is finished is kept: make room, and the same command continues";
    case EROFS:
    case EACCES:
    case EPERM:
        return "; make it writable or choose another folder with --results";
    case ENOENT:
        return "; its folder was removed: the same command continues with what is there";
    default:
        return "";
    }
}

enum status durable_failed(struct error *error, const char *what, const char *path)
{
    const int cause = errno;
    return error_set(error, STATUS_IO, "cannot %s %s: %s%s", what, path, strerror(cause),
                     advice(cause));
}

enum status durable_sync_folder(const char *path, struct error *error)
{
    enum status status = STATUS_OK;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems have no such call for folders, and say EINVAL. */
    if (fd < 0 || (fsync(fd) && errno != EINVAL))
        status = durable_failed(error, "sync the folder", path);
    if (fd >= 0)
        close(fd);
    return status;
}

/* Syncs the folder that `path`, which may end in a slash, stands in. */
static enum status sync_parent(const char *path, struct error *error)
{
    char *copy = strdup(path); /* dirname writes into it */
    if (!copy)
        return error_memory(error, "a path", strlen(path));
    const enum status status = durable_sync_folder(dirname(copy), error);
    free(copy);
    return status;
}

enum status durable_make_folders(const char *path, struct error *error)
{
    char *partial = strdup(path);
    enum status status = partial ? STATUS_OK : error_memory(error, "a path", strlen(path));
    for (char *p = partial; p && !status; p = *p ? p + 1 : NULL) {
        p += strcspn(p, "/");
        const char kept = *p;
        *p = '\0';
        if (*partial && !mkdir(partial, 0777))
            status = sync_parent(partial, error);
        else if (*partial && errno != EEXIST)
            status = durable_failed(error, "create the folder", partial);
        *p = kept;
    }
    free(partial);
    return status;
}

static enum status write_all(int fd, const char *path, const char *bytes, size_t n_bytes,
                             struct error *error)
{
    while (n_bytes > 0) {
        const ssize_t written = write(fd, bytes, n_bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return durable_failed(error, "write", path);
        bytes += written;
        n_bytes -= (size_t)written;
    }
    return STATUS_OK;
}

enum status durable_append(int fd, const char *path, const char *bytes, size_t n_bytes,
                           struct error *error)
{
    const off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0)
        return durable_failed(error, "look for the end of", path);
    enum status status = write_all(fd, path, bytes, n_bytes, error);
    if (!status && fdatasync(fd))
        status = durable_failed(error, "sync", path);
    if (status && ftruncate(fd, end))
        return status; /* a torn line stays behind, which the next run cuts off */
    return status;
}

bool durable_is_in_place(int fd, const char *path)
{
    struct stat opened, named;
    return !fstat(fd, &opened) && !stat(path, &named) && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}
