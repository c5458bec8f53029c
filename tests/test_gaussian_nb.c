#include "base/memory.h"
#include "classifiers/classifier.h"
#include "numerics/gaussian_simd.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRIORS, MAX_ROWS = 200, MAX_FEATURES = 40, MAX_PRIORS = 8 };

struct data {
    size_t n_rows, n_features, n_classes;
    uint8_t bytes[MAX_ROWS * MAX_FEATURES];
    uint8_t labels[MAX_ROWS];
};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Overlapping classes; the golden values below come from the same generator in Python. */
static struct data generate(size_t n_rows, size_t n_features, size_t n_classes, uint32_t seed)
{
    struct data d = {.n_rows = n_rows, .n_features = n_features, .n_classes = n_classes};
    for (size_t i = 0; i < n_rows; i++) {
        d.labels[i] = (uint8_t)(next(&seed) % n_classes);
        for (size_t j = 0; j < n_features; j++)
            d.bytes[i * n_features + j] =
                (uint8_t)(10 + 20 * ((d.labels[i] * 5 + j * 3) % 4) + next(&seed) % 181);
    }
    return d;
}

/* Trains on `train` and predicts `test`; n_priors = 0: None. */
static enum status run(const struct data *train, const struct data *test, const double *priors,
                       size_t n_priors, int n_threads, uint8_t *labels)
{
    const struct classifier_class *class = classifier_find("GaussianNB");
    struct scaling scaling;
    struct features x, queries;
    struct parameters p;
    struct fit_report report;
    const struct execution execution = {.rng_key = 1, .n_threads = n_threads};
    void *model;
    parameters_default(&p, class->parameters);
    p.values[PRIORS].is_none = n_priors == 0;
    p.values[PRIORS].n_numbers = n_priors;
    for (size_t c = 0; c < n_priors; c++)
        p.values[PRIORS].numbers[c] = priors[c];
    cr_assert_eq(class->check(&p, NULL), STATUS_OK);
    cr_assert_eq(scaling_create(&scaling, train->bytes, train->n_rows, train->n_features, NULL), 0);
    struct features_source source = {.bytes = train->bytes,
                                     .n_rows = train->n_rows,
                                     .n_features = train->n_features,
                                     .scaling = &scaling,
                                     .views = class->train_views};
    cr_assert_eq(features_create(&x, &source, NULL), STATUS_OK);
    source.bytes = test->bytes;
    source.n_rows = test->n_rows;
    source.views = class->test_views;
    cr_assert_eq(features_create(&queries, &source, NULL), STATUS_OK);
    const struct training_set set = {.x = &x, .y = train->labels, .n_classes = train->n_classes};
    fit_report_init(&report);
    cr_assert_eq(class->create(&model, &p, NULL), STATUS_OK);
    enum status status = class->fit(model, &set, &execution, &report, NULL);
    if (status == STATUS_OK)
        status = class->predict(model, &p, &queries, &execution, labels, NULL);
    class->destroy(model);
    features_destroy(&x);
    features_destroy(&queries);
    scaling_destroy(&scaling);
    return status;
}

/* The definition, in double, on standardised values. */
static uint8_t naive(const struct data *train, const uint8_t *query, const double *priors)
{
    const size_t n = train->n_rows, n_features = train->n_features;
    double best = -INFINITY;
    uint8_t label = 0;
    for (size_t c = 0; c < train->n_classes; c++) {
        double n_class = 0, sum = 0;
        for (size_t i = 0; i < n; i++)
            n_class += train->labels[i] == c;
        sum = log(priors ? priors[c] : n_class / (double)n);
        for (size_t j = 0; j < n_features; j++) {
            double mean = 0, square = 0, class_mean = 0, variance = 0;
            for (size_t i = 0; i < n; i++)
                mean += train->bytes[i * n_features + j] / (double)n;
            for (size_t i = 0; i < n; i++)
                square += pow(train->bytes[i * n_features + j] - mean, 2) / (double)n;
            if (square < 1e-9)
                continue;
            const double scale = sqrt(square);
            for (size_t i = 0; i < n; i++)
                if (train->labels[i] == c)
                    class_mean += (train->bytes[i * n_features + j] - mean) / scale / n_class;
            for (size_t i = 0; i < n; i++)
                if (train->labels[i] == c)
                    variance +=
                        pow((train->bytes[i * n_features + j] - mean) / scale - class_mean, 2) /
                        n_class;
            variance += 1e-9;
            sum -= 0.5 * log(2 * M_PI * variance) +
                   pow((query[j] - mean) / scale - class_mean, 2) / (2 * variance);
        }
        if (sum > best) {
            best = sum;
            label = (uint8_t)c;
        }
    }
    return label;
}

Test(gaussian_nb, equals_the_definition, .timeout = 20)
{
    const double priors[5] = {0.6, 0.1, 0.1, 0.15, 0.05};
    for (size_t n_features = 1; n_features <= 33; n_features += 8)
        for (int with_priors = 0; with_priors < 2; with_priors++) {
            struct data train = generate(97, n_features, 5, (uint32_t)n_features);
            const struct data test = generate(61, n_features, 5, 1000 + (uint32_t)n_features);
            uint8_t labels[MAX_ROWS];
            for (size_t i = 0; i < train.n_rows; i++) {
                if (n_features > 1)
                    train.bytes[i * n_features + 1] = 7; /* constant, but not in the test rows */
                if (n_features > 2 && train.labels[i] == 2)
                    train.bytes[i * n_features + 2] = 90; /* constant within a class */
                if (train.labels[i] == 3)
                    train.labels[i] = i == 50 ? 3 : 4; /* at most one row in class 3 */
            }
            train.labels[50] = 3;
            cr_assert_eq(run(&train, &test, priors, with_priors ? 5 : 0, 1, labels), STATUS_OK);
            size_t n_wrong = 0;
            for (size_t i = 0; i < test.n_rows; i++)
                n_wrong += labels[i] !=
                           naive(&train, test.bytes + i * n_features, with_priors ? priors : NULL);
            cr_assert_eq(n_wrong, 0);
        }
}

/* scikit-learn 1.2.1, GaussianNB(priors) on StandardScaler's output of generate(60, 6, 4, 1),
   predicting generate(40, 6, 4, 2). */
Test(gaussian_nb, equals_scikit_learn, .timeout = 10)
{
    const struct data train = generate(60, 6, 4, 1), test = generate(40, 6, 4, 2);
    const double priors[4] = {0.1, 0.2, 0.3, 0.4};
    const char *const by_frequency = "3312310213333133231133130332003123222222";
    const char *const by_priors = "3312310213333333231133330332303123222222";
    uint8_t labels[MAX_ROWS];
    cr_assert_eq(run(&train, &test, NULL, 0, 1, labels), STATUS_OK);
    for (size_t i = 0; i < test.n_rows; i++)
        cr_assert_eq(labels[i], by_frequency[i] - '0');
    cr_assert_eq(run(&train, &test, priors, 4, 1, labels), STATUS_OK);
    for (size_t i = 0; i < test.n_rows; i++)
        cr_assert_eq(labels[i], by_priors[i] - '0');
}

Test(gaussian_nb, threads_do_not_change_the_result, .timeout = 10)
{
    const struct data train = generate(200, 40, 7, 5), test = generate(199, 40, 7, 6);
    uint8_t one[MAX_ROWS], two[MAX_ROWS];
    cr_assert_eq(run(&train, &test, NULL, 0, 1, one), STATUS_OK);
    cr_assert_eq(run(&train, &test, NULL, 0, 2, two), STATUS_OK);
    cr_assert_eq(memcmp(one, two, test.n_rows), 0);
}

Test(gaussian_nb, ties_and_constant_features, .timeout = 10)
{
    struct data train = {.n_rows = 4, .n_features = 2, .n_classes = 3, .labels = {0, 1, 2, 2}};
    const double priors[3] = {0.25, 0.5, 0.25};
    uint8_t labels[MAX_ROWS];
    memset(train.bytes, 9, 8);
    cr_assert_eq(run(&train, &train, priors, 3, 1, labels), STATUS_OK);
    cr_assert_eq(labels[0], 1, "without features the prior decides");
    cr_assert_eq(run(&train, &train, NULL, 0, 1, labels), STATUS_OK);
    cr_assert_eq(labels[0], 2, "the default prior is the frequency");
    struct data tied = {.n_rows = 4,
                        .n_features = 1,
                        .n_classes = 2,
                        .bytes = {10, 20, 10, 20},
                        .labels = {1, 1, 0, 0}};
    cr_assert_eq(run(&tied, &tied, NULL, 0, 1, labels), STATUS_OK);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(labels[i], 0, "a tie goes to the smallest class");
}

Test(gaussian_nb, refuses_wrong_priors, .timeout = 10)
{
    const struct classifier_class *class = classifier_find("GaussianNB");
    const struct data train = generate(20, 3, 2, 1);
    const double three[3] = {0.5, 0.25, 0.25};
    uint8_t labels[MAX_ROWS];
    struct parameters p;
    struct error error;
    parameters_default(&p, class->parameters);
    cr_assert_eq(class->check(&p, &error), STATUS_OK);
    p.values[PRIORS] = (struct parameter_value){.n_numbers = 2, .numbers = {1.5, -0.5}};
    cr_assert_eq(class->check(&p, &error), STATUS_USAGE);
    cr_assert(strstr(error.message, "negative"), "%s", error.message);
    p.values[PRIORS] = (struct parameter_value){.n_numbers = 2, .numbers = {0.5, 0.499}};
    cr_assert_eq(class->check(&p, &error), STATUS_USAGE);
    cr_assert(strstr(error.message, "sum"), "%s", error.message);
    cr_assert_eq(run(&train, &train, three, 3, 1, labels), STATUS_USAGE, "3 priors, 2 classes");
}

/* More rows of the largest byte than 32-bit sums hold: 255^2 x 140000 > 2^32. */
Test(gaussian_nb, sums_of_many_rows_are_exact, .timeout = 20)
{
    enum { N = 140000 };
    const struct classifier_class *class = classifier_find("GaussianNB");
    uint8_t *bytes = malloc(N), *labels = malloc(N), predicted[2];
    uint8_t queries[2] = {250, 255};
    for (size_t i = 0; i < N; i++) {
        labels[i] = i % 4 == 3;
        bytes[i] = labels[i] ? (uint8_t)(246 + i % 9) : (uint8_t)(254 + i % 2);
    }
    struct scaling scaling;
    struct features x, q;
    struct fit_report report;
    struct parameters p;
    const struct execution execution = {.n_threads = 1};
    void *model;
    parameters_default(&p, class->parameters);
    cr_assert_eq(scaling_create(&scaling, bytes, N, 1, NULL), STATUS_OK);
    struct features_source source = {
        .bytes = bytes, .n_rows = N, .n_features = 1, .scaling = &scaling};
    cr_assert_eq(features_create(&x, &source, NULL), STATUS_OK);
    source.bytes = queries;
    source.n_rows = 2;
    cr_assert_eq(features_create(&q, &source, NULL), STATUS_OK);
    fit_report_init(&report);
    cr_assert_eq(class->create(&model, &p, NULL), STATUS_OK);
    const struct training_set set = {.x = &x, .y = labels, .n_classes = 2};
    cr_assert_eq(class->fit(model, &set, &execution, &report, NULL), STATUS_OK);
    cr_assert_eq(class->predict(model, &p, &q, &execution, predicted, NULL), STATUS_OK);
    cr_assert_eq(predicted[0], 1);
    cr_assert_eq(predicted[1], 0);
    class->destroy(model);
    features_destroy(&x);
    features_destroy(&q);
    scaling_destroy(&scaling);
    free(bytes);
    free(labels);
}

Test(gaussian_nb, kernels_equal_naive_twins, .timeout = 10)
{
    enum { ROWS = 23, COLUMNS = 37, CLASSES = 3 };
    const struct data d = generate(ROWS, COLUMNS, CLASSES, 3);
    double x[COLUMNS * GAUSSIAN_BLOCK_ROWS], mean[CLASSES * COLUMNS], precision[CLASSES * COLUMNS];
    uint32_t rows[ROWS - 2], seed = 9;
    for (size_t i = 0; i < ROWS - 2; i++)
        rows[i] = (uint32_t)((i * 5 + 1) % ROWS);
    for (size_t i = 0; i < COLUMNS * GAUSSIAN_BLOCK_ROWS; i++)
        x[i] = next(&seed) % 256;
    for (size_t i = 0; i < CLASSES * COLUMNS; i++) {
        mean[i] = next(&seed) % 256 + 0.3;
        precision[i] = 1.0 / (1 + next(&seed) % 1000);
    }
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
        const struct gaussian_kernels *kernels =
            SIMD_SELECT_LEVEL((enum simd_level)level, gaussian_kernels);
        uint32_t values[COLUMNS] = {1}, squares[COLUMNS] = {2};
        double sums[CLASSES * GAUSSIAN_BLOCK_ROWS];
        kernels->add_rows(d.bytes, COLUMNS, rows, ROWS - 2, values, squares);
        for (size_t j = 0; j < COLUMNS; j++) {
            uint32_t value = j == 0 ? 1 : 0, square = j == 0 ? 2 : 0;
            for (size_t i = 0; i < ROWS - 2; i++) {
                const uint32_t byte = d.bytes[rows[i] * COLUMNS + j];
                value += byte;
                square += byte * byte;
            }
            cr_assert_eq(values[j], value);
            cr_assert_eq(squares[j], square);
        }
        kernels->weighted_squares(x, mean, precision, COLUMNS, CLASSES, sums);
        for (size_t c = 0; c < CLASSES; c++)
            for (size_t r = 0; r < GAUSSIAN_BLOCK_ROWS; r++) {
                double sum = 0;
                for (size_t j = 0; j < COLUMNS; j++) {
                    const double off = x[j * GAUSSIAN_BLOCK_ROWS + r] - mean[c * COLUMNS + j];
                    sum += precision[c * COLUMNS + j] * off * off;
                }
                cr_assert_float_eq(sums[c * GAUSSIAN_BLOCK_ROWS + r], sum, 1e-12 * sum);
            }
    }
}
