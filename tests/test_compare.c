#include "idx_files.h"
#include "report/compare.h"
#include "report/outcomes.h"
#include "report_folder.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { N_TEST = 100 };
static const char HASH[] = "00000000000000cd";

static void folder_with_truth(char folder[static FOLDER_BYTES])
{
    char relative[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
    const uint8_t truth[N_TEST] = {0};
    folder_create(folder);
    cr_assert_eq(mkdir(file_path(path, folder, "predictions"), 0777), 0);
    cr_assert_eq(mkdir(file_path(path, folder, "predictions/fashion"), 0777), 0);
    outcomes_labels_path(relative, sizeof relative, "fashion", HASH);
    idx_put(file_path(path, folder, relative), 1, (const uint32_t[]){N_TEST}, truth);
}

/* A row whose repeat r is wrong on the n_wrong[r] images from first[r] on. */
struct made_row {
    const char *name, *hash;
    size_t n_repeats;
    size_t first[4], n_wrong[4];
    double seconds;
};

static void add(const char *folder, const struct made_row *made)
{
    char path[FILE_PATH_BYTES];
    uint8_t labels[4 * N_TEST] = {0};
    struct record record;
    folder_record_init(&record, made->name, "{\"C\": 1}", 0);
    strcpy(record.dataset_hash, made->hash ? made->hash : HASH);
    snprintf(record.predictions, sizeof record.predictions, "predictions/fashion/%s.idx2-ubyte.gz",
             made->name);
    record.n_test = N_TEST;
    record.n_repeats = made->n_repeats;
    for (size_t r = 0; r < made->n_repeats; r++) {
        memset(labels + r * N_TEST + made->first[r], 1, made->n_wrong[r]);
        record.repeats[r] = record.repeats[0];
        record.repeats[r].score = 1 - (double)made->n_wrong[r] / N_TEST;
        record.repeats[r].fit_s = made->seconds * (1 + 0.001 * (double)r);
        record.repeats[r].predict_s = 0;
    }
    idx_put(file_path(path, folder, record.predictions), 2,
            (const uint32_t[]){(uint32_t)made->n_repeats, N_TEST}, labels);
    folder_add(folder, &record);
}

static void add_failed(const char *folder, const char *name)
{
    struct record record;
    folder_record_init(&record, name, "{\"C\": 1}", 0);
    strcpy(record.dataset_hash, HASH);
    record.n_test = N_TEST;
    record.n_repeats = 0;
    record.status = RECORD_TIMEOUT;
    strcpy(record.reason, "limit");
    folder_add(folder, &record);
}

/* What --format json says of two folders; to json_decref. */
static json_t *compared(const char *a, const char *b, bool *is_clean)
{
    char *text;
    size_t length;
    struct error error = {0};
    FILE *out = open_memstream(&text, &length);
    const struct compare_request request = {
        .directories = {a, b},
        .format = "json",
        .options = {.alpha = 0.05, .time_ratio = 1.25, .min_seconds = 0.05}};
    cr_assert_eq(compare_write(out, &request, is_clean, &error), STATUS_OK, "%s", error.message);
    fclose(out);
    json_t *rows = json_loads(text, 0, NULL);
    cr_assert_not_null(rows, "%s", text);
    free(text);
    return rows;
}

static void assert_row(const json_t *rows, size_t i, const char *fate, bool differs, bool is_slower)
{
    const json_t *row = json_array_get(rows, i);
    cr_assert_str_eq(json_string_value(json_object_get(row, "fate")), fate);
    cr_assert_eq(json_is_true(json_object_get(row, "differs")), differs, "row %zu", i);
    cr_assert_eq(json_is_true(json_object_get(row, "slower")), is_slower, "row %zu", i);
}

static void assert_number(const json_t *rows, size_t i, const char *key, double expected)
{
    const double value = json_number_value(json_object_get(json_array_get(rows, i), key));
    cr_assert_float_eq(value, expected, 1e-9, "%s is %.12g, not %.12g", key, value, expected);
}

/* Probabilities: scipy.stats.binomtest and ttest_ind(equal_var=False). */
Test(compare, rows_differ_where_both_tests_say_so, .timeout = 10)
{
    char a[FOLDER_BYTES], b[FOLDER_BYTES];
    bool is_clean;
    folder_with_truth(a);
    folder_with_truth(b);
    /* 20 images against none: both tests. Then one seed that is off: McNemar alone. */
    add(a, &(struct made_row){"Far", NULL, 3, {0, 0, 0}, {9, 10, 11}, 1});
    add(b, &(struct made_row){"Far", NULL, 3, {0, 0, 0}, {29, 30, 31}, 1});
    add(a, &(struct made_row){"Seeds", NULL, 3, {0, 0, 0}, {10, 30, 31}, 1});
    add(b, &(struct made_row){"Seeds", NULL, 3, {50, 50, 50}, {10, 11, 40}, 1});
    add(a, &(struct made_row){"Same", NULL, 1, {0}, {10}, 1});
    add(b, &(struct made_row){"Same", NULL, 1, {0}, {10}, 9});
    json_t *rows = compared(a, b, &is_clean);
    cr_assert(!is_clean);
    assert_row(rows, 0, "both", true, false);
    assert_number(rows, 0, "difference", -0.2);
    assert_number(rows, 0, "p_models", 1.9073486328125e-06);
    assert_number(rows, 0, "p_seeds", 1.648308898718124e-05);
    assert_number(rows, 0, "p", 3 * 1.648308898718124e-05);
    assert_row(rows, 1, "both", false, false);
    assert_number(rows, 1, "p_models", 0.00432400493446039);
    assert_number(rows, 1, "p_seeds", 0.7962207911748057);
    assert_row(rows, 2, "both", false, false);
    cr_assert_null(json_object_get(json_array_get(rows, 2), "p_seeds"), "one repeat");
    assert_number(rows, 2, "p", 1);
    json_decref(rows);
    folder_remove(a);
    folder_remove(b);
}

Test(compare, a_row_is_slower_by_several_repeats_alone, .timeout = 10)
{
    char a[FOLDER_BYTES], b[FOLDER_BYTES];
    bool is_clean;
    folder_with_truth(a);
    folder_with_truth(b);
    add(a, &(struct made_row){"Slower", NULL, 3, {0}, {10, 10, 10}, 1});
    add(b, &(struct made_row){"Slower", NULL, 3, {0}, {10, 10, 10}, 1.5});
    add(a, &(struct made_row){"Little", NULL, 3, {0}, {10, 10, 10}, 1});
    add(b, &(struct made_row){"Little", NULL, 3, {0}, {10, 10, 10}, 1.2});
    add(a, &(struct made_row){"Once", NULL, 1, {0}, {10}, 1});
    add(b, &(struct made_row){"Once", NULL, 1, {0}, {10}, 4});
    add(a, &(struct made_row){"Brief", NULL, 3, {0}, {10, 10, 10}, 0.01});
    add(b, &(struct made_row){"Brief", NULL, 3, {0}, {10, 10, 10}, 0.04});
    json_t *rows = compared(a, b, &is_clean);
    cr_assert(!is_clean);
    assert_row(rows, 0, "both", false, true);
    assert_row(rows, 1, "both", false, false);
    assert_row(rows, 2, "both", false, false);
    assert_row(rows, 3, "both", false, false);
    json_decref(rows);
    rows = compared(b, a, &is_clean);
    cr_assert(is_clean, "faster is no fault");
    cr_assert(json_is_true(json_object_get(json_array_get(rows, 0), "faster")));
    json_decref(rows);
    folder_remove(a);
    folder_remove(b);
}

Test(compare, lost_and_added_rows, .timeout = 10)
{
    char a[FOLDER_BYTES], b[FOLDER_BYTES];
    bool is_clean;
    folder_with_truth(a);
    folder_with_truth(b);
    add(a, &(struct made_row){"Both", NULL, 1, {0}, {10}, 1});
    add(b, &(struct made_row){"Both", NULL, 1, {0}, {10}, 1});
    add(b, &(struct made_row){"New", NULL, 1, {0}, {10}, 1});
    json_t *rows = compared(a, b, &is_clean);
    cr_assert(is_clean, "an added row is no fault");
    assert_row(rows, 0, "both", false, false);
    assert_row(rows, 1, "added", false, false);
    json_decref(rows);
    add_failed(a, "New");
    add_failed(b, "Both");
    rows = compared(a, b, &is_clean);
    cr_assert(!is_clean);
    assert_row(rows, 0, "lost", false, false);
    assert_row(rows, 1, "added", false, false);
    json_decref(rows);
    folder_remove(a);
    folder_remove(b);
}

Test(compare, other_data_are_refused, .timeout = 10)
{
    char a[FOLDER_BYTES], b[FOLDER_BYTES], *text;
    size_t length;
    bool is_clean;
    struct error error = {0};
    folder_with_truth(a);
    folder_with_truth(b);
    add(a, &(struct made_row){"Row", NULL, 1, {0}, {10}, 1});
    add(b, &(struct made_row){"Row", "ee", 1, {0}, {10}, 1});
    FILE *out = open_memstream(&text, &length);
    struct compare_request request = {.directories = {a, b}};
    cr_assert_eq(compare_write(out, &request, &is_clean, &error), STATUS_DATA);
    cr_assert_not_null(strstr(error.message, "fashion is not the same data in"));
    request.format = "csv";
    cr_assert_eq(compare_write(out, &request, &is_clean, &error), STATUS_USAGE);
    cr_assert_not_null(strstr(error.message, "'csv'"));
    fclose(out);
    free(text);
    folder_remove(a);
    folder_remove(b);
}
