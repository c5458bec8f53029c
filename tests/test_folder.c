#include "test_folder.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void folder_create(char folder[FOLDER_BYTES])
{
    snprintf(folder, FOLDER_BYTES, "/tmp/fmbench-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void folder_remove(const char *folder)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *file_path(char path[FILE_PATH_BYTES], const char *folder, const char *name)
{
    cr_assert_lt(snprintf(path, FILE_PATH_BYTES, "%s/%s", folder, name), FILE_PATH_BYTES);
    return path;
}

void file_put(const char *path, const void *bytes, size_t n_bytes)
{
    unlink(path); /* what replaces a file's content goes to the disk at once, a new file does not */
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n_bytes, file), n_bytes);
    cr_assert_eq(fclose(file), 0);
}
