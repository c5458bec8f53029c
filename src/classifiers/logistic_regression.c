/*
 * LogisticRegression. ovr, as scikit-learn's solver liblinear has it: one problem a class, with the
 * intercept as a penalised feature of constant 1. l2: linear_binary.c; l1: linear_l1.c.
 * multinomial, as its other solvers have it: the softmax of all classes, with intercepts that are
 * not penalised: multinomial.c. The class is the argmax of the decision values, ties to the
 * smallest class.
 */
#include "classifiers/linear_binary.h"
#include "classifiers/linear_classifier.h"
#include "classifiers/linear_l1.h"
#include "classifiers/linear_lanes.h"
#include "classifiers/multinomial.h"

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
    [C] = LINEAR_SPEC_C("weight of the losses against the penalty"),
    [MULTI_CLASS] = {.name = "multi_class",
                     .type = PARAMETER_CHOICE,
                     .summary = "one-vs-rest problems, or the softmax of all classes",
                     .choices = multi_classes,
                     .fallback = {.choice = OVR}},
    [TOL] = LINEAR_SPEC_TOL("size of the optimality violation to stop at, against that at 0; "
                            "multinomial: relative duality gap"),
    [MAX_ITER] = LINEAR_SPEC_MAX_ITER(100),
    {.name = NULL},
};

static const char *rejected_2017(const struct parameters *parameters)
{
    return parameter_choice(parameters, MULTI_CLASS) == MULTINOMIAL
               ? "solver liblinear does not support a multinomial loss"
               : NULL;
}

static enum status fit_l1(const struct parameters *p, const struct linear_design *design,
                          uint64_t rng_key, double *w, struct fit_report *report,
                          struct error *error)
{
    (void)rng_key;
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

static enum status fit_l2(const struct parameters *p, const struct linear_design *design,
                          uint64_t rng_key, double *w, struct fit_report *report,
                          struct error *error)
{
    (void)rng_key;
    const struct linear_binary_options options = {.loss = LINEAR_LOGISTIC,
                                                  .C = parameter_number(p, C),
                                                  .tol = parameter_number(p, TOL),
                                                  .max_iter = (long)parameter_number(p, MAX_ITER)};
    struct linear_binary_result result;
    const enum status status = linear_binary_solve(design, &options, w, &result, error);
    if (status)
        return status;
    linear_classifier_report(report, &(struct linear_optimum){.solver = "Newton",
                                                              .n_iter = result.n_iter,
                                                              .converged = result.converged,
                                                              .objective = result.objective,
                                                              .dual_gap = result.dual_gap});
    return STATUS_OK;
}

static enum status fit_multinomial(const struct parameters *p, const struct linear_design *design,
                                   uint64_t rng_key, double *w, struct fit_report *report,
                                   struct error *error)
{
    (void)rng_key;
    const struct multinomial_options options = {.is_l1 = parameter_choice(p, PENALTY) == PENALTY_L1,
                                                .C = parameter_number(p, C),
                                                .tol = parameter_number(p, TOL),
                                                .max_iter = (long)parameter_number(p, MAX_ITER)};
    struct multinomial_result result;
    const enum status status = multinomial_solve(design, &options, w, &result, error);
    if (status)
        return status;
    linear_classifier_report(report, &(struct linear_optimum){.solver = result.solver,
                                                              .n_iter = result.n_iter,
                                                              .converged = result.converged,
                                                              .objective = result.objective,
                                                              .dual_gap = result.dual_gap});
    return STATUS_OK;
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct linear_classifier *regression = model;
    const bool l1 = parameter_choice(&regression->parameters, PENALTY) == PENALTY_L1;
    const bool joint = parameter_choice(&regression->parameters, MULTI_CLASS) == MULTINOMIAL;
    const struct linear_method method = {.solve = joint ? fit_multinomial
                                                  : l1  ? fit_l1
                                                        : fit_l2,
                                         .all_classes = joint,
                                         .is_l2 = !l1 && !joint};
    return linear_classifier_fit(regression, &method, set, execution, report, error);
}

static struct memory_need memory_need(const struct parameters *parameters,
                                      const struct problem_size *size)
{
    const bool l1 = parameter_choice(parameters, PENALTY) == PENALTY_L1;
    const bool joint = parameter_choice(parameters, MULTI_CLASS) == MULTINOMIAL;
    return linear_classifier_memory_need(size, joint ? multinomial_bytes(size, l1)
                                               : l1  ? linear_lanes_bytes(size)
                                                     : linear_binary_bytes(size));
}

const struct classifier_class logistic_regression_class = {
    .name = "LogisticRegression",
    .summary = "logistic regression, one-vs-rest or multinomial",
    .parameters = specs,
    .test_views = VIEW_STANDARDISED,
    .is_deterministic = true,
    .rejected_2017 = rejected_2017,
    .create = linear_classifier_create,
    .memory_need = memory_need,
    .fit = fit,
    .predict = linear_classifier_predict,
    .destroy = linear_classifier_destroy,
};
