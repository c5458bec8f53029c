/* One dataset in every format and under every name that is looked for. */
#include "loader/dataset.h"
#include "npy_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { N_TRAIN = 4, N_TEST = 3, N_FEATURES = 4, N_MAX = N_TRAIN };

static const uint8_t train_pixels[N_TRAIN * N_FEATURES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                           8, 9, 10, 11, 12, 13, 14, 255};
static const uint8_t test_pixels[N_TEST * N_FEATURES] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2};
static const uint8_t train_labels[N_TRAIN] = {26, 1, 7, 1}, test_labels[N_TEST] = {7, 26, 1};

static char folder[FOLDER_BYTES];

static void set_up(void)
{
    folder_create(folder);
}

static void tear_down(void)
{
    folder_remove(folder);
}

TestSuite(formats, .init = set_up, .fini = tear_down, .timeout = 20);

static size_t rows_of(bool is_test)
{
    return is_test ? N_TEST : N_TRAIN;
}

static struct bytes pixels_of(bool is_test)
{
    struct bytes bytes = {NULL, 0};
    bytes_add(&bytes, is_test ? test_pixels : train_pixels, rows_of(is_test) * N_FEATURES);
    return bytes;
}

static struct bytes labels_of(bool is_test)
{
    struct bytes bytes = {NULL, 0};
    bytes_add(&bytes, is_test ? test_labels : train_labels, rows_of(is_test));
    return bytes;
}

/* Both in one, as NAME, whose folder is made. */
static void put(const char *name, struct bytes content)
{
    char path[FILE_PATH_BYTES];
    file_path(path, folder, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    mkdir(path, 0777);
    *slash = '/';
    if (strstr(name, ".gz")) {
        struct bytes gzip = {NULL, 0};
        bytes_add_gzip(&gzip, &content);
        file_put(path, gzip.at, gzip.n);
        bytes_free(&gzip);
    } else {
        file_put(path, content.at, content.n);
    }
    bytes_free(&content);
}

static struct bytes idx_images(bool is_test)
{
    struct bytes idx = {NULL, 0}, pixels = pixels_of(is_test);
    bytes_add_header(&idx, 0x08, 3, (const uint32_t[]){(uint32_t)rows_of(is_test), 2, 2});
    bytes_add(&idx, pixels.at, pixels.n);
    bytes_free(&pixels);
    return idx;
}

static struct bytes idx_labels(bool is_test)
{
    struct bytes idx = {NULL, 0}, labels = labels_of(is_test);
    bytes_add_header(&idx, 0x08, 1, (const uint32_t[]){(uint32_t)labels.n});
    bytes_add(&idx, labels.at, labels.n);
    bytes_free(&labels);
    return idx;
}

/* Eight integers a label, the first of which is `first` in the last row if that is not negative. */
static struct bytes wide_labels(bool is_test, int32_t last)
{
    struct bytes idx = {NULL, 0}, labels = labels_of(is_test);
    bytes_add_header(&idx, 0x0c, 2, (const uint32_t[]){(uint32_t)labels.n, 8});
    for (size_t i = 0; i < labels.n; i++) {
        uint8_t row[32] = {0, 0, 0, labels.at[i], 0xff, 1, 2, 3};
        if (last && i == labels.n - 1)
            for (size_t b = 0; b < 4; b++)
                row[b] = (uint8_t)((uint32_t)last >> (24 - 8 * b));
        bytes_add(&idx, row, sizeof row);
    }
    bytes_free(&labels);
    return idx;
}

static struct bytes csv_of(bool is_test, bool has_header)
{
    struct bytes text = {NULL, 0}, pixels = pixels_of(is_test), labels = labels_of(is_test);
    static const char header[] = "label,pixel1,pixel2,pixel3,pixel4\n";
    bytes_add(&text, header, has_header ? sizeof header - 1 : 0);
    for (size_t i = 0; i < labels.n; i++) {
        char line[64];
        const uint8_t *row = pixels.at + i * N_FEATURES;
        bytes_add(&text, line,
                  (size_t)snprintf(line, sizeof line, "%u,%u,%u,%u,%u\n", labels.at[i], row[0],
                                   row[1], row[2], row[3]));
    }
    bytes_free(&pixels);
    bytes_free(&labels);
    return text;
}

static struct bytes npy_images(bool is_test, const char *shape)
{
    struct bytes npy = {NULL, 0}, pixels = pixels_of(is_test);
    char text[64];
    snprintf(text, sizeof text, "(%zu, %s)", rows_of(is_test), shape);
    bytes_add_npy(&npy, "|u1", text, &pixels);
    bytes_free(&pixels);
    return npy;
}

static struct bytes npy_labels(bool is_test, const char *shape)
{
    struct bytes npy = {NULL, 0}, labels = labels_of(is_test);
    char text[64];
    snprintf(text, sizeof text, "(%zu, %s)", rows_of(is_test), shape);
    bytes_add_npy(&npy, "|u1", text, &labels);
    bytes_free(&labels);
    return npy;
}

static enum status load(struct dataset *d, const char *name, struct error *error)
{
    return dataset_load(d, &(struct dataset_request){.directory = folder, .name = name}, error);
}

/* Labels from 1, with gaps, are numbered from 0. */
static void expect_good(const char *name)
{
    static const uint8_t train[N_TRAIN] = {2, 0, 1, 0}, test[N_TEST] = {1, 2, 0};
    struct dataset d;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(load(&d, name, &error), STATUS_OK, "%s: %s", name, error.message);
    cr_assert(d.height == 2 && d.width == 2 && d.n_classes == 3, "%s", name);
    cr_assert(d.train.n_rows == N_TRAIN && d.test.n_rows == N_TEST, "%s", name);
    cr_assert_eq(memcmp(d.train.pixels, train_pixels, sizeof train_pixels), 0, "%s", name);
    cr_assert_eq(memcmp(d.test.pixels, test_pixels, sizeof test_pixels), 0, "%s", name);
    cr_assert_eq(memcmp(d.train.labels, train, N_TRAIN), 0, "%s", name);
    cr_assert_eq(memcmp(d.test.labels, test, N_TEST), 0, "%s", name);
    cr_assert_eq(memcmp(d.class_values, (const uint8_t[]){1, 7, 26}, 3), 0, "%s", name);
    dataset_destroy(&d);
}

static void expect_refused(const char *name, const char *text)
{
    struct dataset d;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(load(&d, name, &error), STATUS_DATA, "%s", name);
    cr_assert_not_null(strstr(error.message, text), "no \"%s\" in: %s", text, error.message);
    cr_assert_null(d.train.pixels);
}

static void put_idx(const char *const names[4])
{
    for (size_t i = 0; i < 4; i++)
        put(names[i], i % 2 ? idx_labels(i > 1) : idx_images(i > 1));
}

Test(formats, idx_under_the_names_of_emnist)
{
    put_idx((const char *const[]){
        "a/emnist-letters-train-images-idx3-ubyte.gz", "a/emnist-letters-train-labels-idx1-ubyte",
        "a/emnist-letters-test-images-idx3-ubyte", "a/emnist-letters-test-labels-idx1-ubyte.gz"});
    expect_good("a");
    put_idx((const char *const[]){"b-train-images-idx3-ubyte.gz", "b-train-labels-idx1-ubyte.gz",
                                  "b-test-images-idx3-ubyte.gz", "b-test-labels-idx1-ubyte.gz"});
    expect_good("b");
}

Test(formats, idx_with_the_labels_of_qmnist)
{
    put("q/qmnist-train-images-idx3-ubyte.gz", idx_images(false));
    put("q/qmnist-train-labels-idx2-int.gz", wide_labels(false, 0));
    put("q/qmnist-test-images-idx3-ubyte", idx_images(true));
    put("q/qmnist-test-labels-idx2-int", wide_labels(true, 0));
    expect_good("q");
    put("q/qmnist-test-labels-idx2-int", wide_labels(true, 256));
    expect_refused("q",
                   "qmnist-test-labels-idx2-int: label of row 2: expected 0 to 255, found 256");
    put("q/qmnist-test-labels-idx2-int", wide_labels(true, -1));
    expect_refused("q", "label of row 2: expected 0 to 255, found -1");
    put("q/qmnist-test-labels-idx2-int", wide_labels(false, 0));
    expect_refused("q", "expected 3 labels, one for each image in");
    put("q/qmnist-test-labels-idx2-int", idx_labels(true));
    expect_refused("q", "expected 0x0c (32-bit integer), found 0x08");
}

Test(formats, csv)
{
    put("a/fashion-mnist_train.csv", csv_of(false, true));
    put("a/fashion-mnist_test.csv", csv_of(true, true));
    expect_good("a");
    put("b/train.csv.gz", csv_of(false, false));
    put("b/test.csv", csv_of(true, true));
    expect_good("b");
    put("c_train.csv", csv_of(false, true));
    put("c_t10k.csv", csv_of(true, false));
    expect_good("c");
    put("d/train.csv", csv_of(false, false));
    expect_refused("d", "/d/test.csv: no such file, neither with .gz nor without");
}

Test(formats, npy)
{
    put("a/X_train.npy", npy_images(false, "2, 2"));
    put("a/y_train.npy", npy_labels(false, ""));
    put("a/X_test.npy", npy_images(true, "4"));
    put("a/y_test.npy", npy_labels(true, "1"));
    expect_good("a");
    put("b/train_images.npy", npy_images(false, "2, 2, 1"));
    put("b/train_labels.npy", npy_labels(false, ""));
    put("b/test-images.npy", npy_images(true, "2, 2"));
    expect_refused("b", "/b/y_test.npy: no such file; fetch");
    put("b/test-labels.npy", npy_labels(true, ""));
    expect_good("b");
    put("b/test-labels.npy", npy_images(true, "4"));
    expect_refused("b", "expected labels, one number a row, found an array of 3 x 4");
    put("b/train_images.npy", npy_images(false, "1, 1, 4"));
    expect_refused("b", "expected images of 1 channel, found 4 x 1 x 1 x 4");
    put("b/train_images.npy", npy_labels(false, ""));
    expect_refused("b", "found one of 1 dimension");
}

static void put_member(const char *name, const char *member, struct bytes content)
{
    char path[FILE_PATH_BYTES];
    zip_put(file_path(path, folder, name), member, &content, strstr(member, "x_"));
    bytes_free(&content);
}

Test(formats, npz)
{
    put_member("keras.npz", "x_train.npy", npy_images(false, "2, 2"));
    put_member("keras.npz", "y_train.npy", npy_labels(false, ""));
    put_member("keras.npz", "x_test.npy", npy_images(true, "2, 2"));
    expect_refused("keras", "keras.npz: expected an array \"y_test\" in it, found none");
    put_member("keras.npz", "y_test.npy", npy_labels(true, ""));
    expect_good("keras");
    put_member("k-train-imgs.npz", "arr_0.npy", npy_images(false, "2, 2"));
    put_member("k-train-labels.npz", "arr_0.npy", npy_labels(false, ""));
    put_member("k-test-imgs.npz", "arr_0.npy", npy_images(true, "2, 2"));
    put_member("k-test-labels.npz", "arr_0.npy", npy_labels(true, ""));
    expect_good("k");
    put("bad.npz", csv_of(true, true));
    expect_refused("bad", "bad.npz: not a ZIP archive that can be read");
}

/* One row of numbers has no height: 6 are no square. */
Test(formats, shape_of_rows)
{
    struct dataset d;
    static uint8_t text[] = "1,0,0,0,0,0,0\n2,0,0,0,0,0,0\n";
    for (size_t i = 0; i < 2; i++) {
        struct bytes copy = {NULL, 0};
        bytes_add(&copy, text, sizeof text - 1);
        put(i ? "a/test.csv" : "a/train.csv", copy);
    }
    cr_assert_eq(load(&d, "a", NULL), STATUS_OK);
    cr_assert(d.height == 1 && d.width == 6);
    dataset_destroy(&d);
}

Test(formats, which_files)
{
    expect_refused("none", "/none: no such dataset: neither a folder with its files nor files that "
                           "begin with none, of the formats IDX (");
    put("a/one_train.csv", csv_of(false, true));
    put("a/two_train.csv", csv_of(false, true));
    put("a/test.csv", csv_of(true, true));
    expect_refused("a", "_train.csv are there: keep one of them");
    put("a/train.csv", csv_of(false, true)); /* a name without anything before it is preferred */
    expect_good("a");
    put("a/train-images-idx3-ubyte", idx_images(false)); /* IDX is before CSV */
    expect_refused("a", "/a/train-labels-idx1-ubyte: no such file");
    put("ab_train.csv", csv_of(false, true)); /* the name is the whole of what is before */
    expect_refused("abc", "no such dataset");
    put("b/train.csvx", csv_of(false, true));
    expect_refused("b", "no such dataset");
    put("cb_test.csv", csv_of(true, true));
    expect_refused("c", "no such dataset");
}

Test(formats, transposed)
{
    static const uint8_t expected[8] = {0, 2, 1, 3, 4, 6, 5, 7};
    struct dataset d;
    put("a/train.csv", csv_of(false, true));
    put("a/test.csv", csv_of(true, true));
    const struct dataset_request request = {
        .directory = folder, .name = "a", .is_transposed = true};
    cr_assert_eq(dataset_load(&d, &request, NULL), STATUS_OK);
    cr_assert_eq(memcmp(d.train.pixels, expected, sizeof expected), 0);
    cr_assert_eq(memcmp(d.test.pixels, (const uint8_t[]){9, 7, 8, 6}, 4), 0);
    dataset_destroy(&d);
    static const uint8_t upright[4] = {0, 3, 1, 4};
    put_idx((const char *const[]){"b/train-images-idx3-ubyte", "b/train-labels-idx1-ubyte",
                                  "b/t10k-images-idx3-ubyte", "b/t10k-labels-idx1-ubyte"});
    for (size_t i = 0; i < 2; i++) { /* not square: sides change places too */
        struct bytes idx = {NULL, 0};
        bytes_add_header(&idx, 0x08, 3, (const uint32_t[]){i ? N_TEST : N_TRAIN, 2, 3});
        for (uint8_t p = 0; p < (i ? N_TEST : N_TRAIN) * 6; p++)
            bytes_add(&idx, &p, 1);
        put(i ? "b/t10k-images-idx3-ubyte" : "b/train-images-idx3-ubyte", idx);
    }
    const struct dataset_request other = {.directory = folder, .name = "b", .is_transposed = true};
    cr_assert_eq(dataset_load(&d, &other, NULL), STATUS_OK);
    cr_assert(d.height == 3 && d.width == 2);
    cr_assert_eq(memcmp(d.train.pixels, upright, sizeof upright), 0);
    dataset_destroy(&d);
}
