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

static const char *const svc_kernels[] = {"linear", "poly", "rbf", "sigmoid", NULL};

static const struct parameter_spec svc_parameters[] = {
    {.name = "C",
     .type = PARAMETER_REAL,
     .summary = "weight of the hinge losses against the margin",
     .maximum = INFINITY,
     .minimum_excluded = true,
     .fallback = NUMBER(1)},
    {.name = "kernel",
     .type = PARAMETER_CHOICE,
     .summary = "kernel function",
     .choices = svc_kernels,
     .fallback = {.choice = 2}},
    {.name = NULL},
};

extern const struct classifier_class svc_class;
const struct classifier_class svc_class = {
    .name = "SVC",
    .summary = "C-support vector machine with a kernel, one machine for each pair of classes",
    .parameters = svc_parameters,
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
