#include "report/verify.h"
#include "report_folder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char REFERENCE[] =
    "{\"name\": \"SVC\", \"parameter\": {\"C\": 1}, \"fashion\": 0.5, \"mnist\": 0.5}\n"
    "{\"name\": \"SVC\", \"parameter\": {\"C\": 2}, \"fashion\": 0.5, \"mnist\": 0.5}\n"
    "{\"name\": \"LinearSVC\", \"parameter\": {\"C\": 10}, \"fashion\": 0.5}\n";

static enum status verify(const char *folder, char **text, struct verify_counts *counts,
                          struct error *error)
{
    char path[FOLDER_BYTES + 32];
    size_t length;
    snprintf(path, sizeof path, "%s/reference.txt", folder);
    const struct results_request request = {.directory = folder};
    FILE *out = open_memstream(text, &length);
    const enum status status = verify_write(out, &request, path, counts, error);
    fclose(out);
    return status;
}

static void add(const char *folder, const char *dataset, const char *name, const char *parameter,
                double score)
{
    struct record record;
    folder_record_init(&record, name, parameter, score);
    strcpy(record.dataset, dataset);
    folder_add(folder, &record);
}

static void add_unfinished(const char *folder, const char *parameter, enum record_status status)
{
    struct record record;
    folder_record_init(&record, "SVC", parameter, 0);
    record.n_repeats = 0;
    record.status = status;
    strcpy(record.reason, "why");
    folder_add(folder, &record);
}

Test(verify, counts_and_lists_the_rows, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    struct verify_counts counts;
    folder_create(folder);
    folder_append(folder, "reference.txt", REFERENCE);
    add(folder, "fashion", "SVC", "{\"C\": 1.0}", 0.9); /* replaced by the next */
    add(folder, "fashion", "SVC", "{\"C\": 1.0}", 0.5029);
    add_unfinished(folder, "{\"C\": 2.0}", RECORD_TIMEOUT);
    add_unfinished(folder, "{\"C\": 3.0}", RECORD_CRASHED);
    add_unfinished(folder, "{\"C\": 4.0}", RECORD_REJECTED);
    add(folder, "fashion", "LinearSVC", "{\"C\": 10}", 0.4601);
    add(folder, "mnist", "SVC", "{\"C\": 1}", 0.5031);
    add(folder, "mnist", "SVC", "{\"C\": 2}", 0.4971);
    cr_assert_eq(verify(folder, &text, &counts, &error), STATUS_OK, "%s", error.message);
    cr_assert_str_eq(text,
                     "fashion: SVC C=2: OUTSIDE: ours has no accuracy (timeout: why), reference "
                     "0.5000\n"
                     "fashion: SVC C=3: no reference\n"
                     "fashion: 2 of 3 rows within tolerance, 1 without a reference\n"
                     "mnist: SVC C=1: OUTSIDE: ours 0.5031, reference 0.5000, difference +0.0031, "
                     "tolerance 0.0030\n"
                     "mnist: 1 of 2 rows within tolerance, 0 without a reference\n");
    cr_assert_eq(counts.n_within, 3);
    cr_assert_eq(counts.n_outside, 2);
    cr_assert_eq(counts.n_without_reference, 1);
    cr_assert_not(verify_passed(&counts));
    free(text);
    folder_remove(folder);
}

Test(verify, needs_a_row_that_was_compared, .timeout = 10)
{
    cr_assert_not(verify_passed(&(struct verify_counts){.n_without_reference = 5}));
    cr_assert_not(verify_passed(&(struct verify_counts){.n_within = 5, .n_outside = 1}));
    cr_assert(verify_passed(&(struct verify_counts){.n_within = 1, .n_without_reference = 5}));
}

/* A reference for 60,000 rows says nothing about a run on 6,000. */
Test(verify, compares_only_equal_n_train, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    struct verify_counts counts;
    struct record record;
    folder_create(folder);
    folder_append(folder, "reference.txt", REFERENCE);
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.5);
    record.n_train = 6000;
    folder_add(folder, &record);
    cr_assert_eq(verify(folder, &text, &counts, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(counts.n_within, 0);
    cr_assert_eq(counts.n_without_reference, 1);
    free(text);
    folder_remove(folder);
}

Test(verify, errors_come_through, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    struct error error = {0};
    struct verify_counts counts;
    folder_create(folder);
    cr_assert_eq(verify(folder, &text, &counts, &error), STATUS_IO);
    free(text);
    folder_append(folder, "reference.txt", REFERENCE);
    cr_assert_eq(verify(folder, &text, &counts, &error), STATUS_DATA);
    cr_assert_not_null(strstr(error.message, "no journal"), "%s", error.message);
    free(text);
    folder_append(folder, "mnist.jsonl", "{}\n");
    cr_assert_eq(verify(folder, &text, &counts, &error), STATUS_DATA);
    cr_assert_not_null(strstr(error.message, "mnist.jsonl:1: cell: is missing"), "%s",
                       error.message);
    free(text);
    folder_remove(folder);
}
