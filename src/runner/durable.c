#include "runner/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
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

enum status durable_file_create(struct durable_file *file, const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    const int n_folder = slash ? (int)(slash + 1 - path) : 0;
    *file = (struct durable_file){.path = strdup(path), .fd = -1};
    if (!file->path ||
        asprintf(&file->temporary, "%.*s.%s.tmp", n_folder, path, path + n_folder) < 0) {
        file->temporary = NULL;
        return error_memory(error, "a path", strlen(path));
    }
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return file->fd < 0 ? durable_failed(error, "create", file->temporary) : STATUS_OK;
}

enum status durable_file_put(struct durable_file *file, const char *bytes, size_t n_bytes,
                             struct error *error)
{
    return write_all(file->fd, file->temporary, bytes, n_bytes, error);
}

enum status durable_file_put_copy(struct durable_file *file, const char *from, size_t n_bytes,
                                  struct error *error)
{
    char chunk[1 << 16];
    enum status status = STATUS_OK;
    const int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return durable_failed(error, "open", from);
    while (n_bytes > 0 && !status) {
        const ssize_t got = read(fd, chunk, n_bytes < sizeof chunk ? n_bytes : sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = durable_failed(error, "read", from);
        if (got <= 0)
            break;
        status = durable_file_put(file, chunk, (size_t)got, error);
        n_bytes -= (size_t)got;
    }
    close(fd);
    return status;
}

enum status durable_file_finish(struct durable_file *file, struct error *error)
{
    if (fsync(file->fd))
        return durable_failed(error, "sync", file->temporary);
    if (rename(file->temporary, file->path))
        return durable_failed(error, "rename to its place", file->temporary);
    free(file->temporary);
    file->temporary = NULL;
    return STATUS_OK;
}

void durable_file_discard(struct durable_file *file)
{
    if (file->temporary)
        unlink(file->temporary);
    if (file->path && file->fd >= 0)
        close(file->fd);
    free(file->temporary);
    free(file->path);
    *file = (struct durable_file){.fd = -1};
}

bool durable_is_in_place(int fd, const char *path)
{
    struct stat opened, named;
    return !fstat(fd, &opened) && !stat(path, &named) && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}
