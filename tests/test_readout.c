/* What is read from a larger fit is what a fit of its own gives: labels, report and time. */
#include "base/clock.h"
#include "test_tree_helpers.h"

#include <math.h>
#include <stdlib.h>

static struct made_data train, test;
static float train_scaled[MADE_ROWS_MAX * MADE_FEATURES_MAX];
static float test_scaled[MADE_ROWS_MAX * MADE_FEATURES_MAX];
static uint8_t read_labels[MADE_ROWS_MAX], own_labels[MADE_ROWS_MAX];

struct trial {
    const char *class;
    const char *fitted[4], *readout[4];
    size_t n_asked; /* 0: of a class that need not be asked */
    const char *asked[3][4];
    bool is_short; /* of memory, and so large that kernel values are not all kept */
};

enum { ROWS_SHORT = MADE_ROWS_MAX, BYTES_SHORT = 1 << 30 };

static const struct trial trials[] = {
    {.class = "DecisionTreeClassifier",
     .fitted = {"splitter=0"},
     .readout = {"splitter=0", "max_depth=4"}},
    {.class = "DecisionTreeClassifier",
     .fitted = {"splitter=1"},
     .readout = {"splitter=1", "max_depth=6"}},
    {.class = "ExtraTreeClassifier", .fitted = {"max_depth=40"}, .readout = {"max_depth=5"}},
    {.class = "RandomForestClassifier",
     .fitted = {"n_estimators=30"},
     .readout = {"n_estimators=12"}},
    {.class = "RandomForestClassifier",
     .fitted = {"n_estimators=30"},
     .readout = {"n_estimators=30", "max_depth=3"}},
    {.class = "RandomForestClassifier",
     .fitted = {"n_estimators=30", "max_depth=9"},
     .readout = {"n_estimators=20", "max_depth=5"}},
    {.class = "GradientBoostingClassifier",
     .fitted = {"n_estimators=25", "max_depth=3"},
     .readout = {"n_estimators=10", "max_depth=3"}},
    {.class = "GradientBoostingClassifier",
     .fitted = {"n_estimators=12", "max_depth=50"},
     .readout = {"n_estimators=6", "max_depth=50"}},
    {.class = "SVC",
     .fitted = {"kernel=1", "C=1"},
     .readout = {"kernel=1", "C=10"},
     .n_asked = 2,
     .asked = {{"kernel=1", "C=100"}, {"kernel=1", "C=10"}}},
    {.class = "SVC",
     .fitted = {"kernel=2", "C=1"},
     .readout = {"kernel=2", "C=100"},
     .n_asked = 3,
     .asked = {{"kernel=2", "C=1"}, {"kernel=2", "C=10"}, {"kernel=2", "C=100"}},
     .is_short = true},
    {.class = "SVC",
     .fitted = {"kernel=3", "C=1"},
     .readout = {"kernel=3", "C=1"},
     .n_asked = 3,
     .asked = {{"kernel=3", "C=1"}, {"kernel=3", "C=10"}, {"kernel=3", "C=100"}},
     .is_short = true},
};
enum { N_TRIALS = sizeof trials / sizeof *trials };

/* About what standardising gives: the rows of both are alike. */
static void make(struct made_data *d, float *scaled, uint64_t seed, size_t n_rows, size_t n_columns)
{
    made_random(d, seed, n_rows, n_columns, 5, 40);
    static float levels[MADE_FEATURES_MAX * N_LEVELS];
    static const struct scaling scaling = {.levels = levels};
    for (size_t i = 0; i < n_columns * N_LEVELS; i++)
        levels[i] = ((float)(i % N_LEVELS) - 85) / 80;
    d->x.scaling = &scaling;
    for (size_t i = 0; i < n_rows; i++)
        features_standardise(&d->x, i, scaled + i * n_columns);
    d->x.standardised = scaled;
}

static void *fit_of(const struct trial *trial, const struct classifier_class *class)
{
    const struct made_request request = {.n_threads = 1,
                                         .memory_bytes = trial->is_short ? BYTES_SHORT : 0,
                                         .n_asked = trial->n_asked,
                                         .asked = trial->asked};
    return made_fit_with(class, &train, trial->fitted, &request, NULL);
}

static void *own_fit_of(const struct trial *trial, const struct classifier_class *class,
                        struct fit_report *report)
{
    const struct made_request request = {.n_threads = 1,
                                         .memory_bytes = trial->is_short ? BYTES_SHORT : 0};
    return made_fit_with(class, &train, trial->readout, &request, report);
}

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
    make(&test, test_scaled, 4, 600, 60);
    for (size_t t = 0; t < N_TRIALS; t++) {
        make(&train, train_scaled, 3, trials[t].is_short ? ROWS_SHORT : 1200, 60);
        const struct classifier_class *class = classifier_find(trials[t].class);
        struct fit_report own;
        void *model = fit_of(&trials[t], class);
        made_predict(class, model, &test.x, trials[t].readout, 1, read_labels);
        const struct fit_report read = read_report(class, model, trials[t].readout);
        class->destroy(model);
        model = own_fit_of(&trials[t], class, &own);
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
    for (int i = 0; i < (trial->is_short ? 3 : 12); i++) {
        void *model = fit_of(trial, class);
        *read_s = fmin(*read_s, read_report(class, model, trial->readout).fit_s);
        class->destroy(model);
        const double start_s = clock_now_s();
        model = own_fit_of(trial, class, NULL);
        *own_s = fmin(*own_s, clock_now_s() - start_s);
        class->destroy(model);
    }
}

/* The shortest of a few, or of more where the machine does something else as well. */
Test(readout, the_time_is_that_of_a_fit_of_its_own, .timeout = 300)
{
    for (size_t t = 0; t < N_TRIALS; t++) {
        if (trials[t].is_short)
            make(&train, train_scaled, 5, ROWS_SHORT, MADE_FEATURES_MAX);
        else
            make(&train, train_scaled, 5, 1500, 250);
        double read_s = INFINITY, own_s = INFINITY;
        bool is_close = false;
        for (int attempt = 0; attempt < 6 && !is_close; attempt++) {
            time_fits(&trials[t], &read_s, &own_s);
            is_close = read_s > 0.7 * own_s && read_s < 1.3 * own_s;
        }
        cr_assert(is_close, "%zu: %g s read, %g s alone", t, read_s, own_s);
    }
}
