/*
 * l2: multinomial_newton.c; l1: linear_interior.c. Both for the classes that have rows; others get
 * weights 0 and an intercept of minus infinity.
 */
#include "classifiers/multinomial.h"

#include "base/memory.h"
#include "classifiers/linear_interior.h"
#include "classifiers/multinomial_newton.h"

#include <math.h>
#include <string.h>

/* The classes that have rows, numbered in their order. */
struct present {
    struct linear_design design; /* borrows all but row_class */
    double *row_class;           /* n_rows, owned */
    bool has_rows[LINEAR_PROBLEMS_MAX];
};

static enum status present_create(struct present *present, const struct linear_design *design,
                                  struct error *error)
{
    size_t number[LINEAR_PROBLEMS_MAX], n = 0;
    const size_t n_bytes = design->n_rows * sizeof *present->row_class;
    *present = (struct present){.design = *design,
                                .row_class = memory_array(design->n_rows, sizeof(double))};
    if (!present->row_class)
        return error_memory(error, "the classes of the rows", n_bytes);
    for (size_t i = 0; i < design->n_rows; i++)
        present->has_rows[(size_t)design->row_class[i]] = true;
    for (size_t k = 0; k < design->n_problems; k++) {
        number[k] = n;
        n += present->has_rows[k];
    }
    for (size_t i = 0; i < design->n_rows; i++)
        present->row_class[i] = (double)number[(size_t)design->row_class[i]];
    present->design.n_problems = n;
    present->design.row_class = present->row_class;
    return STATUS_OK;
}

static void present_destroy(struct present *present)
{
    memory_free(present->row_class);
    *present = (struct present){0};
}

/* Of one column: from the classes that have rows to all. */
static void expand_column(const struct present *present, size_t n_classes, double absent, double *w)
{
    size_t from = present->design.n_problems;
    for (size_t k = n_classes; k-- > 0;)
        w[k] = present->has_rows[k] ? w[--from] : absent;
}

/* The intercepts get the sum 0. */
static void expand(const struct present *present, size_t n_classes, double *w)
{
    const struct linear_design *d = &present->design;
    double *intercept = w + (d->n_columns - 1) * d->lanes, sum = 0;
    for (size_t k = 0; k < d->n_problems; k++)
        sum += intercept[k];
    for (size_t k = 0; k < d->n_problems; k++)
        intercept[k] -= sum / (double)d->n_problems;
    for (size_t j = 0; j + 1 < d->n_columns; j++)
        expand_column(present, n_classes, 0, w + j * d->lanes);
    expand_column(present, n_classes, -HUGE_VAL, intercept);
}

static enum status solve_l1(const struct linear_design *design,
                            const struct multinomial_options *options, double *w,
                            struct multinomial_result *result, struct error *error)
{
    const struct linear_interior_options of_interior = {.machine = LINEAR_INTERIOR_MULTINOMIAL_L1,
                                                        .C = options->C,
                                                        .tol = options->tol,
                                                        .max_iter = options->max_iter};
    struct linear_interior_result of;
    const enum status status = linear_interior_solve(design, &of_interior, w, &of, error);
    *result = (struct multinomial_result){.solver = LINEAR_INTERIOR_NAME,
                                          .n_iter = of.n_iter,
                                          .converged = of.converged,
                                          .objective = of.objective,
                                          .dual_gap = of.dual_gap};
    return status;
}

double multinomial_bytes(const struct problem_size *size, bool is_l1)
{
    return (is_l1 ? linear_interior_bytes(LINEAR_INTERIOR_MULTINOMIAL_L1, size)
                  : multinomial_newton_bytes(size)) +
           (double)size->n_train * sizeof(double);
}

enum status multinomial_solve(const struct linear_design *design,
                              const struct multinomial_options *options, double *restrict w,
                              struct multinomial_result *result, struct error *error)
{
    struct present present;
    enum status status = present_create(&present, design, error);
    if (!status)
        status = options->is_l1 ? solve_l1(&present.design, options, w, result, error)
                                : multinomial_newton(&present.design, options, w, result, error);
    if (!status)
        expand(&present, design->n_problems, w);
    present_destroy(&present);
    return status;
}
