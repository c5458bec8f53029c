#include "statistics/principal.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <math.h>
#include <stdbool.h>

struct work {
    size_t n_rows, n_features, n_components;
    double *centred;    /* n_rows x n_features */
    double *covariance; /* n_features x n_features, times n_rows; the lower triangle */
    double *values;     /* n_features, of which n_components are found */
    double *vectors;    /* n_components x n_features */
};

static void centre(const struct work *w, const uint8_t *pixels)
{
    for (size_t f = 0; f < w->n_features; f++) {
        double sum = 0;
        for (size_t i = 0; i < w->n_rows; i++)
            sum += pixels[i * w->n_features + f];
        const double mean = sum / (double)w->n_rows;
        for (size_t i = 0; i < w->n_rows; i++)
            w->centred[i * w->n_features + f] = pixels[i * w->n_features + f] - mean;
    }
}

static double trace(const struct work *w)
{
    double sum = 0;
    for (size_t f = 0; f < w->n_features; f++)
        sum += w->covariance[f * w->n_features + f];
    return sum;
}

static void fix_sign(double *vector, size_t n)
{
    size_t largest = 0;
    for (size_t f = 1; f < n; f++)
        if (fabs(vector[f]) > fabs(vector[largest]))
            largest = f;
    const double sign = vector[largest] < 0 ? -1 : 1;
    for (size_t f = 0; f < n; f++)
        vector[f] *= sign;
}

static void project(const struct work *w, double *scores)
{
    blas_dgemm(&(struct blas_gemm_double){.m = w->n_rows,
                                          .n = w->n_components,
                                          .k = w->n_features,
                                          .alpha = 1,
                                          .a = w->centred,
                                          .lda = w->n_features,
                                          .b = w->vectors,
                                          .ldb = w->n_features,
                                          .transpose_b = true,
                                          .c = scores,
                                          .ldc = w->n_components});
}

static enum status decompose(const struct work *w, struct principal *p, struct error *error)
{
    blas_dsyrk_tn(w->n_features, w->n_rows, 1, w->centred, w->n_features, 0, w->covariance,
                  w->n_features);
    const double total = trace(w);
    if (!blas_dsyevr_largest(w->n_features, w->covariance, w->n_features, w->n_components,
                             w->values, w->vectors))
        return error_set(error, STATUS_DATA, "LAPACK found no principal components");
    for (size_t c = 0; c < w->n_components; c++) {
        p->shares[c] = total > 0 ? w->values[c] / total : 0;
        fix_sign(w->vectors + c * w->n_features, w->n_features);
    }
    project(w, p->scores);
    return STATUS_OK;
}

static enum status work_create(struct work *w, struct error *error)
{
    const struct memory_request requests[] = {
        {(void **)&w->centred, w->n_rows * w->n_features, sizeof(double)},
        {(void **)&w->covariance, w->n_features * w->n_features, sizeof(double)},
        {(void **)&w->values, w->n_features, sizeof(double)},
        {(void **)&w->vectors, w->n_components * w->n_features, sizeof(double)},
    };
    return memory_arrays(requests, sizeof requests / sizeof *requests, "the covariances of pixels",
                         error);
}

static void work_destroy(struct work *w)
{
    memory_free(w->centred);
    memory_free(w->covariance);
    memory_free(w->values);
    memory_free(w->vectors);
}

enum status principal_create(struct principal *principal, const uint8_t *pixels, size_t n_rows,
                             size_t n_features, size_t n_components, struct error *error)
{
    struct work w = {.n_rows = n_rows, .n_features = n_features, .n_components = n_components};
    *principal = (struct principal){.n_rows = n_rows, .n_components = n_components};
    const struct memory_request requests[] = {
        {(void **)&principal->scores, n_rows * n_components, sizeof(double)},
        {(void **)&principal->shares, n_components, sizeof(double)},
    };
    enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                       "the principal components", error);
    if (!status)
        status = work_create(&w, error);
    if (!status) {
        centre(&w, pixels);
        status = decompose(&w, principal, error);
    }
    work_destroy(&w);
    return status;
}

void principal_destroy(struct principal *principal)
{
    memory_free(principal->scores);
    memory_free(principal->shares);
    *principal = (struct principal){.n_rows = 0};
}
