/* The solvers of LinearSVC and LogisticRegression against naive ones, and their kernels. */
#include "classifiers/crammer_singer.h"
#include "classifiers/linear_binary.h"
#include "classifiers/linear_hessian.h"
#include "classifiers/linear_l1.h"
#include "linear_toy.h"

#include "base/memory.h"

enum { COLUMNS_MAX = TOY_FEATURES_MAX + 1 };

enum naive_loss { LOGISTIC, SQUARED_HINGE, HINGE };

static double naive_loss(enum naive_loss loss, double m)
{
    const double t = fmax(0, 1 - m);
    switch (loss) {
    case LOGISTIC:
        return m > 0 ? log1p(exp(-m)) : -m + log1p(exp(m));
    case SQUARED_HINGE:
        return t * t;
    default:
        return t;
    }
}

/* The objective of one binary problem at w, n_features + 1 weights. */
static double naive_objective(const struct toy *toy, enum naive_loss loss, bool l1, double C,
                              size_t positive, const double *w)
{
    double value = 0;
    for (size_t j = 0; j <= toy->n_features; j++)
        value += l1 ? fabs(w[j]) : 0.5 * w[j] * w[j];
    for (size_t i = 0; i < toy->n_rows; i++) {
        double z = 0;
        for (size_t j = 0; j <= toy->n_features; j++)
            z += w[j] * toy_value(toy, i, j);
        value += C * naive_loss(loss, toy->y[i] == positive ? z : -z);
    }
    return value;
}

/*
 * The minimum by cyclic search along each weight (golden section), repeated; exact for smooth and
 * for separable l1 objectives, which is all it is used for.
 */
static double naive_minimum(const struct toy *toy, enum naive_loss loss, bool l1, double C,
                            size_t positive)
{
    double w[COLUMNS_MAX] = {0};
    double best = naive_objective(toy, loss, l1, C, positive, w);
    for (int pass = 0; pass < 400; pass++) {
        const double before = best;
        for (size_t j = 0; j <= toy->n_features; j++) {
            const double radius = pass < 5 ? 4 : 0.5;
            double low = w[j] - radius, high = w[j] + radius;
            for (int round = 0; round < 45; round++) {
                const double a = low + 0.382 * (high - low), b = low + 0.618 * (high - low);
                w[j] = a;
                const double at_a = naive_objective(toy, loss, l1, C, positive, w);
                w[j] = b;
                if (at_a < naive_objective(toy, loss, l1, C, positive, w))
                    high = b;
                else
                    low = a;
            }
            w[j] = 0.5 * (low + high);
        }
        best = naive_objective(toy, loss, l1, C, positive, w);
        if (before - best < 1e-9 * before)
            break;
    }
    return best;
}

/* The minimum of the hinge problem by dual coordinate descent in double. */
static double naive_hinge_minimum(const struct toy *toy, double C, size_t positive)
{
    double w[COLUMNS_MAX] = {0}, alpha[TOY_ROWS_MAX] = {0};
    for (int pass = 0; pass < 20000; pass++)
        for (size_t i = 0; i < toy->n_rows; i++) {
            const double sign = toy->y[i] == positive ? 1 : -1;
            double z = 0, norm = 0;
            for (size_t j = 0; j <= toy->n_features; j++) {
                z += w[j] * toy_value(toy, i, j);
                norm += toy_value(toy, i, j) * toy_value(toy, i, j);
            }
            const double fresh = fmin(C, fmax(0, alpha[i] + (1 - sign * z) / norm));
            for (size_t j = 0; j <= toy->n_features; j++)
                w[j] += sign * (fresh - alpha[i]) * toy_value(toy, i, j);
            alpha[i] = fresh;
        }
    return naive_objective(toy, HINGE, false, C, positive, w);
}

struct fitted {
    struct linear_design design;
    double *w;
};

static struct fitted prepare(const struct toy *toy, bool all_classes)
{
    struct fitted f = {0};
    const struct training_set set = toy_set(toy);
    cr_assert_eq(linear_design_create(&f.design, &set, all_classes, 1, NULL), STATUS_OK);
    f.w = memory_array(f.design.stride * f.design.lanes, sizeof *f.w);
    cr_assert(f.w);
    return f;
}

static void release(struct fitted *f)
{
    memory_free(f->w);
    linear_design_destroy(&f->design);
}

/* The weights of lane k by feature, with those of constant features, which are 0. */
static void weights_of(const struct fitted *f, size_t k, double *w)
{
    memset(w, 0, (f->design.n_features + 1) * sizeof *w);
    for (size_t j = 0; j + 1 < f->design.n_columns; j++)
        w[f->design.features[j]] = f->w[j * f->design.lanes + k];
    w[f->design.n_features] = f->w[(f->design.n_columns - 1) * f->design.lanes + k];
}

static void check_binary(size_t n_classes, enum linear_loss loss, enum naive_loss naive, double C)
{
    struct toy *toy = toy_create(90, 5, n_classes);
    struct fitted f = prepare(toy, false);
    struct linear_binary_result result;
    const struct linear_binary_options options = {
        .loss = loss, .C = C, .tol = 1e-6, .max_iter = 500};
    cr_assert_eq(linear_binary_solve(&f.design, &options, f.w, &result, NULL), STATUS_OK);
    cr_assert(result.converged);
    double sum = 0;
    cr_assert_eq(f.design.n_problems, n_classes == 2 ? 1 : n_classes);
    for (size_t k = 0; k < f.design.n_problems; k++) {
        double w[COLUMNS_MAX];
        weights_of(&f, k, w);
        const size_t positive = (size_t)f.design.lane_class[k];
        const double ours = naive_objective(toy, naive, false, C, positive, w);
        const double theirs = naive == HINGE ? naive_hinge_minimum(toy, C, positive)
                                             : naive_minimum(toy, naive, false, C, positive);
        cr_assert_leq(fabs(ours - theirs), 1e-4 * theirs, "class %zu: %.8g, naive %.8g", positive,
                      ours, theirs);
        sum += ours;
    }
    cr_assert_leq(fabs(sum - result.objective), 1e-6 * sum);
    cr_assert_leq(result.dual_gap, 1e-6);
    release(&f);
    toy_destroy(toy);
}

Test(linear, logistic_reaches_the_naive_minimum, .timeout = 20)
{
    check_binary(3, LINEAR_LOGISTIC, LOGISTIC, 1);
    check_binary(2, LINEAR_LOGISTIC, LOGISTIC, 10);
}

Test(linear, squared_hinge_reaches_the_naive_minimum, .timeout = 20)
{
    check_binary(3, LINEAR_SQUARED_HINGE, SQUARED_HINGE, 1);
    check_binary(2, LINEAR_SQUARED_HINGE, SQUARED_HINGE, 0.01);
}

Test(linear, hinge_reaches_the_naive_minimum, .timeout = 20)
{
    check_binary(3, LINEAR_PROXIMAL_HINGE, HINGE, 1);
    check_binary(2, LINEAR_PROXIMAL_HINGE, HINGE, 0.1);
}

Test(linear, l1_reaches_the_naive_minimum, .timeout = 20)
{
    struct toy *toy = toy_create(90, 5, 3);
    const double Cs[] = {0.1, 10};
    for (size_t c = 0; c < 2; c++) {
        struct fitted f = prepare(toy, false);
        struct linear_l1_result result;
        const struct linear_l1_options options = {.C = Cs[c], .tol = 1e-4, .max_iter = 100};
        cr_assert_eq(linear_l1_solve(&f.design, &options, f.w, &result, NULL), STATUS_OK);
        cr_assert(result.converged);
        size_t n_zero = 0;
        for (size_t k = 0; k < 3; k++) {
            double w[COLUMNS_MAX];
            weights_of(&f, k, w);
            const double ours = naive_objective(toy, LOGISTIC, true, Cs[c], k, w);
            const double theirs = naive_minimum(toy, LOGISTIC, true, Cs[c], k);
            cr_assert_leq(fabs(ours - theirs), 1e-4 * theirs, "C=%g class %zu: %.8g, naive %.8g",
                          Cs[c], k, ours, theirs);
            for (size_t j = 0; j < 6; j++)
                n_zero += j != 2 && w[j] == 0;
        }
        cr_assert(c == 1 || n_zero > 0, "a small C leaves weights at exactly 0");
        release(&f);
    }
    toy_destroy(toy);
}

/* The objective of Crammer and Singer at the weights of all classes. */
static double joint_objective(const struct toy *toy, double C, const double w[][COLUMNS_MAX])
{
    double value = 0;
    for (size_t k = 0; k < toy->n_classes; k++)
        for (size_t j = 0; j <= toy->n_features; j++)
            value += 0.5 * w[k][j] * w[k][j];
    for (size_t i = 0; i < toy->n_rows; i++) {
        double z[TOY_CLASSES_MAX] = {0}, worst = 0;
        for (size_t k = 0; k < toy->n_classes; k++)
            for (size_t j = 0; j <= toy->n_features; j++)
                z[k] += w[k][j] * toy_value(toy, i, j);
        for (size_t k = 0; k < toy->n_classes; k++)
            if (k != toy->y[i])
                worst = fmax(worst, 1 + z[k] - z[toy->y[i]]);
        value += C * worst;
    }
    return value;
}

static enum status newton_alone(const struct linear_design *design,
                                const struct crammer_singer_options *options, double *restrict w,
                                struct crammer_singer_result *result, struct error *error)
{
    return crammer_singer_newton(design, options, NULL, w, result, error);
}

typedef enum status joint_solver(const struct linear_design *,
                                 const struct crammer_singer_options *, double *restrict,
                                 struct crammer_singer_result *, struct error *);

/* Three independent methods agree, each proves its gap, and nearby points are no better. */
static void check_joint(size_t n_classes, double C)
{
    struct toy *toy = toy_create(90, 5, n_classes);
    joint_solver *const solvers[] = {crammer_singer_dual, newton_alone, crammer_singer_interior};
    double values[3];
    for (size_t q = 0; q < 3; q++) {
        struct fitted f = prepare(toy, true);
        struct crammer_singer_result result;
        const struct crammer_singer_options options = {
            .C = C, .tol = 1e-5, .max_passes = 100000, .max_iter = 1000, .rng_key = 3};
        cr_assert_eq(solvers[q](&f.design, &options, f.w, &result, NULL), STATUS_OK);
        cr_assert(result.converged);
        double w[TOY_CLASSES_MAX][COLUMNS_MAX];
        for (size_t k = 0; k < n_classes; k++)
            weights_of(&f, k, w[k]);
        values[q] = joint_objective(toy, C, w);
        cr_assert_leq(fabs(values[q] - result.objective), 1e-6 * values[q]);
        for (size_t k = 0; k < n_classes; k++)
            for (size_t j = 0; j <= 5; j++)
                for (int side = -1; side <= 1; side += 2) {
                    w[k][j] += 1e-2 * side;
                    cr_assert_geq(joint_objective(toy, C, w), values[q] * (1 - 1e-5));
                    w[k][j] -= 1e-2 * side;
                }
        release(&f);
    }
    for (size_t q = 1; q < 3; q++)
        cr_assert_leq(fabs(values[0] - values[q]), 2e-5 * values[0], "method %zu: %.8g %.8g", q,
                      values[0], values[q]);
    toy_destroy(toy);
}

Test(linear, crammer_singer_by_three_methods, .timeout = 20)
{
    check_joint(3, 0.1);
    check_joint(2, 0.1);
    check_joint(4, 10);
}

Test(linear, crammer_singer_interior_same_with_one_and_two_threads, .timeout = 20)
{
    struct toy *toy = toy_create(900, 6, 4);
    struct fitted f[2] = {prepare(toy, true), prepare(toy, true)};
    const struct training_set set = toy_set(toy);
    linear_design_destroy(&f[1].design);
    cr_assert_eq(linear_design_create(&f[1].design, &set, true, 2, NULL), STATUS_OK);
    const struct crammer_singer_options options = {.C = 10, .tol = 1e-4, .max_iter = 100};
    for (size_t q = 0; q < 2; q++) {
        struct crammer_singer_result result;
        cr_assert_eq(crammer_singer_interior(&f[q].design, &options, f[q].w, &result, NULL),
                     STATUS_OK);
        cr_assert(result.converged);
    }
    cr_assert_arr_eq(f[0].w, f[1].w, f[0].design.stride * f[0].design.lanes * sizeof *f[0].w);
    release(&f[0]);
    release(&f[1]);
    toy_destroy(toy);
}

/* Fewer rows than columns and classes ask for, one of them with two labels, and the extremes of C.
 */
Test(linear, crammer_singer_interior_on_few_rows, .timeout = 20)
{
    const double Cs[] = {1e-6, 1, 1e6};
    for (size_t n_rows = 4; n_rows <= 12; n_rows += 4)
        for (size_t c = 0; c < 3; c++) {
            struct toy *toy = toy_create(n_rows, 8, 3);
            struct fitted f = prepare(toy, true);
            struct crammer_singer_result result;
            const struct crammer_singer_options options = {
                .C = Cs[c], .tol = 1e-4, .max_iter = 100};
            cr_assert_eq(crammer_singer_interior(&f.design, &options, f.w, &result, NULL),
                         STATUS_OK);
            cr_assert(result.converged, "%zu rows, C=%g: gap %g", n_rows, Cs[c], result.dual_gap);
            release(&f);
            toy_destroy(toy);
        }
}

/* The kernels against plain loops, in every version that this processor has. */
Test(linear, kernels_agree_with_plain_loops, .timeout = 10)
{
    enum { ROWS = 37, STRIDE = 24, LANES = 24 };
    static float x[ROWS * STRIDE];
    static double w[STRIDE * LANES], z[ROWS * LANES], r[ROWS * LANES], g[STRIDE * LANES];
    static float w32[STRIDE * LANES], z32[ROWS * LANES], r32[ROWS * LANES], g32[STRIDE * LANES];
    struct rng rng = rng_create(5, 0);
    for (size_t i = 0; i < ROWS * STRIDE; i++)
        x[i] = (float)rng_uniform(&rng) - 0.5f;
    for (size_t i = 0; i < STRIDE * LANES; i++)
        w[i] = w32[i] = (float)rng_uniform(&rng) - 0.5f;
    for (size_t i = 0; i < ROWS * LANES; i++)
        r[i] = r32[i] = (float)rng_uniform(&rng) - 0.5f;
    const struct linear_rows rows = {.x = x, .n_rows = ROWS, .stride = STRIDE};
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
        const struct linear_kernels *kernels =
            SIMD_SELECT_LEVEL((enum simd_level)level, linear_kernels);
        for (size_t lanes = 8; lanes <= LANES; lanes += 8) {
            memset(g, 0, sizeof g);
            memset(g32, 0, sizeof g32);
            kernels->times(&rows, lanes, w, z);
            kernels->transpose_times(&rows, lanes, r, g);
            kernels->times_float(&rows, lanes, w32, z32);
            kernels->transpose_times_float(&rows, lanes, r32, g32);
            for (size_t i = 0; i < ROWS; i++)
                for (size_t k = 0; k < lanes; k++) {
                    double sum = 0;
                    for (size_t j = 0; j < STRIDE; j++)
                        sum += (double)x[i * STRIDE + j] * w[j * lanes + k];
                    cr_assert_leq(fabs(sum - z[i * lanes + k]), 1e-13);
                    cr_assert_leq(fabs(sum - (double)z32[i * lanes + k]), 2e-6);
                }
            for (size_t j = 0; j < STRIDE; j++)
                for (size_t k = 0; k < lanes; k++) {
                    double sum = 0;
                    for (size_t i = 0; i < ROWS; i++)
                        sum += (double)x[i * STRIDE + j] * r[i * lanes + k];
                    cr_assert_leq(fabs(sum - g[j * lanes + k]), 1e-13);
                    cr_assert_leq(fabs(sum - (double)g32[j * lanes + k]), 2e-6);
                }
        }
        double dots[7];
        kernels->dots(x, STRIDE, 7, w, dots);
        for (size_t k = 0; k < 7; k++) {
            double sum = 0;
            for (size_t j = 0; j < STRIDE; j++)
                sum += (double)x[j] * w[k * STRIDE + j];
            cr_assert_leq(fabs(sum - dots[k]), 1e-13);
        }
    }
}

/* D has 1 + the number of the row, so that every row must meet its own. */
static void weigh_by_row(const void *context, size_t first, size_t n_rows, float *restrict v)
{
    const size_t lanes = *(const size_t *)context;
    for (size_t i = 0; i < n_rows; i++)
        for (size_t k = 0; k < lanes; k++)
            v[i * lanes + k] *= (float)(1 + first + i);
}

/* Over chunks of several blocks, the last of them not whole. */
Test(linear, curvature_against_two_products, .timeout = 10)
{
    struct toy *toy = toy_create(TOY_ROWS_MAX, 5, 3);
    struct fitted f = prepare(toy, true);
    struct linear_design *d = &f.design;
    const size_t n_w = d->stride * d->lanes, n_z = d->n_rows * d->lanes;
    double *z = memory_array(n_z, sizeof *z), *expected = memory_array(n_w, sizeof *expected);
    double *q = memory_array(n_w, sizeof *q);
    float *z32 = memory_array(n_z, sizeof *z32);
    cr_assert(z && expected && q && z32);
    for (size_t j = 0; j < n_w; j++)
        f.w[j] = (double)(float)sin((double)j);
    linear_times(d, f.w, z);
    linear_times_float(d, f.w, z32);
    for (size_t i = 0; i < n_z; i++) {
        cr_assert_leq(fabs(z[i] - (double)z32[i]), 1e-5);
        z[i] *= (double)(1 + i / d->lanes);
    }
    linear_transpose_times(d, z, expected);
    linear_curved_times(d, f.w, weigh_by_row, &d->lanes, q);
    double largest = 0;
    for (size_t j = 0; j < n_w; j++)
        largest = fmax(largest, fabs(expected[j]));
    for (size_t j = 0; j < n_w; j++)
        cr_assert_leq(fabs(q[j] - expected[j]), 1e-6 * largest);
    memory_free(z);
    memory_free(z32);
    memory_free(q);
    memory_free(expected);
    release(&f);
    toy_destroy(toy);
}

/* Values against libm; slopes and curvatures against differences of values and slopes. */
Test(linear, losses_and_their_derivatives, .timeout = 10)
{
    enum { LANES = 8 };
    const double row_class[1] = {3}, alpha[LANES] = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7};
    const double lane_class[LANES] = {3, 1, 3, 1, 3, 1, 3, 3};
    const double z[LANES] = {0.3, -0.4, 1.7, 2.5, -30, 40, -0.91, 800};
    const double direction[LANES] = {1, 2, -1, 0.5, 3, -2, 1, 1};
    double mu[LANES], step[LANES];
    for (size_t k = 0; k < LANES; k++)
        mu[k] = 0.7;
    for (int loss = LINEAR_LOGISTIC; loss <= LINEAR_PROXIMAL_HINGE; loss++)
        for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
            const struct linear_kernels *kernels =
                SIMD_SELECT_LEVEL((enum simd_level)level, linear_kernels);
            double at[3][3][LANES] = {0}, r[LANES], base[3][LANES] = {0};
            struct linear_losses l = {.loss = (enum linear_loss)loss,
                                      .C = 1.3,
                                      .n_rows = 1,
                                      .lanes = LANES,
                                      .row_class = row_class,
                                      .lane_class = lane_class,
                                      .z = z,
                                      .direction = direction,
                                      .step = step,
                                      .alpha = alpha,
                                      .mu = mu};
            const double h = 1e-5;
            for (int q = 0; q < 3; q++) {
                for (size_t k = 0; k < LANES; k++)
                    step[k] = h * (q - 1);
                kernels->along(&l, &(struct linear_sums){.value = at[q][0],
                                                         .slope = at[q][1],
                                                         .curvature = at[q][2]});
            }
            kernels->residuals(
                &l, r, &(struct linear_sums){.value = base[0], .hinge = base[1], .dual = base[2]});
            for (size_t k = 0; k < LANES; k++) {
                const double m = row_class[0] == lane_class[k] ? z[k] : -z[k];
                const double scale = fmax(1, fabs(at[1][0][k]));
                if (loss != LINEAR_PROXIMAL_HINGE)
                    cr_assert_leq(
                        fabs(at[1][0][k] -
                             1.3 *
                                 naive_loss(loss == LINEAR_LOGISTIC ? LOGISTIC : SQUARED_HINGE, m)),
                        1e-12 * scale);
                cr_assert_leq(fabs(base[0][k] - at[1][0][k]), 1e-12 * scale);
                cr_assert_leq(fabs(r[k] * direction[k] - at[1][1][k]), 1e-10 * scale);
                cr_assert_leq(fabs((at[2][0][k] - at[0][0][k]) / (2 * h) - at[1][1][k]),
                              1e-5 * scale, "loss %d lane %zu", loss, k);
                cr_assert_leq(fabs((at[2][1][k] - at[0][1][k]) / (2 * h) - at[1][2][k]),
                              1e-4 * scale, "loss %d lane %zu", loss, k);
            }
        }
}

/* A Gram matrix that is updated equals one that is summed anew. */
Test(linear, gram_updates_equal_sums, .timeout = 10)
{
    struct toy *toy = toy_create(200, 6, 3);
    struct fitted f = prepare(toy, false);
    struct linear_hessian updated = {0}, fresh = {0};
    struct linear_gram gram = {0};
    cr_assert_eq(linear_hessian_create(&updated, &f.design, NULL), STATUS_OK);
    cr_assert_eq(linear_hessian_create(&fresh, &f.design, NULL), STATUS_OK);
    cr_assert_eq(linear_gram_create(&gram, &f.design, NULL), STATUS_OK);
    uint8_t member[200];
    for (size_t round = 0; round < 4; round++) {
        fresh.n_active = 0;
        for (size_t i = 0; i < 200; i++) {
            member[i] = (i + round) % 9 < 6;
            if (member[i]) {
                fresh.rows[fresh.n_active] = (uint32_t)i;
                fresh.weights[fresh.n_active++] = 3;
            }
        }
        linear_hessian_build_gram(&updated, &f.design, &gram, member, 3);
        linear_hessian_build(&fresh, &f.design, 1, 1);
        for (size_t i = 0; i < f.design.n_columns; i++)
            for (size_t j = 0; j <= i; j++) {
                const size_t at = i * f.design.stride + j;
                cr_assert_leq(fabs(updated.matrix[at] - fresh.matrix[at]), 1e-3);
            }
    }
    linear_gram_destroy(&gram);
    linear_hessian_destroy(&updated);
    linear_hessian_destroy(&fresh);
    release(&f);
    toy_destroy(toy);
}

/* Where no row counts any more, nothing is left of the sum before. */
Test(linear, a_sum_over_no_rows_is_nothing, .timeout = 10)
{
    struct toy *toy = toy_create(60, 6, 3);
    struct fitted f = prepare(toy, false);
    struct linear_hessian h = {0};
    cr_assert_eq(linear_hessian_create(&h, &f.design, NULL), STATUS_OK);
    h.n_active = 60;
    for (size_t i = 0; i < 60; i++) {
        h.rows[i] = (uint32_t)i;
        h.weights[i] = 2;
    }
    linear_hessian_build(&h, &f.design, 5, 1);
    cr_assert_not(h.is_double);
    h.n_active = 0;
    linear_hessian_build(&h, &f.design, 5, 1);
    for (size_t i = 0; i < f.design.n_columns; i++)
        for (size_t j = 0; j <= i; j++)
            cr_assert_eq(h.matrix[i * f.design.stride + j], i == j ? 5 : 0);
    linear_hessian_destroy(&h);
    release(&f);
    toy_destroy(toy);
}
