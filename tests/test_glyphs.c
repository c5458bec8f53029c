#include "loader/glyphs.h"

#include "idx_files.h"
#include "loader/dataset.h"
#include "loader/glyph.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char folder[FOLDER_BYTES];

static void set_up(void)
{
    folder_create(folder);
}

static void tear_down(void)
{
    folder_remove(folder);
}

TestSuite(glyphs, .init = set_up, .fini = tear_down, .timeout = 30);

/* Writes the dataset and loads it back. */
static void make(struct dataset *d, const char *variant, size_t n_train, size_t n_test,
                 uint64_t seed)
{
    char name[64];
    struct error error = {STATUS_OK, ""};
    const struct glyphs_request request = {.directory = folder,
                                           .variant = variant,
                                           .n_train = n_train,
                                           .n_test = n_test,
                                           .seed = seed};
    cr_assert_eq(glyphs_write(&request, &error), STATUS_OK, "%s", error.message);
    snprintf(name, sizeof name, "glyphs-%s", variant);
    const struct dataset_request back = {.directory = folder, .name = name};
    cr_assert_eq(dataset_load(d, &back, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(d->train.n_rows, n_train);
    cr_assert_eq(d->test.n_rows, n_test);
    cr_assert_eq(d->height, GLYPH_SIDE);
    cr_assert_eq(d->width, GLYPH_SIDE);
    cr_assert_eq(d->n_classes, GLYPH_SHAPES);
}

/* What seed 1 has always given: a change here changes the datasets of everyone. */
Test(glyphs, same_bytes_for_a_seed)
{
    struct dataset d;
    make(&d, "easy", 100, 20, 1);
    cr_assert_str_eq(d.hash, "33a13b48ab1468f4ed6d70cc79578f5dc181b070d39bcdeaf295489b693b1f04");
    dataset_destroy(&d);
    make(&d, "hard", 100, 20, 1);
    cr_assert_str_eq(d.hash, "52531842662904875c67f0ec8da798a89dc3b4a2566a5257a06a3c22ab169328");
    dataset_destroy(&d);
}

static bool same_rows(const struct image_set *a, const struct image_set *b, size_t n_rows)
{
    return memcmp(a->pixels, b->pixels, n_rows * GLYPH_PIXELS) == 0 &&
           memcmp(a->labels, b->labels, n_rows) == 0;
}

Test(glyphs, plain_files_hold_the_same_and_replace_the_others)
{
    struct dataset compressed, plain;
    struct error error = {STATUS_OK, ""};
    const struct glyphs_request request = {
        .directory = folder, .variant = "hard", .n_train = 30, .n_test = 12, .is_plain = true};
    const struct dataset_request back = {.directory = folder, .name = "glyphs-hard"};
    make(&compressed, "hard", 30, 12, 0);
    make(&plain, "hard", 50, 12, 0); /* what the loader would find first, were it left */
    dataset_destroy(&plain);
    cr_assert_eq(glyphs_write(&request, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(dataset_load(&plain, &back, &error), STATUS_OK, "%s", error.message);
    cr_assert_str_eq(plain.hash, compressed.hash);
    dataset_destroy(&plain);
    make(&plain, "hard", 50, 12, 0);
    cr_assert_str_neq(plain.hash, compressed.hash, "and back");
    dataset_destroy(&plain);
    dataset_destroy(&compressed);
}

Test(glyphs, rows_do_not_depend_on_how_many_there_are)
{
    struct dataset small, large;
    make(&small, "hard", 15, 7, 3);
    make(&large, "hard", 64, 40, 3);
    cr_assert(same_rows(&small.train, &large.train, 15));
    cr_assert(same_rows(&small.test, &large.test, 7));
    dataset_destroy(&small);
    dataset_destroy(&large);
}

Test(glyphs, seeds_and_parts_differ)
{
    struct dataset one, two;
    make(&one, "easy", 40, 40, 1);
    make(&two, "easy", 40, 40, 2);
    for (size_t i = 0; i < 40; i++) {
        const uint8_t *row = one.train.pixels + i * GLYPH_PIXELS;
        cr_assert_neq(memcmp(row, two.train.pixels + i * GLYPH_PIXELS, GLYPH_PIXELS), 0);
        for (size_t j = 0; j < 40; j++)
            cr_assert_neq(memcmp(row, one.test.pixels + j * GLYPH_PIXELS, GLYPH_PIXELS), 0);
    }
    cr_assert_neq(memcmp(one.train.labels, two.train.labels, 40), 0);
    cr_assert_neq(memcmp(one.train.labels, one.test.labels, 40), 0);
    dataset_destroy(&one);
    dataset_destroy(&two);
}

Test(glyphs, every_ten_rows_have_each_shape)
{
    size_t n_same_order = 0;
    for (uint64_t block = 0; block < 100; block++) {
        unsigned seen = 0;
        for (uint64_t i = 0; i < GLYPH_SHAPES; i++) {
            const uint8_t label = glyph_label(5, block * GLYPH_SHAPES + i);
            cr_assert_lt(label, GLYPH_SHAPES);
            seen |= 1u << label;
            n_same_order += label == glyph_label(5, i);
        }
        cr_assert_eq(seen, (1u << GLYPH_SHAPES) - 1);
    }
    cr_assert_lt(n_same_order, 200, "the order of the shapes is random, expected about 110");
}

/* One nearest neighbour by squared distance. */
static size_t count_right(const struct dataset *d)
{
    size_t n_right = 0;
    for (size_t i = 0; i < d->test.n_rows; i++) {
        size_t nearest = 0;
        long least = -1;
        for (size_t j = 0; j < d->train.n_rows; j++) {
            long sum = 0;
            for (size_t k = 0; k < GLYPH_PIXELS; k++) {
                const int off =
                    d->test.pixels[i * GLYPH_PIXELS + k] - d->train.pixels[j * GLYPH_PIXELS + k];
                sum += off * off;
            }
            if (least < 0 || sum < least) {
                least = sum;
                nearest = j;
            }
        }
        n_right += d->train.labels[nearest] == d->test.labels[i];
    }
    return n_right;
}

/* The labels say what the images show, and the hard variant is harder. */
Test(glyphs, shapes_can_be_learnt)
{
    struct dataset easy, hard;
    make(&easy, "easy", 1000, 200, 1);
    make(&hard, "hard", 1000, 200, 1);
    const size_t n_easy = count_right(&easy), n_hard = count_right(&hard);
    cr_assert_gt(n_easy, 170, "%zu of 200", n_easy);
    cr_assert_gt(n_hard, 70, "%zu of 200, 20 by chance", n_hard);
    cr_assert_lt(n_hard, n_easy - 40, "%zu and %zu of 200", n_hard, n_easy);
    dataset_destroy(&easy);
    dataset_destroy(&hard);
}

static size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *entries = opendir(path);
    cr_assert_not_null(entries);
    while (readdir(entries))
        n++;
    closedir(entries);
    return n - 2;
}

Test(glyphs, files_are_whole_or_absent)
{
    char path[FILE_PATH_BYTES];
    struct dataset d;
    struct error error = {STATUS_OK, ""};
    const struct glyphs_request request = {
        .directory = folder, .variant = "easy", .n_train = 10, .n_test = 1, .seed = 1};
    make(&d, "easy", 10, 1, 1);
    dataset_destroy(&d);
    cr_assert_eq(count_entries(file_path(path, folder, "glyphs-easy")), 4);
    tear_down();
    set_up();
    /* A folder that cannot be replaced stands where the first file goes. */
    cr_assert_eq(mkdir(file_path(path, folder, "glyphs-easy"), 0777), 0);
    file_path(path, folder, "glyphs-easy/train-images-idx3-ubyte.gz");
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_assert_eq(glyphs_write(&request, &error), STATUS_IO);
    cr_assert_not_null(strstr(error.message, path), "%s", error.message);
    cr_assert_eq(count_entries(file_path(path, folder, "glyphs-easy")), 1);
    tear_down();
    set_up();
    file_put(file_path(path, folder, "glyphs-easy"), "", 0); /* a file where the folder goes */
    cr_assert_eq(glyphs_write(&request, &error), STATUS_IO);
    cr_assert_not_null(strstr(error.message, "glyphs-easy"), "%s", error.message);
}

/* Writing stops after 1000 bytes of a file, as on a full disk. */
Test(glyphs, nothing_is_left_when_the_disk_is_full)
{
    char path[FILE_PATH_BYTES];
    struct error error = {STATUS_OK, ""};
    const struct rlimit limit = {1000, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    const struct glyphs_request request = {
        .directory = folder, .variant = "easy", .n_train = 10, .n_test = 1, .seed = 1};
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const enum status status = glyphs_write(&request, &error);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    cr_assert_eq(status, STATUS_IO);
    cr_assert_not_null(strstr(error.message, "File too large"), "%s", error.message);
    cr_assert_eq(count_entries(file_path(path, folder, "glyphs-easy")), 0);
}

Test(glyphs, requests_that_cannot_be_met)
{
    const struct glyphs_request requests[] = {
        {.directory = folder, .variant = "medium", .n_train = 10, .n_test = 1},
        {.directory = folder, .variant = "easy", .n_train = 9, .n_test = 1},
        {.directory = folder, .variant = "easy", .n_train = 10, .n_test = 0},
        {.directory = folder, .variant = "easy", .n_train = (size_t)1 << 32, .n_test = 1},
    };
    static const char *const texts[] = {"unknown variant \"medium\"", "n_train is 9", "n_test is 0",
                                        "n_train is 4294967296"};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct error error = {STATUS_OK, ""};
        cr_assert_eq(glyphs_write(&requests[i], &error), STATUS_USAGE);
        cr_assert_not_null(strstr(error.message, texts[i]), "%s", error.message);
    }
    cr_assert_eq(count_entries(folder), 0);
}
