/* Which points --only means, and how a point is written as text. */
#include "runner/grid.h"

#include "runner/nearest.h"
#include "runner/parameter_json.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_TEXT_MAX = 512, NAME_MAX_BYTES = 128, NAMES_MAX = 256 };

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

/* NAME of a pattern, and in *rest where its conditions begin: at the colon, or at the end. */
static enum status read_name(const char *pattern, char name[static NAME_MAX_BYTES],
                             const char **rest, struct error *error)
{
    const size_t length = strcspn(pattern, ":");
    if (length == 0 || length >= NAME_MAX_BYTES)
        return error_set(error, STATUS_USAGE, "--only: '%.200s' is not NAME or NAME:KEY=VALUE,...",
                         pattern);
    snprintf(name, NAME_MAX_BYTES, "%.*s", (int)length, pattern);
    *rest = pattern + length;
    return STATUS_OK;
}

struct condition {
    char key[64], value[VALUE_TEXT_MAX];
};

/* The condition behind the colon or comma at *rest, which moves on to its end. */
static enum status read_condition(struct condition *condition, const char **rest,
                                  struct error *error)
{
    const char *p = *rest + 1;
    const size_t length = condition_length(p), key_length = strcspn(p, "=");
    if (key_length == 0 || key_length >= length || key_length >= sizeof condition->key)
        return error_set(error, STATUS_USAGE, "--only: '%.*s' is not KEY=VALUE",
                         length < 200 ? (int)length : 200, p);
    const size_t value_length = length - key_length - 1;
    if (value_length >= sizeof condition->value)
        return error_set(error, STATUS_USAGE, "--only: condition too long: %.60s...", p);
    snprintf(condition->key, sizeof condition->key, "%.*s", (int)key_length, p);
    snprintf(condition->value, sizeof condition->value, "%.*s", (int)value_length,
             p + key_length + 1);
    *rest = p + length;
    return STATUS_OK;
}

static bool condition_holds(const struct condition *condition, const struct point *point)
{
    const struct parameter_spec *table = point->class->parameters;
    char value[VALUE_TEXT_MAX];
    const size_t i = parameter_find(table, condition->key);
    if (!table[i].name)
        return false; /* the class may match by a shell pattern and lack the parameter */
    parameter_to_text(&table[i], &point->parameters.values[i], value, sizeof value);
    return value_matches(condition->value, value);
}

static enum status point_matches(const struct point *point, const char *pattern, bool *matches,
                                 struct error *error)
{
    char name[NAME_MAX_BYTES];
    const char *rest = pattern;
    enum status status = read_name(pattern, name, &rest, error);
    if (status)
        return status;
    *matches = fnmatch(name, point->class->name, 0) == 0;
    while (*rest) {
        struct condition condition;
        status = read_condition(&condition, &rest, error);
        if (status)
            return status;
        *matches = *matches && condition_holds(&condition, point);
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

static enum status complain_unknown(const char *kind, const char *word, const char *nearest,
                                    struct error *error)
{
    char what[UNKNOWN_TEXT_BYTES];
    unknown_text(what, kind, word, nearest);
    return error_set(error, STATUS_USAGE, "--only: %s", what);
}

/* STATUS_USAGE when no class has the name, or none that has it knows the key. */
static enum status check_key(const char *name, const char *key, struct error *error)
{
    const char *known[NAMES_MAX];
    char kind[UNKNOWN_TEXT_BYTES] = "parameter";
    size_t n_classes = 0, n_known = 0;
    for (size_t c = 0; classifier_registry[c]; c++) {
        if (fnmatch(name, classifier_registry[c]->name, 0) != 0)
            continue;
        n_classes++;
        const struct parameter_spec *table = classifier_registry[c]->parameters;
        if (table[parameter_find(table, key)].name)
            return STATUS_OK;
        for (size_t i = 0; table[i].name && n_known < NAMES_MAX; i++)
            known[n_known++] = table[i].name;
    }
    if (n_classes == 1)
        snprintf(kind, sizeof kind, "parameter of %s", name);
    return complain_unknown(kind, key, nearest_name(key, known, n_known), error);
}

/* Why a well-formed pattern matches no point. */
static enum status explain_dead(const char *path, const char *pattern, struct error *error)
{
    char name[NAME_MAX_BYTES];
    const char *rest = pattern;
    bool is_known = false;
    enum status status = read_name(pattern, name, &rest, error);
    if (status)
        return status;
    for (size_t c = 0; classifier_registry[c]; c++)
        is_known = is_known || fnmatch(name, classifier_registry[c]->name, 0) == 0;
    if (!is_known)
        return complain_unknown("classifier", name, nearest_classifier(name), error);
    while (*rest) {
        struct condition condition;
        status = read_condition(&condition, &rest, error);
        if (!status)
            status = check_key(name, condition.key, error);
        if (status)
            return status;
    }
    return error_set(
        error, STATUS_USAGE,
        "--only: no point of %.300s matches '%.300s'; fmbench list shows what there is", path,
        pattern);
}

enum status selection_check(const struct grid *grid, const char *path,
                            const struct option_list *patterns, struct error *error)
{
    for (size_t i = 0; i < patterns->n; i++) {
        bool matches = false;
        for (size_t p = 0; p < grid->n_points && !matches; p++) {
            const enum status status =
                point_matches(&grid->points[p], patterns->items[i], &matches, error);
            if (status)
                return status;
        }
        if (!matches)
            return explain_dead(path, patterns->items[i], error);
    }
    return STATUS_OK;
}
