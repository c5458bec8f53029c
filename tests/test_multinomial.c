/* Multinomial logistic regression against its definition in double, and LogisticRegression with it.
 */
#include "classifiers/linear_joint.h"
#include "classifiers/multinomial.h"
#include "classifiers/multinomial_rows.h"
#include "linear_toy.h"

#include "base/memory.h"

struct fitted {
    struct linear_design design;
    double *w;
    struct multinomial_result result;
};

static struct fitted fit(const struct toy *toy, bool is_l1, double C, double tol, int n_threads)
{
    struct fitted f = {0};
    const struct training_set set = toy_set(toy);
    const struct multinomial_options options = {
        .is_l1 = is_l1, .C = C, .tol = tol, .max_iter = 100};
    cr_assert_eq(linear_design_create(&f.design, &set, true, n_threads, NULL), STATUS_OK);
    f.w = memory_array(f.design.stride * f.design.lanes, sizeof *f.w);
    cr_assert(f.w);
    cr_assert_eq(multinomial_solve(&f.design, &options, f.w, &f.result, NULL), STATUS_OK);
    return f;
}

static void release(struct fitted *f)
{
    memory_free(f->w);
    linear_design_destroy(&f->design);
}

/* The weight of feature j, n_features for the intercept, in class k. */
static double weight(const struct fitted *f, size_t j, size_t k)
{
    for (size_t c = 0; c < f->design.n_columns; c++)
        if (c + 1 == f->design.n_columns ? j == f->design.n_features : f->design.features[c] == j)
            return f->w[c * f->design.lanes + k];
    return 0;
}

static bool has_rows(const struct toy *toy, size_t k)
{
    bool any = false;
    for (size_t i = 0; i < toy->n_rows; i++)
        any |= toy->y[i] == k;
    return any;
}

struct naive {
    double objective;
    double *gradient; /* of the losses, (n_features + 1) x n_classes */
};

/* Objective and gradient in double, as they are defined. */
static struct naive naive(const struct toy *toy, const struct fitted *f, bool is_l1, double C)
{
    const size_t n = toy->n_features, n_classes = toy->n_classes;
    struct naive result = {.gradient = calloc((n + 1) * n_classes, sizeof(double))};
    double *w = malloc((n + 1) * n_classes * sizeof *w), z[256] = {0};
    cr_assert(w && result.gradient);
    for (size_t j = 0; j <= n; j++)
        for (size_t k = 0; k < n_classes; k++) {
            w[j * n_classes + k] = weight(f, j, k);
            if (j < n)
                result.objective += is_l1 ? fabs(weight(f, j, k)) : 0.5 * pow(weight(f, j, k), 2);
        }
    for (size_t i = 0; i < toy->n_rows; i++) {
        double largest = -HUGE_VAL, sum = 0;
        for (size_t k = 0; k < n_classes; k++) {
            z[k] = 0;
            for (size_t j = 0; j <= n; j++)
                z[k] += w[j * n_classes + k] * toy_value(toy, i, j);
            largest = fmax(largest, z[k]);
        }
        for (size_t k = 0; k < n_classes; k++)
            sum += exp(z[k] - largest);
        result.objective += C * (largest + log(sum) - z[toy->y[i]]);
        for (size_t k = 0; k < n_classes; k++)
            for (size_t j = 0; j <= n; j++)
                result.gradient[j * n_classes + k] +=
                    C * (exp(z[k] - largest) / sum - (toy->y[i] == k)) * toy_value(toy, i, j);
    }
    free(w);
    return result;
}

/* The smallest subgradient of the objective by a weight, in size. */
static double violation(double gradient, double w, bool is_l1)
{
    if (!is_l1)
        return fabs(gradient + w);
    return w != 0 ? fabs(gradient + copysign(1, w)) : fmax(0, fabs(gradient) - 1);
}

/* The problem is convex: a small subgradient is an optimum. Returns how many weights of features
   are not 0. */
static size_t check_optimum(const struct toy *toy, const struct fitted *f, bool is_l1, double C)
{
    const size_t n = toy->n_features;
    struct naive expected = naive(toy, f, is_l1, C);
    size_t n_used = 0;
    cr_assert(f->result.converged, "C=%g: gap %g", C, f->result.dual_gap);
    cr_assert_leq(fabs(expected.objective - f->result.objective), 1e-9 * expected.objective + 1e-9);
    for (size_t k = 0; k < toy->n_classes; k++)
        for (size_t j = 0; j <= n; j++) {
            const double g = expected.gradient[j * toy->n_classes + k], w = weight(f, j, k);
            const double wrong = j < n ? violation(g, w, is_l1) : fabs(g);
            cr_assert_leq(wrong, 2e-3 * fmax(1, sqrt(C)),
                          "%s C=%g feature %zu class %zu: gradient %g, weight %g",
                          is_l1 ? "l1" : "l2", C, j, k, g, w);
            n_used += j < n && w != 0;
        }
    free(expected.gradient);
    return n_used;
}

Test(multinomial, optimality_on_toys, .timeout = 60)
{
    const double Cs[] = {0.03, 1, 100};
    for (size_t n_classes = 2; n_classes <= 4; n_classes++) {
        struct toy *toy = toy_create(90, 5, n_classes);
        for (size_t c = 0; c < 3; c++)
            for (int is_l1 = 0; is_l1 < 2; is_l1++) {
                struct fitted f = fit(toy, is_l1, Cs[c], 1e-8, 1);
                const size_t n_used = check_optimum(toy, &f, is_l1, Cs[c]);
                cr_assert(!is_l1 || n_classes != 3 || n_used <= 8,
                          "of three weights of a feature the middle one is exactly 0");
                release(&f);
            }
        toy_destroy(toy);
    }
}

/* Fewer rows than columns, down to one a class; the last repeats the first with another label. */
Test(multinomial, few_rows, .timeout = 60)
{
    for (size_t n_rows = 4; n_rows <= 12; n_rows += 4)
        for (int is_l1 = 0; is_l1 < 2; is_l1++) {
            struct toy *toy = toy_create(n_rows, 8, 3);
            struct fitted f = fit(toy, is_l1, 10, 1e-9, 1);
            check_optimum(toy, &f, is_l1, 10);
            release(&f);
            toy_destroy(toy);
        }
}

/*
 * The weights of class 1 and its intercept on toy_create(90, 5, 3), standardised, C=1, from
 * scikit-learn 1.2.1: LogisticRegression(multi_class="multinomial"), l2 with newton-cg, l1 with
 * saga, tol=1e-8.
 */
static const double golden[2][6] = {
    {-0.6388229, 0.6634387, 0, -0.2119605, -0.0538419, -0.8865698},
    {0, 0.7245681, 0, -0.1856343, 0, -0.8520400},
};

Test(multinomial, weights_of_scikit_learn, .timeout = 20)
{
    struct toy *toy = toy_create(90, 5, 3);
    for (int is_l1 = 0; is_l1 < 2; is_l1++) {
        struct fitted f = fit(toy, is_l1, 1, 1e-9, 1);
        for (size_t j = 0; j < 6; j++)
            cr_assert_leq(fabs(weight(&f, j, 1) - golden[is_l1][j]), 2e-4, "%s feature %zu: %.7f",
                          is_l1 ? "l1" : "l2", j, weight(&f, j, 1));
        release(&f);
    }
    toy_destroy(toy);
}

static struct toy *toy_alone(size_t n_rows, size_t n_features, size_t n_classes)
{
    struct toy *toy = calloc(1, sizeof *toy);
    cr_assert(toy && n_rows * n_features <= sizeof toy->bytes);
    toy->n_rows = n_rows;
    toy->n_features = n_features;
    toy->n_classes = n_classes;
    return toy;
}

/* Class 2 has one row, class 3 has none: it is never predicted, and changes nothing. */
Test(multinomial, a_lone_row_and_a_class_without_rows, .timeout = 20)
{
    for (int is_l1 = 0; is_l1 < 2; is_l1++) {
        double objectives[2];
        for (size_t n_classes = 3; n_classes <= 4; n_classes++) {
            struct toy *toy = toy_alone(40, 3, n_classes);
            for (size_t i = 0; i < 40; i++) {
                toy->y[i] = (uint8_t)(i == 17 ? 2 : i % 2);
                toy->bytes[i * 3] = (uint8_t)(40 * (i % 2) + 7 * i % 90);
                toy->bytes[i * 3 + 1] = (uint8_t)(11 * i % 50);
                toy->bytes[i * 3 + 2] = 77;
            }
            toy_finish(toy);
            struct fitted f = fit(toy, is_l1, 10, 1e-9, 1);
            cr_assert(f.result.converged);
            objectives[n_classes - 3] = f.result.objective;
            if (n_classes == 3)
                check_optimum(toy, &f, is_l1, 10);
            else
                cr_assert(!has_rows(toy, 3) && isinf(weight(&f, 3, 3)) && weight(&f, 3, 3) < 0);
            for (size_t j = 0; n_classes == 4 && j < 3; j++)
                cr_assert_eq(weight(&f, j, 3), 0);
            release(&f);
            toy_destroy(toy);
        }
        cr_assert_leq(fabs(objectives[0] - objectives[1]), 1e-6 * objectives[0]);
    }
}

/* Constant features, and a single class: the intercepts alone are left, and are exact. */
Test(multinomial, nothing_but_the_intercepts, .timeout = 20)
{
    for (int is_l1 = 0; is_l1 < 2; is_l1++)
        for (size_t n_used = 1; n_used <= 3; n_used += 2) {
            struct toy *toy = toy_alone(60, 2, 3);
            memset(toy->bytes, 5, 120);
            for (size_t i = 0; i < 60; i++)
                toy->y[i] = (uint8_t)(n_used == 1 ? 1 : i % 6 == 0 ? 0 : i % 2 ? 1 : 2);
            toy_finish(toy);
            struct fitted f = fit(toy, is_l1, 3, 1e-12, 1);
            cr_assert(f.result.converged);
            if (n_used == 3) {
                cr_assert_leq(fabs(weight(&f, 2, 1) - weight(&f, 2, 0) - log(3)), 1e-9);
                cr_assert_leq(fabs(weight(&f, 2, 2) - weight(&f, 2, 0) - log(2)), 1e-9);
            } else {
                cr_assert_eq(f.result.objective, 0);
                cr_assert(isinf(weight(&f, 2, 0)) && isfinite(weight(&f, 2, 1)));
            }
            release(&f);
            toy_destroy(toy);
        }
}

/* Bytes at random, classes in turns. */
static struct toy *toy_random(size_t n_rows, size_t n_features, size_t n_classes, uint64_t seed)
{
    struct toy *toy = toy_alone(n_rows, n_features, n_classes);
    struct rng rng = rng_create(seed, 0);
    for (size_t i = 0; i < n_rows * n_features; i++)
        toy->bytes[i] = (uint8_t)rng_below(&rng, 256);
    for (size_t i = 0; i < n_rows; i++)
        toy->y[i] = (uint8_t)(i % n_classes);
    toy_finish(toy);
    return toy;
}

Test(multinomial, all_the_classes_there_may_be, .timeout = 60)
{
    for (int is_l1 = 0; is_l1 < 2; is_l1++) {
        struct toy *toy = toy_random(520, 12, 256, 5);
        struct fitted f = fit(toy, is_l1, 0.3, 1e-8, 1);
        check_optimum(toy, &f, is_l1, 0.3);
        release(&f);
        toy_destroy(toy);
    }
}

/* More classes and features than all blocks of a Newton matrix are made for; for l1 only. */
Test(multinomial, too_many_classes_and_features_for_the_whole_matrix, .timeout = 60)
{
    struct toy *toy = toy_random(168, 280, 42, 6);
    cr_assert_not(linear_joint_fits(toy->n_classes, toy->n_features + 1));
    struct fitted f = fit(toy, true, 2, 1e-8, 1);
    check_optimum(toy, &f, true, 2);
    release(&f);
    toy_destroy(toy);
}

Test(multinomial, same_with_any_number_of_threads, .timeout = 60)
{
    struct toy *toy = toy_create(900, 6, 4);
    for (int is_l1 = 0; is_l1 < 2; is_l1++) {
        struct fitted one = fit(toy, is_l1, 10, 1e-6, 1);
        for (int n_threads = 2; n_threads <= 3; n_threads++) {
            struct fitted more = fit(toy, is_l1, 10, 1e-6, n_threads);
            const size_t n = one.design.stride * one.design.lanes;
            cr_assert_eq(memcmp(one.w, more.w, n * sizeof *one.w), 0, "%d threads", n_threads);
            cr_assert_eq(one.result.dual_gap, more.result.dual_gap);
            release(&more);
        }
        release(&one);
    }
    toy_destroy(toy);
}

/* The rows of a problem by themselves. */
struct rows_alone {
    struct toy *toy;
    struct training_set set;
    struct linear_design design;
    struct multinomial_rows rows;
    size_t n;  /* of weights, with those that fill up the lanes */
    double *w; /* n */
};

static void rows_alone_create(struct rows_alone *s, struct toy *toy, double C, int n_threads)
{
    *s = (struct rows_alone){.toy = toy, .set = toy_set(toy)};
    cr_assert_eq(linear_design_create(&s->design, &s->set, true, n_threads, NULL), STATUS_OK);
    s->n = s->design.stride * s->design.lanes;
    s->w = memory_array(s->n, sizeof *s->w);
    cr_assert(s->w);
    cr_assert_eq(multinomial_rows_create(&s->rows, &s->design, C, s->w, NULL), STATUS_OK);
}

static void rows_alone_destroy(struct rows_alone *s)
{
    multinomial_rows_destroy(&s->rows);
    memory_free(s->w);
    linear_design_destroy(&s->design);
    toy_destroy(s->toy);
}

/* Rows that are wrong and certain have no curvature: they are given some. */
Test(multinomial, softened_rows, .timeout = 10)
{
    struct rows_alone s;
    rows_alone_create(&s, toy_create(90, 5, 3), 2, 1);
    const size_t lanes = s.design.lanes;
    for (size_t i = 0; i < s.toy->n_rows; i++)
        s.rows.x.z[i * lanes] += i % 2 ? 20 : -20;
    multinomial_rows_evaluate(&s.rows);
    multinomial_rows_soften(&s.rows, 0.1);
    for (size_t i = 0; i < s.toy->n_rows; i++) {
        double sum = 0;
        for (size_t k = 0; k < 3; k++) {
            const double p = s.rows.p[i * lanes + k];
            sum += p;
            cr_assert_leq(fabs(s.rows.x.r[i * lanes + k] - 2 * (p - (k == s.toy->y[i]))), 1e-12);
        }
        cr_assert_geq(s.rows.p[i * lanes + s.toy->y[i]], 0.1 - 1e-12);
        cr_assert_leq(fabs(sum - 1), 1e-12);
    }
    rows_alone_destroy(&s);
}

/* q = the Hessian of the losses times p, from the definition, of the rows' own p. */
static void naive_product(const struct multinomial_rows *m, double C, const double *p, double *q)
{
    const struct linear_design *d = m->x.design;
    memset(q, 0, d->stride * d->lanes * sizeof *q);
    for (size_t i = 0; i < d->n_rows; i++) {
        double v[TOY_CLASSES_MAX] = {0}, mean = 0;
        for (size_t k = 0; k < d->n_problems; k++) {
            for (size_t j = 0; j < d->n_columns; j++)
                v[k] += (double)d->x[i * d->stride + j] * p[j * d->lanes + k];
            mean += m->p[i * d->lanes + k] * v[k];
        }
        for (size_t k = 0; k < d->n_problems; k++)
            for (size_t j = 0; j < d->n_columns; j++)
                q[j * d->lanes + k] +=
                    C * m->p[i * d->lanes + k] * (v[k] - mean) * (double)d->x[i * d->stride + j];
    }
}

/* Of the product with the Hessian from the definition, as a part of the largest number there. */
static double product_error(const struct rows_alone *s, const double *p)
{
    double *expected = memory_array(2 * s->n, sizeof *expected), *q = expected + s->n;
    double largest = 0, size = 0;
    cr_assert(expected);
    naive_product(&s->rows, s->rows.x.C, p, expected);
    multinomial_rows_curve(&s->rows, p, q);
    for (size_t j = 0; j < s->n; j++) {
        largest = fmax(largest, fabs(q[j] - expected[j]));
        size = fmax(size, fabs(expected[j]));
    }
    memory_free(expected);
    return largest / size;
}

/* Products with the Hessian in float32; and in double, along weights of two columns that are all
   but opposite where the columns are the same. */
Test(multinomial, products, .timeout = 10)
{
    struct rows_alone s;
    rows_alone_create(&s, toy_create(300, 6, 4), 3, 2);
    const struct linear_design *d = &s.design;
    for (size_t i = 0; i < d->n_rows; i++)
        d->x[i * d->stride + 1] = d->x[i * d->stride];
    multinomial_rows_evaluate(&s.rows);
    multinomial_rows_gather(&s.rows);
    double *p = memory_array(s.n, sizeof *p);
    struct rng rng = rng_create(5, 0);
    cr_assert(p);
    for (size_t j = 0; j < s.n; j++)
        p[j] = j / d->lanes < d->n_columns && j % d->lanes < d->n_problems ? rng_uniform(&rng) - 0.5
                                                                           : 0;
    cr_assert_leq(product_error(&s, p), 1e-5);
    for (size_t j = 0; j < d->lanes; j++) {
        p[j] *= 1e6;
        p[d->lanes + j] -= p[j];
    }
    s.rows.is_double = true;
    cr_assert_leq(product_error(&s, p), 1e-6);
    memory_free(p);
    rows_alone_destroy(&s);
}

/* Hardly a loss, and hardly a penalty on rows that can nearly be separated. */
Test(multinomial, extremes_of_C, .timeout = 60)
{
    const double Cs[] = {1e-6, 1e6};
    for (size_t c = 0; c < 2; c++)
        for (int is_l1 = 0; is_l1 < 2; is_l1++)
            for (size_t n_rows = 12; n_rows <= 90; n_rows += 78) {
                struct toy *toy = toy_create(n_rows, 6, 3);
                struct fitted f = fit(toy, is_l1, Cs[c], 1e-4, 1);
                cr_assert(f.result.converged, "%s C=%g, %zu rows: gap %g", is_l1 ? "l1" : "l2",
                          Cs[c], n_rows, f.result.dual_gap);
                release(&f);
                toy_destroy(toy);
            }
}

/* A rule that rounding does not let it reach: it stops and says so. */
Test(multinomial, stops_where_rounding_does, .timeout = 20)
{
    struct toy *toy = toy_create(90, 5, 3);
    for (int is_l1 = 0; is_l1 < 2; is_l1++) {
        struct fitted f = fit(toy, is_l1, 1, 1e-300, 1);
        cr_assert_eq(f.result.converged, f.result.dual_gap <= 1e-300);
        cr_assert_leq(f.result.dual_gap, 1e-8);
        release(&f);
    }
    toy_destroy(toy);
}

static struct parameters class_parameters(const char *penalty, double max_iter)
{
    const struct classifier_class *class = classifier_find("LogisticRegression");
    struct parameters p;
    parameters_default(&p, class->parameters);
    toy_choose(&p, class, "penalty", penalty);
    toy_choose(&p, class, "multi_class", "multinomial");
    toy_set_number(&p, class, "max_iter", max_iter);
    return p;
}

/* What is recorded, and that the limit of steps is told from the rule. */
Test(multinomial, as_a_class, .timeout = 20)
{
    static const char *const penalties[] = {"l1", "l2"};
    const struct classifier_class *class = classifier_find("LogisticRegression");
    for (size_t n_classes = 2; n_classes <= 4; n_classes++) {
        struct toy *toy = toy_create(200, 6, n_classes);
        for (size_t q = 0; q < 2; q++) {
            uint8_t labels[TOY_ROWS_MAX];
            struct parameters p = class_parameters(penalties[q], 1);
            const struct fit_report first = toy_fit(toy, class, &p, 1, labels);
            cr_assert(first.converged == 0 && first.n_iter == 1);
            p = class_parameters(penalties[q], 100);
            const struct fit_report all = toy_fit(toy, class, &p, 1, labels);
            cr_assert(all.converged == 1 && all.n_iter > 1);
            cr_assert_lt(toy_measure(&all, "objective"), toy_measure(&first, "objective"));
            cr_assert_leq(toy_measure(&all, "dual_gap"), 1e-4);
            cr_assert_gt(toy_measure(&first, "dual_gap"), 1e-4);
            size_t n_right = 0, n_largest = 0;
            for (size_t i = 0; i < toy->n_rows; i++) {
                n_right += labels[i] == toy->y[i];
                n_largest += toy->y[i] == 0;
            }
            cr_assert_gt(n_right, n_largest, "%s, %zu classes", penalties[q], n_classes);
        }
        toy_destroy(toy);
    }
}
