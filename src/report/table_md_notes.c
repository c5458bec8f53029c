#include "report/table_md.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

char *md_escape(const char *text)
{
    char *escaped = NULL;
    size_t length;
    FILE *out = open_memstream(&escaped, &length);
    if (!out)
        return NULL;
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            fputc(' ', out);
        else if (strchr("\\|*`<&", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
    const int failed = ferror(out);
    if (fclose(out) || failed) {
        free(escaped);
        return NULL;
    }
    return escaped;
}

static void write_title(FILE *out, const struct table *table)
{
    fputs("# Accuracy on", out);
    for (size_t c = 0; c < table->n_columns; c++) {
        const bool is_last = c + 1 == table->n_columns;
        fprintf(out, "%s %s%s",
                c == 0    ? ""
                : is_last ? " and"
                          : ",",
                table->columns[c].dataset->name,
                table->columns[c].is_synthetic ? " (synthetic data)" : "");
    }
    fputs("\n\n", out);
}

/* One property of a record as text. */
typedef void property(char text[static 256], const struct record *record);

static void host_of(char text[static 256], const struct record *record)
{
    snprintf(text, 256, "%s", record->host);
}

static void version_of(char text[static 256], const struct record *record)
{
    snprintf(text, 256, "%s", record->version);
}

static void seed_of(char text[static 256], const struct record *record)
{
    snprintf(text, 256, "%" PRIu64, record->seed);
}

static void threads_of(char text[static 256], const struct record *record)
{
    snprintf(text, 256, "%d", record->threads);
}

static bool is_seen(const struct results_dataset *dataset, size_t n_rows, const char *text,
                    property *of)
{
    char other[256];
    for (size_t i = 0; i < n_rows; i++) {
        of(other, dataset->rows[i].record);
        if (strcmp(other, text) == 0)
            return true;
    }
    return false;
}

/* The distinct values of a property over the rows; nothing where all are empty. */
static void write_distinct(FILE *out, const struct results_dataset *dataset, const char *what,
                           property *of)
{
    enum { SHOWN_MAX = 4 };
    size_t n_values = 0;
    for (size_t i = 0; i < dataset->n_rows; i++) {
        char text[256];
        of(text, dataset->rows[i].record);
        if (!*text || is_seen(dataset, i, text, of))
            continue;
        n_values++;
        if (n_values > SHOWN_MAX)
            continue;
        char *escaped = md_escape(text);
        fprintf(out, "%s %s", n_values == 1 ? what : " /", escaped ? escaped : "?");
        free(escaped);
    }
    if (n_values > SHOWN_MAX)
        fprintf(out, " and %zu more", n_values - SHOWN_MAX);
}

static void write_repeats(FILE *out, const struct results_dataset *dataset)
{
    size_t least = RECORD_REPEATS_MAX, most = 0;
    for (size_t i = 0; i < dataset->n_rows; i++) {
        const struct record *record = dataset->rows[i].record;
        if (record->status != RECORD_OK)
            continue;
        least = record->n_repeats < least ? record->n_repeats : least;
        most = record->n_repeats > most ? record->n_repeats : most;
    }
    if (most == 0)
        return;
    if (least == most)
        fprintf(out, "; %zu repeat%s", most, most == 1 ? "" : "s");
    else
        fprintf(out, "; %zu to %zu repeats", least, most);
}

static void write_counts(FILE *out, const struct results_dataset *dataset)
{
    size_t counts[RECORD_FAILED + 1] = {0};
    static const char *const words[] = {"ok",      "rejected", "timeout", "out of memory",
                                        "crashed", "failed"};
    const char *separator = "; rows in its journal: ";
    for (size_t i = 0; i < dataset->n_rows; i++)
        counts[dataset->rows[i].record->status]++;
    for (int status = RECORD_OK; status <= RECORD_FAILED; status++)
        if (counts[status] > 0) {
            fprintf(out, "%s%zu %s", separator, counts[status], words[status]);
            separator = ", ";
        }
}

void md_write_heading(FILE *out, const struct table *table)
{
    write_title(out, table);
    for (size_t c = 0; c < table->n_columns; c++) {
        const struct table_column *column = &table->columns[c];
        fprintf(out, "- %s%s: ", column->dataset->name,
                column->is_synthetic ? " (synthetic data)" : "");
        if (column->n_train == 0) {
            fputs("the journal is empty\n", out);
            continue;
        }
        fprintf(out, "%zu training and %zu test rows", column->n_train, column->n_test);
        write_repeats(out, column->dataset);
        write_distinct(out, column->dataset, "; seed", seed_of);
        write_distinct(out, column->dataset, "; threads a cell", threads_of);
        write_distinct(out, column->dataset, "; host", host_of);
        write_distinct(out, column->dataset, "; version", version_of);
        write_counts(out, column->dataset);
        fputs("\n", out);
    }
    fputs("\n", out);
}

/* Does any cell that is shown with its accuracy satisfy this? */
static bool any_cell(const struct table *table, bool (*is_such)(const struct record *record))
{
    for (size_t i = 0; i < table->n_rows; i++)
        for (size_t c = 0; c < table->n_columns; c++) {
            const struct table_cell *cell = &table->rows[i].cells[c];
            if (table_has_accuracy(cell) && is_such(cell->record))
                return true;
        }
    return false;
}

static bool is_repeated(const struct record *record)
{
    return record->n_repeats > 1;
}

static void write_column_notes(FILE *out, const struct table_column *column)
{
    const char *name = column->dataset->name;
    if (column->has_published && strcmp(name, "fashion") == 0)
        fputs("- The published column of fashion was measured before 31 August 2017. On that day "
              "duplicates, some of them between training and test images, were removed from "
              "Fashion-MNIST: on the data of today differences up to about 0.02 are expected, and "
              "0.06 for GaussianNB.\n",
              out);
    if (column->other_size)
        fprintf(out,
                "- %s: this run used %zu training and %zu test rows. The published accuracies are "
                "for %d and %d and are left out.\n",
                name, column->n_train, column->n_test, REFERENCE_PUBLISHED_N_TRAIN,
                REFERENCE_PUBLISHED_N_TEST);
    if (column->dataset->n_superseded > 0)
        fprintf(
            out,
            "- %s: records not shown because the journal has a later one of the same row: %zu.\n",
            name, column->dataset->n_superseded);
    if (column->dataset->journal.torn_bytes > 0)
        fprintf(out, "- %s: the last line of the journal is torn and left out.\n", name);
}

int md_write_notes(FILE *out, const struct table *table, const struct md_reasons *reasons)
{
    bool has_published = false;
    fputs("\nSeconds are medians over the repeats, for the cell alone.\n\n", out);
    if (any_cell(table, is_repeated))
        fputs("- ±: twice the population standard deviation over the repeats.\n", out);
    if (any_cell(table, table_is_stopped))
        fputs("- " TABLE_STOPPED_MARK
              ": stopped by the iteration limit, in one repeat at least, before it converged.\n",
              out);
    for (size_t c = 0; c < table->n_columns; c++)
        has_published = has_published || table->columns[c].has_published;
    if (has_published)
        fputs("- published: the means of 5 repeats that the paper of 2017 prints; difference: ours "
              "less the published.\n",
              out);
    for (size_t c = 0; c < table->n_columns; c++)
        write_column_notes(out, &table->columns[c]);
    for (size_t i = 0; i < reasons->n_reasons; i++) {
        char *reason = md_escape(reasons->reasons[i]);
        if (!reason)
            return -1;
        fprintf(out, "- (%zu): %s\n", i + 1, reason);
        free(reason);
    }
    return 0;
}
