#include "loader/npy_header.h"

#include <ctype.h>
#include <string.h>

enum {
    MAGIC_BYTES = 6,
    PREFIX_BYTES = 12,      /* of version 2 and 3; 10 of version 1 */
    TEXT_BYTES_MAX = 10000, /* NumPy's own limit */
    WORD_BYTES = 40
};

/* What is behind `at` is text of the header, which ends with '\0'. */
struct scanner {
    const char *path, *begin, *at, *end;
    struct error *error;
    bool has_descr, has_order, has_shape;
};

/* What there is, up to the end of the word: "found ..." of a message. */
static enum status refuse(const struct scanner *s, const char *expected)
{
    char found[WORD_BYTES];
    size_t n = 0;
    for (; s->at[n] && s->at[n] != '\n' && n < sizeof found - 1; n++)
        found[n] = isprint((unsigned char)s->at[n]) ? s->at[n] : '?';
    found[n] = '\0';
    return error_set(s->error, STATUS_DATA,
                     "%s: character %zu of its header's text: expected %s, found %s", s->path,
                     (size_t)(s->at - s->begin) + 1, expected,
                     n                ? found
                     : s->at < s->end ? "a control character"
                                      : "its end");
}

static void pass_spaces(struct scanner *s)
{
    while (isspace((unsigned char)*s->at))
        s->at++;
}

/* Passes over the text where it is next. */
static bool pass(struct scanner *s, const char *text)
{
    pass_spaces(s);
    const size_t n = strlen(text);
    if (strncmp(s->at, text, n) != 0)
        return false;
    s->at += n;
    return true;
}

/* A text in quotes of either kind, without escapes. */
static enum status scan_text(struct scanner *s, char word[WORD_BYTES], const char *expected)
{
    pass_spaces(s);
    const char *begin = s->at + 1;
    const char *end = *s->at == '\'' || *s->at == '"' ? strchr(begin, *s->at) : NULL;
    if (!end || end - begin >= WORD_BYTES)
        return refuse(s, expected);
    memcpy(word, begin, (size_t)(end - begin));
    word[end - begin] = '\0';
    s->at = end + 1;
    return STATUS_OK;
}

static enum status scan_type(struct scanner *s, struct npy_header *h)
{
    static const char expected[] = "a type of numbers, such as '|u1', '<i8', '|b1', '<f4' or '<f8'";
    char word[WORD_BYTES] = "";
    const struct scanner before = *s;
    const enum status status = scan_text(s, word, expected);
    if (status)
        return status;
    const bool is_known = strlen(word) == 3 && strchr("|<>=", word[0]) && strchr("buif", word[1]) &&
                          strchr("1248", word[2]);
    h->kind = word[1];
    h->item_bytes = is_known ? (size_t)(word[2] - '0') : 0;
    h->is_big_endian = word[0] == '>';
    const bool is_float = is_known && h->kind == 'f', is_bool = is_known && h->kind == 'b';
    if (!is_known || (is_float && h->item_bytes < 4) || (is_bool && h->item_bytes != 1))
        return refuse(&before, expected);
    if (is_bool)
        h->kind = 'u';
    return STATUS_OK;
}

static enum status scan_order(struct scanner *s)
{
    const struct scanner before = *s;
    if (pass(s, "False"))
        return STATUS_OK;
    if (!pass(s, "True"))
        return refuse(s, "False");
    return refuse(&before, "False (write numpy.ascontiguousarray of the array)");
}

static enum status scan_size(struct scanner *s, size_t *size)
{
    pass_spaces(s);
    const struct scanner before = *s;
    *size = 0;
    if (!isdigit((unsigned char)*s->at))
        return refuse(s, "a size");
    for (; isdigit((unsigned char)*s->at); s->at++)
        if (__builtin_mul_overflow(*size, (size_t)10, size) ||
            __builtin_add_overflow(*size, (size_t)(*s->at - '0'), size))
            return refuse(&before, "a size below 2^64");
    return STATUS_OK;
}

static enum status scan_shape(struct scanner *s, struct npy_header *h)
{
    h->n_dimensions = 0;
    if (!pass(s, "("))
        return refuse(s, "the shape, such as (60000, 28, 28)");
    while (!pass(s, ")")) {
        if (h->n_dimensions == NPY_DIMENSIONS_MAX)
            return refuse(s, "at most 4 dimensions");
        const enum status status = scan_size(s, &h->sizes[h->n_dimensions]);
        if (status)
            return status;
        h->n_dimensions++;
        if (!pass(s, ",") && *s->at != ')')
            return refuse(s, "',' or ')'");
    }
    for (size_t i = h->n_dimensions; i < NPY_DIMENSIONS_MAX; i++)
        h->sizes[i] = 1;
    return h->n_dimensions ? STATUS_OK : refuse(s, "a shape of at least 1 dimension before this");
}

static enum status scan_entry(struct scanner *s, struct npy_header *h)
{
    static const char expected[] = "one of 'descr', 'fortran_order', 'shape'";
    char key[WORD_BYTES] = "";
    pass_spaces(s);
    const struct scanner before = *s;
    const enum status status = scan_text(s, key, expected);
    if (status)
        return status;
    if (!pass(s, ":"))
        return refuse(s, "':'");
    bool *is_there = strcmp(key, "descr") == 0           ? &s->has_descr
                     : strcmp(key, "fortran_order") == 0 ? &s->has_order
                     : strcmp(key, "shape") == 0         ? &s->has_shape
                                                         : NULL;
    if (!is_there || *is_there)
        return refuse(&before, is_there ? "each key once" : expected);
    *is_there = true;
    pass_spaces(s);
    if (is_there == &s->has_descr)
        return scan_type(s, h);
    return is_there == &s->has_order ? scan_order(s) : scan_shape(s, h);
}

static enum status scan(struct scanner *s, struct npy_header *h)
{
    if (!pass(s, "{"))
        return refuse(s, "'{'");
    while (!pass(s, "}")) {
        const enum status status = scan_entry(s, h);
        if (status)
            return status;
        if (!pass(s, ",") && *s->at != '}')
            return refuse(s, "',' or '}'");
    }
    if (!s->has_descr || !s->has_order || !s->has_shape)
        return error_set(s->error, STATUS_DATA, "%s: its header has no '%s'", s->path,
                         !s->has_descr   ? "descr"
                         : !s->has_order ? "fortran_order"
                                         : "shape");
    pass_spaces(s);
    return s->at < s->end ? refuse(s, "the end of the header") : STATUS_OK;
}

static enum status read_exactly(struct byte_stream *stream, void *to, size_t n_bytes,
                                struct error *error)
{
    size_t n_read;
    const enum status status = byte_stream_read(stream, to, n_bytes, &n_read, error);
    if (!status && n_read < n_bytes)
        return error_set(error, STATUS_DATA,
                         "%s: truncated in its header: expected %zu bytes more, found %zu",
                         stream->path, n_bytes, n_read);
    return status;
}

/* The number of bytes that the text of the header has. */
static enum status read_prefix(size_t *n_text, struct byte_stream *stream, struct error *error)
{
    static const uint8_t magic[MAGIC_BYTES] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    uint8_t prefix[PREFIX_BYTES];
    enum status status = read_exactly(stream, prefix, MAGIC_BYTES + 4, error);
    if (status)
        return status;
    if (memcmp(prefix, magic, MAGIC_BYTES) != 0)
        return error_set(error, STATUS_DATA,
                         "%s: not a NumPy array: expected 0x934e554d5059 at its start, found "
                         "0x%02x%02x%02x%02x%02x%02x",
                         stream->path, prefix[0], prefix[1], prefix[2], prefix[3], prefix[4],
                         prefix[5]);
    const unsigned version = prefix[MAGIC_BYTES];
    if (version < 1 || version > 3)
        return error_set(error, STATUS_DATA,
                         "%s: expected version 1, 2 or 3 of the format, found %u", stream->path,
                         version);
    *n_text = (size_t)prefix[8] | (size_t)prefix[9] << 8;
    if (version > 1)
        status = read_exactly(stream, prefix + 10, 2, error);
    if (!status && version > 1)
        *n_text |= (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
    if (!status && *n_text > TEXT_BYTES_MAX)
        return error_set(error, STATUS_DATA,
                         "%s: expected a header of at most %d bytes, found one of %zu",
                         stream->path, (int)TEXT_BYTES_MAX, *n_text);
    return status;
}

enum status npy_header_read(struct npy_header *header, struct byte_stream *stream,
                            struct error *error)
{
    char text[TEXT_BYTES_MAX + 1];
    size_t n_text = 0;
    enum status status = read_prefix(&n_text, stream, error);
    if (!status)
        status = read_exactly(stream, text, n_text, error);
    if (status)
        return status;
    text[n_text] = '\0';
    struct scanner s = {
        .path = stream->path, .begin = text, .at = text, .end = text + n_text, .error = error};
    *header = (struct npy_header){.kind = '\0'};
    return scan(&s, header);
}
