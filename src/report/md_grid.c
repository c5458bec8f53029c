#include "report/md_grid.h"

#include "report/table_md.h"

#include <stdarg.h>
#include <stdlib.h>

int md_grid_create(struct md_grid *grid, size_t n_rows, size_t n_columns, size_t n_left)
{
    *grid = (struct md_grid){.n_rows = n_rows,
                             .n_columns = n_columns,
                             .n_left = n_left,
                             .texts = calloc(n_rows * n_columns, sizeof *grid->texts),
                             .widths = calloc(n_columns, sizeof *grid->widths)};
    return grid->texts && grid->widths ? 0 : -1;
}

void md_grid_set(struct md_grid *grid, size_t row, size_t column, const char *format, ...)
{
    char *plain = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&plain, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : md_escape(plain);
    if (length >= 0)
        free(plain);
    char **place = &grid->texts[row * grid->n_columns + column];
    free(*place);
    *place = text;
    grid->failed = grid->failed || !text;
}

/* Characters, not bytes: all but the continuation bytes of UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void write_row(FILE *out, const struct md_grid *grid, size_t row)
{
    fputc('|', out);
    for (size_t c = 0; c < grid->n_columns; c++) {
        const char *text = grid->texts[row * grid->n_columns + c];
        const char *shown = text ? text : "";
        const int padding = (int)(grid->widths[c] - width_of(shown));
        if (c < grid->n_left)
            fprintf(out, " %s%*s |", shown, padding, "");
        else
            fprintf(out, " %*s%s |", padding, "", shown);
    }
    fputc('\n', out);
}

static void write_rule(FILE *out, const struct md_grid *grid)
{
    fputc('|', out);
    for (size_t c = 0; c < grid->n_columns; c++) {
        for (size_t i = 0; i < grid->widths[c] + 1; i++)
            fputc('-', out);
        fputs(c < grid->n_left ? "-|" : ":|", out);
    }
    fputc('\n', out);
}

int md_grid_write(FILE *out, struct md_grid *grid)
{
    enum { RULE_WIDTH_MIN = 3 };
    if (grid->failed)
        return -1;
    for (size_t c = 0; c < grid->n_columns; c++) {
        grid->widths[c] = RULE_WIDTH_MIN;
        for (size_t row = 0; row < grid->n_rows; row++) {
            const char *text = grid->texts[row * grid->n_columns + c];
            const size_t width = text ? width_of(text) : 0;
            if (width > grid->widths[c])
                grid->widths[c] = width;
        }
    }
    write_row(out, grid, 0);
    write_rule(out, grid);
    for (size_t row = 1; row < grid->n_rows; row++)
        write_row(out, grid, row);
    return 0;
}

void md_grid_destroy(struct md_grid *grid)
{
    for (size_t i = 0; grid->texts && i < grid->n_rows * grid->n_columns; i++)
        free(grid->texts[i]);
    free(grid->texts);
    free(grid->widths);
}

void md_grid_set_seconds(struct md_grid *grid, size_t row, size_t column, double seconds)
{
    if (seconds >= 100)
        md_grid_set(grid, row, column, "%.0f", seconds);
    else if (seconds >= 10)
        md_grid_set(grid, row, column, "%.1f", seconds);
    else if (seconds >= 1)
        md_grid_set(grid, row, column, "%.2f", seconds);
    else if (seconds >= 0.001)
        md_grid_set(grid, row, column, "%.3f", seconds);
    else
        md_grid_set(grid, row, column, "%.1e", seconds);
}
