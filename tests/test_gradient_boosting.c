/* Gradient boosting as a whole: scikit-learn's numbers, stages, odd data. */
#include "classifiers/gradient_boosting_loss.h"
#include "numerics/simd.h"
#include "test_tree_helpers.h"

#include <math.h>
#include <stdlib.h>

static struct made_data train, test;
static uint8_t labels[MADE_ROWS_MAX], expected[MADE_ROWS_MAX];

static const struct classifier_class *boosting(void)
{
    return classifier_find("GradientBoostingClassifier");
}

static double measure(const struct fit_report *report, const char *name)
{
    for (size_t i = 0; i < report->n_measures; i++)
        if (strcmp(report->measures[i].name, name) == 0)
            return report->measures[i].value;
    cr_assert_fail("no measure %s", name);
    return 0;
}

static size_t n_right(const uint8_t *predicted)
{
    size_t n = 0;
    for (size_t i = 0; i < test.x.n_rows; i++)
        n += predicted[i] == test.y[i];
    return n;
}

/* Of n_classes classes, class c about half as often as class c - 1. */
static void make_unbalanced(struct made_data *d, uint64_t seed, size_t n_rows, size_t n_classes)
{
    struct rng rng = rng_create(seed, 1);
    made_random(d, seed, n_rows, 40, n_classes, 30);
    for (size_t i = 0; i < n_rows; i++)
        while (d->y[i] > 0 && rng_below(&rng, 2))
            d->y[i]--;
}

/*
 * scikit-learn 1.2.1, GradientBoostingClassifier(n_estimators, max_depth) on the bytes as they are:
 * train_score_ of the last stage and right labels among the test rows, for random_state 0 to 9 (0
 * to 2 at depth 3): the middle of their ranges and, where features tie, tolerances that hold them.
 */
Test(gradient_boosting, equals_scikit_learn, .timeout = 60)
{
    static const struct {
        size_t n_classes, unbalanced;
        const char *settings[3];
        double deviance, tolerance;
        size_t n_right, right_tolerance;
    } golden[] = {
        {5, 0, {"n_estimators=10", "max_depth=3"}, 0.926247, 3e-6, 441, 0},
        {5, 0, {"n_estimators=40", "max_depth=3"}, 0.2287932, 3e-7, 562, 0},
        {3, 1, {"n_estimators=10", "max_depth=3"}, 0.744355041102, 1e-9, 352, 0},
        {2, 0, {"n_estimators=20", "max_depth=3"}, 0.6310, 0.0025, 577, 3},
        {5, 0, {"n_estimators=5", "max_depth=50"}, 0.549601643302, 1e-9, 372, 12},
        {5, 0, {"n_estimators=100", "max_depth=50"}, 1.23612268696e-07, 1e-17, 375, 12},
        {2, 0, {"n_estimators=5", "max_depth=50"}, 0.707369885023, 1e-9, 502, 9},
    };
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        if (golden[g].unbalanced) {
            make_unbalanced(&train, 7, 900, golden[g].n_classes);
            make_unbalanced(&test, 8, 600, golden[g].n_classes);
        } else {
            made_random(&train, 7, 900, 40, golden[g].n_classes, 30);
            made_random(&test, 8, 600, 40, golden[g].n_classes, 30);
        }
        struct fit_report report;
        void *model = made_fit(boosting(), &train, golden[g].settings, 1, &report);
        made_predict(boosting(), model, &test.x, golden[g].settings, 1, labels);
        boosting()->destroy(model);
        cr_assert_float_eq(measure(&report, "train_deviance"), golden[g].deviance,
                           golden[g].tolerance, "%zu: %.12g", g,
                           measure(&report, "train_deviance"));
        const size_t right = n_right(labels), wanted = golden[g].n_right;
        cr_assert(right + golden[g].right_tolerance >= wanted &&
                      right <= wanted + golden[g].right_tolerance,
                  "%zu: %zu right, not %zu", g, right, wanted);
    }
}

Test(gradient_boosting, initial_scores, .timeout = 10)
{
    static const uint8_t y[] = {0, 2, 2, 1, 2, 2, 1, 2};
    double scores[4];
    boosting_initial_scores(scores, y, 8, 4);
    for (size_t k = 0; k < 4; k++)
        cr_assert_float_eq(exp(scores[k]),
                           k == 3   ? 0x1p-23
                           : k == 2 ? 0.625
                                    : 0.125 * (double)(k + 1),
                           1e-15);
    boosting_initial_scores(scores, y + 3, 1, 2); /* class 1 alone */
    cr_assert_float_eq(scores[0], log(0x1p23 - 1), 1e-12);
    boosting_initial_scores(scores, y, 4, 2); /* one of four */
    cr_assert_float_eq(scores[0], log(0.25 / 0.75), 1e-15);
}

/* The probability of class k by its definition. */
static double probability(const double *scores, size_t n_rows, size_t row, size_t n_classes,
                          size_t k)
{
    double sum = 0;
    if (n_classes == 2) {
        const double p = 1 / (1 + exp(-scores[row]));
        return k ? p : 1 - p;
    }
    for (size_t j = 0; j < n_classes; j++)
        sum += exp(scores[j * n_rows + row]);
    return exp(scores[k * n_rows + row]) / sum;
}

Test(gradient_boosting, residuals_and_deviance, .timeout = 10)
{
    enum { N = 700 };
    static double scores[4 * N], residuals[4 * N], again[4 * N];
    uint8_t y[N];
    for (size_t n_classes = 2; n_classes <= 4; n_classes++) {
        const struct boosting_rows rows = {
            .scores = scores, .y = y, .n_rows = N, .n_classes = n_classes};
        const size_t n_scores = boosting_n_scores(n_classes);
        struct boosting_state state, state_again;
        double deviance = 0;
        size_t n_correct = 0;
        struct rng rng = rng_create(n_classes, 0);
        for (size_t i = 0; i < n_scores * N; i++)
            scores[i] = 20 * rng_uniform(&rng) - 10;
        for (size_t i = 0; i < N; i++)
            y[i] = (uint8_t)rng_below(&rng, (uint32_t)n_classes);
        cr_assert_eq(boosting_residuals(residuals, &state, &rows, 1, NULL), STATUS_OK);
        cr_assert_eq(boosting_residuals(again, &state_again, &rows, 2, NULL), STATUS_OK);
        cr_assert_eq(memcmp(residuals, again, n_scores * N * sizeof *again), 0);
        cr_assert_eq(state.deviance, state_again.deviance);
        for (size_t i = 0; i < N; i++) {
            const double right = probability(scores, N, i, n_classes, y[i]);
            size_t best = 0;
            for (size_t k = 0; k < n_classes; k++) {
                const double p = probability(scores, N, i, n_classes, k);
                best = p > probability(scores, N, i, n_classes, best) ? k : best;
                if (n_classes > 2)
                    cr_assert_float_eq(residuals[k * N + i], (y[i] == k) - p, 1e-13);
            }
            if (n_classes == 2)
                cr_assert_float_eq(residuals[i], y[i] - probability(scores, N, i, 2, 1), 1e-13);
            deviance -= (n_classes == 2 ? 2 : 1) * log(right) / N;
            n_correct += best == y[i];
        }
        cr_assert_float_eq(state.deviance, deviance, 1e-12 * deviance);
        cr_assert_eq(state.n_correct, n_correct);
    }
}

/* Reading fewer stages gives what a shorter fit gives, and the deviance falls from each to the
 * next.
 */
Test(gradient_boosting, stages, .timeout = 60)
{
    for (size_t n_classes = 2; n_classes <= 5; n_classes += 3) {
        made_random(&train, 11, 700, 30, n_classes, 30);
        made_random(&test, 12, 600, 30, n_classes, 30);
        const char *const full[] = {"n_estimators=12", "max_depth=4", NULL};
        struct fit_report report;
        void *model = made_fit(boosting(), &train, full, 1, &report);
        cr_assert(report.n_iter == 12 && report.converged == 1);
        cr_assert_eq(measure(&report, "n_deviance_rises"), 0);
        const double last = measure(&report, "train_deviance");
        double before = INFINITY;
        for (int n = 1; n <= 12; n++) {
            char estimators[32];
            snprintf(estimators, sizeof estimators, "n_estimators=%d", n);
            const char *const less[] = {estimators, "max_depth=4", NULL};
            void *shorter = made_fit(boosting(), &train, less, 1, &report);
            made_predict(boosting(), shorter, &test.x, less, 1, expected);
            boosting()->destroy(shorter);
            made_predict(boosting(), model, &test.x, less, 1, labels);
            cr_assert_eq(memcmp(labels, expected, 600), 0, "%d stages", n);
            cr_assert_lt(measure(&report, "train_deviance"), before);
            before = measure(&report, "train_deviance");
        }
        cr_assert_eq(before, last);
        boosting()->destroy(model);
    }
}

Test(gradient_boosting, threads_change_nothing, .timeout = 60)
{
    made_random(&train, 41, 1000, 50, 12, 100);
    made_random(&test, 42, 1400, 50, 12, 100);
    for (int deep = 0; deep < 2; deep++) {
        const char *const settings[] = {"n_estimators=4", deep ? "max_depth=50" : "max_depth=3",
                                        NULL};
        struct fit_report one, two;
        void *model = made_fit(boosting(), &train, settings, 1, &one);
        made_predict(boosting(), model, &test.x, settings, 1, expected);
        boosting()->destroy(model);
        model = made_fit(boosting(), &train, settings, 2, &two);
        made_predict(boosting(), model, &test.x, settings, 2, labels);
        boosting()->destroy(model);
        cr_assert_eq(memcmp(labels, expected, 1400), 0);
        cr_assert_eq(measure(&one, "train_deviance"), measure(&two, "train_deviance"));
    }
}

Test(gradient_boosting, instruction_sets_change_nothing, .timeout = 60)
{
    struct fit_report report;
    double deviance = 0;
    made_random(&train, 43, 900, 61, 4, 200);
    made_random(&test, 44, 600, 61, 4, 200);
    for (int level = (int)simd_level(), first = level; level >= 0; level--) {
        const char *const settings[] = {"n_estimators=4", "max_depth=9", NULL};
        setenv("FMBENCH_SIMD", simd_level_name((enum simd_level)level), 1);
        void *model = made_fit(boosting(), &train, settings, 1, &report);
        made_predict(boosting(), model, &test.x, settings, 1, labels);
        boosting()->destroy(model);
        if (level == first) {
            memcpy(expected, labels, 600);
            deviance = measure(&report, "train_deviance");
        }
        cr_assert_eq(memcmp(labels, expected, 600), 0, "level %d", level);
        cr_assert_eq(deviance, measure(&report, "train_deviance"), "level %d", level);
    }
}

/* The scores of equal rows move together: after many stages they are those of the class shares. */
Test(gradient_boosting, equal_rows_with_different_labels, .timeout = 20)
{
    for (size_t n_classes = 2; n_classes <= 3; n_classes++) {
        for (size_t i = 0; i < 300; i++) {
            const size_t group = i / 100; /* all 0, 1 to 2 of it, all of the last class */
            memset(train.bytes + 5 * i, (int)(group * 100), 5);
            train.y[i] = (uint8_t)(group == 0   ? 0
                                   : group == 2 ? n_classes - 1
                                   : i % 3 == 0 ? n_classes - 1
                                                : n_classes - 2);
        }
        made_finish(&train, 300, 5, n_classes);
        const char *const settings[] = {"n_estimators=60", "max_depth=50", NULL};
        struct fit_report report;
        void *model = made_fit(boosting(), &train, settings, 1, &report);
        made_predict(boosting(), model, &train.x, settings, 1, labels);
        boosting()->destroy(model);
        for (size_t i = 0; i < 300; i++) {
            const size_t wanted = i < 100 ? 0 : i < 200 ? n_classes - 2 : n_classes - 1;
            cr_assert_eq(labels[i], wanted, "%zu", i);
        }
        /* The entropy of the middle group, 33 rows to 67; 2 log for two classes. */
        const double entropy = -(0.33 * log(0.33) + 0.67 * log(0.67)) / 3;
        const double least = n_classes == 2 ? 2 * entropy : entropy;
        cr_assert_gt(measure(&report, "train_deviance"), least - 1e-9);
        cr_assert_lt(measure(&report, "train_deviance"), least + 0.02);
    }
}

Test(gradient_boosting, constant_features_change_nothing, .timeout = 20)
{
    static struct made_data wide;
    struct fit_report narrow_report, wide_report;
    made_random(&train, 71, 400, 20, 4, 256);
    for (size_t i = 0; i < 400; i++)
        for (size_t j = 0; j < 90; j++)
            wide.bytes[i * 90 + j] =
                (uint8_t)(j % 4 == 1 && j / 4 < 20 ? train.bytes[i * 20 + j / 4] : j % 3 * 100);
    memcpy(wide.y, train.y, 400);
    made_finish(&wide, 400, 90, 4);
    const char *const settings[] = {"n_estimators=6", "max_depth=3", NULL};
    boosting()->destroy(made_fit(boosting(), &train, settings, 1, &narrow_report));
    boosting()->destroy(made_fit(boosting(), &wide, settings, 1, &wide_report));
    cr_assert_eq(measure(&narrow_report, "train_deviance"),
                 measure(&wide_report, "train_deviance"));
    /* Nothing to split: every stage is one leaf a class, with the sum of residuals 0. */
    memset(train.bytes, 9, 400 * 20);
    made_finish(&train, 400, 20, 4);
    made_run(boosting(), &train, &train, settings, 1, labels);
    size_t counts[4] = {0}, heaviest = 0;
    for (size_t i = 0; i < 400; i++)
        counts[train.y[i]]++;
    for (size_t c = 1; c < 4; c++)
        heaviest = counts[c] > counts[heaviest] ? c : heaviest;
    for (size_t i = 0; i < 400; i++)
        cr_assert_eq(labels[i], heaviest);
}

Test(gradient_boosting, few_rows_and_rare_classes, .timeout = 60)
{
    const char *const settings[] = {"n_estimators=3", "max_depth=50", NULL};
    train.bytes[0] = 3;
    train.y[0] = 1;
    made_finish(&train, 1, 1, 2);
    made_run(boosting(), &train, &train, settings, 2, labels);
    cr_assert_eq(labels[0], 1);
    train.bytes[1] = 4;
    train.y[1] = 0;
    made_finish(&train, 2, 1, 2);
    made_run(boosting(), &train, &train, settings, 1, labels);
    cr_assert(labels[0] == 1 && labels[1] == 0);
    /* One row of class 6, none of class 3. */
    made_random(&train, 81, 500, 30, 3, 256);
    train.y[77] = 6;
    made_finish(&train, 500, 30, 7);
    made_run(boosting(), &train, &train, settings, 1, labels);
    cr_assert_eq(memcmp(labels, train.y, 500), 0);
    made_random(&train, 61, 800, 30, 256, 256);
    for (size_t i = 0; i < 256; i++)
        train.y[i] = (uint8_t)i;
    made_run(boosting(), &train, &train, settings, 2, labels);
    cr_assert_eq(memcmp(labels, train.y, 800), 0);
}
