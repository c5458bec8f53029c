/* The table in Markdown: a heading that says what was run, the table, notes on what it shows. */
#include "report/table_md.h"

#include "report/md_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_LEFT_COLUMNS = 2 }; /* classifier and parameters; the others hold numbers */

static size_t reason_number(struct md_reasons *reasons, const char *reason)
{
    size_t i = 0;
    while (i < reasons->n_reasons && strcmp(reasons->reasons[i], reason) != 0)
        i++;
    if (i == reasons->n_reasons)
        reasons->reasons[reasons->n_reasons++] = reason;
    return i + 1;
}

static void set_accuracy(struct md_grid *grid, size_t row, size_t column,
                         const struct record *record)
{
    const char *mark = table_is_stopped(record) ? TABLE_STOPPED_MARK : "";
    if (record->n_repeats > 1)
        md_grid_set(grid, row, column, "%.4f ± %.4f%s", record_mean_accuracy(record),
                    record_std_accuracy(record), mark);
    else
        md_grid_set(grid, row, column, "%.4f%s", record_mean_accuracy(record), mark);
}

static void set_status(struct md_grid *grid, size_t row, size_t column,
                       const struct table_row *source, const struct table_cell *cell,
                       struct md_reasons *reasons)
{
    char status[64];
    const char *reason = table_reason(source, cell);
    table_status(status, source, cell);
    if (*reason)
        md_grid_set(grid, row, column, "%s (%zu)", status, reason_number(reasons, reason));
    else
        md_grid_set(grid, row, column, "%s", status);
}

/* The published accuracy and, beside it, how far ours is from it. */
static void set_published(struct md_grid *grid, size_t row, size_t column,
                          const struct table_cell *cell)
{
    const double shown_step = 1e-4;
    md_grid_set(grid, row, column, "%.3f", cell->published);
    if (!table_has_accuracy(cell))
        return;
    const double difference = record_mean_accuracy(cell->record) - cell->published;
    const bool is_zero = fabs(difference) < shown_step / 2; /* not -0.0000 */
    md_grid_set(grid, row, column + 1, "%+.4f", is_zero ? 0 : difference);
}

static size_t n_texts(const struct table_column *column)
{
    return column->has_published ? 5 : 3;
}

static void fill_head(struct md_grid *grid, const struct table *table)
{
    md_grid_set(grid, 0, 0, "Classifier");
    md_grid_set(grid, 0, 1, "Parameter");
    size_t at = N_LEFT_COLUMNS;
    for (size_t c = 0; c < table->n_columns; c++) {
        const struct table_column *column = &table->columns[c];
        md_grid_set(grid, 0, at++, "%s", column->dataset->name);
        if (column->has_published) {
            md_grid_set(grid, 0, at++, "published");
            md_grid_set(grid, 0, at++, "difference");
        }
        md_grid_set(grid, 0, at++, "fit s");
        md_grid_set(grid, 0, at++, "predict s");
    }
}

static void fill_row(struct md_grid *grid, const struct table *table, size_t i,
                     struct md_reasons *reasons)
{
    const struct table_row *source = &table->rows[i];
    const size_t row = i + 1;
    size_t at = N_LEFT_COLUMNS;
    md_grid_set(grid, row, 0, "%s", source->name);
    md_grid_set(grid, row, 1, "%s", source->label);
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
            md_grid_set_seconds(grid, row, at - 2, table_fit_s(cell->record));
            md_grid_set_seconds(grid, row, at - 1, table_predict_s(cell->record));
        }
    }
}

int table_write_md(FILE *out, const struct table *table)
{
    struct md_grid grid;
    struct md_reasons reasons = {0};
    size_t n_columns = N_LEFT_COLUMNS;
    for (size_t c = 0; c < table->n_columns; c++)
        n_columns += n_texts(&table->columns[c]);
    int failed = md_grid_create(&grid, table->n_rows + 1, n_columns, N_LEFT_COLUMNS);
    reasons.reasons = calloc(table->n_rows * table->n_columns + 1, sizeof *reasons.reasons);
    if (failed || !reasons.reasons) {
        failed = -1;
        goto cleanup;
    }
    fill_head(&grid, table);
    for (size_t i = 0; i < table->n_rows; i++)
        fill_row(&grid, table, i, &reasons);
    failed = grid.failed ? -1 : 0;
    if (failed)
        goto cleanup;
    md_write_heading(out, table);
    md_grid_write(out, &grid);
    failed = md_write_notes(out, table, &reasons);
cleanup:
    md_grid_destroy(&grid);
    free(reasons.reasons);
    return failed ? -1 : 0;
}
