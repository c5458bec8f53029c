#include "report/show.h"

#include "report/field.h"
#include "report/json_text.h"
#include "report/show_repeats.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A hash of 64 digits fits beside a name. */
enum { TEXT_BYTES = 512, NAME_COLUMNS = 12 };

static void write_optional(FILE *out, const char *name, const char *text)
{
    if (*text)
        field_write(out, NAME_COLUMNS, name, text);
}

static void write_parameters(FILE *out, const struct show_request *request)
{
    size_t widest = 0;
    for (size_t i = 0; i < request->n_parameters; i++) {
        const size_t length = strlen(request->parameters[i].name);
        widest = length > widest ? length : widest;
    }
    fprintf(out, "\nparameters\n");
    for (size_t i = 0; i < request->n_parameters; i++) {
        const struct show_parameter *p = &request->parameters[i];
        char *text;
        if (asprintf(&text, "%s (%s)", p->value, p->is_given ? "given" : "default") < 0)
            continue;
        field_write(out, widest, p->name, text);
        free(text);
    }
}

static void write_accuracy(FILE *out, const struct record *record)
{
    char text[TEXT_BYTES];
    const size_t n = record->n_repeats;
    if (n == 0)
        return;
    if (n == 1)
        snprintf(text, sizeof text, "%.4f (one repeat)", record_mean_accuracy(record));
    else
        snprintf(text, sizeof text,
                 "%.4f, the mean of %zu repeats; twice their standard deviation is %.4f",
                 record_mean_accuracy(record), n, record_std_accuracy(record));
    field_write(out, NAME_COLUMNS, "accuracy", text);
}

static void write_published(FILE *out, const struct table_column *column,
                            const struct table_row *row, const struct table_cell *cell)
{
    char text[TEXT_BYTES];
    if (row->is_beyond_2017)
        snprintf(text, sizeof text, "not in the 2017 table");
    else if (isnan(cell->published))
        snprintf(text, sizeof text, "%s",
                 column->other_size ? "for 60000 training and 10000 test rows alone" : "none");
    else if (table_has_accuracy(cell))
        snprintf(text, sizeof text, "%.4f; this is %+.4f", cell->published,
                 record_mean_accuracy(cell->record) - cell->published);
    else
        snprintf(text, sizeof text, "%.4f", cell->published);
    field_write(out, NAME_COLUMNS, "published", text);
}

static void write_rows(FILE *out, const struct record *record)
{
    char text[TEXT_BYTES];
    int used = snprintf(text, sizeof text, "%zu training and %zu test rows", record->n_train,
                        record->n_test);
    if (record->n_features)
        used += snprintf(text + used, sizeof text - (size_t)used, " of %zu features",
                         record->n_features);
    if (record->n_classes)
        snprintf(text + used, sizeof text - (size_t)used, ", %zu classes", record->n_classes);
    field_write(out, NAME_COLUMNS, "data", text);
}

/* What is there for an external classifier alone. 0, or -1 when memory is short. */
static int write_external(FILE *out, const struct record *record)
{
    char *command = record->command ? json_text(record->command) : NULL;
    if (record->command && !command)
        return -1;
    write_optional(out, "command", command ? command : "");
    write_optional(out, "peer of", record->peer_of);
    write_optional(out, "software", record->implementation);
    free(command);
    return 0;
}

static void write_limits(FILE *out, const struct record_environment *e)
{
    char text[TEXT_BYTES], bytes[FIELD_TEXT_BYTES];
    if (e->timeout_s < 0 || e->memory_limit_bytes < 0)
        return;
    field_bytes(bytes, (double)e->memory_limit_bytes);
    if (e->timeout_s > 0)
        snprintf(text, sizeof text, "%g s, %s", e->timeout_s, bytes);
    else
        snprintf(text, sizeof text, "%s", bytes);
    field_write(out, NAME_COLUMNS, "limits", text);
}

static void write_environment(FILE *out, const struct record_environment *e)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text, "%s%s", e->commit, e->is_modified > 0 ? ", modified" : "");
    write_optional(out, "commit", text);
    write_optional(out, "source", e->source);
    write_optional(out, "compiler", e->compiler);
    write_optional(out, "flags", e->flags);
    write_optional(out, "BLAS", e->blas);
    write_optional(out, "BLAS kernels", e->blas_kernel);
    write_optional(out, "own kernels", e->simd);
    write_optional(out, "processor", e->processor);
    write_limits(out, e);
}

static void write_circumstances(FILE *out, const struct record *record)
{
    char text[TEXT_BYTES], start[FIELD_TEXT_BYTES], done[FIELD_TEXT_BYTES];
    write_optional(out, "solver", record->solver);
    if (record->peak_rss_bytes >= 0) {
        field_bytes(text, (double)record->peak_rss_bytes);
        field_write(out, NAME_COLUMNS, "peak memory", text);
    }
    snprintf(text, sizeof text, "%d", record->threads);
    field_write(out, NAME_COLUMNS, "threads", text);
    snprintf(text, sizeof text, "%" PRIu64, record->seed);
    field_write(out, NAME_COLUMNS, "seed", text);
    field_time(start, record->start_time);
    field_time(done, record->done_time);
    field_write(out, NAME_COLUMNS, "started", start);
    field_write(out, NAME_COLUMNS, "done", done);
    write_optional(out, "host", record->host);
    write_optional(out, "version", record->version);
    write_environment(out, &record->environment);
    write_rows(out, record);
    write_optional(out, "data hash", record->dataset_hash);
    write_optional(out, "predictions", record->predictions);
    write_optional(out, "cell", record->cell);
}

static int write_cell(FILE *out, const struct table_column *column, const struct table_row *row,
                      const struct table_cell *cell)
{
    char status[64];
    table_status(status, row, cell);
    fprintf(out, "\n%s\n", column->dataset->name);
    field_write(out, NAME_COLUMNS, "status", status);
    write_optional(out, "reason", table_reason(row, cell));
    if (cell->record)
        write_accuracy(out, cell->record);
    write_published(out, column, row, cell);
    if (!cell->record)
        return 0;
    if (show_write_repeats(out, cell->record) || write_external(out, cell->record))
        return -1;
    write_circumstances(out, cell->record);
    return 0;
}

int show_write(FILE *out, const struct show_request *request)
{
    const struct table *table = request->table;
    const struct table_row *row = &table->rows[request->row];
    int failed = 0;
    field_write_title(out, row->name, row->label);
    write_parameters(out, request);
    for (size_t c = 0; c < table->n_columns && !failed; c++)
        failed = write_cell(out, &table->columns[c], row, &row->cells[c]);
    return failed;
}
