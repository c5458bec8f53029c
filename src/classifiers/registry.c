#include "classifiers/classifier.h"

#include <assert.h>
#include <string.h>

extern const struct classifier_class logistic_regression_class;
extern const struct classifier_class linear_svc_class;

const struct classifier_class *const classifier_registry[] = {
    &logistic_regression_class,
    &linear_svc_class,
    NULL,
};

const struct classifier_class *classifier_find(const char *name)
{
    for (size_t i = 0; classifier_registry[i]; i++)
        if (strcmp(classifier_registry[i]->name, name) == 0)
            return classifier_registry[i];
    return NULL;
}

void fit_report_init(struct fit_report *report)
{
    *report = (struct fit_report){.n_iter = -1, .converged = -1};
}

void fit_report_add(struct fit_report *report, const char *name, double value)
{
    assert(report->n_measures < FIT_MEASURES_MAX);
    report->measures[report->n_measures++] = (struct measure){.name = name, .value = value};
}
