#include "report/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status grow(struct journal *journal, size_t *capacity, struct error *error)
{
    if (journal->n_records < *capacity)
        return STATUS_OK;
    const size_t wanted = *capacity + *capacity / 2 + 4;
    struct record *records = reallocarray(journal->records, wanted, sizeof *records);
    if (!records)
        return error_memory(error, "a journal", (unsigned long long)wanted * sizeof *records);
    journal->records = records;
    *capacity = wanted;
    return STATUS_OK;
}

static enum status read_lines(struct journal *journal, FILE *file, const char *path,
                              struct error *error)
{
    char *line = NULL;
    size_t line_capacity = 0, capacity = 0;
    enum status status = STATUS_OK;
    for (;;) {
        const ssize_t length = getline(&line, &line_capacity, file);
        if (length < 0)
            break;
        if (line[length - 1] != '\n') {
            journal->torn_bytes = (size_t)length;
            break;
        }
        status = grow(journal, &capacity, error);
        if (status)
            goto cleanup;
        struct error inner;
        status = record_from_line(&journal->records[journal->n_records], line, (size_t)length - 1,
                                  &inner);
        if (status) {
            error_set(error, status, "%s:%zu: %.800s", path, journal->n_records + 1, inner.message);
            goto cleanup;
        }
        journal->n_records++;
        journal->valid_bytes += (size_t)length;
    }
    if (!feof(file))
        status = error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
cleanup:
    free(line);
    return status;
}

enum status journal_read(struct journal *journal, const char *path, struct error *error)
{
    memset(journal, 0, sizeof *journal);
    FILE *file = fopen(path, "re");
    if (!file && errno == ENOENT)
        return STATUS_OK;
    if (!file)
        return error_set(error, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    const enum status status = read_lines(journal, file, path, error);
    fclose(file);
    if (status)
        journal_destroy(journal);
    return status;
}

void journal_destroy(struct journal *journal)
{
    for (size_t i = 0; i < journal->n_records; i++)
        record_destroy(&journal->records[i]);
    free(journal->records);
    memset(journal, 0, sizeof *journal);
}
