/* LinearSVC with the l1 penalty: its solver against a naive one and the conditions of optimality,
   awkward data, threads; and the equations that it solves. */
#include "base/memory.h"
#include "classifiers/linear_l1_svc.h"
#include "classifiers/linear_system.h"
#include "linear_toy.h"

enum { COLUMNS_MAX = TOY_FEATURES_MAX + 1 };

static const enum linear_loss losses[] = {LINEAR_PROXIMAL_HINGE, LINEAR_SQUARED_HINGE};

struct solved {
    struct linear_design design;
    double *w;
    struct linear_binary_result result;
};

static struct solved solve_with(const struct toy *toy, const struct linear_binary_options *options,
                                int n_threads)
{
    struct solved s = {0};
    const struct training_set set = toy_set(toy);
    cr_assert_eq(linear_design_create(&s.design, &set, false, n_threads, NULL), STATUS_OK);
    s.w = memory_array(s.design.stride * s.design.lanes, sizeof *s.w);
    cr_assert(s.w);
    cr_assert_eq(linear_l1_svc_solve(&s.design, options, s.w, &s.result, NULL), STATUS_OK);
    return s;
}

static struct solved solve(const struct toy *toy, enum linear_loss loss, double C, double tol)
{
    return solve_with(
        toy, &(struct linear_binary_options){.loss = loss, .C = C, .tol = tol, .max_iter = 1000},
        1);
}

static void release(struct solved *s)
{
    memory_free(s->w);
    linear_design_destroy(&s->design);
}

/* y_i x_i . w of a lane. */
static double margin(const struct solved *s, size_t i, size_t k)
{
    double z = 0;
    for (size_t j = 0; j < s->design.n_columns; j++)
        z += (double)s->design.x[i * s->design.stride + j] * s->w[j * s->design.lanes + k];
    return s->design.row_class[i] == s->design.lane_class[k] ? z : -z;
}

static double loss_at(enum linear_loss loss, double m)
{
    const double t = fmax(0, 1 - m);
    return loss == LINEAR_SQUARED_HINGE ? t * t : t;
}

/* The objective of a lane, from its definition. */
static double objective(const struct solved *s, enum linear_loss loss, double C, size_t k)
{
    double value = 0;
    for (size_t j = 0; j < s->design.n_columns; j++)
        value += fabs(s->w[j * s->design.lanes + k]);
    for (size_t i = 0; i < s->design.n_rows; i++)
        value += C * loss_at(loss, margin(s, i, k));
    return value;
}

/* Accelerated proximal gradient on Huber's hinge of width `width`, which is at most C n width / 2
   below the hinge; width 0: on the squared hinge. Ends with the weights in s->w. */
static void naive_solve(struct solved *s, double C, double width, size_t k)
{
    enum { PASSES = 60000 };
    const size_t n = s->design.n_columns, lanes = s->design.lanes;
    double norm = 0, at[COLUMNS_MAX] = {0}, old[COLUMNS_MAX] = {0}, momentum = 1;
    for (size_t i = 0; i < s->design.n_rows; i++)
        for (size_t j = 0; j < n; j++)
            norm += pow((double)s->design.x[i * s->design.stride + j], 2);
    const double step = (width > 0 ? width : 0.5) / (C * norm);
    for (int pass = 0; pass < PASSES; pass++) {
        double g[COLUMNS_MAX] = {0};
        for (size_t j = 0; j < n; j++)
            s->w[j * lanes + k] = at[j];
        for (size_t i = 0; i < s->design.n_rows; i++) {
            const double t = fmax(0, 1 - margin(s, i, k));
            const double y = s->design.row_class[i] == s->design.lane_class[k] ? 1 : -1;
            const double a = width > 0 ? C * fmin(1, t / width) : 2 * C * t;
            for (size_t j = 0; j < n; j++)
                g[j] -= y * a * (double)s->design.x[i * s->design.stride + j];
        }
        const double next = 0.5 * (1 + sqrt(1 + 4 * momentum * momentum));
        for (size_t j = 0; j < n; j++) {
            const double moved = at[j] - step * g[j];
            const double fresh = copysign(fmax(0, fabs(moved) - step), moved);
            at[j] = fresh + (momentum - 1) / next * (fresh - old[j]);
            old[j] = fresh;
        }
        momentum = next;
    }
    for (size_t j = 0; j < n; j++)
        s->w[j * lanes + k] = old[j];
}

static void check_minimum(size_t n_classes, enum linear_loss loss, double C)
{
    struct toy *toy = toy_create(90, 5, n_classes);
    struct solved ours = solve(toy, loss, C, 1e-7), naive = solve(toy, loss, C, 1);
    double sum = 0;
    cr_assert(ours.result.converged);
    cr_assert(ours.result.dual_gap >= -1e-12 && ours.result.dual_gap <= 1e-7);
    for (size_t k = 0; k < ours.design.n_problems; k++) {
        naive_solve(&naive, C, loss == LINEAR_SQUARED_HINGE ? 0 : 1e-3, k);
        const double value = objective(&ours, loss, C, k);
        const double theirs = objective(&naive, loss, C, k);
        cr_assert(value <= theirs * (1 + 1e-7) && theirs - value <= 2e-3 * value,
                  "loss %d C=%g class %zu: %.9g, naive %.9g", loss, C, k, value, theirs);
        sum += value;
    }
    cr_assert_leq(fabs(sum - ours.result.objective), 1e-9 * sum);
    release(&ours);
    release(&naive);
    toy_destroy(toy);
}

Test(linear_l1_svc, squared_hinge_reaches_the_naive_minimum, .timeout = 60)
{
    check_minimum(3, LINEAR_SQUARED_HINGE, 1);
    check_minimum(2, LINEAR_SQUARED_HINGE, 0.01);
}

Test(linear_l1_svc, hinge_reaches_the_naive_minimum, .timeout = 60)
{
    check_minimum(3, LINEAR_PROXIMAL_HINGE, 1);
    check_minimum(2, LINEAR_PROXIMAL_HINGE, 0.02);
}

/*
 * The minima of the hinge on toy_create(90, 5, 3), one a class, from SciPy 1.10.1: linprog with
 * method highs, in u, v, xi >= 0 (w = u - v), the columns being those of the design.
 */
static const double highs[2][3] = {{13.4113604, 8.8, 9.4}, {363.6909364, 234.158304, 281}};

Test(linear_l1_svc, hinge_reaches_the_minimum_of_highs, .timeout = 20)
{
    const double Cs[] = {0.3, 10};
    struct toy *toy = toy_create(90, 5, 3);
    for (size_t c = 0; c < 2; c++) {
        struct solved s = solve(toy, LINEAR_PROXIMAL_HINGE, Cs[c], 1e-8);
        cr_assert(s.result.converged);
        for (size_t k = 0; k < 3; k++) {
            const double value = objective(&s, LINEAR_PROXIMAL_HINGE, Cs[c], k);
            cr_assert_leq(fabs(value - highs[c][k]), 1e-7 * value, "C=%g class %zu: %.10g", Cs[c],
                          k, value);
        }
        release(&s);
    }
    toy_destroy(toy);
}

/* The gradient of the squared hinge is within [-1, 1], and -sign w_j where w_j is not 0. */
Test(linear_l1_svc, squared_hinge_satisfies_the_conditions, .timeout = 20)
{
    const double Cs[] = {0.01, 1, 100};
    struct toy *toy = toy_create(300, 8, 3);
    size_t n_zero = 0;
    for (size_t c = 0; c < 3; c++) {
        struct solved s = solve(toy, LINEAR_SQUARED_HINGE, Cs[c], 1e-10);
        cr_assert(s.result.converged);
        for (size_t k = 0; k < 3; k++)
            for (size_t j = 0; j < s.design.n_columns; j++) {
                double g = 0;
                for (size_t i = 0; i < s.design.n_rows; i++) {
                    const bool positive = s.design.row_class[i] == s.design.lane_class[k];
                    const double a = 2 * Cs[c] * fmax(0, 1 - margin(&s, i, k));
                    g += (positive ? a : -a) * (double)s.design.x[i * s.design.stride + j];
                }
                const double w = s.w[j * s.design.lanes + k];
                const double error = w == 0 ? fmax(0, fabs(g) - 1) : fabs(g - copysign(1, w));
                cr_assert_leq(error, 1e-2 * sqrt(Cs[c]), "C=%g class %zu column %zu: w %g g %g",
                              Cs[c], k, j, w, g);
                n_zero += w == 0;
            }
        release(&s);
    }
    cr_assert_gt(n_zero, 0, "a small C leaves weights at exactly 0");
    toy_destroy(toy);
}

/* Where no weight is worth its penalty, all are exactly 0 and the objective is C a row. */
Test(linear_l1_svc, a_tiny_C_leaves_nothing, .timeout = 10)
{
    struct toy *toy = toy_create(90, 5, 3);
    for (size_t l = 0; l < 2; l++) {
        struct solved s = solve(toy, losses[l], 1e-6, 1e-4);
        cr_assert(s.result.converged);
        for (size_t i = 0; i < s.design.n_columns * s.design.lanes; i++)
            cr_assert(i % s.design.lanes >= 3 || s.w[i] == 0);
        cr_assert_leq(fabs(s.result.objective - 3 * 90e-6), 1e-12);
        release(&s);
    }
    toy_destroy(toy);
}

/* Few rows and many, one varying feature and more, up to the extremes of C. */
Test(linear_l1_svc, shapes_and_extremes, .timeout = 60)
{
    static const size_t shapes[][2] = {{4, 8}, {6, 1}, {12, 8}, {200, 1}, {900, 4}};
    const double Cs[] = {1e-6, 1e-2, 1, 100, 1e6};
    for (size_t q = 0; q < sizeof shapes / sizeof shapes[0]; q++)
        for (size_t c = 0; c < sizeof Cs / sizeof Cs[0]; c++)
            for (size_t l = 0; l < 2; l++) {
                struct toy *toy = toy_create(shapes[q][0], shapes[q][1], 3);
                struct solved s = solve(toy, losses[l], Cs[c], 1e-4);
                cr_assert(s.result.converged && s.result.n_iter <= 60,
                          "%zu x %zu C=%g loss %d: %ld steps, gap %g", shapes[q][0], shapes[q][1],
                          Cs[c], losses[l], s.result.n_iter, s.result.dual_gap);
                cr_assert_geq(s.result.dual_gap, -1e-12);
                release(&s);
                toy_destroy(toy);
            }
}

/* The gap that is reported is one: no other weights are better than the bound that it states. */
Test(linear_l1_svc, one_step_is_not_convergence, .timeout = 10)
{
    struct toy *toy = toy_create(300, 6, 3);
    for (size_t l = 0; l < 2; l++) {
        struct solved best = solve(toy, losses[l], 1, 1e-8);
        double last = HUGE_VAL;
        for (long max_iter = 1; max_iter <= 5; max_iter += 2) {
            const struct linear_binary_options options = {
                .loss = losses[l], .C = 1, .tol = 1e-8, .max_iter = max_iter};
            struct solved s = solve_with(toy, &options, 1);
            cr_assert(!s.result.converged);
            cr_assert_eq(s.result.n_iter, max_iter);
            cr_assert_leq(s.result.dual_gap, last);
            for (size_t k = 0; k < 3; k++) {
                const double value = objective(&s, losses[l], 1, k);
                cr_assert_geq(objective(&best, losses[l], 1, k),
                              value * (1 - s.result.dual_gap) * (1 - 1e-12));
            }
            last = s.result.dual_gap;
            release(&s);
        }
        release(&best);
    }
    toy_destroy(toy);
}

Test(linear_l1_svc, same_weights_with_one_and_two_threads, .timeout = 20)
{
    struct toy *toy = toy_create(900, 6, 4);
    for (size_t l = 0; l < 2; l++) {
        const struct linear_binary_options options = {
            .loss = losses[l], .C = 10, .tol = 1e-6, .max_iter = 100};
        struct solved one = solve_with(toy, &options, 1), two = solve_with(toy, &options, 2);
        cr_assert(one.result.converged);
        cr_assert_arr_eq(one.w, two.w, one.design.stride * one.design.lanes * sizeof *one.w);
        release(&one);
        release(&two);
    }
    toy_destroy(toy);
}

/* Weights of rows and columns that differ by lane and over many magnitudes. */
static void fill_system(const struct linear_system *system)
{
    const struct linear_design *d = system->design;
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 0; k < d->n_problems; k++)
            system->d[i * d->lanes + k] = pow(10, (double)((3 * i + k) % 7) - 4);
    for (size_t j = 0; j < d->n_columns; j++)
        for (size_t k = 0; k < d->n_problems; k++)
            system->e[j * d->lanes + k] = pow(10, (double)((2 * j + k) % 5) - 3);
}

/* E dw + X^T D X dw from its definition. */
static double product(const struct linear_system *system, const double *dw, size_t j, size_t k)
{
    const struct linear_design *d = system->design;
    double value = system->e[j * d->lanes + k] * dw[j * d->lanes + k];
    for (size_t i = 0; i < d->n_rows; i++) {
        const float *x = d->x + i * d->stride;
        double z = 0;
        for (size_t c = 0; c < d->n_columns; c++)
            z += (double)x[c] * dw[c * d->lanes + k];
        value += system->d[i * d->lanes + k] * z * (double)x[j];
    }
    return value;
}

/* A system of three lanes, to be filled, and what its solution needs. */
struct equations {
    struct toy *toy;
    struct solved solved; /* has the design */
    struct linear_system system;
    double *rhs, *dw, *dz; /* rhs is 0 */
};

/* In place: the system points to the design. */
static void equations_create(struct equations *e)
{
    *e = (struct equations){.toy = toy_create(200, 6, 3)};
    e->solved = solve(e->toy, LINEAR_SQUARED_HINGE, 1, 1);
    const struct linear_design *d = &e->solved.design;
    const size_t n_w = d->stride * d->lanes;
    cr_assert_eq(linear_system_create(&e->system, d, NULL), STATUS_OK);
    e->rhs = memory_zeroed(n_w, sizeof *e->rhs);
    e->dw = memory_array(n_w, sizeof *e->dw);
    e->dz = memory_array(d->n_rows * d->lanes, sizeof *e->dz);
    cr_assert(e->rhs && e->dw && e->dz);
}

static void equations_destroy(struct equations *e)
{
    memory_free(e->rhs);
    memory_free(e->dw);
    memory_free(e->dz);
    linear_system_destroy(&e->system);
    release(&e->solved);
    toy_destroy(e->toy);
}

/* With factors of other weights, as if rounding had spoilt them, the residual is that asked for. */
Test(linear_l1_svc, equations_are_solved, .timeout = 10)
{
    struct equations e;
    equations_create(&e);
    struct linear_system *system = &e.system;
    const struct linear_design *d = system->design;
    const bool active[] = {true, false, true};
    const double enough[] = {1e-9, HUGE_VAL, 1e-3};
    for (int spoilt = 0; spoilt < 2; spoilt++) {
        fill_system(system);
        for (size_t i = 0; spoilt && i < d->n_rows * d->lanes; i++)
            system->d[i] *= i % 5 ? 1 : 20;
        for (size_t j = 0; j < d->n_columns; j++)
            for (size_t k = 0; k < 3; k++)
                e.rhs[j * d->lanes + k] = active[k] ? sin((double)(j + k)) : 0;
        linear_system_factor(system, active);
        fill_system(system);
        linear_system_solve(system, active, enough, e.rhs, e.dw, e.dz);
        for (size_t j = 0; j < d->n_columns; j++) {
            for (size_t k = 0; k < 3; k += 2)
                cr_assert_leq(fabs(product(system, e.dw, j, k) - e.rhs[j * d->lanes + k]),
                              1.01 * enough[k], "spoilt %d column %zu lane %zu", spoilt, j, k);
            cr_assert_eq(e.dw[j * d->lanes + 1], 0);
        }
    }
    equations_destroy(&e);
}

/* Rounds of conjugate gradients are counted, and many of them ask for a better factor. */
Test(linear_l1_svc, many_rounds_ask_for_double, .timeout = 10)
{
    struct equations e;
    equations_create(&e);
    struct linear_system *system = &e.system;
    const struct linear_design *d = system->design;
    const size_t n_w = d->stride * d->lanes, n_z = d->n_rows * d->lanes;
    const double enough[] = {1e-9, 1e-9, 1e-9};
    bool active[] = {true, true, true};
    for (size_t i = 0; i < n_z; i++)
        system->d[i] = 1e-3;
    for (size_t j = 0; j < n_w; j++) {
        system->e[j] = 1;
        e.rhs[j] = j % d->lanes < 3 && j < d->n_columns * d->lanes;
    }
    linear_system_factor(system, active);
    cr_assert_not(system->hessians[0].is_double);
    for (size_t i = 0; i < n_z; i += 3)
        system->d[i] *= 1000;
    linear_system_solve(system, active, enough, e.rhs, e.dw, e.dz);
    for (size_t k = 0; k < 3; k++)
        cr_assert(system->rounds[k] > 1 && system->rounds[k] < 50, "%d rounds", system->rounds[k]);
    system->rounds[0] = 50;
    system->rounds[1] = system->rounds[2] = 1;
    linear_system_factor(system, active);
    cr_assert(system->is_double[0] && !system->is_double[1] && system->rounds[0] == 0);
    active[1] = active[2] = false;
    linear_system_factor(system, active);
    cr_assert(system->is_double[0] && system->hessians[0].is_double);
    equations_destroy(&e);
}
