/*
 * The table of a results folder: for each classifier its rows, and for each dataset the accuracy
 * that the records give, beside the one that the paper of 2017 published where both were trained on
 * the same number of rows.
 *
 * Order: the rows of a classifier by falling accuracy on the first dataset, the classifiers by that
 * of their best row; rows without a number come last. Ties are in the order of the planned rows,
 * then by name and parameters. Only the last record of a row counts; a note says where others were.
 */
#ifndef FMBENCH_REPORT_TABLE_H
#define FMBENCH_REPORT_TABLE_H

#include "base/error.h"
#include "report/results.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum table_format { TABLE_MARKDOWN, TABLE_CSV, TABLE_JSON, TABLE_TEX, TABLE_HTML };

/* A row that belongs in the table whether or not a journal has it. All borrowed. */
struct table_planned {
    const char *name; /* of the classifier class */
    const json_t *parameter;
    const char *word;    /* shown where there is no record: "not run", "rejected: REASON" */
    bool is_beyond_2017; /* asked for in 2017, and not in the table of that year */
};

struct table_request {
    struct results_request results;
    enum table_format format;
    const char *reference; /* file of published accuracies; NULL: none */
    const struct table_planned *planned;
    size_t n_planned;
};

/* `md`, `csv`, `json`, `tex`, `html`; STATUS_USAGE for another word, with the list of those there
 * are. */
enum status table_format_find(enum table_format *format, const char *word, struct error *error);

/* Errors of results_read and reference_read; STATUS_IO when `out` takes no more. */
enum status table_write(FILE *out, const struct table_request *request, struct error *error);

#endif
