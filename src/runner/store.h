/*
 * The results folder: a lock, a journal a dataset, and the files of predicted labels. What was
 * written is on disk when the call returns; STATUS_IO when it could not be, which leaves what was
 * there before, and when the folder was removed or replaced since it was opened.
 */
#ifndef FMBENCH_RUNNER_STORE_H
#define FMBENCH_RUNNER_STORE_H

#include "base/error.h"
#include "report/journal.h"
#include "report/record.h"
#include "runner/folder_lock.h"

#include <stddef.h>
#include <stdint.h>

struct store {
    char *directory; /* owned */
    struct folder_lock lock;
};

/*
 * Makes the folder if needed and locks it: STATUS_FAILED names the process that holds it, and its
 * host. A lock ends with its process. store_close takes a struct whose directory is NULL.
 */
enum status store_open(struct store *store, const char *directory, struct error *error);
void store_close(struct store *store);

/* STATUS_IO when the folder is not this store's any more: it was removed or replaced, or its lock
   was, by which another run takes it from one that was given up. */
enum status store_check_held(const struct store *store, struct error *error);

struct journal_file {
    char *path; /* owned */
    int fd;
};

/*
 * Opens the journal of a dataset for appending and reads what it holds. A torn last line is set
 * aside in the file PATH.torn and cut off; *torn_bytes tells its length. What a killed run was
 * about to write of this dataset's predictions is removed.
 */
enum status journal_file_open(struct journal_file *file, const struct store *store,
                              const char *dataset, struct journal *held, size_t *torn_bytes,
                              struct error *error);
enum status journal_file_append(struct journal_file *file, const struct record *record,
                                struct error *error);
void journal_file_close(struct journal_file *file); /* takes a struct whose path is NULL */

/* The predicted labels of a cell, n_repeats x n_test bytes, as a gzip-compressed IDX file. */
struct predictions {
    const char *dataset, *classifier, *cell;
    const uint8_t *labels;
    size_t n_repeats, n_test;
};

/* Where the predictions of a cell go, relative to the results folder. */
void store_predictions_path(char *path, size_t size, const char *dataset, const char *classifier,
                            const char *cell);

/* Writes it and puts its path, relative to the results folder, into `path`. */
enum status store_predictions(const struct store *store, const struct predictions *predictions,
                              char *path, size_t path_size, struct error *error);

/* The true labels of a dataset's test rows, which the report holds the predicted ones against. */
struct test_labels {
    const char *dataset, *hash;
    const uint8_t *labels; /* n_test original ones */
    size_t n_test;
};

/* Writes them where the report looks for them, unless they are there: the name has the hash. */
enum status store_test_labels(const struct store *store, const struct test_labels *labels,
                              struct error *error);

/* Appends one JSON line to log/runs.jsonl, the log of what runs really took, in place of a torn
 * one. */
enum status store_append_run(const struct store *store, const char *line, struct error *error);

#endif
