#include "report/reference.h"

#include "report/parameter_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct builder {
    struct reference *reference;
    size_t capacity;
    struct error *error;
};

static struct reference_row *find(const struct reference *reference,
                                  const struct reference_query *query)
{
    for (size_t i = 0; i < reference->n_rows; i++) {
        struct reference_row *row = &reference->rows[i];
        if (row->n_train == query->n_train && strcmp(row->name, query->name) == 0 &&
            strcmp(row->key, query->key) == 0 && strcmp(row->dataset, query->dataset) == 0)
            return row;
    }
    return NULL;
}

static enum status grow(struct builder *builder)
{
    struct reference *reference = builder->reference;
    if (reference->n_rows < builder->capacity)
        return STATUS_OK;
    const size_t wanted = 2 * builder->capacity + 64;
    struct reference_row *rows = reallocarray(reference->rows, wanted, sizeof *rows);
    if (!rows)
        return error_memory(builder->error, "a reference", wanted * sizeof *rows);
    reference->rows = rows;
    builder->capacity = wanted;
    return STATUS_OK;
}

static enum status add_row(struct builder *builder, const struct reference_query *query,
                           double accuracy)
{
    struct reference_row *row = find(builder->reference, query);
    if (row) {
        row->n_lines++;
        row->accuracy += (accuracy - row->accuracy) / (double)row->n_lines;
        return STATUS_OK;
    }
    const enum status status = grow(builder);
    if (status)
        return status;
    row = &builder->reference->rows[builder->reference->n_rows++];
    *row = (struct reference_row){.name = strdup(query->name),
                                  .key = strdup(query->key),
                                  .dataset = strdup(query->dataset),
                                  .n_train = query->n_train,
                                  .accuracy = accuracy,
                                  .n_lines = 1};
    if (!row->name || !row->key || !row->dataset)
        return error_memory(builder->error, "a row of a reference", strlen(query->key));
    return STATUS_OK;
}

static enum status wrong(struct error *error, const char *key, const char *what)
{
    return error_set(error, STATUS_DATA, "%.64s: must be %s", key, what);
}

static enum status add_accuracy(struct builder *builder, const struct reference_query *query,
                                const char *key, const json_t *value)
{
    const double accuracy = json_number_value(value);
    if (!json_is_number(value) || !(accuracy >= 0 && accuracy <= 1))
        return wrong(builder->error, key, "a number from 0 to 1");
    return add_row(builder, query, accuracy);
}

static enum status add_published(struct builder *builder, json_t *line,
                                 struct reference_query *query)
{
    static const char *const texts[] = {"name", "status", "reason"};
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    query->n_train = REFERENCE_PUBLISHED_N_TRAIN;
    json_object_foreach(line, key, value)
    {
        bool is_text = false;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            is_text = is_text || strcmp(key, texts[i]) == 0;
        query->dataset = key;
        if (is_text && !json_is_string(value))
            status = wrong(builder->error, key, "a string");
        else if (!is_text && strcmp(key, "parameter") != 0)
            status = add_accuracy(builder, query, key, value);
        if (status)
            break;
    }
    return status;
}

static enum status add_rerun(struct builder *builder, const json_t *line,
                             struct reference_query *query)
{
    const json_t *dataset = json_object_get(line, "dataset");
    const json_t *n_train = json_object_get(line, "n_train");
    const json_t *accuracy = json_object_get(line, "accuracy");
    if (!json_is_string(dataset))
        return wrong(builder->error, "dataset", "a string");
    if (!json_is_integer(n_train) || json_integer_value(n_train) < 1)
        return wrong(builder->error, "n_train", "a whole number from 1");
    query->dataset = json_string_value(dataset);
    query->n_train = (size_t)json_integer_value(n_train);
    return accuracy ? add_accuracy(builder, query, "accuracy", accuracy) : STATUS_OK;
}

static enum status add_line(struct builder *builder, const char *text, size_t length)
{
    json_error_t syntax;
    json_t *line = json_loadb(text, length, JSON_REJECT_DUPLICATES, &syntax);
    if (!line)
        return error_set(builder->error, STATUS_DATA, "not JSON at byte %d: %s", syntax.position,
                         syntax.text);
    const json_t *rerun_name = json_object_get(line, "classifier");
    const json_t *name = rerun_name ? rerun_name : json_object_get(line, "name");
    const json_t *parameter = json_object_get(line, "parameter");
    char *key = NULL;
    enum status status;
    if (!json_is_string(name)) {
        status = wrong(builder->error, rerun_name ? "classifier" : "name", "a string");
    } else if (!json_is_object(parameter)) {
        status = wrong(builder->error, "parameter", "an object");
    } else if (!(key = parameter_key(parameter))) {
        status = error_memory(builder->error, "a row of a reference", length);
    } else {
        struct reference_query query = {.name = json_string_value(name), .key = key};
        status =
            rerun_name ? add_rerun(builder, line, &query) : add_published(builder, line, &query);
    }
    free(key);
    json_decref(line);
    return status;
}

static enum status read_lines(struct builder *builder, FILE *file, const char *path)
{
    struct error *error = builder->error, inner;
    char *line = NULL;
    size_t capacity = 0, number = 0;
    enum status status = STATUS_OK;
    builder->error = &inner;
    while (status == STATUS_OK) {
        const ssize_t length = getline(&line, &capacity, file);
        if (length < 0)
            break;
        number++;
        status = add_line(builder, line, (size_t)length);
        if (status)
            error_set(error, status, "%s:%zu: %.800s", path, number, inner.message);
    }
    if (status == STATUS_OK && !feof(file))
        status = error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
    builder->error = error;
    free(line);
    return status;
}

enum status reference_read(struct reference *reference, const char *path, struct error *error)
{
    memset(reference, 0, sizeof *reference);
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(error, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    struct builder builder = {.reference = reference, .error = error};
    const enum status status = read_lines(&builder, file, path);
    fclose(file);
    if (status)
        reference_destroy(reference);
    return status;
}

void reference_destroy(struct reference *reference)
{
    for (size_t i = 0; i < reference->n_rows; i++) {
        free(reference->rows[i].name);
        free(reference->rows[i].key);
        free(reference->rows[i].dataset);
    }
    free(reference->rows);
    memset(reference, 0, sizeof *reference);
}

const struct reference_row *reference_find(const struct reference *reference,
                                           const struct reference_query *query)
{
    return find(reference, query);
}
