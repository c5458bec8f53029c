#include "base/memory.h"
#include "loader/byte_stream.h"
#include "loader/format.h"
#include "loader/npy.h"

#include <stdio.h>
#include <string.h>

/* Arrays in files of their own. */
static const char *const npy_images[2][6] = {
    {"x_train.npy", "train_images.npy", "train-images.npy", "train_imgs.npy", "train-imgs.npy"},
    {"x_test.npy", "test_images.npy", "test-images.npy", "test_imgs.npy", "test-imgs.npy"}};
static const char *const npy_labels[2][4] = {
    {"y_train.npy", "train_labels.npy", "train-labels.npy"},
    {"y_test.npy", "test_labels.npy", "test-labels.npy"}};

/* Archives of one array each, as Kuzushiji-MNIST has them, and the names of that array. */
static const char *const npz_images[2][5] = {
    {"train-imgs.npz", "train_imgs.npz", "train-images.npz", "train_images.npz"},
    {"test-imgs.npz", "test_imgs.npz", "test-images.npz", "test_images.npz"}};
static const char *const npz_labels[2][3] = {{"train-labels.npz", "train_labels.npz"},
                                             {"test-labels.npz", "test_labels.npz"}};
static const char *const only_member[2] = {"arr_0.npy"};

/* One archive of all four arrays, as Keras has it. The names of its arrays are those of the files.
 */
static const char *const npz_all[2] = {"npz"};

static bool finds(const struct dataset_place *place, const char *const *endings)
{
    char path[PATH_MAX];
    bool found;
    return format_find_file(path, place, endings, &found, NULL) || found;
}

static bool npy_is_there(const struct dataset_place *place)
{
    return finds(place, npy_images[0]) || finds(place, npy_images[1]) ||
           finds(place, npy_labels[0]) || finds(place, npy_labels[1]);
}

static bool npz_pairs_are_there(const struct dataset_place *place)
{
    return finds(place, npz_images[0]) || finds(place, npz_images[1]) ||
           finds(place, npz_labels[0]) || finds(place, npz_labels[1]);
}

static bool npz_is_there(const struct dataset_place *place)
{
    return npz_pairs_are_there(place) || finds(place, npz_all);
}

static enum status check_images(const struct part *part, const struct npy *npy, struct error *error)
{
    const size_t *sizes = npy->sizes;
    if (npy->n_dimensions == 1)
        return error_set(error, STATUS_DATA,
                         "%s: expected images, an array of rows x height x width or rows x pixels, "
                         "found one of 1 dimension",
                         part->images_path);
    if (npy->n_dimensions == 4 && sizes[3] != 1)
        return error_set(error, STATUS_DATA,
                         "%s: expected images of 1 channel, found %zu x %zu x %zu x %zu",
                         part->images_path, sizes[0], sizes[1], sizes[2], sizes[3]);
    return STATUS_OK;
}

static enum status read_images(struct part *part, bool is_member, size_t *n_rows,
                               struct error *error)
{
    struct npy npy;
    const struct npy_request request = {
        .path = part->images_path, .is_member = is_member, .limit = part->limit};
    enum status status = npy_read(&npy, &request, error);
    if (status)
        return status;
    status = check_images(part, &npy, error);
    if (status) {
        npy_destroy(&npy);
        return status;
    }
    *n_rows = npy.sizes[0];
    format_set_pixels(part, npy.bytes, npy.n_kept);
    part->height = npy.sizes[1];
    part->width = npy.sizes[2];
    if (npy.n_dimensions == 2)
        format_set_shape(part, npy.sizes[1]);
    return STATUS_OK;
}

static enum status read_labels(struct part *part, bool is_member, size_t n_rows,
                               struct error *error)
{
    struct npy npy;
    const struct npy_request request = {
        .path = part->labels_path, .is_member = is_member, .limit = part->limit};
    enum status status = npy_read(&npy, &request, error);
    if (status)
        return status;
    part->set->labels = npy.bytes;
    if (npy.sizes[1] * npy.sizes[2] * npy.sizes[3] != 1)
        return error_set(error, STATUS_DATA,
                         "%s: expected labels, one number a row, found an array of %zu x %zu%s",
                         part->labels_path, npy.sizes[0], npy.sizes[1],
                         npy.n_dimensions > 2 ? " x ..." : "");
    return format_check_labels(part, n_rows, npy.sizes[0], error);
}

static enum status read_arrays(struct part *part, bool are_members, struct error *error)
{
    size_t n_rows = 0;
    const enum status status = read_images(part, are_members, &n_rows, error);
    return status ? status : read_labels(part, are_members, n_rows, error);
}

static enum status read_npy(struct part *part, const struct dataset_place *place,
                            struct error *error)
{
    enum status status =
        format_need_file(part->images_path, place, npy_images[part->is_test], error);
    if (!status)
        status = format_need_file(part->labels_path, place, npy_labels[part->is_test], error);
    return status ? status : read_arrays(part, false, error);
}

/* From the path of an archive to that of its first member with one of the names. */
static enum status add_member(char path[PATH_MAX], const char *const *names, struct error *error)
{
    const char *found;
    const enum status status = byte_stream_find_member(&found, path, names, error);
    if (status)
        return status;
    if (!found)
        return error_set(error, STATUS_DATA, "%s: expected an array \"%.*s\" in it, found none",
                         path, (int)strlen(names[0]) - 4, names[0]);
    const size_t n = strlen(path);
    if (snprintf(path + n, PATH_MAX - n, "/%s", found) >= (int)(PATH_MAX - n))
        return error_set(error, STATUS_DATA, "%.*s: the path is too long", (int)n, path);
    return STATUS_OK;
}

static enum status read_npz(struct part *part, const struct dataset_place *place,
                            struct error *error)
{
    const bool is_one = !npz_pairs_are_there(place);
    const size_t which = part->is_test;
    enum status status =
        format_need_file(part->images_path, place, is_one ? npz_all : npz_images[which], error);
    if (!status)
        status =
            format_need_file(part->labels_path, place, is_one ? npz_all : npz_labels[which], error);
    if (!status)
        status = add_member(part->images_path, is_one ? npy_images[which] : only_member, error);
    if (!status)
        status = add_member(part->labels_path, is_one ? npy_labels[which] : only_member, error);
    return status ? status : read_arrays(part, true, error);
}

const struct dataset_format npy_format = {
    .name = "NumPy",
    .files = "x_train.npy, y_train.npy, x_test.npy and y_test.npy",
    .is_there = npy_is_there,
    .read = read_npy,
};

const struct dataset_format npz_format = {
    .name = "NumPy archive",
    .files = "NAME.npz",
    .is_there = npz_is_there,
    .read = read_npz,
};
