/* The comparison of two results folders, for readers and for programs. */
#include "report/compare.h"
#include "report/finish.h"
#include "report/json_text.h"
#include "report/markup.h"

#include <math.h>
#include <string.h>

enum {
    CLASSIFIER,
    PARAMETER,
    ACCURACY_A,
    ACCURACY_B,
    DIFFERENCE,
    P,
    SECONDS_A,
    SECONDS_B,
    RATIO,
    P_TIME,
    VERDICT,
    N_COLUMNS
};

static const char *const head[N_COLUMNS] = {"Classifier", "Parameter", "A",      "B",
                                            "difference", "p",         "s A",    "s B",
                                            "s B/A",      "p of s",    "verdict"};

static const char *verdict_of(const struct compare_row *row)
{
    switch (row->fate) {
    case COMPARE_LOST:
        return "lost";
    case COMPARE_ADDED:
        return "added";
    case COMPARE_NEITHER:
        return "no accuracy";
    case COMPARE_BOTH:
        break;
    }
    if (row->differs)
        return row->is_slower ? "differs, slower" : row->is_faster ? "differs, faster" : "differs";
    return row->is_slower ? "slower" : row->is_faster ? "faster" : "";
}

/* The accuracy, or in a word why there is none. */
static void set_side(struct text_grid *grid, size_t at, size_t column, const struct record *record)
{
    if (!record)
        text_grid_set(grid, at, column, "no row");
    else if (record->status == RECORD_OK)
        text_grid_set(grid, at, column, "%.4f", record_mean_accuracy(record));
    else
        text_grid_set(grid, at, column, "%s", record_status_name(record->status));
}

static void set_probability(struct text_grid *grid, size_t at, size_t column, double p)
{
    if (!isnan(p))
        text_grid_set(grid, at, column, p < 0.001 ? "%.0e" : "%.3f", p);
}

static void fill_row(struct text_grid *grid, size_t at, const struct compare_row *row)
{
    text_grid_set(grid, at, CLASSIFIER, "%s", row->name);
    text_grid_set(grid, at, PARAMETER, "%s", row->label);
    set_side(grid, at, ACCURACY_A, row->sides[0]);
    set_side(grid, at, ACCURACY_B, row->sides[1]);
    text_grid_set(grid, at, VERDICT, "%s", verdict_of(row));
    if (row->fate != COMPARE_BOTH)
        return;
    text_grid_set(grid, at, DIFFERENCE, "%+.4f", row->difference + 0.0);
    set_probability(grid, at, P, row->p);
    text_grid_set_seconds(grid, at, SECONDS_A, row->seconds[0]);
    text_grid_set_seconds(grid, at, SECONDS_B, row->seconds[1]);
    text_grid_set(grid, at, RATIO, "%.2f", row->seconds[1] / row->seconds[0]);
    set_probability(grid, at, P_TIME, row->p_time);
}

/* The rows of the dataset that row `first` is of; *next is behind them. */
static int write_dataset(FILE *out, const struct markup *markup, const struct compare *compare,
                         size_t first, size_t *next)
{
    struct text_grid grid;
    size_t end = first;
    while (end < compare->n_rows &&
           strcmp(compare->rows[end].dataset, compare->rows[first].dataset) == 0)
        end++;
    *next = end;
    markup->paragraph(out, compare->rows[first].dataset);
    int failed = text_grid_create(&grid, end - first + 1, N_COLUMNS, ACCURACY_A);
    for (size_t c = 0; c < N_COLUMNS && !failed; c++)
        text_grid_set(&grid, 0, c, "%s", head[c]);
    for (size_t i = first; i < end && !failed; i++)
        fill_row(&grid, i - first + 1, &compare->rows[i]);
    if (!failed)
        failed = markup->grid(out, &grid);
    text_grid_destroy(&grid);
    return failed;
}

static int write_summary(FILE *out, const struct markup *markup, const struct compare *compare)
{
    const struct compare_counts *c = &compare->counts;
    const struct compare_options *o = &compare->options;
    markup->begin_list(out);
    int failed = markup_item(out, markup,
                             "%zu rows on both sides, %zu of them tested: %zu differ in accuracy, "
                             "%zu are slower, %zu faster; %zu lost, %zu added.",
                             c->n_both, c->n_tested, c->n_differ, c->n_slower, c->n_faster,
                             c->n_lost, c->n_added);
    failed |= markup_item(out, markup,
                          "p: of the accuracies, McNemar's exact test and, where both sides have "
                          "several repeats, Welch's test on them, the larger of the two; with "
                          "Holm's correction for all rows. Differs: p below %g and at least %g "
                          "apart.",
                          o->alpha, o->min_difference);
    if (c->n_tested)
        failed |= markup_item(out, markup,
                              "Before the correction p is below %g in %zu of %zu rows, %.1f %%: "
                              "where nothing changed but the seed, about %g %% or less are to be "
                              "expected with several repeats, and more with one.",
                              o->alpha, c->n_below, c->n_tested,
                              100 * (double)c->n_below / (double)c->n_tested, 100 * o->alpha);
    failed |= markup_item(out, markup,
                          "s: median seconds of fit and predict. Slower or faster: by a factor of "
                          "%g or more and by %g s or more, and Welch's test on the logarithms, "
                          "with Holm's correction, "
                          "below %g; with one repeat on a side there is no test.",
                          o->time_ratio, o->min_seconds, o->alpha);
    markup->end_list(out);
    return failed;
}

static int write_text(FILE *out, const struct markup *markup, const struct compare *compare,
                      const char *const directories[2])
{
    markup->begin(out, "Two results folders compared");
    markup->begin_list(out);
    int failed = markup_item(out, markup, "A: %s", directories[0]);
    failed |= markup_item(out, markup, "B: %s", directories[1]);
    markup->end_list(out);
    for (size_t i = 0; i < compare->n_rows && !failed;)
        failed = write_dataset(out, markup, compare, i, &i);
    if (!failed)
        failed = write_summary(out, markup, compare);
    markup->end(out);
    return failed;
}

static int set_real(json_t *object, const char *key, double value)
{
    return isnan(value) ? 0 : json_object_set_new(object, key, json_real(value));
}

static json_t *row_object(const struct compare_row *row)
{
    static const char *const fates[] = {"both", "lost", "added", "no accuracy"};
    const struct record *any = row->sides[0] ? row->sides[0] : row->sides[1];
    json_t *object = json_pack("{s:o, s:o, s:O, s:s}", "dataset", json_text_string(row->dataset),
                               "classifier", json_text_string(row->name), "parameter",
                               any->parameter, "fate", fates[row->fate]);
    if (object && row->fate == COMPARE_BOTH &&
        (json_object_set_new(object, "accuracies",
                             json_pack("[f, f]", record_mean_accuracy(row->sides[0]),
                                       record_mean_accuracy(row->sides[1]))) |
         json_object_set_new(object, "seconds",
                             json_pack("[f, f]", row->seconds[0], row->seconds[1])) |
         set_real(object, "difference", row->difference) |
         set_real(object, "p_models", row->p_models) | set_real(object, "p_seeds", row->p_seeds) |
         set_real(object, "p", row->p) | set_real(object, "p_time", row->p_time) |
         json_object_set_new(object, "differs", json_boolean(row->differs)) |
         json_object_set_new(object, "slower", json_boolean(row->is_slower)) |
         json_object_set_new(object, "faster", json_boolean(row->is_faster)))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* A line for each row. */
static int write_json(FILE *out, const struct compare *compare)
{
    int failed = 0;
    for (size_t i = 0; i < compare->n_rows && !failed; i++) {
        json_t *object = row_object(&compare->rows[i]);
        fputs(i ? ",\n" : "[\n", out);
        failed = !object || json_text_write(out, object);
        json_decref(object);
    }
    fputs(compare->n_rows ? "\n]\n" : "[]\n", out);
    return failed;
}

static enum status find_markup(const struct markup **found, const char *word, struct error *error)
{
    static const struct markup *const markups[] = {&markup_md, &markup_html, &markup_tex};
    *found = NULL;
    for (size_t i = 0; i < sizeof markups / sizeof *markups; i++)
        if (strcmp(markups[i]->word, word) == 0)
            *found = markups[i];
    if (*found || strcmp(word, "json") == 0)
        return STATUS_OK;
    return error_set(error, STATUS_USAGE, "unknown format '%s'; there are md, json, tex and html",
                     word);
}

enum status compare_write(FILE *out, const struct compare_request *request, bool *is_clean,
                          struct error *error)
{
    struct results_folders folders = {0};
    struct compare compare = {0};
    const struct markup *markup;
    enum status status = find_markup(&markup, request->format ? request->format : "md", error);
    if (!status)
        status = results_folders_read(
            &folders,
            &(struct results_folders_request){.directories = request->directories,
                                              .n_directories = 2,
                                              .datasets = request->datasets,
                                              .n_datasets = request->n_datasets,
                                              .one_program = request->one_program},
            error);
    if (!status)
        status =
            compare_build(&compare, folders.items, request->directories, &request->options, error);
    if (!status) {
        const int failed = markup ? write_text(out, markup, &compare, request->directories)
                                  : write_json(out, &compare);
        *is_clean = compare_is_clean(&compare);
        status = failed ? error_memory(error, "the comparison", 0)
                        : report_finish(out, "the comparison", error);
    }
    compare_destroy(&compare);
    results_folders_destroy(&folders);
    return status;
}
