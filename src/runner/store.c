#include "runner/store.h"

#include "report/outcomes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static enum status failed_io(struct error *error, const char *what, const char *path)
{
    return error_set(error, STATUS_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

/* A new name in a folder survives a power cut only once the folder itself is on disk. */
static enum status sync_folder(const char *path, struct error *error)
{
    enum status status = STATUS_OK;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems have no such call for folders, and say EINVAL. */
    if (fd < 0 || (fsync(fd) && errno != EINVAL))
        status = failed_io(error, "sync the folder", path);
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
    const enum status status = sync_folder(dirname(copy), error);
    free(copy);
    return status;
}

static enum status make_directories(const char *path, struct error *error)
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
            status = failed_io(error, "create the folder", partial);
        *p = kept;
    }
    free(partial);
    return status;
}

/* The process that /proc/locks names for the folder; 0 when there is none to be found. */
static long lock_holder(int fd)
{
    struct stat folder;
    FILE *locks = fopen("/proc/locks", "r");
    char line[256];
    long holder = 0;
    while (locks && !fstat(fd, &folder) && fgets(line, sizeof line, locks)) {
        long pid;
        uintmax_t inode;
        if (sscanf(line, "%*d: FLOCK %*s %*s %ld %*x:%*x:%ju", &pid, &inode) == 2 &&
            inode == folder.st_ino) {
            holder = pid;
            break;
        }
    }
    if (locks)
        fclose(locks);
    return holder;
}

static enum status lock(struct store *store, struct error *error)
{
    if (!flock(store->directory_fd, LOCK_EX | LOCK_NB))
        return STATUS_OK;
    if (errno != EWOULDBLOCK)
        return failed_io(error, "lock the folder", store->directory);
    return error_set(error, STATUS_FAILED,
                     "%s is in use by another run (process %ld); wait for it or choose another "
                     "folder with --results",
                     store->directory, lock_holder(store->directory_fd));
}

enum status store_open(struct store *store, const char *directory, struct error *error)
{
    *store = (struct store){.directory_fd = -1};
    enum status status = make_directories(directory, error);
    if (status)
        return status;
    store->directory = strdup(directory);
    if (!store->directory)
        return error_memory(error, "a path", strlen(directory));
    store->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->directory_fd < 0)
        status = failed_io(error, "open the folder", directory);
    if (!status)
        status = lock(store, error);
    if (status)
        store_close(store);
    return status;
}

void store_close(struct store *store)
{
    if (store->directory && store->directory_fd >= 0)
        close(store->directory_fd);
    free(store->directory);
    *store = (struct store){.directory_fd = -1};
}

static enum status write_all(int fd, const char *path, const char *bytes, size_t n_bytes,
                             struct error *error)
{
    while (n_bytes > 0) {
        const ssize_t written = write(fd, bytes, n_bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return failed_io(error, "write", path);
        bytes += written;
        n_bytes -= (size_t)written;
    }
    return STATUS_OK;
}

/* Moves the end of the journal that is no record into a file beside it. */
static enum status set_torn_line_aside(struct journal_file *file, const struct journal *held,
                                       struct error *error)
{
    char *torn_path = NULL, *bytes = malloc(held->torn_bytes);
    enum status status = STATUS_OK;
    int torn = -1;
    if (!bytes || asprintf(&torn_path, "%s.torn", file->path) < 0) {
        torn_path = NULL;
        status = error_memory(error, "a torn line", held->torn_bytes);
        goto cleanup;
    }
    torn = open(torn_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (torn < 0 || pread(file->fd, bytes, held->torn_bytes, (off_t)held->valid_bytes) !=
                        (ssize_t)held->torn_bytes) {
        status = failed_io(error, "set the torn line aside in", torn_path);
        goto cleanup;
    }
    status = write_all(torn, torn_path, bytes, held->torn_bytes, error);
    if (!status)
        status = write_all(torn, torn_path, "\n", 1, error);
    if (!status && (fsync(torn) || ftruncate(file->fd, (off_t)held->valid_bytes)))
        status = failed_io(error, "cut the torn line off", file->path);
cleanup:
    if (torn >= 0)
        close(torn);
    free(torn_path);
    free(bytes);
    return status;
}

enum status journal_file_open(struct journal_file *file, const struct store *store,
                              const char *dataset, struct journal *held, size_t *torn_bytes,
                              struct error *error)
{
    *file = (struct journal_file){.fd = -1};
    *held = (struct journal){.n_records = 0};
    *torn_bytes = 0;
    if (asprintf(&file->path, "%s/%s.jsonl", store->directory, dataset) < 0) {
        file->path = NULL;
        return error_memory(error, "a path", 0);
    }
    enum status status = journal_read(held, file->path, error);
    if (!status) {
        file->fd = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (file->fd < 0)
            status = failed_io(error, "open", file->path);
    }
    if (!status && held->torn_bytes) {
        *torn_bytes = held->torn_bytes;
        status = set_torn_line_aside(file, held, error);
    }
    file->n_bytes = held->valid_bytes;
    if (!status)
        status = sync_folder(store->directory, error);
    if (status) {
        journal_destroy(held);
        journal_file_close(file);
    }
    return status;
}

enum status journal_file_append(struct journal_file *file, const struct record *record,
                                struct error *error)
{
    char *line = record_to_line(record);
    if (!line)
        return error_memory(error, "a record", 0);
    const size_t length = strlen(line);
    line[length] = '\n'; /* in the place of the terminator: one write for the whole line */
    enum status status = write_all(file->fd, file->path, line, length + 1, error);
    free(line);
    if (!status && fdatasync(file->fd))
        status = failed_io(error, "sync", file->path);
    if (!status)
        file->n_bytes += length + 1;
    else if (ftruncate(file->fd, (off_t)file->n_bytes))
        return status; /* the half line stays behind as a torn one */
    return status;
}

void journal_file_close(struct journal_file *file)
{
    if (file->path && file->fd >= 0)
        close(file->fd);
    free(file->path);
    *file = (struct journal_file){.fd = -1};
}

static void put_big_endian(uint8_t *out, size_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* One array of bytes in the folder of a dataset's predictions. */
struct labels {
    const char *dataset;
    const char *path; /* of the file, relative to the results folder */
    const char *mark; /* sets the unfinished file apart from others */
    const uint8_t *bytes;
    size_t n_sizes, sizes[2];
};

static bool write_idx(int fd, const struct labels *labels)
{
    uint8_t header[12] = {0, 0, 8, (uint8_t)labels->n_sizes}; /* unsigned bytes */
    const int header_bytes = 4 + 4 * (int)labels->n_sizes;
    size_t n_bytes = 1;
    for (size_t i = 0; i < 2 && i < labels->n_sizes; i++) {
        put_big_endian(header + 4 + 4 * i, labels->sizes[i]);
        n_bytes *= labels->sizes[i];
    }
    gzFile file = gzdopen(fd, "wb9");
    if (!file) {
        close(fd);
        return false;
    }
    bool good = gzwrite(file, header, (unsigned)header_bytes) == header_bytes &&
                gzwrite(file, labels->bytes, (unsigned)n_bytes) == (int)n_bytes &&
                gzflush(file, Z_FINISH) == Z_OK && !fsync(fd);
    return gzclose(file) == Z_OK && good;
}

/* Whole or not at all: written beside its place, then renamed. */
static enum status store_labels(const struct store *store, const struct labels *labels,
                                struct error *error)
{
    char *folder = NULL, *temporary = NULL, *final = NULL;
    enum status status = STATUS_OK;
    if (asprintf(&folder, "%s/predictions/%s", store->directory, labels->dataset) < 0 ||
        asprintf(&final, "%s/%s", store->directory, labels->path) < 0 ||
        asprintf(&temporary, "%s/predictions/%s/.%.16s.tmp", store->directory, labels->dataset,
                 labels->mark) < 0) {
        status = error_memory(error, "a path", 0);
        goto cleanup;
    }
    status = make_directories(folder, error);
    if (status)
        goto cleanup;
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || !write_idx(fd, labels) || rename(temporary, final)) {
        status = failed_io(error, "write", final);
        unlink(temporary);
    }
    if (!status)
        status = sync_folder(folder, error);
cleanup:
    free(folder);
    free(temporary);
    free(final);
    return status;
}

enum status store_predictions(const struct store *store, const struct predictions *p, char *path,
                              size_t path_size, struct error *error)
{
    snprintf(path, path_size, "predictions/%s/%s-%.16s.idx2-ubyte.gz", p->dataset, p->classifier,
             p->cell);
    return store_labels(store,
                        &(struct labels){.dataset = p->dataset,
                                         .path = path,
                                         .mark = p->cell,
                                         .bytes = p->labels,
                                         .n_sizes = 2,
                                         .sizes = {p->n_repeats, p->n_test}},
                        error);
}

enum status store_test_labels(const struct store *store, const struct test_labels *t,
                              struct error *error)
{
    char path[512], *there = NULL;
    outcomes_labels_path(path, sizeof path, t->dataset, t->hash);
    if (asprintf(&there, "%s/%s", store->directory, path) < 0)
        return error_memory(error, "a path", 0);
    const bool is_there = access(there, F_OK) == 0;
    free(there);
    if (is_there)
        return STATUS_OK;
    return store_labels(store,
                        &(struct labels){.dataset = t->dataset,
                                         .path = path,
                                         .mark = "labels",
                                         .bytes = t->labels,
                                         .n_sizes = 1,
                                         .sizes = {t->n_test}},
                        error);
}

static enum status append_line(const char *path, const char *line, struct error *error)
{
    char *whole = NULL;
    enum status status = STATUS_OK;
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return failed_io(error, "open", path);
    if (asprintf(&whole, "%s\n", line) < 0) {
        whole = NULL;
        status = error_memory(error, "the log of the run", strlen(line));
    }
    if (!status)
        status = write_all(fd, path, whole, strlen(whole), error);
    if (!status && fsync(fd))
        status = failed_io(error, "sync", path);
    free(whole);
    close(fd);
    return status;
}

enum status store_append_run(const struct store *store, const char *line, struct error *error)
{
    char *folder = NULL, *path = NULL;
    enum status status = STATUS_OK;
    if (asprintf(&folder, "%s/log", store->directory) < 0 ||
        asprintf(&path, "%s/runs.jsonl", folder) < 0)
        status = error_memory(error, "a path", strlen(store->directory));
    if (!status)
        status = make_directories(folder, error);
    if (!status)
        status = append_line(path, line, error);
    if (!status)
        status = sync_folder(folder, error);
    free(folder);
    free(path);
    return status;
}
