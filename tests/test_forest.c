#include "test_tree_helpers.h"

static struct made_data train, test;
static uint8_t labels[MADE_ROWS_MAX], expected[MADE_ROWS_MAX];

static const struct classifier_class *forest(void)
{
    return classifier_find("RandomForestClassifier");
}

Test(forest, fewer_trees_and_cut_trees_equal_a_smaller_fit, .timeout = 60)
{
    made_random(&train, 31, 900, 40, 6, 30);
    made_random(&test, 32, 600, 40, 6, 30);
    const char *const full[] = {"n_estimators=12", NULL};
    void *model = made_fit(forest(), &train, full, 1, NULL);
    for (int n = 1; n <= 12; n += 3)
        for (int depth = 1; depth < 24; depth += 3) {
            char estimators[32], max_depth[32];
            snprintf(estimators, sizeof estimators, "n_estimators=%d", n);
            snprintf(max_depth, sizeof max_depth, "max_depth=%d", depth);
            const char *const less[] = {estimators, max_depth, NULL};
            made_predict(forest(), model, &test.x, less, 1, labels);
            made_run(forest(), &train, &test, less, 1, expected);
            cr_assert_eq(memcmp(labels, expected, 600), 0, "%d trees, depth %d", n, depth);
        }
    forest()->destroy(model);
}

Test(forest, threads_change_nothing, .timeout = 60)
{
    made_random(&train, 41, 1000, 50, 12, 100);
    made_random(&test, 42, 1400, 50, 12, 100);
    for (int criterion = 0; criterion < 2; criterion++) {
        const char *const settings[] = {criterion ? "criterion=1" : "criterion=0", "max_depth=9",
                                        NULL};
        made_run(forest(), &train, &test, settings, 1, expected);
        made_run(forest(), &train, &test, settings, 2, labels);
        cr_assert_eq(memcmp(labels, expected, 1400), 0);
    }
}

/* Trees differ, and their vote is better than one of them. */
Test(forest, trees_together_beat_one, .timeout = 60)
{
    size_t right[2] = {0, 0};
    made_random(&train, 51, 1000, 49, 8, 16);
    made_random(&test, 52, 1000, 49, 8, 16);
    for (int many = 0; many < 2; many++) {
        const char *const settings[] = {many ? "n_estimators=40" : "n_estimators=1", NULL};
        made_run(forest(), &train, &test, settings, 1, labels);
        for (size_t i = 0; i < 1000; i++)
            right[many] += labels[i] == test.y[i];
    }
    cr_assert_gt(right[1], right[0] + 100, "%zu and %zu right", right[0], right[1]);
}

Test(forest, equal_rows_get_the_heaviest_class, .timeout = 20)
{
    memset(train.bytes, 5, 300 * 2);
    for (size_t i = 0; i < 300; i++)
        train.y[i] = (uint8_t)(i < 100 ? 0 : i < 230 ? 1 : 2);
    made_finish(&train, 300, 2, 3);
    const char *const settings[] = {"n_estimators=25", NULL};
    made_run(forest(), &train, &train, settings, 1, labels);
    for (size_t i = 0; i < 300; i++)
        cr_assert_eq(labels[i], 1);
}

/*
 * Probabilities are averaged, not weights. Trees of depth 1 split one of two features. The row that
 * is asked for meets 600 rows of class 0 and 400 of class 1 under the first, 2 and 98 under the
 * second: 0.31 is the mean probability of class 0, but 602 of 1100 rows have it.
 */
Test(forest, leaves_count_equally_whatever_their_size, .timeout = 20)
{
    enum { ROWS = 1100, SMALL = 100, LARGE = 1000 };
    for (size_t i = 0; i < ROWS; i++) {
        train.bytes[2 * i] = i < LARGE ? 255 : 0;
        train.bytes[2 * i + 1] = i < SMALL ? 255 : 0;
        if (i < SMALL)
            train.y[i] = i >= 2;
        else
            train.y[i] = (uint8_t)(i < LARGE ? i >= SMALL + 598 : i % 2);
    }
    made_finish(&train, ROWS, 2, 2);
    const char *const settings[] = {"n_estimators=60", "max_depth=1", NULL};
    made_run(forest(), &train, &train, settings, 1, labels);
    cr_assert_eq(labels[0], 1);
}

Test(forest, one_row_and_many_classes, .timeout = 20)
{
    train.bytes[0] = 3;
    train.y[0] = 1;
    made_finish(&train, 1, 1, 2);
    made_run(forest(), &train, &train, NULL, 2, labels);
    cr_assert_eq(labels[0], 1);
    made_random(&train, 61, 800, 30, 256, 256);
    for (size_t i = 0; i < 256; i++)
        train.y[i] = (uint8_t)i;
    made_run(forest(), &train, &train, NULL, 2, labels);
    size_t right = 0;
    for (size_t i = 0; i < 800; i++)
        right += labels[i] == train.y[i];
    cr_assert_gt(right, 700);
}
