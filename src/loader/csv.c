#include "loader/csv.h"

#include "base/memory.h"
#include "loader/byte_stream.h"
#include "loader/format.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    BUFFER_BYTES = 1 << 14,
    FIELD_BYTES = 40, /* more than a number takes: what is longer is cut off, and none */
    FIRST_CAPACITY = 1 << 14,
    NOT_A_NUMBER = -1,
    END_OF_FILE = -1
};

/* Bytes that are added one by one. */
struct pile {
    void *bytes;
    size_t used, capacity;
};

struct reader {
    const struct csv_request *request;
    struct byte_stream stream;
    uint8_t buffer[BUFFER_BYTES];
    size_t n_buffered, at;
    size_t line, field;     /* where the reader is, from 1 */
    char text[FIELD_BYTES]; /* of the field */
    size_t n_text;          /* that it has, though there is no room for all */
    int delimiter;          /* behind the field: ',', '\n' or END_OF_FILE */
    size_t n_fields;        /* of the first line; 0 before it */
    size_t empty_line;      /* the first of those that were just read; 0: none */
    size_t n_rows;
    struct pile pixels, labels;
};

static enum status push(struct pile *pile, uint8_t byte, const char *path, struct error *error)
{
    if (pile->used == pile->capacity) {
        const size_t capacity = pile->capacity ? 2 * pile->capacity : FIRST_CAPACITY;
        const enum status status = memory_resize(&pile->bytes, pile->used, capacity, path, error);
        if (status)
            return status;
        pile->capacity = capacity;
    }
    ((uint8_t *)pile->bytes)[pile->used++] = byte;
    return STATUS_OK;
}

static enum status refill(struct reader *r, struct error *error)
{
    r->at = 0;
    return byte_stream_read(&r->stream, r->buffer, sizeof r->buffer, &r->n_buffered, error);
}

static enum status next_byte(struct reader *r, int *byte, struct error *error)
{
    if (r->at == r->n_buffered) {
        const enum status status = refill(r, error);
        if (status)
            return status;
    }
    *byte = r->at < r->n_buffered ? r->buffer[r->at++] : END_OF_FILE;
    return STATUS_OK;
}

/* Without the spaces around it, then without the quotes. */
static void trim(struct reader *r)
{
    size_t n = r->n_text < FIELD_BYTES ? r->n_text : FIELD_BYTES - 1, begin = 0;
    while (n && isspace((unsigned char)r->text[n - 1]))
        n--;
    while (begin < n && isspace((unsigned char)r->text[begin]))
        begin++;
    if (n - begin >= 2 && r->text[begin] == '"' && r->text[n - 1] == '"') {
        begin++;
        n--;
    }
    memmove(r->text, r->text + begin, n - begin);
    r->text[n - begin] = '\0';
}

static enum status next_field(struct reader *r, struct error *error)
{
    int byte = 0;
    for (r->n_text = 0;; r->n_text++) {
        const enum status status = next_byte(r, &byte, error);
        if (status)
            return status;
        if (byte == ',' || byte == '\n' || byte == END_OF_FILE)
            break;
        if (r->n_text < FIELD_BYTES - 1)
            r->text[r->n_text] = (char)byte;
    }
    trim(r);
    r->delimiter = byte;
    r->field++;
    return STATUS_OK;
}

/* 0 to 255, also as 7.0; else NOT_A_NUMBER. */
static int number(const struct reader *r)
{
    const char *at = r->text;
    int value = 0;
    if (!isdigit((unsigned char)*at) || r->n_text >= FIELD_BYTES)
        return NOT_A_NUMBER;
    for (; isdigit((unsigned char)*at) && value <= UINT8_MAX; at++)
        value = 10 * value + (*at - '0');
    if (*at == '.')
        at += 1 + strspn(at + 1, "0");
    return *at == '\0' && value <= UINT8_MAX ? value : NOT_A_NUMBER;
}

static enum status refuse_field(struct reader *r, const char *expected, struct error *error)
{
    for (char *at = r->text; *at; at++)
        if (!isprint((unsigned char)*at))
            *at = '?';
    return error_set(error, STATUS_DATA, "%s: line %zu, field %zu: expected %s, found \"%s%s\"",
                     r->request->path, r->line, r->field, expected, r->text,
                     r->n_text >= FIELD_BYTES ? "..." : "");
}

static bool is_label_name(const char *text)
{
    static const char *const names[] = {"label", "labels", "class", "target", "y"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(text, names[i]) == 0)
            return true;
    return false;
}

/* The rest of the first line, of which one field was read that is no number. */
static enum status read_header(struct reader *r, struct error *error)
{
    if (!is_label_name(r->text))
        return refuse_field(
            r, "a label from 0 to 255, or a header with \"label\" as its first field", error);
    while (r->delimiter == ',') {
        const enum status status = next_field(r, error);
        if (status)
            return status;
    }
    r->n_fields = r->field;
    return STATUS_OK;
}

static enum status check_fields(struct reader *r, struct error *error)
{
    if (r->n_fields == 0)
        r->n_fields = r->field;
    if (r->field > r->n_fields)
        return error_set(error, STATUS_DATA,
                         "%s: line %zu: expected %zu fields as in line 1, found "
                         "more",
                         r->request->path, r->line, r->n_fields);
    if (r->field < r->n_fields)
        return error_set(error, STATUS_DATA,
                         "%s: line %zu: expected %zu fields as in line 1, found %zu",
                         r->request->path, r->line, r->n_fields, r->field);
    if (r->n_fields < 2)
        return error_set(error, STATUS_DATA,
                         "%s: line %zu: expected a label and at least 1 pixel, separated by "
                         "commas, found 1 field",
                         r->request->path, r->line);
    return STATUS_OK;
}

/* The rest of a row, whose label was read. */
static enum status read_row(struct reader *r, struct error *error)
{
    const bool is_kept = !r->request->limit || r->n_rows < r->request->limit;
    int value = number(r);
    enum status status = STATUS_OK;
    if (value == NOT_A_NUMBER)
        return refuse_field(r, "a label from 0 to 255", error);
    if (is_kept)
        status = push(&r->labels, (uint8_t)value, r->request->path, error);
    while (!status && r->delimiter == ',' && (!r->n_fields || r->field <= r->n_fields)) {
        status = next_field(r, error);
        value = number(r);
        if (!status && value == NOT_A_NUMBER)
            status = refuse_field(r, "a pixel, a whole number from 0 to 255", error);
        if (!status && is_kept)
            status = push(&r->pixels, (uint8_t)value, r->request->path, error);
    }
    r->n_rows++;
    return status ? status : check_fields(r, error);
}

static enum status read_line(struct reader *r, struct error *error)
{
    r->line++;
    r->field = 0;
    const enum status status = next_field(r, error);
    if (status)
        return status;
    if (r->delimiter != ',' && r->text[0] == '\0') {
        if (!r->empty_line)
            r->empty_line = r->line;
        return STATUS_OK;
    }
    if (r->empty_line)
        return error_set(error, STATUS_DATA, "%s: line %zu is empty, and line %zu is not",
                         r->request->path, r->empty_line, r->line);
    return r->line == 1 && number(r) == NOT_A_NUMBER ? read_header(r, error) : read_row(r, error);
}

static enum status check_start(struct reader *r, struct error *error)
{
    const enum status status = refill(r, error);
    if (status)
        return status;
    if (r->n_buffered >= 2 && r->buffer[0] == 0x1f && r->buffer[1] == 0x8b)
        return error_set(error, STATUS_DATA,
                         "%s: not a CSV file: it is compressed with gzip (begins with 0x1f8b); "
                         "rename it to end in .gz",
                         r->request->path);
    if (r->n_buffered >= 3 && memcmp(r->buffer, "\xef\xbb\xbf", 3) == 0) /* UTF-8's mark */
        r->at = 3;
    return STATUS_OK;
}

static enum status read_lines(struct reader *r, struct error *error)
{
    enum status status = check_start(r, error);
    while (!status && r->delimiter != END_OF_FILE)
        status = read_line(r, error);
    if (!status && r->n_rows == 0)
        status = error_set(error, STATUS_DATA, "%s: expected at least 1 row, found %s",
                           r->request->path, r->n_fields ? "a header alone" : "empty lines alone");
    return status;
}

/* Without the room that was left for more. */
static enum status give(struct csv *csv, struct reader *r, struct error *error)
{
    struct pile *piles[2] = {&r->pixels, &r->labels};
    for (size_t i = 0; i < 2; i++) {
        const enum status status = memory_resize(&piles[i]->bytes, piles[i]->used, piles[i]->used,
                                                 r->request->path, error);
        if (status)
            return status;
    }
    *csv = (struct csv){.n_rows = r->n_rows,
                        .n_kept = r->labels.used,
                        .n_features = r->n_fields - 1,
                        .pixels = r->pixels.bytes,
                        .labels = r->labels.bytes};
    return STATUS_OK;
}

enum status csv_read(struct csv *csv, const struct csv_request *request, struct error *error)
{
    struct reader r = {.request = request};
    *csv = (struct csv){.n_rows = 0};
    enum status status = byte_stream_open(&r.stream, request->path, error);
    if (status)
        return status;
    status = read_lines(&r, error);
    byte_stream_close(&r.stream);
    if (!status)
        status = give(csv, &r, error);
    if (status) {
        memory_free(r.pixels.bytes);
        memory_free(r.labels.bytes);
    }
    return status;
}

void csv_destroy(struct csv *csv)
{
    memory_free(csv->pixels);
    memory_free(csv->labels);
    *csv = (struct csv){.n_rows = 0};
}
