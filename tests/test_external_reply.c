/* What external classifiers answer, good and bad. */
#include "runner/external_files.h"

#include "idx_files.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_TEST = 5 };

static char folder[FOLDER_BYTES];
static const struct dataset dataset = {
    .n_classes = 3, .class_values = {0, 7, 255}, .test = {.n_rows = N_TEST}};

static void setup(void)
{
    folder_create(folder);
}

static void teardown(void)
{
    folder_remove(folder);
}

static enum status read_reply(struct external_reply *reply, const char *text, size_t n_bytes,
                              struct error *error)
{
    char path[FILE_PATH_BYTES];
    file_put(file_path(path, folder, external_reply_name), text, n_bytes);
    return external_read_reply(reply, folder, 10, error);
}

static void expect_good(struct external_reply *reply, const char *text)
{
    struct error error;
    cr_assert_eq(read_reply(reply, text, strlen(text), &error), STATUS_OK, "%s: %s", text,
                 error.message);
}

static void expect_bad(const char *text, size_t n_bytes, const char *part)
{
    struct external_reply reply;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(read_reply(&reply, text, n_bytes, &error), STATUS_FAILED, "%s", text);
    cr_assert_not_null(strstr(error.message, "bad reply: "), "%s", error.message);
    cr_assert_not_null(strstr(error.message, part), "'%s' in: %s", part, error.message);
}

Test(external_reply, all_keys_are_read, .init = setup, .fini = teardown, .timeout = 10)
{
    struct external_reply reply;
    expect_good(&reply, "{\"fit_s\": 1.5, \"predict_s\": 2, \"n_iter\": 12, \"converged\": false, "
                        "\"version\": \"x 1.0\"}\n");
    cr_assert_eq(reply.fit_s, 1.5);
    cr_assert_eq(reply.predict_s, 2);
    cr_assert_eq(reply.n_iter, 12);
    cr_assert_eq(reply.converged, 0);
    cr_assert_str_eq(reply.version, "x 1.0");
}

Test(external_reply, what_is_optional_may_be_absent_or_null, .init = setup, .fini = teardown,
     .timeout = 10)
{
    static const char *const texts[] = {
        "{\"fit_s\": 0, \"predict_s\": 0}",
        "{\"fit_s\": 0, \"predict_s\": 0, \"n_iter\": null, \"converged\": null, \"version\": "
        "null}"};
    for (size_t i = 0; i < 2; i++) {
        struct external_reply reply;
        expect_good(&reply, texts[i]);
        cr_assert_eq(reply.n_iter, -1);
        cr_assert_eq(reply.converged, -1);
        cr_assert_str_eq(reply.version, "");
    }
}

Test(external_reply, bad_ones_are_refused_and_named, .init = setup, .fini = teardown, .timeout = 20)
{
    static const char *const bad[][2] = {
        {"", "reply.json:1"},
        {"   \n", "reply.json"},
        {"garbage", "reply.json:1"},
        {"{\"fit_s\": 1, \"predict_s\": 1", "reply.json:1"},
        {"{\"fit_s\": 1, \"predict_s\": 1} x", "reply.json:1"},
        {"[1, 2]", "not an object"},
        {"null", "reply.json"},
        {"{}", "fit_s is missing"},
        {"{\"fit_s\": 1}", "predict_s is missing"},
        {"{\"predict_s\": 1}", "fit_s is missing"},
        {"{\"fit_s\": \"1\", \"predict_s\": 1}", "fit_s is not a number"},
        {"{\"fit_s\": null, \"predict_s\": 1}", "fit_s is not a number"},
        {"{\"fit_s\": [1], \"predict_s\": 1}", "fit_s is not a number"},
        {"{\"fit_s\": -1, \"predict_s\": 1}", "fit_s: -1 is no time"},
        {"{\"fit_s\": 1, \"predict_s\": -1e-9}", "predict_s: -1e-09 is no time"},
        {"{\"fit_s\": NaN, \"predict_s\": 1}", "reply.json:1"},
        {"{\"fit_s\": 1e999, \"predict_s\": 1}", "reply.json:1"},
        {"{\"fit_s\": 9.9, \"predict_s\": 0.2}", "the whole command took 10 s"},
        {"{\"fit_s\": 1e308, \"predict_s\": 1e308}", "the whole command took 10 s"},
        {"{\"fit_s\": 1, \"fit_s\": 2, \"predict_s\": 1}", "duplicate"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"n_iters\": 1}", "did you mean 'n_iter'?"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"score\": 1}", "unknown key 'score'"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"n_iter\": 1.5}", "n_iter is not a whole number"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"n_iter\": -2}", "n_iter is not a whole number"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"n_iter\": 99999999999999999999}", "reply.json:1"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"converged\": 1}", "converged is not true"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"version\": 1}", "version is not a string"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"version\": "
         "\"0123456789012345678901234567890123456789012345678901234567890123\"}",
         "version is not a string of at most 63 bytes"},
        {"{\"fit_s\": 1, \"predict_s\": 1, \"version\": \"\xff\"}", "reply.json:1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_bad(bad[i][0], strlen(bad[i][0]), bad[i][1]);
    expect_bad("{\"fit_s\": 1\0, \"predict_s\": 1}", 27, "reply.json:1");
}

/* Whatever is cut off or changed, the answer is a status and no harm is done. */
Test(external_reply, no_cut_or_changed_byte_does_harm, .init = setup, .fini = teardown,
     .timeout = 30)
{
    static const char good[] = "{\"fit_s\": 1.5, \"predict_s\": 2, \"n_iter\": 12, \"converged\": "
                               "true, \"version\": \"x\"}";
    struct external_reply reply;
    struct error error;
    for (size_t n = 0; n + 1 < sizeof good; n++)
        cr_assert_eq(read_reply(&reply, good, n, &error), STATUS_FAILED, "%zu bytes", n);
    for (size_t i = 0; i + 1 < sizeof good; i++)
        for (size_t bit = 0; bit < 8; bit++) {
            char changed[sizeof good];
            memcpy(changed, good, sizeof good);
            changed[i] = (char)(changed[i] ^ 1 << bit);
            const enum status status = read_reply(&reply, changed, sizeof good - 1, &error);
            cr_assert(status == STATUS_OK || status == STATUS_FAILED);
            cr_assert(status || (reply.fit_s >= 0 && reply.fit_s + reply.predict_s <= 10));
        }
}

Test(external_reply, a_long_reply_is_refused, .init = setup, .fini = teardown, .timeout = 10)
{
    enum { N = EXTERNAL_REPLY_BYTES_MAX + 1 };
    static const char reply[] = "{\"fit_s\": 1, \"predict_s\": 1}";
    char *text = malloc(N);
    memset(text, ' ', N);
    memcpy(text, reply, sizeof reply - 1);
    expect_bad(text, N, "more than 65536 bytes");
    struct external_reply read;
    cr_assert_eq(read_reply(&read, text, N - 1, NULL), STATUS_OK);
    free(text);
}

Test(external_reply, what_is_no_file_is_refused, .init = setup, .fini = teardown, .timeout = 10)
{
    char path[FILE_PATH_BYTES];
    struct external_reply reply;
    struct error error;
    file_path(path, folder, external_reply_name);
    cr_assert_eq(external_read_reply(&reply, folder, 10, &error), STATUS_FAILED);
    cr_assert_not_null(strstr(error.message, "there is no reply.json"), "%s", error.message);
    cr_assert_eq(mkfifo(path, 0666), 0); /* whose opening must not wait */
    cr_assert_eq(external_read_reply(&reply, folder, 10, &error), STATUS_FAILED);
    cr_assert_not_null(strstr(error.message, "not a regular file"), "%s", error.message);
    unlink(path);
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_assert_eq(external_read_reply(&reply, folder, 10, &error), STATUS_FAILED);
    unlink(path);
    rmdir(path);
    cr_assert_eq(symlink("/dev/zero", path), 0);
    cr_assert_eq(external_read_reply(&reply, folder, 10, &error), STATUS_FAILED);
}

static enum status read_labels(uint8_t *predicted, const void *bytes, size_t n_bytes,
                               struct error *error)
{
    char path[FILE_PATH_BYTES];
    file_put(file_path(path, folder, external_labels_name), bytes, n_bytes);
    return external_read_labels(predicted, folder, &dataset, error);
}

static void expect_bad_labels(const void *bytes, size_t n_bytes, const char *part)
{
    uint8_t predicted[N_TEST];
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(read_labels(predicted, bytes, n_bytes, &error), STATUS_FAILED, "%s", part);
    cr_assert_not_null(strstr(error.message, "bad reply: labels-idx1-ubyte") ||
                           strstr(error.message, "bad reply: label "),
                       "%s", error.message);
    cr_assert_not_null(strstr(error.message, part), "'%s' in: %s", part, error.message);
}

#define BAD_LABELS(part, ...)                                                                      \
    expect_bad_labels((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), part)

Test(external_reply, labels_become_class_numbers, .init = setup, .fini = teardown, .timeout = 10)
{
    static const uint8_t good[] = {0, 0, 8, 1, 0, 0, 0, N_TEST, 255, 0, 7, 7, 255};
    static const uint8_t expected[N_TEST] = {2, 0, 1, 1, 2};
    uint8_t predicted[N_TEST];
    struct error error;
    cr_assert_eq(read_labels(predicted, good, sizeof good, &error), STATUS_OK, "%s", error.message);
    for (size_t i = 0; i < N_TEST; i++)
        cr_assert_eq(predicted[i], expected[i]);
}

Test(external_reply, bad_labels_are_refused, .init = setup, .fini = teardown, .timeout = 10)
{
    expect_bad_labels("", 0, "empty");
    BAD_LABELS("truncated in its header", 0, 0, 8, 1, 0, 0);
    BAD_LABELS("expected 0x0000", 'l', 'a', 'b', 'e', 'l', 's', ' ', '0', '0', '0', '0', '0', '0');
    BAD_LABELS("wrong element type", 0, 0, 13, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0);
    BAD_LABELS("dimensions", 0, 0, 8, 2, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0);
    BAD_LABELS("truncated", 0, 0, 8, 1, 0, 0, 0, 5, 0, 0, 0, 0);
    BAD_LABELS("trailing", 0, 0, 8, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0);
    BAD_LABELS("4 labels for 5 test images", 0, 0, 8, 1, 0, 0, 0, 4, 0, 0, 0, 0);
    BAD_LABELS("6 labels for 5 test images", 0, 0, 8, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0);
    BAD_LABELS("truncated", 0, 0, 8, 1, 255, 255, 255, 255, 0, 0, 0, 0, 0);
    BAD_LABELS("label 3 of labels-idx1-ubyte is 1, which is none of the classes", 0, 0, 8, 1, 0, 0,
               0, 5, 0, 7, 255, 1, 0);
}

/* A file of 256 MiB without a block on the disk: only what is wanted may take memory. */
Test(external_reply, a_huge_file_of_labels_takes_no_memory, .init = setup, .fini = teardown,
     .timeout = 60)
{
    static const uint8_t header[] = {0, 0, 8, 1, 0x10, 0, 0, 0};
    const off_t n_bytes = (off_t)sizeof header + 0x10000000;
    char path[FILE_PATH_BYTES];
    uint8_t predicted[N_TEST];
    struct error error;
    file_put(file_path(path, folder, external_labels_name), header, sizeof header);
    cr_assert_eq(truncate(path, n_bytes), 0);
    cr_assert_eq(external_read_labels(predicted, folder, &dataset, &error), STATUS_FAILED);
    cr_assert_not_null(strstr(error.message, "268435456 labels for 5"), "%s", error.message);
}
