#include "classifiers/multinomial_matrix.h"

#include "base/memory.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { SAMPLE_ROWS = 12000 };

/* Curvature that counts for a class, of the largest possible, where C is not large. */
static const double CUTOFF = 1e-4;

static size_t factor_items(const struct multinomial_matrix *m)
{
    return m->rows->x.design->stride * m->rows->x.design->stride;
}

enum status multinomial_matrix_create(struct multinomial_matrix *matrix,
                                      const struct multinomial_rows *rows, struct error *error)
{
    *matrix = (struct multinomial_matrix){.rows = rows};
    const size_t n_items = rows->x.design->n_problems * factor_items(matrix);
    matrix->factors = memory_array(n_items, sizeof *matrix->factors);
    if (!matrix->factors)
        return error_memory(error, "Newton's matrix", n_items * sizeof *matrix->factors);
    return STATUS_OK;
}

void multinomial_matrix_destroy(struct multinomial_matrix *matrix)
{
    memory_free(matrix->factors);
    *matrix = (struct multinomial_matrix){0};
}

/* Classes of one size have C / n_problems X^T X there, on weights that sum to 0 over them. */
void multinomial_matrix_factor_first(struct multinomial_matrix *matrix)
{
    const struct linear_lanes *x = &matrix->rows->x;
    struct linear_hessian *h = &x->scratch[0].hessian;
    linear_lanes_list_all(x, x->C / (double)x->design->n_problems, h);
    linear_hessian_build(h, x->design, 1, 1);
    linear_hessian_factor(h);
    linear_lanes_shared_leverage(x, h->matrix);
    memcpy(matrix->factors, h->matrix, factor_items(matrix) * sizeof *h->matrix);
    matrix->is_shared = true;
}

static void factor_class(const struct multinomial_matrix *m, size_t k, struct linear_hessian *h)
{
    const struct linear_lanes *x = &m->rows->x;
    const struct linear_design *d = x->design;
    linear_lanes_list_logistic(x, k, CUTOFF / fmax(1, x->C), h);
    linear_lanes_sample(x, k, SAMPLE_ROWS, h);
    linear_hessian_build(h, d, 1, 1);
    linear_hessian_factor(h);
    memcpy(m->factors + k * factor_items(m), h->matrix, factor_items(m) * sizeof *h->matrix);
}

void multinomial_matrix_factor(struct multinomial_matrix *matrix)
{
    const struct linear_lanes *x = &matrix->rows->x;
    const struct linear_design *d = x->design;
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(matrix, d, x)              \
    schedule(dynamic)
    for (size_t k = 0; k < d->n_problems; k++)
        factor_class(matrix, k, &x->scratch[omp_get_thread_num()].hessian);
    matrix->is_shared = false;
}

void multinomial_matrix_solve(const struct multinomial_matrix *matrix, const double *in,
                              double *out)
{
    const struct linear_lanes *x = &matrix->rows->x;
    const struct linear_design *d = x->design;
    const size_t next = matrix->is_shared ? 0 : factor_items(matrix);
    memset(out, 0, d->stride * d->lanes * sizeof *out);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(matrix, d, x, in, out, next)
    for (size_t k = 0; k < d->n_problems; k++)
        linear_lanes_solve(x, k, matrix->factors + k * next, 1, in, out,
                           x->scratch[omp_get_thread_num()].column);
    linear_subtract_means(d, out);
}
