/* Rows that are made from their bytes for each use, as where there are too many to hold them in
   float32: the linear solvers find the same, to the bit, as on rows that are held. */
#include "base/memory.h"
#include "classifiers/crammer_singer.h"
#include "classifiers/linear_basis.h"
#include "classifiers/linear_l1.h"
#include "classifiers/linear_l1_svc.h"
#include "classifiers/multinomial.h"
#include "linear_toy.h"

static struct linear_design design_of(const struct toy *toy, bool all_classes, int n_threads)
{
    struct linear_design design;
    const struct training_set set = toy_set(toy);
    cr_assert_eq(linear_design_create(&design, &set, all_classes, n_threads, NULL), STATUS_OK);
    cr_assert(design.x);
    return design;
}

static void let_go(struct linear_design *design)
{
    memory_free(design->x);
    design->x = NULL;
}

/* Solves for w, stride x lanes; returns the objective. */
typedef double solver(const struct linear_design *design, double *w);

static double solve_binary(const struct linear_design *design, double *w, enum linear_loss loss,
                           bool is_l1)
{
    const struct linear_binary_options options = {
        .loss = loss, .C = 1, .tol = 1e-4, .max_iter = 100};
    struct linear_binary_result result;
    const enum status status = is_l1 ? linear_l1_svc_solve(design, &options, w, &result, NULL)
                                     : linear_binary_solve(design, &options, w, &result, NULL);
    cr_assert_eq(status, STATUS_OK);
    return result.objective;
}

static double solve_logistic(const struct linear_design *design, double *w)
{
    return solve_binary(design, w, LINEAR_LOGISTIC, false);
}

static double solve_squared_hinge(const struct linear_design *design, double *w)
{
    return solve_binary(design, w, LINEAR_SQUARED_HINGE, false);
}

static double solve_hinge(const struct linear_design *design, double *w)
{
    return solve_binary(design, w, LINEAR_PROXIMAL_HINGE, false);
}

static double solve_l1_svc(const struct linear_design *design, double *w)
{
    return solve_binary(design, w, LINEAR_SQUARED_HINGE, true);
}

static double solve_l1(const struct linear_design *design, double *w)
{
    const struct linear_l1_options options = {.C = 1, .tol = 1e-4, .max_iter = 100};
    struct linear_l1_result result;
    cr_assert_eq(linear_l1_solve(design, &options, w, &result, NULL), STATUS_OK);
    return result.objective;
}

static double solve_multinomial(const struct linear_design *design, double *w)
{
    const struct multinomial_options options = {
        .is_l1 = true, .C = 1, .tol = 1e-4, .max_iter = 100};
    struct multinomial_result result;
    cr_assert_eq(multinomial_solve(design, &options, w, &result, NULL), STATUS_OK);
    return result.objective;
}

static const struct crammer_singer_options joint_options = {
    .C = 1, .tol = 1e-4, .max_passes = 50, .max_iter = 100};

static double solve_crammer_singer(const struct linear_design *design, double *w)
{
    struct crammer_singer_result result;
    cr_assert_eq(crammer_singer_solve(design, &joint_options, w, &result, NULL), STATUS_OK);
    return result.objective;
}

static double solve_crammer_singer_newton(const struct linear_design *design, double *w)
{
    struct crammer_singer_result result;
    cr_assert_eq(crammer_singer_newton(design, &joint_options, NULL, w, &result, NULL), STATUS_OK);
    return result.objective;
}

static void check_same(const struct toy *toy, bool all_classes, solver *solve)
{
    struct linear_design held = design_of(toy, all_classes, 1),
                         made = design_of(toy, all_classes, 2);
    const size_t n = held.stride * held.lanes;
    double *expected = memory_array(2 * n, sizeof *expected), *w = expected + n;
    cr_assert(expected);
    let_go(&made);
    const double objective = solve(&held, expected);
    cr_assert_eq(solve(&made, w), objective);
    for (size_t j = 0; j < n; j++)
        cr_assert_eq(w[j], expected[j]);
    cr_assert_gt(objective, 0);
    memory_free(expected);
    linear_design_destroy(&held);
    linear_design_destroy(&made);
}

Test(linear_rows, solvers_find_the_same, .timeout = 120)
{
    struct toy *toy = toy_create(1000, 6, 4);
    check_same(toy, false, solve_logistic);
    check_same(toy, false, solve_squared_hinge);
    check_same(toy, false, solve_hinge);
    check_same(toy, false, solve_l1);
    check_same(toy, false, solve_l1_svc);
    check_same(toy, true, solve_multinomial);
    check_same(toy, true, solve_crammer_singer);
    check_same(toy, true, solve_crammer_singer_newton);
    toy_destroy(toy);
}

/* Samples of rows, and more than one block in each chunk. */
Test(linear_rows, many_rows, .timeout = 120)
{
    struct toy *toy = toy_create(TOY_ROWS_MAX, 5, 3);
    check_same(toy, false, solve_logistic);
    check_same(toy, true, solve_multinomial);
    toy_destroy(toy);
}

/* Parts of the columns, and a basis of the rows. */
Test(linear_rows, fewer_rows_than_columns, .timeout = 20)
{
    struct toy *toy = toy_create(5, 8, 3);
    check_same(toy, false, solve_l1);
    struct linear_design held = design_of(toy, false, 1), made = design_of(toy, false, 1);
    struct linear_basis expected, basis;
    let_go(&made);
    cr_assert_eq(linear_basis_create(&expected, &held, NULL), STATUS_OK);
    cr_assert_eq(linear_basis_create(&basis, &made, NULL), STATUS_OK);
    cr_assert_arr_eq(basis.vectors, expected.vectors,
                     held.n_rows * held.n_columns * sizeof *basis.vectors);
    linear_basis_destroy(&expected);
    linear_basis_destroy(&basis);
    linear_design_destroy(&held);
    linear_design_destroy(&made);
    toy_destroy(toy);
}

/* In an order of their own, and of a subset. */
Test(linear_rows, the_rows_that_are_asked_for, .timeout = 10)
{
    enum { N = 20 };
    uint32_t order[N];
    struct toy *toy = toy_create(N, 6, 3);
    for (uint32_t i = 0; i < N; i++)
        order[i] = (7 * i + 3) % N;
    toy->x.order = order;
    struct linear_design held = design_of(toy, false, 1), made = design_of(toy, false, 1), subset;
    let_go(&made);
    cr_assert_arr_eq(linear_design_rows(&made, 4, 9), linear_design_rows(&held, 4, 9),
                     9 * held.stride * sizeof(float));
    cr_assert_eq(linear_design_create_subset(&subset, &made, NULL), STATUS_OK);
    linear_design_choose(&subset, &made, 11);
    linear_design_choose(&subset, &made, 2);
    cr_assert_eq(subset.n_rows, 2);
    cr_assert_arr_eq(linear_design_rows(&subset, 1, 1), linear_design_rows(&held, 2, 1),
                     held.stride * sizeof(float));
    linear_design_destroy_subset(&subset);
    linear_design_destroy(&held);
    linear_design_destroy(&made);
    toy->x.order = NULL;
    toy_destroy(toy);
}

/* More rows than are held take no memory as float32. */
Test(linear_rows, memory, .timeout = 10)
{
    struct problem_size size = {.n_train = 60000, .n_features = 784, .n_classes = 10};
    cr_assert_eq(linear_design_bytes(&size), 60000.0 * (785 * 4 + 8));
    size.n_train = 1000000;
    cr_assert_eq(linear_design_bytes(&size), 1000000.0 * 8);
}
