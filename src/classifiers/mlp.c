/*
 * MLPClassifier: a feed-forward network, trained by Adam on mini-batches.
 *
 *   minimise  mean over rows of cross-entropy(softmax(network(x)), y) + alpha / (2 b) sum w^2
 *
 * with b the rows of the batch; intercepts are not in the last sum. With two classes the output is
 * one logistic unit, as in scikit-learn. Update: Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1
 * in the form of the end of its section 2: the corrections of the bias are in the step,
 * learning_rate_init sqrt(1 - beta_2^t) / (1 - beta_1^t)), one step a batch; the last batch of an
 * epoch may be smaller. The rows are shuffled anew for every epoch.
 * Stopping: the loss of an epoch is the mean over its rows of the objective as each batch met it.
 * The fit stops when that failed to improve on the best so far by tol in MORE THAN n_iter_no_change
 * epochs running, or after max_iter epochs (converged = 0). A tie between classes goes to the
 * smallest.
 *
 * Features that are constant in training have the standardised value 0 there and only their
 * penalty, which drives their weights to 0: they are left out, but count in the bounds of the
 * initial weights. Everything runs in float32 on one thread; the loss is summed in double.
 */
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/mlp_batch.h"
#include "classifiers/mlp_network.h"
#include "numerics/rng.h"

#include <limits.h>
#include <math.h>
#include <omp.h>
#include <string.h>

enum {
    ACTIVATION,
    HIDDEN_LAYER_SIZES,
    ALPHA,
    BATCH_SIZE,
    LEARNING_RATE_INIT,
    MAX_ITER,
    TOL,
    BETA_1,
    BETA_2,
    EPSILON,
    N_ITER_NO_CHANGE
};

/* Children of the key of the fit. */
enum { KEY_WEIGHTS, KEY_SHUFFLE };

enum { PREDICT_ROWS = 128 };

/* In the order of enum mlp_activation. */
static const char *const activation_choices[] = {"identity", "logistic", "tanh", "relu", NULL};

static const struct parameter_spec parameters[] = {
    [ACTIVATION] = {.name = "activation",
                    .type = PARAMETER_CHOICE,
                    .summary = "of the hidden layers",
                    .choices = activation_choices,
                    .fallback = {.choice = MLP_RELU}},
    [HIDDEN_LAYER_SIZES] = {.name = "hidden_layer_sizes",
                            .type = PARAMETER_INTEGER_LIST,
                            .summary = "units of each hidden layer",
                            .minimum = 1,
                            .maximum = 1 << 20,
                            .fallback = {.n_numbers = 1, .numbers = {100}}},
    [ALPHA] = {.name = "alpha",
               .type = PARAMETER_REAL,
               .summary = "factor of the L2 penalty",
               .minimum = 0,
               .maximum = 1e30,
               .fallback = {.n_numbers = 1, .numbers = {1e-4}}},
    [BATCH_SIZE] = {.name = "batch_size",
                    .type = PARAMETER_INTEGER,
                    .summary = "rows of a mini-batch, at most all",
                    .minimum = 1,
                    .maximum = INT_MAX,
                    .fallback = {.n_numbers = 1, .numbers = {200}}},
    [LEARNING_RATE_INIT] = {.name = "learning_rate_init",
                            .type = PARAMETER_REAL,
                            .summary = "step of Adam",
                            .minimum = 0,
                            .maximum = 1e30,
                            .minimum_excluded = true,
                            .fallback = {.n_numbers = 1, .numbers = {1e-3}}},
    [MAX_ITER] = {.name = "max_iter",
                  .type = PARAMETER_INTEGER,
                  .summary = "limit of epochs",
                  .minimum = 1,
                  .maximum = INT_MAX,
                  .fallback = {.n_numbers = 1, .numbers = {200}}},
    [TOL] = {.name = "tol",
             .type = PARAMETER_REAL,
             .summary = "least improvement of the training loss that counts",
             .minimum = 0,
             .maximum = 1e30,
             .fallback = {.n_numbers = 1, .numbers = {1e-4}}},
    [BETA_1] = {.name = "beta_1",
                .type = PARAMETER_REAL,
                .summary = "decay of Adam's first moment",
                .minimum = 0,
                .maximum = 0.9999999,
                .fallback = {.n_numbers = 1, .numbers = {0.9}}},
    [BETA_2] = {.name = "beta_2",
                .type = PARAMETER_REAL,
                .summary = "decay of Adam's second moment",
                .minimum = 0,
                .maximum = 0.9999999,
                .fallback = {.n_numbers = 1, .numbers = {0.999}}},
    [EPSILON] = {.name = "epsilon",
                 .type = PARAMETER_REAL,
                 .summary = "what Adam adds to the root of the second moment",
                 .minimum = 0,
                 .maximum = 1e30,
                 .minimum_excluded = true,
                 .fallback = {.n_numbers = 1, .numbers = {1e-8}}},
    [N_ITER_NO_CHANGE] = {.name = "n_iter_no_change",
                          .type = PARAMETER_INTEGER,
                          .summary = "stop after more than this many epochs without improvement",
                          .minimum = 1,
                          .maximum = INT_MAX,
                          .fallback = {.n_numbers = 1, .numbers = {2}}},
    {.name = NULL},
};

struct mlp {
    struct parameters parameters;
    struct mlp_network network;
    size_t n_columns;  /* features that vary in training: the inputs of the network */
    uint32_t *columns; /* n_columns, owned */
    float *scale;      /* n_columns, owned: standardised = byte x scale + shift */
    float *shift;      /* n_columns, owned */
};

/* What a fit needs beside the network. */
struct training {
    const struct training_set *set;
    struct mlp_workspace workspace;
    struct mlp_batch batch;
    /* Rows are named by their places among the bytes (features.h). */
    uint32_t *order;                   /* n_rows: those of this epoch */
    uint8_t *all_labels;               /* n_rows */
    uint8_t *labels;                   /* of the batch */
    float *m, *v;                      /* Adam's moments, as the parameters */
    double beta_1_power, beta_2_power; /* beta^t */
    double squared_weights;
};

static enum status create(void **model, const struct parameters *p, struct error *error)
{
    struct mlp *mlp = memory_zeroed(1, sizeof *mlp);
    *model = mlp;
    if (!mlp)
        return error_memory(error, "an MLPClassifier model", sizeof *mlp);
    mlp->parameters = *p;
    return STATUS_OK;
}

static void destroy(void *model)
{
    struct mlp *mlp = model;
    if (!mlp)
        return;
    mlp_network_destroy(&mlp->network);
    memory_free(mlp->columns);
    memory_free(mlp->scale);
    memory_free(mlp->shift);
    memory_free(mlp);
}

static enum status find_columns(struct mlp *mlp, const struct features *x, struct error *error)
{
    uint8_t *varies = NULL;
    const struct memory_request requests[] = {
        {(void **)&mlp->columns, x->n_features, sizeof *mlp->columns},
        {(void **)&mlp->scale, x->n_features, sizeof *mlp->scale},
        {(void **)&mlp->shift, x->n_features, sizeof *mlp->shift},
        {(void **)&varies, x->n_features, 1},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "the inputs of the network", error);
    if (status)
        return status;
    features_find_varying(x, varies);
    for (size_t j = 0; j < x->n_features; j++)
        if (varies[j]) {
            const double scale = 1.0 / x->scaling->scale[j];
            mlp->columns[mlp->n_columns] = (uint32_t)j;
            mlp->scale[mlp->n_columns] = (float)scale;
            mlp->shift[mlp->n_columns++] = (float)(-x->scaling->mean[j] * scale);
        }
    memory_free(varies);
    return STATUS_OK;
}

static void pack_row(const struct mlp *mlp, const uint8_t *row, uint8_t *restrict packed)
{
    for (size_t k = 0; k < mlp->n_columns; k++)
        packed[k] = row[mlp->columns[k]];
}

static enum status create_network(struct mlp *mlp, const struct training_set *set,
                                  const struct execution *execution, struct error *error)
{
    const struct parameter_value *sizes = &mlp->parameters.values[HIDDEN_LAYER_SIZES];
    size_t hidden[PARAMETER_LIST_MAX];
    for (size_t l = 0; l < sizes->n_numbers; l++)
        hidden[l] = (size_t)sizes->numbers[l];
    const struct mlp_shape shape = {
        .n_inputs = mlp->n_columns,
        .n_classes = set->n_classes,
        .hidden = hidden,
        .n_hidden = sizes->n_numbers,
        .activation = (enum mlp_activation)parameter_choice(&mlp->parameters, ACTIVATION)};
    const enum status status = mlp_network_create(&mlp->network, &shape, error);
    if (status == STATUS_OK)
        mlp_network_initialise(&mlp->network, set->x->n_features,
                               rng_derive(execution->rng_key, KEY_WEIGHTS));
    return status;
}

static void training_destroy(struct training *t)
{
    mlp_workspace_destroy(&t->workspace);
    mlp_batch_destroy(&t->batch);
    memory_free(t->order);
    memory_free(t->all_labels);
    memory_free(t->labels);
    memory_free(t->m);
    memory_free(t->v);
}

static enum status training_create(struct training *t, const struct mlp *mlp,
                                   const struct training_set *set, size_t batch_size,
                                   struct error *error)
{
    const size_t n_rows = set->x->n_rows, n_parameters = mlp->network.n_parameters;
    *t = (struct training){.set = set,
                           .beta_1_power = 1.0,
                           .beta_2_power = 1.0,
                           .squared_weights = mlp_squared_weights(&mlp->network)};
    const struct memory_request requests[] = {
        {(void **)&t->order, n_rows, sizeof *t->order},
        {(void **)&t->all_labels, n_rows, 1},
        {(void **)&t->labels, batch_size, 1},
        {(void **)&t->m, n_parameters, sizeof *t->m},
        {(void **)&t->v, n_parameters, sizeof *t->v},
    };
    enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                       "the training of the network", error);
    if (status)
        return status;
    memset(t->m, 0, n_parameters * sizeof *t->m);
    memset(t->v, 0, n_parameters * sizeof *t->v);
    features_labels_by_place(set->x, set->y, t->all_labels);
    const struct mlp_batch_source source = {.bytes = set->x->bytes,
                                            .n_rows = n_rows,
                                            .n_features = set->x->n_features,
                                            .n_columns = mlp->n_columns,
                                            .columns = mlp->columns,
                                            .scale = mlp->scale,
                                            .shift = mlp->shift};
    status = mlp_batch_create(&t->batch, &source, &mlp->network, batch_size, error);
    if (status == STATUS_OK)
        status = mlp_workspace_create(&t->workspace, &mlp->network, batch_size, true, error);
    if (status)
        training_destroy(t);
    return status;
}

static void update(struct mlp *mlp, struct training *t, size_t n_rows)
{
    const struct parameters *p = &mlp->parameters;
    const struct mlp_network *network = &mlp->network;
    t->beta_1_power *= parameter_number(p, BETA_1);
    t->beta_2_power *= parameter_number(p, BETA_2);
    struct mlp_adam adam = {.beta_1 = (float)parameter_number(p, BETA_1),
                            .beta_2 = (float)parameter_number(p, BETA_2),
                            .epsilon = (float)parameter_number(p, EPSILON),
                            .step = (float)(parameter_number(p, LEARNING_RATE_INIT) *
                                            sqrt(1.0 - t->beta_2_power) / (1.0 - t->beta_1_power)),
                            .gradient_scale = (float)(1.0 / (double)n_rows)};
    t->squared_weights = 0.0;
    for (size_t l = 0; l < network->n_layers; l++) {
        const struct mlp_layer *layer = &network->layers[l];
        const size_t first = layer->first, n_weights = layer->n_in * layer->n_padded;
        const size_t intercepts = first + n_weights;
        adam.alpha = (float)parameter_number(p, ALPHA);
        t->squared_weights +=
            network->kernels->adam(&adam, n_weights, t->workspace.gradient + first,
                                   network->parameters + first, t->m + first, t->v + first);
        adam.alpha = 0.0f;
        network->kernels->adam(&adam, layer->n_padded, t->workspace.gradient + intercepts,
                               network->parameters + intercepts, t->m + intercepts,
                               t->v + intercepts);
    }
}

/* One step on n_rows of the n_left rows; returns their part of the epoch's loss. */
static double step(struct mlp *mlp, struct training *t, const uint32_t *rows, size_t n_rows,
                   size_t n_left)
{
    const double alpha = parameter_number(&mlp->parameters, ALPHA);
    const double penalty =
        0.5 * alpha * t->squared_weights; /* alpha / (2 b) sum w^2, times b rows */
    for (size_t i = 0; i < n_rows; i++)
        t->labels[i] = t->all_labels[rows[i]];
    mlp_batch_load(&t->batch, rows, n_rows, n_left - n_rows);
    mlp_batch_forward(&t->batch, &mlp->network, &t->workspace);
    const double loss = mlp_batch_backward(&t->batch, &mlp->network, &t->workspace, t->labels);
    update(mlp, t, n_rows);
    return loss + penalty;
}

static double epoch(struct mlp *mlp, struct training *t, struct rng rng)
{
    const size_t n_rows = t->set->x->n_rows, batch_size = t->workspace.max_rows;
    double loss = 0.0;
    for (size_t i = 0; i < n_rows; i++)
        t->order[i] = (uint32_t)features_place(t->set->x, i);
    rng_shuffle(&rng, t->order, n_rows);
    for (size_t first = 0; first < n_rows; first += batch_size) {
        const size_t n_left = n_rows - first;
        loss += step(mlp, t, t->order + first, n_left < batch_size ? n_left : batch_size, n_left);
    }
    return loss / (double)n_rows;
}

/* Epochs until the stopping rule holds or max_iter. STATUS_FAILED when the loss is not finite. */
static enum status train(struct mlp *mlp, struct training *t, uint64_t shuffle_key,
                         struct fit_report *report, struct error *error)
{
    const struct parameters *p = &mlp->parameters;
    const long max_iter = (long)parameter_number(p, MAX_ITER);
    const long patience = (long)parameter_number(p, N_ITER_NO_CHANGE);
    const double tol = parameter_number(p, TOL);
    double best = INFINITY, loss = INFINITY;
    long n_epochs = 0, n_no_change = 0;
    while (n_epochs < max_iter && n_no_change <= patience) {
        loss = epoch(mlp, t, rng_create(shuffle_key, (uint64_t)n_epochs));
        n_epochs++;
        if (!isfinite(loss))
            return error_set(error, STATUS_FAILED,
                             "the loss of epoch %ld is not finite: lower learning_rate_init (%g)",
                             n_epochs, parameter_number(p, LEARNING_RATE_INIT));
        n_no_change = loss > best - tol ? n_no_change + 1 : 0;
        best = loss < best ? loss : best;
    }
    report->n_iter = n_epochs;
    report->converged = n_no_change > patience;
    fit_report_add(report, "loss", loss);
    return STATUS_OK;
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct mlp *mlp = model;
    const size_t asked = (size_t)parameter_number(&mlp->parameters, BATCH_SIZE);
    struct training t;
    enum status status = find_columns(mlp, set->x, error);
    if (status == STATUS_OK)
        status = create_network(mlp, set, execution, error);
    if (status == STATUS_OK)
        status =
            training_create(&t, mlp, set, asked < set->x->n_rows ? asked : set->x->n_rows, error);
    if (status)
        return status;
    status = train(mlp, &t, rng_derive(execution->rng_key, KEY_SHUFFLE), report, error);
    training_destroy(&t);
    return status;
}

/* PREDICT_ROWS rows from `first` on, or what is left. */
static void predict_block(const struct mlp *mlp, const struct mlp_workspace *workspace,
                          uint8_t *restrict packed, const struct features *x, size_t first,
                          uint8_t *restrict labels)
{
    const size_t n_rows = x->n_rows - first < PREDICT_ROWS ? x->n_rows - first : PREDICT_ROWS;
    for (size_t i = 0; i < n_rows; i++) {
        pack_row(mlp, features_row(x, first + i), packed);
        mlp->network.kernels->standardise(packed, mlp->scale, mlp->shift, mlp->n_columns,
                                          workspace->values[0] + i * workspace->strides[0]);
    }
    mlp_forward(&mlp->network, workspace, n_rows);
    mlp_decide(&mlp->network, workspace, n_rows, labels + first);
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    const struct mlp *mlp = model;
    const int n_threads = execution->n_threads;
    const size_t n_rows = x->n_rows;
    size_t n_ready = 0;
    enum status status = STATUS_OK;
    (void)readout;
    struct mlp_workspace *workspaces = memory_array((size_t)n_threads, sizeof *workspaces);
    uint8_t *packed = memory_array((size_t)n_threads * mlp->n_columns, 1);
    if (!workspaces || !packed)
        status = error_memory(error, "the prediction of the network",
                              (size_t)n_threads * (sizeof *workspaces + mlp->n_columns));
    while (status == STATUS_OK && n_ready < (size_t)n_threads) {
        status =
            mlp_workspace_create(&workspaces[n_ready], &mlp->network, PREDICT_ROWS, false, error);
        n_ready += status == STATUS_OK;
    }
    if (status)
        goto cleanup;
#pragma omp parallel for schedule(static) num_threads(n_threads) default(none)                     \
    shared(mlp, workspaces, packed, x, labels, n_rows)
    for (size_t first = 0; first < n_rows; first += PREDICT_ROWS) {
        const size_t thread = (size_t)omp_get_thread_num();
        predict_block(mlp, &workspaces[thread], packed + thread * mlp->n_columns, x, first, labels);
    }
cleanup:
    for (size_t i = 0; i < n_ready; i++)
        mlp_workspace_destroy(&workspaces[i]);
    memory_free(workspaces);
    memory_free(packed);
    return status;
}

static struct memory_need memory_need(const struct parameters *p, const struct problem_size *size)
{
    const struct parameter_value *hidden = &p->values[HIDDEN_LAYER_SIZES];
    double n_in = (double)size->n_features, n_weights = 0;
    for (size_t l = 0; l <= hidden->n_numbers; l++) {
        const double n_out = l < hidden->n_numbers ? hidden->numbers[l] : (double)size->n_classes;
        n_weights += (n_in + 1) * n_out;
        n_in = n_out;
    }
    const double network_bytes = 4 * n_weights * sizeof(float); /* gradient, Adam's moments */
    const double rows_bytes = (double)size->n_train * (1 + sizeof(uint32_t) + sizeof(void *));
    return (struct memory_need){.bytes = network_bytes + rows_bytes,
                                .mostly = network_bytes > rows_bytes ? "the weights of the network"
                                                                     : "the order of the rows"};
}

const struct classifier_class mlp_class = {
    .name = "MLPClassifier",
    .summary = "multi-layer perceptron: Adam on mini-batches",
    .parameters = parameters,
    .create = create,
    .memory_need = memory_need,
    .fit = fit,
    .predict = predict,
    .destroy = destroy,
};
