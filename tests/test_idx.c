#include "loader/idx.h"

#include "idx_files.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[FOLDER_BYTES], plain_path[FILE_PATH_BYTES], gzip_path[FILE_PATH_BYTES];

static void set_up(void)
{
    folder_create(folder);
    file_path(plain_path, folder, "file");
    file_path(gzip_path, folder, "file.gz");
}

static void tear_down(void)
{
    folder_remove(folder);
}

TestSuite(idx, .init = set_up, .fini = tear_down, .timeout = 20);

enum { N_ROWS = 5, N_DATA = N_ROWS * 2 * 3 };
static const uint32_t sizes[3] = {N_ROWS, 2, 3};
static const uint8_t data[N_DATA] = {7, 0, 255, 3, 9, 9, 1, 2, 3, 4, 5, 6, 0, 0, 0,
                                     0, 0, 1,   9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 4, 77};

/* The good file, header and data. */
static struct bytes good_bytes(void)
{
    struct bytes bytes = {NULL, 0};
    bytes_add_header(&bytes, 0x08, 3, sizes);
    bytes_add(&bytes, data, N_DATA);
    return bytes;
}

static enum status read_images(const char *path, struct idx *idx, struct error *error)
{
    const struct idx_request request = {.path = path, .n_dimensions = 3, .limit = 0};
    return idx_read(idx, &request, error);
}

/* Reading `path` is a data error that names it and says each of the two texts (NULL: none). */
static void expect_refused(const char *path, const char *text, const char *other_text)
{
    struct idx idx;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(read_images(path, &idx, &error), STATUS_DATA, "%s", error.message);
    cr_assert_eq(error.status, STATUS_DATA);
    cr_assert_null(idx.bytes);
    cr_assert_eq(idx.n_kept, 0);
    cr_assert_not_null(strstr(error.message, path), "no path in: %s", error.message);
    cr_assert_not_null(strstr(error.message, text), "no \"%s\" in: %s", text, error.message);
    if (other_text)
        cr_assert_not_null(strstr(error.message, other_text), "no \"%s\" in: %s", other_text,
                           error.message);
}

static void expect_bytes_refused(const char *path, const struct bytes *bytes, const char *text,
                                 const char *other_text)
{
    file_put(path, bytes->at, bytes->n);
    expect_refused(path, text, other_text);
}

/* The content refused in a plain file and, compressed, in a gzip file. */
static void expect_content_refused(const struct bytes *content, const char *text,
                                   const char *other_text)
{
    struct bytes gzip = {NULL, 0};
    bytes_add_gzip(&gzip, content);
    expect_bytes_refused(plain_path, content, text, other_text);
    expect_bytes_refused(gzip_path, &gzip, text, other_text);
    bytes_free(&gzip);
}

static void expect_good(const char *path)
{
    struct idx idx;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(read_images(path, &idx, &error), STATUS_OK, "%s", error.message);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(idx.sizes[i], sizes[i]);
    cr_assert_eq(idx.n_kept, N_ROWS);
    cr_assert_eq(memcmp(idx.bytes, data, N_DATA), 0);
    idx_destroy(&idx);
    cr_assert_null(idx.bytes);
}

Test(idx, plain_and_gzip)
{
    idx_put(plain_path, 3, sizes, data);
    idx_put(gzip_path, 3, sizes, data);
    expect_good(plain_path);
    expect_good(gzip_path);
}

Test(idx, one_dimension)
{
    struct idx idx;
    const uint32_t n_labels = N_DATA;
    const struct idx_request request = {.path = gzip_path, .n_dimensions = 1, .limit = 0};
    idx_put(gzip_path, 1, &n_labels, data);
    cr_assert_eq(idx_read(&idx, &request, NULL), STATUS_OK);
    cr_assert_eq(idx.sizes[0], N_DATA);
    cr_assert_eq(idx.sizes[1], 1);
    cr_assert_eq(idx.sizes[2], 1);
    cr_assert_eq(memcmp(idx.bytes, data, N_DATA), 0);
    idx_destroy(&idx);
}

Test(idx, limit_keeps_the_first_rows)
{
    const char *const paths[2] = {plain_path, gzip_path};
    idx_put(plain_path, 3, sizes, data);
    idx_put(gzip_path, 3, sizes, data);
    for (size_t i = 0; i < 2; i++)
        for (size_t limit = 1; limit <= N_ROWS + 1; limit++) {
            struct idx idx;
            const struct idx_request request = {
                .path = paths[i], .n_dimensions = 3, .limit = limit};
            cr_assert_eq(idx_read(&idx, &request, NULL), STATUS_OK);
            cr_assert_eq(idx.sizes[0], N_ROWS);
            cr_assert_eq(idx.n_kept, limit < N_ROWS ? limit : N_ROWS);
            cr_assert_eq(memcmp(idx.bytes, data, idx.n_kept * 6), 0);
            idx_destroy(&idx);
        }
}

Test(idx, rows_behind_the_limit_are_checked)
{
    struct idx idx;
    struct bytes good = good_bytes(), gzip = {NULL, 0};
    const struct idx_request request = {.path = gzip_path, .n_dimensions = 3, .limit = 1};
    bytes_add_gzip(&gzip, &good);
    gzip.at[gzip.n - 5] ^= 1;
    file_put(gzip_path, gzip.at, gzip.n);
    cr_assert_eq(idx_read(&idx, &request, NULL), STATUS_DATA);
    bytes_free(&gzip);
    good.n--;
    bytes_add_gzip(&gzip, &good);
    file_put(gzip_path, gzip.at, gzip.n);
    cr_assert_eq(idx_read(&idx, &request, NULL), STATUS_DATA);
    bytes_free(&gzip);
    bytes_free(&good);
}

Test(idx, gzip_of_several_members)
{
    struct bytes good = good_bytes();
    for (size_t cut = 0; cut <= good.n; cut++) {
        struct bytes gzip = {NULL, 0};
        const struct bytes first = {good.at, cut}, second = {good.at + cut, good.n - cut};
        bytes_add_gzip(&gzip, &first);
        bytes_add_gzip(&gzip, &second);
        file_put(gzip_path, gzip.at, gzip.n);
        expect_good(gzip_path);
        bytes_free(&gzip);
    }
    bytes_free(&good);
}

/* More than the buffers of the reader, incompressible and with long matches. */
Test(idx, large)
{
    enum { LARGE_ROWS = 700, ROW_BYTES = 1000 };
    const uint32_t large[3] = {LARGE_ROWS, 10, 100};
    uint8_t *bytes = malloc(LARGE_ROWS * ROW_BYTES);
    cr_assert_not_null(bytes);
    uint32_t state = 1;
    for (size_t i = 0; i < LARGE_ROWS * ROW_BYTES; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = i < LARGE_ROWS * ROW_BYTES / 2 ? (uint8_t)(state >> 24) : 0;
    }
    idx_put(gzip_path, 3, large, bytes);
    const struct idx_request request = {.path = gzip_path, .n_dimensions = 3, .limit = 0};
    struct idx idx;
    cr_assert_eq(idx_read(&idx, &request, NULL), STATUS_OK);
    cr_assert_eq(memcmp(idx.bytes, bytes, LARGE_ROWS * ROW_BYTES), 0);
    idx_destroy(&idx);
    free(bytes);
}

Test(idx, not_a_readable_file)
{
    const struct bytes empty = {NULL, 0};
    expect_refused(plain_path, "No such file", NULL);
    cr_assert_eq(symlink("file", plain_path), 0); /* to itself: not even root can open it */
    expect_refused(plain_path, "cannot open the file", NULL);
    cr_assert_eq(unlink(plain_path), 0);
    cr_assert_eq(mkdir(plain_path, 0777), 0);
    expect_refused(plain_path, "expected a file, found a directory", NULL);
    cr_assert_eq(mkfifo(gzip_path, 0666), 0);
    expect_refused(gzip_path, "expected a regular file", NULL);
    cr_assert_eq(unlink(gzip_path), 0);
    cr_assert_eq(rmdir(plain_path), 0);
    file_put(plain_path, "", 0);
    expect_refused(plain_path, "empty", "0 bytes");
    file_put(gzip_path, "", 0);
    expect_refused(gzip_path, "empty", "0 bytes");
    struct bytes gzip = {NULL, 0};
    bytes_add_gzip(&gzip, &empty);
    expect_bytes_refused(gzip_path, &gzip, "no content", "0 bytes");
    bytes_free(&gzip);
}

Test(idx, no_permission)
{
    if (geteuid() == 0)
        cr_skip_test("root may read everything");
    idx_put(plain_path, 3, sizes, data);
    cr_assert_eq(chmod(plain_path, 0), 0);
    expect_refused(plain_path, "Permission denied", NULL);
}

Test(idx, not_idx)
{
    struct bytes text = {NULL, 0}, wrong = good_bytes();
    bytes_add(&text, "<html>\n", 7);
    expect_content_refused(&text, "not an IDX file", "expected 0x0000 at its start, found 0x3c68");
    text.n = 3;
    expect_content_refused(&text, "truncated in its header",
                           "expected 16 bytes of header, found 3");
    wrong.at[1] = 1;
    expect_content_refused(&wrong, "not an IDX file", "found 0x0001");
    wrong.at[1] = 0;
    wrong.at[2] = 0x0d;
    expect_content_refused(&wrong, "wrong element type",
                           "expected 0x08 (unsigned byte), found 0x0d");
    wrong.at[2] = 0x08;
    wrong.at[3] = 1;
    expect_content_refused(&wrong, "wrong number of dimensions", "expected 3, found 1");
    wrong.at[3] = 255;
    expect_content_refused(&wrong, "wrong number of dimensions", "expected 3, found 255");
    bytes_free(&wrong);
    bytes_free(&text);
}

Test(idx, compressed_or_not_against_the_name)
{
    struct bytes good = good_bytes(), gzip = {NULL, 0};
    bytes_add_gzip(&gzip, &good);
    expect_bytes_refused(gzip_path, &good, "not a gzip file",
                         "expected 0x1f8b at its start, found 0x0000");
    expect_bytes_refused(plain_path, &gzip, "compressed with gzip", "rename it to end in .gz");
    /* A damaged first byte must not make plain data of it. */
    gzip.at[0] ^= 1;
    expect_bytes_refused(gzip_path, &gzip, "not a gzip file", "found 0x1e8b");
    bytes_free(&gzip);
    bytes_free(&good);
}

Test(idx, short_or_long_content)
{
    struct bytes content = good_bytes(), gzip = {NULL, 0};
    const size_t whole = content.n;
    for (size_t n = 4; n < 16; n++) {
        content.n = n;
        expect_content_refused(&content, "truncated in its header", "expected 16 bytes");
    }
    content.n = whole - 1;
    expect_bytes_refused(plain_path, &content, "truncated",
                         "expected 46 bytes by its header, found 45");
    bytes_add_gzip(&gzip, &content);
    expect_bytes_refused(gzip_path, &gzip, "truncated: expected 30 bytes of data", "found 29");
    bytes_free(&gzip);
    content.n = whole;
    bytes_add(&content, "x", 1);
    expect_bytes_refused(plain_path, &content, "trailing bytes",
                         "expected 46 bytes by its header, found 47");
    bytes_add_gzip(&gzip, &content);
    expect_bytes_refused(gzip_path, &gzip, "trailing bytes: expected 30 bytes of data", "found 31");
    bytes_free(&gzip);
    bytes_free(&content);
}

Test(idx, gzip_cut_anywhere)
{
    struct bytes good = good_bytes(), gzip = {NULL, 0};
    bytes_add_gzip(&gzip, &good);
    for (size_t whole = gzip.n; gzip.n > 1; gzip.n--)
        if (gzip.n < whole)
            expect_bytes_refused(gzip_path, &gzip, "truncated gzip file", "fetch it again");
    expect_bytes_refused(gzip_path, &gzip, "truncated gzip file: its 1 bytes", NULL);
    bytes_free(&gzip);
    bytes_free(&good);
}

Test(idx, gzip_corrupt)
{
    struct bytes good = good_bytes(), gzip = {NULL, 0};
    bytes_add_gzip(&gzip, &good);
    gzip.at[gzip.n - 8] ^= 0x10;
    expect_bytes_refused(gzip_path, &gzip, "corrupt gzip file", "incorrect data check");
    gzip.at[gzip.n - 8] ^= 0x10;
    gzip.at[gzip.n - 4] ^= 0x10;
    expect_bytes_refused(gzip_path, &gzip, "corrupt gzip file", "incorrect length check");
    gzip.at[gzip.n - 4] ^= 0x10;
    gzip.at[2] = 9;
    expect_bytes_refused(gzip_path, &gzip, "corrupt gzip file", "unknown compression method");
    gzip.at[2] = 8;
    bytes_add(&gzip, "garbage", 7);
    expect_bytes_refused(gzip_path, &gzip, "corrupt gzip file", "incorrect header check");
    bytes_free(&gzip);
    bytes_free(&good);
}

/* Whatever bit flips: an error, or (in the time stamp and the like) the right content. */
Test(idx, gzip_with_a_flipped_bit)
{
    struct bytes good = good_bytes(), gzip = {NULL, 0};
    size_t n_refused = 0;
    bytes_add_gzip(&gzip, &good);
    for (size_t bit = 0; bit < gzip.n * 8; bit++) {
        struct idx idx;
        struct error error = {STATUS_OK, ""};
        gzip.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        file_put(gzip_path, gzip.at, gzip.n);
        if (read_images(gzip_path, &idx, &error) == STATUS_OK) {
            cr_assert_eq(memcmp(idx.bytes, data, N_DATA), 0, "bit %zu", bit);
            idx_destroy(&idx);
        } else {
            cr_assert_eq(error.status, STATUS_DATA, "%s", error.message);
            n_refused++;
        }
        gzip.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert_geq(n_refused, (gzip.n - 8) * 8, "only time stamp, flags and system may change");
    bytes_free(&gzip);
    bytes_free(&good);
}

/* From here on this process cannot get much more memory than it has, where that can be limited. */
static void limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
    size_t n_pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%zu", &n_pages), 1);
    fclose(file);
    const rlim_t n_bytes = n_pages * (rlim_t)sysconf(_SC_PAGESIZE) + (64u << 20);
    const struct rlimit limit = {n_bytes, n_bytes};
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
#endif
}

/*
 * The promise is refused before an allocation for it is tried: that would be STATUS_MEMORY under
 * the limit, and under AddressSanitizer (more than 2^40 bytes) the end of the process.
 */
Test(idx, header_that_promises_too_much)
{
    const uint32_t huge[3] = {UINT32_MAX, 1u << 10, 1u << 10},
                   overflow[3] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
    const uint32_t almost[3] = {UINT32_MAX, UINT32_MAX, 1};
    const uint32_t overflow_with_header[3] = {UINT32_MAX, 641, 6700417}; /* 2^64 - 1 */
    struct bytes content = {NULL, 0}, gzip = {NULL, 0};
    limit_memory();
    bytes_add_header(&content, 0x08, 3, huge);
    bytes_add(&content, data, N_DATA);
    expect_bytes_refused(plain_path, &content, "truncated: expected 4503599626321936 bytes",
                         "found 46");
    bytes_add_gzip(&gzip, &content);
    expect_bytes_refused(gzip_path, &gzip, "promises 4503599626321936 bytes", "holds at most");
    bytes_free(&gzip);
    bytes_free(&content);
    bytes_add_header(&content, 0x08, 3, overflow);
    expect_content_refused(&content, "promises 4294967295 x 4294967295 x 4294967295",
                           "more than can be addressed");
    bytes_free(&content);
    bytes_add_header(&content, 0x08, 3, overflow_with_header);
    expect_content_refused(&content, "promises 4294967295 x 641 x 6700417", "more than can be");
    bytes_free(&content);
    bytes_add_header(&content, 0x08, 3, almost);
    expect_content_refused(&content, "18446744065119617041", NULL);
    bytes_free(&content);
}

/* The bound on what a gzip file can hold is not below what one does hold. */
Test(idx, gzip_of_the_best_compression)
{
    const uint32_t zeros[3] = {1, 2048, 2048};
    uint8_t *bytes = calloc(2048, 2048);
    struct idx idx;
    struct error error = {STATUS_OK, ""};
    cr_assert_not_null(bytes);
    idx_put(gzip_path, 3, zeros, bytes);
    cr_assert_eq(read_images(gzip_path, &idx, &error), STATUS_OK, "%s", error.message);
    idx_destroy(&idx);
    free(bytes);
}

Test(idx, sizes_of_zero)
{
    for (size_t i = 0; i < 3; i++) {
        uint32_t with_zero[3] = {5, 2, 3};
        struct bytes content = {NULL, 0};
        with_zero[i] = 0;
        bytes_add_header(&content, 0x08, 3, with_zero);
        expect_content_refused(&content,
                               i == 0 ? "expected at least 1 row" : "expected at least 1 pixel",
                               "found a size of 0");
        bytes_free(&content);
    }
}
