#include "loader/csv.h"

#include "idx_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char folder[FOLDER_BYTES], plain_path[FILE_PATH_BYTES], gzip_path[FILE_PATH_BYTES];

static void set_up(void)
{
    folder_create(folder);
    file_path(plain_path, folder, "file.csv");
    file_path(gzip_path, folder, "file.csv.gz");
}

static void tear_down(void)
{
    folder_remove(folder);
}

TestSuite(csv, .init = set_up, .fini = tear_down, .timeout = 20);

static void put_text(const char *text)
{
    file_put(plain_path, text, strlen(text));
}

static struct csv read_good(const char *path, size_t limit)
{
    struct csv csv;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(csv_read(&csv, &(struct csv_request){path, limit}, &error), STATUS_OK, "%s",
                 error.message);
    return csv;
}

/* Two rows of three pixels. */
static void expect_two_rows(const char *path)
{
    static const uint8_t pixels[6] = {0, 7, 255, 1, 20, 100}, labels[2] = {9, 255};
    struct csv csv = read_good(path, 0);
    cr_assert_eq(csv.n_rows, 2);
    cr_assert_eq(csv.n_kept, 2);
    cr_assert_eq(csv.n_features, 3);
    cr_assert_eq(memcmp(csv.pixels, pixels, sizeof pixels), 0);
    cr_assert_eq(memcmp(csv.labels, labels, sizeof labels), 0);
    csv_destroy(&csv);
    cr_assert_null(csv.pixels);
}

Test(csv, forms_of_the_same_rows)
{
    static const char *const texts[] = {
        "9,0,7,255\n255,1,20,100\n",
        "9,0,7,255\n255,1,20,100",
        "label,pixel1,pixel2,pixel3\n9,0,7,255\n255,1,20,100\n",
        "Class,a,,c\r\n9,0,7,255\r\n255,1,20,100\r\n",
        "\"label\",\"1x1\",\"1x2\",\"1x3\"\n9,0,7,255\n255,1,20,100\n",
        "\xef\xbb\xbflabel,a,b,c\n9,0,7,255\n255,1,20,100\n",
        " 9 ,\t0, 7,255 \n\"255\",001,20.0,100.\n\n\r\n \n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_text(texts[i]);
        expect_two_rows(plain_path);
    }
}

Test(csv, gzip)
{
    static uint8_t text[] = "label,a,b,c\n9,0,7,255\n255,1,20,100\n";
    struct bytes gzip = {NULL, 0};
    bytes_add_gzip(&gzip, &(struct bytes){text, sizeof text - 1});
    file_put(gzip_path, gzip.at, gzip.n);
    expect_two_rows(gzip_path);
    bytes_free(&gzip);
}

Test(csv, a_limit_keeps_the_first_rows_and_checks_the_others)
{
    put_text("1,10\n2,20\n3,30\n");
    struct csv csv = read_good(plain_path, 2);
    cr_assert_eq(csv.n_rows, 3);
    cr_assert_eq(csv.n_kept, 2);
    cr_assert_eq(csv.labels[1], 2);
    cr_assert_eq(csv.pixels[1], 20);
    csv_destroy(&csv);
    csv = read_good(plain_path, 4);
    cr_assert_eq(csv.n_kept, 3);
    csv_destroy(&csv);
    put_text("1,10\n2,20\n3,x\n");
    cr_assert_eq(csv_read(&csv, &(struct csv_request){plain_path, 1}, NULL), STATUS_DATA);
    cr_assert_null(csv.pixels);
    cr_assert_null(csv.labels);
    cr_assert_eq(csv.n_rows, 0);
}

/* More rows than the first room has space for, in more than one buffer. */
Test(csv, many_rows)
{
    enum { N_ROWS = 20000, N_FEATURES = 5 };
    struct bytes text = {NULL, 0};
    char line[64];
    for (size_t i = 0; i < N_ROWS; i++) {
        const unsigned n = (unsigned)(i % 256);
        bytes_add(
            &text, line,
            (size_t)snprintf(line, sizeof line, "%zu,%u,%u,%u,0,255\n", i % 10, n, 255 - n, n / 2));
    }
    file_put(plain_path, text.at, text.n);
    bytes_free(&text);
    struct csv csv = read_good(plain_path, 0);
    cr_assert_eq(csv.n_kept, N_ROWS);
    cr_assert_eq(csv.n_features, N_FEATURES);
    for (size_t i = 0; i < N_ROWS; i++) {
        const uint8_t *row = csv.pixels + i * N_FEATURES;
        cr_assert_eq(csv.labels[i], i % 10);
        cr_assert(row[0] == i % 256 && row[1] == 255 - row[0] && row[2] == row[0] / 2 &&
                  row[3] == 0 && row[4] == 255);
    }
    csv_destroy(&csv);
}
