#include "runner/merge_items.h"

#include "loader/idx.h"
#include "report/journal.h"
#include "report/parameter_text.h"
#include "report/program.h"
#include "runner/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A journal that is being read. */
struct reading {
    struct merge_items *items;
    size_t source;
    const char *name; /* of its dataset */
};

static enum status grow(void **array, size_t n, size_t *capacity, size_t item_bytes,
                        struct error *error)
{
    if (n < *capacity)
        return STATUS_OK;
    const size_t wanted = *capacity + *capacity / 2 + 16;
    void *grown = reallocarray(*array, wanted, item_bytes);
    if (!grown)
        return error_memory(error, "a merge", (unsigned long long)wanted * item_bytes);
    *array = grown;
    *capacity = wanted;
    return STATUS_OK;
}

/* Where the program of the record stands among those of the records before. */
static enum status find_program(struct merge_items *m, const struct record *record, size_t *place,
                                struct error *error)
{
    const struct program program = program_of(record);
    struct program_difference difference;
    for (*place = 0; *place < m->n_programs; ++*place) {
        const struct program other = program_of(m->programs[*place]);
        if (!program_differs(&other, &program, &difference))
            return STATUS_OK;
    }
    size_t capacity = m->n_programs;
    const enum status status =
        grow((void **)&m->programs, m->n_programs, &capacity, sizeof *m->programs, error);
    struct record *copy = status ? NULL : malloc(sizeof *copy);
    if (!copy)
        return status ? status : error_memory(error, "a program", sizeof *copy);
    *copy = *record;
    copy->parameter = copy->command = NULL;
    m->programs[m->n_programs++] = copy;
    return STATUS_OK;
}

static enum status refuse_dataset(const struct reading *r, const struct merge_dataset *dataset,
                                  const struct record *record, struct error *error)
{
    const char *const *folders = r->items->folders;
    return error_set(error, STATUS_DATA,
                     "%s/%s.jsonl is not of the same data as %s/%s.jsonl: content %.16s with %zu "
                     "training and %zu test rows, there %.16s with %zu and %zu; nothing was merged",
                     folders[r->source], r->name, folders[dataset->source], r->name,
                     record->dataset_hash, record->n_train, record->n_test, dataset->hash,
                     dataset->n_train, dataset->n_test);
}

static enum status find_dataset(const struct reading *r, const struct record *record, size_t *place,
                                struct error *error)
{
    struct merge_items *m = r->items;
    if (strcmp(record->dataset, r->name) != 0)
        return error_set(error, STATUS_DATA, "%s/%s.jsonl: a record of dataset %s",
                         m->folders[r->source], r->name, record->dataset);
    for (*place = 0; *place < m->n_datasets; ++*place) {
        const struct merge_dataset *d = &m->datasets[*place];
        if (strcmp(d->name, r->name) != 0)
            continue;
        if (strcmp(d->hash, record->dataset_hash) != 0 || d->n_train != record->n_train ||
            d->n_test != record->n_test)
            return refuse_dataset(r, d, record, error);
        return STATUS_OK;
    }
    size_t capacity = m->n_datasets;
    const enum status status =
        grow((void **)&m->datasets, m->n_datasets, &capacity, sizeof *m->datasets, error);
    if (status)
        return status;
    struct merge_dataset *d = &m->datasets[m->n_datasets++];
    *d = (struct merge_dataset){
        .n_train = record->n_train, .n_test = record->n_test, .source = r->source};
    memcpy(d->name, record->dataset, sizeof d->name);
    memcpy(d->hash, record->dataset_hash, sizeof d->hash);
    return STATUS_OK;
}

/* The digest of what the cell came to: the scores and, where they are kept, the labels. */
static enum status digest_content(struct merge_item *item, const struct record *record,
                                  const struct idx *labels, struct error *error)
{
    double scores[RECORD_REPEATS_MAX];
    for (size_t i = 0; i < record->n_repeats; i++)
        scores[i] = record->repeats[i].score;
    const struct digest_part parts[] = {
        {.bytes = &record->n_repeats, .n_bytes = sizeof record->n_repeats},
        {.bytes = scores, .n_bytes = record->n_repeats * sizeof *scores},
        {.bytes = labels->bytes, .n_bytes = labels->n_kept * labels->sizes[1]},
    };
    return digest_sha256(item->content, parts, sizeof parts / sizeof *parts, error);
}

/* The file will be copied, so that a record may name none but its own. */
static enum status check_path(const struct reading *r, const struct record *record,
                              struct error *error)
{
    char own[sizeof record->predictions];
    store_predictions_path(own, sizeof own, record->dataset, record->name, record->cell);
    if (strcmp(own, record->predictions) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_DATA, "%s/%s.jsonl: predictions: '%s', where a run writes '%s'",
                     r->items->folders[r->source], r->name, record->predictions, own);
}

static enum status read_labels(struct idx *labels, const struct reading *r,
                               const struct record *record, struct error *error)
{
    char *path;
    *labels = (struct idx){.bytes = NULL};
    if (!record->predictions[0])
        return STATUS_OK;
    enum status status = check_path(r, record, error);
    if (status)
        return status;
    if (asprintf(&path, "%s/%s", r->items->folders[r->source], record->predictions) < 0)
        return error_memory(error, "a path", 0);
    status = idx_read(labels, &(struct idx_request){.path = path, .n_dimensions = 2}, error);
    if (!status && (labels->sizes[0] != record->n_repeats || labels->sizes[1] != record->n_test)) {
        status =
            error_set(error, STATUS_DATA,
                      "%s has %zu x %zu labels, but the journal %zu repeats of %zu test rows; "
                      "run that cell again with --force",
                      path, labels->sizes[0], labels->sizes[1], record->n_repeats, record->n_test);
        idx_destroy(labels);
    }
    free(path);
    return status;
}

static enum status fill_item(struct merge_item *item, const struct reading *r,
                             const struct record *record, struct error *error)
{
    struct idx labels;
    item->source = r->source;
    item->status = record->status;
    memcpy(item->cell, record->cell, sizeof item->cell);
    enum status status = find_dataset(r, record, &item->dataset, error);
    if (!status)
        status = find_program(r->items, record, &item->program, error);
    if (!status && record->predictions[0]) {
        item->predictions = strdup(record->predictions);
        if (!item->predictions)
            status = error_memory(error, "a path", sizeof record->predictions);
    }
    if (!status)
        status = read_labels(&labels, r, record, error);
    if (status)
        return status;
    status = digest_content(item, record, &labels, error);
    idx_destroy(&labels);
    return status;
}

static enum status take_record(void *context, struct record *record, const char *line,
                               size_t length, struct error *error)
{
    struct reading *r = context;
    struct merge_items *m = r->items;
    enum status status = grow((void **)&m->items, m->n, &m->capacity, sizeof *m->items, error);
    if (!status) {
        struct merge_item *item = &m->items[m->n++];
        *item = (struct merge_item){.line = strndup(line, length)};
        status = item->line ? fill_item(item, r, record, error)
                            : error_memory(error, "a record", length);
    }
    record_destroy(record);
    return status;
}

static enum status read_journal(struct merge_items *m, size_t source, const char *name,
                                FILE *messages, struct error *error)
{
    struct reading reading = {.items = m, .source = source, .name = name};
    struct journal_reader reader = {.take = take_record, .context = &reading};
    char *path = journal_path(m->folders[source], name);
    if (!path)
        return error_memory(error, "a path", strlen(name));
    const enum status status = journal_each(&reader, path, error);
    if (!status && reader.torn_bytes)
        fprintf(messages, "fmbench: %s: the last line is torn; its %zu bytes are passed over\n",
                path, reader.torn_bytes);
    for (size_t d = 0; source == 0 && d < m->n_datasets; d++)
        if (strcmp(m->datasets[d].name, name) == 0)
            m->datasets[d].valid_bytes = reader.valid_bytes;
    free(path);
    return status;
}

static enum status read_folder(struct merge_items *m, size_t source, FILE *messages,
                               struct error *error)
{
    struct journal_names names;
    enum status status = journal_names_read(&names, m->folders[source], error);
    if (!status && source > 0 && names.n == 0)
        status = error_set(error, STATUS_DATA, "no journal (DATASET.jsonl) in the folder %s",
                           m->folders[source]);
    for (size_t i = 0; i < names.n && !status; i++)
        status = read_journal(m, source, names.items[i], messages, error);
    journal_names_destroy(&names);
    return status;
}

/* By cell, then as they were read. */
static int compare_items(const void *a, const void *b)
{
    const struct merge_item *first = *(struct merge_item *const *)a;
    const struct merge_item *second = *(struct merge_item *const *)b;
    const int order = strcmp(first->cell, second->cell);
    return order ? order : (first > second) - (first < second);
}

static enum status conflict(const struct merge_items *m, const struct merge_item *first,
                            const struct merge_item *second, struct error *error)
{
    const char *name = m->datasets[first->dataset].name;
    struct record record;
    enum status status = record_from_line(&record, first->line, strlen(first->line), error);
    if (status)
        return status;
    char *label = parameter_label(record.parameter);
    status = error_set(error, STATUS_FAILED,
                       "%s and %s differ in what %s %s of %s came to, which are the same cell "
                       "(%.16s); nothing was "
                       "merged: fmbench verify --rerun tells which of them this program repeats",
                       m->folders[first->source], m->folders[second->source], record.name,
                       label ? label : "", name, first->cell);
    free(label);
    record_destroy(&record);
    return status;
}

/* Of n records of one cell, in their order. */
static enum status take_one(const struct merge_items *m, struct merge_item **of_cell, size_t n,
                            struct error *error)
{
    struct merge_item *taken = NULL;
    for (size_t i = 0; i < n; i++) {
        struct merge_item *item = of_cell[i];
        if (i + 1 < n && of_cell[i + 1]->source == item->source)
            continue; /* superseded in its own journal */
        if (!taken || (taken->status != RECORD_OK && item->status == RECORD_OK))
            taken = item;
        else if (item->status == RECORD_OK && strcmp(item->content, taken->content) != 0)
            return conflict(m, taken, item, error);
    }
    assert(taken); /* there is at least one */
    taken->is_taken = true;
    taken->is_in_place = taken->source > 0 && of_cell[0]->source == 0;
    return STATUS_OK;
}

static enum status take(struct merge_items *m, struct error *error)
{
    struct merge_item **sorted = calloc(m->n + 1, sizeof *sorted);
    enum status status = sorted ? STATUS_OK : error_memory(error, "a merge", m->n);
    for (size_t i = 0; sorted && i < m->n; i++)
        sorted[i] = &m->items[i];
    if (sorted)
        qsort(sorted, m->n, sizeof *sorted, compare_items);
    for (size_t i = 0, n; i < m->n && !status; i += n) {
        for (n = 1; i + n < m->n && strcmp(sorted[i]->cell, sorted[i + n]->cell) == 0;)
            n++;
        status = take_one(m, &sorted[i], n, error);
    }
    free(sorted);
    return status;
}

static enum status check_program(const struct merge_items *m, struct error *error)
{
    const struct merge_item *first = NULL;
    for (size_t i = 0; i < m->n; i++) {
        const struct merge_item *item = &m->items[i];
        if (!item->is_taken)
            continue;
        first = first ? first : item;
        if (item->program == first->program)
            continue;
        struct program_difference difference;
        const struct program of_first = program_of(m->programs[first->program]),
                             of_item = program_of(m->programs[item->program]);
        program_differs(&of_first, &of_item, &difference);
        return error_set(
            error, STATUS_DATA,
            "%s has records of another program than %s: %s '%s', there '%s'; run those "
            "cells again with one program, or say --mixed; nothing was merged",
            m->folders[item->source], m->folders[first->source], difference.what, difference.second,
            difference.first);
    }
    return STATUS_OK;
}

enum status merge_items_read(struct merge_items *m, const char *const *folders, size_t n_folders,
                             bool mixed, FILE *messages, struct error *error)
{
    enum status status = STATUS_OK;
    *m = (struct merge_items){.folders = folders, .n_folders = n_folders};
    for (size_t source = 0; source < n_folders && !status; source++)
        status = read_folder(m, source, messages, error);
    if (!status)
        status = take(m, error);
    if (!status && !mixed)
        status = check_program(m, error);
    return status;
}

void merge_items_destroy(struct merge_items *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->items[i].line);
        free(m->items[i].predictions);
    }
    for (size_t i = 0; i < m->n_programs; i++)
        free(m->programs[i]);
    free(m->items);
    free(m->datasets);
    free(m->programs);
    *m = (struct merge_items){.n = 0};
}
