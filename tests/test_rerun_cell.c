/* What is said of a cell that ran again: every label that is not what it was counts. */
#include "runner/rerun_cell.h"

#include "report_folder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { N_TEST = 3, N_REPEATS = 2, N_LABELS = N_TEST * N_REPEATS };

static const struct dataset dataset = {.n_classes = 3, .class_values = {4, 7, 255}};

/* The sentence about a second run with these class numbers (n_repeats x N_TEST), to be released
 * with free. */
static char *said(const uint8_t *predicted, size_t n_repeats, bool *is_same)
{
    uint8_t labels[N_LABELS] = {4, 7, 255, 255, 7, 7};
    struct record record, again;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.5);
    record.n_test = N_TEST;
    record.n_repeats = N_REPEATS;
    again = record;
    again.n_repeats = n_repeats;
    const struct rerun_cell rerun = {
        .record = &record, .cell = {.dataset = &dataset}, .labels = labels};
    cr_assert_eq(rerun_cell_write(out, &rerun, &again, predicted, is_same, NULL), STATUS_OK);
    record_destroy(&record);
    fclose(out);
    return text;
}

static void expect(const uint8_t *predicted, size_t n_repeats, const char *expected)
{
    bool is_same;
    char *text = said(predicted, n_repeats, &is_same);
    cr_expect_str_eq(text, expected);
    cr_expect_eq(is_same, strstr(expected, "DIFFERS") == NULL, "%s", expected);
    free(text);
}

Test(rerun_cell, the_same_labels, .timeout = 10)
{
    expect((const uint8_t[]){0, 1, 2, 2, 1, 1}, 2, "fashion: SVC C=1: the same 6 labels\n");
}

Test(rerun_cell, a_label_of_each_repeat_counts, .timeout = 10)
{
    expect((const uint8_t[]){0, 1, 1, 2, 1, 1}, 2,
           "fashion: SVC C=1: DIFFERS in 1 of 6 labels (by repeat: 1 0)\n");
    expect((const uint8_t[]){0, 1, 2, 2, 1, 0}, 2,
           "fashion: SVC C=1: DIFFERS in 1 of 6 labels (by repeat: 0 1)\n");
    expect((const uint8_t[]){1, 2, 0, 0, 2, 2}, 2,
           "fashion: SVC C=1: DIFFERS in 6 of 6 labels (by repeat: 3 3)\n");
}

Test(rerun_cell, a_repeat_that_is_missing_counts, .timeout = 10)
{
    expect((const uint8_t[]){0, 1, 2}, 1,
           "fashion: SVC C=1: DIFFERS in 0 of 3 labels (by repeat: 0) and has 1 repeats, not 2\n");
}
