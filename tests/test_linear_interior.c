/* The parts of the interior-point method of linear_interior.c: a direction solves the equations
   that Newton's method makes of its definition. */
#include "classifiers/linear_interior_penalty.h"
#include "classifiers/linear_interior_rows.h"
#include "linear_toy.h"

#include "base/memory.h"

enum { N_ROWS = 50, N_CLASSES = 3 };

struct problem {
    struct toy *toy;
    struct training_set set;
    struct linear_design design;
    size_t n; /* of weights, with those that fill up the lanes */
    double *w, *dw;
};

static struct problem *prepare(void)
{
    struct problem *p = calloc(1, sizeof *p);
    cr_assert(p);
    p->toy = toy_create(N_ROWS, 5, N_CLASSES);
    p->set = toy_set(p->toy);
    cr_assert_eq(linear_design_create(&p->design, &p->set, true, 2, NULL), STATUS_OK);
    p->n = p->design.stride * p->design.lanes;
    p->w = memory_zeroed(p->n, sizeof *p->w);
    p->dw = memory_zeroed(p->n, sizeof *p->dw);
    cr_assert(p->w && p->dw);
    for (size_t j = 0; j < p->design.n_columns; j++)
        for (size_t k = 0; k < N_CLASSES; k++)
            p->dw[j * p->design.lanes + k] = 0.1 * (double)((5 * j + 3 * k) % 7) - 0.2;
    return p;
}

static void release(struct problem *p)
{
    memory_free(p->w);
    memory_free(p->dw);
    linear_design_destroy(&p->design);
    toy_destroy(p->toy);
    free(p);
}

/* Moves p, s and z away from where they start, where much is the same; t follows from s of class 0
   and rows are left `off`. */
static void disturb(struct linear_interior_rows *rows, bool is_softmax)
{
    const size_t lanes = rows->design->lanes;
    for (size_t i = 0; i < N_ROWS; i++) {
        double sum = 0;
        for (size_t q = i * lanes; q < i * lanes + N_CLASSES; q++) {
            rows->p[q] = 0.01 + (double)(7 * q % 23);
            rows->s[q] = 0.1 + (double)(5 * q % 13);
            rows->z[q] = (double)(3 * q % 19) - 9;
            sum += rows->p[q];
        }
        for (size_t q = i * lanes; q < i * lanes + N_CLASSES; q++)
            rows->p[q] /= sum;
        if (is_softmax)
            rows->t[i] = (double)(i % 5);
    }
}

/* Of row i and class k after a direction: p s = product to first order, and what s is. */
static void check_row(const struct linear_interior_rows *rows, double product, size_t i, size_t k)
{
    const size_t q = i * rows->design->lanes + k;
    const double p = rows->p[q], s = rows->s[q], dp = rows->dp[q], ds = rows->ds[q];
    cr_assert_leq(fabs(p * s + p * ds + s * dp - product), 1e-10, "row %zu, class %zu", i, k);
    if (rows->entropy > 0) {
        const double t = rows->t[i] + rows->dt[i], log_p = log(p) + dp / p;
        cr_assert_leq(fabs(s + ds - (t + log_p - rows->z[q] - rows->dz[q])), 1e-9,
                      "row %zu, class %zu", i, k);
    } else {
        const size_t first = i * rows->design->lanes;
        cr_assert_leq(fabs(ds + rows->dz[q] - rows->ds[first] - rows->dz[first]), 1e-10,
                      "t of row %zu is not the same for class %zu", i, k);
    }
}

Test(linear_interior, directions_of_rows, .timeout = 10)
{
    for (int is_softmax = 0; is_softmax < 2; is_softmax++) {
        struct problem *p = prepare();
        struct linear_interior_rows rows;
        double totals[LINEAR_INTERIOR_TOTALS];
        const double product = 0.05;
        cr_assert_eq(linear_interior_rows_create(&rows, &p->design, is_softmax, 3, NULL),
                     STATUS_OK);
        linear_interior_rows_start(&rows, p->w);
        disturb(&rows, is_softmax);
        linear_interior_rows_weigh(&rows, totals);
        linear_interior_rows_aim(
            &rows, &(struct linear_interior_target){.aim = AIM_CORRECT, .product = product});
        linear_times(&p->design, p->dw, rows.dz);
        const double inverse = linear_interior_rows_direct(&rows);
        double worst = 1;
        for (size_t i = 0; i < N_ROWS; i++) {
            double sum = 0;
            for (size_t k = 0; k < N_CLASSES; k++) {
                const size_t q = i * p->design.lanes + k;
                check_row(&rows, product, i, k);
                sum += rows.dp[q];
                worst = fmax(worst, fmax(-rows.dp[q] / rows.p[q], -rows.ds[q] / rows.s[q]));
            }
            cr_assert_leq(fabs(sum), 1e-12, "p of row %zu", i);
        }
        cr_assert_eq(inverse, worst);
        linear_interior_rows_destroy(&rows);
        release(p);
    }
}

/* The products after a whole step of a predictor are those of second order alone; a corrector takes
   them into account. */
Test(linear_interior, corrections_of_rows, .timeout = 10)
{
    struct problem *p = prepare();
    struct linear_interior_rows rows;
    double totals[LINEAR_INTERIOR_TOTALS], second[N_ROWS * LINEAR_LANES];
    cr_assert_eq(linear_interior_rows_create(&rows, &p->design, true, 3, NULL), STATUS_OK);
    linear_interior_rows_start(&rows, p->w);
    disturb(&rows, true);
    linear_interior_rows_weigh(&rows, totals);
    linear_interior_rows_aim(&rows, &(struct linear_interior_target){.aim = AIM_PREDICT});
    linear_times(&p->design, p->dw, rows.dz);
    linear_interior_rows_direct(&rows);
    double sum = 0;
    for (size_t q = 0; q < N_ROWS * p->design.lanes; q++)
        sum += second[q] = rows.dp[q] * rows.ds[q];
    cr_assert_leq(fabs(linear_interior_rows_products(&rows, 1) - sum), 1e-9 * fabs(sum) + 1e-9);
    linear_interior_rows_aim(&rows, &(struct linear_interior_target){.aim = AIM_CORRECT});
    linear_interior_rows_direct(&rows);
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t k = 0; k < N_CLASSES; k++)
            check_row(&rows, -second[i * p->design.lanes + k], i, k);
    linear_interior_rows_destroy(&rows);
    release(p);
}

/* w+ and w- and v of weight j after a direction: both products as wanted, w+ - w- = w. */
static void check_weight(const struct linear_interior_penalty *s, const double *dw, double product,
                         size_t j)
{
    const struct linear_interior_part *plus = &s->parts[0], *minus = &s->parts[1];
    const double v = s->v[j], dv = s->dv[j];
    cr_assert_leq(fabs((plus->value[j] + plus->step[j]) * (1 - v) - plus->value[j] * dv - product),
                  1e-10, "%zu", j);
    cr_assert_leq(
        fabs((minus->value[j] + minus->step[j]) * (1 + v) + minus->value[j] * dv - product), 1e-10,
        "%zu", j);
    cr_assert_leq(
        fabs(plus->value[j] + plus->step[j] - minus->value[j] - minus->step[j] - (s->w[j] + dw[j])),
        1e-10, "%zu", j);
}

Test(linear_interior, directions_of_l1_weights, .timeout = 10)
{
    struct problem *p = prepare();
    struct linear_interior_penalty penalty;
    const size_t lanes = p->design.lanes, n_penalised = (p->design.n_columns - 1) * lanes;
    const double product = 0.3;
    cr_assert_eq(linear_interior_penalty_create(&penalty, &p->design, true, p->w, NULL), STATUS_OK);
    linear_interior_penalty_start(&penalty, 2);
    cr_assert_leq(fabs(linear_interior_penalty_products(&penalty, 0) -
                       2 * linear_interior_penalty_count(&penalty)),
                  1e-9);
    for (size_t j = 0; j < n_penalised; j++)
        if (j % lanes < N_CLASSES) {
            penalty.parts[0].value[j] = 0.1 + (double)(j % 5);
            penalty.v[j] = (double)(j % 9) / 5 - 0.8;
            p->w[j] = penalty.parts[0].value[j] - penalty.parts[1].value[j];
        }
    linear_interior_penalty_weigh(&penalty);
    linear_interior_penalty_aim(
        &penalty, &(struct linear_interior_target){.aim = AIM_CORRECT, .product = product});
    linear_interior_penalty_direct(&penalty, p->dw);
    for (size_t j = 0; j < n_penalised; j++)
        if (j % lanes < N_CLASSES)
            check_weight(&penalty, p->dw, product, j);
    linear_interior_penalty_destroy(&penalty);
    release(p);
}

/* At an optimum: weight 0 where v is inside of (-1, 1), and where it is not the weight stays. */
Test(linear_interior, weights_become_0, .timeout = 10)
{
    struct problem *p = prepare();
    struct linear_interior_penalty penalty;
    cr_assert_eq(linear_interior_penalty_create(&penalty, &p->design, true, p->w, NULL), STATUS_OK);
    linear_interior_penalty_start(&penalty, 1e-9);
    penalty.v[0] = 0.9;
    p->w[0] = 1e-8;
    penalty.v[1] = 1 - 1e-9;
    penalty.parts[0].value[1] = p->w[1] = 0.5;
    linear_interior_penalty_round(&penalty);
    cr_assert_eq(p->w[0], 0);
    cr_assert_eq(p->w[1], 0.5);
    linear_interior_penalty_destroy(&penalty);
    release(p);
}
