/*
 * LinearSVC: linear support vector machines, with the intercept as a penalised feature of
 * constant 1.
 *
 * ovr: one problem a class, linear_binary.c. crammer_singer: one joint problem, crammer_singer.c,
 * whatever `loss` and `penalty` say. LIBLINEAR's dual coordinate descent, which scikit-learn calls,
 * stops far from the optimum of the larger C; these methods go on to a
 * relative duality gap of tol, or say that their limit stopped them before it.
 * The class is the argmax of the decision values, ties to the smallest class.
 */
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/crammer_singer.h"
#include "classifiers/linear_binary.h"

#include <string.h>

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
                 .summary = "norm of the penalty; l1 only with crammer_singer, which ignores it",
                 .choices = penalties,
                 .fallback = {.choice = PENALTY_L2}},
    [LOSS] = {.name = "loss",
              .type = PARAMETER_CHOICE,
              .summary = "loss of the one-vs-rest problems; crammer_singer ignores it",
              .choices = losses,
              .fallback = {.choice = LOSS_SQUARED_HINGE}},
    [C] = {.name = "C",
           .type = PARAMETER_REAL,
           .summary = "weight of the losses against the penalty",
           .minimum = 0,
           .maximum = LINEAR_C_MAX,
           .minimum_excluded = true,
           .fallback = {.n_numbers = 1, .numbers = {1}}},
    [MULTI_CLASS] = {.name = "multi_class",
                     .type = PARAMETER_CHOICE,
                     .summary = "one-vs-rest problems, or the joint problem of Crammer and Singer",
                     .choices = multi_classes,
                     .fallback = {.choice = OVR}},
    [TOL] = {.name = "tol",
             .type = PARAMETER_REAL,
             .summary = "largest relative duality gap to stop at",
             .minimum = 0,
             .maximum = 1,
             .minimum_excluded = true,
             .fallback = {.n_numbers = 1, .numbers = {1e-4}}},
    [MAX_ITER] = {.name = "max_iter",
                  .type = PARAMETER_INTEGER,
                  .summary = "largest number of Newton steps",
                  .minimum = 1,
                  .maximum = 1e9,
                  .fallback = {.n_numbers = 1, .numbers = {1000}}},
    {.name = NULL},
};

struct linear_svc {
    struct parameters parameters;
    struct linear_model model;
};

static enum status check(const struct parameters *parameters, struct error *error)
{
    if (parameter_choice(parameters, MULTI_CLASS) == OVR &&
        parameter_choice(parameters, PENALTY) == PENALTY_L1)
        return error_set(error, STATUS_USAGE,
                         "penalty l1 with loss %s and multi_class ovr is not supported by "
                         "liblinear in the dual form that is the default",
                         losses[parameter_choice(parameters, LOSS)]);
    return STATUS_OK;
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

static enum status create(void **model, const struct parameters *parameters, struct error *error)
{
    struct linear_svc *svc = memory_zeroed(1, sizeof *svc);
    *model = svc;
    if (!svc)
        return error_memory(error, "LinearSVC", sizeof *svc);
    svc->parameters = *parameters;
    return STATUS_OK;
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
    report->solver = result.solver;
    report->n_iter = result.n_iter;
    report->converged = result.converged;
    fit_report_add(report, "objective", result.objective);
    fit_report_add(report, "dual_gap", result.dual_gap);
    return STATUS_OK;
}

static enum status fit_binary(const struct parameters *p, const struct linear_design *design,
                              double *w, struct fit_report *report, struct error *error)
{
    const bool hinge = parameter_choice(p, LOSS) == LOSS_HINGE;
    const struct linear_binary_options options = {.loss = hinge ? LINEAR_PROXIMAL_HINGE
                                                                : LINEAR_SQUARED_HINGE,
                                                  .C = parameter_number(p, C),
                                                  .tol = parameter_number(p, TOL),
                                                  .max_iter = (long)parameter_number(p, MAX_ITER)};
    struct linear_binary_result result;
    const enum status status = linear_binary_solve(design, &options, w, &result, error);
    if (status)
        return status;
    report->solver = hinge ? "semismooth Newton augmented Lagrangian" : "finite Newton";
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
    struct linear_svc *svc = model;
    const struct parameters *p = &svc->parameters;
    const bool joint = parameter_choice(p, MULTI_CLASS) == CRAMMER_SINGER;
    struct linear_design design = {0};
    double *w = NULL;
    enum status status = linear_design_create(&design, set, joint, execution->n_threads, error);
    if (status)
        goto cleanup;
    w = memory_array(design.stride * design.lanes, sizeof *w);
    if (!w) {
        status = error_memory(error, "LinearSVC", design.stride * design.lanes * sizeof *w);
        goto cleanup;
    }
    status = joint ? fit_joint(p, &design, execution->rng_key, w, report, error)
                   : fit_binary(p, &design, w, report, error);
    if (!status)
        status = linear_model_create(&svc->model, &design, w, error);
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
    const struct linear_svc *svc = model;
    return linear_model_predict(&svc->model, x, execution->n_threads, labels, error);
}

static void destroy(void *model)
{
    struct linear_svc *svc = model;
    if (svc)
        linear_model_destroy(&svc->model);
    memory_free(svc);
}

const struct classifier_class linear_svc_class = {
    .name = "LinearSVC",
    .summary = "linear support vector machine, one-vs-rest or of Crammer and Singer",
    .parameters = specs,
    .train_views = VIEW_STANDARDISED,
    .test_views = VIEW_STANDARDISED,
    .is_deterministic = true,
    .check = check,
    .canonical = canonical,
    .create = create,
    .fit = fit,
    .predict = predict,
    .destroy = destroy,
};
