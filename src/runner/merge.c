#include "runner/merge.h"

#include "report/journal.h"
#include "report/outcomes.h"
#include "runner/durable.h"
#include "runner/folder_lock.h"
#include "runner/merge_items.h"
#include "runner/store.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct merging {
    const struct merge_request *request;
    struct store store;
    const char **folders; /* the one that is merged into, then the others; owned */
    size_t n_folders;
    struct merge_items items;
    struct merge_counts *counts;
    struct error *error;
};

static bool is_same_folder(const struct stat *one, const char *other)
{
    struct stat found;
    return !stat(other, &found) && found.st_dev == one->st_dev && found.st_ino == one->st_ino;
}

/* Without the one that is merged into, which this process holds itself. */
static enum status choose_folders(struct merging *m)
{
    const struct merge_request *request = m->request;
    struct stat into;
    enum status status = STATUS_OK;
    m->folders = calloc(request->n_folders + 1, sizeof *m->folders);
    if (!m->folders)
        return error_memory(m->error, "a merge", request->n_folders * sizeof *m->folders);
    m->folders[m->n_folders++] = request->into;
    if (stat(request->into, &into))
        return durable_failed(m->error, "look at", request->into);
    for (size_t i = 0; i < request->n_folders && !status; i++) {
        if (is_same_folder(&into, request->folders[i]))
            continue;
        status = folder_lock_check_free(request->folders[i], m->error);
        m->folders[m->n_folders++] = request->folders[i];
    }
    return status;
}

/* A file of the folder `from`, at the same place in the one that is merged into. */
static enum status copy_file(struct merging *m, const char *from, const char *path)
{
    struct durable_file file = {.fd = -1};
    char *source = NULL, *target = NULL;
    enum status status = STATUS_OK;
    if (asprintf(&source, "%s/%s", from, path) < 0 ||
        asprintf(&target, "%s/%s", m->request->into, path) < 0)
        status = error_memory(m->error, "a path", strlen(path));
    if (!status)
        status = durable_file_create(&file, target, m->error);
    if (!status)
        status = durable_file_put_copy(&file, source, SIZE_MAX, m->error);
    if (!status)
        status = durable_file_finish(&file, m->error);
    durable_file_discard(&file);
    free(source);
    free(target);
    return status;
}

static bool has_file(const char *folder, const char *path)
{
    char *whole = NULL;
    const bool found = asprintf(&whole, "%s/%s", folder, path) >= 0 && access(whole, F_OK) == 0;
    free(whole);
    return found;
}

/* The true labels, from the first folder that has them: the name has the hash of the data. */
static enum status copy_test_labels(struct merging *m, const struct merge_dataset *dataset)
{
    char path[512];
    outcomes_labels_path(path, sizeof path, dataset->name, dataset->hash);
    size_t f = 0;
    while (f < m->n_folders && !has_file(m->folders[f], path))
        f++;
    return f > 0 && f < m->n_folders ? copy_file(m, m->folders[f], path) : STATUS_OK;
}

static bool is_new(const struct merge_item *item, size_t dataset)
{
    return item->is_taken && item->dataset == dataset && item->source > 0;
}

static enum status copy_labels(struct merging *m, size_t dataset)
{
    const struct merge_dataset *d = &m->items.datasets[dataset];
    char *folder = NULL;
    if (asprintf(&folder, "%s/predictions/%s", m->request->into, d->name) < 0)
        return error_memory(m->error, "a path", strlen(d->name));
    enum status status = durable_make_folders(folder, m->error);
    if (!status)
        status = copy_test_labels(m, d);
    for (size_t i = 0; i < m->items.n && !status; i++) {
        const struct merge_item *item = &m->items.items[i];
        if (is_new(item, dataset) && item->predictions)
            status = copy_file(m, m->folders[item->source], item->predictions);
    }
    if (!status)
        status = durable_sync_folder(folder, m->error);
    free(folder);
    return status;
}

static enum status put_lines(struct merging *m, size_t dataset, struct durable_file *file)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < m->items.n && !status; i++) {
        const struct merge_item *item = &m->items.items[i];
        if (is_new(item, dataset))
            status = durable_file_put(file, item->line, strlen(item->line), m->error);
    }
    return status;
}

/* What the journal has stays as it is, and the new records come behind it. */
static enum status write_journal(struct merging *m, size_t dataset)
{
    const struct merge_dataset *d = &m->items.datasets[dataset];
    struct durable_file file = {.fd = -1};
    char *path = journal_path(m->request->into, d->name);
    enum status status = path ? STATUS_OK : error_memory(m->error, "a path", strlen(d->name));
    if (!status)
        status = durable_file_create(&file, path, m->error);
    if (!status && d->valid_bytes)
        status = durable_file_put_copy(&file, path, d->valid_bytes, m->error);
    if (!status)
        status = put_lines(m, dataset, &file);
    if (!status)
        status = durable_file_finish(&file, m->error);
    if (!status)
        status = durable_sync_folder(m->request->into, m->error);
    durable_file_discard(&file);
    free(path);
    return status;
}

static bool has_new(const struct merging *m, size_t dataset)
{
    for (size_t i = 0; i < m->items.n; i++)
        if (is_new(&m->items.items[i], dataset))
            return true;
    return false;
}

static enum status write_datasets(struct merging *m)
{
    enum status status = STATUS_OK;
    for (size_t d = 0; d < m->items.n_datasets && !status; d++) {
        if (!has_new(m, d))
            continue;
        status = copy_labels(m, d);
        if (!status)
            status = write_journal(m, d);
    }
    return status;
}

static void count(struct merging *m)
{
    for (size_t i = 0; i < m->items.n; i++) {
        const struct merge_item *item = &m->items.items[i];
        m->counts->n_there += item->is_taken && item->source == 0;
        m->counts->n_in_place += item->is_taken && item->is_in_place;
        m->counts->n_added += item->is_taken && item->source > 0 && !item->is_in_place;
    }
}

/* The log of a folder, or NULL: a run that was killed leaves none. */
static FILE *open_log(const char *folder)
{
    char *path = NULL;
    FILE *file = asprintf(&path, "%s/log/runs.jsonl", folder) < 0 ? NULL : fopen(path, "re");
    free(path);
    return file;
}

static bool log_has(const char *folder, const char *line)
{
    FILE *file = open_log(folder);
    char *found = NULL;
    size_t capacity = 0;
    bool has = false;
    while (file && !has && getline(&found, &capacity, file) > 0)
        has = strcmp(found, line) == 0;
    free(found);
    if (file)
        fclose(file);
    return has;
}

/* Each whole line that is not there yet. */
static enum status merge_log(struct merging *m, const char *folder)
{
    FILE *file = open_log(folder);
    char *line = NULL;
    size_t capacity = 0;
    enum status status = STATUS_OK;
    for (ssize_t length; file && !status && (length = getline(&line, &capacity, file)) > 0;) {
        if (line[length - 1] != '\n' || log_has(m->request->into, line))
            continue;
        line[length - 1] = '\0';
        status = store_append_run(&m->store, line, m->error);
    }
    free(line);
    if (file)
        fclose(file);
    return status;
}

static enum status merge_all(struct merging *m)
{
    enum status status = choose_folders(m);
    if (!status)
        status = merge_items_read(&m->items, m->folders, m->n_folders, m->request->mixed,
                                  m->request->messages, m->error);
    if (!status)
        status = write_datasets(m);
    for (size_t f = 1; f < m->n_folders && !status; f++)
        status = merge_log(m, m->folders[f]);
    if (!status)
        count(m);
    return status;
}

enum status merge(const struct merge_request *request, struct merge_counts *counts,
                  struct error *error)
{
    struct merging m = {.request = request, .counts = counts, .error = error};
    const bool was_there = access(request->into, F_OK) == 0;
    *counts = (struct merge_counts){.n_added = 0};
    enum status status = store_open(&m.store, request->into, error);
    if (status)
        return status;
    status = merge_all(&m);
    merge_items_destroy(&m.items);
    free(m.folders);
    store_close(&m.store);
    if (status && !was_there)
        rmdir(request->into); /* where nothing has come into it */
    return status;
}
