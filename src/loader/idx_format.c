#include "base/memory.h"
#include "loader/format.h"
#include "loader/idx.h"

#include <string.h>

/* Packed before plain, the name of MNIST's test part before that of others. */
static const char *const images[2][5] = {{"train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"},
                                         {"t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte",
                                          "test-images-idx3-ubyte.gz", "test-images-idx3-ubyte"}};
static const char *const labels[2][9] = {{"train-labels-idx1-ubyte.gz", "train-labels-idx1-ubyte",
                                          "train-labels-idx2-int.gz", "train-labels-idx2-int"},
                                         {"t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte",
                                          "test-labels-idx1-ubyte.gz", "test-labels-idx1-ubyte",
                                          "t10k-labels-idx2-int.gz", "t10k-labels-idx2-int",
                                          "test-labels-idx2-int.gz", "test-labels-idx2-int"}};

static bool is_there(const struct dataset_place *place)
{
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX];
        bool found;
        /* Several of a kind are there too: `read` says so. */
        if (format_find_file(path, place, images[i], &found, NULL) || found ||
            format_find_file(path, place, labels[i], &found, NULL) || found)
            return true;
    }
    return false;
}

static enum status read_images(struct part *part, size_t *n_rows, struct error *error)
{
    struct image_set *set = part->set;
    const struct idx_request request = {.path = part->images_path,
                                        .n_dimensions = 3,
                                        .limit = part->limit,
                                        .map = !part->is_transposed};
    const enum status status = idx_read(&set->images, &request, error);
    if (status)
        return status;
    *n_rows = set->images.sizes[0];
    part->height = set->images.sizes[1];
    part->width = set->images.sizes[2];
    set->n_rows = set->images.n_kept;
    set->pixels = idx_rows(&set->images);
    return STATUS_OK;
}

static bool is_int32(const char *path)
{
    return strstr(strrchr(path, '/'), "idx2-int");
}

/* The first column of each row, big-endian, becomes the label. */
static enum status take_first_column(struct part *part, const struct idx *idx, struct error *error)
{
    part->set->labels = memory_array(idx->n_kept, 1);
    if (!part->set->labels)
        return error_memory(error, part->labels_path, idx->n_kept);
    for (size_t i = 0; i < idx->n_kept; i++) {
        const uint8_t *row = idx->bytes + i * idx->sizes[1] * 4;
        const uint32_t bits =
            (uint32_t)row[0] << 24 | (uint32_t)row[1] << 16 | (uint32_t)row[2] << 8 | row[3];
        if (bits > UINT8_MAX)
            return error_set(error, STATUS_DATA,
                             "%s: label of row %zu: expected 0 to 255, found %ld",
                             part->labels_path, i, (long)(int32_t)bits);
        part->set->labels[i] = (uint8_t)bits;
    }
    return STATUS_OK;
}

static enum status read_labels(struct part *part, size_t n_rows, struct error *error)
{
    struct idx idx;
    const bool is_wide = is_int32(part->labels_path);
    const struct idx_request request = {.path = part->labels_path,
                                        .n_dimensions = is_wide ? 2 : 1,
                                        .limit = part->limit,
                                        .is_int32 = is_wide};
    enum status status = idx_read(&idx, &request, error);
    if (status)
        return status;
    status = format_check_labels(part, n_rows, idx.sizes[0], error);
    if (!status && is_wide)
        status = take_first_column(part, &idx, error);
    if (status || is_wide)
        idx_destroy(&idx);
    else
        part->set->labels = idx.bytes;
    return status;
}

static enum status read(struct part *part, const struct dataset_place *place, struct error *error)
{
    size_t n_rows = 0;
    enum status status = format_need_file(part->images_path, place, images[part->is_test], error);
    if (!status)
        status = format_need_file(part->labels_path, place, labels[part->is_test], error);
    if (!status)
        status = read_images(part, &n_rows, error);
    if (!status)
        status = read_labels(part, n_rows, error);
    return status;
}

const struct dataset_format idx_format = {
    .name = "IDX",
    .files = "train-images-idx3-ubyte[.gz] and so on",
    .is_there = is_there,
    .read = read,
};
