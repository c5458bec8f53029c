/*
 * Linear one-vs-rest models trained one sample after another: what SGDClassifier, Perceptron and
 * PassiveAggressiveClassifier share.
 */
#ifndef FMBENCH_CLASSIFIERS_SGD_H
#define FMBENCH_CLASSIFIERS_SGD_H

#include "classifiers/classifier.h"
#include "classifiers/sgd_penalty.h"

/* Of p = w . x + b and y = +-1, in the order of the choices of SGDClassifier. */
enum sgd_loss {
    SGD_HINGE,         /* max(0, 1 - y p) */
    SGD_SQUARED_HINGE, /* max(0, 1 - y p)^2 */
    SGD_PERCEPTRON,    /* max(0, -y p) */
    SGD_LOG,           /* log(1 + exp(-y p)) */
    SGD_MODIFIED_HUBER /* max(0, 1 - y p)^2, but -4 y p below y p = -1 */
};

enum sgd_rate {
    SGD_OPTIMAL,           /* eta = 1 / (alpha (t0 + t)), t = 0, 1, ...; t0 = 1 / (eta0 alpha),
                              eta0 = alpha^(-1/4) */
    SGD_CONSTANT,          /* eta0 */
    SGD_PASSIVE_AGGRESSIVE /* PA-I: w, b += y min(C, hinge / |x|^2) (x, 1); no penalty */
};

/* Parameters that several of the classes have. */
extern const char *const sgd_penalties[]; /* in the order of enum sgd_penalty, then NULL */

#define SGD_SPEC_PENALTY(chosen)                                                                   \
    {                                                                                              \
        .name = "penalty", .type = PARAMETER_CHOICE, .summary = "regularisation term",             \
        .choices = sgd_penalties, .fallback = {                                                    \
            .choice = chosen                                                                       \
        }                                                                                          \
    }

#define SGD_SPEC_L1_RATIO                                                                          \
    {                                                                                              \
        .name = "l1_ratio", .type = PARAMETER_REAL, .summary = "part of l1 in elasticnet",         \
        .minimum = 0, .maximum = 1, .fallback = {                                                  \
            .n_numbers = 1,                                                                        \
            .numbers = {0.15}                                                                      \
        }                                                                                          \
    }

#define SGD_SPEC_MAX_ITER                                                                          \
    {                                                                                              \
        .name = "max_iter", .type = PARAMETER_INTEGER, .summary = "number of epochs",              \
        .minimum = 1, .maximum = 1e6, .fallback = {                                                \
            .n_numbers = 1,                                                                        \
            .numbers = {5}                                                                         \
        }                                                                                          \
    }

struct sgd_options {
    enum sgd_loss loss;
    enum sgd_penalty penalty;
    enum sgd_rate rate;
    double alpha, l1_ratio;
    double eta0; /* SGD_CONSTANT */
    double C;    /* SGD_PASSIVE_AGGRESSIVE */
    long max_iter;
};

/* With two classes a single problem whose positive class is 1, else one problem a class. */
struct sgd_model {
    struct sgd_options options;
    size_t n_features, n_problems, stride;
    float *weights;       /* n_problems x stride, owned */
    double *intercept;    /* n_problems, owned */
    float *scale, *shift; /* n_features, owned: standardised = byte x scale + shift */
};

/*
 * The functions of the interface (classifier.h) that the classes share; each class has a create of
 * its own, which ends in sgd_create; a model is a struct sgd_model. fit: STATUS_FAILED when weights
 * are not finite. predict: the largest w . x + b, ties to the smallest class; of two classes, 1
 * where its value is positive.
 */
enum status sgd_create(void **model, const struct sgd_options *options, struct error *error);
enum status sgd_fit(void *model, const struct training_set *set, const struct execution *execution,
                    struct fit_report *report, struct error *error);
enum status sgd_predict(void *model, const struct parameters *readout, const struct features *x,
                        const struct execution *execution, uint8_t *restrict labels,
                        struct error *error);
void sgd_destroy(void *model);
struct memory_need sgd_memory_need(const struct parameters *parameters,
                                   const struct problem_size *size);

#endif
