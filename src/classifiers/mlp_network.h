/*
 * A feed-forward network in float32: its parameters, the forward pass, the loss and its gradient.
 *
 * Layer l maps n_in values to n_out: z = W^T a + b, then the activation; the last layer ends in
 * softmax, or in one logistic unit for two classes, with cross-entropy. Each row of activations
 * carries a constant 1 after its n_in values, so the intercepts are one more row of W.
 */
#ifndef FMBENCH_CLASSIFIERS_MLP_NETWORK_H
#define FMBENCH_CLASSIFIERS_MLP_NETWORK_H

#include "base/error.h"
#include "numerics/mlp_simd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mlp_activation { MLP_IDENTITY, MLP_LOGISTIC, MLP_TANH, MLP_RELU };

struct mlp_layer {
    size_t n_in, n_out;
    size_t n_padded; /* n_out in whole vectors: the row stride of the parameters */
    size_t first;    /* in the parameters: (n_in + 1) x n_padded, the intercepts last */
};

struct mlp_network {
    enum mlp_activation activation;
    const struct mlp_kernels *kernels;
    size_t n_inputs, n_classes;
    size_t n_layers;          /* hidden ones + 1 */
    struct mlp_layer *layers; /* n_layers, owned */
    size_t n_parameters;
    float *parameters; /* n_parameters, owned; padding is 0 */
};

struct mlp_shape {
    size_t n_inputs, n_classes;
    const size_t *hidden; /* n_hidden sizes >= 1 */
    size_t n_hidden;
    enum mlp_activation activation;
};

/* The parameters are zero. On failure nothing is left to destroy. */
enum status mlp_network_create(struct mlp_network *network, const struct mlp_shape *shape,
                               struct error *error);
void mlp_network_destroy(struct mlp_network *network); /* takes a zeroed struct */

/*
 * Weights and intercepts uniform in +-sqrt(6 / (fan_in + fan_out)), 2 instead of 6 for logistic
 * (Glorot and Bengio 2010). first_fan_in is that of the first layer, which may count inputs that
 * were dropped.
 */
void mlp_network_initialise(struct mlp_network *network, size_t first_fan_in, uint64_t rng_key);

/* What one thread needs to pass up to max_rows rows through a network. */
struct mlp_workspace {
    size_t max_rows;
    float **values;  /* n_layers + 1: inputs, then each layer's output; max_rows x stride[l] */
    size_t *strides; /* n_layers + 1 */
    float *storage;  /* owned, of all values */
    float
        *transposed; /* the weights of a layer, transposed; this and the rest only with gradient */
    float *delta;    /* of a layer's input before its activation: max_rows x largest n_padded */
    float *gradient; /* as the parameters, padding 0 */
};

enum status mlp_workspace_create(struct mlp_workspace *workspace, const struct mlp_network *network,
                                 size_t max_rows, bool with_gradient, struct error *error);
void mlp_workspace_destroy(struct mlp_workspace *workspace); /* takes a zeroed struct */

/* From values[0], whose first n_inputs columns the caller has filled, to the outputs before softmax
   in values[n_layers]. */
void mlp_forward(const struct mlp_network *network, const struct mlp_workspace *workspace,
                 size_t n_rows);

/*
 * After mlp_forward: the sum of the rows' cross-entropies; workspace->gradient gets the gradient of
 * that sum. The values are overwritten.
 */
double mlp_backward(const struct mlp_network *network, const struct mlp_workspace *workspace,
                    const uint8_t *labels, size_t n_rows);

/*
 * The same of all but the products of the inputs: mlp_forward_rest starts from the first layer's
 * values before the activation, in values[1]; mlp_backward_rest leaves what stands there after it,
 * the derivative of the loss by them, to find the first layer's gradient from.
 */
void mlp_forward_rest(const struct mlp_network *network, const struct mlp_workspace *workspace,
                      size_t n_rows);
double mlp_backward_rest(const struct mlp_network *network, const struct mlp_workspace *workspace,
                         const uint8_t *labels, size_t n_rows);

/* After mlp_forward: the most probable classes; a tie goes to the smallest. */
void mlp_decide(const struct mlp_network *network, const struct mlp_workspace *workspace,
                size_t n_rows, uint8_t *restrict labels);

/* The sum of the squared weights without intercepts. */
double mlp_squared_weights(const struct mlp_network *network);

#endif
