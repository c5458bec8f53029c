/* SVC as a class: parameters, awkward data, threads, predictions against scikit-learn. */
#include "base/memory.h"
#include "linear_toy.h"

static const struct classifier_class *svc(void)
{
    return classifier_find("SVC");
}

static const char *const kernels[] = {"linear", "poly", "rbf", "sigmoid"};
enum { N_KERNELS = 4 };

static struct parameters chosen(const char *kernel, double C)
{
    struct parameters p;
    parameters_default(&p, svc()->parameters);
    toy_choose(&p, svc(), "kernel", kernel);
    toy_set_number(&p, svc(), "C", C);
    return p;
}

Test(svc_classes, defaults_are_those_of_2017)
{
    struct parameters p;
    parameters_default(&p, svc()->parameters);
    cr_assert_eq(parameter_number(&p, parameter_find(svc()->parameters, "C")), 1);
    cr_assert_eq(parameter_choice(&p, parameter_find(svc()->parameters, "kernel")), 2);
    cr_assert_eq(parameter_number(&p, parameter_find(svc()->parameters, "degree")), 3);
    cr_assert(parameter_is_none(&p, parameter_find(svc()->parameters, "gamma")));
    cr_assert_eq(parameter_number(&p, parameter_find(svc()->parameters, "coef0")), 0);
    cr_assert_eq(parameter_number(&p, parameter_find(svc()->parameters, "tol")), 1e-3);
}

Test(svc_classes, parameters_without_effect_are_canonical)
{
    const size_t degree = parameter_find(svc()->parameters, "degree"),
                 gamma = parameter_find(svc()->parameters, "gamma"),
                 coef0 = parameter_find(svc()->parameters, "coef0");
    for (size_t kernel = 0; kernel < N_KERNELS; kernel++) {
        struct parameters p = chosen(kernels[kernel], 1);
        p.values[gamma] = (struct parameter_value){.n_numbers = 1, .numbers = {0.5}};
        p.values[degree].numbers[0] = 2;
        p.values[coef0].numbers[0] = 1;
        svc()->canonical(&p);
        const bool is_poly = kernel == 1, is_sigmoid = kernel == 3;
        cr_assert_eq(parameter_is_none(&p, gamma), kernel == 0);
        cr_assert_eq(parameter_number(&p, degree), is_poly ? 2 : 3);
        cr_assert_eq(parameter_number(&p, coef0), is_poly || is_sigmoid ? 1 : 0);
    }
}

/*
 * Training rows that are right, the checksum sum of (row + 1) x label, and support vectors on
 * toy_create(300, 6, 4), standardised, from scikit-learn 1.2.1: SVC(C=C, kernel=..., gamma=1/6).
 * With tol=1e-6 there are as many support vectors but for linear C=1, where there are 211. The
 * sigmoid kernel has many optima: SMO finds this one on LIBSVM's way over all rows alone.
 */
static const struct {
    size_t kernel;
    double C;
    size_t n_right, checksum, n_support;
} golden[] = {
    {0, 1, 188, 4902, 208},   {0, 10, 190, 5735, 209},  {1, 1, 225, 16427, 214},
    {1, 10, 256, 25330, 180}, {2, 1, 221, 15408, 228},  {2, 10, 298, 38598, 188},
    {3, 1, 165, 4045, 210},   {3, 10, 146, 31952, 188},
};

Test(svc_classes, predictions_of_scikit_learn, .timeout = 30)
{
    struct toy *toy = toy_create(300, 6, 4);
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        const struct parameters p = chosen(kernels[golden[g].kernel], golden[g].C);
        uint8_t labels[TOY_ROWS_MAX];
        const struct fit_report report = toy_fit(toy, svc(), &p, 1, labels);
        size_t n_right = 0, checksum = 0;
        for (size_t i = 0; i < toy->n_rows; i++) {
            n_right += labels[i] == toy->y[i];
            checksum += (i + 1) * labels[i];
        }
        const double n_support = toy_measure(&report, "n_support");
        cr_assert_eq(n_right, golden[g].n_right, "%s C=%g: %zu right", kernels[golden[g].kernel],
                     golden[g].C, n_right);
        cr_assert_eq(checksum, golden[g].checksum, "%s C=%g: checksum %zu",
                     kernels[golden[g].kernel], golden[g].C, checksum);
        cr_assert_leq(fabs(n_support - (double)golden[g].n_support), 4, "%s C=%g: %g support",
                      kernels[golden[g].kernel], golden[g].C, n_support);
        cr_assert_eq(report.converged, 1);
        cr_assert(report.n_iter > 10);
        cr_assert_lt(toy_measure(&report, "kkt_violation"), 1e-3);
        cr_assert_gt(toy_measure(&report, "kkt_violation"), 0);
        cr_assert_lt(toy_measure(&report, "objective"), 0);
        if (golden[g].kernel != 3)
            cr_assert_lt(toy_measure(&report, "dual_gap"), 2e-3);
    }
    toy_destroy(toy);
}

Test(svc_classes, same_machines_with_one_and_two_threads, .timeout = 30)
{
    struct toy *toy = toy_create(300, 6, 4);
    for (size_t kernel = 0; kernel < N_KERNELS; kernel++) {
        const struct parameters p = chosen(kernels[kernel], 10);
        uint8_t one[TOY_ROWS_MAX], two[TOY_ROWS_MAX];
        const struct fit_report a = toy_fit(toy, svc(), &p, 1, one);
        const struct fit_report b = toy_fit(toy, svc(), &p, 2, two);
        cr_assert_eq(memcmp(one, two, toy->n_rows), 0, "%s", kernels[kernel]);
        cr_assert_eq(a.n_iter, b.n_iter);
        for (size_t m = 0; m < a.n_measures; m++)
            cr_assert_eq(a.measures[m].value, b.measures[m].value, "%s %s", kernels[kernel],
                         a.measures[m].name);
    }
    toy_destroy(toy);
}

/* Many rows are asked for by candidate; of one row all machines are asked. */
Test(svc_classes, rows_alone_are_told_the_same, .timeout = 30)
{
    struct toy *toy = toy_create(300, 6, 4);
    const struct training_set set = toy_set(toy);
    const struct execution execution = {.rng_key = 1, .n_threads = 1};
    for (size_t kernel = 0; kernel < N_KERNELS; kernel++) {
        const struct parameters p = chosen(kernels[kernel], 10);
        struct fit_report report;
        fit_report_init(&report);
        void *model;
        uint8_t together[TOY_ROWS_MAX], alone;
        cr_assert_eq(svc()->create(&model, &p, NULL), STATUS_OK);
        cr_assert_eq(svc()->fit(model, &set, &execution, &report, NULL), STATUS_OK);
        cr_assert_eq(svc()->predict(model, &p, set.x, &execution, together, NULL), STATUS_OK);
        for (size_t i = 0; i < toy->n_rows; i++) {
            struct features row = *set.x;
            row.n_rows = 1;
            row.standardised = set.x->standardised + i * set.x->n_features;
            cr_assert_eq(svc()->predict(model, &p, &row, &execution, &alone, NULL), STATUS_OK);
            cr_assert_eq(alone, together[i], "%s row %zu", kernels[kernel], i);
        }
        svc()->destroy(model);
    }
    toy_destroy(toy);
}

/*
 * Two classes that overlap, on which SMO is slow at a large C. Where the memory is not
 * enough for the interior-point method, the record says that SMO alone ran.
 */
Test(svc_classes, solver_is_told_and_fits_the_memory, .timeout = 60)
{
    struct toy *toy = toy_create(300, 6, 2);
    const struct training_set set = toy_set(toy);
    const struct parameters p = chosen("linear", 1e4);
    const char *const expected[] = {"SMO and interior-point method", "SMO"};
    double objective[2];
    for (size_t is_short = 0; is_short < 2; is_short++) {
        const struct execution execution = {
            .rng_key = 1, .n_threads = 1, .memory_bytes = is_short ? 1 << 16 : 0};
        struct fit_report report;
        fit_report_init(&report);
        void *model;
        cr_assert_eq(svc()->create(&model, &p, NULL), STATUS_OK);
        cr_assert_eq(svc()->fit(model, &set, &execution, &report, NULL), STATUS_OK);
        cr_assert_str_eq(report.solver, expected[is_short]);
        objective[is_short] = toy_measure(&report, "objective");
        svc()->destroy(model);
    }
    cr_assert_leq(fabs(objective[1] - objective[0]), 1e-3 * fabs(objective[0]));
    toy_destroy(toy);
}

static struct toy *toy_from(const uint8_t *bytes, const uint8_t *y, size_t n_rows,
                            size_t n_features, size_t n_classes)
{
    struct toy *toy = calloc(1, sizeof *toy);
    cr_assert(toy);
    toy->n_rows = n_rows;
    toy->n_features = n_features;
    toy->n_classes = n_classes;
    memcpy(toy->bytes, bytes, n_rows * n_features);
    memcpy(toy->y, y, n_rows);
    toy_finish(toy);
    return toy;
}

/* Two classes that a gap separates; three of 1, 2 and 9 rows; each row is told right. */
Test(svc_classes, separable_rows_are_told_right, .timeout = 10)
{
    const uint8_t bytes[12 * 2] = {0,   0, 250, 250, 250, 240, 100, 5, 101, 6, 102, 4,
                                   103, 5, 104, 6,   105, 4,   106, 5, 107, 6, 108, 4};
    const uint8_t three[12] = {0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    const uint8_t two[12] = {0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    for (size_t kernel = 0; kernel < N_KERNELS - 1; kernel++)
        for (size_t n_classes = 2; n_classes <= 3; n_classes++) {
            const uint8_t *y = n_classes == 2 ? two : three;
            struct toy *toy = toy_from(bytes, y, 12, 2, n_classes);
            struct parameters p = chosen(kernels[kernel], 1e4);
            if (kernel == 1)
                toy_set_number(&p, svc(), "coef0", 1);
            uint8_t labels[TOY_ROWS_MAX];
            const struct fit_report report = toy_fit(toy, svc(), &p, 1, labels);
            cr_assert_eq(report.converged, 1);
            for (size_t i = 0; i < 12; i++)
                cr_assert_eq(labels[i], y[i], "%s, %zu classes, row %zu", kernels[kernel],
                             n_classes, i);
            toy_destroy(toy);
        }
}

/* All features constant, or every row there with both labels: the classes cannot be told apart. */
Test(svc_classes, equal_rows_of_different_classes_are_no_fault, .timeout = 20)
{
    uint8_t bytes[40 * 2], y[40];
    for (size_t constant = 0; constant < 2; constant++)
        for (size_t kernel = 0; kernel < N_KERNELS; kernel++)
            for (double C = 1; C < 1e7; C *= 1000) {
                for (size_t i = 0; i < 40; i++) {
                    bytes[2 * i] = constant ? 7 : (uint8_t)(i / 2 * 11);
                    bytes[2 * i + 1] = constant ? 9 : (uint8_t)(i / 2 * i / 2 * 3);
                    y[i] = i % 2;
                }
                struct toy *toy = toy_from(bytes, y, 40, 2, 2);
                const struct parameters p = chosen(kernels[kernel], C);
                uint8_t labels[TOY_ROWS_MAX];
                const struct fit_report report = toy_fit(toy, svc(), &p, 1, labels);
                cr_assert_eq(report.converged, 1, "%s C=%g: %g", kernels[kernel], C,
                             toy_measure(&report, "kkt_violation"));
                toy_destroy(toy);
            }
}

/* One row each, one feature. */
Test(svc_classes, one_row_a_class, .timeout = 10)
{
    const uint8_t bytes[4] = {10, 60, 120, 200}, y[4] = {2, 0, 3, 1};
    for (size_t kernel = 0; kernel < N_KERNELS; kernel++) {
        struct toy *toy = toy_from(bytes, y, 4, 1, 4);
        const struct parameters p = chosen(kernels[kernel], 10);
        uint8_t labels[TOY_ROWS_MAX];
        const struct fit_report report = toy_fit(toy, svc(), &p, 1, labels);
        cr_assert_eq(toy_measure(&report, "n_support"), 4);
        if (kernel == 0 || kernel == 2)
            cr_assert_eq(memcmp(labels, y, 4), 0, "%s", kernels[kernel]);
        toy_destroy(toy);
    }
}

/* No rows of classes 1 and 2: they have no machines, and cast and get no votes. */
Test(svc_classes, class_without_rows_is_never_predicted, .timeout = 10)
{
    struct toy *toy = toy_create(100, 6, 4);
    for (size_t i = 0; i < toy->n_rows; i++)
        toy->y[i] = toy->y[i] ? 3 : 0;
    for (size_t kernel = 0; kernel < N_KERNELS; kernel++) {
        const struct parameters p = chosen(kernels[kernel], 1);
        uint8_t labels[TOY_ROWS_MAX];
        toy_fit(toy, svc(), &p, 1, labels);
        for (size_t i = 0; i < toy->n_rows; i++)
            cr_assert(labels[i] == 0 || labels[i] == 3, "row %zu: %d", i, labels[i]);
    }
    toy_destroy(toy);
}

/*
 * A feature that is constant in training counts in the distances of test rows: a test row at a
 * training row but for this feature is as far from all of them, and the bias alone decides.
 */
Test(svc_classes, constant_feature_counts_in_test_distances, .timeout = 10)
{
    const uint8_t train[10 * 2] = {10, 50, 12, 50, 14, 50, 200, 50, 210, 50,
                                   16, 50, 18, 50, 20, 50, 11,  50, 13,  50};
    const uint8_t y[10] = {0, 0, 0, 1, 1, 0, 0, 0, 0, 0}, test[4] = {205, 50, 205, 255};
    struct toy *toy = toy_from(train, y, 10, 2, 2);
    const struct parameters p = chosen("rbf", 1);
    struct features x;
    const struct features_source source = {.bytes = test,
                                           .n_rows = 2,
                                           .n_features = 2,
                                           .scaling = &toy->scaling,
                                           .views = VIEW_STANDARDISED};
    cr_assert_eq(features_create(&x, &source, NULL), STATUS_OK);
    const struct training_set set = toy_set(toy);
    const struct execution execution = {.rng_key = 1, .n_threads = 1};
    struct fit_report report;
    fit_report_init(&report);
    void *model;
    uint8_t labels[2];
    cr_assert_eq(svc()->create(&model, &p, NULL), STATUS_OK);
    cr_assert_eq(svc()->fit(model, &set, &execution, &report, NULL), STATUS_OK);
    cr_assert_eq(svc()->predict(model, &p, &x, &execution, labels, NULL), STATUS_OK);
    cr_assert_eq(labels[0], 1);
    cr_assert_eq(labels[1], 0); /* the bias is for the larger class */
    svc()->destroy(model);
    features_destroy(&x);
    toy_destroy(toy);
}

Test(svc_classes, destroy_takes_null_and_unfitted_models)
{
    void *model;
    const struct parameters p = chosen("rbf", 1);
    svc()->destroy(NULL);
    cr_assert_eq(svc()->create(&model, &p, NULL), STATUS_OK);
    svc()->destroy(model);
}

/* A fit that keeps fewer kernel values is not refused for those that it would keep. */
Test(svc_classes, what_it_needs_bows_to_the_limit, .timeout = 10)
{
    const struct parameters p = chosen("rbf", 10);
    struct problem_size size = {
        .n_train = 60000, .n_test = 10000, .n_features = 784, .n_classes = 10, .n_threads = 2};
    const double rows_bytes = 60000.0 * 784 * sizeof(float);
    const double without = svc()->memory_need(&p, &size).bytes;
    cr_expect_gt(without, 2e9);
    for (size.memory_bytes = 1 << 29; size.memory_bytes < 0x1p34; size.memory_bytes *= 2) {
        const double bytes = svc()->memory_need(&p, &size).bytes;
        cr_expect_lt(bytes, (double)size.memory_bytes, "%g of %g", bytes,
                     (double)size.memory_bytes);
        cr_expect_geq(bytes, rows_bytes);
    }
    cr_expect_eq(svc()->memory_need(&p, &size).bytes, without, "nor does it take all there is");
}
