/* The files that an external classifier is given. */
#include "runner/external_files.h"

#include "base/memory.h"
#include "loader/idx_write.h"
#include "report/json_text.h"
#include "runner/parameter_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char external_request_name[] = "request.json", external_reply_name[] = "reply.json",
           external_labels_name[] = "labels-idx1-ubyte";
static const char train_images_name[] = "train-images-idx3-ubyte",
                  train_labels_name[] = "train-labels-idx1-ubyte",
                  test_images_name[] = "t10k-images-idx3-ubyte";

enum { SEED_BITS = 31 }; /* what every generator takes */

enum status external_path(char path[EXTERNAL_PATH_BYTES], const char *folder, const char *name,
                          struct error *error)
{
    const int length = snprintf(path, EXTERNAL_PATH_BYTES, "%s/%s", folder, name);
    if (length < 0 || length >= EXTERNAL_PATH_BYTES)
        return error_set(error, STATUS_FAILED, "the path of %s is too long", name);
    return STATUS_OK;
}

static enum status write_idx(const char *folder, const char *name,
                             const struct idx_content *content, struct error *error)
{
    char path[EXTERNAL_PATH_BYTES];
    const enum status status = external_path(path, folder, name, error);
    return status ? status : idx_write(path, content, error);
}

static enum status write_images(const struct external_task *task, const char *name,
                                const struct features *rows, struct error *error)
{
    const struct dataset *d = task->cell->dataset;
    const struct idx_content images = {
        .n_dimensions = 3, .sizes = {rows->n_rows, d->height, d->width}, .rows = *rows};
    return write_idx(task->folder, name, &images, error);
}

/* As the dataset has them, not our numbers of them. */
static enum status write_labels(const struct external_task *task, struct error *error)
{
    const struct dataset *d = task->cell->dataset;
    const size_t n_rows = d->train.n_rows;
    uint8_t *labels = memory_array(n_rows, 1);
    if (!labels)
        return error_memory(error, "the labels of a repeat", n_rows);
    for (size_t i = 0; i < n_rows; i++)
        labels[i] = d->class_values[task->train_labels[i]];
    const struct idx_content content = {
        .n_dimensions = 1,
        .sizes = {n_rows},
        .rows = {.n_rows = 1, .n_features = n_rows, .bytes = labels}};
    const enum status status = write_idx(task->folder, train_labels_name, &content, error);
    memory_free(labels);
    return status;
}

/* The parameters of a class all of them, free ones as the grid has them. */
static json_t *all_parameters(const struct point *point)
{
    const struct parameter_spec *table = point->class->parameters;
    json_t *all = json_deep_copy(point->parameter);
    for (size_t i = 0; table[i].name; i++)
        if (json_object_set_new(all, table[i].name,
                                parameter_to_json(&table[i], &point->parameters.values[i]))) {
            json_decref(all);
            return NULL;
        }
    return all;
}

static int add_path(json_t *request, const char *key, const char *folder, const char *name)
{
    char path[EXTERNAL_PATH_BYTES];
    if (external_path(path, folder, name, NULL))
        return -1;
    return json_object_set_new(request, key, json_string(path));
}

static json_t *classes_of(const struct dataset *dataset)
{
    json_t *classes = json_array();
    for (size_t i = 0; i < dataset->n_classes; i++)
        if (json_array_append_new(classes, json_integer(dataset->class_values[i]))) {
            json_decref(classes);
            return NULL;
        }
    return classes;
}

/* NULL when memory is short or a path is not UTF-8. */
static json_t *request_of(const struct external_task *task)
{
    const struct point *point = task->cell->point;
    const struct dataset *d = task->cell->dataset;
    const uint64_t seed = task->rng_key >> (64 - SEED_BITS);
    json_t *memory =
        task->memory_limit_bytes ? json_integer((json_int_t)task->memory_limit_bytes) : json_null();
    json_t *r = json_pack("{s:i, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:i, s:o}",
                          "version", EXTERNAL_VERSION, "name", point->class->name, "parameters",
                          all_parameters(point), "classes", classes_of(d), "n_classes",
                          (json_int_t)d->n_classes, "n_train", (json_int_t)d->train.n_rows,
                          "n_test", (json_int_t)d->test.n_rows, "height", (json_int_t)d->height,
                          "width", (json_int_t)d->width, "n_features", (json_int_t)d->n_features,
                          "dataset", json_text_string(d->name), "seed", (json_int_t)seed, "threads",
                          task->n_threads, "memory_bytes", memory);
    int failed = !r;
    if (point->external->peer_of)
        failed |= json_object_set_new(r, "peer_of", json_string(point->external->peer_of->name));
    failed |= json_object_set_new(r, "folder", json_string(task->folder)) |
              add_path(r, "train_images", task->folder, train_images_name) |
              add_path(r, "train_labels", task->folder, train_labels_name) |
              add_path(r, "test_images", task->folder, test_images_name) |
              add_path(r, "labels", task->folder, external_labels_name) |
              add_path(r, "reply", task->folder, external_reply_name);
    if (!failed)
        return r;
    json_decref(r);
    return NULL;
}

static enum status write_text(const char *folder, const char *name, const char *text,
                              struct error *error)
{
    char path[EXTERNAL_PATH_BYTES];
    const enum status status = external_path(path, folder, name, error);
    if (status)
        return status;
    FILE *file = fopen(path, "we");
    bool good = file && fprintf(file, "%s\n", text) > 0;
    if (file && fclose(file))
        good = false;
    return good ? STATUS_OK
                : error_set(error, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
}

static enum status write_request(const struct external_task *task, struct error *error)
{
    json_t *request = request_of(task);
    char *text = request ? json_text(request) : NULL;
    const enum status status =
        text ? write_text(task->folder, external_request_name, text, error)
             : error_set(error, STATUS_FAILED,
                         "the request cannot be written: memory is short, or %s is not UTF-8",
                         task->folder);
    free(text);
    json_decref(request);
    return status;
}

enum status external_write_files(const struct external_task *task, struct error *error)
{
    const struct dataset *d = task->cell->dataset;
    const struct features test = {
        .n_rows = d->test.n_rows, .n_features = d->n_features, .bytes = d->test.pixels};
    enum status status = write_images(task, train_images_name, task->train, error);
    if (!status)
        status = write_labels(task, error);
    if (!status)
        status = write_images(task, test_images_name, &test, error);
    return status ? status : write_request(task, error);
}
