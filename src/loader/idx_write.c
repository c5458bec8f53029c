#include "loader/idx_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool write_content(FILE *file, const struct idx_content *content)
{
    const size_t row_bytes = content->rows.n_features;
    const uint8_t magic[4] = {0, 0, 0x08, (uint8_t)content->n_dimensions};
    bool good = fwrite(magic, sizeof magic, 1, file) == 1;
    for (size_t i = 0; i < content->n_dimensions; i++) {
        const size_t size = content->sizes[i];
        const uint8_t big_endian[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16),
                                       (uint8_t)(size >> 8), (uint8_t)size};
        good = good && fwrite(big_endian, sizeof big_endian, 1, file) == 1;
    }
    for (size_t i = 0; good && i < content->rows.n_rows; i++)
        good = fwrite(features_row(&content->rows, i), 1, row_bytes, file) == row_bytes;
    return good;
}

enum status idx_write(const char *path, const struct idx_content *content, struct error *error)
{
    FILE *file = fopen(path, "wbe");
    bool good = file && write_content(file, content);
    if (file && fclose(file))
        good = false;
    return good ? STATUS_OK
                : error_set(error, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
}
