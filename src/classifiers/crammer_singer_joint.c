#include "classifiers/crammer_singer_joint.h"

#include "base/memory.h"
#include "numerics/blas.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <string.h>

enum {
    N_MAX = 10240,         /* 419 MB, 838 in double, and 4e11 flops a factor */
    SAMPLE_ITEMS = 120000, /* a row and a pair of classes each */
    BLOCK_ROWS = 512,
    WEIGHT_BINS = 8192 /* by exponent and two bits more */
};

/* Of each diagonal element: what rounding leaves of a matrix of that size. */
static const double RIDGE_FLOAT = 1e-6;
static const double RIDGE_FLOAT_MAX = 1.5e-5; /* beyond, double is faster */
static const double RIDGE_DOUBLE = 1e-14;
static const double RIDGE_MAX = 1e-3;

/* How many weights there are of each size, and their sum. */
struct weight_counts {
    double n[WEIGHT_BINS], sum[WEIGHT_BINS];
};

struct newton_weights {
    const double *d, *sum_d; /* n_rows x lanes, n_rows */
    double threshold;
};

static size_t bin_of(double weight)
{
    uint64_t bits;
    memcpy(&bits, &weight, sizeof bits);
    return (size_t)(bits >> 50);
}

static double bin_begin(size_t bin)
{
    const uint64_t bits = (uint64_t)bin << 50;
    double weight;
    memcpy(&weight, &bits, sizeof weight);
    return weight;
}

bool crammer_singer_joint_fits(const struct linear_design *design)
{
    return (design->n_problems - 1) * design->n_columns <= N_MAX;
}

/* Rows [first, first + n_rows) of the leverages, without a factor of their squares; rows:
   BLOCK_ROWS x n_columns. */
static void measure_leverage(const struct crammer_singer_joint *joint, const float *factor,
                             size_t first, size_t n_rows, float *rows)
{
    const struct linear_design *design = joint->design;
    const size_t nc = design->n_columns;
    for (size_t i = 0; i < n_rows; i++)
        memcpy(rows + i * nc, linear_design_rows(design, first + i, 1), nc * sizeof *rows);
    if (factor)
        blas_strsm_right_t(n_rows, nc, factor, joint->n, rows, nc);
    for (size_t i = 0; i < n_rows; i++) {
        float sum = 0;
        for (size_t j = 0; j < nc; j++)
            sum += rows[i * nc + j] * rows[i * nc + j];
        joint->leverage[first + i] = fmaxf(sum, FLT_MIN);
    }
}

/* In the matrix of the rows themselves, each once: it is made where the factor will be. */
static void set_leverage(const struct crammer_singer_joint *joint)
{
    const struct linear_design *design = joint->design;
    const size_t nc = design->n_columns, n_blocks = (design->n_rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    float *gram = joint->float_factor;
    for (size_t first = 0; first < design->n_rows; first += BLOCK_ROWS) {
        const size_t left = design->n_rows - first;
        for (size_t i = 0; i < left && i < BLOCK_ROWS; i++)
            memcpy(joint->float_blocks + i * nc, linear_design_rows(design, first + i, 1),
                   nc * sizeof *gram);
        blas_ssyrk_tn(nc, left < BLOCK_ROWS ? left : BLOCK_ROWS, 1, joint->float_blocks, nc,
                      first ? 1 : 0, gram, joint->n);
    }
    for (size_t j = 0; j < nc; j++)
        gram[j * joint->n + j] = (float)((1 + RIDGE_FLOAT) * (1 + (double)gram[j * joint->n + j]));
    const float *factor = blas_spotrf(nc, gram, joint->n) ? gram : NULL;
#pragma omp parallel for num_threads(design->n_threads) default(none)                              \
    shared(joint, design, factor, n_blocks, nc)
    for (size_t q = 0; q < n_blocks; q++) {
        const size_t first = q * BLOCK_ROWS, left = design->n_rows - first;
        measure_leverage(joint, factor, first, left < BLOCK_ROWS ? left : BLOCK_ROWS,
                         joint->float_blocks + (size_t)omp_get_thread_num() * BLOCK_ROWS * nc);
    }
}

static size_t n_blocks_items(const struct linear_design *design)
{
    return (size_t)design->n_threads * BLOCK_ROWS * design->n_columns;
}

enum status crammer_singer_joint_create(struct crammer_singer_joint *joint,
                                        const struct linear_design *design, struct error *error)
{
    const size_t n = (design->n_problems - 1) * design->n_columns;
    *joint = (struct crammer_singer_joint){.design = design, .n = n, .float_ridge = RIDGE_FLOAT};
    const struct memory_request requests[] = {
        {(void **)&joint->float_factor, n * n, sizeof *joint->float_factor},
        {(void **)&joint->float_blocks, n_blocks_items(design), sizeof *joint->float_blocks},
        {(void **)&joint->leverage, design->n_rows, sizeof *joint->leverage},
        {(void **)&joint->float_column, n, sizeof *joint->float_column},
        {(void **)&joint->counts, LINEAR_CHUNKS, sizeof *joint->counts},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof requests[0],
                                             "the Newton matrix of all classes", error);
    if (!status)
        set_leverage(joint);
    return status;
}

static void release_float(struct crammer_singer_joint *joint)
{
    memory_free(joint->float_factor);
    memory_free(joint->float_blocks);
    memory_free(joint->float_column);
    joint->float_factor = joint->float_blocks = joint->float_column = NULL;
}

void crammer_singer_joint_destroy(struct crammer_singer_joint *joint)
{
    release_float(joint);
    memory_free(joint->double_factor);
    memory_free(joint->double_blocks);
    memory_free(joint->double_column);
    memory_free(joint->leverage);
    memory_free(joint->counts);
    *joint = (struct crammer_singer_joint){0};
}

static void count_weights(const struct crammer_singer_joint *joint, const double *d,
                          const double *sum_d, size_t chunk)
{
    const struct linear_design *design = joint->design;
    struct weight_counts *counts = &joint->counts[chunk];
    *counts = (struct weight_counts){0};
    const size_t end = linear_chunk_begin(design, chunk + 1);
    for (size_t i = linear_chunk_begin(design, chunk); i < end; i++) {
        const double *row = d + i * design->lanes;
        for (size_t k = 1; k < design->n_problems; k++)
            for (size_t l = 0; l < k; l++) {
                const double weight = row[k] / sum_d[i] * row[l] * (double)joint->leverage[i];
                const size_t bin = bin_of(weight);
                counts->n[bin] += 1;
                counts->sum[bin] += weight;
            }
    }
}

/* The weight times leverage from which on all are taken; below, one for each time that their sum
   passes it. */
static double find_threshold(const struct crammer_singer_joint *joint, const double *d,
                             const double *sum_d)
{
#pragma omp parallel for num_threads(joint->design->n_threads) default(none) shared(joint, d, sum_d)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        count_weights(joint, d, sum_d, chunk);
    struct weight_counts *all = &joint->counts[0];
    double below = 0;
    for (size_t bin = 0; bin < WEIGHT_BINS; bin++) {
        for (size_t chunk = 1; chunk < LINEAR_CHUNKS; chunk++) {
            all->n[bin] += joint->counts[chunk].n[bin];
            all->sum[bin] += joint->counts[chunk].sum[bin];
        }
        below += all->sum[bin];
    }
    double n_above = 0, threshold = DBL_MAX;
    for (size_t bin = WEIGHT_BINS - 1; bin > 0; bin--) {
        if (all->n[bin] == 0)
            continue;
        n_above += all->n[bin];
        below -= all->sum[bin];
        const double candidate = bin_begin(bin);
        if (n_above + below / candidate > SAMPLE_ITEMS && threshold < DBL_MAX)
            break;
        threshold = candidate;
    }
    return threshold;
}

/* The weight of row i in the sample, 0 if it is not in it. */
static double sample(const struct crammer_singer_joint *joint, const struct newton_weights *weights,
                     size_t i, const size_t pair[2], double *carry)
{
    const double *d = weights->d + i * joint->design->lanes;
    const double leverage = (double)joint->leverage[i];
    const double weight = d[pair[0]] / weights->sum_d[i] * d[pair[1]];
    if (weight * leverage >= weights->threshold)
        return weight;
    *carry += weight * leverage;
    if (*carry < weights->threshold)
        return 0;
    *carry -= weights->threshold;
    return weights->threshold / leverage;
}

#define REAL float
#define NAME(x) float_##x
#define BLAS(x) blas_s##x
#define GEMM blas_gemm
#include "classifiers/crammer_singer_blocks.h"
#undef REAL
#undef NAME
#undef BLAS
#undef GEMM

#define REAL double
#define NAME(x) double_##x
#define BLAS(x) blas_d##x
#define GEMM blas_gemm_double
#include "classifiers/crammer_singer_blocks.h"
#undef REAL
#undef NAME
#undef BLAS
#undef GEMM

/* From now on in double. */
static enum status widen(struct crammer_singer_joint *joint, struct error *error)
{
    const struct linear_design *design = joint->design;
    const struct memory_request requests[] = {
        {(void **)&joint->double_factor, joint->n * joint->n, sizeof *joint->double_factor},
        {(void **)&joint->double_blocks, n_blocks_items(design), sizeof *joint->double_blocks},
        {(void **)&joint->double_column, joint->n, sizeof *joint->double_column},
    };
    release_float(joint);
    joint->is_double = true;
    return memory_arrays(requests, 3, "the Newton matrix of all classes", error);
}

static bool factor_float(struct crammer_singer_joint *joint, const struct newton_weights *weights)
{
    for (; joint->float_ridge <= RIDGE_FLOAT_MAX; joint->float_ridge *= 10) {
        float_build(joint, weights, joint->float_ridge);
        if (float_factor_blocks(joint))
            return true;
    }
    return false;
}

static bool factor_double(struct crammer_singer_joint *joint, const struct newton_weights *weights)
{
    for (double ridge = RIDGE_DOUBLE; ridge <= RIDGE_MAX; ridge *= 100) {
        double_build(joint, weights, ridge);
        if (double_factor_blocks(joint))
            return true;
    }
    return false;
}

enum status crammer_singer_joint_factor(struct crammer_singer_joint *joint, const double *d,
                                        const double *sum_d, bool *is_done, struct error *error)
{
    const struct newton_weights weights = {
        .d = d, .sum_d = sum_d, .threshold = find_threshold(joint, d, sum_d)};
    *is_done = !joint->is_double && !joint->wants_double && factor_float(joint, &weights);
    if (*is_done)
        return STATUS_OK;
    const enum status status = joint->is_double ? STATUS_OK : widen(joint, error);
    if (!status)
        *is_done = factor_double(joint, &weights);
    return status;
}

void crammer_singer_joint_solve(const struct crammer_singer_joint *joint, const double *in,
                                double *out)
{
    if (joint->is_double)
        double_solve(joint, in, out);
    else
        float_solve(joint, in, out);
    linear_subtract_means(joint->design, out);
}
