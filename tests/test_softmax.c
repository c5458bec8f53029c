/* Softmax losses and their intercepts, from the definition. */
#include "classifiers/softmax.h"
#include "linear_toy.h"

#include "base/memory.h"

enum { N_ROWS = 70, N_CLASSES = 3 };

struct problem {
    struct toy *toy;
    struct training_set set;
    struct linear_design design;
    struct softmax softmax;
    double *z, *p;
};

static struct problem *prepare(void)
{
    struct problem *s = calloc(1, sizeof *s);
    cr_assert(s);
    s->toy = toy_create(N_ROWS, 4, N_CLASSES);
    s->set = toy_set(s->toy);
    cr_assert_eq(linear_design_create(&s->design, &s->set, true, 2, NULL), STATUS_OK);
    cr_assert_eq(softmax_create(&s->softmax, &s->design, NULL), STATUS_OK);
    s->z = memory_zeroed(N_ROWS * s->design.lanes, sizeof *s->z);
    s->p = memory_zeroed(N_ROWS * s->design.lanes, sizeof *s->p);
    cr_assert(s->z && s->p);
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t k = 0; k < N_CLASSES; k++)
            s->z[i * s->design.lanes + k] =
                (double)((13 * i + 5 * k) % 17) - 6 + (k == s->toy->y[i] ? 4 : 0);
    return s;
}

static void release(struct problem *s)
{
    memory_free(s->z);
    memory_free(s->p);
    softmax_destroy(&s->softmax);
    linear_design_destroy(&s->design);
    toy_destroy(s->toy);
    free(s);
}

/* The losses with shifts of the intercepts, and the classes' sums of probabilities. */
static double naive_losses(const struct problem *s, const double *shift, double sums[N_CLASSES])
{
    double losses = 0;
    memset(sums, 0, N_CLASSES * sizeof *sums);
    for (size_t i = 0; i < N_ROWS; i++) {
        double total = 0, e[N_CLASSES];
        for (size_t k = 0; k < N_CLASSES; k++)
            total += e[k] = exp(s->z[i * s->design.lanes + k] + shift[k]);
        for (size_t k = 0; k < N_CLASSES; k++)
            sums[k] += e[k] / total;
        losses -= log(e[s->toy->y[i]] / total);
    }
    return losses;
}

Test(softmax, intercepts_at_their_optimum, .timeout = 10)
{
    struct problem *s = prepare();
    double sums[N_CLASSES], before[N_CLASSES] = {0};
    const double losses = softmax_centre(&s->softmax, s->z, s->p);
    cr_assert_leq(fabs(losses - naive_losses(s, s->softmax.shift, sums)), 1e-9 * losses);
    cr_assert_lt(losses, naive_losses(s, before, before));
    for (size_t k = 0; k < N_CLASSES; k++) {
        double of_p = 0, n = 0;
        for (size_t i = 0; i < N_ROWS; i++) {
            of_p += s->p[i * s->design.lanes + k];
            n += s->toy->y[i] == k;
        }
        cr_assert_leq(fabs(sums[k] - n), 1e-9);
        cr_assert_leq(fabs(of_p - n), 1e-9);
    }
    release(s);
}

Test(softmax, entropy, .timeout = 10)
{
    struct problem *s = prepare();
    const double scale = 0.7;
    double expected = 0;
    softmax_centre(&s->softmax, s->z, s->p);
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t k = 0; k < N_CLASSES; k++) {
            const double own = k == s->toy->y[i];
            const double q = (1 - scale) * own + scale * s->p[i * s->design.lanes + k];
            expected -= q * log(q);
        }
    cr_assert_leq(fabs(softmax_entropy(&s->softmax, s->p, scale) - expected), 1e-9 * expected);
    memset(s->p, 0, N_ROWS * s->design.lanes * sizeof *s->p);
    for (size_t i = 0; i < N_ROWS; i++)
        s->p[i * s->design.lanes + s->toy->y[i]] = 1;
    cr_assert_eq(softmax_entropy(&s->softmax, s->p, 1), 0);
    release(s);
}

/* Values that exp cannot hold. */
Test(softmax, rows_that_are_certain, .timeout = 10)
{
    double right[] = {-900, 900, 0}, wrong[] = {-900, 900, 0};
    cr_assert_eq(softmax_row(right, 3, 1), 0);
    cr_assert_eq(right[1], 1);
    cr_assert_eq(softmax_row(wrong, 3, 0), 1800);
    cr_assert_eq(wrong[0], 0);
}
