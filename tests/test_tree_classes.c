#include "numerics/simd.h"
#include "test_tree_helpers.h"

#include <stdlib.h>

static struct made_data train, test;
static uint8_t labels[MADE_ROWS_MAX], expected[MADE_ROWS_MAX];

static const char *const names[] = {"DecisionTreeClassifier", "ExtraTreeClassifier"};

/* Reading a full tree at max_depth gives what a tree grown to that depth gives. */
Test(tree_classes, cut_equals_grown, .timeout = 60)
{
    made_random(&train, 11, 900, 40, 6, 30);
    made_random(&test, 12, 500, 40, 6, 30);
    for (size_t i = 0; i < 4; i++) {
        const struct classifier_class *class = classifier_find(names[i % 2]);
        const char *full[] = {i / 2 ? "splitter=1" : "splitter=0", NULL, NULL};
        void *model = made_fit(class, &train, full, 1, NULL);
        for (int depth = 1; depth < 16; depth++) {
            char setting[32];
            snprintf(setting, sizeof setting, "max_depth=%d", depth);
            full[1] = setting;
            made_predict(class, model, &test.x, full, 1, labels);
            made_run(class, &train, &test, full, 1, expected);
            cr_assert_eq(memcmp(labels, expected, 500), 0, "%s %zu depth %d", class->name, i,
                         depth);
        }
        class->destroy(model);
    }
}

/* A full tree knows its training rows by heart; equal rows share the heaviest class. */
Test(tree_classes, training_rows_are_learnt, .timeout = 20)
{
    made_random(&train, 5, 1000, 30, 9, 200);
    for (size_t i = 0; i < 4; i++) {
        const char *const settings[] = {i / 2 ? "splitter=1" : "splitter=0", NULL};
        made_run(classifier_find(names[i % 2]), &train, &train, settings, 1, labels);
        cr_assert_eq(memcmp(labels, train.y, 1000), 0);
    }
}

Test(tree_classes, equal_rows_with_different_labels, .timeout = 20)
{
    memset(train.bytes, 77, 100 * 5);
    for (size_t i = 0; i < 100; i++)
        train.y[i] = (uint8_t)(i % 3 == 0 ? 2 : i % 3 == 1 ? 1 : 3);
    train.y[99] = 1; /* 33 of 2, 34 of 1, 33 of 3 */
    made_finish(&train, 100, 5, 4);
    for (size_t i = 0; i < 4; i++) {
        const char *const settings[] = {i / 2 ? "splitter=1" : "splitter=0", NULL};
        made_run(classifier_find(names[i % 2]), &train, &train, settings, 1, labels);
        for (size_t row = 0; row < 100; row++)
            cr_assert_eq(labels[row], 1);
    }
    train.y[99] = 2;
    train.y[98] = 1; /* 34, 34, 32: the tie goes to the smaller */
    made_run(classifier_find(names[0]), &train, &train, NULL, 1, labels);
    cr_assert_eq(labels[0], 1);
}

Test(tree_classes, one_row_and_one_feature, .timeout = 20)
{
    for (size_t i = 0; i < 2; i++) {
        train.bytes[0] = 3;
        train.y[0] = 1;
        made_finish(&train, 1, 1, 2);
        made_run(classifier_find(names[i]), &train, &train, NULL, 1, labels);
        cr_assert_eq(labels[0], 1);
        train.bytes[1] = 4;
        train.y[1] = 0;
        made_finish(&train, 2, 1, 2);
        made_run(classifier_find(names[i]), &train, &train, NULL, 1, labels);
        cr_assert(labels[0] == 1 && labels[1] == 0);
    }
}

static double measure(const struct fit_report *report, const char *name)
{
    for (size_t i = 0; i < report->n_measures; i++)
        if (strcmp(report->measures[i].name, name) == 0)
            return report->measures[i].value;
    cr_assert_fail("no measure %s", name);
    return 0;
}

Test(tree_classes, limits_are_kept, .timeout = 20)
{
    made_random(&train, 8, 1200, 25, 200, 256);
    for (size_t i = 0; i < 4; i++) {
        const struct classifier_class *class = classifier_find(names[i % 2]);
        const char *settings[] = {i / 2 ? "splitter=1" : "splitter=0", "min_samples_leaf=50", NULL};
        struct fit_report report;
        class->destroy(made_fit(class, &train, settings, 1, &report));
        cr_assert(measure(&report, "n_leaves") > 4 && measure(&report, "n_leaves") <= 24);
        settings[1] = "min_samples_split=1200";
        class->destroy(made_fit(class, &train, settings, 1, &report));
        cr_assert_eq(measure(&report, "n_nodes"), 3);
        settings[1] = "max_depth=3";
        class->destroy(made_fit(class, &train, settings, 1, &report));
        cr_assert(measure(&report, "depth") == 3 && measure(&report, "n_leaves") <= 8);
    }
}

/* float32 screens, double decides: every instruction set grows the same trees. */
Test(tree_classes, all_instruction_sets_agree, .timeout = 60)
{
    made_random(&train, 21, 1500, 300, 7, 90);
    made_random(&test, 22, 600, 300, 7, 90);
    for (size_t i = 0; i < 8; i++)
        for (int level = 0; level <= (int)simd_level(); level++) {
            const char *const settings[] = {i / 2 % 2 ? "splitter=1" : "splitter=0",
                                            i / 4 ? "criterion=1" : "criterion=0", NULL};
            setenv("FMBENCH_SIMD", simd_level_name((enum simd_level)level), 1);
            made_run(classifier_find(names[i % 2]), &train, &test, settings, 1,
                     level ? labels : expected);
            unsetenv("FMBENCH_SIMD");
            if (level)
                cr_assert_eq(memcmp(labels, expected, 600), 0, "case %zu level %d", i, level);
        }
}
