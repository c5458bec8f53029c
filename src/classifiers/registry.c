#include "classifiers/classifier.h"

#include <assert.h>
#include <string.h>

/* clang-format off: a line a class */
extern const struct classifier_class passive_aggressive_class;
extern const struct classifier_class sgd_class;
extern const struct classifier_class perceptron_class;
extern const struct classifier_class decision_tree_class;
extern const struct classifier_class random_forest_class;
extern const struct classifier_class logistic_regression_class;
extern const struct classifier_class mlp_class;
extern const struct classifier_class k_neighbors_class;
extern const struct classifier_class svc_class;
extern const struct classifier_class gaussian_nb_class;
extern const struct classifier_class extra_tree_class;
extern const struct classifier_class gaussian_process_class;
extern const struct classifier_class gradient_boosting_class;
extern const struct classifier_class linear_svc_class;

const struct classifier_class *const classifier_registry[] = {
    &passive_aggressive_class,
    &sgd_class,
    &perceptron_class,
    &decision_tree_class,
    &random_forest_class,
    &logistic_regression_class,
    &mlp_class,
    &k_neighbors_class,
    &svc_class,
    &gaussian_nb_class,
    &extra_tree_class,
    &gaussian_process_class,
    &gradient_boosting_class,
    &linear_svc_class,
    NULL,
};
/* clang-format on */

const struct classifier_class *classifier_find(const char *name)
{
    for (size_t i = 0; classifier_registry[i]; i++)
        if (strcmp(classifier_registry[i]->name, name) == 0)
            return classifier_registry[i];
    return NULL;
}

void fit_report_init(struct fit_report *report)
{
    *report = (struct fit_report){.n_iter = -1, .converged = -1, .fit_s = -1};
}

void fit_report_add(struct fit_report *report, const char *name, double value)
{
    assert(report->n_measures < FIT_MEASURES_MAX);
    report->measures[report->n_measures++] = (struct measure){.name = name, .value = value};
}
