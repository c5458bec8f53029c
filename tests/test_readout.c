/* What is read from a larger fit is what a fit of its own gives: labels, report and time. */
#include "base/clock.h"
#include "test_tree_helpers.h"

#include <math.h>
#include <stdlib.h>

static struct made_data train, test;
static uint8_t read_labels[MADE_ROWS_MAX], own_labels[MADE_ROWS_MAX];

struct trial {
    const char *class;
    const char *fitted[4], *readout[4];
};

static const struct trial trials[] = {
    {"DecisionTreeClassifier", {"splitter=0"}, {"splitter=0", "max_depth=4"}},
    {"DecisionTreeClassifier", {"splitter=1"}, {"splitter=1", "max_depth=6"}},
    {"ExtraTreeClassifier", {"max_depth=40"}, {"max_depth=5"}},
    {"RandomForestClassifier", {"n_estimators=30"}, {"n_estimators=12"}},
    {"RandomForestClassifier", {"n_estimators=30"}, {"n_estimators=30", "max_depth=3"}},
    {"RandomForestClassifier",
     {"n_estimators=30", "max_depth=9"},
     {"n_estimators=20", "max_depth=5"}},
    {"GradientBoostingClassifier",
     {"n_estimators=25", "max_depth=3"},
     {"n_estimators=10", "max_depth=3"}},
    {"GradientBoostingClassifier",
     {"n_estimators=12", "max_depth=50"},
     {"n_estimators=6", "max_depth=50"}},
};
enum { N_TRIALS = sizeof trials / sizeof *trials };

static struct fit_report read_report(const struct classifier_class *class, const void *model,
                                     const char *const *settings)
{
    struct fit_report report;
    const struct parameters readout = made_parameters(class, settings);
    fit_report_init(&report);
    cr_assert_eq(class->read(model, &readout, &report, NULL), STATUS_OK);
    return report;
}

static void compare_reports(const struct fit_report *a, const struct fit_report *b, size_t trial)
{
    cr_assert_eq(a->n_iter, b->n_iter, "%zu", trial);
    cr_assert_eq(a->converged, b->converged, "%zu", trial);
    cr_assert_eq(a->n_measures, b->n_measures, "%zu", trial);
    for (size_t i = 0; i < a->n_measures; i++) {
        cr_assert_str_eq(a->measures[i].name, b->measures[i].name);
        cr_assert_eq(a->measures[i].value, b->measures[i].value, "%zu: %s is %g, alone %g", trial,
                     a->measures[i].name, a->measures[i].value, b->measures[i].value);
    }
}

Test(readout, labels_and_report_are_those_of_a_fit_of_its_own, .timeout = 60)
{
    made_random(&train, 3, 1200, 60, 5, 40);
    made_random(&test, 4, 600, 60, 5, 40);
    for (size_t t = 0; t < N_TRIALS; t++) {
        const struct classifier_class *class = classifier_find(trials[t].class);
        struct fit_report own;
        void *model = made_fit(class, &train, trials[t].fitted, 1, NULL);
        made_predict(class, model, &test.x, trials[t].readout, 1, read_labels);
        const struct fit_report read = read_report(class, model, trials[t].readout);
        class->destroy(model);
        model = made_fit(class, &train, trials[t].readout, 1, &own);
        made_predict(class, model, &test.x, trials[t].readout, 1, own_labels);
        class->destroy(model);
        cr_assert_eq(memcmp(read_labels, own_labels, 600), 0, "%zu", t);
        compare_reports(&read, &own, t);
    }
}

/* Shortens both times where a few more fits are shorter. */
static void time_fits(const struct trial *trial, double *read_s, double *own_s)
{
    const struct classifier_class *class = classifier_find(trial->class);
    for (int i = 0; i < 12; i++) {
        void *model = made_fit(class, &train, trial->fitted, 1, NULL);
        *read_s = fmin(*read_s, read_report(class, model, trial->readout).fit_s);
        class->destroy(model);
        const double start_s = clock_now_s();
        model = made_fit(class, &train, trial->readout, 1, NULL);
        *own_s = fmin(*own_s, clock_now_s() - start_s);
        class->destroy(model);
    }
}

/* The shortest of a few, or of more where the machine does something else as well. */
Test(readout, the_time_is_that_of_a_fit_of_its_own, .timeout = 300)
{
    made_random(&train, 5, 1500, 250, 5, 40);
    for (size_t t = 0; t < N_TRIALS; t++) {
        double read_s = INFINITY, own_s = INFINITY;
        bool is_close = false;
        for (int attempt = 0; attempt < 6 && !is_close; attempt++) {
            time_fits(&trials[t], &read_s, &own_s);
            is_close = read_s > 0.7 * own_s && read_s < 1.3 * own_s;
        }
        cr_assert(is_close, "%zu: %g s read, %g s alone", t, read_s, own_s);
    }
}
