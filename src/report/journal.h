/* Reading a journal, results/<dataset>.jsonl: one record a line, in the order they finished. */
#ifndef FMBENCH_REPORT_JOURNAL_H
#define FMBENCH_REPORT_JOURNAL_H

#include "base/error.h"
#include "report/record.h"

#include <stddef.h>

struct journal {
    size_t n_records;
    struct record *records; /* owned */
    size_t valid_bytes;     /* length of the file up to the end of its last whole line */
    size_t torn_bytes;      /* what a power cut left behind that: not a record */
};

/*
 * A missing file is an empty journal. A last line without its newline is torn, not an error. Any
 * other line that is not a record is STATUS_DATA and names file, line number and what is wrong.
 * journal_destroy takes a zeroed struct.
 */
enum status journal_read(struct journal *journal, const char *path, struct error *error);
void journal_destroy(struct journal *journal);

/* A journal record by record, for one that is too long to be held. */
struct journal_reader {
    /* Takes over the record, whatever it returns; `line` has `length` bytes with its newline. What
       is not STATUS_OK ends the reading. */
    enum status (*take)(void *context, struct record *record, const char *line, size_t length,
                        struct error *error);
    void *context;
    size_t n_records, valid_bytes, torn_bytes; /* as in a journal, of what was read so far */
};

/* Errors as journal_read. */
enum status journal_each(struct journal_reader *reader, const char *path, struct error *error);

/* DIRECTORY/DATASET.jsonl; release with free. NULL when memory is short. */
char *journal_path(const char *directory, const char *dataset);

/* The datasets that a results folder has journals of, in alphabetical order. */
struct journal_names {
    size_t n;
    char **items; /* owned */
};

/* STATUS_IO when the folder cannot be read. journal_names_destroy takes a zeroed struct. */
enum status journal_names_read(struct journal_names *names, const char *directory,
                               struct error *error);
void journal_names_destroy(struct journal_names *names);

#endif
