/*
 * The formats that a dataset may have on disk. Each is one const struct; `dataset_formats` lists
 * them in the order in which they are looked for, and the first of which a file is there is read.
 */
#ifndef FMBENCH_LOADER_FORMAT_H
#define FMBENCH_LOADER_FORMAT_H

#include "base/error.h"
#include "loader/dataset.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Where the files are: all those of a folder, or those of a folder whose names begin with PREFIX.
 */
struct dataset_place {
    char folder[PATH_MAX];
    const char *prefix; /* "": all; borrowed */
};

/* One of the two parts. `read` fills what is below `limit`; on failure the owner of *set frees it.
 */
struct part {
    bool is_test;
    bool is_transposed;    /* the images are to be changed: they must be in memory */
    size_t limit;          /* keep the first rows; 0: all */
    struct image_set *set; /* borrowed: pixels and labels as the files have them */
    size_t height, width;
    char images_path[PATH_MAX],
        labels_path[PATH_MAX]; /* for messages; the same where one file has both */
};

struct dataset_format {
    const char *name;
    const char *files; /* for messages: what its files are called */
    bool (*is_there)(const struct dataset_place *place); /* one of its files */
    /* The files are read and checked whole. STATUS_DATA as dataset_load has it. Thread-safe. */
    enum status (*read)(struct part *part, const struct dataset_place *place, struct error *error);
};

extern const struct dataset_format *const dataset_formats[]; /* ends with NULL */

extern const struct dataset_format idx_format, csv_format, npy_format, npz_format;

/*
 * The one file whose name is one of the NULL-terminated endings, or is PREFIX and one of them with
 * '-', '_' or '.' between, upper and lower case alike; where any prefix will do, a name without one
 * is preferred. The first ending that has a file decides. *is_there says whether there is one;
 * STATUS_DATA when there are several.
 */
enum status format_find_file(char path[PATH_MAX], const struct dataset_place *place,
                             const char *const *endings, bool *is_there, struct error *error);

/* The same of a file that must be there. Where it may be packed the second ending is that of the
   plain one. */
enum status format_need_file(char path[PATH_MAX], const struct dataset_place *place,
                             const char *const *endings, struct error *error);

/* Gives the set n_rows of pixels, which are in memory and become its own. */
void format_set_pixels(struct part *part, uint8_t *pixels, size_t n_rows);

/* Where a row of a file is no more than n_features numbers: a square image, else one of one line.
 */
void format_set_shape(struct part *part, size_t n_features);

/* STATUS_DATA unless there is one label for each image. */
enum status format_check_labels(const struct part *part, size_t n_images, size_t n_labels,
                                struct error *error);

#endif
