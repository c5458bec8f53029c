#include "runner/exceeded.h"

#include "report/journal.h"
#include "report/parameter_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One text for a row, or for a group of them; release with free. */
static char *row_text(const char *dataset, const char *name, const json_t *parameter)
{
    char *key = parameter_key(parameter), *text = NULL;
    if (key && asprintf(&text, "%s %s %s", dataset, name, key) < 0)
        text = NULL;
    free(key);
    return text;
}

static int add(json_t *set, char *text)
{
    const int failed = !text || json_object_set_new(set, text, json_true());
    free(text);
    return failed;
}

static int add_record(struct exceeded *exceeded, const char *dataset, const struct record *record)
{
    const char *anchor = record->peer_of[0] ? record->peer_of : record->name;
    if (record->status != RECORD_TIMEOUT && record->status != RECORD_OUT_OF_MEMORY)
        return 0;
    return add(exceeded->rows, row_text(dataset, record->name, record->parameter)) |
           add(exceeded->groups, row_text(dataset, anchor, record->parameter));
}

static int add_journal(struct exceeded *exceeded, const char *dataset,
                       const struct journal *journal)
{
    json_t *last = json_object(); /* the place of the last record of each cell */
    int failed = !last;
    for (size_t i = 0; i < journal->n_records; i++)
        failed |= json_object_set_new(last, journal->records[i].cell, json_integer((json_int_t)i));
    for (size_t i = 0; i < journal->n_records && !failed; i++) {
        const json_t *place = json_object_get(last, journal->records[i].cell);
        if ((size_t)json_integer_value(place) == i)
            failed |= add_record(exceeded, dataset, &journal->records[i]);
    }
    json_decref(last);
    return failed;
}

static enum status read_dataset(struct exceeded *exceeded, const char *directory,
                                const char *dataset, struct error *error)
{
    struct journal journal = {.n_records = 0};
    char *path = journal_path(directory, dataset);
    if (!path)
        return error_memory(error, "a path", strlen(directory));
    enum status status = journal_read(&journal, path, error);
    if (!status && add_journal(exceeded, dataset, &journal))
        status = error_memory(error, "what exceeded a limit", 0);
    journal_destroy(&journal);
    free(path);
    return status;
}

enum status exceeded_read(struct exceeded *exceeded, const char *directory,
                          const struct option_list *datasets, struct error *error)
{
    *exceeded = (struct exceeded){.rows = json_object(), .groups = json_object()};
    enum status status = exceeded->rows && exceeded->groups
                             ? STATUS_OK
                             : error_memory(error, "what exceeded a limit", 0);
    for (size_t i = 0; directory && i < datasets->n && !status; i++)
        status = read_dataset(exceeded, directory, datasets->items[i], error);
    if (status)
        exceeded_destroy(exceeded);
    return status;
}

void exceeded_destroy(struct exceeded *exceeded)
{
    json_decref(exceeded->rows);
    json_decref(exceeded->groups);
    *exceeded = (struct exceeded){.rows = NULL};
}

static enum status is_in(const json_t *set, char *text, bool *answer, struct error *error)
{
    if (!text)
        return error_memory(error, "a row", 0);
    *answer = json_object_get(set, text) != NULL;
    free(text);
    return STATUS_OK;
}

enum status exceeded_by(const struct exceeded *exceeded, const char *dataset,
                        const struct point *point, bool *answer, struct error *error)
{
    return is_in(exceeded->rows, row_text(dataset, point->class->name, point->parameter), answer,
                 error);
}

enum status exceeded_by_any(const struct exceeded *exceeded, const char *dataset,
                            const struct point *point, bool *answer, struct error *error)
{
    const struct external *external = point->external;
    const char *anchor =
        external && external->peer_of ? external->peer_of->name : point->class->name;
    return is_in(exceeded->groups, row_text(dataset, anchor, point->parameter), answer, error);
}
