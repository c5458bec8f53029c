#include "classifiers/mlp_network.h"

#include "base/memory.h"
#include "numerics/rng.h"
#include "numerics/work.h"

#include <math.h>
#include <string.h>

static size_t pad(size_t n)
{
    return (n + MLP_VECTOR - 1) / MLP_VECTOR * MLP_VECTOR;
}

enum status mlp_network_create(struct mlp_network *network, const struct mlp_shape *shape,
                               struct error *error)
{
    *network = (struct mlp_network){.activation = shape->activation,
                                    .kernels = SIMD_SELECT(mlp_kernels),
                                    .n_inputs = shape->n_inputs,
                                    .n_classes = shape->n_classes,
                                    .n_layers = shape->n_hidden + 1};
    network->layers = memory_array(network->n_layers, sizeof *network->layers);
    if (!network->layers)
        return error_memory(error, "the layers", network->n_layers * sizeof *network->layers);
    size_t n_in = shape->n_inputs;
    for (size_t l = 0; l < network->n_layers; l++) {
        const size_t n_outputs = shape->n_classes == 2 ? 1 : shape->n_classes;
        const size_t n_out = l < shape->n_hidden ? shape->hidden[l] : n_outputs;
        network->layers[l] = (struct mlp_layer){
            .n_in = n_in, .n_out = n_out, .n_padded = pad(n_out), .first = network->n_parameters};
        network->n_parameters += (n_in + 1) * pad(n_out);
        n_in = n_out;
    }
    network->parameters = memory_zeroed(network->n_parameters, sizeof *network->parameters);
    if (!network->parameters) {
        const size_t n_bytes = network->n_parameters * sizeof *network->parameters;
        mlp_network_destroy(network);
        return error_memory(error, "the weights of the network", n_bytes);
    }
    return STATUS_OK;
}

void mlp_network_destroy(struct mlp_network *network)
{
    memory_free(network->layers);
    memory_free(network->parameters);
    *network = (struct mlp_network){.n_layers = 0};
}

void mlp_network_initialise(struct mlp_network *network, size_t first_fan_in, uint64_t rng_key)
{
    const double factor = network->activation == MLP_LOGISTIC ? 2.0 : 6.0;
    for (size_t l = 0; l < network->n_layers; l++) {
        const struct mlp_layer *layer = &network->layers[l];
        const size_t fan_in = l ? layer->n_in : first_fan_in;
        const double bound = sqrt(factor / (double)(fan_in + layer->n_out));
        struct rng rng = rng_create(rng_key, l);
        for (size_t i = 0; i <= layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++)
                network->parameters[layer->first + i * layer->n_padded + j] =
                    (float)((2.0 * rng_uniform(&rng) - 1.0) * bound);
    }
}

/* Room for the constant 1, in an odd number of vectors: a power of two would crowd the cache. */
static size_t value_stride(size_t n)
{
    return (pad(n + 1) / MLP_VECTOR | 1) * MLP_VECTOR;
}

enum status mlp_workspace_create(struct mlp_workspace *workspace, const struct mlp_network *network,
                                 size_t max_rows, bool with_gradient, struct error *error)
{
    const size_t n_values = network->n_layers + 1;
    size_t n_columns = value_stride(network->n_inputs), n_transposed = 0, n_delta = 0;
    for (size_t l = 0; l < network->n_layers; l++) {
        const struct mlp_layer *layer = &network->layers[l];
        n_columns += value_stride(layer->n_out);
        if (l > 0 && n_transposed < layer->n_out * pad(layer->n_in))
            n_transposed = layer->n_out * pad(layer->n_in);
        if (l > 0 && n_delta < pad(layer->n_in))
            n_delta = pad(layer->n_in);
    }
    *workspace = (struct mlp_workspace){.max_rows = max_rows};
    const struct memory_request requests[] = {
        {(void **)&workspace->values, n_values, sizeof *workspace->values},
        {(void **)&workspace->strides, n_values, sizeof *workspace->strides},
        {(void **)&workspace->storage, max_rows * n_columns, sizeof *workspace->storage},
        {(void **)&workspace->transposed, with_gradient ? n_transposed : 0,
         sizeof *workspace->transposed},
        {(void **)&workspace->delta, with_gradient ? max_rows * n_delta : 0,
         sizeof *workspace->delta},
        {(void **)&workspace->gradient, with_gradient ? network->n_parameters : 0,
         sizeof *workspace->gradient},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "the activations of the network", error);
    if (status)
        return status;
    memset(workspace->storage, 0, max_rows * n_columns * sizeof *workspace->storage);
    if (with_gradient)
        memset(workspace->gradient, 0, network->n_parameters * sizeof *workspace->gradient);
    float *next = workspace->storage;
    for (size_t l = 0; l < n_values; l++) {
        workspace->values[l] = next;
        workspace->strides[l] = value_stride(l ? network->layers[l - 1].n_out : network->n_inputs);
        next += max_rows * workspace->strides[l];
    }
    return STATUS_OK;
}

void mlp_workspace_destroy(struct mlp_workspace *workspace)
{
    memory_free(workspace->values);
    memory_free(workspace->strides);
    memory_free(workspace->storage);
    memory_free(workspace->transposed);
    memory_free(workspace->delta);
    memory_free(workspace->gradient);
    *workspace = (struct mlp_workspace){.max_rows = 0};
}

static void activate(const struct mlp_network *network, float *values, size_t n_padded)
{
    switch (network->activation) {
    case MLP_IDENTITY:
        break;
    case MLP_LOGISTIC:
        network->kernels->logistic(values, n_padded);
        break;
    case MLP_TANH:
        network->kernels->tanh(values, n_padded);
        break;
    case MLP_RELU:
        network->kernels->relu(values, n_padded);
        break;
    }
}

static void count_product(size_t m, size_t n, size_t k)
{
    work_add_float(2 * (double)m * (double)n * (double)k);
}

static void multiply_by_weights(const struct mlp_network *network,
                                const struct mlp_workspace *workspace, size_t l, size_t n_rows)
{
    const struct mlp_layer *layer = &network->layers[l];
    count_product(n_rows, layer->n_out, layer->n_in + 1);
    network->kernels->multiply(&(struct mlp_product){.m = n_rows,
                                                     .n_padded = layer->n_padded,
                                                     .k = layer->n_in + 1,
                                                     .a = workspace->values[l],
                                                     .lda = workspace->strides[l],
                                                     .b = network->parameters + layer->first,
                                                     .ldb = layer->n_padded,
                                                     .c = workspace->values[l + 1],
                                                     .ldc = workspace->strides[l + 1]});
}

void mlp_forward(const struct mlp_network *network, const struct mlp_workspace *workspace,
                 size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++)
        workspace->values[0][i * workspace->strides[0] + network->n_inputs] = 1.0f;
    multiply_by_weights(network, workspace, 0, n_rows);
    mlp_forward_rest(network, workspace, n_rows);
}

void mlp_forward_rest(const struct mlp_network *network, const struct mlp_workspace *workspace,
                      size_t n_rows)
{
    for (size_t l = 1; l < network->n_layers; l++) {
        const struct mlp_layer *before = &network->layers[l - 1];
        for (size_t i = 0; i < n_rows; i++) {
            float *values = workspace->values[l] + i * workspace->strides[l];
            activate(network, values, before->n_padded);
            values[before->n_out] = 1.0f;
        }
        multiply_by_weights(network, workspace, l, n_rows);
    }
}

/* Cross-entropy as scikit-learn clips it: no probability below the rounding unit of double. */
static double cross_entropy(double minus_log_probability)
{
    const double most = 36.04365338911715; /* -log 2^-52 */
    return minus_log_probability < most ? minus_log_probability : most;
}

/* One row of outputs becomes softmax less the indicator of the label; returns the cross-entropy. */
static double softmax_delta(const struct mlp_network *network, float *out, uint8_t label)
{
    const size_t n = network->n_classes, n_padded = pad(n);
    float largest = out[0];
    double sum = 0.0;
    for (size_t c = 1; c < n; c++)
        largest = out[c] > largest ? out[c] : largest;
    const double margin = (double)out[label] - (double)largest;
    network->kernels->exponential(out, largest, n_padded);
    for (size_t c = 0; c < n; c++)
        sum += (double)out[c];
    const float scale = (float)(1.0 / sum);
    for (size_t c = 0; c < n; c++)
        out[c] *= scale;
    memset(out + n, 0, (n_padded - n) * sizeof *out);
    out[label] -= 1.0f;
    return cross_entropy(log(sum) - margin);
}

/* The single output of two classes is the log odds of class 1. */
static double logistic_delta(float *out, uint8_t label)
{
    const double z = (double)out[0], signed_z = label ? -z : z;
    const double loss = (signed_z > 0.0 ? signed_z : 0.0) + log1p(exp(-fabs(z)));
    out[0] = (float)(1.0 / (1.0 + exp(-z)) - (double)label);
    memset(out + 1, 0, (MLP_VECTOR - 1) * sizeof *out);
    return cross_entropy(loss);
}

static void transpose_weights(const struct mlp_network *network, const struct mlp_layer *layer,
                              float *restrict transposed)
{
    const float *weights = network->parameters + layer->first;
    const size_t stride = pad(layer->n_in);
    for (size_t i = 0; i < layer->n_in; i++)
        for (size_t j = 0; j < layer->n_out; j++)
            transposed[j * stride + i] = weights[i * layer->n_padded + j];
    for (size_t j = 0; j < layer->n_out; j++)
        memset(transposed + j * stride + layer->n_in, 0,
               (stride - layer->n_in) * sizeof *transposed);
}

/* value = delta x the derivative of the activation, which its value tells. */
static void differentiate(const struct mlp_network *network, const float *delta,
                          float *restrict value, size_t n_padded)
{
    switch (network->activation) {
    case MLP_IDENTITY:
        memcpy(value, delta, n_padded * sizeof *value);
        break;
    case MLP_LOGISTIC:
        network->kernels->logistic_derivative(delta, value, n_padded);
        break;
    case MLP_TANH:
        network->kernels->tanh_derivative(delta, value, n_padded);
        break;
    case MLP_RELU:
        network->kernels->relu_derivative(delta, value, n_padded);
        break;
    }
}

/* From the delta of a layer's output, in values[l + 1], to that of its input, in values[l]. */
static void propagate(const struct mlp_network *network, const struct mlp_workspace *workspace,
                      size_t l, size_t n_rows)
{
    const struct mlp_layer *layer = &network->layers[l];
    const size_t n_padded = pad(layer->n_in);
    count_product(n_rows, layer->n_in, layer->n_out);
    transpose_weights(network, layer, workspace->transposed);
    network->kernels->multiply(&(struct mlp_product){.m = n_rows,
                                                     .n_padded = n_padded,
                                                     .k = layer->n_out,
                                                     .a = workspace->values[l + 1],
                                                     .lda = workspace->strides[l + 1],
                                                     .b = workspace->transposed,
                                                     .ldb = n_padded,
                                                     .c = workspace->delta,
                                                     .ldc = n_padded});
    for (size_t i = 0; i < n_rows; i++)
        differentiate(network, workspace->delta + i * n_padded,
                      workspace->values[l] + i * workspace->strides[l], n_padded);
}

static void find_gradient(const struct mlp_network *network, const struct mlp_workspace *workspace,
                          size_t l, size_t n_rows)
{
    const struct mlp_layer *layer = &network->layers[l];
    count_product(layer->n_in + 1, layer->n_out, n_rows);
    network->kernels->multiply_transposed(
        &(struct mlp_product){.m = layer->n_in + 1,
                              .n_padded = layer->n_padded,
                              .k = n_rows,
                              .a = workspace->values[l],
                              .lda = workspace->strides[l],
                              .b = workspace->values[l + 1],
                              .ldb = workspace->strides[l + 1],
                              .c = workspace->gradient + layer->first,
                              .ldc = layer->n_padded});
}

double mlp_backward_rest(const struct mlp_network *network, const struct mlp_workspace *workspace,
                         const uint8_t *labels, size_t n_rows)
{
    const size_t last = network->n_layers;
    double loss = 0.0;
    for (size_t i = 0; i < n_rows; i++) {
        float *out = workspace->values[last] + i * workspace->strides[last];
        loss += network->n_classes == 2 ? logistic_delta(out, labels[i])
                                        : softmax_delta(network, out, labels[i]);
    }
    for (size_t l = last - 1; l > 0; l--) {
        find_gradient(network, workspace, l, n_rows);
        propagate(network, workspace, l, n_rows);
    }
    return loss;
}

double mlp_backward(const struct mlp_network *network, const struct mlp_workspace *workspace,
                    const uint8_t *labels, size_t n_rows)
{
    const double loss = mlp_backward_rest(network, workspace, labels, n_rows);
    find_gradient(network, workspace, 0, n_rows);
    return loss;
}

void mlp_decide(const struct mlp_network *network, const struct mlp_workspace *workspace,
                size_t n_rows, uint8_t *restrict labels)
{
    const size_t last = network->n_layers;
    for (size_t i = 0; i < n_rows; i++) {
        const float *out = workspace->values[last] + i * workspace->strides[last];
        size_t best = 0;
        for (size_t c = 1; c < network->n_classes && network->n_classes > 2; c++)
            if (out[c] > out[best])
                best = c;
        labels[i] = network->n_classes == 2 ? out[0] > 0.0f : (uint8_t)best;
    }
}

double mlp_squared_weights(const struct mlp_network *network)
{
    double sum = 0.0;
    for (size_t l = 0; l < network->n_layers; l++) {
        const struct mlp_layer *layer = &network->layers[l];
        const float *w = network->parameters + layer->first;
        for (size_t i = 0; i < layer->n_in * layer->n_padded; i++)
            sum += (double)w[i] * (double)w[i];
    }
    return sum;
}
