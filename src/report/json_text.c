#include "report/json_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void number_text(char text[static NUMBER_TEXT_BYTES], double number)
{
    enum { DIGITS_SAFE = 15, DIGITS_EXACT = 17 };
    for (int digits = DIGITS_SAFE; digits <= DIGITS_EXACT; digits++) {
        snprintf(text, NUMBER_TEXT_BYTES, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Scalars but for reals, and strings with their escapes: jansson writes these as we want them. */
static int write_plain(FILE *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!text)
        return -1;
    fputs(text, out);
    free(text);
    return 0;
}

static void write_real(FILE *out, double number)
{
    char text[NUMBER_TEXT_BYTES];
    number_text(text, number);
    fprintf(out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static int write_key(FILE *out, const char *key)
{
    json_t *text = json_string(key);
    const int failed = !text || write_plain(out, text);
    json_decref(text);
    fputc(':', out);
    return failed ? -1 : 0;
}

const char **json_sorted_keys(const json_t *object)
{
    const char **keys = malloc((json_object_size(object) + 1) * sizeof *keys);
    if (!keys)
        return NULL;
    size_t n_keys = 0;
    /* The iterator wants a json_t that is not const, though it changes nothing. */
    union {
        const json_t *borrowed;
        json_t *open;
    } cast = {.borrowed = object};
    for (void *i = json_object_iter(cast.open); i; i = json_object_iter_next(cast.open, i))
        keys[n_keys++] = json_object_iter_key(i);
    qsort(keys, n_keys, sizeof *keys, compare_keys);
    return keys;
}

static int write_object(FILE *out, const json_t *object)
{
    const char **keys = json_sorted_keys(object);
    int failed = keys == NULL;
    fputc('{', out);
    for (size_t i = 0; !failed && i < json_object_size(object); i++) {
        if (i)
            fputc(',', out);
        failed = write_key(out, keys[i]) || json_text_write(out, json_object_get(object, keys[i]));
    }
    fputc('}', out);
    free(keys);
    return failed ? -1 : 0;
}

static int write_array(FILE *out, const json_t *array)
{
    int failed = 0;
    fputc('[', out);
    for (size_t i = 0; i < json_array_size(array) && !failed; i++) {
        if (i)
            fputc(',', out);
        failed = json_text_write(out, json_array_get(array, i));
    }
    fputc(']', out);
    return failed;
}

int json_text_write(FILE *out, const json_t *value)
{
    if (json_is_object(value))
        return write_object(out, value);
    if (json_is_array(value))
        return write_array(out, value);
    if (!json_is_real(value))
        return write_plain(out, value);
    write_real(out, json_real_value(value));
    return 0;
}

char *json_text(const json_t *value)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    const int failed = json_text_write(out, value) || ferror(out);
    if (fclose(out) || failed) {
        free(text);
        return NULL;
    }
    return text;
}

json_t *json_text_integer(uint64_t number)
{
    if (number <= UINT64_C(1) << 53)
        return json_integer((json_int_t)number);
    return json_sprintf("%" PRIu64, number);
}

json_t *json_text_string(const char *text)
{
    json_t *string = json_string(text);
    if (string)
        return string;
    char *ascii = strdup(text);
    if (!ascii)
        return NULL;
    for (char *c = ascii; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    string = json_string(ascii);
    free(ascii);
    return string;
}
