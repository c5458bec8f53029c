/* LinearSVC and LogisticRegression as classes: parameters, weights, awkward data, threads. */
#include "base/memory.h"
#include "classifiers/crammer_singer.h"
#include "classifiers/linear_binary.h"
#include "classifiers/linear_l1.h"
#include "linear_toy.h"

static const struct classifier_class *svc(void)
{
    return classifier_find("LinearSVC");
}

static const struct classifier_class *regression(void)
{
    return classifier_find("LogisticRegression");
}

static struct parameters svc_parameters(const char *multi_class, const char *loss, double C)
{
    struct parameters p;
    parameters_default(&p, svc()->parameters);
    toy_choose(&p, svc(), "multi_class", multi_class);
    toy_choose(&p, svc(), "loss", loss);
    toy_set_number(&p, svc(), "C", C);
    return p;
}

static struct parameters regression_parameters(const char *penalty, double C)
{
    struct parameters p;
    parameters_default(&p, regression()->parameters);
    toy_choose(&p, regression(), "penalty", penalty);
    toy_set_number(&p, regression(), "C", C);
    return p;
}

/* All kinds of fit. */
enum { N_KINDS = 7 };

static const struct classifier_class *kind(size_t index, double C, struct parameters *p)
{
    static const char *const words[N_KINDS][3] = {{"l2", "ovr", "hinge"},
                                                  {"l2", "ovr", "squared_hinge"},
                                                  {"l1", "ovr", "hinge"},
                                                  {"l1", "ovr", "squared_hinge"},
                                                  {"l2", "crammer_singer", "hinge"},
                                                  {"l1", NULL, NULL},
                                                  {"l2", NULL, NULL}};
    const bool is_svc = words[index][1] != NULL;
    *p = is_svc ? svc_parameters(words[index][1], words[index][2], C)
                : regression_parameters(words[index][0], C);
    if (is_svc)
        toy_choose(p, svc(), "penalty", words[index][0]);
    return is_svc ? svc() : regression();
}

Test(linear_classes, rejections_in_the_words_of_2017)
{
    struct parameters p = regression_parameters("l2", 1);
    cr_assert_null(regression()->rejected_2017(&p));
    toy_choose(&p, regression(), "multi_class", "multinomial");
    cr_assert_str_eq(regression()->rejected_2017(&p),
                     "solver liblinear does not support a multinomial loss");
    p = svc_parameters("ovr", "hinge", 1);
    cr_assert_null(svc()->rejected_2017(&p));
    toy_choose(&p, svc(), "penalty", "l1");
    cr_assert_str_eq(svc()->rejected_2017(&p),
                     "penalty l1 with loss hinge and multi_class ovr is not supported "
                     "by liblinear in the dual form that is the default");
    toy_choose(&p, svc(), "loss", "squared_hinge");
    cr_assert_str_eq(svc()->rejected_2017(&p),
                     "penalty l1 with loss squared_hinge and multi_class ovr is not supported by "
                     "liblinear in the dual form that is the default");
    toy_choose(&p, svc(), "multi_class", "crammer_singer");
    cr_assert_null(svc()->rejected_2017(&p));
}

/*
 * The weights of class 1 and the intercept on toy_create(90, 5, 3), standardised, from scikit-learn
 * 1.2.1: LogisticRegression(solver="liblinear", multi_class="ovr", penalty=..., tol=1e-10,
 * max_iter=100000) and LinearSVC(loss=..., tol=1e-10, max_iter=1000000), C=1; with
 * multi_class="crammer_singer", C=0.1.
 */
static const double golden[5][6] = {
    {-1.0799749, 0.7723173, 0, -0.2225808, 0.0020046, -2.1211981},
    {-1.1741644, 0.7785154, 0, -0.1510949, 0, -2.2966888},
    {-0.4431754, 0.3279631, 0, -0.0979398, -0.0072615, -0.8767414},
    {-0.6618484, 0.6332377, 0, -0.1863376, 0.0156331, -1.4806287},
    {-0.2371028, 0.0664346, 0, -0.0111944, 0.0334902, -0.3449518},
};

static enum status solve(size_t which, const struct linear_design *design, double *w)
{
    struct linear_l1_result l1;
    struct linear_binary_result binary;
    struct crammer_singer_result joint;
    static const enum linear_loss losses[] = {LINEAR_LOGISTIC, LINEAR_LOGISTIC,
                                              LINEAR_SQUARED_HINGE, LINEAR_PROXIMAL_HINGE};
    if (which == 1)
        return linear_l1_solve(design,
                               &(struct linear_l1_options){.C = 1, .tol = 1e-6, .max_iter = 100}, w,
                               &l1, NULL);
    if (which == 4)
        return crammer_singer_solve(
            design,
            &(struct crammer_singer_options){
                .C = 0.1, .tol = 1e-9, .max_passes = 100000, .max_iter = 1000},
            w, &joint, NULL);
    return linear_binary_solve(design,
                               &(struct linear_binary_options){
                                   .loss = losses[which], .C = 1, .tol = 1e-9, .max_iter = 1000},
                               w, &binary, NULL);
}

Test(linear_classes, weights_of_scikit_learn, .timeout = 20)
{
    struct toy *toy = toy_create(90, 5, 3);
    const struct training_set set = toy_set(toy);
    for (size_t which = 0; which < 5; which++) {
        struct linear_design design;
        cr_assert_eq(linear_design_create(&design, &set, which == 4, 1, NULL), STATUS_OK);
        double *w = memory_array(design.stride * design.lanes, sizeof *w);
        cr_assert(w);
        cr_assert_eq(solve(which, &design, w), STATUS_OK);
        for (size_t j = 0; j < design.n_columns; j++) {
            const size_t feature = j + 1 < design.n_columns ? design.features[j] : 5;
            cr_assert_leq(fabs(w[j * design.lanes + 1] - golden[which][feature]), 2e-4,
                          "problem %zu feature %zu: %.7f", which, feature, w[j * design.lanes + 1]);
        }
        memory_free(w);
        linear_design_destroy(&design);
    }
    toy_destroy(toy);
}

Test(linear_classes, same_predictions_with_one_and_two_threads, .timeout = 30)
{
    struct toy *toy = toy_create(300, 6, 4);
    for (size_t index = 0; index < N_KINDS; index++) {
        struct parameters p;
        const struct classifier_class *class = kind(index, 1, &p);
        uint8_t one[TOY_ROWS_MAX], two[TOY_ROWS_MAX];
        const struct fit_report a = toy_fit(toy, class, &p, 1, one);
        const struct fit_report b = toy_fit(toy, class, &p, 2, two);
        cr_assert_eq(memcmp(one, two, toy->n_rows), 0, "kind %zu", index);
        cr_assert_eq(toy_measure(&a, "objective"), toy_measure(&b, "objective"), "kind %zu", index);
    }
    toy_destroy(toy);
}

/* Every kind converges and beats the largest class, with 2 to 4 classes. */
Test(linear_classes, learns_with_few_and_more_classes, .timeout = 30)
{
    for (size_t n_classes = 2; n_classes <= 4; n_classes++) {
        struct toy *toy = toy_create(200, 6, n_classes);
        for (size_t index = 0; index < N_KINDS; index++) {
            struct parameters p;
            const struct classifier_class *class = kind(index, 1, &p);
            uint8_t labels[TOY_ROWS_MAX];
            const struct fit_report report = toy_fit(toy, class, &p, 1, labels);
            size_t n_right = 0, n_largest = 0;
            for (size_t i = 0; i < toy->n_rows; i++) {
                n_right += labels[i] == toy->y[i];
                n_largest += toy->y[i] == 0;
            }
            cr_assert_eq(report.converged, 1, "kind %zu", index);
            cr_assert_gt(n_right, n_largest, "kind %zu, %zu classes", index, n_classes);
        }
        toy_destroy(toy);
    }
}

/* One sample in class 2, and classes that a feature separates, at a large C. */
Test(linear_classes, separable_data_and_a_lone_sample, .timeout = 30)
{
    struct toy *toy = calloc(1, sizeof *toy);
    cr_assert(toy);
    toy->n_rows = 40;
    toy->n_features = 3;
    toy->n_classes = 3;
    for (size_t i = 0; i < 40; i++) {
        toy->y[i] = (uint8_t)(i == 17 ? 2 : i % 2);
        toy->bytes[i * 3] = (uint8_t)(toy->y[i] == 1 ? 150 + i : 20 + i);
        toy->bytes[i * 3 + 1] = (uint8_t)(toy->y[i] == 2 ? 250 : 3 * i % 50);
        toy->bytes[i * 3 + 2] = 77;
    }
    toy_finish(toy);
    for (size_t index = 0; index < N_KINDS; index++) {
        struct parameters p;
        const struct classifier_class *class = kind(index, 100, &p);
        uint8_t labels[TOY_ROWS_MAX];
        const struct fit_report report = toy_fit(toy, class, &p, 1, labels);
        cr_assert_eq(report.converged, 1, "kind %zu", index);
        for (size_t i = 0; i < toy->n_rows; i++)
            cr_assert_eq(labels[i], toy->y[i], "kind %zu row %zu", index, i);
    }
    toy_destroy(toy);
}

/* Nothing to learn from: constant features, a single row. */
Test(linear_classes, nothing_but_the_intercept, .timeout = 10)
{
    for (size_t n_rows = 1; n_rows <= 9; n_rows += 8) {
        struct toy *toy = calloc(1, sizeof *toy);
        cr_assert(toy);
        toy->n_rows = n_rows;
        toy->n_features = 2;
        toy->n_classes = 2;
        memset(toy->bytes, 5, n_rows * 2);
        for (size_t i = 0; i < n_rows; i++)
            toy->y[i] = (uint8_t)(i % 3 != 1);
        toy_finish(toy);
        for (size_t index = 0; index < N_KINDS; index++) {
            struct parameters p;
            const struct classifier_class *class = kind(index, 10, &p);
            uint8_t labels[TOY_ROWS_MAX];
            toy_fit(toy, class, &p, 1, labels);
            for (size_t i = 0; i < n_rows; i++)
                cr_assert_eq(labels[i], 1, "kind %zu, %zu rows", index, n_rows);
        }
        toy_destroy(toy);
    }
}
