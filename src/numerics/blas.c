#include "numerics/blas.h"

#include <cblas.h>
#include <lapacke.h>

void blas_start(void)
{
    openblas_set_num_threads(1);
}

const char *blas_config(void)
{
    return openblas_get_config();
}

bool blas_is_openmp_build(void)
{
    return openblas_get_parallel() == OPENBLAS_OPENMP;
}

static enum CBLAS_TRANSPOSE transposition(bool transpose)
{
    return transpose ? CblasTrans : CblasNoTrans;
}

void blas_sgemm(const struct blas_gemm *g)
{
    cblas_sgemm(CblasRowMajor, transposition(g->transpose_a), transposition(g->transpose_b),
                (blasint)g->m, (blasint)g->n, (blasint)g->k, g->alpha, g->a, (blasint)g->lda, g->b,
                (blasint)g->ldb, g->beta, g->c, (blasint)g->ldc);
}

void blas_dgemm(const struct blas_gemm_double *g)
{
    cblas_dgemm(CblasRowMajor, transposition(g->transpose_a), transposition(g->transpose_b),
                (blasint)g->m, (blasint)g->n, (blasint)g->k, g->alpha, g->a, (blasint)g->lda, g->b,
                (blasint)g->ldb, g->beta, g->c, (blasint)g->ldc);
}

void blas_ssyrk_tn(size_t n, size_t k, float alpha, const float *a, size_t lda, float beta,
                   float *c, size_t ldc)
{
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, (blasint)n, (blasint)k, alpha, a,
                (blasint)lda, beta, c, (blasint)ldc);
}

void blas_dsyrk_tn(size_t n, size_t k, double alpha, const double *a, size_t lda, double beta,
                   double *c, size_t ldc)
{
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (blasint)n, (blasint)k, alpha, a,
                (blasint)lda, beta, c, (blasint)ldc);
}

/* The lower triangle by rows is the upper one by columns: no transposed copy in LAPACKE. */
bool blas_dpotrf(size_t n, double *a, size_t lda)
{
    return LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, a, (lapack_int)lda) == 0;
}

void blas_dpotrs(size_t n, const double *l, size_t ldl, double *x)
{
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl,
                x, 1);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl, x,
                1);
}

void blas_dtrsv_t(size_t n, const double *l, size_t ldl, double *x)
{
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (blasint)n, l, (blasint)ldl, x,
                1);
}
