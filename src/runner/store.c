#include "runner/store.h"

#include "report/outcomes.h"
#include "runner/durable.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static const char unfinished_ending[] = ".tmp"; /* of a file of labels, behind a dot and its mark */

enum status store_open(struct store *store, const char *directory, struct error *error)
{
    *store = (struct store){.lock = {.fd = -1}};
    enum status status = durable_make_folders(directory, error);
    if (status)
        return status;
    store->directory = strdup(directory);
    if (!store->directory)
        return error_memory(error, "a path", strlen(directory));
    status = folder_lock_take(&store->lock, directory, error);
    if (status)
        store_close(store);
    return status;
}

void store_close(struct store *store)
{
    folder_lock_release(&store->lock);
    free(store->directory);
    *store = (struct store){.lock = {.fd = -1}};
}

static enum status gone(const char *path, struct error *error)
{
    return error_set(
        error, STATUS_IO,
        "%s was removed or replaced during the run; put it back where it was, or leave "
        "it so, and the same command continues with what is there",
        path);
}

enum status store_check_held(const struct store *store, struct error *error)
{
    return folder_lock_holds(&store->lock) ? STATUS_OK : gone(store->directory, error);
}

/* Moves the end of the journal that is no record into a file beside it. */
static enum status set_torn_line_aside(struct journal_file *file, const struct journal *held,
                                       struct error *error)
{
    char *torn_path = NULL, *bytes = malloc(held->torn_bytes + 1);
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
        status = durable_failed(error, "set the torn line aside in", torn_path);
        goto cleanup;
    }
    bytes[held->torn_bytes] = '\n';
    status = durable_append(torn, torn_path, bytes, held->torn_bytes + 1, error);
    if (!status && ftruncate(file->fd, (off_t)held->valid_bytes))
        status = durable_failed(error, "cut the torn line off", file->path);
cleanup:
    if (torn >= 0)
        close(torn);
    free(torn_path);
    free(bytes);
    return status;
}

static bool is_unfinished(const char *name)
{
    const size_t length = strlen(name), n_ending = strlen(unfinished_ending);
    return *name == '.' && length > n_ending &&
           strcmp(name + length - n_ending, unfinished_ending) == 0;
}

/* The files of labels that a killed run was about to write. */
static enum status remove_unfinished(const struct store *store, const char *dataset,
                                     struct error *error)
{
    char *path = NULL;
    if (asprintf(&path, "%s/predictions/%s", store->directory, dataset) < 0)
        return error_memory(error, "a path", 0);
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_unfinished(entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    free(path);
    return STATUS_OK;
}

enum status journal_file_open(struct journal_file *file, const struct store *store,
                              const char *dataset, struct journal *held, size_t *torn_bytes,
                              struct error *error)
{
    *file = (struct journal_file){.fd = -1};
    *held = (struct journal){.n_records = 0};
    *torn_bytes = 0;
    file->path = journal_path(store->directory, dataset);
    if (!file->path)
        return error_memory(error, "a path", 0);
    enum status status = journal_read(held, file->path, error);
    if (!status) {
        file->fd = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (file->fd < 0)
            status = durable_failed(error, "open", file->path);
    }
    if (!status && held->torn_bytes) {
        *torn_bytes = held->torn_bytes;
        status = set_torn_line_aside(file, held, error);
    }
    if (!status)
        status = remove_unfinished(store, dataset, error);
    if (!status)
        status = durable_sync_folder(store->directory, error);
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
    const enum status status = durable_append(file->fd, file->path, line, length + 1, error);
    free(line);
    if (!status && !durable_is_in_place(file->fd, file->path))
        return gone(file->path, error);
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

/* Whole or not at all: written beside its place, then renamed; by the open folder, so that one that
 * is moved away meanwhile keeps no half of a file. */
static enum status write_in_folder(const struct labels *labels, const char *folder,
                                   struct error *error)
{
    const char *final = strrchr(labels->path, '/') + 1;
    char temporary[32];
    snprintf(temporary, sizeof temporary, ".%.16s%s", labels->mark, unfinished_ending);
    enum status status = STATUS_OK;
    const int in = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Without a folder the cause stays that of the first call. */
    const int fd =
        in < 0 ? -1 : openat(in, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || !write_idx(fd, labels) || renameat(in, temporary, in, final)) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", folder, final);
        status = durable_failed(error, "write", path);
        unlinkat(in, temporary, 0);
    }
    if (!status)
        status = durable_sync_folder(folder, error);
    if (in >= 0)
        close(in);
    return status;
}

static enum status store_labels(const struct store *store, const struct labels *labels,
                                struct error *error)
{
    char *folder = NULL;
    enum status status = store_check_held(store, error); /* else a removed one would be made anew */
    if (status)
        return status;
    if (asprintf(&folder, "%s/predictions/%s", store->directory, labels->dataset) < 0)
        return error_memory(error, "a path", 0);
    status = durable_make_folders(folder, error);
    if (!status)
        status = write_in_folder(labels, folder, error);
    free(folder);
    return status;
}

void store_predictions_path(char *path, size_t size, const char *dataset, const char *classifier,
                            const char *cell)
{
    snprintf(path, size, "predictions/%s/%s-%.16s.idx2-ubyte.gz", dataset, classifier, cell);
}

enum status store_predictions(const struct store *store, const struct predictions *p, char *path,
                              size_t path_size, struct error *error)
{
    store_predictions_path(path, path_size, p->dataset, p->classifier, p->cell);
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

/* What a power cut left of a last line, which is nothing anybody could read. */
static enum status cut_torn_line_off(int fd, const char *path, struct error *error)
{
    off_t end = lseek(fd, 0, SEEK_END);
    const off_t whole = end;
    char byte;
    while (end > 0 && pread(fd, &byte, 1, end - 1) == 1 && byte != '\n')
        end--;
    if (end < whole && ftruncate(fd, end))
        return durable_failed(error, "cut the torn line off", path);
    return STATUS_OK;
}

static enum status append_line(const char *path, const char *line, struct error *error)
{
    char *whole = NULL;
    const int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return durable_failed(error, "open", path);
    enum status status = cut_torn_line_off(fd, path, error);
    if (!status && asprintf(&whole, "%s\n", line) < 0) {
        whole = NULL;
        status = error_memory(error, "the log of the run", strlen(line));
    }
    if (!status)
        status = durable_append(fd, path, whole, strlen(whole), error);
    free(whole);
    close(fd);
    return status;
}

enum status store_append_run(const struct store *store, const char *line, struct error *error)
{
    char *folder = NULL, *path = NULL;
    enum status status = store_check_held(store, error);
    if (!status && (asprintf(&folder, "%s/log", store->directory) < 0 ||
                    asprintf(&path, "%s/runs.jsonl", folder) < 0))
        status = error_memory(error, "a path", strlen(store->directory));
    if (!status)
        status = durable_make_folders(folder, error);
    if (!status)
        status = append_line(path, line, error);
    if (!status)
        status = durable_sync_folder(folder, error);
    free(folder);
    free(path);
    return status;
}
