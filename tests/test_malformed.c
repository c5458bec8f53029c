/*
 * Malformed files, by hand: tests/malformed/READER.json lists each with the message that it must be
 * refused with, to the letter. None may take more memory first than twice its size, and what does
 * not depend on it.
 */
#include "loader/csv.h"
#include "loader/idx.h"
#include "loader/npy.h"
#include "memory_meter.h"
#include "report/journal.h"
#include "runner/external_files.h"
#include "runner/grid.h"
#include "test_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIXED_BYTES = 1 << 19, /* buffers of the same size for every file, and the message */
    INPUT_BYTES_MAX = 1 << 20
};

static char folder[FOLDER_BYTES];
static uint8_t input[INPUT_BYTES_MAX];

static void setup(void)
{
    folder_create(folder);
}

static void teardown(void)
{
    folder_remove(folder);
}

/* "hex" or "text"; else the record "base", with what "set" has, without the key "remove". */
static size_t make_input(const json_t *table, const json_t *one)
{
    const char *hex = json_string_value(json_object_get(one, "hex"));
    const json_t *text = json_object_get(one, "text");
    size_t n = 0;
    if (hex) {
        unsigned byte;
        for (; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
            input[n] = (uint8_t)byte;
    } else if (text) {
        n = json_string_length(text);
        memcpy(input, json_string_value(text), n);
    } else {
        json_t *record = json_deep_copy(json_object_get(table, "base"));
        json_object_update(record, json_object_get(one, "set"));
        if (json_object_get(one, "remove"))
            json_object_del(record, json_string_value(json_object_get(one, "remove")));
        n = json_dumpb(record, (char *)input, INPUT_BYTES_MAX - 1, JSON_COMPACT);
        input[n++] = '\n';
        json_decref(record);
    }
    cr_assert(n < INPUT_BYTES_MAX);
    return n;
}

typedef enum status reader(const json_t *one, size_t n_bytes, struct error *error);

static const char *put(const char *name, size_t n_bytes)
{
    static char path[FILE_PATH_BYTES];
    return file_put(file_path(path, folder, name), input, n_bytes), path;
}

static enum status read_idx(const json_t *one, size_t n_bytes, struct error *error)
{
    struct idx idx;
    const json_t *n_dimensions = json_object_get(one, "n_dimensions");
    const struct idx_request request = {
        .path = put(json_is_true(json_object_get(one, "gz")) ? "file.gz" : "file", n_bytes),
        .n_dimensions = n_dimensions ? (size_t)json_integer_value(n_dimensions) : 1};
    meter_start();
    return idx_read(&idx, &request, error);
}

static enum status read_csv(const json_t *one, size_t n_bytes, struct error *error)
{
    struct csv csv;
    const struct csv_request request = {
        .path =
            put(json_is_true(json_object_get(one, "gz")) ? "file.csv.gz" : "file.csv", n_bytes)};
    meter_start();
    return csv_read(&csv, &request, error);
}

/* With "npz" the file is an archive, of which one member is read. */
static enum status read_npy(const json_t *one, size_t n_bytes, struct error *error)
{
    struct npy npy;
    char member[2 * FILE_PATH_BYTES];
    const bool is_archive = json_is_true(json_object_get(one, "npz"));
    const char *path = put(is_archive ? "file.npz" : "file.npy", n_bytes);
    snprintf(member, sizeof member, "%s/arr_0.npy", path);
    const struct npy_request request = {.path = is_archive ? member : path,
                                        .is_member = is_archive};
    meter_start();
    return npy_read(&npy, &request, error);
}

static enum status read_grid(const json_t *one, size_t n_bytes, struct error *error)
{
    struct grid grid;
    const char *path = put("grid.json", n_bytes);
    (void)one;
    meter_start();
    return grid_read(&grid, path, error);
}

static enum status read_journal(const json_t *one, size_t n_bytes, struct error *error)
{
    struct journal journal;
    const char *path = put("fashion.jsonl", n_bytes);
    (void)one;
    meter_start();
    return journal_read(&journal, path, error);
}

/* With "labels" the labels are what is malformed, else the reply. */
static enum status read_reply(const json_t *one, size_t n_bytes, struct error *error)
{
    static const struct dataset dataset = {
        .n_classes = 3, .class_values = {0, 7, 255}, .test = {.n_rows = 5}};
    struct external_reply reply;
    uint8_t predicted[5];
    const bool is_labels = json_is_true(json_object_get(one, "labels"));
    put(is_labels ? external_labels_name : external_reply_name, n_bytes);
    meter_start();
    return is_labels ? external_read_labels(predicted, folder, &dataset, error)
                     : external_read_reply(&reply, folder, 10, error);
}

static const char *without_folder(const char *message)
{
    const size_t n = strlen(folder);
    return strncmp(message, folder, n) == 0 ? message + n + 1 : message;
}

/* Says which inputs were not refused as they must be; returns how many. */
static size_t check(const json_t *table, reader *read)
{
    size_t n_wrong = 0, i;
    const json_t *one;
    json_array_foreach(json_object_get(table, "cases"), i, one)
    {
        struct error error = {STATUS_OK, ""};
        const char *expected = json_string_value(json_object_get(one, "message"));
        const size_t n_bytes = make_input(table, one);
        const enum status status = read(one, n_bytes, &error);
        const size_t peak_bytes = meter_peak_bytes();
        const char *message = without_folder(error.message);
        if (!status || strcmp(message, expected) != 0) {
            fprintf(stderr, "case %zu: status %d, %s\n  instead of %s\n", i, (int)status, message,
                    expected);
            n_wrong++;
        } else if (peak_bytes > 2 * n_bytes + FIXED_BYTES) {
            fprintf(stderr, "case %zu: %zu bytes taken for %zu\n", i, peak_bytes, n_bytes);
            n_wrong++;
        }
    }
    return n_wrong;
}

/* For docs/reliability.md, where somebody asks. */
static void figure(const char *name, size_t n)
{
    FILE *figures = getenv("FIGURES") ? fopen(getenv("FIGURES"), "a") : NULL;
    if (!figures)
        return;
    fprintf(figures, "malformed_%s %zu\n", name, n);
    fclose(figures);
}

static void check_table(const char *name, reader *read)
{
    char path[64];
    json_error_t where;
    snprintf(path, sizeof path, "tests/malformed/%s.json", name);
    json_t *table = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    cr_assert_not_null(table, "%s:%d: %s", path, where.line, where.text);
    const size_t n = json_array_size(json_object_get(table, "cases"));
    cr_assert_geq(n, 40);
    cr_assert_eq(check(table, read), 0, "of %zu inputs in %s", n, path);
    figure(name, n);
    json_decref(table);
}

Test(malformed, idx, .init = setup, .fini = teardown, .timeout = 60)
{
    check_table("idx", read_idx);
}

Test(malformed, csv, .init = setup, .fini = teardown, .timeout = 60)
{
    check_table("csv", read_csv);
}

Test(malformed, npy, .init = setup, .fini = teardown, .timeout = 60)
{
    check_table("npy", read_npy);
}

Test(malformed, grid, .init = setup, .fini = teardown, .timeout = 60)
{
    check_table("grid", read_grid);
}

Test(malformed, journal, .init = setup, .fini = teardown, .timeout = 60)
{
    check_table("journal", read_journal);
}

Test(malformed, reply, .init = setup, .fini = teardown, .timeout = 60)
{
    check_table("reply", read_reply);
}
