#include "runner/show_rows.h"

#include "runner/parameter_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct parameter_spec no_parameters[] = {{.name = NULL}};

/* The row is the grid's when it has borrowed the very parameters of a point. */
static const struct point *planned_point(const struct grid *grid, const struct table_row *row)
{
    for (size_t i = 0; i < grid->n_points; i++)
        if (grid->points[i].parameter == row->parameter)
            return &grid->points[i];
    return NULL;
}

/* NULL: no dataset has one. */
static const struct record *record_of(const struct table *table, const struct table_row *row)
{
    for (size_t c = 0; c < table->n_columns; c++)
        if (row->cells[c].record)
            return row->cells[c].record;
    return NULL;
}

/* The point of a row that the grid does not plan; `class` is a place for one of its own. */
static void make_point(struct point *point, struct classifier_class *class,
                       const struct table_row *row, const struct record *record)
{
    const struct classifier_class *ours = classifier_find(row->name);
    const struct classifier_class *peer =
        record && *record->peer_of ? classifier_find(record->peer_of) : NULL;
    const struct classifier_class *known = ours ? ours : peer;
    *class = (struct classifier_class){.name = row->name, .parameters = no_parameters};
    point->class = class;
    if (!known || parameters_from_json(&point->parameters, known->parameters, row->parameter, NULL))
        return;
    class->parameters = known->parameters;
    if (ours)
        point->class = ours;
}

enum status show_rows_create(struct show_rows *rows, const struct table *table,
                             const struct grid *grid, struct error *error)
{
    *rows = (struct show_rows){.points.points = calloc(table->n_rows + 1, sizeof(struct point)),
                               .classes = calloc(table->n_rows + 1, sizeof *rows->classes)};
    if (!rows->points.points || !rows->classes)
        return error_memory(error, "the rows of the table", table->n_rows * sizeof(struct point));
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct table_row *row = &table->rows[i];
        struct point *point = &rows->points.points[rows->points.n_points++];
        const struct point *planned = planned_point(grid, row);
        if (planned)
            *point = *planned;
        else
            make_point(point, &rows->classes[i], row, record_of(table, row));
        point->parameter = json_deep_copy(row->parameter);
        if (!point->parameter)
            return error_memory(error, "the parameters of a row", 0);
    }
    return STATUS_OK;
}

void show_rows_destroy(struct show_rows *rows)
{
    grid_destroy(&rows->points);
    free(rows->classes);
    *rows = (struct show_rows){.classes = NULL};
}

enum { VALUE_BYTES = 4096 };

/* One that the class has where `spec` is not NULL, else a free one. */
static enum status add_parameter(struct shown_parameters *shown, const struct point *point,
                                 const struct parameter_spec *spec, const char *name,
                                 struct error *error)
{
    char text[VALUE_BYTES];
    if (spec)
        parameter_to_text(spec, &point->parameters.values[spec - point->class->parameters], text,
                          sizeof text);
    else
        parameter_free_to_text(json_object_get(point->parameter, name), text, sizeof text);
    char *value = strdup(text);
    if (!value)
        return error_memory(error, "a parameter", sizeof text);
    shown->values[shown->n] = value;
    shown->items[shown->n++] = (struct show_parameter){
        .name = name, .value = value, .is_given = json_object_get(point->parameter, name) != NULL};
    return STATUS_OK;
}

enum status shown_parameters_create(struct shown_parameters *shown, const struct point *point,
                                    struct error *error)
{
    const struct parameter_spec *table = point->class->parameters;
    const size_t n_known = parameter_count(table);
    const size_t n = n_known + json_object_size(point->parameter) + 1;
    const char *name;
    json_t *unused;
    *shown = (struct shown_parameters){.items = calloc(n, sizeof *shown->items),
                                       .values = calloc(n, sizeof *shown->values)};
    if (!shown->items || !shown->values)
        return error_memory(error, "the parameters of a row", n * sizeof *shown->items);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n_known && !status; i++)
        status = add_parameter(shown, point, &table[i], table[i].name, error);
    json_object_foreach(point->parameter, name, unused)
    {
        if (!status && parameter_find(table, name) == n_known)
            status = add_parameter(shown, point, NULL, name, error);
    }
    return status;
}

void shown_parameters_destroy(struct shown_parameters *shown)
{
    for (size_t i = 0; shown->values && i < shown->n; i++)
        free(shown->values[i]);
    free(shown->values);
    free(shown->items);
    *shown = (struct shown_parameters){.n = 0};
}
