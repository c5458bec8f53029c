#include "idx_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void bytes_add(struct bytes *bytes, const void *more, size_t n_more)
{
    if (n_more == 0)
        return;
    bytes->at = realloc(bytes->at, bytes->n + n_more);
    cr_assert_not_null(bytes->at);
    memcpy(bytes->at + bytes->n, more, n_more);
    bytes->n += n_more;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){NULL, 0};
}

void bytes_add_header(struct bytes *idx, uint8_t type, size_t n_sizes, const uint32_t *sizes)
{
    const uint8_t magic[4] = {0, 0, type, (uint8_t)n_sizes};
    bytes_add(idx, magic, 4);
    for (size_t i = 0; i < n_sizes; i++) {
        const uint8_t size[4] = {(uint8_t)(sizes[i] >> 24), (uint8_t)(sizes[i] >> 16),
                                 (uint8_t)(sizes[i] >> 8), (uint8_t)sizes[i]};
        bytes_add(idx, size, 4);
    }
}

void bytes_add_gzip(struct bytes *gzip, const struct bytes *content)
{
    uint8_t none = 0;
    z_stream z = {.next_in = content->at ? content->at : &none, .avail_in = (uInt)content->n};
    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t bound = deflateBound(&z, content->n);
    uint8_t *out = malloc(bound);
    cr_assert_not_null(out);
    z.next_out = out;
    z.avail_out = (uInt)bound;
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    bytes_add(gzip, out, bound - z.avail_out);
    free(out);
    deflateEnd(&z);
}

void idx_put(const char *path, size_t n_sizes, const uint32_t *sizes, const uint8_t *data)
{
    struct bytes plain = {NULL, 0}, gzip = {NULL, 0};
    size_t n_data = 1;
    for (size_t i = 0; i < n_sizes; i++)
        n_data *= sizes[i];
    bytes_add_header(&plain, 0x08, n_sizes, sizes);
    bytes_add(&plain, data, n_data);
    bytes_add_gzip(&gzip, &plain);
    const struct bytes *content = strstr(path, ".gz") ? &gzip : &plain;
    file_put(path, content->at, content->n);
    bytes_free(&plain);
    bytes_free(&gzip);
}
