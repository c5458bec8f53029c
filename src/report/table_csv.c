/* The table for spreadsheets: a line for each row and dataset. */
#include "report/json_text.h"
#include "report/table_model.h"

#include <stdlib.h>
#include <string.h>

/* A column: a key of the entry, of a list one of its items; or one that the line adds. */
static const struct {
    const char *name, *key;
    int item; /* -1: the value itself */
} columns[] = {
    {"classifier", "classifier", -1},
    {"parameter", "parameter", -1},
    {"dataset", "dataset", -1},
    {"synthetic", "synthetic", -1},
    {"beyond_2017", "beyond_2017", -1},
    {"status", "status", -1},
    {"reason", "reason", -1},
    {"n_repeats", "n_repeats", -1},
    {"accuracy", "accuracy", -1},
    {"std", "std", -1},
    {"interval_low", "interval", 0},
    {"interval_high", "interval", 1},
    {"sd_training", "sd_training", -1},
    {"sd_test", "sd_test", -1},
    {"rank", "rank", -1},
    {"rank_low", "rank_interval", 0},
    {"rank_high", "rank_interval", 1},
    {"tie_group", "tie_group", -1},
    {"published", "published", -1},
    {"difference", "difference", -1},
    {"fit_s", "fit_s", -1},
    {"predict_s", "predict_s", -1},
    {"peak_rss_bytes", "peak_rss_bytes", -1},
    {"n_iter", "n_iter", -1},
    {"converged", "converged", -1},
    {"n_train", "n_train", -1},
    {"n_test", "n_test", -1},
    {"seed", "seed", -1},
    {"threads", "threads", -1},
    {"host", "host", -1},
    {"version", "version", -1},
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static int write_value(FILE *out, const json_t *value)
{
    if (!value)
        return 0;
    char *text = json_is_string(value) ? NULL : json_text(value);
    const char *shown = json_is_string(value) ? json_string_value(value) : text;
    if (!shown)
        return -1;
    const bool is_quoted = strpbrk(shown, ",\"\r\n") != NULL;
    if (is_quoted)
        fputc('"', out);
    for (const char *c = shown; *c; c++) {
        if (*c == '"')
            fputc('"', out);
        fputc(*c, out);
    }
    if (is_quoted)
        fputc('"', out);
    free(text);
    return 0;
}

static int write_entry(FILE *out, const json_t *entry)
{
    int failed = 0;
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const json_t *value = json_object_get(entry, columns[i].key);
        if (value && columns[i].item >= 0)
            value = json_array_get(value, (size_t)columns[i].item);
        if (i)
            fputc(',', out);
        failed |= write_value(out, value);
    }
    fputc('\n', out);
    return failed;
}

/* What the entry leaves to its row and its column. */
static int complete(json_t *entry, const struct table_row *row, const struct table_cell *cell,
                    const struct table_column *column)
{
    int failed = json_object_set_new(entry, "classifier", json_text_string(row->name)) |
                 json_object_set_new(entry, "parameter", json_deep_copy(row->parameter)) |
                 json_object_set_new(entry, "synthetic", json_boolean(column->is_synthetic)) |
                 json_object_set_new(entry, "beyond_2017", json_boolean(row->is_beyond_2017));
    if (cell->record)
        failed |= json_object_set_new(entry, "n_train", json_text_integer(column->n_train)) |
                  json_object_set_new(entry, "n_test", json_text_integer(column->n_test));
    return failed;
}

int table_write_csv(FILE *out, const struct table *table)
{
    for (size_t i = 0; i < N_COLUMNS; i++)
        fprintf(out, "%s%s", i ? "," : "", columns[i].name);
    fputc('\n', out);
    int failed = 0;
    for (size_t i = 0; i < table->n_rows; i++)
        for (size_t c = 0; c < table->n_columns && !failed; c++) {
            const struct table_row *row = &table->rows[i];
            json_t *entry = table_entry(table, i, c);
            failed = !entry || complete(entry, row, &row->cells[c], &table->columns[c]) ||
                     write_entry(out, entry);
            json_decref(entry);
        }
    return failed ? -1 : 0;
}
