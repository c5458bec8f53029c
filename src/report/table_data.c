/* The table for programs, one entry for each row and dataset: CSV and JSON from the same entries.
 */
#include "report/json_text.h"
#include "report/table_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {"classifier", "parameter", "dataset",   "synthetic", "status",
                                   "reason",     "n_repeats", "accuracy",  "std",       "published",
                                   "difference", "fit_s",     "predict_s", "converged", "n_train",
                                   "n_test",     "seed",      "threads",   "host",      "version"};
enum { N_KEYS = sizeof keys / sizeof *keys };

static int set_text(json_t *entry, const char *key, const char *text)
{
    return *text ? json_object_set_new(entry, key, json_text_string(text)) : 0;
}

static int set_real(json_t *entry, const char *key, double value)
{
    return json_object_set_new(entry, key, json_real(value));
}

static int set_integer(json_t *entry, const char *key, uint64_t value)
{
    return json_object_set_new(entry, key, json_text_integer(value));
}

static int set_accuracy(json_t *entry, const struct table_cell *cell)
{
    const struct record *record = cell->record;
    const double accuracy = record_mean_accuracy(record);
    int failed = set_integer(entry, "n_repeats", record->n_repeats) |
                 set_real(entry, "accuracy", accuracy) |
                 set_real(entry, "fit_s", table_fit_s(record)) |
                 set_real(entry, "predict_s", table_predict_s(record));
    if (record->n_repeats > 1)
        failed |= set_real(entry, "std", record_std_accuracy(record));
    if (!isnan(cell->published))
        failed |= set_real(entry, "difference", accuracy - cell->published);
    bool is_iterative = false;
    for (size_t r = 0; r < record->n_repeats; r++)
        is_iterative = is_iterative || record->repeats[r].converged >= 0;
    if (is_iterative)
        failed |= json_object_set_new(entry, "converged", json_boolean(!table_is_stopped(record)));
    return failed;
}

static int set_run(json_t *entry, const struct record *record)
{
    return set_integer(entry, "n_train", record->n_train) |
           set_integer(entry, "n_test", record->n_test) | set_integer(entry, "seed", record->seed) |
           set_integer(entry, "threads", (uint64_t)record->threads) |
           set_text(entry, "host", record->host) | set_text(entry, "version", record->version);
}

/* What does not exist is absent. NULL when memory is short. */
static json_t *make_entry(const struct table *table, const struct table_row *row, size_t c)
{
    const struct table_cell *cell = &row->cells[c];
    const struct table_column *column = &table->columns[c];
    char status[64];
    table_status(status, row, cell);
    json_t *entry = json_object();
    json_t *parameter = json_deep_copy(row->parameter);
    int failed = set_text(entry, "classifier", row->name) |
                 json_object_set_new(entry, "parameter", parameter) |
                 set_text(entry, "dataset", column->dataset->name) |
                 json_object_set_new(entry, "synthetic", json_boolean(column->is_synthetic)) |
                 set_text(entry, "status", status) |
                 set_text(entry, "reason", table_reason(row, cell));
    if (!isnan(cell->published))
        failed |= set_real(entry, "published", cell->published);
    if (table_has_accuracy(cell))
        failed |= set_accuracy(entry, cell);
    if (cell->record)
        failed |= set_run(entry, cell->record);
    if (!failed)
        return entry;
    json_decref(entry);
    return NULL;
}

static int write_csv_value(FILE *out, const json_t *value)
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

static int write_csv_entry(FILE *out, const json_t *entry)
{
    int failed = 0;
    for (size_t i = 0; i < N_KEYS; i++) {
        if (i)
            fputc(',', out);
        failed |= write_csv_value(out, json_object_get(entry, keys[i]));
    }
    fputc('\n', out);
    return failed;
}

int table_write_csv(FILE *out, const struct table *table)
{
    for (size_t i = 0; i < N_KEYS; i++)
        fprintf(out, "%s%s", i ? "," : "", keys[i]);
    fputc('\n', out);
    int failed = 0;
    for (size_t i = 0; i < table->n_rows; i++)
        for (size_t c = 0; c < table->n_columns && !failed; c++) {
            json_t *entry = make_entry(table, &table->rows[i], c);
            failed = !entry || write_csv_entry(out, entry);
            json_decref(entry);
        }
    return failed ? -1 : 0;
}

int table_write_json(FILE *out, const struct table *table)
{
    const char *separator = "[\n";
    int failed = 0;
    for (size_t i = 0; i < table->n_rows; i++)
        for (size_t c = 0; c < table->n_columns && !failed; c++) {
            json_t *entry = make_entry(table, &table->rows[i], c);
            fputs(separator, out);
            separator = ",\n";
            failed = !entry || json_text_write(out, entry);
            json_decref(entry);
        }
    fputs(table->n_rows * table->n_columns == 0 ? "[]\n" : "\n]\n", out);
    return failed ? -1 : 0;
}
