/*
 * PassiveAggressiveClassifier: the passive-aggressive algorithm PA-I on the hinge loss, one binary
 * problem for each class; sgd.c has the update and the stopping rule.
 */
#include "classifiers/classifier.h"
#include "classifiers/sgd.h"

#include <math.h>

enum { C, MAX_ITER };

static const struct parameter_spec specs[] = {
    [C] = {.name = "C",
           .type = PARAMETER_REAL,
           .summary = "largest step",
           .maximum = INFINITY,
           .minimum_excluded = true,
           .fallback = {.n_numbers = 1, .numbers = {1}}},
    [MAX_ITER] = SGD_SPEC_MAX_ITER,
    {.name = NULL},
};

static enum status create(void **model, const struct parameters *p, struct error *error)
{
    const struct sgd_options options = {.loss = SGD_HINGE,
                                        .penalty = SGD_NONE,
                                        .rate = SGD_PASSIVE_AGGRESSIVE,
                                        .C = parameter_number(p, C),
                                        .max_iter = (long)parameter_number(p, MAX_ITER)};
    return sgd_create(model, &options, error);
}

static struct memory_need memory_need(const struct parameters *p, const struct problem_size *size)
{
    struct memory_need need = sgd_memory_need(p, size);
    need.bytes += (double)size->n_train * sizeof(double);
    need.mostly = "the norms of the rows";
    return need;
}

const struct classifier_class passive_aggressive_class = {
    .name = "PassiveAggressiveClassifier",
    .summary = "passive-aggressive linear models (PA-I), one for each class",
    .parameters = specs,
    .create = create,
    .memory_need = memory_need,
    .fit = sgd_fit,
    .predict = sgd_predict,
    .destroy = sgd_destroy,
};
