#include "loader/duplicates.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Rows of t10k count on behind those of the training part. */
struct image {
    uint64_t checksum;
    size_t row;
};

/* Of each row the lowest with its image, in the dataset and in the row's own part. */
struct firsts {
    size_t *of_all, *of_part;
};

static const uint8_t *pixels_of(const struct dataset *d, size_t row)
{
    return row < d->train.n_rows ? d->train.pixels + row * d->n_features
                                 : d->test.pixels + (row - d->train.n_rows) * d->n_features;
}

static uint8_t label_of(const struct dataset *d, size_t row)
{
    return row < d->train.n_rows ? d->train.labels[row] : d->test.labels[row - d->train.n_rows];
}

/* Two sums of different kinds: where both agree, so do the images, but for a rare one. */
static uint64_t checksum_of(const struct dataset *d, size_t row)
{
    const uint8_t *pixels = pixels_of(d, row);
    return (uint64_t)crc32_z(0, pixels, d->n_features) << 32 |
           (uint64_t)adler32_z(1, pixels, d->n_features);
}

static int compare_images(const struct image *a, const struct image *b, const struct dataset *d)
{
    if (a->checksum != b->checksum)
        return a->checksum < b->checksum ? -1 : 1;
    return memcmp(pixels_of(d, a->row), pixels_of(d, b->row), d->n_features);
}

static int compare(const void *left, const void *right, void *context)
{
    const struct image *a = left, *b = right;
    const struct dataset *const *dataset = context;
    const int order = compare_images(a, b, *dataset);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

/* Of rows with one image, in rising order. */
static void note_group(const struct firsts *firsts, const struct image *group, size_t n,
                       size_t n_train)
{
    size_t first_of_part = group[0].row;
    for (size_t i = 0; i < n; i++) {
        if (i && group[i].row >= n_train && group[i - 1].row < n_train)
            first_of_part = group[i].row;
        firsts->of_all[group[i].row] = group[0].row;
        firsts->of_part[group[i].row] = first_of_part;
    }
}

static void find_firsts(const struct firsts *firsts, struct image *images, size_t n,
                        const struct dataset *d)
{
    for (size_t i = 0; i < n; i++)
        images[i] = (struct image){.checksum = checksum_of(d, i), .row = i};
    qsort_r(images, n, sizeof *images, compare, &d);
    for (size_t begin = 0, end; begin < n; begin = end) {
        end = begin + 1;
        while (end < n && compare_images(&images[begin], &images[end], d) == 0)
            end++;
        note_group(firsts, images + begin, end - begin, d->train.n_rows);
    }
}

static void add_row(struct duplicate_rows *rows, size_t row, size_t first)
{
    if (rows->n < DUPLICATE_EXAMPLES)
        rows->examples[rows->n] = (struct duplicate){.row = row, .first = first};
    rows->n++;
}

static void add(struct duplicates *duplicates, struct duplicate rows, bool is_relabelled)
{
    add_row(&duplicates->all, rows.row, rows.first);
    if (is_relabelled)
        add_row(&duplicates->relabelled, rows.row, rows.first);
}

/* In the order of the rows, so that the examples are the lowest. */
static void collect(struct dataset_duplicates *found, const struct firsts *firsts, size_t n,
                    const struct dataset *d)
{
    const size_t n_train = d->train.n_rows;
    for (size_t i = 0; i < n; i++) {
        const size_t all = firsts->of_all[i], part = firsts->of_part[i];
        const size_t begin = i < n_train ? 0 : n_train;
        if (part < i)
            add(i < n_train ? &found->train : &found->test,
                (struct duplicate){.row = i - begin, .first = part - begin},
                label_of(d, i) != label_of(d, part));
        if (i >= n_train && all < n_train)
            add(&found->between, (struct duplicate){.row = i - n_train, .first = all},
                label_of(d, i) != label_of(d, all));
    }
}

enum status duplicates_find(struct dataset_duplicates *duplicates, const struct dataset *dataset,
                            struct error *error)
{
    const size_t n = dataset->train.n_rows + dataset->test.n_rows;
    struct image *images = NULL;
    struct firsts firsts = {NULL, NULL};
    const struct memory_request requests[] = {
        {(void **)&images, n, sizeof *images},
        {(void **)&firsts.of_all, n, sizeof *firsts.of_all},
        {(void **)&firsts.of_part, n, sizeof *firsts.of_part},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "the search for duplicate images", error);
    if (status)
        return status;
    *duplicates = (struct dataset_duplicates){.train = {.all = {.n = 0}}};
    find_firsts(&firsts, images, n, dataset);
    collect(duplicates, &firsts, n, dataset);
    memory_free(images);
    memory_free(firsts.of_all);
    memory_free(firsts.of_part);
    return STATUS_OK;
}
