#include "report/json_text.h"
#include "report/record.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two repeats, every field set, numbers that need 17 digits. */
static void fill(struct record *record)
{
    record_init(record);
    strcpy(record->cell, "0123456789abcdef");
    strcpy(record->name, "LinearSVC");
    record->parameter = json_pack("{s:f, s:s, s:[i,i], s:n, s:b}", "C", 10.0, "loss", "hinge",
                                  "hidden_layer_sizes", 100, 10, "max_depth", "dual", 1);
    record->command = json_pack("[s,s]", "./program", "--fast");
    strcpy(record->peer_of, "LinearSVC");
    strcpy(record->implementation, "LIBLINEAR 2.3.0");
    record->status = RECORD_TIMEOUT;
    strcpy(record->reason, "stopped after 600 s: \"limit\"\n\xc3\xa9");
    strcpy(record->dataset, "fashion");
    strcpy(record->dataset_hash, "ffee");
    strcpy(record->solver, "dual coordinate descent");
    strcpy(record->predictions, "predictions/fashion/0123.gz");
    strcpy(record->host, "box");
    strcpy(record->version, "1.0");
    record->n_train = 60000;
    record->n_test = 10000;
    record->n_features = 784;
    record->n_classes = 10;
    record->n_repeats = 2;
    record->repeats[0] = (struct record_repeat){.score = 0.1 + 0.2,
                                                .fit_s = 1.0 / 3,
                                                .predict_s = 5e-324,
                                                .cpu_s = 1e300,
                                                .n_iter = 12,
                                                .converged = 0,
                                                .n_measures = 2,
                                                .measures = {{"a", 0.1}, {"dual_gap", -2.5e-7}}};
    record->repeats[1] = (struct record_repeat){
        .score = 1, .n_iter = -1, .converged = -1, .n_measures = 1, .measures = {{"dual_gap", 3}}};
    record->start_time = 1503000000123;
    record->done_time = 1503000004130;
    record->peak_rss_bytes = INT64_C(1) << 40;
    record->needed_bytes = INT64_C(1) << 41;
    record->mapped_bytes = INT64_C(1) << 33;
    record->threads = 2;
    record->seed = UINT64_MAX;
    record->environment = (struct record_environment){.commit = "b60fe6c7b164b125",
                                                      .source = "b723b38bc6dec162",
                                                      .compiler = "gcc 12.2.0",
                                                      .flags = "-O3 -DNAME=\"x\"",
                                                      .blas = "OpenBLAS 0.3.21",
                                                      .blas_kernel = "SkylakeX",
                                                      .simd = "avx512",
                                                      .processor = "AMD EPYC",
                                                      .is_modified = 0,
                                                      .cores = 2,
                                                      .jobs = 1,
                                                      .repeats = 10,
                                                      .memory_limit_bytes = INT64_C(1) << 40,
                                                      .timeout_s = 0.1};
}

static void assert_same_environment(const struct record_environment *a,
                                    const struct record_environment *b)
{
    cr_assert_str_eq(a->commit, b->commit);
    cr_assert_str_eq(a->source, b->source);
    cr_assert_str_eq(a->compiler, b->compiler);
    cr_assert_str_eq(a->flags, b->flags);
    cr_assert_str_eq(a->blas, b->blas);
    cr_assert_str_eq(a->blas_kernel, b->blas_kernel);
    cr_assert_str_eq(a->simd, b->simd);
    cr_assert_str_eq(a->processor, b->processor);
    cr_assert_eq(a->is_modified, b->is_modified);
    cr_assert_eq(a->cores, b->cores);
    cr_assert_eq(a->jobs, b->jobs);
    cr_assert_eq(a->repeats, b->repeats);
    cr_assert_eq(a->memory_limit_bytes, b->memory_limit_bytes);
    cr_assert(a->timeout_s == b->timeout_s);
}

static void assert_same_repeat(const struct record_repeat *a, const struct record_repeat *b)
{
    cr_assert(a->score == b->score && a->fit_s == b->fit_s && a->predict_s == b->predict_s &&
              a->cpu_s == b->cpu_s);
    cr_assert_eq(a->n_iter, b->n_iter);
    cr_assert_eq(a->converged, b->converged);
    cr_assert_eq(a->n_measures, b->n_measures);
    for (size_t m = 0; m < a->n_measures; m++) {
        cr_assert_str_eq(a->measures[m].name, b->measures[m].name);
        cr_assert(a->measures[m].value == b->measures[m].value);
    }
}

static void assert_same(const struct record *a, const struct record *b)
{
    cr_assert_str_eq(a->cell, b->cell);
    cr_assert_str_eq(a->name, b->name);
    cr_assert(json_equal(a->parameter, b->parameter));
    cr_assert(a->command ? json_equal(a->command, b->command) : !b->command);
    cr_assert_str_eq(a->peer_of, b->peer_of);
    cr_assert_str_eq(a->implementation, b->implementation);
    cr_assert_eq(a->status, b->status);
    cr_assert_str_eq(a->reason, b->reason);
    cr_assert_str_eq(a->dataset, b->dataset);
    cr_assert_str_eq(a->dataset_hash, b->dataset_hash);
    cr_assert_str_eq(a->solver, b->solver);
    cr_assert_str_eq(a->predictions, b->predictions);
    cr_assert_str_eq(a->host, b->host);
    cr_assert_str_eq(a->version, b->version);
    cr_assert_eq(a->n_train, b->n_train);
    cr_assert_eq(a->n_test, b->n_test);
    cr_assert_eq(a->n_features, b->n_features);
    cr_assert_eq(a->n_classes, b->n_classes);
    cr_assert_eq(a->start_time, b->start_time);
    cr_assert_eq(a->done_time, b->done_time);
    cr_assert_eq(a->peak_rss_bytes, b->peak_rss_bytes);
    cr_assert_eq(a->needed_bytes, b->needed_bytes);
    cr_assert_eq(a->mapped_bytes, b->mapped_bytes);
    cr_assert_eq(a->threads, b->threads);
    cr_assert_eq(a->seed, b->seed);
    assert_same_environment(&a->environment, &b->environment);
    cr_assert_eq(a->n_repeats, b->n_repeats);
    for (size_t r = 0; r < a->n_repeats; r++)
        assert_same_repeat(&a->repeats[r], &b->repeats[r]);
}

static void assert_round_trip(const struct record *record)
{
    struct error error = {0};
    struct record back;
    char *line = record_to_line(record);
    cr_assert_not_null(line);
    cr_assert_eq(record_from_line(&back, line, strlen(line), &error), STATUS_OK, "%s",
                 error.message);
    assert_same(record, &back);
    char *again = record_to_line(&back);
    cr_assert_str_eq(line, again);
    free(line);
    free(again);
    record_destroy(&back);
}

Test(record, round_trip_loses_nothing, .timeout = 10)
{
    struct record record;
    fill(&record);
    assert_round_trip(&record);
    record.n_repeats = 0;
    assert_round_trip(&record);
    record.peak_rss_bytes = record.needed_bytes = record.mapped_bytes = -1;
    record.seed = INT64_MAX;
    record.reason[0] = record.solver[0] = record.predictions[0] = '\0';
    record.host[0] = record.version[0] = '\0';
    record.peer_of[0] = record.implementation[0] = '\0';
    json_decref(record.command);
    record.command = NULL;
    record_environment_init(&record.environment);
    assert_round_trip(&record);
    record_destroy(&record);
}

/* Readers that hold numbers as doubles, jq say, get every digit. */
Test(record, a_seed_beyond_doubles_is_text, .timeout = 10)
{
    struct record record;
    fill(&record);
    record.seed = (UINT64_C(1) << 53) - 1;
    char *line = record_to_line(&record);
    cr_assert_not_null(strstr(line, "\"seed\":9007199254740991,"), "%s", line);
    free(line);
    assert_round_trip(&record);
    record.seed = (UINT64_C(1) << 53) + 1;
    line = record_to_line(&record);
    cr_assert_not_null(strstr(line, "\"seed\":\"9007199254740993\","), "%s", line);
    free(line);
    assert_round_trip(&record);
    record_destroy(&record);
}

Test(record, line_is_golden, .timeout = 10)
{
    struct record record;
    record_init(&record);
    strcpy(record.cell, "ab");
    strcpy(record.name, "SVC");
    record.parameter = json_pack("{s:s, s:f}", "kernel", "rbf", "C", 10.0);
    strcpy(record.dataset, "fashion");
    strcpy(record.dataset_hash, "cd");
    record.n_train = 60000;
    record.n_test = 10000;
    record.n_repeats = 2;
    record.repeats[0].score = 0.8;
    record.repeats[1].score = 0.9;
    record.repeats[0].fit_s = 0.1;
    record.repeats[1].converged = 1;
    record.start_time = 1000;
    record.done_time = 2001;
    record.threads = 1;
    char *line = record_to_line(&record);
    cr_assert_str_eq(line,
                     "{\"cell\":\"ab\",\"converged\":[null,true],\"cpu_s\":[0.0,0.0],"
                     "\"dataset\":{\"hash\":\"cd\",\"name\":\"fashion\"},\"done_time\":2001,"
                     "\"fit_s\":[0.1,0.0],\"mean_accuracy\":0.8500000000000001,\"n_test\":10000,"
                     "\"n_train\":60000,\"name\":\"SVC\",\"num_repeat\":2,"
                     "\"parameter\":{\"C\":10.0,\"kernel\":\"rbf\"},\"predict_s\":[0.0,0.0],"
                     "\"score\":[0.8,0.9],\"seed\":0,\"start_time\":1000,\"status\":\"ok\","
                     "\"std_accuracy\":0.09999999999999998,\"threads\":1,\"time_per_repeat\":500}");
    free(line);
    record_destroy(&record);
}

Test(record, deviation_is_twice_the_population_one, .timeout = 10)
{
    struct record record;
    record_init(&record);
    record.n_repeats = 4;
    const double scores[4] = {0.2, 0.4, 0.6, 0.8};
    for (size_t r = 0; r < 4; r++)
        record.repeats[r].score = scores[r];
    cr_assert_float_eq(record_mean_accuracy(&record), 0.5, 1e-15);
    cr_assert_float_eq(record_std_accuracy(&record), 2 * sqrt(0.05), 1e-15);
}

/* What has no JSON leaves the line readable: bytes that are not UTF-8, an infinite measure. */
Test(record, odd_content_stays_readable, .timeout = 10)
{
    struct record record, back;
    struct error error = {0};
    fill(&record);
    strcpy(record.reason, "caf\xc3"); /* cut inside a character */
    record.repeats[0].measures[0].value = HUGE_VAL;
    char *line = record_to_line(&record);
    cr_assert_eq(record_from_line(&back, line, strlen(line), &error), STATUS_OK, "%s",
                 error.message);
    cr_assert_str_eq(back.reason, "caf?");
    cr_assert_eq(back.repeats[0].n_measures, 1);
    cr_assert_str_eq(back.repeats[0].measures[0].name, "dual_gap");
    free(line);
    record_destroy(&record);
    record_destroy(&back);
}

Test(record, status_words, .timeout = 10)
{
    static const char *const words[] = {"ok",      "rejected", "timeout", "out_of_memory",
                                        "crashed", "failed"};
    for (int status = RECORD_OK; status <= RECORD_FAILED; status++)
        cr_assert_str_eq(record_status_name((enum record_status)status), words[status]);
}

/* The good line with `key` (of the object `inside` if not NULL) replaced; NULL removes it. */
static char *changed_line(const char *inside, const char *key, const char *json)
{
    struct record record;
    fill(&record);
    char *good = record_to_line(&record);
    json_t *line = json_loads(good, 0, NULL);
    json_t *object = inside ? json_object_get(line, inside) : line;
    if (json)
        json_object_set_new(object, key, json_loads(json, JSON_DECODE_ANY, NULL));
    else
        json_object_del(object, key);
    char *text = json_text(line);
    json_decref(line);
    free(good);
    record_destroy(&record);
    return text;
}

static enum status read_and_release(const char *line, size_t length, struct error *error)
{
    struct record record;
    const enum status status = record_from_line(&record, line, length, error);
    if (status == STATUS_OK)
        record_destroy(&record);
    return status;
}

static void assert_refused(const char *line, size_t length, const char *message)
{
    struct error error = {0};
    cr_assert_eq(read_and_release(line, length, &error), STATUS_DATA, "accepted: %s", line);
    cr_assert_not_null(strstr(error.message, message), "'%s' does not say '%s'", error.message,
                       message);
    cr_assert_eq(read_and_release(line, length, NULL), STATUS_DATA);
}

Test(record, each_required_key_is_missed, .timeout = 10)
{
    static const char *const keys[] = {
        "cell",   "name",      "parameter", "status",       "dataset",       "n_train",
        "n_test", "seed",      "threads",   "start_time",   "done_time",     "num_repeat",
        "fit_s",  "predict_s", "cpu_s",     "std_accuracy", "mean_accuracy", "time_per_repeat"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *line = changed_line(NULL, keys[i], NULL);
        char message[64];
        snprintf(message, sizeof message, "%s: is missing", keys[i]);
        assert_refused(line, strlen(line), message);
        free(line);
    }
    char *line = changed_line("dataset", "hash", NULL);
    assert_refused(line, strlen(line), "dataset.hash: is missing");
    free(line);
}

Test(record, optional_keys_may_be_absent_and_unknown_ones_there, .timeout = 10)
{
    static const char *const keys[] = {
        "command",      "peer_of",        "implementation", "reason",    "solver",
        "predictions",  "host",           "version",        "n_iter",    "converged",
        "measures",     "peak_rss_bytes", "n_features",     "n_classes", "environment",
        "needed_bytes", "mapped_bytes"};
    struct error error = {0};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *line = changed_line(NULL, keys[i], NULL);
        cr_assert_eq(read_and_release(line, strlen(line), &error), STATUS_OK, "%s", error.message);
        free(line);
    }
    static const char *const of_environment[] = {
        "commit",    "source",   "compiler", "flags", "blas",    "blas_kernel",        "simd",
        "processor", "modified", "cores",    "jobs",  "repeats", "memory_limit_bytes", "timeout_s"};
    for (size_t i = 0; i < sizeof of_environment / sizeof *of_environment; i++) {
        char *line = changed_line("environment", of_environment[i], NULL);
        cr_assert_eq(read_and_release(line, strlen(line), &error), STATUS_OK, "%s", error.message);
        free(line);
    }
    char *line = changed_line(NULL, "energy_j", "{\"a\": [1, {\"b\": null}]}");
    cr_assert_eq(read_and_release(line, strlen(line), &error), STATUS_OK, "%s", error.message);
    free(line);
}

Test(record, values_that_cannot_be_are_refused, .timeout = 20)
{
    static const struct {
        const char *inside, *key, *json, *message;
    } cases[] = {
        {NULL, "cell", "3", "cell: is a whole number; it must be a string"},
        {NULL, "cell", "\"xyz\"", "cell: 'xyz' is not hexadecimal"},
        {NULL, "cell", "\"0123456789012345678901234567890123456789012345678901234567890123456\"",
         "cell: has 67 bytes; at most 64"},
        {NULL, "name", "\"\"", "name: is empty"},
        {NULL, "name", "null", "name: is null"},
        {NULL, "parameter", "[]", "parameter: is a list; it must be an object"},
        {NULL, "parameter", "{\"C\": {\"a\": 1}}", "parameter.C: "},
        {NULL, "parameter", "{\"C\": [1, [2]]}", "parameter.C: "},
        {NULL, "command", "\"./program\"", "command: is a string; it must be a list"},
        {NULL, "command", "[]", "command: is empty"},
        {NULL, "command", "[\"a\", 1]", "command[1]: is a whole number"},
        {NULL, "peer_of", "1", "peer_of: is a whole number"},
        {NULL, "status", "\"great\"", "status: 'great' is unknown"},
        {NULL, "dataset", "\"fashion\"", "dataset: is a string"},
        {"dataset", "name", "true", "dataset.name: is true or false"},
        {"dataset", "hash", "\"FF\"", "dataset.hash: 'FF'"},
        {NULL, "n_train", "0", "n_train: 0 is outside 1.."},
        {NULL, "n_train", "60000.0", "n_train: is a real number"},
        {NULL, "n_test", "-5", "n_test: -5 is outside"},
        {NULL, "n_features", "0", "n_features: 0 is outside"},
        {NULL, "threads", "9999999999", "threads: 9999999999 is outside"},
        {NULL, "seed", "-1", "seed: -1 is outside"},
        {NULL, "seed", "\"18446744073709551616\"", "seed: "},
        {NULL, "seed", "\"007\"", "seed: '007'"},
        {NULL, "start_time", "-1", "start_time: -1"},
        {NULL, "peak_rss_bytes", "-1", "peak_rss_bytes: -1"},
        {NULL, "needed_bytes", "-1", "needed_bytes: -1"},
        {NULL, "num_repeat", "3", "num_repeat: 3 does not follow"},
        {NULL, "score", "0.5", "score: is a real number; it must be a list"},
        {NULL, "score", "[0.5, \"1\"]", "score[1]: is a string"},
        {NULL, "score", "[0.5, 1.5]", "score[1]: 1.5 is outside 0..1"},
        {NULL, "score", "[-0.5, 1]", "score[0]: -0.5 is outside"},
        {NULL, "fit_s", "[1]", "fit_s: has 1 values for 2 repeats"},
        {NULL, "fit_s", "[1, -1]", "fit_s[1]: -1 is outside"},
        {NULL, "cpu_s", "[null, 1]", "cpu_s[0]: is null"},
        {NULL, "n_iter", "[1, 2, 3]", "n_iter: has 3 values"},
        {NULL, "n_iter", "[1, 2.5]", "n_iter[1]: "},
        {NULL, "n_iter", "[-2, 2]", "n_iter[0]: "},
        {NULL, "converged", "[1, 0]", "converged[0]: "},
        {NULL, "measures", "[]", "measures: is a list"},
        {"measures", "dual_gap", "[1]", "measures.dual_gap: has 1 values"},
        {"measures", "dual_gap", "[1, \"a\"]", "measures.dual_gap[1]: is a string"},
        {"measures", "abcdefghijklmnopqrstuvwxyz0123456789", "[1, 2]", "the name has 36 bytes"},
        {NULL, "measures",
         "{\"a\":[], \"b\":[], \"c\":[], \"d\":[], \"e\":[], \"f\":[], \"g\":[], \"h\":[], "
         "\"i\":[], \"j\":[], \"k\":[], \"l\":[], \"m\":[], \"n\":[], \"o\":[], \"p\":[], "
         "\"q\":[]}",
         "measures: has 17 names; at most 16"},
        {NULL, "environment", "\"x86\"", "environment: is a string; it must be an object"},
        {"environment", "commit", "1", "environment.commit: is a whole number"},
        {"environment", "simd", "\"abcdefghijklmnop\"", "environment.simd: has 16 bytes"},
        {"environment", "modified", "\"yes\"", "environment.modified: is a string"},
        {"environment", "jobs", "-1", "environment.jobs: -1 is outside"},
        {"environment", "repeats", "1.5", "environment.repeats: is a real number"},
        {"environment", "timeout_s", "-0.5", "environment.timeout_s: "},
        {"environment", "timeout_s", "\"2\"", "environment.timeout_s: "},
        {NULL, "mean_accuracy", "0.9", "mean_accuracy: 0.9"},
        {NULL, "mean_accuracy", "\"0.65\"", "mean_accuracy: is a string"},
        {NULL, "std_accuracy", "0", "std_accuracy: 0 does not follow"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *line = changed_line(cases[i].inside, cases[i].key, cases[i].json);
        assert_refused(line, strlen(line), cases[i].message);
        free(line);
    }
}

Test(record, ok_needs_a_score_and_figures_need_one_too, .timeout = 10)
{
    struct record record;
    fill(&record);
    record.n_repeats = 0;
    record.status = RECORD_OK;
    char *line = record_to_line(&record);
    assert_refused(line, strlen(line), "score: a record with status ok");
    free(line);
    record_destroy(&record);
    line = changed_line(NULL, "score", NULL);
    assert_refused(line, strlen(line), "num_repeat: 2");
    free(line);
}

Test(record, too_many_repeats_are_refused, .timeout = 10)
{
    char scores[2 * RECORD_REPEATS_MAX + 8] = "[1";
    for (int r = 0; r < RECORD_REPEATS_MAX; r++)
        strcat(scores, ",1");
    strcat(scores, "]");
    char *line = changed_line(NULL, "score", scores);
    assert_refused(line, strlen(line), "score: has 65 values; at most 64");
    free(line);
}

Test(record, text_that_is_not_json_is_refused, .timeout = 20)
{
    struct record record;
    fill(&record);
    char *line = record_to_line(&record);
    const size_t length = strlen(line);
    for (size_t cut = 0; cut < length; cut++)
        assert_refused(line, cut, "not JSON");
    char *text = malloc(length + 64);
    const char *const ends[] = {"x", "{}", ",", "]"};
    for (size_t i = 0; i < 4; i++) {
        sprintf(text, "%s%s", line, ends[i]);
        assert_refused(text, strlen(text), "not JSON");
    }
    sprintf(text, "{\"name\":\"a\",%s", line + 1);
    assert_refused(text, strlen(text), "duplicate object key");
    memcpy(text, line, length + 1);
    char *name = strstr(text, "LinearSVC");
    *name = '\0';
    assert_refused(text, length, "not JSON");
    *name = (char)0xff;
    assert_refused(text, length, "not JSON");
    memcpy(name, "\\u0000abc", 9);
    assert_refused(text, length, "not JSON");
    free(text);
    free(line);
    record_destroy(&record);
}

Test(record, deep_nesting_and_huge_numbers_are_refused, .timeout = 20)
{
    enum { DEPTH = 100000 };
    char *deep = malloc(DEPTH + 1);
    memset(deep, '[', DEPTH);
    deep[DEPTH] = '\0';
    assert_refused(deep, DEPTH, "not JSON");
    free(deep);
    const char *const lines[] = {"{\"score\":[1e999]}", "{\"score\":[NaN]}",
                                 "{\"score\":[Infinity]}", "{\"n_train\":99999999999999999999}"};
    for (size_t i = 0; i < 4; i++)
        assert_refused(lines[i], strlen(lines[i]), "not JSON");
    assert_refused("[]", 2, "is a list; a record must be an object");
}

Test(json_text, numbers_have_the_fewest_digits_that_read_back, .timeout = 10)
{
    static const struct {
        double number;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {10, "10"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1e22, "1e+22"},
                 {1e-4, "0.0001"},
                 {5e-324, "4.94065645841247e-324"},
                 {-2.5, "-2.5"},
                 {1.0 / 3, "0.3333333333333333"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[NUMBER_TEXT_BYTES];
        number_text(text, cases[i].number);
        cr_assert_str_eq(text, cases[i].text);
    }
}
