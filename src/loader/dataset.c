#include "loader/dataset.h"

#include "base/memory.h"
#include "loader/digest.h"
#include "loader/format.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SIZE_TEXT_BYTES = 24 };

/* Each image with its rows for its columns. */
static enum status transpose(struct part *part, struct error *error)
{
    const size_t height = part->height, width = part->width, n = height * width;
    uint8_t *image = memory_array(n, 1);
    if (!image)
        return error_memory(error, "an image", n);
    for (size_t i = 0; i < part->set->n_rows; i++) {
        uint8_t *pixels = part->set->images.bytes + i * n;
        memcpy(image, pixels, n);
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++)
                pixels[x * height + y] = image[y * width + x];
    }
    memory_free(image);
    part->height = width;
    part->width = height;
    return STATUS_OK;
}

static enum status read_part(struct part *part, const struct dataset_format *format,
                             const struct dataset_place *place, struct error *error)
{
    assert(format);
    const enum status status = format->read(part, place, error);
    return !status && part->is_transposed ? transpose(part, error) : status;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* DIR/NAME; where there is none, what begins with NAME in DIR. */
static enum status find_place(struct dataset_place *place, const struct dataset_request *request,
                              struct error *error)
{
    *place = (struct dataset_place){.prefix = ""};
    const int length =
        snprintf(place->folder, PATH_MAX, "%s/%s", request->directory, request->name);
    if (length < 0 || length >= PATH_MAX)
        return error_set(error, STATUS_DATA, "%s: the path is too long", request->directory);
    if (is_folder(place->folder))
        return STATUS_OK;
    place->prefix = request->name;
    snprintf(place->folder, PATH_MAX, "%s", request->directory);
    return STATUS_OK;
}

static enum status find_format(const struct dataset_format **format,
                               const struct dataset_place *place,
                               const struct dataset_request *request, struct error *error)
{
    char names[512] = "";
    for (size_t i = 0; dataset_formats[i]; i++) {
        const size_t used = strlen(names);
        *format = dataset_formats[i];
        if ((*format)->is_there(place))
            return STATUS_OK;
        snprintf(names + used, sizeof names - used, "%s%s (%s)", i ? ", " : "", (*format)->name,
                 (*format)->files);
    }
    return error_set(error, STATUS_DATA,
                     "%s/%s: no such dataset: neither a folder with its files nor files that begin "
                     "with %s, of the formats %s; fetch it with scripts/get-data, or name the "
                     "folder that holds it with --data",
                     request->directory, request->name, request->name, names);
}

static enum status read_parts(struct part *train, struct part *test,
                              const struct dataset_request *request, struct error *error)
{
    struct dataset_place place;
    const struct dataset_format *format = NULL;
    enum status status = find_place(&place, request, error);
    if (!status)
        status = find_format(&format, &place, request, error);
    if (!status)
        status = read_part(train, format, &place, error);
    if (!status)
        status = read_part(test, format, &place, error);
    return status;
}

/* Images that are mapped are read: a file that was cut is then an error, not the end. */
static struct digest_part pixels_to_hash(const struct dataset *d, const struct part *part,
                                         struct digest_file *file)
{
    const struct idx *images = &part->set->images;
    *file = (struct digest_file){.path = part->images_path,
                                 .descriptor = images->mapping.descriptor,
                                 .offset = images->header_bytes};
    return (struct digest_part){.bytes = part->set->pixels,
                                .n_bytes = part->set->n_rows * d->n_features,
                                .file = images->mapping.start ? file : NULL};
}

/* Before the labels are renumbered. Sizes as text, so that no byte order enters. */
static enum status hash_content(struct dataset *d, const struct part *train,
                                const struct part *test, struct error *error)
{
    struct digest_file train_file, test_file;
    const size_t numbers[4] = {d->height, d->width, d->train.n_rows, d->test.n_rows};
    char sizes[4][SIZE_TEXT_BYTES] = {{0}};
    for (size_t i = 0; i < 4; i++)
        snprintf(sizes[i], sizeof sizes[i], "%zu", numbers[i]);
    const struct digest_part parts[] = {
        {.bytes = sizes, .n_bytes = sizeof sizes},
        pixels_to_hash(d, train, &train_file),
        {.bytes = d->train.labels, .n_bytes = d->train.n_rows},
        pixels_to_hash(d, test, &test_file),
        {.bytes = d->test.labels, .n_bytes = d->test.n_rows},
    };
    return digest_sha256(d->hash, parts, sizeof parts / sizeof *parts, error);
}

/* Text for messages: which training rows were looked at. */
static const char *kept_text(const struct part *train)
{
    return train->limit ? "the training rows that the limit keeps" : "the training part";
}

/* The classes are the distinct labels of the kept training rows. */
static enum status renumber_labels(struct dataset *d, const struct part *train,
                                   const struct part *test, struct error *error)
{
    bool is_class[MAX_CLASSES] = {false};
    uint8_t number[MAX_CLASSES] = {0};
    for (size_t i = 0; i < d->train.n_rows; i++)
        is_class[d->train.labels[i]] = true;
    for (size_t label = 0; label < MAX_CLASSES; label++)
        if (is_class[label]) {
            number[label] = (uint8_t)d->n_classes;
            d->class_values[d->n_classes++] = (uint8_t)label;
        }
    if (d->n_classes < 2)
        return error_set(error, STATUS_DATA,
                         "%s: expected at least 2 classes, found only label %u in %s (%zu rows)",
                         train->labels_path, d->class_values[0], kept_text(train), d->train.n_rows);
    for (size_t i = 0; i < d->test.n_rows; i++)
        if (!is_class[d->test.labels[i]])
            return error_set(error, STATUS_DATA,
                             "%s: label %u of row %zu is not in %s (%zu rows with %zu classes)",
                             test->labels_path, d->test.labels[i], i, kept_text(train),
                             d->train.n_rows, d->n_classes);
    for (size_t i = 0; i < d->train.n_rows; i++)
        d->train.labels[i] = number[d->train.labels[i]];
    for (size_t i = 0; i < d->test.n_rows; i++)
        d->test.labels[i] = number[d->test.labels[i]];
    return STATUS_OK;
}

static enum status join_parts(struct dataset *d, const struct part *train, const struct part *test,
                              struct error *error)
{
    if (train->height != test->height || train->width != test->width)
        return error_set(error, STATUS_DATA,
                         "%s: expected images of %zu x %zu pixels as in %s, found %zu x %zu",
                         test->images_path, train->height, train->width, train->images_path,
                         test->height, test->width);
    d->height = train->height;
    d->width = train->width;
    d->n_features = d->height * d->width;
    const enum status status = hash_content(d, train, test, error);
    return status ? status : renumber_labels(d, train, test, error);
}

/* A name is also that of a folder and, in results, of a file. */
static enum status take_name(struct dataset *d, const char *name, struct error *error)
{
    const size_t length = strlen(name);
    if (length == 0 || length >= sizeof d->name || name[0] == '.' || strchr(name, '/'))
        return error_set(
            error, STATUS_USAGE,
            "dataset \"%s\": expected the name of a folder, 1 to %zu characters without "
            "a slash or a leading dot",
            name, sizeof d->name - 1);
    memcpy(d->name, name, length + 1);
    return STATUS_OK;
}

enum status dataset_load(struct dataset *dataset, const struct dataset_request *request,
                         struct error *error)
{
    struct part train = {.is_transposed = request->is_transposed,
                         .limit = request->limit_train,
                         .set = &dataset->train};
    struct part test = {.is_test = true,
                        .is_transposed = request->is_transposed,
                        .limit = request->limit_test,
                        .set = &dataset->test};
    *dataset = (struct dataset){.n_classes = 0};
    enum status status = take_name(dataset, request->name, error);
    if (!status)
        status = read_parts(&train, &test, request, error);
    if (!status)
        status = join_parts(dataset, &train, &test, error);
    if (status)
        dataset_destroy(dataset);
    return status;
}

void dataset_destroy(struct dataset *dataset)
{
    idx_destroy(&dataset->train.images);
    memory_free(dataset->train.labels);
    idx_destroy(&dataset->test.images);
    memory_free(dataset->test.labels);
    *dataset = (struct dataset){.n_classes = 0};
}

size_t dataset_mapped_bytes(const struct dataset *dataset)
{
    return dataset->train.images.mapping.n_bytes + dataset->test.images.mapping.n_bytes;
}
