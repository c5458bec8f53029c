/* The factored matrix of Newton's equations joint over classes: it times a solution is the
   right-hand side, as all rows of a small problem are in its sample. */
#include "classifiers/linear_joint.h"
#include "linear_toy.h"

#include "base/memory.h"

enum { N_CLASSES = 4, N_ROWS = 60 };

struct problem {
    struct toy *toy;
    struct training_set set;
    struct linear_design design;
    double d[N_ROWS * LINEAR_LANES], sum_d[N_ROWS];
    double *diagonal, *in, *out; /* stride x lanes */
};

/* With `is_identity` E is that and the right-hand side has the sum 0 over the classes, else for the
 * intercepts. */
static struct problem *prepare(bool is_identity)
{
    struct problem *p = calloc(1, sizeof *p);
    cr_assert(p);
    p->toy = toy_create(N_ROWS, 5, N_CLASSES);
    p->set = toy_set(p->toy);
    cr_assert_eq(linear_design_create(&p->design, &p->set, true, 1, NULL), STATUS_OK);
    const size_t lanes = p->design.lanes, n = p->design.stride * lanes;
    p->diagonal = memory_zeroed(n, sizeof *p->diagonal);
    p->in = memory_zeroed(n, sizeof *p->in);
    p->out = memory_array(n, sizeof *p->out);
    cr_assert(lanes == LINEAR_LANES && p->diagonal && p->in && p->out);
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t k = 0; k < N_CLASSES; k++) {
            p->d[i * lanes + k] = 0.1 + (double)((7 * i + 3 * k) % 11);
            p->sum_d[i] += p->d[i * lanes + k];
        }
    for (size_t j = 0; j < p->design.n_columns; j++)
        for (size_t k = 0; k < N_CLASSES; k++) {
            const bool is_free = !is_identity && j + 1 < p->design.n_columns;
            p->in[j * lanes + k] =
                k + 1 < N_CLASSES || is_free ? (double)(j + k) : -(double)(3 * j + 3);
            p->diagonal[j * lanes + k] = is_identity ? 1 : is_free ? 0.5 + (double)(j * k) : 0;
        }
    return p;
}

static void release(struct problem *p)
{
    memory_free(p->diagonal);
    memory_free(p->in);
    memory_free(p->out);
    linear_design_destroy(&p->design);
    toy_destroy(p->toy);
    free(p);
}

/* Element j of class k of H times out; of the blocks of a class with itself alone unless joint. */
static double product(const struct problem *p, bool is_joint, size_t j, size_t k)
{
    const size_t lanes = p->design.lanes;
    double value = p->diagonal[j * lanes + k] * p->out[j * lanes + k];
    for (size_t i = 0; i < N_ROWS; i++) {
        const float *x = p->design.x + i * p->design.stride;
        double z[N_CLASSES] = {0}, mean = 0;
        for (size_t l = 0; l < N_CLASSES; l++) {
            for (size_t c = 0; c < p->design.n_columns; c++)
                z[l] += (double)x[c] * p->out[c * lanes + l];
            if (is_joint || l == k)
                mean += p->d[i * lanes + l] * z[l] / p->sum_d[i];
        }
        value += p->d[i * lanes + k] * (z[k] - mean) * (double)x[j];
    }
    return value;
}

/* Takes what is done for shifts away from out: by blocks each feature's mean force over E's. */
static void subtract_shifts(const struct problem *p)
{
    const size_t lanes = p->design.lanes;
    for (size_t j = 0; j + 1 < p->design.n_columns; j++) {
        double force = 0, resistance = 0;
        for (size_t k = 0; k < N_CLASSES; k++) {
            force += p->in[j * lanes + k];
            resistance += p->diagonal[j * lanes + k];
        }
        for (size_t k = 0; k < N_CLASSES; k++)
            p->out[j * lanes + k] -= force / resistance;
    }
}

/* By blocks and E = I the mean over the classes is taken away: with a right-hand side of class 0
   alone the solution of the others was 0 before. */
static void add_means(const struct problem *p)
{
    const size_t lanes = p->design.lanes;
    for (size_t j = 0; j < p->design.n_columns; j++) {
        const double mean = -p->out[j * lanes + 1];
        for (size_t k = 0; k < N_CLASSES; k++)
            p->out[j * lanes + k] += mean;
    }
}

static void leave_class_0(const struct problem *p)
{
    for (size_t j = 0; j < p->design.n_columns; j++)
        for (size_t k = 1; k < N_CLASSES; k++)
            p->in[j * p->design.lanes + k] = 0;
}

/* Nothing says what the mean of the intercepts is: it is not blown up. */
static void check_intercepts(const struct problem *p)
{
    const double *out = p->out + (p->design.n_columns - 1) * p->design.lanes;
    double sum = 0, size = 0;
    for (size_t k = 0; k < N_CLASSES; k++) {
        sum += out[k];
        size += fabs(out[k]);
    }
    cr_assert_leq(fabs(sum), 1e-3 * size, "%g of %g", sum, size);
}

static void check(struct linear_joint *joint, struct problem *p, bool is_joint, bool is_double)
{
    bool is_done;
    cr_assert_eq(linear_joint_factor(joint, p->d, p->sum_d, &is_done, NULL), STATUS_OK);
    cr_assert(is_done);
    cr_assert_eq(joint->is_double, is_double);
    cr_assert_eq(joint->is_joint, is_joint);
    linear_joint_solve(joint, p->in, p->out);
    if (is_joint && joint->diagonal)
        check_intercepts(p);
    if (!is_joint && joint->diagonal)
        subtract_shifts(p);
    if (!is_joint && !joint->diagonal)
        add_means(p);
    for (size_t j = 0; j < p->design.n_columns; j++)
        for (size_t k = 0; k < N_CLASSES; k++) {
            const double value = product(p, is_joint, j, k);
            const double wanted = p->in[j * p->design.lanes + k];
            cr_assert_leq(fabs(value - wanted), is_double ? 1e-9 : 2e-3, "%zu of %zu: %g, %g", j, k,
                          value, wanted);
        }
}

/* By blocks, then the whole, then in double; or in double from the first. */
static void check_all(bool is_identity)
{
    for (int is_double = 0; is_double < 2; is_double++) {
        struct problem *p = prepare(is_identity), *blocks = prepare(is_identity);
        struct linear_joint joint = {0};
        if (is_identity)
            leave_class_0(blocks);
        cr_assert_eq(
            linear_joint_create(&joint, &p->design, is_identity ? NULL : p->diagonal, NULL),
            STATUS_OK);
        joint.wants_double = is_double;
        check(&joint, blocks, false, is_double);
        cr_assert_eq(linear_joint_join(&joint, NULL), STATUS_OK);
        check(&joint, p, true, is_double);
        joint.wants_double = true;
        check(&joint, p, true, true);
        linear_joint_destroy(&joint);
        release(blocks);
        release(p);
    }
}

Test(linear_joint, identity, .timeout = 10)
{
    check_all(true);
}

Test(linear_joint, diagonal, .timeout = 10)
{
    check_all(false);
}

/* The mean over many factors of the leverages of a row is x^T H^-1 x in the classes' difference. */
Test(linear_joint, leverages, .timeout = 10)
{
    struct problem *p = prepare(false);
    struct linear_joint joint = {0};
    const size_t lanes = p->design.lanes, stride = p->design.stride, row = 7;
    enum { N_FACTORS = 400 };
    cr_assert_eq(linear_joint_create(&joint, &p->design, p->diagonal, NULL), STATUS_OK);
    cr_assert_eq(linear_joint_join(&joint, NULL), STATUS_OK);
    double mean = 0;
    for (int i = 0; i < N_FACTORS; i++) {
        bool is_done;
        cr_assert_eq(linear_joint_factor(&joint, p->d, p->sum_d, &is_done, NULL), STATUS_OK);
        mean += (double)joint.leverage[row * joint.n_pairs + 2] / N_FACTORS; /* of 2 and 1 */
    }
    memset(p->in, 0, stride * lanes * sizeof *p->in);
    for (size_t j = 0; j < p->design.n_columns; j++) {
        p->in[j * lanes + 2] = (double)p->design.x[row * stride + j];
        p->in[j * lanes + 1] = -p->in[j * lanes + 2];
    }
    linear_joint_solve(&joint, p->in, p->out);
    double expected = 0;
    for (size_t j = 0; j < stride * lanes; j++)
        expected += p->in[j] * p->out[j];
    cr_assert_leq(fabs(mean - expected), 0.1 * expected, "%g, %g", mean, expected);
    linear_joint_destroy(&joint);
    release(p);
}
