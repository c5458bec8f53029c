/* Which points a pattern means, and how a point is written as text. */
#include "runner/grid.h"

#include "runner/nearest.h"
#include "runner/parameter_json.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_TEXT_MAX = 512, NAME_MAX_BYTES = 128, NAMES_MAX = 256 };

/* The text of one parameter; false when the point has none of that name. */
static bool value_of(const struct point *point, const char *key, char *text, size_t size)
{
    const struct parameter_spec *table = point->class->parameters;
    const size_t i = parameter_find(table, key);
    const json_t *free_value = table[i].name ? NULL : json_object_get(point->parameter, key);
    if (table[i].name)
        parameter_to_text(&table[i], &point->parameters.values[i], text, size);
    else if (free_value)
        parameter_free_to_text(free_value, text, size);
    return table[i].name || free_value;
}

void point_text(const struct point *point, char *text, size_t size)
{
    const char *key, *separator = "";
    json_t *unused;
    size_t used = 0;
    text[0] = '\0';
    json_object_foreach(point->parameter, key, unused)
    {
        char value[VALUE_TEXT_MAX];
        if (!value_of(point, key, value, sizeof value))
            continue;
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
        return error_set(error, STATUS_USAGE, "'%.200s' is not NAME or NAME:KEY=VALUE,...",
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
        return error_set(error, STATUS_USAGE, "'%.*s' is not KEY=VALUE",
                         length < 200 ? (int)length : 200, p);
    const size_t value_length = length - key_length - 1;
    if (value_length >= sizeof condition->value)
        return error_set(error, STATUS_USAGE, "condition too long: %.60s...", p);
    snprintf(condition->key, sizeof condition->key, "%.*s", (int)key_length, p);
    snprintf(condition->value, sizeof condition->value, "%.*s", (int)value_length,
             p + key_length + 1);
    *rest = p + length;
    return STATUS_OK;
}

static bool condition_holds(const struct condition *condition, const struct point *point)
{
    char value[VALUE_TEXT_MAX];
    /* The class may match by a shell pattern and lack the parameter. */
    return value_of(point, condition->key, value, sizeof value) &&
           value_matches(condition->value, value);
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
    return error_set(error, STATUS_USAGE, "%s", what);
}

/* Names to choose from; those beyond NAMES_MAX are not suggested. */
struct names {
    size_t n;
    const char *items[NAMES_MAX];
};

static void add_name(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0)
            return;
    if (names->n < NAMES_MAX)
        names->items[names->n++] = name;
}

/* Does the class know the key? What it knows is added to `known`. */
static bool class_knows(const struct classifier_class *class, const char *key, struct names *known)
{
    const struct parameter_spec *table = class->parameters;
    for (size_t i = 0; table[i].name; i++)
        add_name(known, table[i].name);
    return table[parameter_find(table, key)].name != NULL;
}

/* STATUS_USAGE when no class has the name, or none that has it knows the key. */
static enum status check_key(const struct grid *grid, const char *name, const char *key,
                             struct error *error)
{
    struct names known = {.n = 0};
    char kind[UNKNOWN_TEXT_BYTES] = "parameter";
    size_t n_classes = 0;
    bool is_known = false;
    for (size_t c = 0; classifier_registry[c]; c++)
        if (fnmatch(name, classifier_registry[c]->name, 0) == 0) {
            n_classes++;
            is_known = class_knows(classifier_registry[c], key, &known) || is_known;
        }
    for (size_t e = 0; e < grid->n_externals; e++)
        if (fnmatch(name, grid->externals[e]->name, 0) == 0) {
            n_classes++;
            is_known = class_knows(&grid->externals[e]->class, key, &known) || is_known;
        }
    for (size_t p = 0; p < grid->n_points && !is_known; p++) /* free parameters too */
        is_known = fnmatch(name, grid->points[p].class->name, 0) == 0 &&
                   (json_object_get(grid->points[p].parameter, key) ||
                    class_knows(grid->points[p].class, key, &known));
    if (is_known)
        return STATUS_OK;
    if (n_classes == 1)
        snprintf(kind, sizeof kind, "parameter of %s", name);
    return complain_unknown(kind, key, nearest_name(key, known.items, known.n), error);
}

static enum status check_name(const struct grid *grid, const char *name, struct error *error)
{
    struct names known = {.n = 0};
    for (size_t c = 0; classifier_registry[c]; c++)
        add_name(&known, classifier_registry[c]->name);
    for (size_t e = 0; e < grid->n_externals; e++)
        add_name(&known, grid->externals[e]->name);
    for (size_t p = 0; p < grid->n_points; p++)
        add_name(&known, grid->points[p].class->name);
    for (size_t i = 0; i < known.n; i++)
        if (fnmatch(name, known.items[i], 0) == 0)
            return STATUS_OK;
    return complain_unknown("classifier", name, nearest_name(name, known.items, known.n), error);
}

/* Says which pattern it is that an error is about. */
static enum status complain_of(const char *pattern, const struct error *why, struct error *error)
{
    return error_set(error, why->status, "pattern '%.300s': %s", pattern, why->message);
}

/* Why a well-formed pattern matches no point. */
static enum status explain_dead(const struct grid *grid, const char *path, const char *pattern,
                                struct error *error)
{
    char name[NAME_MAX_BYTES];
    const char *rest = pattern;
    struct error why;
    enum status status = read_name(pattern, name, &rest, &why);
    if (!status)
        status = check_name(grid, name, &why);
    while (!status && *rest) {
        struct condition condition;
        status = read_condition(&condition, &rest, &why);
        if (!status)
            status = check_key(grid, name, condition.key, &why);
    }
    if (status)
        return complain_of(pattern, &why, error);
    return error_set(error, STATUS_USAGE,
                     "no point of %.300s matches '%.300s'; fmbench list shows what there is", path,
                     pattern);
}

enum status selection_check(const struct grid *grid, const char *path,
                            const struct option_list *patterns, struct error *error)
{
    for (size_t i = 0; i < patterns->n; i++) {
        bool matches = false;
        for (size_t p = 0; p < grid->n_points && !matches; p++) {
            struct error why;
            if (point_matches(&grid->points[p], patterns->items[i], &matches, &why))
                return complain_of(patterns->items[i], &why, error);
        }
        if (!matches)
            return explain_dead(grid, path, patterns->items[i], error);
    }
    return STATUS_OK;
}
