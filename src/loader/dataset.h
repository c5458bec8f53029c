/*
 * A dataset as it comes from its four IDX files: validated bytes, nothing derived.
 *
 * Labels are renumbered: the distinct labels of the training part, in rising order, become
 * 0 .. n_classes - 1, and class_values says which label each stands for.
 */
#ifndef FMBENCH_LOADER_DATASET_H
#define FMBENCH_LOADER_DATASET_H

#include "base/error.h"
#include "loader/idx.h"

#include <stddef.h>
#include <stdint.h>

enum { MAX_CLASSES = 256 };

struct image_set {
    size_t n_rows;
    const uint8_t *pixels; /* n_rows x n_features, row-major, in `images` */
    uint8_t *labels;       /* n_rows, class numbers, owned */
    struct idx images;     /* owned: a plain file is mapped, what gzip holds is in memory */
};

struct dataset {
    char name[64];
    size_t height, width, n_features; /* n_features = height x width */
    size_t n_classes;                 /* 2 .. 256 */
    uint8_t class_values[MAX_CLASSES];
    struct image_set train, test;
    char hash[65]; /* SHA-256, hexadecimal: sizes, pixels, original labels of both parts as kept */
};

struct dataset_request {
    const char *directory; /* holds a folder NAME with the four files, .gz or plain */
    const char *name;      /* of the folder and of the dataset */
    size_t limit_train;    /* keep the first rows in file order; 0: all */
    size_t limit_test;
};

/*
 * Reads and validates NAME/{train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz]. STATUS_DATA names the
 * file, what was expected and what was found; nothing is half-read. A file of images
 * that is mapped must not change while the dataset is there, see mapping.h. dataset_destroy takes a
 * zeroed struct. Thread-safe.
 */
enum status dataset_load(struct dataset *dataset, const struct dataset_request *request,
                         struct error *error);
void dataset_destroy(struct dataset *dataset);

/* Bytes of images that are mapped, in the memory of whoever looks at them until the kernel needs
 * it.
 */
size_t dataset_mapped_bytes(const struct dataset *dataset);

#endif
