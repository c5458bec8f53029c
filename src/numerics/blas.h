/*
 * The only door to BLAS and LAPACK. All matrices are row-major. Every call runs on the calling
 * thread alone: parallel work is split by our own OpenMP loops into blocks of a fixed size, so that
 * results do not depend on the number of threads. Thread-safe. Add here what a classifier needs.
 */
#ifndef FMBENCH_NUMERICS_BLAS_H
#define FMBENCH_NUMERICS_BLAS_H

#include <stdbool.h>
#include <stddef.h>

/* Call once in a process before any other function here: makes every later call single-threaded. */
void blas_start(void);

/* What OpenBLAS says of itself: version, build options, kernel. Static string. */
const char *blas_config(void);

/* The processor that its kernels were chosen for, e.g. SkylakeX: this one, or that of the
   environment variable OPENBLAS_CORETYPE. Static string. */
const char *blas_kernel(void);

/* False when the library is not OpenBLAS's OpenMP build, whose threads would fight with ours. */
bool blas_is_openmp_build(void);

/* C = alpha op(A) op(B) + beta C;  op(A): m x k,  op(B): k x n,  C: m x n. */
struct blas_gemm {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    float alpha;
    const float *a;
    size_t lda; /* row stride of A as stored */
    const float *b;
    size_t ldb;
    float beta;
    float *c;
    size_t ldc;
};
void blas_sgemm(const struct blas_gemm *g);

/* The same in double. */
struct blas_gemm_double {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    double alpha;
    const double *a;
    size_t lda;
    const double *b;
    size_t ldb;
    double beta;
    double *c;
    size_t ldc;
};
void blas_dgemm(const struct blas_gemm_double *g);

/* The lower triangle of C = alpha A^T A + beta C;  A: k x n,  C: n x n. */
void blas_ssyrk_tn(size_t n, size_t k, float alpha, const float *a, size_t lda, float beta,
                   float *c, size_t ldc);

/* The same in double. */
void blas_dsyrk_tn(size_t n, size_t k, double alpha, const double *a, size_t lda, double beta,
                   double *c, size_t ldc);

/*
 * A = L L^T in place, L in the lower triangle (the upper one is not touched); false when A is not
 * positive definite to working precision, and then A is spoilt.
 */
bool blas_dpotrf(size_t n, double *a, size_t lda);

/* The same in float32. */
bool blas_spotrf(size_t n, float *a, size_t lda);

/* x = A^-1 x with the L of blas_dpotrf. */
void blas_dpotrs(size_t n, const double *l, size_t ldl, double *x);

/* The same in float32. */
void blas_spotrs(size_t n, const float *l, size_t ldl, float *x);

/* B = B L^-T;  L: n x n, the lower triangle,  B: m x n. */
void blas_strsm_right_t(size_t m, size_t n, const float *l, size_t ldl, float *b, size_t ldb);

/* The same in double. */
void blas_dtrsm_right_t(size_t m, size_t n, const double *l, size_t ldl, double *b, size_t ldb);

/* B = L^-1 B, or L^-T B;  L: m x m, the lower triangle,  B: m x n. */
void blas_dtrsm_left(bool transpose, size_t m, size_t n, const double *l, size_t ldl, double *b,
                     size_t ldb);

/*
 * The k largest eigenvalues of the symmetric A: n x n, of which the lower triangle is read and
 * spoilt. values: n, of which the first k become the eigenvalues, the largest first; vectors: k x
 * n, row-major, theirs. False when LAPACK finds none or memory is short.
 */
bool blas_dsyevr_largest(size_t n, double *a, size_t lda, size_t k, double *values,
                         double *vectors);

/*
 * A = L Q: m x n, m <= n, with orthonormal rows of Q. In place: L in the lower triangle,
 * Householder vectors behind it in each row, whose factors go to `factors`, m. False when memory is
 * short.
 */
bool blas_dlq(size_t m, size_t n, double *a, size_t lda, double *factors);

/* x = Q^T x, n, of which the first m are not 0, with the Q of blas_dlq. False as there. */
bool blas_dlq_times_qt(size_t m, size_t n, const double *a, size_t lda, const double *factors,
                       double *x);

/* x = L^-T x. */
void blas_dtrsv_t(size_t n, const double *l, size_t ldl, double *x);

/* The same in float32. */
void blas_strsv_t(size_t n, const float *l, size_t ldl, float *x);

#endif
