/* One cell of the table for programs: what CSV and JSON have in common. */
#include "report/json_text.h"
#include "report/table_model.h"

#include <math.h>
#include <string.h>

static int set_text(json_t *entry, const char *key, const char *text)
{
    return *text ? json_object_set_new(entry, key, json_text_string(text)) : 0;
}

static int set_real(json_t *entry, const char *key, double value)
{
    return isnan(value) ? 0 : json_object_set_new(entry, key, json_real(value));
}

static int set_integer(json_t *entry, const char *key, uint64_t value)
{
    return json_object_set_new(entry, key, json_text_integer(value));
}

static int set_pair(json_t *entry, const char *key, double low, double high)
{
    return json_object_set_new(entry, key, json_pack("[f, f]", low, high));
}

static int set_scores(json_t *entry, const struct record *record)
{
    json_t *scores = json_array();
    int failed = json_object_set_new(entry, "scores", scores);
    for (size_t r = 0; r < record->n_repeats && !failed; r++)
        failed = json_array_append_new(scores, json_real(record->repeats[r].score));
    return failed;
}

static int set_accuracy(json_t *entry, const struct table_cell *cell)
{
    const struct record *record = cell->record;
    const double accuracy = record_mean_accuracy(record);
    int failed = set_integer(entry, "n_repeats", record->n_repeats) | set_scores(entry, record) |
                 set_real(entry, "accuracy", accuracy) |
                 set_real(entry, "difference", accuracy - cell->published);
    if (record->n_repeats > 1)
        failed |= set_real(entry, "std", record_std_accuracy(record));
    return failed;
}

static int set_standing(json_t *entry, const struct standing *s)
{
    return set_pair(entry, "interval", s->accuracy.low, s->accuracy.high) |
           set_real(entry, "sd_training", s->accuracy.sd_training) |
           set_real(entry, "sd_test", s->accuracy.sd_test) | set_integer(entry, "rank", s->rank) |
           json_object_set_new(
               entry, "rank_interval",
               json_pack("[I, I]", (json_int_t)s->rank_low, (json_int_t)s->rank_high)) |
           set_integer(entry, "tie_group", s->tie_group);
}

/* Of several repeats the most iterations; all must have converged. */
static int set_iterations(json_t *entry, const struct record *record)
{
    long most = -1;
    bool is_iterative = false;
    for (size_t r = 0; r < record->n_repeats; r++) {
        is_iterative = is_iterative || record->repeats[r].converged >= 0;
        most = record->repeats[r].n_iter > most ? record->repeats[r].n_iter : most;
    }
    int failed = most < 0 ? 0 : set_integer(entry, "n_iter", (uint64_t)most);
    if (is_iterative)
        failed |= json_object_set_new(entry, "converged", json_boolean(!table_is_stopped(record)));
    return failed;
}

static int set_costs(json_t *entry, const struct record *record)
{
    int failed = set_real(entry, "fit_s", table_fit_s(record)) |
                 set_real(entry, "predict_s", table_predict_s(record));
    if (record->peak_rss_bytes >= 0)
        failed |= set_integer(entry, "peak_rss_bytes", (uint64_t)record->peak_rss_bytes);
    return failed | set_iterations(entry, record);
}

static int set_run(json_t *entry, const struct record *record)
{
    return set_text(entry, "solver", record->solver) | set_integer(entry, "seed", record->seed) |
           set_integer(entry, "threads", (uint64_t)record->threads) |
           set_text(entry, "host", record->host) | set_text(entry, "version", record->version);
}

json_t *table_entry(const struct table *table, size_t i, size_t c)
{
    const struct table_row *row = &table->rows[i];
    const struct table_cell *cell = &row->cells[c];
    const struct standing *standing = table_standing(table, i, c);
    char status[64];
    table_status(status, row, cell);
    json_t *entry = json_object();
    int failed = set_text(entry, "dataset", table->columns[c].dataset->name) |
                 set_text(entry, "status", status) |
                 set_text(entry, "reason", table_reason(row, cell)) |
                 set_real(entry, "published", cell->published);
    if (table_has_accuracy(cell))
        failed |= set_accuracy(entry, cell) | set_costs(entry, cell->record);
    if (standing)
        failed |= set_standing(entry, standing);
    if (cell->record)
        failed |= set_run(entry, cell->record);
    if (!failed)
        return entry;
    json_decref(entry);
    return NULL;
}
