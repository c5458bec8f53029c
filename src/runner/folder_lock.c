#include "runner/folder_lock.h"

#include "runner/durable.h"
#include "runner/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { HOLDER_BYTES = 512 };

/* As the holder wrote it in its first moment; "a process" before that. */
static void read_holder(char holder[HOLDER_BYTES], int fd)
{
    const ssize_t length = pread(fd, holder, HOLDER_BYTES - 1, 0);
    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    if (!*holder)
        snprintf(holder, HOLDER_BYTES, "a process");
}

static enum status write_holder(const struct folder_lock *lock, struct error *error)
{
    char host[256], holder[HOLDER_BYTES];
    machine_host_name(host, sizeof host);
    const int length = snprintf(holder, sizeof holder, "process %ld on %s\n", (long)getpid(), host);
    if (ftruncate(lock->fd, 0) || pwrite(lock->fd, holder, (size_t)length, 0) != length)
        return durable_failed(error, "write", lock->path);
    return STATUS_OK;
}

static enum status in_use(const char *folder, int fd, const char *advice, struct error *error)
{
    char holder[HOLDER_BYTES];
    read_holder(holder, fd);
    return error_set(error, STATUS_FAILED, "%s is in use by another run (%s); wait for it%s",
                     folder, holder, advice);
}

/* Of a file that may be no longer there: its last holder may just have removed it. */
static enum status open_and_lock(struct folder_lock *lock, const char *folder, struct error *error)
{
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock->fd < 0)
        return durable_failed(error, "create", lock->path);
    if (!flock(lock->fd, LOCK_EX | LOCK_NB))
        return STATUS_OK;
    if (errno != EWOULDBLOCK)
        return durable_failed(error, "lock", lock->path);
    return in_use(folder, lock->fd, " or choose another folder with --results", error);
}

enum status folder_lock_check_free(const char *folder, struct error *error)
{
    char *path = NULL;
    if (asprintf(&path, "%s/.lock", folder) < 0)
        return error_memory(error, "a path", strlen(folder));
    enum status status = STATUS_OK;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        status = durable_failed(error, "open", path);
    else if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB))
        status = errno == EWOULDBLOCK ? in_use(folder, fd, "", error)
                                      : durable_failed(error, "look at the lock", path);
    if (fd >= 0)
        close(fd);
    free(path);
    return status;
}

enum status folder_lock_take(struct folder_lock *lock, const char *folder, struct error *error)
{
    *lock = (struct folder_lock){.fd = -1};
    if (asprintf(&lock->path, "%s/.lock", folder) < 0) {
        lock->path = NULL;
        return error_memory(error, "a path", strlen(folder));
    }
    enum status status = open_and_lock(lock, folder, error);
    while (!status && !folder_lock_holds(lock)) {
        close(lock->fd);
        status = open_and_lock(lock, folder, error);
    }
    if (status && lock->fd >= 0) {
        close(lock->fd); /* another's: not to be removed */
        lock->fd = -1;
    }
    if (!status)
        status = write_holder(lock, error);
    if (status)
        folder_lock_release(lock);
    return status;
}

bool folder_lock_holds(const struct folder_lock *lock)
{
    return durable_is_in_place(lock->fd, lock->path);
}

void folder_lock_release(struct folder_lock *lock)
{
    if (lock->path && lock->fd >= 0) {
        if (folder_lock_holds(lock))
            unlink(lock->path);
        close(lock->fd);
    }
    free(lock->path);
    *lock = (struct folder_lock){.fd = -1};
}
