#include "runner/cost.h"
#include "runner/data_file.h"

#include "base/memory.h"
#include "runner/parameter_json.h"
#include "runner/speed.h"
#include "runner/text_file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status complain(const char *path, const char *what, struct error *error)
{
    return error_set(error, STATUS_USAGE, "%s: %s", path, what);
}

static enum status read_row(struct cost_row *row, json_t *json, const char *path,
                            struct error *error)
{
    const char *name, *key;
    json_t *parameter, *value;
    json_error_t where;
    if (json_unpack_ex(json, &where, JSON_STRICT, "{s:s, s:o, s:F, s:F}", "name", &name,
                       "parameter", &parameter, "seconds", &row->seconds, "exponent",
                       &row->exponent))
        return complain(path, where.text, error);
    row->class = classifier_find(name);
    if (!row->class)
        return error_set(error, STATUS_USAGE, "%s: unknown classifier '%s'", path, name);
    if (!(row->seconds >= 0) || !(fabs(row->exponent) <= 4))
        return error_set(error, STATUS_USAGE, "%s: seconds %g and exponent %g of %s", path,
                         row->seconds, row->exponent, name);
    parameters_default(&row->parameters, row->class->parameters);
    json_object_foreach(parameter, key, value)
    {
        const size_t i = parameter_find(row->class->parameters, key);
        if (i == parameter_count(row->class->parameters))
            return error_set(error, STATUS_USAGE, "%s: %s has no parameter '%s'", path, name, key);
        const enum status status = parameter_from_json(&row->class->parameters[i], value,
                                                       &row->parameters.values[i], error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status read_root(struct cost_model *model, json_t *root, const char *path,
                             struct error *error)
{
    json_error_t where;
    json_t *rows;
    if (json_unpack_ex(root, &where, JSON_STRICT, "{s:F, s:F, s:F, s:o}", "yardstick_s",
                       &model->yardstick_s, "n_train", &model->n_train, "n_features",
                       &model->n_features, "rows", &rows))
        return complain(path, where.text, error);
    if (!(model->yardstick_s > 0) || !(model->n_train >= 1) || !(model->n_features >= 1))
        return complain(path, "yardstick_s, n_train and n_features must be positive", error);
    model->rows = memory_zeroed(json_array_size(rows) + 1, sizeof *model->rows);
    if (!model->rows)
        return error_memory(error, path, json_array_size(rows) * sizeof *model->rows);
    enum status status = STATUS_OK;
    for (; model->n_rows < json_array_size(rows) && !status; model->n_rows++)
        status =
            read_row(&model->rows[model->n_rows], json_array_get(rows, model->n_rows), path, error);
    return status;
}

enum status cost_model_read(struct cost_model *model, const char *path, struct error *error)
{
    char *text = NULL;
    json_error_t where;
    *model = (struct cost_model){.speed = 1};
    enum status status = text_file_read(path, &text, error);
    if (status)
        return status;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (root)
        status = read_root(model, root, path, error);
    else
        status = error_set(error, STATUS_USAGE, "%s:%d: column %d: %s", path, where.line,
                           where.column, where.text);
    if (status)
        cost_model_destroy(model);
    json_decref(root);
    free(text);
    return status;
}

enum status cost_model_open(struct cost_model *model, const char *path, struct error *error)
{
    static const char ours[] = "configs/costs.json";
    *model = (struct cost_model){.speed = 1};
    enum status status = STATUS_OK;
    char found[DATA_FILE_BYTES];
    const char *used = data_file(found, path, ours);
    if (path || access(used, F_OK) == 0)
        status = cost_model_read(model, used, error);
    if (!status)
        status = speed_measure_yardstick(&model->measured_s, error);
    if (!status && model->n_rows)
        model->speed = model->yardstick_s / model->measured_s;
    return status;
}

void cost_model_destroy(struct cost_model *model)
{
    memory_free(model->rows);
    *model = (struct cost_model){.n_rows = 0};
}

static size_t n_equal_parameters(const struct cost_row *row, const struct parameters *parameters)
{
    size_t n = 0;
    for (size_t i = 0; row->class->parameters[i].name; i++) {
        const struct parameter_value *a = &row->parameters.values[i], *b = &parameters->values[i];
        n += a->is_none == b->is_none && a->choice == b->choice && a->n_numbers == b->n_numbers &&
             memcmp(a->numbers, b->numbers, a->n_numbers * sizeof *a->numbers) == 0;
    }
    return n;
}

double cost_expected_s(const struct cost_model *model, const struct cell *cell)
{
    const struct cost_row *best = NULL;
    size_t n_best = 0;
    for (size_t i = 0; i < model->n_rows; i++) {
        const struct cost_row *row = &model->rows[i];
        if (row->class != cell->point->class)
            continue;
        const size_t n = n_equal_parameters(row, &cell->point->parameters);
        if (best && (n < n_best || (n == n_best && row->seconds <= best->seconds)))
            continue;
        best = row;
        n_best = n;
    }
    if (!best)
        return 0;
    return best->seconds / model->speed *
           pow((double)cell->dataset->train.n_rows / model->n_train, best->exponent) *
           ((double)cell->dataset->n_features / model->n_features);
}
