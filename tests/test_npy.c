#include "loader/npy.h"

#include "npy_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char folder[FOLDER_BYTES], path[FILE_PATH_BYTES];

static void set_up(void)
{
    folder_create(folder);
    file_path(path, folder, "file.npy");
}

static void tear_down(void)
{
    folder_remove(folder);
}

TestSuite(npy, .init = set_up, .fini = tear_down, .timeout = 20);

static enum status put_and_read(struct npy *npy, const char *descr, const char *shape,
                                const void *data, size_t n_bytes, struct error *error)
{
    struct bytes content = {NULL, 0}, file = {NULL, 0};
    bytes_add(&content, data, n_bytes);
    bytes_add_npy(&file, descr, shape, &content);
    file_put(path, file.at, file.n);
    bytes_free(&content);
    bytes_free(&file);
    return npy_read(npy, &(struct npy_request){.path = path}, error);
}

static void expect(const char *descr, const void *data, size_t n_bytes)
{
    static const uint8_t expected[6] = {0, 1, 2, 128, 200, 255};
    struct npy npy;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(put_and_read(&npy, descr, "(2, 3)", data, n_bytes, &error), STATUS_OK, "%s: %s",
                 descr, error.message);
    cr_assert_eq(npy.n_dimensions, 2);
    cr_assert(npy.sizes[0] == 2 && npy.sizes[1] == 3 && npy.sizes[2] == 1 && npy.sizes[3] == 1);
    cr_assert_eq(npy.n_kept, 2);
    cr_assert_eq(memcmp(npy.bytes, expected, sizeof expected), 0, "%s", descr);
    npy_destroy(&npy);
}

Test(npy, types)
{
    const uint8_t bytes[6] = {0, 1, 2, 128, 200, 255};
    const int16_t shorts[6] = {0, 1, 2, 128, 200, 255};
    const uint32_t ints[6] = {0, 1, 2, 128, 200, 255};
    const int64_t longs[6] = {0, 1, 2, 128, 200, 255};
    const float floats[6] = {0, 1, 2, 128, 200, 255};
    const double doubles[6] = {-0.0, 1, 2, 128, 200, 255};
    uint8_t big_ints[24] = {0}, big_shorts[12] = {0};
    for (size_t i = 0; i < 6; i++)
        big_ints[4 * i + 3] = big_shorts[2 * i + 1] = bytes[i];
    expect("|u1", bytes, sizeof bytes);
    expect("<i2", shorts, sizeof shorts);
    expect("<u4", ints, sizeof ints);
    expect("=i8", longs, sizeof longs);
    expect("<u8", longs, sizeof longs);
    expect("<f4", floats, sizeof floats);
    expect("<f8", doubles, sizeof doubles);
    expect(">i4", big_ints, sizeof big_ints);
    expect(">u2", big_shorts, sizeof big_shorts);
}

static void expect_refused(const char *descr, const void *data, size_t n_bytes, const char *text)
{
    struct npy npy;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(put_and_read(&npy, descr, "(3,)", data, n_bytes, &error), STATUS_DATA);
    cr_assert_not_null(strstr(error.message, text), "no \"%s\" in: %s", text, error.message);
    cr_assert_null(npy.bytes);
    cr_assert_eq(npy.n_kept, 0);
}

Test(npy, values_that_are_no_bytes)
{
    expect_refused("|i1", (const int8_t[]){0, -128, 5}, 3,
                   "row 1, number 0 of it: expected a whole number from 0 to 255, found -128");
    expect_refused("<i8", (const int64_t[]){INT64_MIN, 0, 0}, 24, "row 0, number 0 of it");
    expect_refused("<u8", (const uint64_t[]){0, 0, UINT64_MAX}, 24, "found 1.84467441e+19");
    expect_refused("<u2", (const uint16_t[]){255, 255, 256}, 6, "found 256");
    expect_refused("<f4", (const float[]){0, 0.5F, 1}, 12, "found 0.5");
    expect_refused("<f8", (const double[]){0, 0.0 / 0.0, 1}, 24, "nan");
    expect_refused("<f8", (const double[]){1.0 / 0.0, 0, 1}, 24, "found inf");
}

/* A bool is 0 or 1; four dimensions, and a header of version 2. */
Test(npy, other_headers)
{
    static const char text[] = "{\"shape\":(1,2,2,1),\"fortran_order\":False,\"descr\":\"|b1\"}";
    static const uint8_t data[4] = {0, 1, 1, 0};
    const uint8_t prefix[12] = {0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, sizeof text - 1, 0, 0, 0};
    struct bytes file = {NULL, 0};
    struct npy npy;
    struct error error = {STATUS_OK, ""};
    bytes_add(&file, prefix, sizeof prefix);
    bytes_add(&file, text, sizeof text - 1);
    bytes_add(&file, data, sizeof data);
    file_put(path, file.at, file.n);
    bytes_free(&file);
    cr_assert_eq(npy_read(&npy, &(struct npy_request){.path = path}, &error), STATUS_OK, "%s",
                 error.message);
    cr_assert_eq(npy.n_dimensions, 4);
    cr_assert_eq(npy.sizes[2], 2);
    cr_assert_eq(memcmp(npy.bytes, data, sizeof data), 0);
    npy_destroy(&npy);
}

Test(npy, a_limit_keeps_the_first_rows)
{
    const uint16_t data[6] = {1, 2, 3, 4, 999, 6}; /* the last row is not looked at */
    struct npy npy;
    struct bytes content = {NULL, 0}, file = {NULL, 0};
    bytes_add(&content, data, sizeof data);
    bytes_add_npy(&file, "<u2", "(3, 2)", &content);
    file_put(path, file.at, file.n);
    cr_assert_eq(npy_read(&npy, &(struct npy_request){.path = path, .limit = 2}, NULL), STATUS_OK);
    cr_assert_eq(npy.sizes[0], 3);
    cr_assert_eq(npy.n_kept, 2);
    cr_assert_eq(npy.bytes[3], 4);
    npy_destroy(&npy);
    file_put(path, file.at, file.n - 1);
    cr_assert_eq(npy_read(&npy, &(struct npy_request){.path = path, .limit = 2}, NULL),
                 STATUS_DATA);
    bytes_free(&content);
    bytes_free(&file);
}

Test(npy, members_of_an_archive)
{
    char archive[FILE_PATH_BYTES], member[2 * FILE_PATH_BYTES];
    const uint8_t zeros[3000] = {0};
    struct bytes content = {NULL, 0}, file = {NULL, 0};
    struct npy npy;
    struct error error = {STATUS_OK, ""};
    bytes_add(&content, zeros, sizeof zeros);
    bytes_add_npy(&file, "|u1", "(1000, 3)", &content);
    file_path(archive, folder, "file.npz");
    zip_put(archive, "packed.npy", &file, true);
    zip_put(archive, "stored.npy", &file, false);
    static const char *const names[] = {"packed.npy", "stored.npy", "PACKED.npy"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(member, sizeof member, "%s/%s", archive, names[i]);
        const struct npy_request request = {.path = member, .is_member = true};
        cr_assert_eq(npy_read(&npy, &request, &error), STATUS_OK, "%s", error.message);
        cr_assert_eq(npy.n_kept, 1000);
        cr_assert_eq(memcmp(npy.bytes, zeros, sizeof zeros), 0);
        npy_destroy(&npy);
    }
    snprintf(member, sizeof member, "%s/other.npy", archive);
    cr_assert_eq(npy_read(&npy, &(struct npy_request){.path = member, .is_member = true}, &error),
                 STATUS_DATA);
    cr_assert_not_null(strstr(error.message, "the archive has no such member"));
    bytes_free(&content);
    bytes_free(&file);
}
