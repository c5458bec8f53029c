#include "report/table_model.h"

#include <stdlib.h>

static enum status judge_column(struct table *table, size_t column, const char *directory,
                                struct error *error)
{
    const struct record **records = calloc(table->n_rows + 1, sizeof *records);
    if (!records)
        return error_memory(error, "the standings", table->n_rows * sizeof *records);
    for (size_t i = 0; i < table->n_rows; i++)
        records[i] = table->rows[i].cells[column].record;
    const struct outcomes_request request = {
        .directory = directory, .records = records, .n_records = table->n_rows};
    const enum status status = standings_build(&table->columns[column].standings, &request, error);
    free(records);
    return status;
}

static enum status compare_columns(struct table *table, struct error *error)
{
    const size_t n_pairs = table->n_columns * (table->n_columns + 1) / 2;
    table->comparisons = calloc(n_pairs + 1, sizeof *table->comparisons);
    if (!table->comparisons)
        return error_memory(error, "the comparison of datasets", 0);
    enum status status = STATUS_OK;
    for (size_t second = 1; second < table->n_columns; second++)
        for (size_t first = 0; first < second && !status; first++) {
            struct table_comparison *c = &table->comparisons[table->n_comparisons++];
            *c = (struct table_comparison){.first = first, .second = second};
            status = agreement_build(&c->between, &table->columns[first].standings,
                                     &table->columns[second].standings, error);
        }
    return status;
}

enum status table_judge(struct table *table, const char *directory, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t c = 0; c < table->n_columns && !status; c++)
        status = judge_column(table, c, directory, error);
    return status ? status : compare_columns(table, error);
}

const struct standing *table_standing(const struct table *table, size_t row, size_t column)
{
    const struct standings *standings = &table->columns[column].standings;
    if (!standings->rows || !standings->rows[row].is_known)
        return NULL;
    return &standings->rows[row];
}
