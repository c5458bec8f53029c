#include "loader/inspection.h"

#include "base/memory.h"

#include <string.h>

static void look_at_labels(struct part_inspection *part, const uint8_t *labels)
{
    const double n = (double)part->n_rows;
    double same = 0; /* pairs of rows of one class */
    part->is_sorted = true;
    for (size_t i = 0; i < part->n_rows; i++) {
        part->class_sizes[labels[i]]++;
        if (i == 0)
            continue;
        part->n_changes += labels[i] != labels[i - 1];
        part->is_sorted &= labels[i] >= labels[i - 1];
    }
    for (size_t k = 0; k < MAX_CLASSES; k++)
        same += (double)part->class_sizes[k] * ((double)part->class_sizes[k] - 1);
    part->expected_changes = n > 1 ? (n - 1) - same / n : 0;
}

static bool is_blank(const uint8_t *pixels, size_t n_features)
{
    return memcmp(pixels, pixels + 1, n_features - 1) == 0;
}

/* An image of a single pixel is of one value by nature. */
static void look_at_pixels(struct part_inspection *part, const uint8_t *pixels, size_t n_features)
{
    for (size_t i = 0; i < part->n_rows * n_features; i++)
        if (pixels[i] > part->largest_pixel)
            part->largest_pixel = pixels[i];
    for (size_t i = 0; i < part->n_rows && n_features > 1; i++)
        if (is_blank(pixels + i * n_features, n_features) && part->n_blank++ == 0)
            part->first_blank = i;
}

static void look_at_part(struct part_inspection *part, const struct image_set *set,
                         size_t n_features)
{
    *part = (struct part_inspection){.n_rows = set->n_rows};
    look_at_labels(part, set->labels);
    look_at_pixels(part, set->pixels, n_features);
}

static enum status count_constant_features(size_t *n_constant, const struct dataset *d,
                                           struct error *error)
{
    const size_t n_features = d->n_features;
    uint8_t *varies = memory_zeroed(n_features, sizeof *varies);
    *n_constant = 0;
    if (!varies)
        return error_memory(error, "constant features", n_features);
    for (size_t i = 1; i < d->train.n_rows; i++)
        for (size_t j = 0; j < n_features; j++)
            varies[j] |= d->train.pixels[i * n_features + j] ^ d->train.pixels[j];
    for (size_t j = 0; j < n_features; j++)
        *n_constant += varies[j] == 0;
    memory_free(varies);
    return STATUS_OK;
}

enum status inspection_make(struct inspection *inspection, const struct dataset *dataset,
                            struct error *error)
{
    look_at_part(&inspection->train, &dataset->train, dataset->n_features);
    look_at_part(&inspection->test, &dataset->test, dataset->n_features);
    const enum status status =
        count_constant_features(&inspection->n_constant_features, dataset, error);
    return status ? status : duplicates_find(&inspection->duplicates, dataset, error);
}
