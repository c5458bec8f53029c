#include "loader/csv.h"
#include "loader/format.h"

#include <stdio.h>

static const char *const endings[2][5] = {{"train.csv.gz", "train.csv"},
                                          {"test.csv.gz", "test.csv", "t10k.csv.gz", "t10k.csv"}};

static bool is_there(const struct dataset_place *place)
{
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX];
        bool found;
        if (format_find_file(path, place, endings[i], &found, NULL) || found)
            return true;
    }
    return false;
}

static enum status read(struct part *part, const struct dataset_place *place, struct error *error)
{
    struct csv csv;
    enum status status = format_need_file(part->images_path, place, endings[part->is_test], error);
    if (status)
        return status;
    snprintf(part->labels_path, sizeof part->labels_path, "%s", part->images_path);
    status = csv_read(&csv, &(struct csv_request){.path = part->images_path, .limit = part->limit},
                      error);
    if (status)
        return status;
    format_set_pixels(part, csv.pixels, csv.n_kept);
    part->set->labels = csv.labels;
    format_set_shape(part, csv.n_features);
    return STATUS_OK;
}

const struct dataset_format csv_format = {
    .name = "CSV",
    .files = "train.csv[.gz] and test.csv[.gz]",
    .is_there = is_there,
    .read = read,
};
