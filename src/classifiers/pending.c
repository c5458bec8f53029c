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
