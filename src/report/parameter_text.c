#include "report/parameter_text.h"

#include "report/json_text.h"

#include <stdbool.h>
#include <stdlib.h>

/* A copy in which each number is a real; NULL when memory is short. */
static json_t *with_reals(const json_t *value)
{
    if (json_is_integer(value))
        return json_real((double)json_integer_value(value));
    if (!json_is_array(value))
        return json_deep_copy(value);
    json_t *list = json_array();
    for (size_t i = 0; list && i < json_array_size(value); i++)
        if (json_array_append_new(list, with_reals(json_array_get(value, i)))) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

char *parameter_key(const json_t *parameter)
{
    json_t *copy = json_deep_copy(parameter);
    int failed = copy == NULL;
    for (void *i = json_object_iter(copy); i && !failed; i = json_object_iter_next(copy, i))
        failed = json_object_iter_set_new(copy, i, with_reals(json_object_iter_value(i)));
    char *text = failed ? NULL : json_text(copy);
    json_decref(copy);
    return text;
}

static bool is_repeated(const json_t *list)
{
    enum { REPEATED_MIN = 4 };
    for (size_t i = 1; i < json_array_size(list); i++)
        if (!json_equal(json_array_get(list, 0), json_array_get(list, i)))
            return false;
    return json_array_size(list) >= REPEATED_MIN;
}

static int write_scalar(FILE *out, const json_t *value)
{
    char text[NUMBER_TEXT_BYTES];
    if (json_is_boolean(value))
        fputs(json_is_true(value) ? "True" : "False", out);
    else if (json_is_null(value))
        fputs("None", out);
    else if (json_is_string(value))
        fputs(json_string_value(value), out);
    else if (json_is_real(value)) {
        number_text(text, json_real_value(value));
        fputs(text, out);
    } else
        return json_text_write(out, value);
    return 0;
}

static int write_value(FILE *out, const json_t *value)
{
    if (!json_is_array(value))
        return write_scalar(out, value);
    const size_t n_items = json_array_size(value), n_shown = is_repeated(value) ? 1 : n_items;
    int failed = 0;
    fputc('[', out);
    for (size_t i = 0; i < n_shown; i++) {
        fputs(i ? ", " : "", out);
        failed |= write_scalar(out, json_array_get(value, i));
    }
    if (n_shown < n_items)
        fprintf(out, " x %zu", n_items);
    fputc(']', out);
    return failed;
}

static int write_label(FILE *out, const json_t *parameter)
{
    const char **keys = json_sorted_keys(parameter);
    int failed = keys == NULL;
    for (size_t i = 0; !failed && i < json_object_size(parameter); i++) {
        fprintf(out, "%s%s=", i ? ", " : "", keys[i]);
        failed = write_value(out, json_object_get(parameter, keys[i]));
    }
    if (json_object_size(parameter) == 0)
        fputs("defaults", out);
    free(keys);
    return failed;
}

char *parameter_label(const json_t *parameter)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    const int failed = write_label(out, parameter) || ferror(out);
    if (fclose(out) || failed) {
        free(text);
        return NULL;
    }
    return text;
}
