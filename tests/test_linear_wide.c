/* Linear problems with more columns than rows, which are solved by smaller ones; and with many
   classes. */
#include "classifiers/crammer_singer.h"
#include "classifiers/linear_basis.h"
#include "classifiers/linear_binary.h"
#include "classifiers/linear_l1.h"
#include "linear_toy.h"

#include "base/memory.h"

enum { ROWS = 20, FEATURES = 70, CLASSES = 3 };

/* Random bytes, but for feature 2, which is constant, and the last row, which repeats the first
   with another label. */
static struct toy *wide_create(size_t n_rows, size_t n_features, size_t n_classes)
{
    struct toy *toy = calloc(1, sizeof *toy);
    cr_assert(toy && n_rows * n_features <= sizeof toy->bytes);
    *toy = (struct toy){.n_rows = n_rows, .n_features = n_features, .n_classes = n_classes};
    struct rng rng = rng_create(1, 0);
    for (size_t i = 0; i < n_rows; i++) {
        toy->y[i] = (uint8_t)(i % n_classes);
        for (size_t j = 0; j < n_features; j++)
            toy->bytes[i * n_features + j] = (uint8_t)(j == 2 ? 9 : rng_u32(&rng) % 256);
    }
    memcpy(toy->bytes + (n_rows - 1) * n_features, toy->bytes, n_features);
    toy->y[n_rows - 1] = 1;
    toy_finish(toy);
    return toy;
}

static double *weights_create(const struct linear_design *design)
{
    double *w = memory_zeroed(design->stride * design->lanes, sizeof *w);
    cr_assert(w);
    return w;
}

/* X = Z Q^T: what a row says to w = Q u is what it says to u in the basis; and |w| = |u|. */
Test(linear_wide, basis_keeps_products_and_norms, .timeout = 10)
{
    struct toy *toy = wide_create(ROWS, FEATURES, CLASSES);
    const struct training_set set = toy_set(toy);
    struct linear_design design;
    struct linear_basis basis;
    cr_assert_eq(linear_design_create(&design, &set, true, 1, NULL), STATUS_OK);
    cr_assert(linear_basis_pays(&design));
    cr_assert_eq(linear_basis_create(&basis, &design, NULL), STATUS_OK);
    cr_assert_eq(basis.design.n_columns, ROWS);
    double *u = weights_create(&basis.design), *w = weights_create(&design);
    for (size_t j = 0; j < ROWS; j++)
        for (size_t k = 0; k < CLASSES; k++)
            u[j * design.lanes + k] = sin((double)(3 * j + k));
    cr_assert_eq(linear_basis_expand(&basis, &design, u, w, NULL), STATUS_OK);
    double *z[2] = {memory_array(ROWS * design.lanes, sizeof **z),
                    memory_array(ROWS * design.lanes, sizeof **z)};
    linear_times(&design, w, z[0]);
    linear_times(&basis.design, u, z[1]);
    for (size_t q = 0; q < ROWS * design.lanes; q++)
        cr_assert_leq(fabs(z[0][q] - z[1][q]), 1e-5, "%zu: %g %g", q, z[0][q], z[1][q]);
    double norms[2] = {0, 0};
    for (size_t q = 0; q < design.stride * design.lanes; q++)
        norms[0] += w[q] * w[q];
    for (size_t q = 0; q < basis.design.stride * design.lanes; q++)
        norms[1] += u[q] * u[q];
    cr_assert_leq(fabs(norms[0] - norms[1]), 1e-10 * norms[0]);
    for (size_t q = 0; q < 2; q++)
        memory_free(z[q]);
    memory_free(u);
    memory_free(w);
    linear_basis_destroy(&basis);
    linear_design_destroy(&design);
    toy_destroy(toy);
}

/* The weights of the whole problem and of the one in the basis. */
static void check_binary(enum linear_loss loss, double C)
{
    struct toy *toy = wide_create(ROWS, FEATURES, CLASSES);
    const struct training_set set = toy_set(toy);
    struct linear_design design;
    struct linear_basis basis;
    cr_assert_eq(linear_design_create(&design, &set, false, 1, NULL), STATUS_OK);
    cr_assert_eq(linear_basis_create(&basis, &design, NULL), STATUS_OK);
    double *u = weights_create(&basis.design), *w = weights_create(&design);
    double *expected = weights_create(&design);
    const struct linear_binary_options options = {
        .loss = loss, .C = C, .tol = 1e-10, .max_iter = 1000};
    struct linear_binary_result result;
    cr_assert_eq(linear_binary_solve(&design, &options, expected, &result, NULL), STATUS_OK);
    cr_assert(result.converged);
    cr_assert_eq(linear_binary_solve(&basis.design, &options, u, &result, NULL), STATUS_OK);
    cr_assert(result.converged);
    cr_assert_eq(linear_basis_expand(&basis, &design, u, w, NULL), STATUS_OK);
    for (size_t j = 0; j < design.n_columns; j++)
        for (size_t k = 0; k < CLASSES; k++)
            cr_assert_leq(fabs(w[j * design.lanes + k] - expected[j * design.lanes + k]), 1e-4,
                          "loss %d, C=%g", (int)loss, C);
    memory_free(u);
    memory_free(w);
    memory_free(expected);
    linear_basis_destroy(&basis);
    linear_design_destroy(&design);
    toy_destroy(toy);
}

Test(linear_wide, same_weights_in_a_basis, .timeout = 30)
{
    for (int loss = LINEAR_LOGISTIC; loss <= LINEAR_PROXIMAL_HINGE; loss++) {
        check_binary((enum linear_loss)loss, 0.01);
        check_binary((enum linear_loss)loss, 1);
    }
}

Test(linear_wide, l1_same_by_parts_as_whole, .timeout = 30)
{
    struct toy *toy = wide_create(ROWS, 20 * FEATURES, CLASSES);
    const struct training_set set = toy_set(toy);
    struct linear_design design;
    cr_assert_eq(linear_design_create(&design, &set, false, 1, NULL), STATUS_OK);
    double *w = weights_create(&design), *expected = weights_create(&design);
    const double Cs[] = {0.01, 0.3, 10};
    for (size_t c = 0; c < 3; c++) {
        const struct linear_l1_options options = {.C = Cs[c], .tol = 1e-7, .max_iter = 1000};
        struct linear_l1_result result, whole;
        cr_assert_eq(linear_l1_solve_whole(&design, &options, expected, NULL, &whole, NULL),
                     STATUS_OK);
        cr_assert_eq(linear_l1_solve(&design, &options, w, &result, NULL), STATUS_OK);
        cr_assert(whole.converged && result.converged);
        cr_assert_leq(result.violation, 1e-7);
        cr_assert_leq(fabs(result.objective - whole.objective), 1e-5 * whole.objective,
                      "C=%g: %.9g %.9g", Cs[c], result.objective, whole.objective);
        for (size_t q = 0; q < design.stride * design.lanes; q++)
            cr_assert_leq(fabs(w[q] - expected[q]), 1e-3, "C=%g: %g %g", Cs[c], w[q], expected[q]);
    }
    memory_free(w);
    memory_free(expected);
    linear_design_destroy(&design);
    toy_destroy(toy);
}

/* As many features as an image of 100 x 100 has: matrices of features x features take minutes and
   gigabytes. */
static void check_large(const struct classifier_class *class, const char *parameter,
                        const char *choice, const char *multi_class)
{
    struct toy *toy = wide_create(4, 10000, CLASSES);
    struct parameters parameters;
    uint8_t labels[4];
    parameters_default(&parameters, class->parameters);
    toy_choose(&parameters, class, parameter, choice);
    toy_choose(&parameters, class, "multi_class", multi_class);
    toy_fit(toy, class, &parameters, 1, labels);
    cr_assert_eq(labels[1], 1);
    cr_assert_eq(labels[2], 2);
    toy_destroy(toy);
}

Test(linear_wide, ten_thousand_features_at_once, .timeout = 30)
{
    const struct classifier_class *regression = classifier_find("LogisticRegression");
    const struct classifier_class *svc = classifier_find("LinearSVC");
    check_large(regression, "penalty", "l1", "ovr");
    check_large(regression, "penalty", "l2", "ovr");
    check_large(svc, "loss", "hinge", "ovr");
    check_large(svc, "loss", "squared_hinge", "ovr");
    check_large(svc, "loss", "squared_hinge", "crammer_singer");
}

/* All classes but one tie at first, and few are left at the optimum. */
Test(linear_wide, crammer_singer_of_many_classes, .timeout = 30)
{
    struct toy *toy = wide_create(200, 30, 100);
    const struct training_set set = toy_set(toy);
    struct linear_design design;
    cr_assert_eq(linear_design_create(&design, &set, true, 1, NULL), STATUS_OK);
    double *w = weights_create(&design);
    const struct crammer_singer_options options = {
        .C = 0.1, .tol = 1e-5, .max_passes = 100000, .max_iter = 1000, .rng_key = 3};
    struct crammer_singer_result dual, newton;
    cr_assert_eq(crammer_singer_dual(&design, &options, w, &dual, NULL), STATUS_OK);
    cr_assert(dual.converged);
    cr_assert_eq(crammer_singer_newton(&design, &options, NULL, w, &newton, NULL), STATUS_OK);
    cr_assert(newton.converged);
    cr_assert_leq(fabs(dual.objective - newton.objective), 2e-5 * newton.objective, "%.9g %.9g",
                  dual.objective, newton.objective);
    memory_free(w);
    linear_design_destroy(&design);
    toy_destroy(toy);
}
