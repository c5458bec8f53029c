/* One row for reading: what is in it, how wide it is, and which rows there are. */
#include "report/field.h"
#include "report/show.h"
#include "report_folder.h"
#include "runner/show_rows.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct show_parameter parameters[] = {{"C", "10", true}, {"kernel", "rbf", false}};

/* What the row of this record looks like. The record is destroyed. */
static char *shown(struct record *record, double published)
{
    struct results_dataset dataset = {.name = record->dataset};
    struct table_column column = {.dataset = &dataset};
    struct table_cell cell = {.record = record, .published = published};
    char label[] = "C=10";
    struct table_row row = {.name = record->name, .label = label, .word = "", .cells = &cell};
    const struct table table = {.n_columns = 1, .n_rows = 1, .columns = &column, .rows = &row};
    const struct show_request request = {
        .table = &table, .parameters = parameters, .n_parameters = 2};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    cr_assert_eq(show_write(out, &request), 0);
    fclose(out);
    record_destroy(record);
    return text;
}

static void expect_part(const char *text, const char *part)
{
    cr_assert_not_null(strstr(text, part), "'%s' is not in:\n%s", part, text);
}

static void expect_narrow(const char *text)
{
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        cr_assert_leq(end - text, FIELD_COLUMNS, "%.*s", (int)(end - text), text);
        cr_assert(end == text || end[-1] != ' ', "trailing space: %.*s", (int)(end - text), text);
    }
}

static void add_measure(struct record *record, size_t repeat, const char *name, double value)
{
    struct record_repeat *r = &record->repeats[repeat];
    snprintf(r->measures[r->n_measures].name, sizeof r->measures->name, "%s", name);
    r->measures[r->n_measures++].value = value;
}

static struct record two_repeats(void)
{
    struct record record;
    folder_record_init(&record, "SVC", "{\"C\": 10}", 0.5);
    record.n_repeats = 2;
    record.repeats[0].n_iter = 7;
    record.repeats[0].converged = 1;
    record.repeats[1] = (struct record_repeat){
        .score = 0.75, .fit_s = 1, .predict_s = 0.25, .cpu_s = 1.5, .n_iter = 9, .converged = 0};
    record.peak_rss_bytes = 3 << 20;
    record.seed = 9007199254740991;
    record.start_time = 1795634721;
    record.done_time = 1795634966;
    record.n_features = 784;
    record.n_classes = 10;
    strcpy(record.solver, "SMO");
    add_measure(&record, 1, "kernel_bytes", 1536);
    add_measure(&record, 0, "dual_gap", 5.0620381e-05);
    add_measure(&record, 1, "dual_gap", 2.5e12);
    return record;
}

Test(show, everything_of_a_record_is_there, .timeout = 10)
{
    struct record record = two_repeats();
    memset(record.cell, 'a', 64);
    char *text = shown(&record, 0.6);
    expect_narrow(text);
    cr_assert_str_eq(
        text, "SVC C=10\n"
              "\n"
              "parameters\n"
              "  C       10 (given)\n"
              "  kernel  rbf (default)\n"
              "\n"
              "fashion\n"
              "  status        ok\n"
              "  accuracy      0.6250, the mean of 2 repeats; twice their standard deviation "
              "is\n"
              "                0.2500\n"
              "  published     0.6000; this is +0.0250\n"
              "  repeat  accuracy  fit s  predict s    cpu s  n_iter  converged\n"
              "       1    0.5000   2.00      0.500  0.0e+00       7        yes\n"
              "       2    0.7500   1.00      0.250     1.50       9         no\n"
              "    mean    0.6250   1.50      0.375    0.750       -          -\n"
              "  dual_gap              5.062e-05, 2.5e+12\n"
              "  kernel_bytes          -, 1.5 KiB\n"
              "  solver        SMO\n"
              "  peak memory   3.0 MiB\n"
              "  threads       1\n"
              "  seed          9007199254740991\n"
              "  started       2026-11-25 19:25:21 UTC\n"
              "  done          2026-11-25 19:29:26 UTC\n"
              "  host          box\n"
              "  version       1.0\n"
              "  data          60000 training and 10000 test rows of 784 features, 10 "
              "classes\n"
              "  data hash     cd\n"
              "  cell          "
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
    free(text);
}

Test(show, what_did_not_end_well_has_its_reason, .timeout = 10)
{
    struct record record;
    folder_record_init(&record, "SVC", "{}", 0);
    record.status = RECORD_OUT_OF_MEMORY;
    record.n_repeats = 0;
    strcpy(record.reason, "a\033[31m long\nreason");
    char *text = shown(&record, NAN);
    expect_part(text, "  status        out of memory\n"
                      "  reason        a?[31m long?reason\n"
                      "  published     none\n"
                      "  threads ");
    cr_assert_null(strstr(text, "accuracy"), "there is none");
    free(text);
}

Test(show, long_texts_stay_within_80_columns, .timeout = 10)
{
    struct record record = two_repeats();
    record.n_repeats = RECORD_REPEATS_MAX;
    for (size_t r = 2; r < RECORD_REPEATS_MAX; r++)
        record.repeats[r] = record.repeats[1];
    for (size_t i = 0; i + 12 < sizeof record.reason; i += 11)
        strcat(record.reason, "word words ");
    strcpy(record.predictions,
           "predictions/fashion/GradientBoostingClassifier-c4cdc70820e1316c.idx2-ubyte.gz");
    char *text = shown(&record, 0.5);
    expect_narrow(text);
    expect_part(text, "\n  predictions\n  predictions/fashion/GradientBoosting");
    free(text);
}

Test(show, numbers_bytes_and_times_are_readable, .timeout = 10)
{
    char text[FIELD_TEXT_BYTES];
    static const double numbers[] = {0, 17569, -1669593.0562, 1857997700784, 5.0620381e-05};
    static const char *const texts[] = {"0", "17569", "-1669593.1", "1.858e+12", "5.062e-05"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        field_number(text, numbers[i]);
        cr_assert_str_eq(text, texts[i]);
    }
    field_bytes(text, 1023);
    cr_assert_str_eq(text, "1023 bytes");
    field_bytes(text, 0x1.8p40);
    cr_assert_str_eq(text, "1.5 TiB");
    field_time(text, 0);
    cr_assert_str_eq(text, "1970-01-01 00:00:00 UTC");
}

struct made {
    struct results results;
    struct table table;
    struct grid grid;
    struct show_rows rows;
};

/* A folder with a row of ours, one of a peer, and one of a command with parameters of its own. */
static void make_rows(struct made *made, const char *folder)
{
    struct record record;
    folder_record_init(&record, "SVC", "{\"C\": 10}", 0.5);
    folder_add(folder, &record);
    folder_record_init(&record, "SVC.other", "{\"C\": 100}", 0.4);
    strcpy(record.peer_of, "SVC");
    folder_add(folder, &record);
    folder_record_init(&record, "mine", "{\"depth\": [1, 2]}", 0.3);
    folder_add(folder, &record);
    *made = (struct made){.grid = {.n_points = 0}};
    const struct results_request request = {.directory = folder};
    const struct table_sources sources = {.results = &made->results};
    cr_assert_eq(results_read(&made->results, &request, NULL), STATUS_OK);
    cr_assert_eq(table_build(&made->table, &sources, NULL), STATUS_OK);
    cr_assert_eq(show_rows_create(&made->rows, &made->table, &made->grid, NULL), STATUS_OK);
}

static void destroy_rows(struct made *made)
{
    show_rows_destroy(&made->rows);
    table_destroy(&made->table);
    results_destroy(&made->results);
}

/* The names of the rows that the pattern selects. */
static void expect_selected(const struct made *made, const char *pattern, const char *expected)
{
    char names[200] = "";
    const struct option_list patterns = {.n = 1, .items = {pattern}};
    for (size_t i = 0; i < made->rows.points.n_points; i++) {
        bool is_selected;
        cr_assert_eq(point_selected(&made->rows.points.points[i], &patterns, &is_selected, NULL),
                     STATUS_OK);
        if (is_selected)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s ",
                     made->table.rows[i].name);
    }
    cr_assert_str_eq(names, expected, "%s: %s", pattern, names);
}

Test(show, patterns_select_rows_of_records, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct made made;
    struct error error;
    folder_create(folder);
    make_rows(&made, folder);
    expect_selected(&made, "SVC*", "SVC SVC.other ");
    expect_selected(&made, "SVC*:C=1e2", "SVC.other ");
    expect_selected(&made, "*:kernel=rbf", "SVC SVC.other "); /* a default */
    expect_selected(&made, "mine:depth=(1,2)", "mine ");
    const struct option_list dead = {.n = 1, .items = {"SVC.othr"}};
    cr_assert_eq(selection_check(&made.rows.points, folder, &dead, &error), STATUS_USAGE);
    expect_part(error.message, "did you mean 'SVC.other'?");
    destroy_rows(&made);
    folder_remove(folder);
}

Test(show, parameters_are_given_or_default, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct made made;
    struct shown_parameters parameters_of;
    size_t n_given = 0;
    folder_create(folder);
    make_rows(&made, folder);
    cr_assert_eq(shown_parameters_create(&parameters_of, &made.rows.points.points[0], NULL),
                 STATUS_OK);
    cr_assert_eq(parameters_of.n, parameter_count(classifier_find("SVC")->parameters));
    for (size_t i = 0; i < parameters_of.n; i++)
        n_given += parameters_of.items[i].is_given;
    cr_assert_eq(n_given, 1);
    cr_assert_str_eq(parameters_of.items[0].name, "C");
    cr_assert_str_eq(parameters_of.items[0].value, "10");
    shown_parameters_destroy(&parameters_of);
    cr_assert_eq(shown_parameters_create(&parameters_of, &made.rows.points.points[2], NULL),
                 STATUS_OK);
    cr_assert_eq(parameters_of.n, 1);
    cr_assert_str_eq(parameters_of.items[0].value, "(1,2)");
    cr_assert(parameters_of.items[0].is_given);
    shown_parameters_destroy(&parameters_of);
    destroy_rows(&made);
    folder_remove(folder);
}
