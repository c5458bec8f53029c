#include "report/results.h"

#include "report/parameter_text.h"
#include "report/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Records of one journal must be of one dataset, cut alike. */
static enum status check_alike(const struct results_dataset *dataset, const char *path,
                               struct error *error)
{
    const struct record *first = dataset->journal.records;
    for (size_t i = 0; i < dataset->journal.n_records; i++) {
        const struct record *r = &dataset->journal.records[i];
        if (strcmp(r->dataset, dataset->name) != 0)
            return error_set(error, STATUS_DATA, "%s:%zu: a record of dataset %s, not of %s", path,
                             i + 1, r->dataset, dataset->name);
        if (r->n_train != first->n_train || r->n_test != first->n_test)
            return error_set(error, STATUS_DATA,
                             "%s:%zu: n_train %zu and n_test %zu, but %zu and %zu in line 1; keep "
                             "runs with different limits in different results folders",
                             path, i + 1, r->n_train, r->n_test, first->n_train, first->n_test);
        if (strcmp(r->dataset_hash, first->dataset_hash) != 0)
            return error_set(error, STATUS_DATA,
                             "%s:%zu: dataset hash %s, but %s in line 1; keep runs on different "
                             "data in different results folders",
                             path, i + 1, r->dataset_hash, first->dataset_hash);
    }
    return STATUS_OK;
}

static size_t find_row(const struct results_dataset *dataset, const char *name, const char *key)
{
    size_t i = 0;
    while (i < dataset->n_rows && (strcmp(dataset->rows[i].record->name, name) != 0 ||
                                   strcmp(dataset->rows[i].key, key) != 0))
        i++;
    return i;
}

static enum status choose_rows(struct results_dataset *dataset, struct error *error)
{
    const struct journal *journal = &dataset->journal;
    dataset->rows = calloc(journal->n_records + 1, sizeof *dataset->rows);
    if (!dataset->rows)
        return error_memory(error, "a table", journal->n_records * sizeof *dataset->rows);
    for (size_t i = 0; i < journal->n_records; i++) {
        const struct record *record = &journal->records[i];
        char *key = parameter_key(record->parameter);
        if (!key)
            return error_memory(error, "a table", 0);
        const size_t row = find_row(dataset, record->name, key);
        if (row < dataset->n_rows) {
            dataset->rows[row].record = record;
            dataset->n_superseded++;
            free(key);
        } else {
            dataset->rows[dataset->n_rows++] = (struct results_row){record, key};
        }
    }
    return STATUS_OK;
}

static enum status read_dataset(struct results_dataset *dataset, const char *directory,
                                const char *name, struct error *error)
{
    char *path = journal_path(directory, name);
    dataset->name = strdup(name);
    enum status status = STATUS_OK;
    if (!path || !dataset->name)
        status = error_memory(error, "a file name", strlen(name));
    if (!status && access(path, F_OK) != 0)
        status = error_set(error, STATUS_DATA, "no journal %s; run the dataset first", path);
    if (!status)
        status = journal_read(&dataset->journal, path, error);
    if (!status)
        status = check_alike(dataset, path, error);
    if (!status)
        status = choose_rows(dataset, error);
    free(path);
    return status;
}

static enum status refuse_program(const struct results_request *request,
                                  const struct results_dataset *const datasets[2],
                                  const struct record *const records[2],
                                  const struct program_difference *difference, struct error *error)
{
    const size_t lines[] = {(size_t)(records[0] - datasets[0]->journal.records) + 1,
                            (size_t)(records[1] - datasets[1]->journal.records) + 1};
    return error_set(
        error, STATUS_DATA,
        "%s/%s.jsonl:%zu: made by another program than line %zu of %s.jsonl: %s '%s', there "
        "'%s'; run those cells again with --force, keep them in different results "
        "folders, or say --mixed",
        request->directory, datasets[1]->name, lines[1], lines[0], datasets[0]->name,
        difference->what, difference->second, difference->first);
}

/* Each row of each dataset against the first of all. */
static enum status check_programs(const struct results *results,
                                  const struct results_request *request, struct error *error)
{
    const struct results_dataset *first = NULL;
    for (size_t d = 0; d < results->n_datasets; d++) {
        const struct results_dataset *dataset = &results->datasets[d];
        for (size_t i = 0; i < dataset->n_rows; i++) {
            struct program_difference difference;
            first = first ? first : dataset;
            const struct record *records[] = {first->rows[0].record, dataset->rows[i].record};
            const struct program of_first = program_of(records[0]), of_row = program_of(records[1]);
            if (program_differs(&of_first, &of_row, &difference))
                return refuse_program(request,
                                      (const struct results_dataset *const[]){first, dataset},
                                      records, &difference, error);
        }
    }
    return STATUS_OK;
}

static enum status read_datasets(struct results *results, const struct results_request *request,
                                 struct error *error)
{
    results->datasets = calloc(request->n_datasets + 1, sizeof *results->datasets);
    if (!results->datasets)
        return error_memory(error, "results", request->n_datasets * sizeof *results->datasets);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < request->n_datasets && !status; i++)
        status = read_dataset(&results->datasets[results->n_datasets++], request->directory,
                              request->datasets[i], error);
    return status;
}

enum status results_read(struct results *results, const struct results_request *request,
                         struct error *error)
{
    memset(results, 0, sizeof *results);
    struct results_request all = *request;
    struct journal_names names = {.n = 0};
    enum status status = STATUS_OK;
    if (request->n_datasets == 0) {
        status = journal_names_read(&names, request->directory, error);
        all.datasets = (const char *const *)names.items;
        all.n_datasets = names.n;
        if (!status && names.n == 0)
            status = error_set(error, STATUS_DATA, "no journal (DATASET.jsonl) in the folder %s",
                               request->directory);
    }
    if (!status)
        status = read_datasets(results, &all, error);
    if (!status && request->one_program)
        status = check_programs(results, request, error);
    journal_names_destroy(&names);
    if (status)
        results_destroy(results);
    return status;
}

void results_destroy(struct results *results)
{
    for (size_t i = 0; i < results->n_datasets; i++) {
        struct results_dataset *dataset = &results->datasets[i];
        for (size_t row = 0; row < dataset->n_rows; row++)
            free(dataset->rows[row].key);
        free(dataset->rows);
        journal_destroy(&dataset->journal);
        free(dataset->name);
    }
    free(results->datasets);
    memset(results, 0, sizeof *results);
}

enum status results_folders_read(struct results_folders *folders,
                                 const struct results_folders_request *request, struct error *error)
{
    *folders = (struct results_folders){.n = request->n_directories};
    folders->items = calloc(folders->n + 1, sizeof *folders->items);
    if (!folders->items)
        return error_memory(error, "results", folders->n * sizeof *folders->items);
    enum status status = STATUS_OK;
    for (size_t f = 0; f < folders->n && !status; f++)
        status = results_read(&folders->items[f],
                              &(struct results_request){.directory = request->directories[f],
                                                        .datasets = request->datasets,
                                                        .n_datasets = request->n_datasets,
                                                        .one_program = request->one_program},
                              error);
    return status;
}

void results_folders_destroy(struct results_folders *folders)
{
    for (size_t f = 0; folders->items && f < folders->n; f++)
        results_destroy(&folders->items[f]);
    free(folders->items);
    *folders = (struct results_folders){0};
}

const struct record *results_find(const struct results_dataset *dataset, const char *name,
                                  const char *key)
{
    const size_t row = find_row(dataset, name, key);
    return row < dataset->n_rows ? dataset->rows[row].record : NULL;
}
