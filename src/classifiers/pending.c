/*
 * Families of the published grid whose code is still to come: their tables of parameters, so that
 * grids which name them are validated and listed, and the one family that is not offered.
 */
#include "classifiers/classifier.h"

#include <math.h>

#define NUMBER(x)                                                                                  \
    {                                                                                              \
        .n_numbers = 1, .numbers = { x }                                                           \
    }

static const char *const boosting_losses[] = {"deviance", NULL};

static const struct parameter_spec boosting_parameters[] = {
    {.name = "loss",
     .type = PARAMETER_CHOICE,
     .summary = "loss that the stages descend",
     .choices = boosting_losses,
     .fallback = {.choice = 0}},
    {.name = "n_estimators",
     .type = PARAMETER_INTEGER,
     .summary = "number of stages",
     .minimum = 1,
     .maximum = 1e6,
     .is_readout = true,
     .fallback = NUMBER(100)},
    {.name = "max_depth",
     .type = PARAMETER_INTEGER,
     .summary = "largest depth of a tree",
     .minimum = 1,
     .maximum = 1e6,
     .fallback = NUMBER(3)},
    {.name = NULL},
};

extern const struct classifier_class gradient_boosting_class;
const struct classifier_class gradient_boosting_class = {
    .name = "GradientBoostingClassifier",
    .summary = "gradient boosting of regression trees on the multinomial deviance",
    .parameters = boosting_parameters,
};

static const char *const sgd_losses[] = {"hinge", "squared_hinge",  "perceptron",
                                         "log",   "modified_huber", NULL};
static const char *const penalties[] = {"none", "l1", "l2", "elasticnet", NULL};

static const struct parameter_spec sgd_parameters[] = {
    {.name = "loss",
     .type = PARAMETER_CHOICE,
     .summary = "loss of a sample",
     .choices = sgd_losses,
     .fallback = {.choice = 0}},
    {.name = "penalty",
     .type = PARAMETER_CHOICE,
     .summary = "regularisation term",
     .choices = penalties,
     .fallback = {.choice = 2}},
    {.name = NULL},
};

extern const struct classifier_class sgd_class;
const struct classifier_class sgd_class = {
    .name = "SGDClassifier",
    .summary = "linear models by stochastic gradient descent, one for each class",
    .parameters = sgd_parameters,
};

static const struct parameter_spec perceptron_parameters[] = {
    {.name = "penalty",
     .type = PARAMETER_CHOICE,
     .summary = "regularisation term",
     .choices = penalties,
     .fallback = {.choice = 0}},
    {.name = NULL},
};

extern const struct classifier_class perceptron_class;
const struct classifier_class perceptron_class = {
    .name = "Perceptron",
    .summary = "perceptrons, one for each class",
    .parameters = perceptron_parameters,
};

static const struct parameter_spec passive_aggressive_parameters[] = {
    {.name = "C",
     .type = PARAMETER_REAL,
     .summary = "largest step",
     .maximum = INFINITY,
     .minimum_excluded = true,
     .fallback = NUMBER(1)},
    {.name = NULL},
};

extern const struct classifier_class passive_aggressive_class;
const struct classifier_class passive_aggressive_class = {
    .name = "PassiveAggressiveClassifier",
    .summary = "passive-aggressive linear models (PA-I), one for each class",
    .parameters = passive_aggressive_parameters,
};

static const char *const gaussian_process_modes[] = {"one_vs_rest", "one_vs_one", NULL};

static const struct parameter_spec gaussian_process_parameters[] = {
    {.name = "multi_class",
     .type = PARAMETER_CHOICE,
     .summary = "how several classes become binary problems",
     .choices = gaussian_process_modes,
     .fallback = {.choice = 0}},
    {.name = NULL},
};

extern const struct classifier_class gaussian_process_class;
const struct classifier_class gaussian_process_class = {
    .name = "GaussianProcessClassifier",
    .summary = "Gaussian process classification by the Laplace approximation",
    .parameters = gaussian_process_parameters,
    .unsupported = "never finished in 2017: does not fit in memory or time at 60,000 rows",
};
