/* Made-up byte data, and fitting a class to it, for the tests of trees and forests. */
#ifndef FMBENCH_TESTS_TEST_TREE_HELPERS_H
#define FMBENCH_TESTS_TEST_TREE_HELPERS_H

#include "classifiers/classifier.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { MADE_ROWS_MAX = 4400, MADE_FEATURES_MAX = 320 };

/* What a test fits to; x is complete but for the scaling, which no tree reads. */
struct made_data {
    struct features x;
    struct training_set set;
    uint8_t bytes[MADE_ROWS_MAX * MADE_FEATURES_MAX], columns[MADE_ROWS_MAX * MADE_FEATURES_MAX];
    uint8_t y[MADE_ROWS_MAX];
};

static inline void made_finish(struct made_data *d, size_t n_rows, size_t n_features,
                               size_t n_classes)
{
    cr_assert(n_rows <= MADE_ROWS_MAX && n_features <= MADE_FEATURES_MAX);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < n_features; j++)
            d->columns[j * n_rows + i] = d->bytes[i * n_features + j];
    d->x = (struct features){
        .n_rows = n_rows, .n_features = n_features, .bytes = d->bytes, .columns = d->columns};
    d->set = (struct training_set){.x = &d->x, .y = d->y, .n_classes = n_classes};
}

/* Features of n_levels spread values, many of them zero, some constant; labels that they hint at.
 */
static inline void made_random(struct made_data *d, uint64_t seed, size_t n_rows, size_t n_features,
                               size_t n_classes, uint32_t n_levels)
{
    struct rng rng = rng_create(seed, 0);
    for (size_t i = 0; i < n_rows; i++) {
        d->y[i] = (uint8_t)rng_below(&rng, (uint32_t)n_classes);
        for (size_t j = 0; j < n_features; j++) {
            uint32_t level = rng_below(&rng, n_levels);
            if (rng_below(&rng, 3) == 0)
                level = (d->y[i] + (uint32_t)j) % n_levels;
            if (j % 7 == 3 || rng_below(&rng, 4) == 0)
                level = 0;
            d->bytes[i * n_features + j] = (uint8_t)(level * (255 / (n_levels - 1)));
        }
    }
    made_finish(d, n_rows, n_features, n_classes);
}

/* "name=value" with the index of a word for choices; NULL ends the list. */
static inline struct parameters made_parameters(const struct classifier_class *class,
                                                const char *const *settings)
{
    struct parameters parameters;
    parameters_default(&parameters, class->parameters);
    for (size_t i = 0; settings && settings[i]; i++) {
        char name[64];
        double number;
        cr_assert_eq(sscanf(settings[i], "%63[^=]=%lf", name, &number), 2);
        const size_t index = parameter_find(class->parameters, name);
        const struct parameter_spec *spec = &class->parameters[index];
        cr_assert_not_null(spec->name, "%s", name);
        struct parameter_value *value = &parameters.values[index];
        value->is_none = false;
        value->choice = (size_t)number;
        value->n_numbers = 1;
        value->numbers[0] = number;
        cr_assert_eq(parameter_validate(spec, value, NULL), STATUS_OK);
    }
    return parameters;
}

struct made_request {
    int n_threads;
    size_t memory_bytes; /* 0: no limit */
    size_t n_asked;      /* for these settings too, of a class that needs to be asked */
    const char *const (*asked)[4];
};

static inline void *made_fit_with(const struct classifier_class *class, const struct made_data *d,
                                  const char *const *settings, const struct made_request *request,
                                  struct fit_report *report)
{
    const struct parameters parameters = made_parameters(class, settings);
    const struct execution execution = {
        .rng_key = 42, .n_threads = request->n_threads, .memory_bytes = request->memory_bytes};
    struct fit_report unused;
    void *model;
    fit_report_init(report ? report : &unused);
    cr_assert_eq(class->create(&model, &parameters, NULL), STATUS_OK);
    for (size_t i = 0; i < request->n_asked; i++) {
        const struct parameters readout = made_parameters(class, request->asked[i]);
        cr_assert_eq(class->ask(model, &readout, NULL), STATUS_OK);
    }
    cr_assert_eq(class->fit(model, &d->set, &execution, report ? report : &unused, NULL),
                 STATUS_OK);
    return model;
}

static inline void *made_fit(const struct classifier_class *class, const struct made_data *d,
                             const char *const *settings, int n_threads, struct fit_report *report)
{
    return made_fit_with(class, d, settings, &(struct made_request){.n_threads = n_threads},
                         report);
}

static inline void made_predict(const struct classifier_class *class, void *model,
                                const struct features *x, const char *const *settings,
                                int n_threads, uint8_t *labels)
{
    const struct parameters parameters = made_parameters(class, settings);
    const struct execution execution = {.rng_key = 42, .n_threads = n_threads};
    cr_assert_eq(class->predict(model, &parameters, x, &execution, labels, NULL), STATUS_OK);
}

/* Fits and predicts. */
static inline void made_run(const struct classifier_class *class, const struct made_data *train,
                            const struct made_data *test, const char *const *settings,
                            int n_threads, uint8_t *labels)
{
    void *model = made_fit(class, train, settings, n_threads, NULL);
    made_predict(class, model, &test->x, settings, n_threads, labels);
    class->destroy(model);
}

#endif
