#include "classifiers/linear_basis.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <string.h>

bool linear_basis_pays(const struct linear_design *wide)
{
    return wide->n_rows < wide->n_columns;
}

static enum status allocate(struct linear_basis *basis, const struct linear_design *wide,
                            struct error *error)
{
    const size_t n = wide->n_rows, n_columns = wide->n_columns;
    const struct memory_request requests[] = {
        {(void **)&basis->vectors, n * n_columns, sizeof *basis->vectors},
        {(void **)&basis->factors, n, sizeof *basis->factors},
        {(void **)&basis->column, n_columns, sizeof *basis->column},
    };
    const enum status status = memory_arrays(requests, 3, "a basis of the rows", error);
    return status ? status : linear_design_create_derived(&basis->design, wide, n, error);
}

enum status linear_basis_create(struct linear_basis *basis, const struct linear_design *wide,
                                struct error *error)
{
    const size_t n = wide->n_rows, n_columns = wide->n_columns;
    *basis = (struct linear_basis){0};
    const enum status status = allocate(basis, wide, error);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++) {
        const float *restrict x = linear_design_rows(wide, i, 1);
        for (size_t j = 0; j < n_columns; j++)
            basis->vectors[i * n_columns + j] = (double)x[j];
    }
    if (!blas_dlq(n, n_columns, basis->vectors, n_columns, basis->factors))
        return error_memory(error, "a basis of the rows", n * sizeof *basis->vectors);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            basis->design.x[i * basis->design.stride + j] =
                (float)basis->vectors[i * n_columns + j];
    return STATUS_OK;
}

void linear_basis_destroy(struct linear_basis *basis)
{
    memory_free(basis->vectors);
    memory_free(basis->factors);
    memory_free(basis->column);
    linear_design_destroy(&basis->design);
    *basis = (struct linear_basis){0};
}

enum status linear_basis_expand(const struct linear_basis *basis, const struct linear_design *wide,
                                const double *u, double *restrict w, struct error *error)
{
    const size_t n = wide->n_rows, n_columns = wide->n_columns, lanes = wide->lanes;
    memset(w, 0, wide->stride * lanes * sizeof *w);
    for (size_t k = 0; k < wide->n_problems; k++) {
        memset(basis->column, 0, n_columns * sizeof *basis->column);
        for (size_t j = 0; j < n; j++)
            basis->column[j] = u[j * lanes + k];
        if (!blas_dlq_times_qt(n, n_columns, basis->vectors, n_columns, basis->factors,
                               basis->column))
            return error_memory(error, "the weights", n_columns * sizeof *w);
        for (size_t j = 0; j < n_columns; j++)
            w[j * lanes + k] = basis->column[j];
    }
    return STATUS_OK;
}
