/*
 * The training rows of a network, a batch at a time, as its first layer reads them.
 *
 * A standardised pixel is an affine function of its byte, x = byte scale + shift, so that
 *     x W + b = byte (scale W) + (shift W + b),
 * where the second term is one row for the whole batch. Bytes are replaced by codes, their distance
 * from the least or from the greatest byte of the feature in training, whichever more rows have.
 * Where most pixels are background most codes are 0, and the products pass over them; where that
 * saves nothing, which rows and units tell, dense products run on the codes. Both products of the
 * layer, with its weights and for its gradient, have this form.
 */
#ifndef FMBENCH_CLASSIFIERS_MLP_BATCH_H
#define FMBENCH_CLASSIFIERS_MLP_BATCH_H

#include "classifiers/mlp_network.h"
#include "numerics/byte_columns_simd.h"
#include "numerics/mlp_bytes_simd.h"

struct mlp_batch {
    const struct mlp_byte_kernels *kernels;
    const struct byte_columns_kernels *byte_columns;
    size_t n_features, n_columns, max_rows;
    size_t stride, transposed_stride, picked_stride;
    const uint8_t *bytes;    /* n_training_rows x n_features, borrowed */
    const uint32_t *columns; /* n_columns, borrowed: the features that vary */
    bool sparse;             /* the products pass over zeros */
    double density;          /* fraction of the codes of all rows that are not 0 */
    size_t n_rows;           /* of this batch */
    uint8_t *flip, *base; /* n_columns: code = (byte ^ flip) - base; this and all below are owned */
    float *scale, *shift; /* stride: x = code scale + shift; shift[n_columns] = 1 */
    float *ones;          /* max_rows */
    float *offset;        /* of the first layer: what all rows of the batch have in common */
    uint8_t *codes;       /* max_rows x stride */
    const uint8_t **rows; /* max_rows: those of codes */
    const uint8_t **from; /* max_rows: the bytes of the rows */
    uint8_t *picked;      /* max_rows x picked_stride: those of the columns */
    const uint8_t **next; /* max_rows: the bytes of the next batch, which come from anywhere in */
    bool prefetch;        /* memory, to be read ahead */
    uint8_t *transposed;  /* n_columns x transposed_stride: the codes */
};

/* The bytes of the training rows, and the features that vary in them: the inputs of the network. */
struct mlp_batch_source {
    const uint8_t *bytes; /* n_rows x n_features, row-major; this and columns outlive the batch */
    size_t n_rows, n_features, n_columns;
    const uint32_t *columns;    /* n_columns, rising */
    const float *scale, *shift; /* n_columns: x = byte scale + shift */
};

/* On failure nothing is left to destroy. */
enum status mlp_batch_create(struct mlp_batch *batch, const struct mlp_batch_source *source,
                             const struct mlp_network *network, size_t max_rows,
                             struct error *error);
void mlp_batch_destroy(struct mlp_batch *batch); /* takes a zeroed struct */

/* Makes the batch of n_rows <= max_rows training rows. rows[n_rows] and the n_next - 1 behind it
   are those that will be loaded next. */
void mlp_batch_load(struct mlp_batch *batch, const uint32_t *rows, size_t n_rows, size_t n_next);

/* mlp_forward of the batch. */
void mlp_batch_forward(struct mlp_batch *batch, const struct mlp_network *network,
                       const struct mlp_workspace *workspace);

/* mlp_backward, after mlp_batch_forward. */
double mlp_batch_backward(struct mlp_batch *batch, const struct mlp_network *network,
                          const struct mlp_workspace *workspace, const uint8_t *labels);

#endif
