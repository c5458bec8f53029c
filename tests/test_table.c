#include "report/table.h"
#include "report_folder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char PUBLISHED[] = "{\"name\": \"SVC\", \"parameter\": {\"C\": 1.0}, \"status\": "
                                "\"published\", \"fashion\": 0.879, "
                                "\"mnist\": 0.966, \"glyphs-easy\": 0.1}\n";

/* The folder's table with PUBLISHED as reference; to free. */
static enum status make_table(const char *folder, struct table_request request, char **text,
                              struct error *error)
{
    char path[FOLDER_BYTES + 32];
    size_t length;
    snprintf(path, sizeof path, "%s/published.txt", folder);
    request.results.directory = folder;
    request.reference = path;
    FILE *out = open_memstream(text, &length);
    const enum status status = table_write(out, &request, error);
    fclose(out);
    return status;
}

/* The table of all the datasets in Markdown. */
static char *markdown(const char *folder)
{
    struct error error = {0};
    char *text;
    const struct table_request request = {.format = TABLE_MARKDOWN};
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_OK, "%s", error.message);
    return text;
}

static void folder_with_published(char folder[static FOLDER_BYTES])
{
    folder_create(folder);
    folder_append(folder, "published.txt", PUBLISHED);
}

static void add(const char *folder, const char *dataset, const char *name, const char *parameter,
                double score)
{
    struct record record;
    folder_record_init(&record, name, parameter, score);
    strcpy(record.dataset, dataset);
    folder_add(folder, &record);
}

static void add_unfinished(const char *folder, const char *parameter, enum record_status status,
                           const char *reason)
{
    struct record record;
    folder_record_init(&record, "SVC", parameter, 0);
    record.n_repeats = 0;
    record.status = status;
    strcpy(record.reason, reason);
    folder_add(folder, &record);
}

static void assert_has(const char *text, const char *part)
{
    cr_assert_not_null(strstr(text, part), "no '%s' in\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    cr_assert_null(strstr(text, part), "'%s' in\n%s", part, text);
}

/* Each of the parts, ended by NULL, after the one before it. */
static void assert_in_order(const char *text, const char *const *parts)
{
    for (const char *from = text; *parts; parts++) {
        const char *found = strstr(from, *parts);
        cr_assert_not_null(found, "no '%s' in its place in\n%s", *parts, text);
        from = found + 1;
    }
}

Test(table, markdown_is_golden, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct record record;
    folder_with_published(folder);
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.87);
    record.n_repeats = 3;
    record.repeats[1] = record.repeats[2] = record.repeats[0];
    record.repeats[1].score = 0.89;
    record.repeats[2].score = 0.91;
    record.repeats[1].fit_s = 123.4;
    record.repeats[2].fit_s = 20.55;
    record.repeats[1].converged = 0;
    folder_add(folder, &record);
    add_unfinished(folder, "{\"C\": 10}", RECORD_TIMEOUT, "stopped after 5 s | limit");
    add(folder, "mnist", "SVC", "{\"C\": 1}", 0.966);
    add(folder, "mnist", "GaussianNB", "{}", 0.5);
    char *text = markdown(folder);
    cr_assert_str_eq(
        text,
        "# Accuracy on fashion and mnist\n"
        "\n"
        "- fashion: 60000 training and 10000 test rows; 3 repeats; seed 0; threads a cell 1; host "
        "box; version 1.0; rows in its journal: 1 ok, 1 timeout\n"
        "- mnist: 60000 training and 10000 test rows; 1 repeat; seed 0; threads a cell 1; host "
        "box; version 1.0; rows in its journal: 2 ok\n"
        "\n"
        "| Classifier | Parameter |          fashion | published | difference | fit s | predict s "
        "|   mnist | published | difference | fit s | predict s |\n"
        "|------------|-----------|-----------------:|----------:|-----------:|------:|----------:"
        "|--------:|----------:|-----------:|------:|----------:|\n"
        "| SVC        | C=1       | 0.8900 ± 0.0327† |     0.879 |    +0.0110 |  20.6 |     0.500 "
        "|  0.9660 |     0.966 |    +0.0000 |  2.00 |     0.500 |\n"
        "| SVC        | C=10      |      timeout (1) |           |            |       |           "
        "| not run |           |            |       |           |\n"
        "| GaussianNB | defaults  |          not run |           |            |       |           "
        "|  0.5000 |           |            |  2.00 |     0.500 |\n"
        "\n"
        "Seconds are medians over the repeats, for the cell alone.\n"
        "\n"
        "- ±: twice the population standard deviation over the repeats.\n"
        "- †: stopped by the iteration limit, in one repeat at least, before it converged.\n"
        "- published: the means of 5 repeats that the paper of 2017 prints; difference: ours less "
        "the published.\n"
        "- The published column of fashion was measured before 31 August 2017. On that day "
        "duplicates, some of them between training and test images, were removed from "
        "Fashion-MNIST: on the data of today differences up to about 0.02 are expected, and 0.06 "
        "for GaussianNB.\n"
        "- fashion: the results folder lacks the true test labels, which intervals and groups "
        "need; the same run again adds them and trains nothing.\n"
        "- mnist: the results folder lacks the true test labels, which intervals and groups need; "
        "the same run again adds them and trains nothing.\n"
        "- (1): stopped after 5 s \\| limit\n");
    free(text);
    folder_remove(folder);
}

Test(table, rows_and_classifiers_fall_by_accuracy_on_the_first_dataset, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    folder_with_published(folder);
    add(folder, "fashion", "SVC", "{\"C\": 1}", 0.7);
    add(folder, "fashion", "Perceptron", "{\"C\": 2}", 0.8);
    add(folder, "fashion", "SVC", "{\"C\": 3}", 0.9);
    add(folder, "fashion", "GaussianNB", "{\"C\": 4}", 0.8);
    add_unfinished(folder, "{\"C\": 5}", RECORD_FAILED, "");
    add(folder, "mnist", "SVC", "{\"C\": 1}", 0.6);
    add(folder, "mnist", "SVC", "{\"C\": 3}", 0.5);
    add(folder, "mnist", "Perceptron", "{\"C\": 2}", 0.7);
    text = markdown(folder);
    /* C=2 and C=4 tie: by name */
    assert_in_order(text, (const char *const[]){"C=3", "C=1", "C=5", "C=4", "C=2", NULL});
    free(text);
    const char *const datasets[] = {"mnist", "fashion"};
    struct table_request request = {.results = {.datasets = datasets, .n_datasets = 2}};
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_OK, "%s", error.message);
    assert_in_order(text, (const char *const[]){"# Accuracy on mnist and fashion", "C=2", "C=1",
                                                "C=3", "C=5", "C=4", NULL});
    free(text);
    request.results.n_datasets = 1;
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_OK, "%s", error.message);
    assert_lacks(text, "fashion");
    assert_lacks(text, "C=4");
    free(text);
    folder_remove(folder);
}

Test(table, planned_rows_fill_the_gaps_and_break_ties, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    folder_with_published(folder);
    add(folder, "fashion", "SVC", "{\"C\": 1.0}", 0.7);
    add(folder, "fashion", "SVC", "{\"C\": 2.0}", 0.7);
    add(folder, "fashion", "Extra", "{\"C\": 9.0}", 0.1);
    static const char *const parameters[] = {"{\"C\": 2}", "{\"C\": 1}", "{\"C\": 3}", "{\"C\": 4}",
                                             "{\"C\": 5}"};
    static const char *const names[] = {"SVC", "SVC", "SVC", "SVC", "Later"};
    static const char *const words[] = {"not run", "not run", "rejected: no such kernel", "not run",
                                        "not chosen"};
    struct table_planned planned[5];
    for (size_t i = 0; i < 5; i++)
        planned[i] = (struct table_planned){
            .name = names[i], .parameter = json_loads(parameters[i], 0, NULL), .word = words[i]};
    const struct table_request request = {.planned = planned, .n_planned = 5};
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_OK, "%s", error.message);
    assert_in_order(text,
                    (const char *const[]){"| C=2", "0.7000", "| C=1", "0.7000", "| C=3",
                                          "rejected (1) |", "| C=4", "not run", "| C=9", "0.1000",
                                          "| C=5", "not chosen |", "- (1): no such kernel", NULL});
    for (size_t i = 0; i < 5; i++)
        json_decref((json_t *)(uintptr_t)planned[i].parameter);
    free(text);
    folder_remove(folder);
}

Test(table, status_words_stand_where_there_is_no_number, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    static const char *const words[] = {"rejected", "timeout", "out of memory", "crashed",
                                        "failed"};
    folder_with_published(folder);
    for (int status = RECORD_REJECTED; status <= RECORD_FAILED; status++) {
        char parameter[32];
        snprintf(parameter, sizeof parameter, "{\"C\": %d}", status);
        add_unfinished(folder, parameter, (enum record_status)status, status % 2 ? "a" : "b");
    }
    char *text = markdown(folder);
    for (int i = 0; i < 5; i++) {
        char cell[64];
        snprintf(cell, sizeof cell, " %s (%d) |", words[i], i % 2 + 1);
        assert_has(text, cell);
    }
    assert_has(text, "- (1): a\n- (2): b\n");
    assert_lacks(text, "†");
    assert_lacks(text, "±");
    free(text);
    folder_remove(folder);
}

/* A repeat that finished before the limit is no result of the row. */
Test(table, timeout_shows_no_number, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct record record;
    folder_with_published(folder);
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.8765);
    record.status = RECORD_TIMEOUT;
    folder_add(folder, &record);
    char *text = markdown(folder);
    assert_has(text, "| timeout |");
    assert_lacks(text, "0.8765");
    free(text);
    folder_remove(folder);
}

Test(table, published_columns_only_for_the_published_size, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct record record;
    folder_with_published(folder);
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.8);
    record.n_train = 6000;
    folder_add(folder, &record);
    char *text = markdown(folder);
    assert_has(text, "- fashion: this run used 6000 training and 10000 test rows. The published "
                     "accuracies are for 60000 and 10000 and are left out.\n");
    assert_lacks(text, "0.879");
    assert_lacks(text, "difference");
    assert_lacks(text, "31 August 2017");
    free(text);
    folder_remove(folder);
}

Test(table, synthetic_data_says_so_and_has_no_published_columns, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    folder_with_published(folder);
    add(folder, "glyphs-easy", "SVC", "{\"C\": 1}", 0.8);
    char *text = markdown(folder);
    assert_has(text, "# Accuracy on glyphs-easy (synthetic data)\n");
    assert_lacks(text, "published");
    assert_lacks(text, "0.100");
    free(text);
    folder_remove(folder);
}

Test(table, last_record_of_a_row_counts, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct record record;
    folder_with_published(folder);
    add(folder, "fashion", "SVC", "{\"C\": 1}", 0.1);
    folder_record_init(&record, "SVC", "{\"C\": 1.0}", 0.2);
    record.seed = 7;
    folder_add(folder, &record);
    folder_append(folder, "fashion.jsonl", "{\"torn");
    char *text = markdown(folder);
    assert_has(text, "|  0.2000 |");
    assert_lacks(text, "0.1000");
    assert_has(text, "seed 7;");
    assert_has(text, "- fashion: records not shown because the journal has a later one of the same "
                     "row: 1.\n");
    assert_has(text, "- fashion: the last line of the journal is torn and left out.\n");
    free(text);
    folder_remove(folder);
}

Test(table, refuses_to_mix, .timeout = 10)
{
    static const char *const messages[] = {
        "fashion.jsonl:2: n_train 6000 and n_test 10000, but 60000 and 10000 in line 1",
        "fashion.jsonl:2: n_train 60000 and n_test 500, but 60000 and 10000 in line 1",
        "fashion.jsonl:2: dataset hash ee, but cd in line 1",
    };
    for (size_t i = 0; i < 3; i++) {
        char folder[FOLDER_BYTES], *text;
        struct record record;
        struct error error = {0};
        folder_with_published(folder);
        add(folder, "fashion", "SVC", "{\"C\": 1}", 0.1);
        folder_record_init(&record, "SVC", "{\"C\": 1}", 0.2);
        record.n_train = i == 0 ? 6000 : 60000;
        record.n_test = i == 1 ? 500 : 10000;
        strcpy(record.dataset_hash, i == 2 ? "ee" : "cd");
        folder_add(folder, &record);
        const struct table_request request = {.format = TABLE_MARKDOWN};
        cr_assert_eq(make_table(folder, request, &text, &error), STATUS_DATA);
        assert_has(error.message, messages[i]);
        cr_assert_str_eq(text, "");
        free(text);
        folder_remove(folder);
    }
}

Test(table, refuses_a_record_of_another_dataset_and_a_missing_journal, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    struct record record;
    struct error error = {0};
    struct table_request request = {.format = TABLE_MARKDOWN};
    folder_with_published(folder);
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_DATA);
    assert_has(error.message, "no journal");
    free(text);
    const char *const datasets[] = {"mnist"};
    request.results = (struct results_request){.datasets = datasets, .n_datasets = 1};
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_DATA);
    assert_has(error.message, "/mnist.jsonl");
    free(text);
    folder_record_init(&record, "SVC", "{}", 0.2);
    char *line = record_to_line(&record);
    folder_append(folder, "mnist.jsonl", line);
    folder_append(folder, "mnist.jsonl", "\n");
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_DATA);
    assert_has(error.message, "mnist.jsonl:1: a record of dataset fashion, not of mnist");
    free(text);
    free(line);
    record_destroy(&record);
    folder_remove(folder);
}

Test(table, csv_is_golden, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    const struct table_request request = {.format = TABLE_CSV};
    folder_with_published(folder);
    add(folder, "fashion", "SVC", "{\"C\": 1}", 0.75);
    add_unfinished(folder, "{\"C\": 2}", RECORD_OUT_OF_MEMORY, "limit, \"hard\"");
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_OK, "%s", error.message);
    cr_assert_str_eq(
        text,
        "classifier,parameter,dataset,synthetic,beyond_2017,status,reason,n_repeats,accuracy,std,"
        "interval_low,interval_high,sd_training,sd_test,rank,rank_low,rank_high,tie_group,"
        "published,difference,fit_s,predict_s,peak_rss_bytes,n_iter,converged,n_train,"
        "n_test,seed,threads,host,version\n"
        "SVC,\"{\"\"C\"\":1}\",fashion,false,false,ok,,1,0.75,,,,,,,,,,0.879,-0.129,2.0,0.5,,,,"
        "60000,10000,0,1,box,1.0\n"
        "SVC,\"{\"\"C\"\":2}\",fashion,false,false,out of memory,\"limit, "
        "\"\"hard\"\"\",,,,,,,,,,,,,,,,,,,60000,10000,0,1,box,1.0\n");
    free(text);
    folder_remove(folder);
}

/* In each format, on the row alone that is such. */
Test(table, rows_beyond_2017_are_marked, .timeout = 10)
{
    static const struct {
        enum table_format format;
        const char *marked, *unmarked, *note;
    } cases[] = {
        {TABLE_MARKDOWN, "| C=2 ‡ ", "| C=1 ", "- ‡: not in the 2017 table"},
        {TABLE_TEX, "C=2 \\textdaggerdbl{}", "C=1 ", "\\item \\textdaggerdbl{}: not in the 2017"},
        {TABLE_HTML, ">C=2 ‡<", ">C=1<", "<li>‡: not in the 2017 table"},
        {TABLE_CSV, "\"{\"\"C\"\":2}\",fashion,false,true,", "1}\",fashion,false,false,", ""},
        {TABLE_JSON, "{\"beyond_2017\":true,\"classifier\":\"SVC\",\"label\":\"C=2\"",
         "{\"beyond_2017\":false,", ""},
    };
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    json_t *beyond = json_pack("{s:i}", "C", 2);
    const struct table_planned planned = {
        .name = "SVC", .parameter = beyond, .word = "rejected: why", .is_beyond_2017 = true};
    folder_with_published(folder);
    add(folder, "fashion", "SVC", "{\"C\": 1}", 0.75);
    add(folder, "fashion", "SVC", "{\"C\": 2}", 0.5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct table_request request = {
            .format = cases[i].format, .planned = &planned, .n_planned = 1};
        cr_assert_eq(make_table(folder, request, &text, &error), STATUS_OK, "%s", error.message);
        assert_has(text, cases[i].marked);
        assert_has(text, cases[i].unmarked);
        assert_has(text, cases[i].note);
        free(text);
    }
    json_decref(beyond);
    folder_remove(folder);
}

Test(table, json_has_what_exists, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    const struct table_request request = {.format = TABLE_JSON};
    folder_with_published(folder);
    add(folder, "fashion", "SVC", "{\"C\": 1}", 0.75);
    add_unfinished(folder, "{\"C\": 2}", RECORD_OUT_OF_MEMORY, "limit");
    cr_assert_eq(make_table(folder, request, &text, &error), STATUS_OK, "%s", error.message);
    json_t *all = json_loads(text, 0, NULL);
    const char *name, *status, *reason;
    json_t *first, *second;
    double accuracy, published;
    cr_assert_eq(json_unpack(all, "{s:[{s:s}], s:[{s:[o]}, {s:[o]}], s:[]}", "datasets", "name",
                             &name, "rows", "results", &first, "results", &second, "comparisons"),
                 0);
    cr_assert_str_eq(name, "fashion");
    cr_assert_eq(json_unpack(first, "{s:f, s:f}", "accuracy", &accuracy, "published", &published),
                 0);
    cr_assert_eq(accuracy, 0.75);
    cr_assert_eq(published, 0.879);
    cr_assert_null(json_object_get(first, "std"));
    cr_assert_null(json_object_get(first, "interval"), "there are no predictions");
    cr_assert_eq(json_unpack(second, "{s:s, s:s}", "status", &status, "reason", &reason), 0);
    cr_assert_str_eq(status, "out of memory");
    cr_assert_str_eq(reason, "limit");
    cr_assert_null(json_object_get(second, "accuracy"));
    json_decref(all);
    free(text);
    folder_remove(folder);
}

/* What each language takes for a command. */
Test(table, markups_show_texts_as_they_are, .timeout = 10)
{
    static const struct {
        enum table_format format;
        const char *expected;
    } cases[] = {
        {TABLE_MARKDOWN, "- (1): a\\<b> \\& c_d 5% #1 \\| {e}\n"},
        {TABLE_HTML, "<li>(1): a&lt;b&gt; &amp; c_d 5% #1 | {e}</li>\n"},
        {TABLE_TEX, "\\item (1): a\\textless{}b\\textgreater{} \\& c\\_d 5\\% \\#1 "
                    "\\textbar{} \\{e\\}\n"},
    };
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    folder_with_published(folder);
    add(folder, "fashion", "SVC", "{\"C\": 1}", 0.75);
    add_unfinished(folder, "{\"C\": 2}", RECORD_FAILED, "a<b> & c_d 5% #1 | {e}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct table_request request = {.format = cases[i].format};
        cr_assert_eq(make_table(folder, request, &text, &error), STATUS_OK, "%s", error.message);
        assert_has(text, cases[i].expected);
        free(text);
    }
    folder_remove(folder);
}

Test(table, format_words, .timeout = 10)
{
    enum table_format format;
    struct error error = {0};
    cr_assert_eq(table_format_find(&format, "json", &error), STATUS_OK);
    cr_assert_eq(format, TABLE_JSON);
    cr_assert_eq(table_format_find(&format, "md", &error), STATUS_OK);
    cr_assert_eq(format, TABLE_MARKDOWN);
    cr_assert_eq(table_format_find(&format, "tex", &error), STATUS_OK);
    cr_assert_eq(format, TABLE_TEX);
    cr_assert_eq(table_format_find(&format, "html", &error), STATUS_OK);
    cr_assert_eq(format, TABLE_HTML);
    cr_assert_eq(table_format_find(&format, "pdf", &error), STATUS_USAGE);
    assert_has(error.message, "'pdf'");
}
