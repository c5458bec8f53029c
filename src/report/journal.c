#include "report/journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SUFFIX[] = ".jsonl";

static enum status read_lines(struct journal_reader *reader, FILE *file, const char *path,
                              struct error *error)
{
    char *line = NULL;
    size_t line_capacity = 0;
    enum status status = STATUS_OK;
    while (!status) {
        const ssize_t length = getline(&line, &line_capacity, file);
        if (length < 0)
            break;
        if (line[length - 1] != '\n') {
            reader->torn_bytes = (size_t)length;
            break;
        }
        struct error inner;
        struct record record;
        status = record_from_line(&record, line, (size_t)length - 1, &inner);
        if (status) {
            error_set(error, status, "%s:%zu: %.800s", path, reader->n_records + 1, inner.message);
            goto cleanup;
        }
        reader->n_records++;
        reader->valid_bytes += (size_t)length;
        status = reader->take(reader->context, &record, line, (size_t)length, error);
    }
    if (!status && !feof(file))
        status = error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
cleanup:
    free(line);
    return status;
}

enum status journal_each(struct journal_reader *reader, const char *path, struct error *error)
{
    reader->n_records = reader->valid_bytes = reader->torn_bytes = 0;
    FILE *file = fopen(path, "re");
    if (!file && errno == ENOENT)
        return STATUS_OK;
    if (!file)
        return error_set(error, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    const enum status status = read_lines(reader, file, path, error);
    fclose(file);
    return status;
}

struct growing {
    struct journal *journal;
    size_t capacity;
};

static enum status keep_record(void *context, struct record *record, const char *line,
                               size_t length, struct error *error)
{
    struct growing *g = context;
    struct journal *journal = g->journal;
    (void)line;
    (void)length;
    if (journal->n_records == g->capacity) {
        const size_t wanted = g->capacity + g->capacity / 2 + 4;
        struct record *records = reallocarray(journal->records, wanted, sizeof *records);
        if (!records) {
            record_destroy(record);
            return error_memory(error, "a journal", (unsigned long long)wanted * sizeof *records);
        }
        journal->records = records;
        g->capacity = wanted;
    }
    journal->records[journal->n_records++] = *record;
    return STATUS_OK;
}

enum status journal_read(struct journal *journal, const char *path, struct error *error)
{
    struct growing growing = {.journal = journal};
    struct journal_reader reader = {.context = &growing, .take = keep_record};
    *journal = (struct journal){.n_records = 0};
    const enum status status = journal_each(&reader, path, error);
    if (status) {
        journal_destroy(journal);
        return status;
    }
    journal->valid_bytes = reader.valid_bytes;
    journal->torn_bytes = reader.torn_bytes;
    return STATUS_OK;
}

void journal_destroy(struct journal *journal)
{
    for (size_t i = 0; i < journal->n_records; i++)
        record_destroy(&journal->records[i]);
    free(journal->records);
    memset(journal, 0, sizeof *journal);
}

char *journal_path(const char *directory, const char *dataset)
{
    char *path;
    return asprintf(&path, "%s/%s%s", directory, dataset, SUFFIX) < 0 ? NULL : path;
}

static int is_journal(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);
    return entry->d_name[0] != '.' && length > suffix &&
           strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

enum status journal_names_read(struct journal_names *names, const char *directory,
                               struct error *error)
{
    struct dirent **entries;
    *names = (struct journal_names){.n = 0};
    const int n_entries = scandir(directory, &entries, is_journal, alphasort);
    if (n_entries < 0)
        return error_set(error, STATUS_IO, "cannot read the folder %s: %s", directory,
                         strerror(errno));
    enum status status = STATUS_OK;
    names->items = calloc((size_t)n_entries + 1, sizeof *names->items);
    for (int i = 0; i < n_entries; i++) {
        char *name = entries[i]->d_name;
        name[strlen(name) - strlen(SUFFIX)] = '\0';
        char *copy = names->items ? strdup(name) : NULL;
        if (copy)
            names->items[names->n++] = copy;
        else
            status = error_memory(error, "a list of journals", strlen(name));
        free(entries[i]);
    }
    free(entries);
    if (!names->items)
        status = error_memory(error, "a list of journals", 0);
    if (status)
        journal_names_destroy(names);
    return status;
}

void journal_names_destroy(struct journal_names *names)
{
    for (size_t i = 0; names->items && i < names->n; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct journal_names){.n = 0};
}
