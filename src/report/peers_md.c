/* The comparison in Markdown: for each folder the means of the families, then the rows. */
#include "report/finish.h"
#include "report/markup.h"
#include "report/peers.h"
#include "report/reasons.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_FAMILY_COLUMNS = 6, N_FAMILY_LEFT = 3, N_ROW_COLUMNS = 10, N_ROW_LEFT = 3 };

struct section {
    FILE *out;
    const struct peers *peers;
    size_t folder;
    struct reasons reasons;
};

/* SVC.libsvm is libsvm where the classifier is named beside it. */
static const char *short_name(const struct peers_row *row)
{
    const size_t length = strlen(row->family);
    const bool is_long = strncmp(row->peer, row->family, length) == 0 && row->peer[length] == '.';
    return row->peer + (is_long ? length + 1 : 0);
}

static void set_ratio(struct text_grid *grid, size_t row, size_t column, const char *mark,
                      double ratio)
{
    const int digits = ratio >= 100 ? 0 : ratio >= 10 ? 1 : 2;
    text_grid_set(grid, row, column, "%s%.*f", mark, digits, ratio);
}

static bool is_shown(const struct section *section, const struct peers_row *row)
{
    return row->folder == section->folder && !row->is_absent;
}

/* The first row of its family, peer and dataset stands for all of them. */
static bool is_first(const struct section *section, size_t i)
{
    const struct peers_row *row = &section->peers->rows[i];
    for (size_t j = 0; j < i; j++) {
        const struct peers_row *earlier = &section->peers->rows[j];
        if (is_shown(section, earlier) && strcmp(earlier->dataset, row->dataset) == 0 &&
            strcmp(earlier->peer, row->peer) == 0)
            return false;
    }
    return true;
}

static int write_families(const struct section *section)
{
    static const char *const head[N_FAMILY_COLUMNS] = {"Classifier", "peer",   "dataset",
                                                       "rows",       "bounds", "geometric mean"};
    const struct peers *peers = section->peers;
    struct text_grid grid;
    size_t n = 0;
    int failed = text_grid_create(&grid, peers->n_rows + 1, N_FAMILY_COLUMNS, N_FAMILY_LEFT);
    for (size_t c = 0; c < N_FAMILY_COLUMNS && !failed; c++)
        text_grid_set(&grid, 0, c, "%s", head[c]);
    for (size_t i = 0; i < peers->n_rows && !failed; i++) {
        const struct peers_row *row = &peers->rows[i];
        if (!is_shown(section, row) || !is_first(section, i))
            continue;
        const struct peers_family family = peers_family_of(peers, row);
        n++;
        text_grid_set(&grid, n, 0, "%s", row->family);
        text_grid_set(&grid, n, 1, "%s", short_name(row));
        text_grid_set(&grid, n, 2, "%s", row->dataset);
        text_grid_set(&grid, n, 3, "%zu", family.n_rows);
        text_grid_set(&grid, n, 4, "%zu", family.n_bounds);
        if (family.n_rows)
            set_ratio(&grid, n, 5, family.n_bounds ? "≥ " : "", family.mean);
    }
    if (!failed) {
        grid.n_rows = n + 1;
        failed = text_grid_write(section->out, &grid);
    }
    text_grid_destroy(&grid);
    return failed;
}

/* Median seconds, or how it ended. */
static void set_side(struct section *section, struct text_grid *grid, size_t at, size_t column,
                     const struct peers_side *side)
{
    if (side->n_ok) {
        text_grid_set(grid, at, column, "%.4f", side->accuracy);
        text_grid_set_seconds(grid, at, column + 2, side->median_s);
    } else if (side->bound_s > 0) {
        text_grid_set(grid, at, column + 2, "> %.0f", side->bound_s);
    } else if (side->n_records) {
        const struct record *last = side->records[side->n_records - 1];
        text_grid_set(grid, at, column + 2, "%s (%zu)", record_status_name(last->status),
                      reasons_number(&section->reasons, last->reason));
    } else {
        text_grid_set(grid, at, column + 2, "not run");
    }
}

static void fill_row(struct section *section, struct text_grid *grid, size_t at,
                     const struct peers_row *row)
{
    enum {
        FAMILY,
        PARAMETER,
        PEER,
        ACCURACY,
        ACCURACY_THEIRS,
        SECONDS,
        SECONDS_THEIRS,
        RATIO,
        INTERVAL,
        ROUNDS
    };
    text_grid_set(grid, at, FAMILY, "%s", row->family);
    text_grid_set(grid, at, PARAMETER, "%s", row->label);
    text_grid_set(grid, at, PEER, "%s", short_name(row));
    set_side(section, grid, at, ACCURACY, &row->ours);
    set_side(section, grid, at, ACCURACY_THEIRS, &row->theirs);
    if (row->kind != PEERS_NO_RATIO)
        set_ratio(grid, at, RATIO,
                  row->kind == PEERS_AT_LEAST  ? "≥ "
                  : row->kind == PEERS_AT_MOST ? "≤ "
                                               : "",
                  row->ratio);
    if (row->kind == PEERS_MEASURED && !isnan(row->low)) {
        const int digits = row->high >= 100 ? 0 : row->high >= 10 ? 1 : 2;
        text_grid_set(grid, at, INTERVAL, "%.*f to %.*f", digits, row->low, digits, row->high);
    }
    if (row->theirs.n_timeouts + row->ours.n_timeouts == 0 || row->kind != PEERS_MEASURED)
        text_grid_set(grid, at, ROUNDS, "%zu", row->n_pairs);
    else
        text_grid_set(grid, at, ROUNDS, "%zu, %zu more over the limit", row->n_pairs,
                      row->theirs.n_timeouts + row->ours.n_timeouts);
}

static int write_rows(struct section *section, const char *dataset)
{
    static const char *const head[N_ROW_COLUMNS] = {
        "Classifier", "Parameter", "peer",  "accuracy", "theirs",
        "s",          "theirs s",  "ratio", "interval", "rounds"};
    const struct peers *peers = section->peers;
    struct text_grid grid;
    size_t n = 0;
    int failed = text_grid_create(&grid, peers->n_rows + 1, N_ROW_COLUMNS, N_ROW_LEFT);
    for (size_t c = 0; c < N_ROW_COLUMNS && !failed; c++)
        text_grid_set(&grid, 0, c, "%s", head[c]);
    for (size_t i = 0; i < peers->n_rows && !failed; i++)
        if (is_shown(section, &peers->rows[i]) && strcmp(peers->rows[i].dataset, dataset) == 0)
            fill_row(section, &grid, ++n, &peers->rows[i]);
    if (!failed && n) {
        grid.n_rows = n + 1;
        fprintf(section->out, "\n### %s\n\n", dataset);
        failed = text_grid_write(section->out, &grid);
    }
    text_grid_destroy(&grid);
    return failed;
}

static int write_reasons(const struct section *section)
{
    for (size_t i = 0; i < section->reasons.n; i++) {
        char *reason = md_escape(section->reasons.texts[i]);
        if (!reason)
            return -1;
        fprintf(section->out, "%s- (%zu): %s\n", i ? "" : "\n", i + 1, reason);
        free(reason);
    }
    return 0;
}

/* The heading takes its counts from any row: a folder is of one size. */
static int write_section(struct section *section, const struct results *results)
{
    const struct peers *peers = section->peers;
    size_t first = 0;
    while (first < peers->n_rows && !is_shown(section, &peers->rows[first]))
        first++;
    if (first == peers->n_rows)
        return 0;
    section->reasons.texts = calloc(2 * peers->n_rows + 1, sizeof *section->reasons.texts);
    if (!section->reasons.texts)
        return -1;
    fprintf(section->out, "\n## %zu training rows, %zu test rows\n\n", peers->rows[first].n_train,
            peers->rows[first].n_test);
    int failed = write_families(section);
    for (size_t d = 0; d < results->n_datasets && !failed; d++)
        failed = write_rows(section, results->datasets[d].name);
    if (!failed)
        failed = write_reasons(section);
    free(section->reasons.texts);
    return failed;
}

/* Each peer that is not installed, once. */
static int write_absent(FILE *out, const struct peers *peers)
{
    size_t n = 0;
    for (size_t i = 0; i < peers->n_rows; i++) {
        const struct peers_row *row = &peers->rows[i];
        bool is_said = !row->is_absent;
        for (size_t j = 0; j < i && !is_said; j++)
            is_said = peers->rows[j].is_absent && strcmp(peers->rows[j].peer, row->peer) == 0;
        if (is_said)
            continue;
        char *reason = md_escape(row->theirs.records[0]->reason);
        if (!reason)
            return -1;
        fprintf(out, "%s- %s: %s\n", n++ ? "" : "\n## Absent\n\n", row->peer, reason);
        free(reason);
    }
    return 0;
}

/* The distinct texts of one kind over all records that are compared. */
static int write_distinct(FILE *out, const struct peers *peers, const char *what,
                          const char *(*of)(const struct record *))
{
    const char *separator = what;
    json_t *seen = json_object();
    int failed = !seen;
    for (size_t i = 0; i < peers->n_rows && !failed; i++) {
        const struct peers_side *const sides[] = {&peers->rows[i].ours, &peers->rows[i].theirs};
        for (size_t s = 0; s < 2 && !failed; s++)
            for (size_t r = 0; r < sides[s]->n_records && !failed; r++) {
                const char *text = of(sides[s]->records[r]);
                if (!*text || json_object_get(seen, text))
                    continue;
                char *escaped = md_escape(text);
                failed = !escaped || json_object_set_new(seen, text, json_true());
                fprintf(out, "%s%s", separator, escaped ? escaped : "");
                separator = ", ";
                free(escaped);
            }
    }
    json_decref(seen);
    return failed;
}

static const char *implementation_of(const struct record *record)
{
    return record->implementation;
}

static const char *version_of(const struct record *record)
{
    return record->version;
}

static const char *host_of(const struct record *record)
{
    return record->host;
}

static void write_threads(FILE *out, const struct peers *peers)
{
    int least = 0, most = 0;
    for (size_t i = 0; i < peers->n_rows; i++) {
        const int threads = peers->rows[i].theirs.records[0]->threads;
        least = least && least < threads ? least : threads;
        most = most > threads ? most : threads;
    }
    if (least == most)
        fprintf(out, "; threads of each: %d", most);
    else
        fprintf(out, "; threads of each: %d to %d", least, most);
}

static int write_heading(FILE *out, const struct peers *peers)
{
    size_t most = 0;
    fputs("# Beside other implementations\n\n", out);
    int failed = write_distinct(out, peers, "fmbench ", version_of) |
                 write_distinct(out, peers, " beside ", implementation_of) |
                 write_distinct(out, peers, "; host ", host_of);
    write_threads(out, peers);
    for (size_t i = 0; i < peers->n_rows; i++)
        most = peers->rows[i].n_pairs > most ? peers->rows[i].n_pairs : most;
    fputs(
        ".\n\nThe cells of a row ran one after the other, ours and theirs in turn, each round with "
        "another seed and order of the training rows. Seconds are those of fit and predict "
        "together, without reading and standardising the data: the median over the rounds that "
        "both sides ended; an accuracy is the mean. The ratio is that of the medians, theirs by "
        "ours: above 1 ours is faster. ",
        out);
    if (most >= 2)
        fprintf(out,
                "Its interval is made of the ratios of the single rounds; of %zu rounds it holds "
                "the median ratio with a probability of %.1f %%. ",
                most, 100 * peers_interval_coverage(most));
    fputs("A side that exceeded its time limit gives a bound, in whole seconds from the start of "
          "its process; the geometric mean counts lower bounds as they stand and leaves upper ones "
          "out.\n",
          out);
    return failed;
}

static enum status write_all(FILE *out, const struct peers *peers, const struct results *folders,
                             size_t n_folders, struct error *error)
{
    int failed = write_heading(out, peers);
    for (size_t f = 0; f < n_folders && !failed; f++) {
        struct section section = {.out = out, .peers = peers, .folder = f};
        failed = write_section(&section, &folders[f]);
    }
    if (!failed)
        failed = write_absent(out, peers);
    if (failed)
        return error_memory(error, "the comparison", 0);
    return report_finish(out, "the comparison", error);
}

enum status peers_write(FILE *out, const struct results_folders_request *request,
                        struct error *error)
{
    struct peers peers = {.n_rows = 0};
    struct results_folders folders;
    enum status status = results_folders_read(&folders, request, error);
    if (!status)
        status = peers_build(&peers, folders.items, folders.n, error);
    if (!status && peers.n_rows == 0)
        status =
            error_set(error, STATUS_DATA,
                      "no record of a peer in %s%s; run a grid with external classifiers that "
                      "are peers first",
                      request->directories[0], request->n_directories > 1 ? " and others" : "");
    if (!status)
        status = write_all(out, &peers, folders.items, folders.n, error);
    peers_destroy(&peers);
    results_folders_destroy(&folders);
    return status;
}
