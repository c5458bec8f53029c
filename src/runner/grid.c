#include "runner/grid.h"

#include "report/parameter_text.h"
#include "runner/data_file.h"
#include "runner/grid_reader.h"
#include "runner/nearest.h"
#include "runner/parameter_json.h"
#include "runner/text_file.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 100000, AXES_MAX = 64 };
static_assert((int)AXES_MAX >= (int)PARAMETERS_MAX, "an axis for each parameter of a class");

/* One list of the grid: the values that one parameter takes. */
struct axis {
    size_t parameter; /* index into the table of the class, or its end for a free parameter */
    const char *name;
    const json_t *values; /* array, borrowed */
    size_t block;         /* which block of the class it stands in */
};

struct place place_key(struct place within, const char *key)
{
    within.steps[within.n_steps++] = (struct json_step){.key = key};
    return within;
}

struct place place_item(struct place within, size_t index)
{
    within.steps[within.n_steps++] = (struct json_step){.index = index};
    return within;
}

/* Of the list, or of one of its values. */
static struct place place_axis(const struct point_source *source, const struct axis *axis)
{
    return place_key(place_item(source->at, axis->block), axis->name);
}

enum status grid_complain(const struct grid_reader *r, struct place at, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(r->error, STATUS_USAGE, "%s:%zu: %s", r->path,
                     json_locate(r->text, at.steps, at.n_steps), what);
}

enum status grid_complain_unknown(const struct grid_reader *r, struct place at, const char *kind,
                                  const char *nearest)
{
    char what[UNKNOWN_TEXT_BYTES];
    unknown_text(what, kind, at.steps[at.n_steps - 1].key, nearest);
    return grid_complain(r, at, "%s", what);
}

static enum status complain_parameter(const struct grid_reader *r, struct place at,
                                      const struct classifier_class *class)
{
    char kind[128];
    const char *names[PARAMETERS_MAX];
    size_t n = 0;
    for (; class->parameters[n].name; n++)
        names[n] = class->parameters[n].name;
    snprintf(kind, sizeof kind, "parameter of %s", class->name);
    return grid_complain_unknown(r, at, kind, nearest_name(at.steps[at.n_steps - 1].key, names, n));
}

/* Has the class no parameters of its own, so that any will do? */
static bool is_free(const struct point_source *source)
{
    return source->external && !source->external->peer_of;
}

static void end_as(struct point *point, enum point_fate fate, const char *reason)
{
    point->fate = fate;
    snprintf(point->reason, sizeof point->reason, "%.*s", (int)sizeof point->reason - 1, reason);
}

static void decide_fate(struct point *point, bool beyond_2017)
{
    const struct classifier_class *class = point->class;
    const char *rejected = class->rejected_2017 ? class->rejected_2017(&point->parameters) : NULL;
    struct error why = {STATUS_OK, ""};
    point->is_beyond_2017 = rejected || class->unfinished_2017;
    if (!beyond_2017 && rejected)
        end_as(point, POINT_REJECTED, rejected);
    else if (!beyond_2017 && class->unfinished_2017)
        end_as(point, POINT_UNSUPPORTED, class->unfinished_2017);
    else if (class->check && class->check(&point->parameters, &why))
        end_as(point, POINT_REJECTED, why.message);
}

static enum status grow(struct grid_reader *r)
{
    if (r->grid->n_points < r->capacity)
        return STATUS_OK;
    const size_t capacity = r->capacity ? 2 * r->capacity : 4;
    struct point *points = realloc(r->grid->points, capacity * sizeof *points);
    if (!points)
        return error_memory(r->error, "the points of the grid", capacity * sizeof *points);
    r->grid->points = points;
    r->capacity = capacity;
    return STATUS_OK;
}

/* Free values are what a record can hold: scalars, or flat lists of them. */
static enum status check_free_value(const struct grid_reader *r, struct place at, const char *name,
                                    const json_t *json)
{
    size_t i;
    json_t *item;
    bool is_plain = !json_is_object(json);
    json_array_foreach(json, i, item) is_plain =
        is_plain && !json_is_object(item) && !json_is_array(item);
    return is_plain ? STATUS_OK
                    : grid_complain(r, at,
                                    "%.80s: a value must be a number, a string, true, false, null, "
                                    "or a list of such",
                                    name);
}

/* Adds one value of the grid to a point: its typed form and its JSON form. */
static enum status set_parameter(const struct grid_reader *r, struct point *point, size_t parameter,
                                 const json_t *json, struct place at)
{
    const struct parameter_spec *spec = &point->class->parameters[parameter];
    const char *name = at.steps[at.n_steps - 1].key;
    json_t *kept;
    if (spec->name) {
        struct parameter_value *value = &point->parameters.values[parameter];
        struct error why;
        if (parameter_from_json(spec, json, value, &why))
            return grid_complain(r, at, "%s", why.message);
        kept = parameter_to_json(spec, value);
    } else {
        const enum status status = check_free_value(r, at, name, json);
        if (status)
            return status;
        kept = json_deep_copy(json);
    }
    if (json_object_set_new(point->parameter, name, kept))
        return error_memory(r->error, "a parameter of the grid", 0);
    return STATUS_OK;
}

static enum status apply_common(const struct grid_reader *r, const struct point_source *source,
                                struct point *point)
{
    const struct place common = place_key((struct place){.n_steps = 0}, "common");
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(r->root, "common"), key, value)
    {
        const struct place at = place_key(common, key);
        const size_t parameter = parameter_find(source->class->parameters, key);
        if (!source->class->parameters[parameter].name && !is_free(source))
            return complain_parameter(r, at, source->class);
        const enum status status = set_parameter(r, point, parameter, value, at);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status add_point(struct grid_reader *r, const struct point_source *source,
                             const struct axis *axes, const size_t *chosen, size_t n_axes)
{
    enum status status = grow(r);
    if (status)
        return status;
    struct point *point = &r->grid->points[r->grid->n_points];
    *point = (struct point){
        .class = source->class, .external = source->external, .parameter = json_object()};
    if (!point->parameter)
        return error_memory(r->error, "a point of the grid", 0);
    r->grid->n_points++;
    parameters_default(&point->parameters, source->class->parameters);
    for (size_t a = 0; a < n_axes && !status; a++)
        status =
            set_parameter(r, point, axes[a].parameter, json_array_get(axes[a].values, chosen[a]),
                          place_axis(source, &axes[a]));
    if (!status)
        status = apply_common(r, source, point);
    if (!status)
        decide_fate(point, r->beyond_2017);
    return status;
}

/* One text for all the ways to write a value: 1 and 1.0, "(10,)" and [10]. Release with free. */
static char *value_text(const struct parameter_spec *spec, const struct parameter_value *value)
{
    json_t *json = parameter_to_json(spec, value);
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(json);
    return text;
}

/* The same for a free one, of which no type is known: 1 and 1.0. */
static char *free_value_text(json_t *json)
{
    json_t *named = json_object();
    char *text = json_object_set(named, "", json) ? NULL : parameter_key(named);
    json_decref(named);
    return text;
}

/* `seen` has the place, from 1, of each value of the axis before item i, which is `json`. */
static enum status check_value(const struct grid_reader *r, const struct point_source *source,
                               const struct axis *axis, size_t i, json_t *json, json_t *seen)
{
    const struct parameter_spec *spec = &source->class->parameters[axis->parameter];
    const struct place at = place_item(place_axis(source, axis), i);
    struct parameter_value value;
    struct error why;
    if (spec->name && parameter_from_json(spec, json, &value, &why))
        return grid_complain(r, at, "%s", why.message);
    enum status status = spec->name ? STATUS_OK : check_free_value(r, at, axis->name, json);
    if (status)
        return status;
    char *text = spec->name ? value_text(spec, &value) : free_value_text(json);
    const json_t *earlier = json_object_get(seen, text);
    if (earlier)
        status = grid_complain(r, at, "%.80s: values %" JSON_INTEGER_FORMAT " and %zu are the same",
                               axis->name, json_integer_value(earlier), i + 1);
    else if (json_object_set_new(seen, text, json_integer((json_int_t)i + 1)))
        status = error_memory(r->error, "a list of the grid", 0);
    free(text);
    return status;
}

/* The values of an axis, each of which must be valid and another than those before it. */
static enum status check_values(const struct grid_reader *r, const struct point_source *source,
                                const struct axis *axis)
{
    json_t *seen = json_object(), *json;
    size_t i;
    enum status status = STATUS_OK;
    json_array_foreach(axis->values, i, json)
    {
        status = check_value(r, source, axis, i, json, seen);
        if (status)
            break;
    }
    json_decref(seen);
    return status;
}

static enum status add_axis(const struct grid_reader *r, const struct point_source *source,
                            struct axis *axes, size_t *n_axes, const struct axis *axis)
{
    const struct place at = place_axis(source, axis);
    const char *class_name = source->class->name;
    if (!source->class->parameters[axis->parameter].name && !is_free(source))
        return complain_parameter(r, at, source->class);
    if (!json_is_array(axis->values) || json_array_size(axis->values) == 0)
        return grid_complain(r, at, "%.80s: needs a list of one or more values", axis->name);
    if (json_object_get(json_object_get(r->root, "common"), axis->name))
        return grid_complain(r, at, "parameter '%.80s' of %s stands in 'common' too", axis->name,
                             class_name);
    for (size_t a = 0; a < *n_axes; a++)
        if (strcmp(axes[a].name, axis->name) == 0)
            return grid_complain(r, at,
                                 "duplicate parameter '%.80s' of %s, it stands in block %zu too",
                                 axis->name, class_name, axes[a].block + 1);
    if (*n_axes == AXES_MAX)
        return grid_complain(r, at, "%s has more than %d parameters", class_name, AXES_MAX);
    axes[(*n_axes)++] = *axis;
    return check_values(r, source, axis);
}

static enum status read_axes(const struct grid_reader *r, const struct point_source *source,
                             struct axis *axes, size_t *n_axes)
{
    size_t b;
    json_t *block;
    json_array_foreach(source->blocks, b, block)
    {
        if (!json_is_object(block))
            return grid_complain(r, place_item(source->at, b),
                                 "a block must be an object {\"parameter\": [values]}");
        const char *key;
        json_t *values;
        json_object_foreach(block, key, values)
        {
            const struct axis axis = {.parameter = parameter_find(source->class->parameters, key),
                                      .name = key,
                                      .values = values,
                                      .block = b};
            const enum status status = add_axis(r, source, axes, n_axes, &axis);
            if (status)
                return status;
        }
    }
    return STATUS_OK;
}

/* Odometer over the axes, the last one fastest; false when it has come round. */
static bool advance(const struct axis *axes, size_t *chosen, size_t n_axes)
{
    for (size_t a = n_axes; a-- > 0;) {
        if (++chosen[a] < json_array_size(axes[a].values))
            return true;
        chosen[a] = 0;
    }
    return false;
}

/* Before any is made: a small file can ask for very many. */
static bool has_too_many(const struct grid_reader *r, const struct axis *axes, size_t n_axes)
{
    size_t n_left = POINTS_MAX - r->grid->n_points;
    for (size_t a = 0; a < n_axes; a++)
        n_left /= json_array_size(axes[a].values);
    return n_left == 0;
}

enum status grid_add_points(struct grid_reader *r, const struct point_source *source)
{
    struct axis axes[AXES_MAX];
    size_t chosen[AXES_MAX] = {0}, n_axes = 0;
    if (!json_is_array(source->blocks))
        return grid_complain(r, source->at,
                             "a classifier needs a list of {\"parameter\": [values]} blocks");
    enum status status = read_axes(r, source, axes, &n_axes);
    if (status)
        return status;
    if (has_too_many(r, axes, n_axes))
        return grid_complain(r, source->at, "the grid has more than %d points", (int)POINTS_MAX);
    do {
        status = add_point(r, source, axes, chosen, n_axes);
    } while (!status && advance(axes, chosen, n_axes));
    return status;
}

static enum status read_classifiers(struct grid_reader *r, json_t *classifiers)
{
    const struct place within = place_key((struct place){.n_steps = 0}, "classifiers");
    const char *name;
    json_t *blocks;
    json_object_foreach(classifiers, name, blocks)
    {
        const struct point_source source = {
            .class = classifier_find(name), .blocks = blocks, .at = place_key(within, name)};
        if (!source.class)
            return grid_complain_unknown(r, source.at, "classifier", nearest_classifier(name));
        const enum status status = grid_add_points(r, &source);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* The one key that holds no object. */
static const char beyond_key[] = "beyond_2017";

static enum status read_root_value(struct grid_reader *r, const char *key, const json_t *value)
{
    const bool is_beyond = strcmp(key, beyond_key) == 0;
    const struct place at = place_key((struct place){.n_steps = 0}, key);
    if (is_beyond ? !json_is_boolean(value) : !json_is_object(value))
        return grid_complain(r, at, is_beyond ? "must be true or false" : "must be an object");
    if (is_beyond)
        r->beyond_2017 = json_is_true(value);
    return STATUS_OK;
}

static enum status read_root(struct grid_reader *r)
{
    static const char *const known[] = {"common", "classifiers", "external", beyond_key};
    enum { N_KNOWN = sizeof known / sizeof *known };
    const struct place root = {.n_steps = 0};
    const char *key;
    json_t *value;
    if (!json_is_object(r->root))
        return grid_complain(r, root, "a grid must be an object with the key 'classifiers'");
    json_object_foreach(r->root, key, value)
    {
        size_t i = 0;
        while (i < N_KNOWN && strcmp(key, known[i]) != 0)
            i++;
        if (i == N_KNOWN)
            return grid_complain_unknown(r, place_key(root, key), "key",
                                         nearest_name(key, known, N_KNOWN));
        const enum status status = read_root_value(r, key, value);
        if (status)
            return status;
    }
    json_t *classifiers = json_object_get(r->root, "classifiers");
    json_t *externals = json_object_get(r->root, "external");
    if (!classifiers && !externals)
        return grid_complain(r, root, "a grid needs the key 'classifiers', or 'external'");
    if (json_object_size(classifiers) + json_object_size(externals) == 0)
        return grid_complain(r, place_key(root, classifiers ? "classifiers" : "external"),
                             "'%s' is empty", classifiers ? "classifiers" : "external");
    const enum status status = read_classifiers(r, classifiers);
    return status ? status : grid_add_externals(r, externals);
}

static enum status parse(struct grid_reader *r)
{
    json_error_t where;
    r->root = json_loads(r->text, JSON_REJECT_DUPLICATES, &where);
    if (r->root)
        return STATUS_OK;
    return error_set(r->error, STATUS_USAGE, "%s:%d: column %d: %s", r->path, where.line,
                     where.column, where.text);
}

enum status grid_read(struct grid *grid, const char *path, struct error *error)
{
    char published[DATA_FILE_BYTES];
    struct grid_reader r = {
        .path = data_file(published, path, GRID_PUBLISHED), .grid = grid, .error = error};
    *grid = (struct grid){.n_points = 0};
    enum status status = text_file_read(r.path, &r.text, error);
    if (!status)
        status = parse(&r);
    if (!status)
        status = read_root(&r);
    if (!status && grid->n_externals)
        status = grid_put_peers_in_turn(grid, error);
    if (status)
        grid_destroy(grid);
    json_decref(r.root);
    free(r.text);
    return status;
}

const char *point_fate_word(enum point_fate fate)
{
    static const char *const words[] = {[POINT_PLANNED] = "planned",
                                        [POINT_REJECTED] = "rejected",
                                        [POINT_UNSUPPORTED] = "unsupported"};
    return words[fate];
}

void grid_destroy(struct grid *grid)
{
    for (size_t i = 0; i < grid->n_points; i++)
        json_decref(grid->points[i].parameter);
    for (size_t i = 0; i < grid->n_externals; i++)
        external_destroy(grid->externals[i]);
    free(grid->points);
    free(grid->externals);
    *grid = (struct grid){.n_points = 0};
}
