/* A Markdown table whose columns are padded to their widest text. */
#ifndef FMBENCH_REPORT_MD_GRID_H
#define FMBENCH_REPORT_MD_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The texts of the table, padded when it is written; the first row is the head. */
struct md_grid {
    size_t n_rows, n_columns;
    size_t n_left; /* columns that hold words; the others hold numbers */
    char **texts;  /* n_rows x n_columns, row-major, owned; NULL is empty */
    size_t *widths;
    bool failed; /* memory was short */
};

/* 0, or -1 when memory is short. md_grid_destroy takes what md_grid_create left. */
int md_grid_create(struct md_grid *grid, size_t n_rows, size_t n_columns, size_t n_left);
void md_grid_destroy(struct md_grid *grid);

/* Escapes the text; replaces what was there. */
void md_grid_set(struct md_grid *grid, size_t row, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Three significant digits or so, and never an exponent for a time that one can wait for. */
void md_grid_set_seconds(struct md_grid *grid, size_t row, size_t column, double seconds);

/* Writes the table unless memory was short: 0, or -1 then. */
int md_grid_write(FILE *out, struct md_grid *grid);

#endif
