/* Reading a journal, results/<dataset>.jsonl: one record a line, in the order they finished. */
#ifndef FMBENCH_REPORT_JOURNAL_H
#define FMBENCH_REPORT_JOURNAL_H

#include "base/error.h"
#include "report/record.h"

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

#endif
