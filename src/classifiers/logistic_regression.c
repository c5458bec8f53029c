/*
 * LogisticRegression as scikit-learn's solver liblinear has it: one problem a class, with the
 * intercept as a penalised feature of constant 1. l2: linear_binary.c; l1: linear_l1.c. The class
 * is the argmax of the decision values, ties to the smallest class.
 */
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/linear_binary.h"
#include "classifiers/linear_l1.h"

#include <string.h>

enum { PENALTY, C, MULTI_CLASS, TOL, MAX_ITER };
enum { PENALTY_L1, PENALTY_L2 };
enum { OVR, MULTINOMIAL };

static const char *const penalties[] = {"l1", "l2", NULL};
static const char *const multi_classes[] = {"ovr", "multinomial", NULL};

static const struct parameter_spec specs[] = {
    [PENALTY] = {.name = "penalty",
                 .type = PARAMETER_CHOICE,
                 .summary = "norm of the penalty",
                 .choices = penalties,
                 .fallback = {.choice = PENALTY_L2}},
    [C] = {.name = "C",
           .type = PARAMETER_REAL,
           .summary = "weight of the losses against the penalty",
           .minimum = 0,
           .maximum = LINEAR_C_MAX,
           .minimum_excluded = true,
           .fallback = {.n_numbers = 1, .numbers = {1}}},
    [MULTI_CLASS] = {.name = "multi_class",
                     .type = PARAMETER_CHOICE,
                     .summary = "one-vs-rest problems; multinomial has no solver here",
                     .choices = multi_classes,
                     .fallback = {.choice = OVR}},
    [TOL] = {.name = "tol",
             .type = PARAMETER_REAL,
             .summary = "size of the optimality violation to stop at, against that at 0",
             .minimum = 0,
             .maximum = 1,
             .minimum_excluded = true,
             .fallback = {.n_numbers = 1, .numbers = {1e-4}}},
    [MAX_ITER] = {.name = "max_iter",
                  .type = PARAMETER_INTEGER,
                  .summary = "largest number of Newton steps",
                  .minimum = 1,
                  .maximum = 1e9,
                  .fallback = {.n_numbers = 1, .numbers = {100}}},
    {.name = NULL},
};

struct logistic_regression {
    struct parameters parameters;
    struct linear_model model;
};

static enum status check(const struct parameters *parameters, struct error *error)
{
    if (parameter_choice(parameters, MULTI_CLASS) == MULTINOMIAL)
        return error_set(error, STATUS_USAGE,
                         "solver liblinear does not support a multinomial loss");
    return STATUS_OK;
}

static enum status create(void **model, const struct parameters *parameters, struct error *error)
{
    struct logistic_regression *regression = memory_zeroed(1, sizeof *regression);
    *model = regression;
    if (!regression)
        return error_memory(error, "LogisticRegression", sizeof *regression);
    regression->parameters = *parameters;
    return STATUS_OK;
}

static enum status fit_l1(const struct parameters *p, const struct linear_design *design, double *w,
                          struct fit_report *report, struct error *error)
{
    const struct linear_l1_options options = {.C = parameter_number(p, C),
                                              .tol = parameter_number(p, TOL),
                                              .max_iter = (long)parameter_number(p, MAX_ITER)};
    struct linear_l1_result result;
    const enum status status = linear_l1_solve(design, &options, w, &result, error);
    if (status)
        return status;
    report->solver = "newGLMNET with explicit Hessian";
    report->n_iter = result.n_iter;
    report->converged = result.converged;
    fit_report_add(report, "objective", result.objective);
    fit_report_add(report, "violation", result.violation);
    return STATUS_OK;
}

static enum status fit_l2(const struct parameters *p, const struct linear_design *design, double *w,
                          struct fit_report *report, struct error *error)
{
    const struct linear_binary_options options = {.loss = LINEAR_LOGISTIC,
                                                  .C = parameter_number(p, C),
                                                  .tol = parameter_number(p, TOL),
                                                  .max_iter = (long)parameter_number(p, MAX_ITER)};
    struct linear_binary_result result;
    const enum status status = linear_binary_solve(design, &options, w, &result, error);
    if (status)
        return status;
    report->solver = "Newton";
    report->n_iter = result.n_iter;
    report->converged = result.converged;
    fit_report_add(report, "objective", result.objective);
    fit_report_add(report, "dual_gap", result.dual_gap);
    return STATUS_OK;
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct logistic_regression *regression = model;
    const struct parameters *p = &regression->parameters;
    struct linear_design design = {0};
    double *w = NULL;
    enum status status = linear_design_create(&design, set, false, execution->n_threads, error);
    if (status)
        goto cleanup;
    w = memory_array(design.stride * design.lanes, sizeof *w);
    if (!w) {
        status =
            error_memory(error, "LogisticRegression", design.stride * design.lanes * sizeof *w);
        goto cleanup;
    }
    status = parameter_choice(p, PENALTY) == PENALTY_L1 ? fit_l1(p, &design, w, report, error)
                                                        : fit_l2(p, &design, w, report, error);
    if (status)
        goto cleanup;
    status = linear_model_create(&regression->model, &design, w, error);
cleanup:
    memory_free(w);
    linear_design_destroy(&design);
    return status;
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    (void)readout;
    const struct logistic_regression *regression = model;
    return linear_model_predict(&regression->model, x, execution->n_threads, labels, error);
}

static void destroy(void *model)
{
    struct logistic_regression *regression = model;
    if (regression)
        linear_model_destroy(&regression->model);
    memory_free(regression);
}

const struct classifier_class logistic_regression_class = {
    .name = "LogisticRegression",
    .summary = "logistic regression, one-vs-rest",
    .parameters = specs,
    .train_views = VIEW_STANDARDISED,
    .test_views = VIEW_STANDARDISED,
    .is_deterministic = true,
    .check = check,
    .create = create,
    .fit = fit,
    .predict = predict,
    .destroy = destroy,
};
