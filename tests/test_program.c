#include "report/program.h"
#include "report/results.h"
#include "report_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct program base = {
    .version = "1.0", .source = "aa", .compiler = "gcc 12", .flags = "-O3"};

static void expect_difference(struct program other, const char *what)
{
    struct program_difference difference;
    cr_assert(program_differs(&base, &other, &difference), "%s", what);
    cr_assert_str_eq(difference.what, what);
    cr_assert(program_differs(&other, &base, &difference));
    cr_assert_str_eq(difference.what, what);
}

static void expect_same(struct program other)
{
    struct program_difference difference;
    cr_assert_not(program_differs(&base, &other, &difference), "%s", difference.what);
}

Test(program, is_told_by_source_compiler_and_flags, .timeout = 10)
{
    struct program other = base;
    expect_same(other);
    other.version = "1.1"; /* a commit that changes the README alone */
    expect_same(other);
    other.source = "bb";
    expect_difference(other, "version");
    other.version = base.version; /* two modified sources of one commit */
    expect_difference(other, "source");
    other = base;
    other.compiler = "gcc 13";
    expect_difference(other, "compiler");
    other = base;
    other.flags = "-O2";
    expect_difference(other, "flags");
}

/* Of journals of earlier versions. */
Test(program, without_a_source_is_told_by_its_version, .timeout = 10)
{
    struct program other = {.version = "1.0", .source = "", .compiler = "", .flags = ""};
    expect_same(other);
    other.version = "0.9";
    expect_difference(other, "version");
}

Test(program, modified_is_what_the_build_said_or_git, .timeout = 10)
{
    struct record record;
    record_init(&record);
    cr_assert_not(program_is_modified(&record));
    strcpy(record.version, "-dirty");
    cr_assert(program_is_modified(&record));
    strcpy(record.version, "abc-dirty2");
    cr_assert_not(program_is_modified(&record));
    record.environment.is_modified = 1;
    cr_assert(program_is_modified(&record));
    strcpy(record.version, "abc-dirty");
    record.environment.is_modified = 0; /* the README was modified */
    cr_assert_not(program_is_modified(&record));
}

static char folder[FOLDER_BYTES];

static void setup(void)
{
    folder_create(folder);
}

static void teardown(void)
{
    folder_remove(folder);
}

static void add(const char *dataset, const char *name, const char *source)
{
    struct record record;
    folder_record_init(&record, name, "{}", 0.5);
    strcpy(record.dataset, dataset);
    strcpy(record.environment.source, source);
    folder_add(folder, &record);
}

static enum status read_results(bool one_program, struct error *error)
{
    struct results results;
    const struct results_request request = {.directory = folder, .one_program = one_program};
    const enum status status = results_read(&results, &request, error);
    if (!status)
        results_destroy(&results);
    return status;
}

static void expect_refusal(const char *message)
{
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(read_results(true, &error), STATUS_DATA);
    cr_assert_not_null(strstr(error.message, message), "'%s' in: %s", message, error.message);
    cr_assert_not_null(strstr(error.message, "--mixed"), "%s", error.message);
    cr_assert_eq(read_results(false, &error), STATUS_OK, "%s", error.message);
}

Test(program, rows_of_two_are_refused_within_a_journal, .init = setup, .fini = teardown,
     .timeout = 10)
{
    add("fashion", "SVC", "aa");
    add("fashion", "LinearSVC", "aa");
    cr_assert_eq(read_results(true, NULL), STATUS_OK);
    add("fashion", "Perceptron", "bb");
    expect_refusal("fashion.jsonl:3: made by another program than line 1 of fashion.jsonl: source "
                   "'bb', there 'aa'");
}

Test(program, rows_of_two_are_refused_across_journals, .init = setup, .fini = teardown,
     .timeout = 10)
{
    add("fashion", "SVC", "aa");
    add("mnist", "SVC", "bb");
    expect_refusal("mnist.jsonl:1: made by another program than line 1 of fashion.jsonl");
}

/* What --force ran again is what counts. */
Test(program, superseded_rows_do_not_count, .init = setup, .fini = teardown, .timeout = 10)
{
    add("fashion", "SVC", "aa");
    add("fashion", "LinearSVC", "bb");
    expect_refusal("fashion.jsonl:2");
    add("fashion", "SVC", "bb");
    cr_assert_eq(read_results(true, NULL), STATUS_OK);
}
