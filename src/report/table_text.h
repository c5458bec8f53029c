/* The parts of the table for readers. */
#ifndef FMBENCH_REPORT_TABLE_TEXT_H
#define FMBENCH_REPORT_TABLE_TEXT_H

#include "report/markup.h"
#include "report/reasons.h"
#include "report/table_model.h"

/* The mark of a row that its iteration limit stopped. */
#define TABLE_STOPPED_MARK "†"
/* And of one that the table of 2017 has not. */
#define TABLE_BEYOND_MARK "‡"

/* A line on each dataset: what was run, on what machine. 0, or -1 when memory is short. */
int table_write_runs(FILE *out, const struct markup *markup, const struct table *table);

/* What works on one dataset, works it on the other? A line for each two of them, or nothing. */
int table_write_comparisons(FILE *out, const struct markup *markup, const struct table *table);

/* What the reader has to know to read the table right. */
int table_write_notes(FILE *out, const struct markup *markup, const struct table *table,
                      const struct reasons *reasons);

#endif
