#include "runner/parameter_json.h"

#include "base/utf8.h"
#include "runner/nearest.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 80 };

static const char *type_words(enum parameter_type type)
{
    switch (type) {
    case PARAMETER_INTEGER:
        return "a whole number";
    case PARAMETER_REAL:
        return "a number";
    case PARAMETER_CHOICE:
        return "a word";
    case PARAMETER_INTEGER_LIST:
        return "a list or tuple of whole numbers";
    case PARAMETER_REAL_LIST:
        return "a list of numbers";
    }
    return "a value";
}

static enum status wrong_type(const struct parameter_spec *spec, const json_t *json,
                              struct error *error)
{
    char *shown = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *text = shown ? shown : "the value";
    const enum status status =
        error_set(error, STATUS_USAGE, "%s: %.*s is not %s", spec->name,
                  (int)utf8_fit_bytes(text, SHOWN_MAX), text, type_words(spec->type));
    free(shown);
    return status;
}

static enum status read_choice(const struct parameter_spec *spec, const char *word,
                               struct parameter_value *value, struct error *error)
{
    char known[256] = "", what[UNKNOWN_TEXT_BYTES];
    size_t n = 0, used = 0;
    for (; spec->choices[n]; n++) {
        if (strcmp(spec->choices[n], word) == 0) {
            value->choice = n;
            return STATUS_OK;
        }
        const int added =
            snprintf(known + used, sizeof known - used, "%s%s", n ? ", " : "", spec->choices[n]);
        if (added > 0 && used + (size_t)added < sizeof known)
            used += (size_t)added;
    }
    unknown_text(what, "value", word, nearest_name(word, spec->choices, n));
    return error_set(error, STATUS_USAGE, "%s: %s; it takes %s", spec->name, what, known);
}

/* "(10,)" or "(100, 10)", the way the original grid writes Python tuples. */
static bool read_tuple(const char *text, struct parameter_value *value)
{
    const char *p = text + strspn(text, " ");
    if (*p++ != '(')
        return false;
    for (;;) {
        p += strspn(p, " ");
        if (*p == ')')
            break;
        char *end;
        const double number = strtod(p, &end);
        if (end == p || value->n_numbers == PARAMETER_LIST_MAX)
            return false;
        value->numbers[value->n_numbers++] = number;
        p = end + strspn(end, " ");
        if (*p == ',')
            p++;
        else if (*p != ')')
            return false;
    }
    return p[1 + strspn(p + 1, " ")] == '\0';
}

static bool read_list(const json_t *json, struct parameter_value *value)
{
    if (json_is_string(json))
        return read_tuple(json_string_value(json), value);
    if (!json_is_array(json) || json_array_size(json) > PARAMETER_LIST_MAX)
        return false;
    size_t i;
    json_t *item;
    json_array_foreach(json, i, item)
    {
        if (!json_is_number(item))
            return false;
        value->numbers[value->n_numbers++] = json_number_value(item);
    }
    return true;
}

enum status parameter_from_json(const struct parameter_spec *spec, const json_t *json,
                                struct parameter_value *value, struct error *error)
{
    const bool is_list = spec->type == PARAMETER_INTEGER_LIST || spec->type == PARAMETER_REAL_LIST;
    *value = (struct parameter_value){.is_none = json_is_null(json)};
    if (value->is_none && !spec->none_allowed)
        return wrong_type(spec, json, error);
    if (!value->is_none && spec->type == PARAMETER_CHOICE) {
        if (!json_is_string(json))
            return wrong_type(spec, json, error);
        return read_choice(spec, json_string_value(json), value, error);
    }
    if (!value->is_none && is_list && !read_list(json, value))
        return wrong_type(spec, json, error);
    if (!value->is_none && !is_list) {
        if (!json_is_number(json))
            return wrong_type(spec, json, error);
        value->n_numbers = 1;
        value->numbers[0] = json_number_value(json);
    }
    for (size_t i = 0; i < value->n_numbers; i++)
        value->numbers[i] += 0.0; /* -0 is 0: equal values have one form */
    return parameter_validate(spec, value, error);
}

static json_t *number_to_json(enum parameter_type type, double number)
{
    const bool whole = type == PARAMETER_INTEGER || type == PARAMETER_INTEGER_LIST;
    return whole ? json_integer((json_int_t)number) : json_real(number);
}

json_t *parameter_to_json(const struct parameter_spec *spec, const struct parameter_value *value)
{
    if (value->is_none)
        return json_null();
    if (spec->type == PARAMETER_CHOICE)
        return json_string(spec->choices[value->choice]);
    if (spec->type == PARAMETER_INTEGER || spec->type == PARAMETER_REAL)
        return number_to_json(spec->type, value->numbers[0]);
    json_t *list = json_array();
    for (size_t i = 0; list && i < value->n_numbers; i++)
        if (json_array_append_new(list, number_to_json(spec->type, value->numbers[i]))) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

enum status parameters_from_json(struct parameters *parameters, const struct parameter_spec *table,
                                 const json_t *object, struct error *error)
{
    size_t n_read = 0;
    parameters_default(parameters, table);
    for (size_t i = 0; table[i].name; i++) {
        const json_t *value = json_object_get(object, table[i].name);
        const enum status status =
            value ? parameter_from_json(&table[i], value, &parameters->values[i], error)
                  : STATUS_OK;
        if (status)
            return status;
        n_read += value != NULL;
    }
    if (n_read < json_object_size(object))
        return error_set(error, STATUS_USAGE, "%zu of %zu keys are no parameters of the classifier",
                         json_object_size(object) - n_read, json_object_size(object));
    return STATUS_OK;
}

static void append(char *text, size_t size, const char *format, double number)
{
    const size_t used = strlen(text);
    if (used + 1 < size)
        snprintf(text + used, size - used, format, number);
}

void parameter_to_text(const struct parameter_spec *spec, const struct parameter_value *value,
                       char *text, size_t size)
{
    if (value->is_none) {
        snprintf(text, size, "None");
    } else if (spec->type == PARAMETER_CHOICE) {
        snprintf(text, size, "%s", spec->choices[value->choice]);
    } else if (spec->type == PARAMETER_INTEGER || spec->type == PARAMETER_REAL) {
        snprintf(text, size, "%.10g", value->numbers[0]);
    } else {
        snprintf(text, size, "(");
        for (size_t i = 0; i < value->n_numbers; i++)
            append(text, size, i ? ",%.10g" : "%.10g", value->numbers[i]);
        append(text, size, ")", 0);
    }
}

static void append_scalar(const json_t *value, char *text, size_t size)
{
    const size_t used = strlen(text);
    if (json_is_string(value))
        snprintf(text + used, size - used, "%s", json_string_value(value));
    else if (json_is_number(value))
        append(text, size, "%.10g", json_number_value(value));
    else
        snprintf(text + used, size - used, "%s",
                 json_is_true(value)    ? "True"
                 : json_is_false(value) ? "False"
                                        : "None");
}

void parameter_free_to_text(const json_t *value, char *text, size_t size)
{
    size_t i;
    json_t *item;
    text[0] = '\0';
    if (!json_is_array(value)) {
        append_scalar(value, text, size);
        return;
    }
    append(text, size, "(", 0);
    json_array_foreach(value, i, item)
    {
        append(text, size, i ? "," : "", 0);
        append_scalar(item, text, size);
    }
    append(text, size, ")", 0);
}
