/* A table of plain texts; the first row is the head. */
#ifndef FMBENCH_REPORT_TEXT_GRID_H
#define FMBENCH_REPORT_TEXT_GRID_H

#include <stdbool.h>
#include <stddef.h>

struct text_grid {
    size_t n_rows, n_columns;
    size_t n_left; /* columns that hold words; the others hold numbers */
    char **texts;  /* n_rows x n_columns, row-major, owned; NULL is empty */
    bool failed;   /* memory was short */
};

/* 0, or -1 when memory is short. text_grid_destroy takes what text_grid_create left. */
int text_grid_create(struct text_grid *grid, size_t n_rows, size_t n_columns, size_t n_left);
void text_grid_destroy(struct text_grid *grid);

/* Replaces what was there. */
void text_grid_set(struct text_grid *grid, size_t row, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Three significant digits or so, and never an exponent for a time that one can wait for. */
void text_grid_set_seconds(struct text_grid *grid, size_t row, size_t column, double seconds);

/* "" where nothing was set. Borrowed. */
const char *text_grid_get(const struct text_grid *grid, size_t row, size_t column);

#endif
