#include "report/program.h"
#include "report/table_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
        fprintf(out, "%s %s", n_values == 1 ? what : " /", text);
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

/* Two of them may be of one version and differ. */
static void write_modified(FILE *out, const struct results_dataset *dataset)
{
    size_t n = 0;
    for (size_t i = 0; i < dataset->n_rows; i++)
        n += program_is_modified(dataset->rows[i].record);
    if (n > 0)
        fprintf(out, "; made by a modified program: %zu row%s", n, n == 1 ? "" : "s");
}

static void write_run(FILE *out, const struct table_column *column)
{
    fprintf(out, "%s%s: ", column->dataset->name, column->is_synthetic ? " (synthetic data)" : "");
    if (column->n_train == 0) {
        fputs("the journal is empty", out);
        return;
    }
    fprintf(out, "%zu training and %zu test rows", column->n_train, column->n_test);
    write_repeats(out, column->dataset);
    write_distinct(out, column->dataset, "; seed", seed_of);
    write_distinct(out, column->dataset, "; threads a cell", threads_of);
    write_distinct(out, column->dataset, "; host", host_of);
    write_distinct(out, column->dataset, "; version", version_of);
    write_modified(out, column->dataset);
    write_counts(out, column->dataset);
}

int table_write_runs(FILE *out, const struct markup *markup, const struct table *table)
{
    markup->begin_list(out);
    for (size_t c = 0; c < table->n_columns; c++) {
        char *text = NULL;
        size_t length;
        FILE *line = open_memstream(&text, &length);
        if (!line)
            return -1;
        write_run(line, &table->columns[c]);
        const int failed = fclose(line);
        if (!failed)
            markup->item(out, text);
        free(text);
        if (failed)
            return -1;
    }
    markup->end_list(out);
    return 0;
}

static void write_moves(FILE *out, const struct table *table, const struct agreement_between *b)
{
    enum { SHOWN = 5 };
    const char *separator = " Farthest move: ";
    for (size_t i = 0; i < b->n_rows && i < SHOWN; i++) {
        const struct rank_move *move = &b->moves[i];
        const struct table_row *row = &table->rows[move->row];
        if (move->ranks[0] == move->ranks[1])
            return;
        fprintf(out, "%s%s %s (rank %zu, then %zu)", separator, row->name, row->label,
                move->ranks[0], move->ranks[1]);
        separator = "; ";
    }
}

static void write_comparison(FILE *out, const struct table *table, const struct table_comparison *c)
{
    const struct agreement_between *b = &c->between;
    fprintf(out, "%s and %s, %zu rows: ", table->columns[c->first].dataset->name,
            table->columns[c->second].dataset->name, b->n_rows);
    fprintf(out,
            "rank correlation of Spearman %.3f (%.3f to %.3f), of Kendall %.3f (%.3f to %.3f); ",
            b->spearman.value, b->spearman.interval.low, b->spearman.interval.high,
            b->kendall.value, b->kendall.interval.low, b->kendall.interval.high);
    fprintf(out, "%.1f %% of the pairs of rows (%.1f to %.1f) change order.",
            100 * b->swapped.value, 100 * b->swapped.interval.low, 100 * b->swapped.interval.high);
    write_moves(out, table, b);
}

int table_write_comparisons(FILE *out, const struct markup *markup, const struct table *table)
{
    for (size_t i = 0; i < table->n_comparisons; i++) {
        char *text = NULL;
        size_t length;
        const struct table_comparison *c = &table->comparisons[i];
        if (c->between.n_rows < 2 || isnan(c->between.spearman.value))
            continue;
        FILE *line = open_memstream(&text, &length);
        if (!line)
            return -1;
        write_comparison(line, table, c);
        const int failed = fclose(line);
        if (!failed)
            markup->paragraph(out, text);
        free(text);
        if (failed)
            return -1;
    }
    return 0;
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

/* Rows with an accuracy whose predictions are gone. */
static size_t count_unknown(const struct table *table, size_t column)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_rows; i++)
        n += table_has_accuracy(&table->rows[i].cells[column]) && !table_standing(table, i, column);
    return n;
}

static int write_column_notes(FILE *out, const struct markup *markup, const struct table *table,
                              size_t c)
{
    const struct table_column *column = &table->columns[c];
    const char *name = column->dataset->name;
    const size_t n_unknown = count_unknown(table, c);
    int failed = 0;
    if (column->has_published && strcmp(name, "fashion") == 0)
        markup->item(out,
                     "The published column of fashion was measured before 31 August 2017. On that "
                     "day duplicates, some of them between training and test images, were removed "
                     "from Fashion-MNIST: on the data of today differences up to about 0.02 are "
                     "expected, and 0.06 for GaussianNB.");
    if (column->other_size)
        failed |= markup_item(out, markup,
                              "%s: this run used %zu training and %zu test rows. The published "
                              "accuracies are for %d and %d and are left out.",
                              name, column->n_train, column->n_test, REFERENCE_PUBLISHED_N_TRAIN,
                              REFERENCE_PUBLISHED_N_TEST);
    if (column->dataset->n_superseded > 0)
        failed |= markup_item(out, markup,
                              "%s: records not shown because the journal has a later one of the "
                              "same row: %zu.",
                              name, column->dataset->n_superseded);
    if (column->dataset->journal.torn_bytes > 0)
        failed |= markup_item(out, markup, "%s: the last line of the journal is torn and left out.",
                              name);
    if (column->n_train && !column->standings.outcomes.truth)
        failed |= markup_item(out, markup,
                              "%s: the results folder lacks the true test labels, which intervals "
                              "and groups need; the same run again adds them and trains nothing.",
                              name);
    else if (n_unknown)
        failed |= markup_item(out, markup,
                              "%s: rows without interval and group because their files of "
                              "predictions are gone: %zu.",
                              name, n_unknown);
    return failed;
}

static void write_standing_notes(FILE *out, const struct markup *markup)
{
    markup->item(out,
                 "95 % interval: of the accuracy, over the choice of the test images and, with "
                 "several repeats, over training.");
    markup->item(out, "group: rows of one group do not differ significantly from the best row of "
                      "it: exact McNemar tests of all pairs of rows at 0.05, with Holm's "
                      "correction. 1 is the group of the best row.");
    markup->item(out, "ranks: 95 % interval of the rank, over bootstrap samples of the test images "
                      "and of the repeats.");
}

static bool any_beyond_2017(const struct table *table)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (table->rows[i].is_beyond_2017)
            return true;
    return false;
}

static bool any_column(const struct table *table, bool (*is_such)(const struct table_column *))
{
    for (size_t c = 0; c < table->n_columns; c++)
        if (is_such(&table->columns[c]))
            return true;
    return false;
}

static bool has_published(const struct table_column *column)
{
    return column->has_published;
}

static bool has_standings(const struct table_column *column)
{
    return column->standings.n_known > 0;
}

int table_write_notes(FILE *out, const struct markup *markup, const struct table *table,
                      const struct reasons *reasons)
{
    int failed = 0;
    markup->paragraph(out, "Seconds are medians over the repeats, for the cell alone.");
    markup->begin_list(out);
    if (any_cell(table, is_repeated))
        markup->item(out, "±: twice the population standard deviation over the repeats.");
    if (any_column(table, has_standings))
        write_standing_notes(out, markup);
    if (any_cell(table, table_is_stopped))
        markup->item(out, TABLE_STOPPED_MARK
                     ": stopped by the iteration limit, in one repeat at least, before it "
                     "converged.");
    if (any_beyond_2017(table))
        markup->item(out, TABLE_BEYOND_MARK
                     ": not in the 2017 table, whose library rejected the combination or never "
                     "finished it.");
    if (any_column(table, has_published))
        markup->item(out, "published: the means of 5 repeats that the paper of 2017 prints; "
                          "difference: ours less the published.");
    for (size_t c = 0; c < table->n_columns; c++)
        failed |= write_column_notes(out, markup, table, c);
    for (size_t i = 0; i < reasons->n; i++)
        failed |= markup_item(out, markup, "(%zu): %s", i + 1, reasons->texts[i]);
    markup->end_list(out);
    return failed;
}
