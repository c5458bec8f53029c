#include "runner/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 16 << 20, CHUNK_BYTES = 1 << 16 };

static enum status read_all(FILE *file, const char *path, char **text, struct error *error)
{
    size_t used = 0, capacity = 0;
    for (;;) {
        if (capacity - used < CHUNK_BYTES) {
            capacity = 2 * capacity + 2 * CHUNK_BYTES;
            char *grown = realloc(*text, capacity);
            if (!grown)
                return error_memory(error, path, capacity);
            *text = grown;
        }
        const size_t got = fread(*text + used, 1, CHUNK_BYTES - 1, file);
        used += got;
        if (got == 0)
            break;
        if (used > TEXT_MAX_BYTES)
            return error_set(error, STATUS_USAGE, "%s: larger than %d bytes", path, TEXT_MAX_BYTES);
    }
    if (ferror(file))
        return error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
    (*text)[used] = '\0';
    if (strlen(*text) != used)
        return error_set(error, STATUS_USAGE, "%s: not text: NUL byte at offset %zu", path,
                         strlen(*text));
    return STATUS_OK;
}

enum status text_file_read(const char *path, char **text, struct error *error)
{
    *text = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
    const enum status status = read_all(file, path, text, error);
    fclose(file);
    if (status) {
        free(*text);
        *text = NULL;
    }
    return status;
}
