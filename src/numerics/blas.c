#include "numerics/blas.h"

#include "numerics/work.h"

#include <cblas.h>
#include <lapacke.h>
#include <stdlib.h>

void blas_start(void)
{
    openblas_set_num_threads(1);
}

const char *blas_config(void)
{
    return openblas_get_config();
}

const char *blas_kernel(void)
{
    return openblas_get_corename();
}

bool blas_is_openmp_build(void)
{
    return openblas_get_parallel() == OPENBLAS_OPENMP;
}

static enum CBLAS_TRANSPOSE transposition(bool transpose)
{
    return transpose ? CblasTrans : CblasNoTrans;
}

/* Multiplications and additions of m x n sums of k products. */
static double product_flops(size_t m, size_t n, size_t k)
{
    return 2 * (double)m * (double)n * (double)k;
}

/* Of a triangle of n x n sums with its diagonal. */
static double triangle_flops(size_t n, size_t k)
{
    return (double)n * (double)(n + 1) * (double)k;
}

void blas_sgemm(const struct blas_gemm *g)
{
    work_add_float(product_flops(g->m, g->n, g->k));
    cblas_sgemm(CblasRowMajor, transposition(g->transpose_a), transposition(g->transpose_b),
                (blasint)g->m, (blasint)g->n, (blasint)g->k, g->alpha, g->a, (blasint)g->lda, g->b,
                (blasint)g->ldb, g->beta, g->c, (blasint)g->ldc);
}

void blas_dgemm(const struct blas_gemm_double *g)
{
    work_add_double(product_flops(g->m, g->n, g->k));
    cblas_dgemm(CblasRowMajor, transposition(g->transpose_a), transposition(g->transpose_b),
                (blasint)g->m, (blasint)g->n, (blasint)g->k, g->alpha, g->a, (blasint)g->lda, g->b,
                (blasint)g->ldb, g->beta, g->c, (blasint)g->ldc);
}

void blas_ssyrk_tn(size_t n, size_t k, float alpha, const float *a, size_t lda, float beta,
                   float *c, size_t ldc)
{
    work_add_float(triangle_flops(n, k));
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, (blasint)n, (blasint)k, alpha, a,
                (blasint)lda, beta, c, (blasint)ldc);
}

void blas_dsyrk_tn(size_t n, size_t k, double alpha, const double *a, size_t lda, double beta,
                   double *c, size_t ldc)
{
    work_add_double(triangle_flops(n, k));
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (blasint)n, (blasint)k, alpha, a,
                (blasint)lda, beta, c, (blasint)ldc);
}

/* The lower triangle by rows is the upper one by columns: no transposed copy in LAPACKE. */
bool blas_dpotrf(size_t n, double *a, size_t lda)
{
    work_add_double((double)n * (double)n * (double)n / 3);
    return LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, a, (lapack_int)lda) == 0;
}

bool blas_spotrf(size_t n, float *a, size_t lda)
{
    work_add_float((double)n * (double)n * (double)n / 3);
    return LAPACKE_spotrf_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, a, (lapack_int)lda) == 0;
}

void blas_dpotrs(size_t n, const double *l, size_t ldl, double *x)
{
    work_add_double(2 * (double)n * (double)n);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl,
                x, 1);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl, x,
                1);
}

void blas_spotrs(size_t n, const float *l, size_t ldl, float *x)
{
    work_add_float(2 * (double)n * (double)n);
    cblas_strsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl,
                x, 1);
    cblas_strsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl, x,
                1);
}

void blas_strsm_right_t(size_t m, size_t n, const float *l, size_t ldl, float *b, size_t ldb)
{
    work_add_float((double)m * (double)n * (double)n);
    cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (blasint)m,
                (blasint)n, 1, l, (blasint)ldl, b, (blasint)ldb);
}

void blas_dtrsm_right_t(size_t m, size_t n, const double *l, size_t ldl, double *b, size_t ldb)
{
    work_add_double((double)m * (double)n * (double)n);
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (blasint)m,
                (blasint)n, 1, l, (blasint)ldl, b, (blasint)ldb);
}

void blas_dtrsm_left(bool transpose, size_t m, size_t n, const double *l, size_t ldl, double *b,
                     size_t ldb)
{
    work_add_double((double)m * (double)m * (double)n);
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, transposition(transpose), CblasNonUnit,
                (blasint)m, (blasint)n, 1, l, (blasint)ldl, b, (blasint)ldb);
}

/* LAPACK has them in rising order. */
static void reverse(double *rows, size_t n_rows, size_t n)
{
    for (size_t i = 0; i < n_rows / 2; i++)
        cblas_dswap((blasint)n, rows + i * n, 1, rows + (n_rows - 1 - i) * n, 1);
}

bool blas_dsyevr_largest(size_t n, double *a, size_t lda, size_t k, double *values, double *vectors)
{
    lapack_int n_found = 0;
    lapack_int *support = malloc(2 * k * sizeof *support);
    /* As in blas_dpotrf: the lower triangle by rows. Vectors by columns are rows of ours. */
    const bool found =
        support && LAPACKE_dsyevr(LAPACK_COL_MAJOR, 'V', 'I', 'U', (lapack_int)n, a,
                                  (lapack_int)lda, 0, 0, (lapack_int)(n - k + 1), (lapack_int)n, 0,
                                  &n_found, values, vectors, (lapack_int)n, support) == 0;
    free(support);
    if (!found || (size_t)n_found != k)
        return false;
    reverse(values, k, 1);
    reverse(vectors, k, n);
    return true;
}

/* A by rows is A^T by columns, whose factors Q^T L^T are. */
bool blas_dlq(size_t m, size_t n, double *a, size_t lda, double *factors)
{
    work_add_double(2 * (double)m * (double)m * ((double)n - (double)m / 3));
    return LAPACKE_dgeqrf(LAPACK_COL_MAJOR, (lapack_int)n, (lapack_int)m, a, (lapack_int)lda,
                          factors) == 0;
}

bool blas_dlq_times_qt(size_t m, size_t n, const double *a, size_t lda, const double *factors,
                       double *x)
{
    work_add_double(4 * (double)m * (double)n);
    return LAPACKE_dormqr(LAPACK_COL_MAJOR, 'L', 'N', (lapack_int)n, 1, (lapack_int)m, a,
                          (lapack_int)lda, factors, x, (lapack_int)n) == 0;
}

void blas_dtrsv_t(size_t n, const double *l, size_t ldl, double *x)
{
    work_add_double((double)n * (double)n);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl, x,
                1);
}

void blas_strsv_t(size_t n, const float *l, size_t ldl, float *x)
{
    work_add_float((double)n * (double)n);
    cblas_strsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl, x,
                1);
}
