/* GaussianProcessClassifier against its definition, and against scikit-learn. */
#include "gaussian_process_naive.h"

static const struct classifier_class *gp(void)
{
    return classifier_find("GaussianProcessClassifier");
}

static struct parameters chosen(int one_vs_one)
{
    struct parameters p;
    parameters_default(&p, gp()->parameters);
    p.values[parameter_find(gp()->parameters, "multi_class")].choice = one_vs_one != 0;
    return p;
}

struct fitted {
    uint8_t labels[SAMPLE_ROWS_MAX];
    struct fit_report report;
    double log_marginal_likelihood, largest_block;
};

static double measure(const struct fit_report *report, const char *name)
{
    for (size_t i = 0; i < report->n_measures; i++)
        if (strcmp(report->measures[i].name, name) == 0)
            return report->measures[i].value;
    cr_assert_fail("no measure %s", name);
    return 0;
}

static struct fitted classify(const struct sample *train, const struct sample *test,
                              const struct parameters *p, int n_threads)
{
    struct fitted fitted = {.labels = {0}};
    struct error error = {0};
    void *model = NULL;
    const struct training_set set = {.x = &train->x, .y = train->y, .n_classes = train->n_classes};
    const struct execution execution = {.n_threads = n_threads};
    fit_report_init(&fitted.report);
    cr_assert_eq(gp()->create(&model, p, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(gp()->fit(model, &set, &execution, &fitted.report, &error), STATUS_OK, "%s",
                 error.message);
    cr_assert_eq(gp()->predict(model, p, &test->x, &execution, fitted.labels, &error), STATUS_OK,
                 "%s", error.message);
    gp()->destroy(model);
    fitted.log_marginal_likelihood = measure(&fitted.report, "log_marginal_likelihood");
    fitted.largest_block = measure(&fitted.report, "largest_block");
    return fitted;
}

/*
 * One block of all rows; blocks with weak couplings between them; rows that are all alone; and
 * queries for which pairs of classes vote in circles.
 */
static const struct recipe dense = {
    .n_rows = 210, .n_features = 3, .n_classes = 4, .n_centres = 9, .noise = 60};
static const struct recipe blocks = {
    .n_rows = 200, .n_features = 24, .n_classes = 3, .n_centres = 23, .noise = 70};
static const struct recipe alone = {
    .n_rows = 150, .n_features = 60, .n_classes = 5, .n_centres = 75, .noise = 100};

static const struct recipe tied = {
    .n_rows = 60, .n_features = 4, .n_classes = 4, .n_centres = 11, .noise = 120};

static void hold_against_definition(struct recipe recipe, size_t block_min, size_t block_max)
{
    struct sample *train = sample_create(recipe, NULL);
    recipe.first = 1000;
    recipe.n_rows = 160;
    struct sample *test = sample_create(recipe, &train->scaling);
    for (int one_vs_one = 0; one_vs_one < 2; one_vs_one++) {
        const struct parameters p = chosen(one_vs_one);
        const struct fitted ours = classify(train, test, &p, 1);
        const struct naive_result theirs = naive_classify(train, test, one_vs_one);
        for (size_t i = 0; i < test->n_rows; i++)
            cr_assert_eq(ours.labels[i], theirs.labels[i], "%d: row %zu is %d, not %d", one_vs_one,
                         i, ours.labels[i], theirs.labels[i]);
        cr_assert_leq(fabs(ours.log_marginal_likelihood - theirs.log_marginal_likelihood),
                      1e-6 * fabs(theirs.log_marginal_likelihood), "%.17g, not %.17g",
                      ours.log_marginal_likelihood, theirs.log_marginal_likelihood);
        cr_assert_eq(ours.report.n_iter, theirs.n_iter, "%ld iterations, not %ld",
                     ours.report.n_iter, theirs.n_iter);
        cr_assert_eq(ours.report.converged, 1);
        cr_assert_geq(ours.largest_block, (double)block_min, "%g", ours.largest_block);
        cr_assert_leq(ours.largest_block, (double)block_max, "%g", ours.largest_block);
    }
    sample_destroy(train);
    sample_destroy(test);
}

Test(gaussian_process, one_dense_block, .timeout = 30)
{
    hold_against_definition(dense, dense.n_rows / 4, dense.n_rows);
}

Test(gaussian_process, blocks_and_weak_couplings, .timeout = 30)
{
    hold_against_definition(blocks, 2, 40);
}

Test(gaussian_process, votes_in_circles, .timeout = 30)
{
    hold_against_definition(tied, 1, tied.n_rows);
}

Test(gaussian_process, rows_that_are_alone, .timeout = 30)
{
    hold_against_definition(alone, 1, 1);
}

static const struct recipe *const recipes[] = {&dense, &blocks, &alone, &tied};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

/* The first n_rows training rows of a recipe, and other rows of it. */
static void make_pair(struct recipe recipe, size_t n_test, struct sample **train,
                      struct sample **test)
{
    *train = sample_create(recipe, NULL);
    recipe.first = 1000;
    recipe.n_rows = n_test;
    *test = sample_create(recipe, &(*train)->scaling);
}

Test(gaussian_process, same_with_one_and_three_threads, .timeout = 30)
{
    for (size_t r = 0; r < N_RECIPES; r++)
        for (int one_vs_one = 0; one_vs_one < 2; one_vs_one++) {
            struct sample *train, *test;
            make_pair(*recipes[r], 400, &train, &test);
            const struct parameters p = chosen(one_vs_one);
            const struct fitted one = classify(train, test, &p, 1);
            const struct fitted three = classify(train, test, &p, 3);
            cr_assert_eq(memcmp(one.labels, three.labels, test->n_rows), 0, "recipe %zu", r);
            cr_assert_eq(one.report.n_iter, three.report.n_iter);
            for (size_t m = 0; m < one.report.n_measures; m++)
                cr_assert_eq(one.report.measures[m].value, three.report.measures[m].value, "%s",
                             one.report.measures[m].name);
            sample_destroy(train);
            sample_destroy(test);
        }
}

/*
 * Labels of sample_create for 400 rows from 1000 on: how many are those of the recipe, and the
 * checksum sum of (row + 1) x label, with the sum of the log marginal likelihoods, from
 * scikit-learn 1.2.1: GaussianProcessClassifier(multi_class=...) on StandardScaler's features.
 */
static const struct {
    size_t recipe;
    int one_vs_one;
    size_t n_right, checksum;
    double log_marginal_likelihood;
} golden[] = {
    {0, 0, 259, 93547, -392.50700976},   {0, 1, 263, 94826, -320.044593352},
    {1, 0, 335, 76321, -415.675060593},  {1, 1, 335, 76321, -277.31271451},
    {2, 0, 324, 163777, -525.491332184}, {2, 1, 324, 163777, -420.393069546},
    {3, 0, 214, 110699, -153.103259516}, {3, 1, 210, 108654, -125.729803135},
};

Test(gaussian_process, predictions_of_scikit_learn, .timeout = 30)
{
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        struct sample *train, *test;
        make_pair(*recipes[golden[g].recipe], 400, &train, &test);
        const struct parameters p = chosen(golden[g].one_vs_one);
        const struct fitted ours = classify(train, test, &p, 1);
        size_t n_right = 0, checksum = 0;
        for (size_t i = 0; i < test->n_rows; i++) {
            n_right += ours.labels[i] == test->y[i];
            checksum += (i + 1) * ours.labels[i];
        }
        cr_expect_eq(n_right, golden[g].n_right, "%zu: %zu right", g, n_right);
        cr_expect_eq(checksum, golden[g].checksum, "%zu: checksum %zu", g, checksum);
        cr_expect_leq(fabs(ours.log_marginal_likelihood - golden[g].log_marginal_likelihood), 1e-5,
                      "%zu: %.12g", g, ours.log_marginal_likelihood);
        sample_destroy(train);
        sample_destroy(test);
    }
}

/* Queries so far away that all kernel values are 0: equal probabilities, and no vote is positive.
 */
Test(gaussian_process, nothing_near_is_the_last_class_of_rest_and_the_first_of_pairs)
{
    struct sample *train, *test;
    make_pair(blocks, 20, &train, &test);
    memset(test->bytes, 255, test->n_rows * test->n_features);
    for (size_t j = 0; j < train->n_features; j++)
        train->scaling.scale[j] = 1;
    for (int one_vs_one = 0; one_vs_one < 2; one_vs_one++) {
        const struct parameters p = chosen(one_vs_one);
        const struct fitted ours = classify(train, test, &p, 1);
        for (size_t i = 0; i < test->n_rows; i++)
            cr_assert_eq(ours.labels[i], one_vs_one ? 0 : train->n_classes - 1, "%d: %d",
                         one_vs_one, ours.labels[i]);
    }
    sample_destroy(train);
    sample_destroy(test);
}

static void fill(struct sample *s, size_t row, uint8_t even, uint8_t odd)
{
    for (size_t j = 0; j < s->n_features; j++)
        s->bytes[row * s->n_features + j] = j % 2 ? odd : even;
}

/*
 * Rows of 0, of 255 and of both in turn; queries a little nearer to the first and to the second of
 * these, with kernel values that are nothing beside 1: the sign of their difference decides between
 * two classes, while all probabilities are equal.
 */
Test(gaussian_process, signs_of_the_smallest_latent_means_decide_between_two_classes)
{
    struct recipe recipe = {.n_features = 60, .n_classes = 3, .n_centres = 3, .noise = 1};
    for (recipe.n_rows = 2; recipe.n_rows <= 3; recipe.n_rows++) {
        struct sample *train, *test;
        recipe.n_classes = recipe.n_rows;
        make_pair(recipe, 2, &train, &test);
        fill(train, 0, 0, 0);
        fill(train, 1, 255, 255);
        if (recipe.n_rows == 3)
            fill(train, 2, 0, 255);
        fill(test, 0, 100, 100);
        fill(test, 1, 155, 155);
        for (size_t j = 0; j < recipe.n_features; j++) {
            train->scaling.mean[j] = 127.5;
            train->scaling.scale[j] = 60;
        }
        for (uint8_t c = 0; c < recipe.n_rows; c++)
            train->y[c] = c;
        cr_assert_lt(sample_kernel(&train->x, 0, &test->x, 0), 1e-30);
        cr_assert_gt(sample_kernel(&train->x, 1, &test->x, 0), 0);
        for (int one_vs_one = 0; one_vs_one < 2; one_vs_one++) {
            const struct parameters p = chosen(one_vs_one);
            const struct fitted ours = classify(train, test, &p, 1);
            const int by_sign = one_vs_one || recipe.n_rows == 2;
            cr_assert_eq(ours.labels[0], by_sign ? 0 : 2);
            cr_assert_eq(ours.labels[1], by_sign ? 1 : 2);
        }
        sample_destroy(train);
        sample_destroy(test);
    }
}

Test(gaussian_process, a_class_of_one_row_and_one_without_any, .timeout = 30)
{
    struct sample *train, *test;
    make_pair(blocks, 100, &train, &test);
    for (size_t i = 0; i < train->n_rows; i++)
        train->y[i] = train->y[i] == 2 ? 1 : train->y[i];
    train->y[50] = 2;
    struct naive_result theirs[2] = {naive_classify(train, test, 0),
                                     naive_classify(train, test, 1)};
    for (size_t i = 0; i < train->n_rows; i++) /* classes 0, 1, 2 become 1, 4, 5 */
        train->y[i] = (uint8_t[]){1, 4, 5}[train->y[i]];
    train->n_classes = 6;
    for (int one_vs_one = 0; one_vs_one < 2; one_vs_one++) {
        const struct parameters p = chosen(one_vs_one);
        const struct fitted ours = classify(train, test, &p, 1);
        for (size_t i = 0; i < test->n_rows; i++)
            cr_assert_eq(ours.labels[i], ((uint8_t[]){1, 4, 5}[theirs[one_vs_one].labels[i]]));
    }
    sample_destroy(train);
    sample_destroy(test);
}

/* Each training row once more, with another class: half of them end as one class of each pair. */
Test(gaussian_process, duplicates_with_other_labels, .timeout = 30)
{
    struct sample *train, *test;
    make_pair(blocks, 100, &train, &test);
    const size_t half = train->n_rows / 2;
    memcpy(train->bytes + half * train->n_features, train->bytes, half * train->n_features);
    for (size_t i = 0; i < half; i++)
        train->y[half + i] = (uint8_t)((train->y[i] + !(i % 3)) % 3);
    for (int one_vs_one = 0; one_vs_one < 2; one_vs_one++) {
        const struct parameters p = chosen(one_vs_one);
        const struct fitted ours = classify(train, test, &p, 1);
        const struct naive_result theirs = naive_classify(train, test, one_vs_one);
        size_t n_differ = 0;
        for (size_t i = 0; i < test->n_rows; i++)
            n_differ += ours.labels[i] != theirs.labels[i];
        cr_assert_eq(n_differ, 0, "%d: %zu differ", one_vs_one, n_differ);
        cr_assert_eq(ours.report.n_iter, theirs.n_iter);
    }
    sample_destroy(train);
    sample_destroy(test);
}

Test(gaussian_process, the_limit_of_iterations_is_reported)
{
    struct sample *train, *test;
    make_pair(dense, 10, &train, &test);
    struct parameters p = chosen(0);
    p.values[parameter_find(gp()->parameters, "max_iter_predict")].numbers[0] = 2;
    const struct fitted ours = classify(train, test, &p, 1);
    cr_assert_eq(ours.report.n_iter, 2);
    cr_assert_eq(ours.report.converged, 0);
    sample_destroy(train);
    sample_destroy(test);
}

static enum status fit_status(const struct sample *train, uint64_t memory_bytes,
                              struct error *error)
{
    void *model = NULL;
    struct fit_report report;
    const struct parameters p = chosen(0);
    const struct training_set set = {.x = &train->x, .y = train->y, .n_classes = train->n_classes};
    fit_report_init(&report);
    cr_assert_eq(gp()->create(&model, &p, error), STATUS_OK);
    const enum status status =
        gp()->fit(model, &set, &(struct execution){.n_threads = 2, .memory_bytes = memory_bytes},
                  &report, error);
    gp()->destroy(model);
    return status;
}

Test(gaussian_process, rows_of_one_class_are_an_error)
{
    struct error error = {0};
    struct sample *train = sample_create(blocks, NULL);
    memset(train->y, 2, train->n_rows);
    cr_assert_eq(fit_status(train, 0, &error), STATUS_DATA);
    cr_assert(strstr(error.message, "are of class 2"), "%s", error.message);
    sample_destroy(train);
}

/* The pairs of the dense block need 1.23 MB, its values, twice, 1.05 MB, and its square 0.36 MB,
   which no thread has as its share of what the last limit leaves. */
Test(gaussian_process, a_block_that_memory_cannot_hold_is_an_error)
{
    struct error error = {0};
    struct sample *train = sample_create(dense, NULL);
    cr_assert_eq(fit_status(train, 1100000, &error), STATUS_MEMORY);
    cr_assert(strstr(error.message, "pairs of the 210 training rows"), "%s", error.message);
    cr_assert_eq(fit_status(train, 1300000, &error), STATUS_MEMORY);
    cr_assert(strstr(error.message, "210 of its 210 training rows"), "%s", error.message);
    cr_assert_eq(fit_status(train, 1600000, &error), STATUS_OK, "%s", error.message);
    sample_destroy(train);
}
