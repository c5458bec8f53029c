/* GaussianProcessClassifier: its parameters only, so that grids which name it are validated. */
#include "classifiers/classifier.h"

static const char *const modes[] = {"one_vs_rest", "one_vs_one", NULL};

static const struct parameter_spec specs[] = {
    {.name = "multi_class",
     .type = PARAMETER_CHOICE,
     .summary = "how several classes become binary problems",
     .choices = modes,
     .fallback = {.choice = 0}},
    {.name = NULL},
};

const struct classifier_class gaussian_process_class = {
    .name = "GaussianProcessClassifier",
    .summary = "Gaussian process classification by the Laplace approximation",
    .parameters = specs,
    .unsupported = "not offered",
    .unfinished_2017 = "never finished in 2017: does not fit in memory or time at 60,000 rows",
};
