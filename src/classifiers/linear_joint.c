#include "classifiers/linear_joint.h"

#include "base/memory.h"
#include "numerics/blas.h"
#include "numerics/rng.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <string.h>

enum {
    N_MAX = 10240,         /* 419 MB, 838 in double, and 4e11 flops a factor */
    SAMPLE_ITEMS = 120000, /* a row and a pair of classes each */
    SAMPLE_ROWS = 12000,   /* by blocks: of each class */
    BLOCK_ROWS = 512,
    SKETCHES = 4,        /* random directions that a factor is looked at along */
    LIKELY_ROUNDS = 100, /* of conjugate gradients, in a step where it matters */
    WEIGHT_BINS = 8192   /* by exponent and two bits more */
};

/* Of each diagonal element: what rounding leaves of a matrix of that size. */
static const double RIDGE_FLOAT = 1e-6;
static const double RIDGE_FLOAT_MAX = 1.5e-5; /* beyond, double is faster */
static const double RIDGE_DOUBLE = 1e-14;
static const double RIDGE_MAX = 1e-3;

/* Of a round of conjugate gradients, which reads all rows, in flops a second, against a factor's.
 */
static const double ROUND_SPEED = 0.3;

/* How many weights there are of each size, and their sum. */
struct weight_counts {
    double n[WEIGHT_BINS], sum[WEIGHT_BINS];
};

/* Of leverages, what is kept from the factors before. */
static const float LEVERAGE_KEPT = 0.5f;

struct newton_weights {
    const double *d, *sum_d; /* n_rows x lanes, n_rows */
    double threshold;
};

/* Of a weight that is at least 0 and finite. */
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

bool linear_joint_fits(size_t n_classes, size_t n_columns)
{
    return (double)(n_classes - 1) * (double)n_columns <= N_MAX;
}

bool linear_joint_pays(size_t n_rows, size_t n_classes, size_t n_columns)
{
    return linear_joint_fits(n_classes, n_columns) && n_columns <= n_rows + 1;
}

double linear_joint_rounds(size_t n_rows, size_t n_classes, size_t n_columns)
{
    const double nc = (double)n_columns, n = (double)n_classes * nc;
    const double n_round = 4 * (double)n_rows * n;
    return ROUND_SPEED * (n * n * n / 3 + SAMPLE_ITEMS * nc * nc) / n_round;
}

bool linear_joint_is_likely(const struct problem_size *size)
{
    const size_t n_columns = size->n_features + 1;
    return linear_joint_pays(size->n_train, size->n_classes, n_columns) &&
           linear_joint_rounds(size->n_train, size->n_classes, n_columns) <= LIKELY_ROUNDS;
}

double linear_joint_bytes(const struct problem_size *size)
{
    const double n_columns = (double)size->n_features + 1, n_classes = (double)size->n_classes;
    const double n_lanes = (double)linear_lanes_for(size->n_classes);
    const bool is_joint = linear_joint_is_likely(size);
    const double n_factor = n_classes * n_columns * n_columns * (is_joint ? n_classes : 1);
    const double n_others = (double)size->n_threads * BLOCK_ROWS * n_columns;
    const double n_pairs = is_joint ? n_classes * (n_classes - 1) / 2 : n_classes;
    return (n_factor + n_others + n_columns * (n_classes + n_lanes)) * sizeof(double) +
           (double)size->n_train * (n_pairs + n_lanes) * sizeof(float) +
           LINEAR_CHUNKS * sizeof(struct weight_counts);
}

/* Rows [first, first + n_rows) of the leverages, without a factor of their squares; rows:
   BLOCK_ROWS x n_columns. */
static void measure_leverage(const struct linear_joint *joint, const float *factor, size_t first,
                             size_t n_rows, float *rows)
{
    const struct linear_design *design = joint->design;
    const size_t nc = design->n_columns;
    for (size_t i = 0; i < n_rows; i++)
        memcpy(rows + i * nc, linear_design_rows(design, first + i, 1), nc * sizeof *rows);
    if (factor)
        blas_strsm_right_t(n_rows, nc, factor, joint->ld, rows, nc);
    for (size_t i = 0; i < n_rows; i++) {
        float sum = 0;
        for (size_t j = 0; j < nc; j++)
            sum += rows[i * nc + j] * rows[i * nc + j];
        for (size_t q = 0; q < joint->n_pairs; q++)
            joint->leverage[(first + i) * joint->n_pairs + q] = fmaxf(sum, FLT_MIN);
    }
}

/* In the matrix of the rows themselves, each once: it is made where the factor will be. */
static void set_leverage(const struct linear_joint *joint)
{
    const struct linear_design *design = joint->design;
    const size_t nc = design->n_columns, n_blocks = (design->n_rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    float *gram = joint->float_factor;
    for (size_t first = 0; first < design->n_rows; first += BLOCK_ROWS) {
        const size_t left = design->n_rows - first;
        for (size_t i = 0; i < left && i < BLOCK_ROWS; i++)
            memcpy(joint->float_rows + i * nc, linear_design_rows(design, first + i, 1),
                   nc * sizeof *gram);
        blas_ssyrk_tn(nc, left < BLOCK_ROWS ? left : BLOCK_ROWS, 1, joint->float_rows, nc,
                      first ? 1 : 0, gram, joint->ld);
    }
    for (size_t j = 0; j < nc; j++)
        gram[j * joint->ld + j] =
            (float)((1 + RIDGE_FLOAT) * (1 + (double)gram[j * joint->ld + j]));
    const float *factor = blas_spotrf(nc, gram, joint->ld) ? gram : NULL;
#pragma omp parallel for num_threads(design->n_threads) default(none)                              \
    shared(joint, design, factor, n_blocks, nc)
    for (size_t q = 0; q < n_blocks; q++) {
        const size_t first = q * BLOCK_ROWS, left = design->n_rows - first;
        measure_leverage(joint, factor, first, left < BLOCK_ROWS ? left : BLOCK_ROWS,
                         joint->float_rows + (size_t)omp_get_thread_num() * BLOCK_ROWS * nc);
    }
}

static size_t n_rows_items(const struct linear_design *design)
{
    return (size_t)design->n_threads * BLOCK_ROWS * design->n_columns;
}

static size_t n_column(const struct linear_joint *joint)
{
    return joint->n_blocks * joint->design->n_columns;
}

static size_t n_factor_items(const struct linear_joint *joint)
{
    return n_column(joint) * joint->ld;
}

static void set_shape(struct linear_joint *joint, bool is_joint)
{
    const size_t n = joint->design->n_problems;
    joint->is_joint = is_joint;
    joint->n_blocks = is_joint && !joint->diagonal ? n - 1 : n;
    joint->ld = is_joint ? n_column(joint) : joint->design->n_columns;
    joint->n_pairs = is_joint ? n * (n - 1) / 2 : n;
}

static size_t n_leverage(const struct linear_joint *joint)
{
    return joint->design->n_rows * joint->n_pairs;
}

enum status linear_joint_create(struct linear_joint *joint, const struct linear_design *design,
                                const double *diagonal, struct error *error)
{
    *joint = (struct linear_joint){
        .design = design,
        .diagonal = diagonal,
        .float_ridge = RIDGE_FLOAT,
    };
    set_shape(joint, false);
    const struct memory_request requests[] = {
        {(void **)&joint->float_factor, n_factor_items(joint), sizeof *joint->float_factor},
        {(void **)&joint->float_rows, n_rows_items(design), sizeof *joint->float_rows},
        {(void **)&joint->leverage, n_leverage(joint), sizeof *joint->leverage},
        {(void **)&joint->sketch, design->n_rows * design->lanes, sizeof *joint->sketch},
        {(void **)&joint->direction, design->stride * design->lanes, sizeof *joint->direction},
        {(void **)&joint->float_column, n_column(joint), sizeof *joint->float_column},
        {(void **)&joint->counts, LINEAR_CHUNKS, sizeof *joint->counts},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof requests[0],
                                             "the Newton matrix of all classes", error);
    if (!status)
        set_leverage(joint);
    return status;
}

/* Of a pair of classes, from leverages that know nothing of each other. */
static void join_leverage(const struct linear_joint *joint, const float *old)
{
    const struct linear_design *d = joint->design;
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 1; k < d->n_problems; k++)
            for (size_t l = 0; l < k; l++)
                joint->leverage[i * joint->n_pairs + k * (k - 1) / 2 + l] =
                    old[i * d->n_problems + k] + old[i * d->n_problems + l];
}

enum status linear_joint_join(struct linear_joint *joint, struct error *error)
{
    float *old = joint->leverage;
    memory_free(joint->is_double ? (void *)joint->double_factor : joint->float_factor);
    joint->leverage = joint->float_factor = NULL;
    joint->double_factor = NULL;
    set_shape(joint, true);
    const struct memory_request requests[] = {
        {joint->is_double ? (void **)&joint->double_factor : (void **)&joint->float_factor,
         n_factor_items(joint),
         joint->is_double ? sizeof *joint->double_factor : sizeof *joint->float_factor},
        {(void **)&joint->leverage, n_leverage(joint), sizeof *joint->leverage},
    };
    const enum status status =
        memory_arrays(requests, 2, "the Newton matrix of all classes", error);
    if (!status)
        join_leverage(joint, old);
    memory_free(old);
    return status;
}

static void release_float(struct linear_joint *joint)
{
    memory_free(joint->float_factor);
    memory_free(joint->float_rows);
    memory_free(joint->float_column);
    joint->float_factor = joint->float_rows = joint->float_column = NULL;
}

void linear_joint_destroy(struct linear_joint *joint)
{
    release_float(joint);
    memory_free(joint->double_factor);
    memory_free(joint->double_rows);
    memory_free(joint->double_column);
    memory_free(joint->leverage);
    memory_free(joint->sketch);
    memory_free(joint->direction);
    memory_free(joint->counts);
    *joint = (struct linear_joint){0};
}

static size_t pair_of(const struct linear_joint *joint, size_t k, size_t l)
{
    return joint->is_joint ? k * (k - 1) / 2 + l : k;
}

static double leverage_of(const struct linear_joint *joint, size_t i, size_t k, size_t l)
{
    return (double)joint->leverage[i * joint->n_pairs + pair_of(joint, k, l)];
}

/* What row i adds to the block of a pair of classes, but for the sign: those that the matrix is the
   sum of, or where it is not joint a class and itself. */
static double weight_of(const struct linear_joint *joint, const double *d, double sum_d, size_t i,
                        size_t k, size_t l)
{
    const double *row = d + i * joint->design->lanes;
    return joint->is_joint ? row[k] / sum_d * row[l] : fmax(0, row[k] * (1 - row[k] / sum_d));
}

static void count_weights(const struct linear_joint *joint, const double *d, const double *sum_d,
                          size_t chunk)
{
    const struct linear_design *design = joint->design;
    struct weight_counts *counts = &joint->counts[chunk];
    *counts = (struct weight_counts){0};
    const size_t end = linear_chunk_begin(design, chunk + 1);
    for (size_t i = linear_chunk_begin(design, chunk); i < end; i++)
        for (size_t k = 0; k < design->n_problems; k++)
            for (size_t l = joint->is_joint ? 0 : k; l < k + !joint->is_joint; l++) {
                const double weight =
                    weight_of(joint, d, sum_d[i], i, k, l) * leverage_of(joint, i, k, l);
                const size_t bin = bin_of(weight);
                counts->n[bin] += 1;
                counts->sum[bin] += weight;
            }
}

/* The weight times leverage from which on all are taken; below, one for each time that their sum
   passes it. */
static double find_threshold(const struct linear_joint *joint, const double *d, const double *sum_d)
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
    const size_t n_rows = joint->design->n_problems * SAMPLE_ROWS;
    const double n_items = (double)(joint->is_joint ? SAMPLE_ITEMS : n_rows);
    double n_above = 0, threshold = DBL_MAX;
    for (size_t bin = WEIGHT_BINS - 1; bin > 0; bin--) {
        if (all->n[bin] == 0)
            continue;
        n_above += all->n[bin];
        below -= all->sum[bin];
        const double candidate = bin_begin(bin);
        if (n_above + below / candidate > n_items && threshold < DBL_MAX)
            break;
        threshold = candidate;
    }
    return threshold;
}

/* The weight of row i in the sample, 0 if it is not in it. */
static double sample(const struct linear_joint *joint, const struct newton_weights *weights,
                     size_t i, const size_t pair[2], double *carry)
{
    const double leverage = leverage_of(joint, i, pair[0], pair[1]);
    const double weight = weight_of(joint, weights->d, weights->sum_d[i], i, pair[0], pair[1]);
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
#include "classifiers/linear_joint_blocks.h"
#undef REAL
#undef NAME
#undef BLAS
#undef GEMM

#define REAL double
#define NAME(x) double_##x
#define BLAS(x) blas_d##x
#define GEMM blas_gemm_double
#include "classifiers/linear_joint_blocks.h"
#undef REAL
#undef NAME
#undef BLAS
#undef GEMM

/* From now on in double. */
static enum status widen(struct linear_joint *joint, struct error *error)
{
    const struct memory_request requests[] = {
        {(void **)&joint->double_factor, n_factor_items(joint), sizeof *joint->double_factor},
        {(void **)&joint->double_rows, n_rows_items(joint->design), sizeof *joint->double_rows},
        {(void **)&joint->double_column, n_column(joint), sizeof *joint->double_column},
    };
    release_float(joint);
    joint->is_double = true;
    return memory_arrays(requests, 3, "the Newton matrix of all classes", error);
}

static bool factor_float(struct linear_joint *joint, const struct newton_weights *weights)
{
    for (; joint->float_ridge <= RIDGE_FLOAT_MAX; joint->float_ridge *= 10) {
        float_build(joint, weights, joint->float_ridge);
        if (float_factor_blocks(joint))
            return true;
    }
    return false;
}

static bool factor_double(struct linear_joint *joint, const struct newton_weights *weights)
{
    for (double ridge = RIDGE_DOUBLE; ridge <= RIDGE_MAX; ridge *= 100) {
        double_build(joint, weights, ridge);
        if (double_factor_blocks(joint))
            return true;
    }
    return false;
}

/* The leverages along the direction: row i and classes k and l have (x . (L^-T signs)_k -
   (...)_l)^2 in the mean over all signs. */
static void add_sketch(const struct linear_joint *joint, float kept)
{
    const struct linear_design *d = joint->design;
    const float added = (1 - LEVERAGE_KEPT) / SKETCHES;
    linear_times_float(d, joint->direction, joint->sketch);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(joint, d, kept, added)
    for (size_t i = 0; i < d->n_rows; i++) {
        const float *u = joint->sketch + i * d->lanes;
        float *leverage = joint->leverage + i * joint->n_pairs;
        for (size_t k = 0; k < d->n_problems; k++)
            for (size_t l = joint->is_joint ? 0 : k; l < k + !joint->is_joint; l++) {
                const float along = joint->is_joint ? u[k] - u[l] : u[k];
                float *at = &leverage[pair_of(joint, k, l)];
                *at = fminf(FLT_MAX, fmaxf(FLT_MIN, kept * *at + added * along * along));
            }
    }
}

static void update_leverage(struct linear_joint *joint)
{
    struct rng rng = rng_create(1, joint->n_factors);
    for (int i = 0; i < SKETCHES; i++) {
        if (joint->is_double)
            double_draw(joint, &rng);
        else
            float_draw(joint, &rng);
        add_sketch(joint, i > 0 ? 1 : joint->n_factors > 0 ? LEVERAGE_KEPT : 0);
    }
    joint->n_factors++;
}

enum status linear_joint_factor(struct linear_joint *joint, const double *d, const double *sum_d,
                                bool *is_done, struct error *error)
{
    const struct newton_weights weights = {
        .d = d, .sum_d = sum_d, .threshold = find_threshold(joint, d, sum_d)};
    *is_done = !joint->is_double && !joint->wants_double && factor_float(joint, &weights);
    enum status status = STATUS_OK;
    if (!*is_done && !joint->is_double)
        status = widen(joint, error);
    if (!*is_done && !status)
        *is_done = factor_double(joint, &weights);
    if (*is_done)
        update_leverage(joint);
    return status;
}

/* out += the solution for shifts, which only E resists; those of the intercepts do nothing. */
static void add_shifts(const struct linear_joint *joint, const double *in, double *out)
{
    const struct linear_design *d = joint->design;
    for (size_t j = 0; j + 1 < d->n_columns; j++) {
        double sum = 0, resistance = 0;
        for (size_t k = 0; k < d->n_problems; k++) {
            sum += in[j * d->lanes + k];
            resistance += joint->diagonal[j * d->lanes + k];
        }
        for (size_t k = 0; k < d->n_problems; k++)
            out[j * d->lanes + k] += sum / resistance;
    }
}

void linear_joint_solve(const struct linear_joint *joint, const double *in, double *out)
{
    const struct linear_design *d = joint->design;
    if (joint->is_double)
        double_solve(joint, in, out);
    else
        float_solve(joint, in, out);
    if (!joint->diagonal)
        linear_subtract_means(d, out);
    else if (!joint->is_joint)
        add_shifts(joint, in, out);
}
