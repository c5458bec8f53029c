#include "runner/grid.h"

#include "runner/json_locate.h"
#include "runner/nearest.h"
#include "runner/parameter_json.h"
#include "runner/text_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 100000, AXES_MAX = PARAMETERS_MAX };

/* One list of the grid: the values that one parameter takes. */
struct axis {
    size_t parameter; /* index into the table of the class */
    const char *name;
    const json_t *values; /* array, borrowed */
    size_t block;         /* which block of the class it stands in */
};

struct reader {
    const char *path;
    char *text;
    json_t *root;
    struct grid *grid;
    size_t capacity;
    struct error *error;
};

/* Prefixes what is wrong with the place where it stands. */
__attribute__((format(printf, 4, 5))) static enum status complain(const struct reader *r,
                                                                  const struct json_step *steps,
                                                                  size_t n_steps,
                                                                  const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(r->error, STATUS_USAGE, "%s:%zu: %s", r->path,
                     json_locate(r->text, steps, n_steps), what);
}

/* `kind` of name, "classifier" say, that the last step has and nobody knows. */
static enum status complain_unknown(const struct reader *r, const struct json_step *steps,
                                    size_t n_steps, const char *kind, const char *nearest)
{
    char what[UNKNOWN_TEXT_BYTES];
    unknown_text(what, kind, steps[n_steps - 1].key, nearest);
    return complain(r, steps, n_steps, "%s", what);
}

static enum status complain_parameter(const struct reader *r, const struct json_step *steps,
                                      size_t n_steps, const struct classifier_class *class)
{
    char kind[128];
    const char *names[PARAMETERS_MAX];
    size_t n = 0;
    for (; class->parameters[n].name; n++)
        names[n] = class->parameters[n].name;
    snprintf(kind, sizeof kind, "parameter of %s", class->name);
    return complain_unknown(r, steps, n_steps, kind,
                            nearest_name(steps[n_steps - 1].key, names, n));
}

static void decide_fate(struct point *point)
{
    struct error why = {STATUS_OK, ""};
    if (point->class->unsupported) {
        point->fate = POINT_UNSUPPORTED;
        snprintf(point->reason, sizeof point->reason, "%s", point->class->unsupported);
    } else if (point->class->check && point->class->check(&point->parameters, &why)) {
        point->fate = POINT_REJECTED;
        snprintf(point->reason, sizeof point->reason, "%.*s", (int)sizeof point->reason - 1,
                 why.message);
    }
}

static enum status grow(struct reader *r)
{
    if (r->grid->n_points < r->capacity)
        return STATUS_OK;
    const size_t capacity = r->capacity ? 2 * r->capacity : 256;
    struct point *points = realloc(r->grid->points, capacity * sizeof *points);
    if (!points)
        return error_memory(r->error, "the points of the grid", capacity * sizeof *points);
    r->grid->points = points;
    r->capacity = capacity;
    return STATUS_OK;
}

/* Adds one value of the grid to a point: its typed form and its JSON form. */
static enum status set_parameter(const struct reader *r, struct point *point, size_t parameter,
                                 const json_t *json, const struct json_step *steps, size_t n_steps)
{
    const struct parameter_spec *spec = &point->class->parameters[parameter];
    struct parameter_value *value = &point->parameters.values[parameter];
    struct error why;
    if (parameter_from_json(spec, json, value, &why))
        return complain(r, steps, n_steps, "%s", why.message);
    if (json_object_set_new(point->parameter, spec->name, parameter_to_json(spec, value)))
        return error_memory(r->error, "a parameter of the grid", 0);
    return STATUS_OK;
}

static enum status apply_common(const struct reader *r, struct point *point)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(r->root, "common"), key, value)
    {
        const struct json_step steps[] = {{.key = "common"}, {.key = key}};
        const struct parameter_spec *table = point->class->parameters;
        const size_t parameter = parameter_find(table, key);
        if (!table[parameter].name)
            return complain_parameter(r, steps, 2, point->class);
        const enum status status = set_parameter(r, point, parameter, value, steps, 2);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status add_point(struct reader *r, const struct classifier_class *class,
                             const struct axis *axes, const size_t *chosen, size_t n_axes)
{
    enum status status = grow(r);
    if (status)
        return status;
    struct point *point = &r->grid->points[r->grid->n_points];
    *point = (struct point){.class = class, .parameter = json_object()};
    if (!point->parameter)
        return error_memory(r->error, "a point of the grid", 0);
    r->grid->n_points++;
    parameters_default(&point->parameters, class->parameters);
    for (size_t a = 0; a < n_axes && !status; a++) {
        const struct json_step steps[] = {{.key = "classifiers"},
                                          {.key = class->name},
                                          {.index = axes[a].block},
                                          {.key = axes[a].name},
                                          {.index = chosen[a]}};
        status = set_parameter(r, point, axes[a].parameter,
                               json_array_get(axes[a].values, chosen[a]), steps, 5);
    }
    if (!status)
        status = apply_common(r, point);
    if (!status)
        decide_fate(point);
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

/* `seen` has the place, from 1, of each value of the axis before the one that `steps` names. */
static enum status check_value(const struct reader *r, const struct parameter_spec *spec,
                               const json_t *json, const struct json_step steps[static 5],
                               json_t *seen)
{
    struct parameter_value value;
    struct error why;
    const size_t place = steps[4].index + 1;
    if (parameter_from_json(spec, json, &value, &why))
        return complain(r, steps, 5, "%s", why.message);
    char *text = value_text(spec, &value);
    const json_t *earlier = json_object_get(seen, text);
    enum status status = STATUS_OK;
    if (earlier)
        status = complain(r, steps, 5, "%s: values %" JSON_INTEGER_FORMAT " and %zu are the same",
                          spec->name, json_integer_value(earlier), place);
    else if (json_object_set_new(seen, text, json_integer((json_int_t)place)))
        status = error_memory(r->error, "a list of the grid", 0);
    free(text);
    return status;
}

/* The values of an axis, each of which must be valid and another than those before it. */
static enum status check_values(const struct reader *r, const struct classifier_class *class,
                                const struct axis *axis)
{
    json_t *seen = json_object(), *json;
    size_t i;
    enum status status = STATUS_OK;
    json_array_foreach(axis->values, i, json)
    {
        const struct json_step steps[5] = {{.key = "classifiers"},
                                           {.key = class->name},
                                           {.index = axis->block},
                                           {.key = axis->name},
                                           {.index = i}};
        status = check_value(r, &class->parameters[axis->parameter], json, steps, seen);
        if (status)
            break;
    }
    json_decref(seen);
    return status;
}

static enum status add_axis(const struct reader *r, const struct classifier_class *class,
                            struct axis *axes, size_t *n_axes, const struct axis *axis)
{
    const struct json_step steps[] = {
        {.key = "classifiers"}, {.key = class->name}, {.index = axis->block}, {.key = axis->name}};
    if (!class->parameters[axis->parameter].name)
        return complain_parameter(r, steps, 4, class);
    if (!json_is_array(axis->values) || json_array_size(axis->values) == 0)
        return complain(r, steps, 4, "%s: needs a list of one or more values", axis->name);
    if (json_object_get(json_object_get(r->root, "common"), axis->name))
        return complain(r, steps, 4, "parameter '%s' of %s stands in 'common' too", axis->name,
                        class->name);
    for (size_t a = 0; a < *n_axes; a++)
        if (axes[a].parameter == axis->parameter)
            return complain(r, steps, 4,
                            "duplicate parameter '%s' of %s, it stands in block %zu too",
                            axis->name, class->name, axes[a].block + 1);
    axes[(*n_axes)++] = *axis;
    return check_values(r, class, axis);
}

static enum status read_axes(const struct reader *r, const struct classifier_class *class,
                             const json_t *blocks, struct axis *axes, size_t *n_axes)
{
    size_t b;
    json_t *block;
    json_array_foreach(blocks, b, block)
    {
        const struct json_step steps[] = {
            {.key = "classifiers"}, {.key = class->name}, {.index = b}};
        if (!json_is_object(block))
            return complain(r, steps, 3, "a block must be an object {\"parameter\": [values]}");
        const char *key;
        json_t *values;
        json_object_foreach(block, key, values)
        {
            const struct axis axis = {.parameter = parameter_find(class->parameters, key),
                                      .name = key,
                                      .values = values,
                                      .block = b};
            const enum status status = add_axis(r, class, axes, n_axes, &axis);
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

static enum status read_class(struct reader *r, const char *name, const json_t *blocks)
{
    const struct json_step steps[] = {{.key = "classifiers"}, {.key = name}};
    const struct classifier_class *class = classifier_find(name);
    if (!class)
        return complain_unknown(r, steps, 2, "classifier", nearest_classifier(name));
    if (!json_is_array(blocks))
        return complain(r, steps, 2,
                        "a classifier needs a list of {\"parameter\": [values]} blocks");
    struct axis axes[AXES_MAX];
    size_t chosen[AXES_MAX] = {0}, n_axes = 0;
    enum status status = read_axes(r, class, blocks, axes, &n_axes);
    if (status)
        return status;
    do {
        if (r->grid->n_points == POINTS_MAX)
            return complain(r, steps, 2, "the grid has more than 100000 points");
        status = add_point(r, class, axes, chosen, n_axes);
    } while (!status && advance(axes, chosen, n_axes));
    return status;
}

static enum status read_root(struct reader *r)
{
    static const char *const known[] = {"common", "classifiers"};
    const char *key;
    json_t *value;
    if (!json_is_object(r->root))
        return complain(r, NULL, 0, "a grid must be an object with the key 'classifiers'");
    json_object_foreach(r->root, key, value)
    {
        const struct json_step step = {.key = key};
        if (strcmp(key, known[0]) != 0 && strcmp(key, known[1]) != 0)
            return complain_unknown(r, &step, 1, "key", nearest_name(key, known, 2));
        if (!json_is_object(value))
            return complain(r, &step, 1, "must be an object");
    }
    json_t *classifiers = json_object_get(r->root, "classifiers");
    if (!classifiers)
        return complain(r, NULL, 0, "a grid needs the key 'classifiers'");
    const struct json_step step = {.key = "classifiers"};
    if (json_object_size(classifiers) == 0)
        return complain(r, &step, 1, "'classifiers' is empty");
    enum status status = STATUS_OK;
    json_object_foreach(classifiers, key, value)
    {
        status = read_class(r, key, value);
        if (status)
            return status;
    }
    return status;
}

static enum status parse(struct reader *r)
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
    struct reader r = {.path = path, .grid = grid, .error = error};
    *grid = (struct grid){.n_points = 0};
    enum status status = text_file_read(path, &r.text, error);
    if (!status)
        status = parse(&r);
    if (!status)
        status = read_root(&r);
    if (status)
        grid_destroy(grid);
    json_decref(r.root);
    free(r.text);
    return status;
}

void grid_destroy(struct grid *grid)
{
    for (size_t i = 0; i < grid->n_points; i++)
        json_decref(grid->points[i].parameter);
    free(grid->points);
    *grid = (struct grid){.n_points = 0};
}
