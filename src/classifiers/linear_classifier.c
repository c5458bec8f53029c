#include "classifiers/linear_classifier.h"

#include "base/memory.h"
#include "classifiers/linear_basis.h"

enum status linear_classifier_create(void **model, const struct parameters *parameters,
                                     struct error *error)
{
    struct linear_classifier *classifier = memory_zeroed(1, sizeof *classifier);
    *model = classifier;
    if (!classifier)
        return error_memory(error, "a linear classifier", sizeof *classifier);
    classifier->parameters = *parameters;
    return STATUS_OK;
}

void linear_classifier_report(struct fit_report *report, const struct linear_optimum *optimum)
{
    report->solver = optimum->solver;
    report->n_iter = optimum->n_iter;
    report->converged = optimum->converged;
    fit_report_add(report, "objective", optimum->objective);
    fit_report_add(report, "dual_gap", optimum->dual_gap);
}

/* In a basis of the rows. */
static enum status solve_small(const struct linear_classifier *classifier,
                               const struct linear_method *method,
                               const struct linear_design *design, uint64_t rng_key, double *w,
                               struct fit_report *report, struct error *error)
{
    struct linear_basis basis;
    double *u = NULL;
    enum status status = linear_basis_create(&basis, design, error);
    if (!status) {
        const size_t n_u = basis.design.stride * design->lanes;
        u = memory_array(n_u, sizeof *u);
        status =
            u ? method->solve(&classifier->parameters, &basis.design, rng_key, u, report, error)
              : error_memory(error, "the weights", n_u * sizeof *u);
    }
    if (!status)
        status = linear_basis_expand(&basis, design, u, w, error);
    memory_free(u);
    linear_basis_destroy(&basis);
    return status;
}

enum status linear_classifier_fit(struct linear_classifier *classifier,
                                  const struct linear_method *method,
                                  const struct training_set *set, const struct execution *execution,
                                  struct fit_report *report, struct error *error)
{
    struct linear_design design = {0};
    double *w = NULL;
    enum status status =
        linear_design_create(&design, set, method->all_classes, execution->n_threads, error);
    if (status)
        goto cleanup;
    w = memory_array(design.stride * design.lanes, sizeof *w);
    if (!w) {
        status = error_memory(error, "the weights", design.stride * design.lanes * sizeof *w);
        goto cleanup;
    }
    if (method->is_l2 && linear_basis_pays(&design))
        status = solve_small(classifier, method, &design, execution->rng_key, w, report, error);
    else
        status =
            method->solve(&classifier->parameters, &design, execution->rng_key, w, report, error);
    if (!status)
        status = linear_model_create(&classifier->model, &design, w, error);
cleanup:
    memory_free(w);
    linear_design_destroy(&design);
    return status;
}

struct memory_need linear_classifier_memory_need(const struct problem_size *size,
                                                 double solver_bytes)
{
    const double blas_bytes = 16e6 * (double)size->n_threads;
    const double design_bytes = linear_design_bytes(size);
    return (struct memory_need){.bytes = design_bytes + solver_bytes + blas_bytes,
                                .mostly = design_bytes > solver_bytes
                                              ? "the standardised rows in float32"
                                              : "what the solver keeps for each row and class"};
}

enum status linear_classifier_predict(void *model, const struct parameters *readout,
                                      const struct features *x, const struct execution *execution,
                                      uint8_t *restrict labels, struct error *error)
{
    (void)readout;
    const struct linear_classifier *classifier = model;
    return linear_model_predict(&classifier->model, x, execution->n_threads, labels, error);
}

void linear_classifier_destroy(void *model)
{
    struct linear_classifier *classifier = model;
    if (classifier)
        linear_model_destroy(&classifier->model);
    memory_free(classifier);
}
