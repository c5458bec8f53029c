#include "loader/dataset.h"

#include "idx_files.h"
#include "loader/digest.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[FOLDER_BYTES];

/* A dataset "small" of 4 + 3 images of 2 x 3 pixels with the labels 3, 7 and 200. */
enum { N_TRAIN = 4, N_TEST = 3, N_FEATURES = 6 };
static const uint8_t train_pixels[N_TRAIN * N_FEATURES] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 255};
static const uint8_t test_pixels[N_TEST * N_FEATURES] = {9, 8, 7, 6, 5, 4, 3, 2, 1,
                                                         0, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t train_labels[N_TRAIN] = {200, 3, 7, 3}, test_labels[N_TEST] = {7, 200, 3};

static const char train_images_name[] = "small/train-images-idx3-ubyte.gz";
static const char train_labels_name[] = "small/train-labels-idx1-ubyte.gz";
static const char test_images_name[] = "small/t10k-images-idx3-ubyte.gz";
static const char test_labels_name[] = "small/t10k-labels-idx1-ubyte.gz";

static void put_images(const char *name, uint32_t n, uint32_t height, uint32_t width,
                       const uint8_t *pixels)
{
    char path[FILE_PATH_BYTES];
    const uint32_t sizes[3] = {n, height, width};
    idx_put(file_path(path, folder, name), 3, sizes, pixels);
}

static void put_labels(const char *name, uint32_t n, const uint8_t *labels)
{
    char path[FILE_PATH_BYTES];
    idx_put(file_path(path, folder, name), 1, &n, labels);
}

static void set_up(void)
{
    char path[FILE_PATH_BYTES];
    folder_create(folder);
    cr_assert_eq(mkdir(file_path(path, folder, "small"), 0777), 0);
    put_images(train_images_name, N_TRAIN, 2, 3, train_pixels);
    put_labels(train_labels_name, N_TRAIN, train_labels);
    put_images(test_images_name, N_TEST, 2, 3, test_pixels);
    put_labels(test_labels_name, N_TEST, test_labels);
}

static void tear_down(void)
{
    folder_remove(folder);
}

TestSuite(dataset, .init = set_up, .fini = tear_down, .timeout = 20);

static enum status load(struct dataset *d, size_t limit_train, size_t limit_test,
                        struct error *error)
{
    const struct dataset_request request = {
        .directory = folder, .name = "small", .limit_train = limit_train, .limit_test = limit_test};
    return dataset_load(d, &request, error);
}

static void load_good(struct dataset *d, size_t limit_train, size_t limit_test)
{
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(load(d, limit_train, limit_test, &error), STATUS_OK, "%s", error.message);
}

static void expect_message(const struct error *error, const char *text)
{
    cr_assert_not_null(strstr(error->message, text), "no \"%s\" in: %s", text, error->message);
}

/* Loading is a data error that names the file and says the text. */
static void expect_refused(size_t limit_train, const char *name, const char *text)
{
    struct dataset d;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(load(&d, limit_train, 0, &error), STATUS_DATA, "%s", error.message);
    cr_assert_eq(error.status, STATUS_DATA);
    expect_message(&error, name);
    expect_message(&error, text);
    cr_assert_null(d.train.pixels);
    cr_assert_null(d.train.labels);
    cr_assert_null(d.test.pixels);
    cr_assert_null(d.test.labels);
    cr_assert_eq(d.n_classes, 0);
}

/*
 * The hash is that of Python's hashlib.sha256 over the sizes 2, 3, 4, 3 as decimal text, each
 * padded with zero bytes to 24, the training pixels and labels above, then those of the test part.
 */
static const char small_hash[] = "57b0b0ae01c36e2e2f3a958065d2f2a8e4acb039aafdc38406e561f942ec5c5c";

static void expect_small(const struct dataset *d)
{
    const uint8_t values[3] = {3, 7, 200}, train[N_TRAIN] = {2, 0, 1, 0}, test[N_TEST] = {1, 2, 0};
    cr_assert_str_eq(d->name, "small");
    cr_assert_eq(d->height, 2);
    cr_assert_eq(d->width, 3);
    cr_assert_eq(d->n_features, N_FEATURES);
    cr_assert_eq(d->n_classes, 3);
    cr_assert_eq(memcmp(d->class_values, values, 3), 0);
    cr_assert_eq(d->train.n_rows, N_TRAIN);
    cr_assert_eq(d->test.n_rows, N_TEST);
    cr_assert_eq(memcmp(d->train.pixels, train_pixels, sizeof train_pixels), 0);
    cr_assert_eq(memcmp(d->test.pixels, test_pixels, sizeof test_pixels), 0);
    cr_assert_eq(memcmp(d->train.labels, train, N_TRAIN), 0);
    cr_assert_eq(memcmp(d->test.labels, test, N_TEST), 0);
    cr_assert_str_eq(d->hash, small_hash);
}

Test(dataset, loads)
{
    struct dataset d;
    load_good(&d, 0, 0);
    expect_small(&d);
    dataset_destroy(&d);
    cr_assert_null(d.train.pixels);
}

Test(dataset, gzip_before_plain)
{
    struct dataset d;
    char path[FILE_PATH_BYTES];
    const uint8_t other[N_TEST] = {3, 3, 3};
    put_labels("small/t10k-labels-idx1-ubyte", N_TEST, other);
    load_good(&d, 0, 0);
    expect_small(&d);
    dataset_destroy(&d);
    cr_assert_eq(unlink(file_path(path, folder, test_labels_name)), 0);
    put_labels("small/t10k-labels-idx1-ubyte", N_TEST, test_labels);
    load_good(&d, 0, 0);
    expect_small(&d);
    dataset_destroy(&d);
}

Test(dataset, limits_keep_the_first_rows)
{
    struct dataset d, all;
    load_good(&d, 3, 1);
    cr_assert_eq(d.train.n_rows, 3);
    cr_assert_eq(d.test.n_rows, 1);
    cr_assert_eq(memcmp(d.train.pixels, train_pixels, (size_t)3 * N_FEATURES), 0);
    cr_assert_eq(d.n_classes, 3);
    cr_assert_str_neq(d.hash, small_hash);
    load_good(&all, N_TRAIN + 1, N_TEST + 1);
    expect_small(&all);
    dataset_destroy(&all);
    dataset_destroy(&d);
}

/* The classes are those of the kept rows: with the first two rows, labels 3 and 200. */
Test(dataset, limit_decides_the_classes)
{
    struct dataset d;
    const uint8_t test[N_TEST] = {3, 200, 7};
    put_labels(test_labels_name, N_TEST, test);
    load_good(&d, 2, 2);
    cr_assert_eq(d.n_classes, 2);
    cr_assert_eq(d.class_values[1], 200);
    cr_assert_eq(d.train.labels[0], 1);
    cr_assert_eq(d.test.labels[1], 1);
    dataset_destroy(&d);
    expect_refused(2, test_labels_name,
                   "label 7 of row 2 is not in the training rows that the limit keeps (2 rows with "
                   "2 classes)");
    expect_refused(
        1, train_labels_name,
        "expected at least 2 classes, found only label 200 in the training rows that the "
        "limit keeps (1 rows)");
}

Test(dataset, hash_sees_pixels_labels_and_shape)
{
    struct dataset first, d;
    uint8_t pixels[N_TEST * N_FEATURES];
    const uint8_t labels[N_TEST] = {7, 200, 7}, other_values[N_TRAIN] = {201, 3, 7, 3};
    load_good(&first, 0, 0);
    memcpy(pixels, test_pixels, sizeof pixels);
    pixels[17]++;
    put_images(test_images_name, N_TEST, 2, 3, pixels);
    load_good(&d, 0, 0);
    cr_assert_str_neq(d.hash, first.hash);
    dataset_destroy(&d);
    put_images(test_images_name, N_TEST, 2, 3, test_pixels);
    put_labels(test_labels_name, N_TEST, labels);
    load_good(&d, 0, 0);
    cr_assert_str_neq(d.hash, first.hash);
    dataset_destroy(&d);
    /* The same class numbers for other original labels. */
    put_labels(train_labels_name, N_TRAIN, other_values);
    put_labels(test_labels_name, N_TEST, (const uint8_t[N_TEST]){7, 201, 3});
    load_good(&d, 0, 0);
    cr_assert_str_neq(d.hash, first.hash);
    dataset_destroy(&d);
    put_labels(train_labels_name, N_TRAIN, train_labels);
    put_labels(test_labels_name, N_TEST, test_labels);
    put_images(train_images_name, N_TRAIN, 3, 2, train_pixels);
    put_images(test_images_name, N_TEST, 3, 2, test_pixels);
    load_good(&d, 0, 0);
    cr_assert_eq(d.height, 3);
    cr_assert_str_neq(d.hash, first.hash);
    dataset_destroy(&d);
    dataset_destroy(&first);
}

Test(dataset, all_256_labels_and_images_of_one_pixel)
{
    enum { N = 256 };
    struct dataset d;
    uint8_t labels[N];
    for (size_t i = 0; i < N; i++)
        labels[i] = (uint8_t)(N - 1 - i);
    put_images(train_images_name, N, 1, 1, labels);
    put_labels(train_labels_name, N, labels);
    put_images(test_images_name, 1, 1, 1, labels);
    put_labels(test_labels_name, 1, labels);
    load_good(&d, 0, 0);
    cr_assert_eq(d.n_classes, N);
    cr_assert_eq(d.n_features, 1);
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(d.class_values[i], i);
        cr_assert_eq(d.train.labels[i], labels[i]);
    }
    dataset_destroy(&d);
}

Test(dataset, files_that_do_not_fit_together)
{
    const uint8_t longer[N_TRAIN + 1] = {200, 3, 7, 3, 3}, unknown[N_TEST] = {7, 8, 3};
    const uint8_t one_class[N_TRAIN] = {5, 5, 5, 5};
    put_labels(train_labels_name, N_TRAIN + 1, longer);
    expect_refused(0, train_labels_name, "expected 4 labels, one for each image in");
    /* Both agree up to the limit, yet the files are wrong. */
    expect_refused(2, train_labels_name, "found 5");
    put_labels(train_labels_name, N_TRAIN, one_class);
    expect_refused(0, train_labels_name,
                   "expected at least 2 classes, found only label 5 in the training part (4 rows)");
    put_labels(train_labels_name, N_TRAIN, train_labels);
    put_labels(test_labels_name, N_TEST, unknown);
    expect_refused(0, test_labels_name,
                   "label 8 of row 1 is not in the training part (4 rows with 3 classes)");
    put_labels(test_labels_name, N_TEST - 1, test_labels);
    expect_refused(0, test_labels_name, "expected 3 labels, one for each image in");
    put_labels(test_labels_name, N_TEST, test_labels);
    put_images(test_images_name, N_TEST, 3, 2, test_pixels);
    expect_refused(0, test_images_name, "expected images of 2 x 3 pixels");
    expect_refused(0, train_images_name, "found 3 x 2");
    put_images(test_images_name, N_TEST, 1, 3, test_pixels);
    expect_refused(0, test_images_name, "found 1 x 3");
    put_images(test_images_name, N_TEST, 2, 2, test_pixels);
    expect_refused(0, test_images_name, "found 2 x 2");
}

Test(dataset, each_file_is_read_as_what_it_is)
{
    static const char *const names[4] = {train_images_name, train_labels_name, test_images_name,
                                         test_labels_name};
    for (size_t i = 0; i < 4; i++) {
        char path[FILE_PATH_BYTES];
        const bool is_images = i % 2 == 0;
        tear_down();
        set_up();
        if (is_images)
            put_labels(names[i], N_TEST, test_labels);
        else
            put_images(names[i], N_TEST, 2, 3, test_pixels);
        expect_refused(0, names[i],
                       is_images ? "wrong number of dimensions: expected 3, found 1"
                                 : "wrong number of dimensions: expected 1, found 3");
        cr_assert_eq(unlink(file_path(path, folder, names[i])), 0);
        path[strlen(path) - 3] = '\0'; /* the message has the name without .gz */
        expect_refused(0, path, "no such file, neither with .gz nor without");
    }
}

Test(dataset, names)
{
    char too_long[65];
    memset(too_long, 'x', 64);
    too_long[64] = '\0';
    const char *const names[] = {"", ".", "..", ".hidden", "a/b", "/", too_long};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct dataset d;
        struct error error = {STATUS_OK, ""};
        const struct dataset_request request = {.directory = folder, .name = names[i]};
        cr_assert_eq(dataset_load(&d, &request, &error), STATUS_USAGE, "%s", names[i]);
        expect_message(&error, names[i]);
    }
}

#ifndef __SANITIZE_ADDRESS__ /* its own memory hides what is measured here */

/* The largest resident size so far, in bytes. */
static size_t peak_bytes(void)
{
    struct rusage usage;
    cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return (size_t)usage.ru_maxrss << 10;
}

/* Black images in a plain file that takes no space on the disk, in place of the gzip file. */
static void put_sparse_images(const char *name, uint32_t n, uint32_t side)
{
    char path[FILE_PATH_BYTES];
    struct bytes header = {NULL, 0};
    const uint32_t sizes[3] = {n, side, side};
    cr_assert_eq(unlink(file_path(path, folder, name)), 0);
    path[strlen(path) - 3] = '\0';
    bytes_add_header(&header, 0x08, 3, sizes);
    file_put(path, header.at, header.n);
    cr_assert_eq(truncate(path, (off_t)(header.n + (size_t)n * side * side)), 0);
    bytes_free(&header);
}

/* A plain file of images takes memory when it is looked at, and no more than what is looked at. */
Test(dataset, peak_memory)
{
    enum { SIDE = 1024, ROWS = 64, SLACK_BYTES = 4 << 20 };
    const size_t n_bytes = (size_t)ROWS * SIDE * SIDE;
    uint8_t labels[ROWS] = {1, 2};
    struct dataset d;
    uint64_t sum = 0;
    put_labels(train_labels_name, ROWS, labels);
    put_labels(test_labels_name, 1, labels);
    put_sparse_images(train_images_name, ROWS, SIDE);
    put_sparse_images(test_images_name, 1, SIDE);
    const size_t before = peak_bytes();
    load_good(&d, 0, 0);
    const size_t loaded = peak_bytes() - before;
    for (size_t i = 0; i < d.train.n_rows * d.n_features; i++)
        sum += d.train.pixels[i];
    const size_t whole = peak_bytes() - before;
    dataset_destroy(&d);
    cr_assert_eq(sum, 0);
    cr_assert_lt(loaded, SLACK_BYTES, "%zu bytes", loaded);
    cr_assert_gt(whole, n_bytes, "%zu bytes", whole); /* else this measures nothing */
    cr_assert_lt(whole, n_bytes + SIDE * SIDE + SLACK_BYTES, "%zu bytes", whole);
}
#endif

Test(dataset, plain_images_are_mapped)
{
    struct dataset d;
    char path[FILE_PATH_BYTES];
    load_good(&d, 0, 0);
    cr_assert_eq(dataset_mapped_bytes(&d), 0, "what gzip holds is not");
    dataset_destroy(&d);
    cr_assert_eq(unlink(file_path(path, folder, train_images_name)), 0);
    put_images("small/train-images-idx3-ubyte", N_TRAIN, 2, 3, train_pixels);
    load_good(&d, 0, 0);
    expect_small(&d);
    cr_assert_eq(dataset_mapped_bytes(&d), 16 + sizeof train_pixels);
    dataset_destroy(&d);
    load_good(&d, 3, 0);
    cr_assert_eq(dataset_mapped_bytes(&d), 16 + 3 * N_FEATURES, "the rows that are kept");
    dataset_destroy(&d);
}

/* As when it is cut between the look at its size and the reading of its content. */
Test(digest, a_file_that_ends_early_is_a_data_error)
{
    char path[FILE_PATH_BYTES], hex[DIGEST_HEX_BYTES], whole_hex[DIGEST_HEX_BYTES];
    char name[FOLDER_BYTES];
    struct error error = {STATUS_OK, ""};
    folder_create(name);
    file_put(file_path(path, name, "bytes"), (const uint8_t *)"xxabc", 5);
    struct digest_file file = {.path = path, .descriptor = open(path, O_RDONLY), .offset = 2};
    struct digest_part part = {.n_bytes = 3, .file = &file};
    const struct digest_part plain = {.bytes = "abc", .n_bytes = 3};
    cr_assert_eq(digest_sha256(hex, &part, 1, NULL), STATUS_OK);
    cr_assert_eq(digest_sha256(whole_hex, &plain, 1, NULL), STATUS_OK);
    cr_assert_str_eq(hex, whole_hex);
    part.n_bytes = 4;
    cr_assert_eq(digest_sha256(hex, &part, 1, &error), STATUS_DATA);
    expect_message(&error, "was cut while it was read: expected 4 bytes of data, found 3");
    cr_assert_str_eq(hex, "");
    close(file.descriptor);
    folder_remove(name);
}

/* The digest of "abc", from FIPS 180-2. */
Test(digest, known_answer_in_any_parts)
{
    static const char expected[] =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const struct digest_part whole[] = {{.bytes = "abc", .n_bytes = 3}},
                             split[] = {{.bytes = "a", .n_bytes = 1},
                                        {.bytes = NULL},
                                        {.bytes = "bc", .n_bytes = 2}};
    char hex[DIGEST_HEX_BYTES];
    cr_assert_eq(digest_sha256(hex, whole, 1, NULL), STATUS_OK);
    cr_assert_str_eq(hex, expected);
    cr_assert_eq(digest_sha256(hex, split, 3, NULL), STATUS_OK);
    cr_assert_str_eq(hex, expected);
    cr_assert_eq(digest_sha256(hex, NULL, 0, NULL), STATUS_OK);
    cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
