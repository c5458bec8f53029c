/* A classifier sees the rows in the order of the repeat, wherever they lie. */
#include "classifiers/classifier.h"
#include "numerics/blas.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <string.h>

enum { N_ROWS = 700, N_TEST = 150, N_FEATURES = 40, N_CLASSES = 3 };

static uint8_t bytes[N_ROWS * N_FEATURES], test_bytes[N_TEST * N_FEATURES];
static uint8_t shuffled[N_ROWS * N_FEATURES], y[N_ROWS];
static uint32_t order[N_ROWS];

/* y is in the order of the repeat. */
static void make_data(void)
{
    struct rng rng = rng_create(1, 0);
    for (size_t i = 0; i < N_ROWS; i++)
        order[i] = (uint32_t)i;
    rng_shuffle(&rng, order, N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++) {
        uint8_t *row = bytes + order[i] * N_FEATURES;
        y[i] = (uint8_t)rng_below(&rng, N_CLASSES);
        for (size_t j = 0; j < N_FEATURES; j++)
            row[j] = (uint8_t)(j % 9 == 4 ? 7 : rng_below(&rng, 200) + (j % 3 == y[i] ? 50 : 0));
        memcpy(shuffled + i * N_FEATURES, row, N_FEATURES);
    }
    for (size_t i = 0; i < N_TEST * N_FEATURES; i++)
        test_bytes[i] = (uint8_t)rng_below(&rng, 256);
}

static void predict(const struct classifier_class *class, const uint8_t *rows,
                    const uint32_t *row_order, uint8_t labels[N_TEST])
{
    struct scaling scaling;
    struct features x, test;
    struct parameters parameters;
    struct fit_report report;
    void *model;
    const struct execution execution = {.rng_key = 3, .n_threads = 2};
    cr_assert_eq(scaling_create(&scaling, bytes, N_ROWS, N_FEATURES, NULL), STATUS_OK);
    struct features_source source = {.bytes = rows,
                                     .n_rows = N_ROWS,
                                     .n_features = N_FEATURES,
                                     .order = row_order,
                                     .scaling = &scaling,
                                     .views = class->train_views};
    cr_assert_eq(features_create(&x, &source, NULL), STATUS_OK);
    source = (struct features_source){.bytes = test_bytes,
                                      .n_rows = N_TEST,
                                      .n_features = N_FEATURES,
                                      .scaling = &scaling,
                                      .views = class->test_views};
    cr_assert_eq(features_create(&test, &source, NULL), STATUS_OK);
    const struct training_set set = {.x = &x, .y = y, .n_classes = N_CLASSES};
    parameters_default(&parameters, class->parameters);
    fit_report_init(&report);
    cr_assert_eq(class->create(&model, &parameters, NULL), STATUS_OK);
    cr_assert_eq(class->fit(model, &set, &execution, &report, NULL), STATUS_OK);
    cr_assert_eq(class->predict(model, &parameters, &test, &execution, labels, NULL), STATUS_OK);
    class->destroy(model);
    features_destroy(&x);
    features_destroy(&test);
    scaling_destroy(&scaling);
}

Test(order, a_permutation_is_a_shuffled_copy, .timeout = 120)
{
    blas_start();
    make_data();
    for (size_t c = 0; classifier_registry[c]; c++) {
        const struct classifier_class *class = classifier_registry[c];
        uint8_t by_order[N_TEST], by_copy[N_TEST];
        predict(class, bytes, order, by_order);
        predict(class, shuffled, NULL, by_copy);
        cr_expect_arr_eq(by_order, by_copy, N_TEST, "%s", class->name);
    }
}
