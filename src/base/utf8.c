#include "base/utf8.h"

#include <stdint.h>

enum { FIRST_WIDE = 0x1100 };

/* Bytes of the code point at `p`, 1 when there is none, and 0 at the end of the text. */
static size_t next_code_point(const char *p, uint32_t *code)
{
    const unsigned char first = (unsigned char)*p;
    *code = first;
    if (first == '\0')
        return 0;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4)
        return 1; /* ASCII, or no first byte */
    *code = first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        const unsigned char byte = (unsigned char)p[i];
        if ((byte & 0xc0) != 0x80) {
            *code = first;
            return 1;
        }
        *code = *code << 6 | (byte & 0x3fu);
    }
    return length;
}

size_t utf8_fit_bytes(const char *text, size_t max_bytes)
{
    uint32_t code;
    size_t used = 0, length;
    while ((length = next_code_point(text + used, &code)) > 0 && used + length <= max_bytes)
        used += length;
    return used;
}

static size_t columns_of(uint32_t code)
{
    return code < FIRST_WIDE ? 1 : 2;
}

size_t utf8_fit_columns(const char *text, size_t max_columns, size_t *n_columns)
{
    uint32_t code;
    size_t used = 0, length;
    *n_columns = 0;
    while ((length = next_code_point(text + used, &code)) > 0) {
        const size_t width = columns_of(code);
        if (*n_columns + width > max_columns)
            break;
        *n_columns += width;
        used += length;
    }
    return used;
}

size_t utf8_columns(const char *text, size_t n_bytes)
{
    uint32_t code;
    size_t n_columns = 0, length;
    for (size_t used = 0; used < n_bytes; used += length) {
        length = next_code_point(text + used, &code);
        if (length == 0)
            break;
        n_columns += columns_of(code);
    }
    return n_columns;
}
