/*
 * Stochastic gradient descent on the binary problems
 *
 *   minimise  mean over rows of loss(y_i, w . x_i + b) + alpha penalty(w),    y_i = 1 or -1,
 *   penalty:  l1  |w|_1,   l2  |w|^2 / 2,   elasticnet  l1_ratio l1 + (1 - l1_ratio) l2
 *
 * one for each class, as scikit-learn does it. Update for row i, in this order: with p = w . x_i +
 * b and g = -eta dloss/dp, the L2 penalty shrinks w, then w += g x_i and b += g, then the
 * cumulative L1 penalty; sgd_penalty.h has the formulas and how they are made cheap. |dloss/dp| is
 * clipped at 1e12. The lengths of the steps are sgd.h's (L. Bottou's rule for SGD_OPTIMAL:
 * scikit-learn divides its eta0 by max(1, dloss(-eta0, 1)), and that is 1 for every loss here, as
 * the derivative there is negative). PA-I: Crammer, Dekel, Keshet, Shalev-Shwartz and Singer,
 * "Online passive-aggressive algorithms" (JMLR 7, 2006), figure 1; a row that is all 0 is skipped.
 * Stopping rule: max_iter epochs, nothing else; rows are shuffled anew for each.
 *
 * Rows are named by their places among the bytes (features.h), in an order that begins as that of
 * the repeat. All problems see the rows in the same order, so that a row is read and standardised
 * once for all. (scikit-learn's problems have an order each; that leaves each problem the same.)
 * Blocks of SGD_PROBLEMS problems are independent of each other and run in parallel. Weights are
 * float32, sums over rows' products too; the rest is double.
 */
#include "classifiers/sgd.h"

#include "base/memory.h"
#include "numerics/rng.h"
#include "numerics/work.h"

#include <math.h>
#include <omp.h>
#include <string.h>

const char *const sgd_penalties[] = {"none", "l1", "l2", "elasticnet", NULL};

/* Children of the key of the fit. */
enum { KEY_SHUFFLE };

enum { PREDICT_ROWS = 256, PREFETCH_DISTANCE = 8, CACHE_LINE = 64 };

static const double largest_derivative = 1e12;

/* The problems first ... first + weights.n_problems. */
struct block {
    size_t first;
    struct sgd_weights weights;
    double intercept[SGD_PROBLEMS];
    double step;      /* t */
    double n_updates; /* gradients that were not 0 */
    float *x;         /* stride, owned: the row, standardised */
};

struct training {
    const struct sgd_options *options;
    const struct training_set *set;
    const struct sgd_model *model; /* its scaling, and its counts */
    const struct sgd_kernels *kernels;
    uint8_t *labels; /* n_rows, by place, owned */
    double *squares; /* n_rows, by place, owned: |x|^2; empty but for SGD_PASSIVE_AGGRESSIVE */
    uint32_t *order; /* n_rows places, owned */
    size_t n_blocks;
    struct block *blocks; /* n_blocks, owned */
};

/* The derivative of the loss by p. */
static double derivative(enum sgd_loss loss, double p, double y)
{
    const double m = y * p;
    switch (loss) {
    case SGD_HINGE:
        return m <= 1.0 ? -y : 0.0;
    case SGD_SQUARED_HINGE:
        return m < 1.0 ? -2.0 * y * (1.0 - m) : 0.0;
    case SGD_PERCEPTRON:
        return m <= 0.0 ? -y : 0.0;
    case SGD_LOG:
        return -y / (1.0 + exp(m));
    case SGD_MODIFIED_HUBER:
        return m >= 1.0 ? 0.0 : m >= -1.0 ? -2.0 * y * (1.0 - m) : -4.0 * y;
    }
    return 0.0;
}

static double rate(const struct sgd_options *options, double step)
{
    if (options->rate != SGD_OPTIMAL)
        return options->eta0;
    const double first = sqrt(1.0 / sqrt(options->alpha));
    return 1.0 / (options->alpha * (1.0 / (first * options->alpha) + step));
}

/* What is added to w in multiples of x, and to b. */
static double gradient(const struct sgd_options *options, double eta, double p, double y,
                       double square)
{
    if (options->rate == SGD_PASSIVE_AGGRESSIVE)
        return y * fmin(options->C, fmax(0.0, 1.0 - y * p) / square);
    const double slope = derivative(options->loss, p, y);
    return -eta * fmin(largest_derivative, fmax(-largest_derivative, slope));
}

static void one_row(const struct training *t, struct block *block, size_t place)
{
    const struct features *x = t->set->x;
    const size_t label = t->labels[place];
    const bool is_passive_aggressive = t->options->rate == SGD_PASSIVE_AGGRESSIVE;
    const double square = is_passive_aggressive ? t->squares[place] : 1.0;
    double scores[SGD_PROBLEMS], gradients[SGD_PROBLEMS];
    if (square == 0.0)
        return;
    t->kernels->standardise(features_at(x, place), t->model->scale, t->model->shift, x->n_features,
                            block->x);
    sgd_weights_scores(&block->weights, block->x, scores);
    const double eta = rate(t->options, block->step);
    for (size_t k = 0; k < block->weights.n_problems; k++) {
        const size_t positive = t->model->n_problems == 1 ? 1 : block->first + k;
        gradients[k] = gradient(t->options, eta, scores[k] + block->intercept[k],
                                label == positive ? 1.0 : -1.0, square);
        block->intercept[k] += gradients[k];
        block->n_updates += gradients[k] != 0.0;
    }
    sgd_weights_step(&block->weights, block->x, eta, gradients);
    block->step += 1.0;
}

/* Rows come in random order, which the processor cannot foresee. */
static void prefetch_row(const struct features *x, size_t place)
{
    const uint8_t *bytes = features_at(x, place);
    for (size_t j = 0; j < x->n_features; j += CACHE_LINE)
        __builtin_prefetch(bytes + j);
}

static void epoch_of_block(const struct training *t, struct block *block)
{
    const size_t n_rows = t->set->x->n_rows;
    for (size_t i = 0; i < n_rows; i++) {
        if (i + PREFETCH_DISTANCE < n_rows)
            prefetch_row(t->set->x, t->order[i + PREFETCH_DISTANCE]);
        one_row(t, block, t->order[i]);
    }
}

static bool is_finite(const struct block *block)
{
    double sum = 0.0; /* not finite if one term is not */
    for (size_t k = 0; k < block->weights.n_problems; k++)
        sum += 0.0 * block->intercept[k];
    for (size_t i = 0; i < block->weights.n_problems * block->weights.stride; i++)
        sum += 0.0 * (double)block->weights.values[i];
    return sum == 0.0;
}

static enum status epoch(const struct training *t, struct rng rng, int n_threads)
{
    const size_t n_rows = t->set->x->n_rows, n_blocks = t->n_blocks;
    size_t n_bad = 0;
    for (size_t i = 0; i < n_rows; i++)
        t->order[i] = (uint32_t)features_place(t->set->x, i);
    rng_shuffle(&rng, t->order, n_rows);
#pragma omp parallel for num_threads(n_threads) schedule(dynamic) default(none) shared(t, n_blocks)
    for (size_t b = 0; b < n_blocks; b++)
        epoch_of_block(t, &t->blocks[b]);
    for (size_t b = 0; b < n_blocks; b++)
        n_bad += !is_finite(&t->blocks[b]);
    return n_bad ? STATUS_FAILED : STATUS_OK;
}

static enum status create_scaling(struct sgd_model *model, const struct features *x,
                                  struct error *error)
{
    model->n_features = x->n_features;
    model->stride = sgd_stride(x->n_features);
    const struct memory_request requests[] = {
        {(void **)&model->weights, model->n_problems * model->stride, sizeof *model->weights},
        {(void **)&model->intercept, model->n_problems, sizeof *model->intercept},
        {(void **)&model->scale, x->n_features, sizeof *model->scale},
        {(void **)&model->shift, x->n_features, sizeof *model->shift},
    };
    const enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "a linear model", error);
    for (size_t j = 0; status == STATUS_OK && j < x->n_features; j++) {
        const double scale = 1.0 / x->scaling->scale[j];
        model->scale[j] = (float)scale;
        model->shift[j] = (float)(-x->scaling->mean[j] * scale);
    }
    return status;
}

static void training_destroy(struct training *t)
{
    for (size_t b = 0; t->blocks && b < t->n_blocks; b++) {
        sgd_weights_destroy(&t->blocks[b].weights);
        memory_free(t->blocks[b].x);
    }
    memory_free(t->blocks);
    memory_free(t->labels);
    memory_free(t->squares);
    memory_free(t->order);
}

static enum status block_create(struct block *block, const struct training *t, size_t first,
                                struct error *error)
{
    const size_t left = t->model->n_problems - first;
    const struct sgd_weights_options options = {.penalty = t->options->penalty,
                                                .alpha = t->options->alpha,
                                                .l1_ratio = t->options->l1_ratio,
                                                .n_problems =
                                                    left < SGD_PROBLEMS ? left : SGD_PROBLEMS,
                                                .n_features = t->model->n_features};
    block->first = first;
    block->x = memory_zeroed(t->model->stride, sizeof *block->x);
    if (!block->x)
        return error_memory(error, "a row", t->model->stride * sizeof *block->x);
    return sgd_weights_create(&block->weights, &options, error);
}

static void fill_squares(const struct training *t)
{
    const struct features *x = t->set->x;
    float *row = t->blocks[0].x, square;
    for (size_t place = 0; place < x->n_rows; place++) {
        t->kernels->standardise(features_at(x, place), t->model->scale, t->model->shift,
                                x->n_features, row);
        t->kernels->scores(row, t->model->stride, 1, row, 0.0f, &square);
        t->squares[place] = (double)square;
    }
}

static enum status training_create(struct training *t, struct error *error)
{
    const size_t n_rows = t->set->x->n_rows;
    const bool is_passive_aggressive = t->options->rate == SGD_PASSIVE_AGGRESSIVE;
    const struct memory_request requests[] = {
        {(void **)&t->labels, n_rows, sizeof *t->labels},
        {(void **)&t->order, n_rows, sizeof *t->order},
        {(void **)&t->squares, is_passive_aggressive ? n_rows : 0, sizeof *t->squares},
        {(void **)&t->blocks, t->n_blocks, sizeof *t->blocks},
    };
    enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                       "the training of linear models", error);
    if (status)
        return status;
    features_labels_by_place(t->set->x, t->set->y, t->labels);
    memset(t->blocks, 0, t->n_blocks * sizeof *t->blocks);
    for (size_t b = 0; status == STATUS_OK && b < t->n_blocks; b++)
        status = block_create(&t->blocks[b], t, b * SGD_PROBLEMS, error);
    if (status == STATUS_OK && is_passive_aggressive)
        fill_squares(t);
    return status;
}

/* Products of a row with the weights of a problem, and updates of these by a row. */
static void count_products(const struct sgd_model *model, double n)
{
    work_add_float(2 * n * (double)model->n_features);
}

/* The model, and what the record says of it. */
static void finish(struct sgd_model *model, const struct training *t, struct fit_report *report)
{
    size_t n_zeros = 0;
    double n_updates = 0.0;
    for (size_t b = 0; b < t->n_blocks; b++) {
        const struct block *block = &t->blocks[b];
        n_updates += block->n_updates;
        for (size_t k = 0; k < block->weights.n_problems; k++) {
            float *w = model->weights + (block->first + k) * model->stride;
            sgd_weights_read(&block->weights, k, w);
            model->intercept[block->first + k] = block->intercept[k];
            for (size_t j = 0; j < model->n_features; j++)
                n_zeros += w[j] == 0.0f;
        }
    }
    count_products(model, (double)t->options->max_iter * (double)t->set->x->n_rows *
                                  (double)model->n_problems +
                              n_updates);
    report->n_iter = t->options->max_iter;
    report->converged = -1; /* the number of epochs is the rule, there is no other */
    fit_report_add(report, "updates", n_updates);
    fit_report_add(report, "zero_weights",
                   (double)n_zeros / (double)(model->n_problems * model->n_features));
}

enum status sgd_create(void **model, const struct sgd_options *options, struct error *error)
{
    struct sgd_model *sgd = memory_zeroed(1, sizeof *sgd);
    *model = sgd;
    if (!sgd)
        return error_memory(error, "a linear model", sizeof *sgd);
    sgd->options = *options;
    return STATUS_OK;
}

void sgd_destroy(void *model)
{
    struct sgd_model *sgd = model;
    if (!sgd)
        return;
    memory_free(sgd->weights);
    memory_free(sgd->intercept);
    memory_free(sgd->scale);
    memory_free(sgd->shift);
    memory_free(sgd);
}

enum status sgd_fit(void *model, const struct training_set *set, const struct execution *execution,
                    struct fit_report *report, struct error *error)
{
    struct sgd_model *sgd = model;
    const uint64_t shuffle_key = rng_derive(execution->rng_key, KEY_SHUFFLE);
    sgd->n_problems = set->n_classes > 2 ? set->n_classes : 1;
    struct training t = {.options = &sgd->options,
                         .set = set,
                         .model = sgd,
                         .kernels = SIMD_SELECT(sgd_kernels),
                         .n_blocks = (sgd->n_problems + SGD_PROBLEMS - 1) / SGD_PROBLEMS};
    enum status status = create_scaling(sgd, set->x, error);
    if (status == STATUS_OK)
        status = training_create(&t, error);
    for (long i = 0; status == STATUS_OK && i < t.options->max_iter; i++) {
        status = epoch(&t, rng_create(shuffle_key, (uint64_t)i), execution->n_threads);
        if (status)
            error_set(error, status,
                      "epoch %ld left weights that are not finite: the steps are too large", i + 1);
    }
    if (status == STATUS_OK)
        finish(sgd, &t, report);
    training_destroy(&t);
    return status;
}

/* x: stride, standardised. */
static uint8_t decide(const struct sgd_model *model, const struct sgd_kernels *kernels,
                      const float *x)
{
    float scores[SGD_PROBLEMS];
    double best = -INFINITY;
    size_t label = 0;
    for (size_t first = 0; first < model->n_problems; first += SGD_PROBLEMS) {
        const size_t left = model->n_problems - first;
        const size_t n = left < SGD_PROBLEMS ? left : SGD_PROBLEMS;
        kernels->scores(model->weights + first * model->stride, model->stride, n, x, 0.0f, scores);
        for (size_t k = 0; k < n; k++) {
            const double value = (double)scores[k] + model->intercept[first + k];
            label = value > best ? first + k : label;
            best = value > best ? value : best;
        }
    }
    return (uint8_t)(model->n_problems == 1 ? best > 0.0 : label);
}

enum status sgd_predict(void *fitted, const struct parameters *readout, const struct features *x,
                        const struct execution *execution, uint8_t *restrict labels,
                        struct error *error)
{
    const struct sgd_model *model = fitted;
    (void)readout;
    const struct sgd_kernels *kernels = SIMD_SELECT(sgd_kernels);
    const size_t n_threads = (size_t)execution->n_threads, n_rows = x->n_rows;
    float *rows = memory_zeroed(n_threads * model->stride, sizeof *rows);
    if (!rows)
        return error_memory(error, "the rows that are predicted",
                            n_threads * model->stride * sizeof *rows);
#pragma omp parallel for num_threads(execution->n_threads) schedule(static) default(none)          \
    shared(model, execution, kernels, rows, x, labels, n_rows)
    for (size_t first = 0; first < n_rows; first += PREDICT_ROWS) {
        float *row = rows + (size_t)omp_get_thread_num() * model->stride;
        for (size_t i = first; i < n_rows && i < first + PREDICT_ROWS; i++) {
            kernels->standardise(features_row(x, i), model->scale, model->shift, x->n_features,
                                 row);
            labels[i] = decide(model, kernels, row);
        }
    }
    memory_free(rows);
    count_products(model, (double)n_rows * (double)model->n_problems);
    return STATUS_OK;
}

struct memory_need sgd_memory_need(const struct parameters *parameters,
                                   const struct problem_size *size)
{
    (void)parameters;
    return (struct memory_need){.bytes = (double)size->n_train * (1 + sizeof(uint32_t)),
                                .mostly = "the order of an epoch and the labels in it"};
}
