#include "report/journal.h"

#include "test_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_path(char path[static 64])
{
    strcpy(path, "/tmp/fmbench-journal-XXXXXX");
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

/* A whole line with its newline. */
static char *make_line(const char *name)
{
    struct record record;
    record_init(&record);
    strcpy(record.cell, "ab");
    strcpy(record.name, name);
    record.parameter = json_pack("{s:f}", "C", 1.0);
    strcpy(record.dataset, "fashion");
    strcpy(record.dataset_hash, "cd");
    record.n_train = record.n_test = 10;
    record.threads = 1;
    record.n_repeats = 1;
    record.repeats[0].score = 0.5;
    char *line = record_to_line(&record);
    line = realloc(line, strlen(line) + 2);
    strcat(line, "\n");
    record_destroy(&record);
    return line;
}

Test(journal, missing_file_is_empty, .timeout = 10)
{
    struct journal journal;
    cr_assert_eq(journal_read(&journal, "/nonexistent/fashion.jsonl", NULL), STATUS_OK);
    cr_assert_eq(journal.n_records, 0);
    cr_assert_eq(journal.valid_bytes, 0);
    cr_assert_eq(journal.torn_bytes, 0);
    journal_destroy(&journal);
    struct error error = {0};
    cr_assert_eq(journal_read(&journal, "/tmp", &error), STATUS_IO);
    cr_assert_not_null(strstr(error.message, "/tmp"), "%s", error.message);
    journal_destroy(&journal);
}

Test(journal, empty_file_is_empty, .timeout = 10)
{
    char path[64];
    struct journal journal;
    make_path(path);
    cr_assert_eq(journal_read(&journal, path, NULL), STATUS_OK);
    cr_assert_eq(journal.n_records + journal.valid_bytes + journal.torn_bytes, 0);
    journal_destroy(&journal);
    unlink(path);
}

Test(journal, keeps_the_order_and_grows, .timeout = 10)
{
    enum { N = 100 };
    char path[64], name[16];
    struct error error = {0};
    struct journal journal;
    make_path(path);
    FILE *file = fopen(path, "w");
    size_t n_bytes = 0;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "C%d", i);
        char *line = make_line(name);
        n_bytes += strlen(line);
        fputs(line, file);
        free(line);
    }
    fclose(file);
    cr_assert_eq(journal_read(&journal, path, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(journal.n_records, N);
    cr_assert_eq(journal.valid_bytes, n_bytes);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "C%d", i);
        cr_assert_str_eq(journal.records[i].name, name);
    }
    journal_destroy(&journal);
    unlink(path);
}

/* Two whole lines and the third cut at every byte: the two stay, the rest is measured. */
Test(journal, torn_last_line_at_every_byte, .timeout = 20)
{
    char path[64];
    make_path(path);
    char *line = make_line("SVC");
    const size_t length = strlen(line);
    char *text = malloc(3 * length + 1);
    sprintf(text, "%s%s%s", line, line, line);
    for (size_t cut = 0; cut <= length; cut++) {
        struct error error = {0};
        struct journal journal;
        file_put(path, text, 2 * length + cut);
        cr_assert_eq(journal_read(&journal, path, &error), STATUS_OK, "%s", error.message);
        const size_t whole = cut == length ? 3 : 2;
        cr_assert_eq(journal.n_records, whole);
        cr_assert_eq(journal.valid_bytes, whole * length);
        cr_assert_eq(journal.torn_bytes, cut == length ? 0 : cut);
        journal_destroy(&journal);
    }
    free(text);
    free(line);
    unlink(path);
}

Test(journal, bad_line_is_named, .timeout = 10)
{
    char path[64], expected[128];
    make_path(path);
    char *line = make_line("SVC");
    char *text = malloc(4 * strlen(line) + 64);
    static const char *const bad[] = {"{\"name\": 3}", "", "[]", "{\"name\":"};
    static const char *const messages[] = {"cell: is missing", "not JSON", "must be an object",
                                           "not JSON"};
    for (size_t i = 0; i < 4; i++) {
        struct error error = {0};
        struct journal journal;
        sprintf(text, "%s%s%s\n%s", line, line, bad[i], line);
        file_put(path, text, strlen(text));
        cr_assert_eq(journal_read(&journal, path, &error), STATUS_DATA);
        snprintf(expected, sizeof expected, "%s:3: ", path);
        cr_assert_eq(strncmp(error.message, expected, strlen(expected)), 0, "%s", error.message);
        cr_assert_not_null(strstr(error.message, messages[i]), "%s", error.message);
        cr_assert_eq(journal.n_records, 0);
        cr_assert_eq(journal_read(&journal, path, NULL), STATUS_DATA);
    }
    free(text);
    free(line);
    unlink(path);
}
