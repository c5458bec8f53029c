/* The table in Markdown: a heading that says what was run, the table, notes on what it shows. */
#include "report/table_md.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The texts of the table, padded when it is written; the first row is the head. */
struct grid {
    size_t n_rows, n_columns;
    char **texts; /* n_rows x n_columns, row-major, owned; NULL is empty */
    size_t *widths;
    bool failed; /* memory was short */
};

static void set_text(struct grid *grid, size_t row, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void set_text(struct grid *grid, size_t row, size_t column, const char *format, ...)
{
    char *plain = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&plain, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : md_escape(plain);
    if (length >= 0)
        free(plain);
    grid->texts[row * grid->n_columns + column] = text;
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

enum { N_LEFT_COLUMNS = 2 }; /* classifier and parameters; the others hold numbers */

static void write_row(FILE *out, const struct grid *grid, size_t row)
{
    fputc('|', out);
    for (size_t c = 0; c < grid->n_columns; c++) {
        const char *text = grid->texts[row * grid->n_columns + c];
        const char *shown = text ? text : "";
        const int padding = (int)(grid->widths[c] - width_of(shown));
        if (c < N_LEFT_COLUMNS)
            fprintf(out, " %s%*s |", shown, padding, "");
        else
            fprintf(out, " %*s%s |", padding, "", shown);
    }
    fputc('\n', out);
}

static void write_rule(FILE *out, const struct grid *grid)
{
    fputc('|', out);
    for (size_t c = 0; c < grid->n_columns; c++) {
        for (size_t i = 0; i < grid->widths[c] + 1; i++)
            fputc('-', out);
        fputs(c < N_LEFT_COLUMNS ? "-|" : ":|", out);
    }
    fputc('\n', out);
}

static void write_grid(FILE *out, struct grid *grid)
{
    enum { RULE_WIDTH_MIN = 3 };
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
}

static void grid_destroy(struct grid *grid)
{
    for (size_t i = 0; grid->texts && i < grid->n_rows * grid->n_columns; i++)
        free(grid->texts[i]);
    free(grid->texts);
    free(grid->widths);
}

/* Three significant digits or so, and never an exponent for a time that one can wait for. */
static void set_seconds(struct grid *grid, size_t row, size_t column, double seconds)
{
    if (seconds >= 100)
        set_text(grid, row, column, "%.0f", seconds);
    else if (seconds >= 10)
        set_text(grid, row, column, "%.1f", seconds);
    else if (seconds >= 1)
        set_text(grid, row, column, "%.2f", seconds);
    else if (seconds >= 0.001)
        set_text(grid, row, column, "%.3f", seconds);
    else
        set_text(grid, row, column, "%.1e", seconds);
}

static size_t reason_number(struct md_reasons *reasons, const char *reason)
{
    size_t i = 0;
    while (i < reasons->n_reasons && strcmp(reasons->reasons[i], reason) != 0)
        i++;
    if (i == reasons->n_reasons)
        reasons->reasons[reasons->n_reasons++] = reason;
    return i + 1;
}

static void set_accuracy(struct grid *grid, size_t row, size_t column, const struct record *record)
{
    const char *mark = table_is_stopped(record) ? TABLE_STOPPED_MARK : "";
    if (record->n_repeats > 1)
        set_text(grid, row, column, "%.4f ± %.4f%s", record_mean_accuracy(record),
                 record_std_accuracy(record), mark);
    else
        set_text(grid, row, column, "%.4f%s", record_mean_accuracy(record), mark);
}

static void set_status(struct grid *grid, size_t row, size_t column, const struct table_row *source,
                       const struct table_cell *cell, struct md_reasons *reasons)
{
    char status[64];
    const char *reason = table_reason(source, cell);
    table_status(status, source, cell);
    if (*reason)
        set_text(grid, row, column, "%s (%zu)", status, reason_number(reasons, reason));
    else
        set_text(grid, row, column, "%s", status);
}

/* The published accuracy and, beside it, how far ours is from it. */
static void set_published(struct grid *grid, size_t row, size_t column,
                          const struct table_cell *cell)
{
    const double shown_step = 1e-4;
    set_text(grid, row, column, "%.3f", cell->published);
    if (!table_has_accuracy(cell))
        return;
    const double difference = record_mean_accuracy(cell->record) - cell->published;
    const bool is_zero = fabs(difference) < shown_step / 2; /* not -0.0000 */
    set_text(grid, row, column + 1, "%+.4f", is_zero ? 0 : difference);
}

static size_t n_texts(const struct table_column *column)
{
    return column->has_published ? 5 : 3;
}

static void fill_head(struct grid *grid, const struct table *table)
{
    set_text(grid, 0, 0, "Classifier");
    set_text(grid, 0, 1, "Parameter");
    size_t at = N_LEFT_COLUMNS;
    for (size_t c = 0; c < table->n_columns; c++) {
        const struct table_column *column = &table->columns[c];
        set_text(grid, 0, at++, "%s", column->dataset->name);
        if (column->has_published) {
            set_text(grid, 0, at++, "published");
            set_text(grid, 0, at++, "difference");
        }
        set_text(grid, 0, at++, "fit s");
        set_text(grid, 0, at++, "predict s");
    }
}

static void fill_row(struct grid *grid, const struct table *table, size_t i,
                     struct md_reasons *reasons)
{
    const struct table_row *source = &table->rows[i];
    const size_t row = i + 1;
    size_t at = N_LEFT_COLUMNS;
    set_text(grid, row, 0, "%s", source->name);
    set_text(grid, row, 1, "%s", source->label);
    for (size_t c = 0; c < table->n_columns; c++) {
        const struct table_column *column = &table->columns[c];
        const struct table_cell *cell = &source->cells[c];
        const bool has_accuracy = table_has_accuracy(cell);
        if (has_accuracy)
            set_accuracy(grid, row, at, cell->record);
        else
            set_status(grid, row, at, source, cell, reasons);
        if (!isnan(cell->published))
            set_published(grid, row, at + 1, cell);
        at += n_texts(column);
        if (has_accuracy) {
            set_seconds(grid, row, at - 2, table_fit_s(cell->record));
            set_seconds(grid, row, at - 1, table_predict_s(cell->record));
        }
    }
}

int table_write_md(FILE *out, const struct table *table)
{
    struct grid grid = {.n_rows = table->n_rows + 1, .n_columns = N_LEFT_COLUMNS};
    struct md_reasons reasons = {0};
    for (size_t c = 0; c < table->n_columns; c++)
        grid.n_columns += n_texts(&table->columns[c]);
    grid.texts = calloc(grid.n_rows * grid.n_columns, sizeof *grid.texts);
    grid.widths = calloc(grid.n_columns, sizeof *grid.widths);
    reasons.reasons = calloc(table->n_rows * table->n_columns + 1, sizeof *reasons.reasons);
    int failed = !grid.texts || !grid.widths || !reasons.reasons;
    if (failed)
        goto cleanup;
    fill_head(&grid, table);
    for (size_t i = 0; i < table->n_rows; i++)
        fill_row(&grid, table, i, &reasons);
    failed = grid.failed;
    if (failed)
        goto cleanup;
    md_write_heading(out, table);
    write_grid(out, &grid);
    failed = md_write_notes(out, table, &reasons);
cleanup:
    grid_destroy(&grid);
    free(reasons.reasons);
    return failed ? -1 : 0;
}
