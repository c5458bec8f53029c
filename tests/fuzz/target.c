#include "target.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 4 };

static char folder[PATH_MAX];

static struct {
    char name[64];
    int fd;
} files[FILES_MAX];

static void die(const char *what)
{
    perror(what);
    abort();
}

static void path_of(char path[PATH_MAX], const char *name)
{
    const int length = snprintf(path, PATH_MAX, "%s/%s", target_folder(), name);
    if (length < 0 || length >= PATH_MAX)
        die(name);
}

static void clean_up(void)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < FILES_MAX && files[i].name[0]; i++) {
        path_of(path, files[i].name);
        unlink(path);
    }
    rmdir(folder);
}

const char *target_folder(void)
{
    if (!folder[0]) {
        strcpy(folder, access("/dev/shm", W_OK) ? "/tmp/fuzz-XXXXXX" : "/dev/shm/fuzz-XXXXXX");
        if (!mkdtemp(folder))
            die(folder);
        atexit(clean_up);
    }
    return folder;
}

/* Stays open: to open it for each input would take longer than what is tested. */
static int file_of(const char *name)
{
    char path[PATH_MAX];
    size_t i = 0;
    while (i < FILES_MAX && files[i].name[0] && strcmp(files[i].name, name) != 0)
        i++;
    if (i == FILES_MAX)
        die("too many files");
    if (files[i].name[0])
        return files[i].fd;
    path_of(path, name);
    files[i].fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (files[i].fd < 0)
        die(path);
    snprintf(files[i].name, sizeof files[i].name, "%s", name);
    return files[i].fd;
}

const char *target_file(const char *name, const uint8_t *data, size_t size)
{
    static char path[PATH_MAX];
    const int fd = file_of(name);
    if (pwrite(fd, data, size, 0) != (ssize_t)size || ftruncate(fd, (off_t)size))
        die(name);
    path_of(path, name);
    return path;
}

void target_check(enum status status, const struct error *error)
{
    if ((status == STATUS_OK) == (error->message[0] != '\0') || error->status != status)
        abort();
}
