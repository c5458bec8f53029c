#include "report/text_grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int text_grid_create(struct text_grid *grid, size_t n_rows, size_t n_columns, size_t n_left)
{
    *grid = (struct text_grid){.n_rows = n_rows,
                               .n_columns = n_columns,
                               .n_left = n_left,
                               .texts = calloc(n_rows * n_columns, sizeof *grid->texts)};
    return grid->texts ? 0 : -1;
}

void text_grid_set(struct text_grid *grid, size_t row, size_t column, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    char **place = &grid->texts[row * grid->n_columns + column];
    free(*place);
    *place = text;
    grid->failed = grid->failed || !text;
}

void text_grid_destroy(struct text_grid *grid)
{
    for (size_t i = 0; grid->texts && i < grid->n_rows * grid->n_columns; i++)
        free(grid->texts[i]);
    free(grid->texts);
}

void text_grid_set_seconds(struct text_grid *grid, size_t row, size_t column, double seconds)
{
    if (seconds >= 100)
        text_grid_set(grid, row, column, "%.0f", seconds);
    else if (seconds >= 10)
        text_grid_set(grid, row, column, "%.1f", seconds);
    else if (seconds >= 1)
        text_grid_set(grid, row, column, "%.2f", seconds);
    else if (seconds >= 0.001)
        text_grid_set(grid, row, column, "%.3f", seconds);
    else
        text_grid_set(grid, row, column, "%.1e", seconds);
}

const char *text_grid_get(const struct text_grid *grid, size_t row, size_t column)
{
    const char *text = grid->texts[row * grid->n_columns + column];
    return text ? text : "";
}
