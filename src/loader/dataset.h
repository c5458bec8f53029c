/*
 * A dataset as it comes from its files: validated bytes, nothing derived.
 *
 * Labels are renumbered: the distinct labels of the training part, in rising order, become
 * 0 .. n_classes - 1, and class_values says which label each stands for.
 */
#ifndef FMBENCH_LOADER_DATASET_H
#define FMBENCH_LOADER_DATASET_H

#include "base/error.h"
#include "loader/idx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_CLASSES = 256 };

struct image_set {
    size_t n_rows;
    const uint8_t *pixels; /* n_rows x n_features, row-major, in `images` */
    uint8_t *labels;       /* n_rows, class numbers, owned */
    struct idx images;     /* owned: a plain IDX file is mapped, all else is in memory */
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
    const char *directory; /* see dataset_load */
    const char *name;      /* of the dataset, and of its folder or the start of its files' names */
    size_t limit_train;    /* keep the first rows in file order; 0: all */
    size_t limit_test;
    bool is_transposed; /* the files have each image's columns for its rows, as EMNIST's */
};

/*
 * Reads and validates the files in DIRECTORY/NAME; where there is no such folder, those in
 * DIRECTORY whose names begin with NAME and '-', '_' or '.'. Of the first format of which a file is
 * there:
 *
 *   IDX    {train,t10k,test}-images-idx3-ubyte[.gz] and {train,t10k,test}-labels-idx1-ubyte[.gz],
 * or -labels-idx2-int[.gz], QMNIST's: 32-bit integers, of which the first column is the label CSV
 * train.csv[.gz] and {test,t10k}.csv[.gz], see csv.h .npz   one NAME.npz with x_train, y_train,
 * x_test and y_test; or pairs of one array, arr_0, each: {train,test}-{imgs,images}.npz and
 * {train,test}-labels.npz .npy   x_train.npy, y_train.npy, x_test.npy and y_test.npy
 *
 * NumPy's arrays may be called {train,test}_{images,labels} too; see npy.h. In a folder any of
 * these names may follow something that ends with '-', '_' or '.', as in fashion-mnist_train.csv.
 * Rows of n pixels without a height are square images if n is a square, else of height 1 and width
 * n.
 *
 * STATUS_DATA names the file, what was expected and what was found; nothing is half-read. A
 * file of images that is mapped must not change while the dataset is there, see mapping.h.
 * dataset_destroy takes a zeroed struct. Thread-safe.
 */
enum status dataset_load(struct dataset *dataset, const struct dataset_request *request,
                         struct error *error);
void dataset_destroy(struct dataset *dataset);

/* Bytes of images that are mapped, in the memory of whoever looks at them until the kernel needs
 * it.
 */
size_t dataset_mapped_bytes(const struct dataset *dataset);

#endif
