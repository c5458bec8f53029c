#include "classifiers/linear_classifier.h"

#include "base/memory.h"

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

enum status linear_classifier_fit(struct linear_classifier *classifier, bool all_classes,
                                  linear_solver *solver, const struct training_set *set,
                                  const struct execution *execution, struct fit_report *report,
                                  struct error *error)
{
    struct linear_design design = {0};
    double *w = NULL;
    enum status status =
        linear_design_create(&design, set, all_classes, execution->n_threads, error);
    if (status)
        goto cleanup;
    w = memory_array(design.stride * design.lanes, sizeof *w);
    if (!w) {
        status = error_memory(error, "the weights", design.stride * design.lanes * sizeof *w);
        goto cleanup;
    }
    status = solver(&classifier->parameters, &design, execution->rng_key, w, report, error);
    if (!status)
        status = linear_model_create(&classifier->model, &design, w, error);
cleanup:
    memory_free(w);
    linear_design_destroy(&design);
    return status;
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
