#include "report/table_model.h"

#include "report/parameter_text.h"
#include "statistics/order.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Datasets that the project draws itself: no paper has figures for them. */
static bool is_synthetic(const char *dataset)
{
    static const char prefix[] = "glyphs-";
    return strncmp(dataset, prefix, strlen(prefix)) == 0;
}

bool table_has_accuracy(const struct table_cell *cell)
{
    return cell->record && cell->record->status == RECORD_OK;
}

bool table_is_stopped(const struct record *record)
{
    for (size_t r = 0; r < record->n_repeats; r++)
        if (record->repeats[r].converged == 0)
            return true;
    return false;
}

static double fit_s_of(const struct record_repeat *repeat)
{
    return repeat->fit_s;
}

static double predict_s_of(const struct record_repeat *repeat)
{
    return repeat->predict_s;
}

/* n_repeats >= 1 */
static double median(const struct record *record, double (*value)(const struct record_repeat *))
{
    double values[RECORD_REPEATS_MAX] = {0};
    const size_t n = record->n_repeats;
    for (size_t r = 0; r < n; r++)
        values[r] = value(&record->repeats[r]);
    return median_of(values, n);
}

double table_fit_s(const struct record *record)
{
    return median(record, fit_s_of);
}

double table_predict_s(const struct record *record)
{
    return median(record, predict_s_of);
}

void table_status(char text[static 64], const struct table_row *row, const struct table_cell *cell)
{
    const char *word = cell->record ? record_status_name(cell->record->status) : row->word;
    const size_t length = strcspn(word, ":");
    snprintf(text, 64, "%.*s", (int)(length < 63 ? length : 63), word);
    for (char *c = text; *c; c++)
        if (*c == '_')
            *c = ' ';
}

const char *table_reason(const struct table_row *row, const struct table_cell *cell)
{
    if (cell->record)
        return cell->record->status == RECORD_OK ? "" : cell->record->reason;
    const char *colon = strchr(row->word, ':');
    return colon ? colon + 1 + strspn(colon + 1, " ") : "";
}

static size_t find_row(const struct table *table, const char *name, const char *key)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct table_row *row = &table->rows[i];
        assert(row->name && row->key);
        if (strcmp(row->name, name) == 0 && strcmp(row->key, key) == 0)
            return i;
    }
    return table->n_rows;
}

/* The rows have room for all the planned ones and all that the journals have. */
static enum status add_row(struct table *table, const struct table_planned *planned, size_t order,
                           struct error *error)
{
    char *key = parameter_key(planned->parameter);
    if (key && find_row(table, planned->name, key) < table->n_rows) {
        free(key);
        return STATUS_OK;
    }
    struct table_row *row = &table->rows[table->n_rows++];
    *row = (struct table_row){.name = planned->name,
                              .parameter = planned->parameter,
                              .label = parameter_label(planned->parameter),
                              .key = key,
                              .word = planned->word,
                              .is_beyond_2017 = planned->is_beyond_2017,
                              .cells = calloc(table->n_columns + 1, sizeof *row->cells),
                              .order = order};
    if (!row->key || !row->label || !row->cells)
        return error_memory(error, "a row of the table", 0);
    return STATUS_OK;
}

static enum status add_rows(struct table *table, const struct table_sources *sources,
                            struct error *error)
{
    size_t n_rows = sources->n_planned;
    for (size_t c = 0; c < table->n_columns; c++)
        n_rows += table->columns[c].dataset->n_rows;
    table->rows = calloc(n_rows + 1, sizeof *table->rows);
    if (!table->rows)
        return error_memory(error, "the table", n_rows * sizeof *table->rows);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sources->n_planned && !status; i++)
        status = add_row(table, &sources->planned[i], i, error);
    for (size_t c = 0; c < table->n_columns; c++)
        for (size_t i = 0; i < table->columns[c].dataset->n_rows && !status; i++) {
            const struct record *record = table->columns[c].dataset->rows[i].record;
            assert(record);
            const struct table_planned row = {
                .name = record->name, .parameter = record->parameter, .word = "not run"};
            status = add_row(table, &row, sources->n_planned, error);
        }
    return status;
}

static void fill_cells(struct table *table, const struct reference *reference)
{
    for (size_t i = 0; i < table->n_rows; i++)
        for (size_t c = 0; c < table->n_columns; c++) {
            struct table_row *row = &table->rows[i];
            struct table_column *column = &table->columns[c];
            struct table_cell *cell = &row->cells[c];
            cell->record = results_find(column->dataset, row->name, row->key);
            cell->published = NAN;
            if (!reference || column->is_synthetic)
                continue;
            const struct reference_query query = {.name = row->name,
                                                  .key = row->key,
                                                  .dataset = column->dataset->name,
                                                  .n_train = REFERENCE_PUBLISHED_N_TRAIN};
            const struct reference_row *published = reference_find(reference, &query);
            if (!published)
                continue;
            if (column->n_train == REFERENCE_PUBLISHED_N_TRAIN &&
                column->n_test == REFERENCE_PUBLISHED_N_TEST) {
                cell->published = published->accuracy;
                column->has_published = true;
            } else {
                column->other_size = column->n_train > 0;
            }
        }
}

static int compare_rows(const void *a, const void *b)
{
    const struct table_row *x = a, *y = b;
    if (x->best_value != y->best_value)
        return x->best_value < y->best_value ? 1 : -1;
    if (x->first_order != y->first_order)
        return x->first_order < y->first_order ? -1 : 1;
    const int names = strcmp(x->name, y->name);
    if (names != 0)
        return names;
    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return strcmp(x->key, y->key);
}

static void sort_rows(struct table *table)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        struct table_row *row = &table->rows[i];
        row->value = table->n_columns > 0 && table_has_accuracy(&row->cells[0])
                         ? record_mean_accuracy(row->cells[0].record)
                         : -1;
    }
    for (size_t i = 0; i < table->n_rows; i++) {
        struct table_row *row = &table->rows[i];
        row->best_value = row->value;
        row->first_order = row->order;
        for (size_t j = 0; j < table->n_rows; j++) {
            const struct table_row *other = &table->rows[j];
            assert(row->name && other->name);
            if (strcmp(row->name, other->name) != 0)
                continue;
            row->best_value = fmax(row->best_value, other->value);
            if (other->order < row->first_order)
                row->first_order = other->order;
        }
    }
    qsort(table->rows, table->n_rows, sizeof *table->rows, compare_rows);
}

enum status table_build(struct table *table, const struct table_sources *sources,
                        struct error *error)
{
    const struct results *results = sources->results;
    memset(table, 0, sizeof *table);
    table->columns = calloc(results->n_datasets + 1, sizeof *table->columns);
    if (!table->columns)
        return error_memory(error, "the table", results->n_datasets * sizeof *table->columns);
    table->n_columns = results->n_datasets;
    for (size_t c = 0; c < table->n_columns; c++) {
        const struct results_dataset *dataset = &results->datasets[c];
        const struct record *record = dataset->n_rows > 0 ? dataset->rows[0].record : NULL;
        table->columns[c] = (struct table_column){.dataset = dataset,
                                                  .is_synthetic = is_synthetic(dataset->name),
                                                  .n_train = record ? record->n_train : 0,
                                                  .n_test = record ? record->n_test : 0};
    }
    const enum status status = add_rows(table, sources, error);
    if (status) {
        table_destroy(table);
        return status;
    }
    fill_cells(table, sources->reference);
    sort_rows(table);
    return STATUS_OK;
}

void table_destroy(struct table *table)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        free(table->rows[i].label);
        free(table->rows[i].key);
        free(table->rows[i].cells);
    }
    for (size_t c = 0; c < table->n_columns; c++)
        standings_destroy(&table->columns[c].standings);
    for (size_t i = 0; i < table->n_comparisons; i++)
        agreement_destroy(&table->comparisons[i].between);
    free(table->comparisons);
    free(table->rows);
    free(table->columns);
    memset(table, 0, sizeof *table);
}
