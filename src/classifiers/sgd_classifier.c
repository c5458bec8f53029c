/*
 * SGDClassifier: linear models by stochastic gradient descent, one for each class; sgd.c has the
 * objective, the update and the stopping rule.
 */
#include "classifiers/classifier.h"
#include "classifiers/sgd.h"

enum { LOSS, PENALTY, ALPHA, L1_RATIO, MAX_ITER };

static const char *const losses[] = {"hinge", "squared_hinge",  "perceptron",
                                     "log",   "modified_huber", NULL};

static const struct parameter_spec specs[] = {
    [LOSS] = {.name = "loss",
              .type = PARAMETER_CHOICE,
              .summary = "loss of a sample",
              .choices = losses,
              .fallback = {.choice = SGD_HINGE}},
    [PENALTY] = SGD_SPEC_PENALTY(SGD_L2),
    [ALPHA] = {.name = "alpha",
               .type = PARAMETER_REAL,
               .summary = "factor of the penalty; the steps shrink with it too",
               .minimum = 0,
               .maximum = 1e6,
               .minimum_excluded = true,
               .fallback = {.n_numbers = 1, .numbers = {1e-4}}},
    [L1_RATIO] = SGD_SPEC_L1_RATIO,
    [MAX_ITER] = SGD_SPEC_MAX_ITER,
    {.name = NULL},
};

static void canonical(struct parameters *parameters)
{
    if (parameter_choice(parameters, PENALTY) != SGD_ELASTICNET)
        parameters->values[L1_RATIO] = specs[L1_RATIO].fallback;
}

static enum status create(void **model, const struct parameters *p, struct error *error)
{
    const struct sgd_options options = {.loss = (enum sgd_loss)parameter_choice(p, LOSS),
                                        .penalty = (enum sgd_penalty)parameter_choice(p, PENALTY),
                                        .rate = SGD_OPTIMAL,
                                        .alpha = parameter_number(p, ALPHA),
                                        .l1_ratio = parameter_number(p, L1_RATIO),
                                        .max_iter = (long)parameter_number(p, MAX_ITER)};
    return sgd_create(model, &options, error);
}

const struct classifier_class sgd_class = {
    .name = "SGDClassifier",
    .summary = "linear models by stochastic gradient descent, one for each class",
    .parameters = specs,
    .canonical = canonical,
    .create = create,
    .memory_need = sgd_memory_need,
    .fit = sgd_fit,
    .predict = sgd_predict,
    .destroy = sgd_destroy,
};
