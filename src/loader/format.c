#include "loader/format.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct dataset_format *const dataset_formats[] = {&idx_format, &csv_format, &npz_format,
                                                        &npy_format, NULL};

enum match { MATCH_NOT, MATCH_ENDING, MATCH_EXACT };

static enum match match(const char *name, const char *prefix, const char *ending)
{
    const size_t length = strlen(name), ending_length = strlen(ending);
    const size_t prefix_length = strlen(prefix);
    if (!prefix_length && strcasecmp(name, ending) == 0)
        return MATCH_EXACT;
    if (length < ending_length + 2 || strcasecmp(name + length - ending_length, ending) != 0)
        return MATCH_NOT;
    const size_t at = length - ending_length - 1; /* of the sign between */
    if (!strchr("-_.", name[at]))
        return MATCH_NOT;
    if (!prefix_length)
        return MATCH_ENDING;
    return at == prefix_length && memcmp(name, prefix, at) == 0 ? MATCH_EXACT : MATCH_NOT;
}

static enum status add(char found[NAME_MAX + 1], const struct dataset_place *place,
                       const char *name, struct error *error)
{
    if (*found && strcmp(found, name) != 0)
        return error_set(error, STATUS_DATA,
                         "%s: both %s and %s are there: keep one of them in the folder, or name a "
                         "dataset with which only one begins",
                         place->folder, found, name);
    snprintf(found, NAME_MAX + 1, "%s", name);
    return STATUS_OK;
}

static enum status look_for(char path[PATH_MAX], const struct dataset_place *place,
                            const char *ending, struct error *error)
{
    char found[NAME_MAX + 1] = "";
    enum match best = MATCH_NOT;
    enum status status = STATUS_OK;
    DIR *folder = opendir(place->folder);
    path[0] = '\0';
    if (!folder)
        return STATUS_OK;
    for (struct dirent *entry; !status && (entry = readdir(folder));) {
        const enum match how =
            entry->d_name[0] == '.' ? MATCH_NOT : match(entry->d_name, place->prefix, ending);
        if (how > best)
            found[0] = '\0';
        if (how > MATCH_NOT && how >= best) {
            best = how;
            status = add(found, place, entry->d_name, error);
        }
    }
    closedir(folder);
    if (!status && *found && snprintf(path, PATH_MAX, "%s/%s", place->folder, found) >= PATH_MAX)
        status = error_set(error, STATUS_DATA, "%s: the path is too long", place->folder);
    return status;
}

enum status format_find_file(char path[PATH_MAX], const struct dataset_place *place,
                             const char *const *endings, bool *is_there, struct error *error)
{
    enum status status = STATUS_OK;
    path[0] = '\0';
    for (size_t i = 0; endings[i] && !path[0] && !status; i++)
        status = look_for(path, place, endings[i], error);
    *is_there = path[0];
    return status;
}

enum status format_need_file(char path[PATH_MAX], const struct dataset_place *place,
                             const char *const *endings, struct error *error)
{
    bool is_there;
    const enum status status = format_find_file(path, place, endings, &is_there, error);
    if (status || is_there)
        return status;
    const bool may_be_packed = strstr(endings[0], ".gz");
    return error_set(error, STATUS_DATA,
                     "%s/%s%s%s: no such file%s; fetch the dataset with scripts/get-data, or name "
                     "the folder that holds it with --data",
                     place->folder, place->prefix, *place->prefix ? "-" : "",
                     endings[may_be_packed], may_be_packed ? ", neither with .gz nor without" : "");
}

void format_set_pixels(struct part *part, uint8_t *pixels, size_t n_rows)
{
    part->set->images = (struct idx){.n_kept = n_rows, .bytes = pixels};
    part->set->pixels = pixels;
    part->set->n_rows = n_rows;
}

void format_set_shape(struct part *part, size_t n_features)
{
    const size_t side = (size_t)lround(sqrt((double)n_features));
    const bool is_square = side * side == n_features;
    part->height = is_square ? side : 1;
    part->width = is_square ? side : n_features;
}

enum status format_check_labels(const struct part *part, size_t n_images, size_t n_labels,
                                struct error *error)
{
    if (n_labels == n_images)
        return STATUS_OK;
    return error_set(error, STATUS_DATA,
                     "%s: expected %zu labels, one for each image in %s, "
                     "found %zu",
                     part->labels_path, n_images, part->images_path, n_labels);
}
