/* Which points --only means, and how a point is written as text. */
#include "runner/grid.h"

#include "runner/parameter_json.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_TEXT_MAX = 512 };

void point_text(const struct point *point, char *text, size_t size)
{
    const char *key, *separator = "";
    json_t *unused;
    size_t used = 0;
    text[0] = '\0';
    json_object_foreach(point->parameter, key, unused)
    {
        char value[VALUE_TEXT_MAX];
        const size_t i = parameter_find(point->class->parameters, key);
        parameter_to_text(&point->class->parameters[i], &point->parameters.values[i], value,
                          sizeof value);
        const int added = snprintf(text + used, size - used, "%s%s=%s", separator, key, value);
        if (added < 0 || (size_t)added >= size - used)
            return;
        used += (size_t)added;
        separator = ", ";
    }
}

static bool value_matches(const char *pattern, const char *value)
{
    char *end_a, *end_b;
    const double a = strtod(pattern, &end_a), b = strtod(value, &end_b);
    if (end_a != pattern && end_b != value && !*end_a && !*end_b)
        return a >= b && a <= b;
    return fnmatch(pattern, value, 0) == 0;
}

/* Length of one KEY=VALUE: up to the next comma outside parentheses. */
static size_t condition_length(const char *p)
{
    size_t depth = 0, i = 0;
    for (; p[i] && (p[i] != ',' || depth > 0); i++) {
        depth += p[i] == '(';
        depth -= p[i] == ')' && depth > 0;
    }
    return i;
}

static enum status condition_matches(const struct point *point, const char *condition,
                                     bool *matches, struct error *error)
{
    const struct parameter_spec *table = point->class->parameters;
    const char *equals = strchr(condition, '=');
    char key[64], value[VALUE_TEXT_MAX];
    if (!equals || equals == condition || (size_t)(equals - condition) >= sizeof key)
        return error_set(error, STATUS_USAGE, "--only: '%s' is not KEY=VALUE", condition);
    snprintf(key, sizeof key, "%.*s", (int)(equals - condition), condition);
    const size_t i = parameter_find(table, key);
    if (!table[i].name) { /* the class may match by a shell pattern and lack the parameter */
        *matches = false;
        return STATUS_OK;
    }
    parameter_to_text(&table[i], &point->parameters.values[i], value, sizeof value);
    *matches = *matches && value_matches(equals + 1, value);
    return STATUS_OK;
}

static enum status point_matches(const struct point *point, const char *pattern, bool *matches,
                                 struct error *error)
{
    char name[128], condition[VALUE_TEXT_MAX];
    const size_t name_length = strcspn(pattern, ":");
    if (name_length == 0 || name_length >= sizeof name)
        return error_set(error, STATUS_USAGE, "--only: '%s' is not NAME or NAME:KEY=VALUE,...",
                         pattern);
    snprintf(name, sizeof name, "%.*s", (int)name_length, pattern);
    *matches = fnmatch(name, point->class->name, 0) == 0;
    const char *p = pattern + name_length;
    while (*p) {
        p++; /* the colon or a comma */
        const size_t length = condition_length(p);
        if (length >= sizeof condition)
            return error_set(error, STATUS_USAGE, "--only: condition too long: %.60s...", p);
        snprintf(condition, sizeof condition, "%.*s", (int)length, p);
        const enum status status = condition_matches(point, condition, matches, error);
        if (status)
            return status;
        p += length;
    }
    return STATUS_OK;
}

enum status point_selected(const struct point *point, const struct option_list *patterns,
                           bool *selected, struct error *error)
{
    *selected = patterns->n == 0;
    for (size_t i = 0; i < patterns->n; i++) {
        bool matches;
        const enum status status = point_matches(point, patterns->items[i], &matches, error);
        if (status)
            return status;
        *selected = *selected || matches;
    }
    return STATUS_OK;
}
