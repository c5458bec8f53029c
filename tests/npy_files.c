#include "npy_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <zip.h>

void bytes_add_npy(struct bytes *npy, const char *descr, const char *shape,
                   const struct bytes *data)
{
    char text[256];
    const int n =
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n",
                 descr, shape);
    const uint8_t prefix[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)n, 0};
    bytes_add(npy, prefix, sizeof prefix);
    bytes_add(npy, text, (size_t)n);
    bytes_add(npy, data->at, data->n);
}

void zip_put(const char *path, const char *member, const struct bytes *content, bool is_deflated)
{
    int code;
    zip_t *archive = zip_open(path, ZIP_CREATE, &code);
    cr_assert_not_null(archive);
    zip_source_t *source = zip_source_buffer(archive, content->at, content->n, 0);
    const zip_int64_t index = zip_file_add(archive, member, source, 0);
    cr_assert_geq(index, 0);
    cr_assert_eq(zip_set_file_compression(archive, (zip_uint64_t)index,
                                          is_deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0),
                 0);
    cr_assert_eq(zip_close(archive), 0);
}
