/* Small problems for the tests of the linear classifiers. */
#ifndef FMBENCH_TESTS_LINEAR_TOY_H
#define FMBENCH_TESTS_LINEAR_TOY_H

#include "classifiers/classifier.h"
#include "loader/features.h"
#include "numerics/blas.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOY_ROWS_MAX = 6000, TOY_FEATURES_MAX = 8, TOY_CLASSES_MAX = 4 };

struct toy {
    size_t n_rows, n_features, n_classes;
    uint8_t bytes[TOY_ROWS_MAX * TOY_FEATURES_MAX];
    uint8_t y[TOY_ROWS_MAX];
    struct scaling scaling;
    struct features x;
};

static inline void toy_finish(struct toy *toy)
{
    blas_start();
    cr_assert_eq(scaling_create(&toy->scaling, toy->bytes, toy->n_rows, toy->n_features, NULL),
                 STATUS_OK);
    const struct features_source source = {.bytes = toy->bytes,
                                           .n_rows = toy->n_rows,
                                           .n_features = toy->n_features,
                                           .scaling = &toy->scaling,
                                           .views = VIEW_STANDARDISED};
    cr_assert_eq(features_create(&toy->x, &source, NULL), STATUS_OK);
}

/*
 * Byte j of row i is (i (3 j + 7) + j j + 5 (i mod 11) j) mod 97 + 20 (class if j = class) + noise
 * of the class; class sizes are unbalanced (class 0 gets what the others leave); feature 2 is
 * constant and the last row repeats the first with another label.
 */
static inline struct toy *toy_create(size_t n_rows, size_t n_features, size_t n_classes)
{
    struct toy *toy = calloc(1, sizeof *toy);
    cr_assert(toy && n_rows <= TOY_ROWS_MAX && n_features <= TOY_FEATURES_MAX);
    toy->n_rows = n_rows;
    toy->n_features = n_features;
    toy->n_classes = n_classes;
    for (size_t i = 0; i < n_rows; i++) {
        const size_t y = i % 7 < n_classes ? i % 7 : 0;
        toy->y[i] = (uint8_t)y;
        for (size_t j = 0; j < n_features; j++)
            toy->bytes[i * n_features + j] =
                j == 2 ? 9
                       : (uint8_t)((i * (3 * j + 7) + j * j + 5 * (i % 11) * j) % 97 +
                                   (j == y ? 30 : 0));
    }
    memcpy(toy->bytes + (n_rows - 1) * n_features, toy->bytes, n_features);
    toy->y[n_rows - 1] = (uint8_t)(n_classes - 1);
    toy_finish(toy);
    return toy;
}

static inline void toy_destroy(struct toy *toy)
{
    features_destroy(&toy->x);
    scaling_destroy(&toy->scaling);
    free(toy);
}

static inline double toy_value(const struct toy *toy, size_t i, size_t j)
{
    return j == toy->n_features ? 1 : (double)toy->x.standardised[i * toy->n_features + j];
}

static inline struct training_set toy_set(const struct toy *toy)
{
    return (struct training_set){.x = &toy->x, .y = toy->y, .n_classes = toy->n_classes};
}

static inline void toy_choose(struct parameters *parameters, const struct classifier_class *class,
                              const char *name, const char *word)
{
    const size_t index = parameter_find(class->parameters, name);
    const struct parameter_spec *spec = &class->parameters[index];
    cr_assert(spec->name);
    size_t choice = 0;
    while (spec->choices[choice] && strcmp(spec->choices[choice], word) != 0)
        choice++;
    cr_assert(spec->choices[choice]);
    parameters->values[index].choice = choice;
}

static inline void toy_set_number(struct parameters *parameters,
                                  const struct classifier_class *class, const char *name,
                                  double value)
{
    const size_t index = parameter_find(class->parameters, name);
    cr_assert(class->parameters[index].name);
    parameters->values[index].numbers[0] = value;
}

static inline double toy_measure(const struct fit_report *report, const char *name)
{
    for (size_t i = 0; i < report->n_measures; i++)
        if (strcmp(report->measures[i].name, name) == 0)
            return report->measures[i].value;
    cr_assert_fail("no measure %s", name);
    return 0;
}

/* Fits and predicts the training rows. */
static inline struct fit_report toy_fit(const struct toy *toy, const struct classifier_class *class,
                                        const struct parameters *parameters, int n_threads,
                                        uint8_t *labels)
{
    struct error error = {0};
    struct fit_report report;
    fit_report_init(&report);
    void *model = NULL;
    const struct training_set set = toy_set(toy);
    const struct execution execution = {.rng_key = 1, .n_threads = n_threads};
    if (class->check)
        cr_assert_eq(class->check(parameters, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(class->create(&model, parameters, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(class->fit(model, &set, &execution, &report, &error), STATUS_OK, "%s",
                 error.message);
    cr_assert_eq(class->predict(model, parameters, &toy->x, &execution, labels, &error), STATUS_OK,
                 "%s", error.message);
    class->destroy(model);
    return report;
}

#endif
