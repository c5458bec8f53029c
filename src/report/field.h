/*
 * Named values for reading in a terminal: `  name   text`, where the lines of a text that is too
 * long stand below its first one. No line is wider than FIELD_COLUMNS unless a single word is, and
 * control characters are written as '?'. Thread-safe.
 */
#ifndef FMBENCH_REPORT_FIELD_H
#define FMBENCH_REPORT_FIELD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { FIELD_COLUMNS = 80, FIELD_TEXT_BYTES = 64 };

/*
 * Texts start two columns behind a name of name_columns. A word that fits into no line there, a
 * path say, has a line of its own that starts two columns from the left.
 */
void field_write(FILE *out, size_t name_columns, const char *name, const char *text);

/* `name text` as a heading, its other lines indented, with the same limits. */
void field_write_title(FILE *out, const char *name, const char *text);

/* 1234 for a count, eight digits for what is neither large nor small, 1.234e+12 otherwise. */
void field_number(char text[static FIELD_TEXT_BYTES], double number);

/* 26873856: 25.6 MiB */
void field_bytes(char text[static FIELD_TEXT_BYTES], double n_bytes);

/* 2026-11-25 21:38:41 UTC */
void field_time(char text[static FIELD_TEXT_BYTES], int64_t epoch_s);

#endif
