/* The table for readers: a title that says what was run, the table, notes on what it shows. */
#include "report/table_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_LEFT_COLUMNS = 2 }; /* classifier and parameters; the others hold numbers */

/* Where the columns of a dataset are; 0 is none. */
struct places {
    size_t accuracy, interval, group, ranks, published, difference, fit_s, predict_s;
};

static struct places places_of(const struct table_column *column, size_t *next)
{
    const bool has_standings = column->standings.n_known > 0;
    struct places p = {.accuracy = (*next)++};
    if (has_standings) {
        p.interval = (*next)++;
        p.group = (*next)++;
        p.ranks = (*next)++;
    }
    if (column->has_published) {
        p.published = (*next)++;
        p.difference = (*next)++;
    }
    p.fit_s = (*next)++;
    p.predict_s = (*next)++;
    return p;
}

static void set_accuracy(struct text_grid *grid, size_t row, size_t column,
                         const struct record *record)
{
    const char *mark = table_is_stopped(record) ? TABLE_STOPPED_MARK : "";
    if (record->n_repeats > 1)
        text_grid_set(grid, row, column, "%.4f ± %.4f%s", record_mean_accuracy(record),
                      record_std_accuracy(record), mark);
    else
        text_grid_set(grid, row, column, "%.4f%s", record_mean_accuracy(record), mark);
}

static void set_status(struct text_grid *grid, size_t row, size_t column,
                       const struct table_row *source, const struct table_cell *cell,
                       struct reasons *reasons)
{
    char status[64];
    const char *reason = table_reason(source, cell);
    table_status(status, source, cell);
    if (*reason)
        text_grid_set(grid, row, column, "%s (%zu)", status, reasons_number(reasons, reason));
    else
        text_grid_set(grid, row, column, "%s", status);
}

/* The published accuracy and, beside it, how far ours is from it. */
static void set_published(struct text_grid *grid, size_t row, const struct places *at,
                          const struct table_cell *cell)
{
    const double shown_step = 1e-4;
    text_grid_set(grid, row, at->published, "%.3f", cell->published);
    if (!table_has_accuracy(cell))
        return;
    const double difference = record_mean_accuracy(cell->record) - cell->published;
    const bool is_zero = fabs(difference) < shown_step / 2; /* not -0.0000 */
    text_grid_set(grid, row, at->difference, "%+.4f", is_zero ? 0 : difference);
}

static void set_standing(struct text_grid *grid, size_t row, const struct places *at,
                         const struct standing *s)
{
    text_grid_set(grid, row, at->interval, "%.4f to %.4f", s->accuracy.low, s->accuracy.high);
    text_grid_set(grid, row, at->group, "%zu", s->tie_group);
    if (s->rank_low == s->rank_high)
        text_grid_set(grid, row, at->ranks, "%zu", s->rank_low);
    else
        text_grid_set(grid, row, at->ranks, "%zu to %zu", s->rank_low, s->rank_high);
}

static void fill_head(struct text_grid *grid, const struct table *table)
{
    text_grid_set(grid, 0, 0, "Classifier");
    text_grid_set(grid, 0, 1, "Parameter");
    size_t next = N_LEFT_COLUMNS;
    for (size_t c = 0; c < table->n_columns; c++) {
        const struct table_column *column = &table->columns[c];
        const struct places at = places_of(column, &next);
        text_grid_set(grid, 0, at.accuracy, "%s", column->dataset->name);
        if (at.interval) {
            text_grid_set(grid, 0, at.interval, "95 %% interval");
            text_grid_set(grid, 0, at.group, "group");
            text_grid_set(grid, 0, at.ranks, "ranks");
        }
        if (at.published) {
            text_grid_set(grid, 0, at.published, "published");
            text_grid_set(grid, 0, at.difference, "difference");
        }
        text_grid_set(grid, 0, at.fit_s, "fit s");
        text_grid_set(grid, 0, at.predict_s, "predict s");
    }
}

static void fill_cell(struct text_grid *grid, const struct table *table, size_t i, size_t c,
                      const struct places *at, struct reasons *reasons)
{
    const size_t row = i + 1;
    const struct table_row *source = &table->rows[i];
    const struct table_cell *cell = &source->cells[c];
    const struct standing *standing = table_standing(table, i, c);
    if (table_has_accuracy(cell)) {
        set_accuracy(grid, row, at->accuracy, cell->record);
        text_grid_set_seconds(grid, row, at->fit_s, table_fit_s(cell->record));
        text_grid_set_seconds(grid, row, at->predict_s, table_predict_s(cell->record));
    } else {
        set_status(grid, row, at->accuracy, source, cell, reasons);
    }
    if (standing)
        set_standing(grid, row, at, standing);
    if (!isnan(cell->published))
        set_published(grid, row, at, cell);
}

static void fill_row(struct text_grid *grid, const struct table *table, size_t i,
                     struct reasons *reasons)
{
    size_t next = N_LEFT_COLUMNS;
    text_grid_set(grid, i + 1, 0, "%s", table->rows[i].name);
    text_grid_set(grid, i + 1, 1, "%s%s", table->rows[i].label,
                  table->rows[i].is_beyond_2017 ? " " TABLE_BEYOND_MARK : "");
    for (size_t c = 0; c < table->n_columns; c++) {
        const struct places at = places_of(&table->columns[c], &next);
        fill_cell(grid, table, i, c, &at, reasons);
    }
}

static char *title_of(const struct table *table)
{
    char *title = NULL;
    size_t length;
    FILE *out = open_memstream(&title, &length);
    if (!out)
        return NULL;
    fputs("Accuracy on", out);
    for (size_t c = 0; c < table->n_columns; c++) {
        const bool is_last = c + 1 == table->n_columns;
        fprintf(out, "%s %s%s",
                c == 0    ? ""
                : is_last ? " and"
                          : ",",
                table->columns[c].dataset->name,
                table->columns[c].is_synthetic ? " (synthetic data)" : "");
    }
    if (fclose(out) == 0)
        return title;
    free(title);
    return NULL;
}

static int write_document(FILE *out, const struct markup *markup, const struct table *table,
                          const struct text_grid *grid, const struct reasons *reasons)
{
    char *title = title_of(table);
    if (!title)
        return -1;
    markup->begin(out, title);
    free(title);
    int failed = table_write_runs(out, markup, table);
    if (!failed)
        failed = markup->grid(out, grid);
    if (!failed)
        failed = table_write_comparisons(out, markup, table);
    if (!failed)
        failed = table_write_notes(out, markup, table, reasons);
    markup->end(out);
    return failed;
}

int table_write_text(FILE *out, const struct markup *markup, const struct table *table)
{
    struct text_grid grid;
    struct reasons reasons = {0};
    size_t n_columns = N_LEFT_COLUMNS;
    for (size_t c = 0; c < table->n_columns; c++)
        places_of(&table->columns[c], &n_columns);
    int failed = text_grid_create(&grid, table->n_rows + 1, n_columns, N_LEFT_COLUMNS);
    reasons.texts = calloc(table->n_rows * table->n_columns + 1, sizeof *reasons.texts);
    if (!failed && reasons.texts) {
        fill_head(&grid, table);
        for (size_t i = 0; i < table->n_rows; i++)
            fill_row(&grid, table, i, &reasons);
        failed = grid.failed || write_document(out, markup, table, &grid, &reasons);
    } else {
        failed = -1;
    }
    text_grid_destroy(&grid);
    free(reasons.texts);
    return failed ? -1 : 0;
}
