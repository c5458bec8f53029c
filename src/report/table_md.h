/* The parts of the Markdown table. */
#ifndef FMBENCH_REPORT_TABLE_MD_H
#define FMBENCH_REPORT_TABLE_MD_H

#include "report/table_model.h"

/* The mark of a row that its iteration limit stopped. */
#define TABLE_STOPPED_MARK "†"

/* The text so that Markdown shows it as it is, on one line; release with free, or NULL. */
char *md_escape(const char *text);

/* Why rows have no number, each reason once, numbered from 1 in the order of the table. */
struct md_reasons {
    size_t n_reasons;
    const char **reasons; /* borrowed texts in an owned array */
};

/* Title, and a line on each dataset: what was run, on what machine. */
void md_write_heading(FILE *out, const struct table *table);

/* What the reader has to know to read the table right. 0, or -1 when memory is short. */
int md_write_notes(FILE *out, const struct table *table, const struct md_reasons *reasons);

#endif
