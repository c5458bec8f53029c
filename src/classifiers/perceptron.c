/*
 * Perceptron: stochastic gradient descent on the perceptron loss with steps of a constant length,
 * one binary problem for each class; sgd.c has the objective, the update and the stopping rule.
 */
#include "classifiers/classifier.h"
#include "classifiers/sgd.h"

enum { PENALTY, ALPHA, L1_RATIO, MAX_ITER, ETA0 };

static const struct parameter_spec specs[] = {
    [PENALTY] = SGD_SPEC_PENALTY(SGD_NONE),
    [ALPHA] = {.name = "alpha",
               .type = PARAMETER_REAL,
               .summary = "factor of the penalty",
               .minimum = 0,
               .maximum = 1e6,
               .fallback = {.n_numbers = 1, .numbers = {1e-4}}},
    [L1_RATIO] = SGD_SPEC_L1_RATIO,
    [MAX_ITER] = SGD_SPEC_MAX_ITER,
    [ETA0] = {.name = "eta0",
              .type = PARAMETER_REAL,
              .summary = "length of the steps",
              .minimum = 0,
              .maximum = 1e6,
              .minimum_excluded = true,
              .fallback = {.n_numbers = 1, .numbers = {1}}},
    {.name = NULL},
};

static void canonical(struct parameters *parameters)
{
    if (parameter_choice(parameters, PENALTY) != SGD_ELASTICNET)
        parameters->values[L1_RATIO] = specs[L1_RATIO].fallback;
    if (parameter_choice(parameters, PENALTY) == SGD_NONE)
        parameters->values[ALPHA] = specs[ALPHA].fallback;
}

static enum status create(void **model, const struct parameters *p, struct error *error)
{
    const struct sgd_options options = {.loss = SGD_PERCEPTRON,
                                        .penalty = (enum sgd_penalty)parameter_choice(p, PENALTY),
                                        .rate = SGD_CONSTANT,
                                        .alpha = parameter_number(p, ALPHA),
                                        .l1_ratio = parameter_number(p, L1_RATIO),
                                        .eta0 = parameter_number(p, ETA0),
                                        .max_iter = (long)parameter_number(p, MAX_ITER)};
    return sgd_create(model, &options, error);
}

const struct classifier_class perceptron_class = {
    .name = "Perceptron",
    .summary = "perceptrons, one for each class",
    .parameters = specs,
    .canonical = canonical,
    .create = create,
    .memory_need = sgd_memory_need,
    .fit = sgd_fit,
    .predict = sgd_predict,
    .destroy = sgd_destroy,
};
