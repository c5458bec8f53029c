/*
 * LinearSVC: linear support vector machines, with the intercept as a penalised feature of
 * constant 1.
 *
 * ovr: one problem a class, linear_binary.c, or linear_l1_svc.c with the penalty l1.
 * crammer_singer: one joint problem, crammer_singer.c, whatever `loss` and `penalty` say.
 * LIBLINEAR's dual coordinate descent, which scikit-learn calls, stops far from the optimum of the
 * larger C; these methods go on to a relative duality gap of tol, or say that their limit stopped
 * them before it. The class is the argmax of the decision values, ties to the smallest class.
 */
#include "classifiers/crammer_singer.h"
#include "classifiers/linear_binary.h"
#include "classifiers/linear_classifier.h"
#include "classifiers/linear_l1_svc.h"

enum { PENALTY, LOSS, C, MULTI_CLASS, TOL, MAX_ITER };
enum { PENALTY_L1, PENALTY_L2 };
enum { LOSS_HINGE, LOSS_SQUARED_HINGE };
enum { OVR, CRAMMER_SINGER };
enum { CRAMMER_SINGER_PASSES_MAX = 100000 }; /* LIBLINEAR's */

static const char *const penalties[] = {"l1", "l2", NULL};
static const char *const losses[] = {"hinge", "squared_hinge", NULL};
static const char *const multi_classes[] = {"ovr", "crammer_singer", NULL};

static const struct parameter_spec specs[] = {
    [PENALTY] = {.name = "penalty",
                 .type = PARAMETER_CHOICE,
                 .summary = "norm of the penalty; crammer_singer ignores it",
                 .choices = penalties,
                 .fallback = {.choice = PENALTY_L2}},
    [LOSS] = {.name = "loss",
              .type = PARAMETER_CHOICE,
              .summary = "loss of the one-vs-rest problems; crammer_singer ignores it",
              .choices = losses,
              .fallback = {.choice = LOSS_SQUARED_HINGE}},
    [C] = LINEAR_SPEC_C("weight of the losses against the penalty"),
    [MULTI_CLASS] = {.name = "multi_class",
                     .type = PARAMETER_CHOICE,
                     .summary = "one-vs-rest problems, or the joint problem of Crammer and Singer",
                     .choices = multi_classes,
                     .fallback = {.choice = OVR}},
    [TOL] = LINEAR_SPEC_TOL("largest relative duality gap to stop at"),
    [MAX_ITER] = LINEAR_SPEC_MAX_ITER(1000),
    {.name = NULL},
};

static const char *rejected_2017(const struct parameters *parameters)
{
    if (parameter_choice(parameters, MULTI_CLASS) != OVR ||
        parameter_choice(parameters, PENALTY) != PENALTY_L1)
        return NULL;
    return parameter_choice(parameters, LOSS) == LOSS_HINGE
               ? "penalty l1 with loss hinge and multi_class ovr is not supported by liblinear in "
                 "the dual form that is the default"
               : "penalty l1 with loss squared_hinge and multi_class ovr is not supported by "
                 "liblinear in the dual form that is the default";
}

/* Crammer and Singer's machine has its own loss and penalty, and its own limits. */
static void canonical(struct parameters *parameters)
{
    if (parameter_choice(parameters, MULTI_CLASS) != CRAMMER_SINGER)
        return;
    parameters->values[LOSS] = specs[LOSS].fallback;
    parameters->values[PENALTY] = specs[PENALTY].fallback;
    parameters->values[MAX_ITER] = specs[MAX_ITER].fallback;
}

static enum status fit_joint(const struct parameters *p, const struct linear_design *design,
                             uint64_t rng_key, double *w, struct fit_report *report,
                             struct error *error)
{
    const struct crammer_singer_options options = {.C = parameter_number(p, C),
                                                   .tol = parameter_number(p, TOL),
                                                   .max_passes = CRAMMER_SINGER_PASSES_MAX,
                                                   .max_iter = CRAMMER_SINGER_PASSES_MAX,
                                                   .rng_key = rng_key};
    struct crammer_singer_result result;
    const enum status status = crammer_singer_solve(design, &options, w, &result, error);
    if (status)
        return status;
    linear_classifier_report(report, &(struct linear_optimum){.solver = result.solver,
                                                              .n_iter = result.n_iter,
                                                              .converged = result.converged,
                                                              .objective = result.objective,
                                                              .dual_gap = result.dual_gap});
    return STATUS_OK;
}

static enum status fit_binary(const struct parameters *p, const struct linear_design *design,
                              uint64_t rng_key, double *w, struct fit_report *report,
                              struct error *error)
{
    (void)rng_key;
    const bool hinge = parameter_choice(p, LOSS) == LOSS_HINGE;
    const bool l1 = parameter_choice(p, PENALTY) == PENALTY_L1;
    const struct linear_binary_options options = {.loss = hinge ? LINEAR_PROXIMAL_HINGE
                                                                : LINEAR_SQUARED_HINGE,
                                                  .C = parameter_number(p, C),
                                                  .tol = parameter_number(p, TOL),
                                                  .max_iter = (long)parameter_number(p, MAX_ITER)};
    struct linear_binary_result result;
    const enum status status = l1 ? linear_l1_svc_solve(design, &options, w, &result, error)
                                  : linear_binary_solve(design, &options, w, &result, error);
    if (status)
        return status;
    const char *solver = l1      ? "primal-dual interior-point method"
                         : hinge ? "semismooth Newton augmented Lagrangian"
                                 : "finite Newton";
    linear_classifier_report(report, &(struct linear_optimum){.solver = solver,
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
    struct linear_classifier *svc = model;
    const bool joint = parameter_choice(&svc->parameters, MULTI_CLASS) == CRAMMER_SINGER;
    const bool is_l2 = joint || parameter_choice(&svc->parameters, PENALTY) == PENALTY_L2;
    const struct linear_method method = {
        .solve = joint ? fit_joint : fit_binary, .all_classes = joint, .is_l2 = is_l2};
    return linear_classifier_fit(svc, &method, set, execution, report, error);
}

static struct memory_need memory_need(const struct parameters *parameters,
                                      const struct problem_size *size)
{
    const bool joint = parameter_choice(parameters, MULTI_CLASS) == CRAMMER_SINGER;
    const bool l1 = parameter_choice(parameters, PENALTY) == PENALTY_L1;
    return linear_classifier_memory_need(size, joint ? crammer_singer_bytes(size)
                                               : l1  ? linear_l1_svc_bytes(size)
                                                     : linear_binary_bytes(size));
}

const struct classifier_class linear_svc_class = {
    .name = "LinearSVC",
    .summary = "linear support vector machine, one-vs-rest or of Crammer and Singer",
    .parameters = specs,
    .test_views = VIEW_STANDARDISED,
    .is_deterministic = true,
    .rejected_2017 = rejected_2017,
    .canonical = canonical,
    .create = linear_classifier_create,
    .memory_need = memory_need,
    .fit = fit,
    .predict = linear_classifier_predict,
    .destroy = linear_classifier_destroy,
};
