#include "classifiers/classifier.h"
#include "classifiers/mlp_network.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ACTIVATION,
    HIDDEN_LAYER_SIZES,
    ALPHA,
    BATCH_SIZE,
    LEARNING_RATE_INIT,
    MAX_ITER,
    TOL,
    N_ITER_NO_CHANGE = 10
};

/* ---- kernels, at every level, against naive twins in double ---- */

static float random_float(struct rng *rng)
{
    return (float)(2.0 * rng_uniform(rng) - 1.0);
}

static size_t product_errors(const struct mlp_kernels *kernels, size_t m, size_t n, size_t k)
{
    const size_t lda = k > m ? k + 3 : m + 3, ldb = n + 16, ldc = n + 32;
    const size_t a_rows = k > m ? k : m;
    float *a = malloc(a_rows * lda * sizeof *a), *b = malloc(k * ldb * sizeof *b);
    float *c = malloc(m * ldc * sizeof *c);
    size_t n_wrong = 0;
    struct rng rng = rng_create(m * 1000 + n, k);
    for (size_t i = 0; i < a_rows * lda; i++)
        a[i] = random_float(&rng);
    for (size_t i = 0; i < k * ldb; i++)
        b[i] = random_float(&rng);
    const struct mlp_product p = {
        .m = m, .n_padded = n, .k = k, .a = a, .b = b, .c = c, .lda = lda, .ldb = ldb, .ldc = ldc};
    for (int transposed = 0; transposed < 2; transposed++) {
        (transposed ? kernels->multiply_transposed : kernels->multiply)(&p);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0, size = 0;
                for (size_t l = 0; l < k; l++) {
                    const double term =
                        (double)(transposed ? a[l * lda + i] : a[i * lda + l]) * b[l * ldb + j];
                    sum += term;
                    size += fabs(term);
                }
                n_wrong += !(fabs(c[i * ldc + j] - sum) <= size * (double)k * FLT_EPSILON);
            }
    }
    free(a);
    free(b);
    free(c);
    return n_wrong;
}

Test(mlp, products_equal_naive_twins, .timeout = 30)
{
    static const size_t rows[] = {1, 5, 6, 7, 13}, columns[] = {16, 48, 64, 112},
                        depths[] = {1, 9, 40};
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
        const struct mlp_kernels *kernels = SIMD_SELECT_LEVEL((enum simd_level)level, mlp_kernels);
        for (size_t i = 0; i < 5; i++)
            for (size_t j = 0; j < 4; j++)
                for (size_t l = 0; l < 3; l++)
                    cr_assert_eq(product_errors(kernels, rows[i], columns[j], depths[l]), 0,
                                 "level %d, %zu x %zu x %zu", level, rows[i], columns[j],
                                 depths[l]);
    }
}

static double relative_error(float value, double exact)
{
    return fabs((double)value - exact) / fabs(exact);
}

Test(mlp, functions_equal_naive_twins, .timeout = 30)
{
    enum { N = 4096 };
    static float x[N], y[N];
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
        const struct mlp_kernels *kernels = SIMD_SELECT_LEVEL((enum simd_level)level, mlp_kernels);
        double worst_tanh = 0, worst_logistic = 0, worst_exponential = 0;
        size_t n_wrong = 0;
        for (size_t i = 0; i < N; i++) /* both signs, from 2^-40 to 64 */
            x[i] = (i % 2 ? -1.0f : 1.0f) * exp2f((float)i / (float)N * 46.0f - 40.0f);
        memcpy(y, x, sizeof y);
        kernels->tanh(y, N);
        for (size_t i = 0; i < N; i++)
            worst_tanh = fmax(worst_tanh, relative_error(y[i], tanh((double)x[i])));
        memcpy(y, x, sizeof y);
        kernels->logistic(y, N);
        for (size_t i = 0; i < N; i++)
            worst_logistic =
                fmax(worst_logistic, relative_error(y[i], 1.0 / (1.0 + exp(-(double)x[i]))));
        memcpy(y, x, sizeof y);
        kernels->exponential(y, 1.0f, N);
        for (size_t i = 0; i < N; i++)
            worst_exponential =
                fmax(worst_exponential, relative_error(y[i], exp((double)(x[i] - 1.0f))));
        memcpy(y, x, sizeof y);
        kernels->relu(y, N);
        for (size_t i = 0; i < N; i++)
            n_wrong += y[i] != (x[i] > 0.0f ? x[i] : 0.0f);
        cr_assert_lt(worst_tanh, 5e-7, "level %d: tanh %g", level, worst_tanh);
        cr_assert_lt(worst_logistic, 5e-7, "level %d: logistic %g", level, worst_logistic);
        cr_assert_lt(worst_exponential, 5e-7, "level %d: exp %g", level, worst_exponential);
        cr_assert_eq(n_wrong, 0);
    }
}

Test(mlp, adam_and_standardise_equal_naive_twins, .timeout = 30)
{
    enum { N = 160 };
    const struct mlp_adam adam = {.beta_1 = 0.9f,
                                  .beta_2 = 0.99f,
                                  .epsilon = 1e-6f,
                                  .step = 0.01f,
                                  .gradient_scale = 0.2f,
                                  .alpha = 0.3f};
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
        const struct mlp_kernels *kernels = SIMD_SELECT_LEVEL((enum simd_level)level, mlp_kernels);
        float w[N], m[N], v[N], gradient[N], out[N];
        uint8_t bytes[N];
        double squares = 0;
        size_t n_wrong = 0;
        struct rng rng = rng_create(3, 4);
        double old_w[N], old_m[N], old_v[N];
        for (size_t i = 0; i < N; i++) {
            old_w[i] = w[i] = random_float(&rng);
            old_m[i] = m[i] = random_float(&rng);
            old_v[i] = v[i] = random_float(&rng) + 1.0f;
            gradient[i] = random_float(&rng);
            bytes[i] = (uint8_t)rng_below(&rng, 256);
        }
        const double sum = kernels->adam(&adam, N, gradient, w, m, v);
        kernels->standardise(bytes, gradient, m, N, out);
        for (size_t i = 0; i < N; i++) {
            const double g = ((double)gradient[i] + 0.3 * old_w[i]) * 0.2;
            const double new_m = 0.9 * old_m[i] + 0.1 * g, new_v = 0.99 * old_v[i] + 0.01 * g * g;
            const double new_w = old_w[i] - 0.01 * new_m / (sqrt(new_v) + 1e-6);
            squares += new_w * new_w;
            n_wrong += fabs(m[i] - new_m) > 1e-6 || fabs(v[i] - new_v) > 1e-6 ||
                       fabs(w[i] - new_w) > 1e-6 * fmax(1.0, fabs(old_w[i] - new_w));
            n_wrong += fabs(out[i] - ((double)bytes[i] * gradient[i] + m[i])) > 1e-4;
        }
        cr_assert_eq(n_wrong, 0, "level %d", level);
        cr_assert_float_eq(sum, squares, 1e-5 * squares);
    }
}

/* ---- the network against a naive one in double ---- */

enum { MAX_WIDTH = 40, BATCH = 9 };

static double naive_activation(enum mlp_activation activation, double z)
{
    switch (activation) {
    case MLP_LOGISTIC:
        return 1.0 / (1.0 + exp(-z));
    case MLP_TANH:
        return tanh(z);
    case MLP_RELU:
        return z > 0.0 ? z : 0.0;
    default:
        return z;
    }
}

/* The cross-entropy of one row, with `nudge` added to parameter number `nudged`. */
static double naive_loss(const struct mlp_network *net, const float *row, uint8_t label,
                         size_t nudged, double nudge)
{
    double in[MAX_WIDTH], out[MAX_WIDTH] = {0}, sum = 0;
    for (size_t i = 0; i < net->n_inputs; i++)
        in[i] = (double)row[i];
    for (size_t l = 0; l < net->n_layers; l++) {
        const struct mlp_layer *layer = &net->layers[l];
        for (size_t j = 0; j < layer->n_out; j++) {
            double z = 0;
            for (size_t i = 0; i <= layer->n_in; i++) {
                const size_t at = layer->first + i * layer->n_padded + j;
                z += ((double)net->parameters[at] + (at == nudged ? nudge : 0.0)) *
                     (i < layer->n_in ? in[i] : 1.0);
            }
            out[j] = l + 1 < net->n_layers ? naive_activation(net->activation, z) : z;
        }
        memcpy(in, out, sizeof in);
    }
    if (net->n_classes == 2)
        return log1p(exp(label ? -out[0] : out[0]));
    for (size_t c = 0; c < net->n_classes; c++)
        sum += exp(out[c]);
    return log(sum) - out[label];
}

static void check_gradient(enum mlp_activation activation, const size_t *hidden, size_t n_hidden,
                           size_t n_classes)
{
    const struct mlp_shape shape = {.n_inputs = 5,
                                    .n_classes = n_classes,
                                    .hidden = hidden,
                                    .n_hidden = n_hidden,
                                    .activation = activation};
    struct mlp_network net;
    struct mlp_workspace ws;
    uint8_t labels[BATCH];
    float rows[BATCH][5];
    struct rng rng = rng_create(n_classes, (uint64_t)activation);
    cr_assert_eq(mlp_network_create(&net, &shape, NULL), STATUS_OK);
    mlp_network_initialise(&net, 5, 42);
    cr_assert_eq(mlp_workspace_create(&ws, &net, BATCH + 2, true, NULL), STATUS_OK);
    for (size_t i = 0; i < BATCH; i++) {
        labels[i] = (uint8_t)(i % n_classes);
        for (size_t j = 0; j < 5; j++)
            ws.values[0][i * ws.strides[0] + j] = rows[i][j] = 2.0f * random_float(&rng);
    }
    mlp_forward(&net, &ws, BATCH);
    const double loss = mlp_backward(&net, &ws, labels, BATCH);
    double naive = 0, worst = 0;
    size_t n_nonzero = 0, n_padding = 0;
    for (size_t i = 0; i < BATCH; i++)
        naive += naive_loss(&net, rows[i], labels[i], SIZE_MAX, 0.0);
    cr_assert_float_eq(loss, naive, 1e-5 * naive);
    for (size_t l = 0; l < net.n_layers; l++)
        for (size_t at = 0; at < (net.layers[l].n_in + 1) * net.layers[l].n_padded; at++) {
            const size_t p = net.layers[l].first + at;
            double difference = 0;
            if (at % net.layers[l].n_padded >= net.layers[l].n_out) {
                n_padding += ws.gradient[p] != 0.0f;
                continue;
            }
            for (size_t i = 0; i < BATCH; i++)
                difference += (naive_loss(&net, rows[i], labels[i], p, 1e-5) -
                               naive_loss(&net, rows[i], labels[i], p, -1e-5)) /
                              2e-5;
            worst = fmax(worst, fabs(difference - (double)ws.gradient[p]));
            n_nonzero += fabs(difference) > 1e-3;
        }
    cr_assert_lt(worst, 2e-5, "activation %d, %zu classes: %g", (int)activation, n_classes, worst);
    cr_assert_gt(n_nonzero, 30);
    cr_assert_eq(n_padding, 0, "padding must stay zero");
    mlp_workspace_destroy(&ws);
    mlp_network_destroy(&net);
}

Test(mlp, gradient_equals_finite_differences, .timeout = 30)
{
    static const size_t one[] = {7}, two[] = {16, 3}, three[] = {17, 33, 2};
    const enum simd_level best = simd_level();
    for (int level = SIMD_PORTABLE; level <= (int)best; level++) {
        setenv("FMBENCH_SIMD", simd_level_name((enum simd_level)level), 1);
        for (int a = MLP_IDENTITY; a <= MLP_RELU; a++)
            for (size_t n_classes = 2; n_classes <= 18; n_classes += n_classes == 2 ? 1 : 15) {
                check_gradient((enum mlp_activation)a, one, 1, n_classes);
                check_gradient((enum mlp_activation)a, two, 2, n_classes);
                check_gradient((enum mlp_activation)a, three, 3, n_classes);
            }
    }
}

Test(mlp, initial_weights_fill_their_bounds, .timeout = 10)
{
    static const size_t hidden[] = {20};
    for (int a = MLP_IDENTITY; a <= MLP_RELU; a++) {
        const struct mlp_shape shape = {.n_inputs = 30,
                                        .n_classes = 3,
                                        .hidden = hidden,
                                        .n_hidden = 1,
                                        .activation = (enum mlp_activation)a};
        const double bound = sqrt((a == MLP_LOGISTIC ? 2.0 : 6.0) / (40 + 20));
        struct mlp_network net;
        double largest = 0, sum = 0;
        cr_assert_eq(mlp_network_create(&net, &shape, NULL), STATUS_OK);
        mlp_network_initialise(&net, 40, 1);
        for (size_t i = 0; i < 31; i++)
            for (size_t j = 0; j < 20; j++) {
                largest = fmax(largest, fabs(net.parameters[i * 32 + j]));
                sum += net.parameters[i * 32 + j];
            }
        cr_assert_leq(largest, bound);
        cr_assert_gt(largest, 0.98 * bound);
        cr_assert_lt(fabs(sum) / 620, 0.08 * bound);
        mlp_network_destroy(&net);
    }
}

/* ---- the class ---- */

enum { MAX_ROWS = 600, N_FEATURES = 20 };

struct data {
    size_t n_rows, n_classes;
    uint8_t bytes[MAX_ROWS * N_FEATURES], labels[MAX_ROWS];
};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* The golden values below come from the same generator in Python. */
static struct data generate(size_t n_rows, uint32_t seed)
{
    struct data d = {.n_rows = n_rows, .n_classes = 3};
    for (size_t i = 0; i < n_rows; i++) {
        d.labels[i] = (uint8_t)(next(&seed) % 3);
        for (size_t j = 0; j < N_FEATURES; j++)
            d.bytes[i * N_FEATURES + j] =
                (uint8_t)(20 * (((uint32_t)d.labels[i] * 5 + j * 3) % 4) + next(&seed) % 201);
    }
    return d;
}

static struct parameters settings(size_t activation, double n_hidden)
{
    struct parameters p;
    parameters_default(&p, classifier_find("MLPClassifier")->parameters);
    p.values[ACTIVATION].choice = activation;
    p.values[HIDDEN_LAYER_SIZES].numbers[0] = n_hidden;
    p.values[BATCH_SIZE].numbers[0] = 50;
    return p;
}

static enum status run(const struct data *train, const struct data *test,
                       const struct parameters *p, const struct execution *execution,
                       struct fit_report *report, uint8_t *labels)
{
    const struct classifier_class *class = classifier_find("MLPClassifier");
    struct scaling scaling;
    struct features x, queries;
    void *model;
    cr_assert_eq(scaling_create(&scaling, train->bytes, train->n_rows, N_FEATURES, NULL), 0);
    struct features_source source = {.bytes = train->bytes,
                                     .n_rows = train->n_rows,
                                     .n_features = N_FEATURES,
                                     .scaling = &scaling,
                                     .views = class->train_views};
    cr_assert_eq(features_create(&x, &source, NULL), STATUS_OK);
    source.bytes = test->bytes;
    source.n_rows = test->n_rows;
    source.views = class->test_views;
    cr_assert_eq(features_create(&queries, &source, NULL), STATUS_OK);
    const struct training_set set = {.x = &x, .y = train->labels, .n_classes = train->n_classes};
    fit_report_init(report);
    cr_assert_eq(class->create(&model, p, NULL), STATUS_OK);
    enum status status = class->fit(model, &set, execution, report, NULL);
    if (status == STATUS_OK)
        status = class->predict(model, p, &queries, execution, labels, NULL);
    class->destroy(model);
    features_destroy(&x);
    features_destroy(&queries);
    scaling_destroy(&scaling);
    return status;
}

static double accuracy(const struct data *test, const uint8_t *labels)
{
    double right = 0;
    for (size_t i = 0; i < test->n_rows; i++)
        right += labels[i] == test->labels[i];
    return right / (double)test->n_rows;
}

/*
 * scikit-learn 1.2.1, MLPClassifier((16,), activation, n_iter_no_change=2, batch_size=50), seeds 0
 * to 4, on StandardScaler's output of generate(600, 3), scored on generate(400, 4): mean and range
 * of the accuracies, mean of loss_ (which differs by up to `loss_range` between seeds).
 */
Test(mlp, learns_as_scikit_learn_does, .timeout = 60)
{
    static const struct {
        size_t activation;
        double accuracy, loss, loss_range;
    } golden[] = {
        {MLP_IDENTITY, 0.7930, 0.4227, 0.0025},
        {MLP_LOGISTIC, 0.7965, 0.4057, 0.0100},
        {MLP_TANH, 0.7885, 0.2540, 0.0250},
        {MLP_RELU, 0.7720, 0.2294, 0.0250},
    };
    const struct data train = generate(600, 3), test = generate(400, 4);
    for (size_t g = 0; g < 4; g++) {
        const struct parameters p = settings(golden[g].activation, 16);
        double mean_accuracy = 0, mean_loss = 0;
        for (uint64_t seed = 0; seed < 5; seed++) {
            const struct execution execution = {.rng_key = seed, .n_threads = 1};
            struct fit_report report;
            uint8_t labels[MAX_ROWS];
            cr_assert_eq(run(&train, &test, &p, &execution, &report, labels), STATUS_OK);
            mean_accuracy += accuracy(&test, labels) / 5;
            mean_loss += report.measures[0].value / 5;
        }
        cr_assert_float_eq(mean_accuracy, golden[g].accuracy, 0.02, "activation %zu: %g",
                           golden[g].activation, mean_accuracy);
        cr_assert_float_eq(mean_loss, golden[g].loss, golden[g].loss_range,
                           "activation %zu: loss %g", golden[g].activation, mean_loss);
    }
}

Test(mlp, learns_a_few_rows_by_heart, .timeout = 30)
{
    const struct execution execution = {.rng_key = 5, .n_threads = 1};
    struct data train = generate(20, 8);
    struct parameters p = settings(MLP_TANH, 30);
    struct fit_report report;
    uint8_t labels[MAX_ROWS];
    p.values[HIDDEN_LAYER_SIZES] = (struct parameter_value){.n_numbers = 2, .numbers = {30, 10}};
    p.values[LEARNING_RATE_INIT].numbers[0] = 0.01;
    for (size_t n_classes = 3; n_classes >= 2; n_classes--) {
        for (size_t i = 0; i < train.n_rows; i++)
            train.labels[i] = (uint8_t)((i * i / 2) % n_classes);
        train.n_classes = n_classes;
        cr_assert_eq(run(&train, &train, &p, &execution, &report, labels), STATUS_OK);
        cr_assert_eq(accuracy(&train, labels), 1.0, "%zu classes", n_classes);
        cr_assert_lt(report.measures[0].value, 0.02);
    }
}

/* With a tolerance that no epoch can meet, the first epoch still improves on infinity; then
   n_iter_no_change + 1 epochs do not. */
Test(mlp, stopping_rule, .timeout = 30)
{
    const struct execution execution = {.rng_key = 5, .n_threads = 1};
    const struct data train = generate(100, 9);
    struct parameters p = settings(MLP_RELU, 5);
    struct fit_report report;
    uint8_t labels[MAX_ROWS];
    p.values[TOL].numbers[0] = 1e6;
    for (long patience = 1; patience <= 5; patience++) {
        p.values[N_ITER_NO_CHANGE].numbers[0] = (double)patience;
        cr_assert_eq(run(&train, &train, &p, &execution, &report, labels), STATUS_OK);
        cr_assert_eq(report.n_iter, patience + 2);
        cr_assert_eq(report.converged, 1);
    }
    p.values[MAX_ITER].numbers[0] = 3;
    cr_assert_eq(run(&train, &train, &p, &execution, &report, labels), STATUS_OK);
    cr_assert_eq(report.n_iter, 3);
    cr_assert_eq(report.converged, 0);
}

Test(mlp, results_depend_on_the_key_alone, .timeout = 30)
{
    const struct data train = generate(333, 10), test = generate(300, 11);
    const struct execution one = {.rng_key = 5, .n_threads = 1},
                           two = {.rng_key = 5, .n_threads = 2};
    const struct execution other = {.rng_key = 6, .n_threads = 1};
    struct parameters p = settings(MLP_TANH, 12);
    struct fit_report reports[3];
    uint8_t labels[3][MAX_ROWS];
    p.values[MAX_ITER].numbers[0] = 7;
    cr_assert_eq(run(&train, &test, &p, &one, &reports[0], labels[0]), STATUS_OK);
    cr_assert_eq(run(&train, &test, &p, &two, &reports[1], labels[1]), STATUS_OK);
    cr_assert_eq(run(&train, &test, &p, &other, &reports[2], labels[2]), STATUS_OK);
    cr_assert_eq(memcmp(labels[0], labels[1], test.n_rows), 0);
    cr_assert_eq(reports[0].measures[0].value, reports[1].measures[0].value);
    cr_assert_neq(reports[0].measures[0].value, reports[2].measures[0].value);
}

/* Odd shapes: fewer rows than a batch, a last batch of one row, constant features, nothing else. */
Test(mlp, odd_shapes, .timeout = 30)
{
    const struct execution execution = {.rng_key = 5, .n_threads = 2};
    struct fit_report report;
    uint8_t labels[MAX_ROWS];
    struct parameters p = settings(MLP_RELU, 16);
    struct data train = generate(3, 12);
    train.labels[0] = 0, train.labels[1] = 1, train.labels[2] = 2;
    cr_assert_eq(run(&train, &train, &p, &execution, &report, labels), STATUS_OK);
    train = generate(101, 12);
    for (size_t i = 0; i < 101; i++)
        train.bytes[i * N_FEATURES + 3] = 9;
    cr_assert_eq(run(&train, &train, &p, &execution, &report, labels), STATUS_OK);
    cr_assert_gt(accuracy(&train, labels), 0.7);
    memset(train.bytes, 9, sizeof train.bytes);
    for (size_t i = 0; i < 101; i++)
        train.labels[i] = i < 61 ? 2 : i % 2;
    cr_assert_eq(run(&train, &train, &p, &execution, &report, labels), STATUS_OK);
    for (size_t i = 0; i < 101; i++)
        cr_assert_eq(labels[i], 2, "without features the most frequent class remains");
}

Test(mlp, diverging_fit_is_an_error, .timeout = 30)
{
    const struct execution execution = {.rng_key = 5, .n_threads = 1};
    const struct data train = generate(100, 13);
    struct parameters p = settings(MLP_IDENTITY, 16);
    struct fit_report report;
    uint8_t labels[MAX_ROWS];
    p.values[LEARNING_RATE_INIT].numbers[0] = 1e30;
    cr_assert_eq(run(&train, &train, &p, &execution, &report, labels), STATUS_FAILED);
}
