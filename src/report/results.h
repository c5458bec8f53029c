/*
 * A results folder as the table and the checks read it: the journals of its datasets, with one
 * record for each row, the last one that the journal has.
 */
#ifndef FMBENCH_REPORT_RESULTS_H
#define FMBENCH_REPORT_RESULTS_H

#include "base/error.h"
#include "report/journal.h"

#include <stdbool.h>
#include <stddef.h>

struct results_row {
    const struct record *record; /* borrowed from the journal */
    char *key;                   /* parameter_key of its parameters, owned */
};

struct results_dataset {
    char *name; /* owned; the file is NAME.jsonl */
    struct journal journal;
    size_t n_rows; /* distinct (classifier, parameters), in the order of their records */
    struct results_row *rows;
    size_t n_superseded; /* records that a later one of the same row replaces */
};

struct results {
    size_t n_datasets;
    struct results_dataset *datasets; /* owned */
};

struct results_request {
    const char *directory;
    const char *const *datasets; /* names, in the wanted order */
    size_t n_datasets;           /* 0: each *.jsonl, in alphabetical order */
    bool one_program;            /* rows of several programs are an error */
};

/*
 * STATUS_DATA when there is no journal, when a line is not a record, or when one journal mixes
 * dataset names, contents (hashes) or numbers of rows: such accuracies cannot be compared. Also,
 * where one program is asked for, when the rows were made by several, as program_differs tells.
 * results_destroy takes a zeroed struct.
 */
enum status results_read(struct results *results, const struct results_request *request,
                         struct error *error);
void results_destroy(struct results *results);

/* Several folders, in the order of their directories. */
struct results_folders {
    size_t n;
    struct results *items; /* owned */
};

struct results_folders_request {
    const char *const *directories;
    size_t n_directories;
    const char *const *datasets; /* as in results_request, of each folder */
    size_t n_datasets;
    bool one_program;
};

/* results_read of each, with its errors. results_folders_destroy takes a zeroed struct. */
enum status results_folders_read(struct results_folders *folders,
                                 const struct results_folders_request *request,
                                 struct error *error);
void results_folders_destroy(struct results_folders *folders);

/* NULL when the dataset has no such row. */
const struct record *results_find(const struct results_dataset *dataset, const char *name,
                                  const char *key);

#endif
