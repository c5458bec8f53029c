#include "base/memory.h"
#include "classifiers/svc_model.h"
#include "numerics/blas.h"
#include "numerics/kernel_simd.h"

#include <math.h>
#include <string.h>

enum {
    TEST_BLOCK = 252,
    SUPPORT_BLOCK = 1024,
    ROUNDS_MAX = 3,
    OPEN_ROWS_MIN = 24, /* for each class, for another round of candidates */
    ALL = MAX_CLASSES   /* in the place of a class */
};

/* Rows to predict, and how far that is. */
struct prediction {
    const struct svc_model *model;
    const struct features *x;
    uint8_t *labels;  /* the candidate of a row while it is open */
    uint8_t *is_open; /* of each row; owned, as the others */
    uint32_t *rows;   /* n_open, sorted by candidate */
    size_t n_open;
    size_t *blocks; /* n_blocks + 1: rows[blocks[b]] and so on have the same candidate */
    size_t n_blocks;
};

/* What one thread needs for a block of test rows. */
struct scratch {
    float *x;          /* TEST_BLOCK x n_columns */
    float *norms;      /* TEST_BLOCK */
    float *values;     /* TEST_BLOCK x SUPPORT_BLOCK */
    double *wide;      /* SVC_LINEAR: the rows in double */
    double *weights;   /* n_classes x SUPPORT_BLOCK */
    double *sums;      /* n_classes x TEST_BLOCK x n_classes; of a class, by the other class */
    double *decisions; /* SVC_LINEAR: TEST_BLOCK x n_pairs */
    uint32_t support[SUPPORT_BLOCK]; /* numbers of support vectors */
    float support_norms[SUPPORT_BLOCK];
};

static void scratch_destroy(struct scratch *s)
{
    memory_free(s->x);
    memory_free(s->norms);
    memory_free(s->values);
    memory_free(s->wide);
    memory_free(s->weights);
    memory_free(s->sums);
    memory_free(s->decisions);
}

static enum status scratch_create(struct scratch *s, const struct svc_model *model,
                                  struct error *error)
{
    const size_t n_columns = model->layout.n_columns, k = model->n_classes;
    const size_t n_linear = model->kernel.kind == SVC_LINEAR ? TEST_BLOCK : 0;
    const size_t n_other = TEST_BLOCK - n_linear;
    memset(s, 0, sizeof *s);
    return memory_arrays(
        (const struct memory_request[]){
            {(void **)&s->x, TEST_BLOCK * n_columns, sizeof *s->x},
            {(void **)&s->norms, TEST_BLOCK, sizeof *s->norms},
            {(void **)&s->values, n_other * SUPPORT_BLOCK + TEST_BLOCK * k, sizeof *s->values},
            {(void **)&s->wide, n_linear * n_columns, sizeof *s->wide},
            {(void **)&s->weights, k * SUPPORT_BLOCK, sizeof *s->weights},
            {(void **)&s->sums, k * n_other * k, sizeof *s->sums},
            {(void **)&s->decisions, n_linear * model->n_pairs, sizeof *s->decisions},
        },
        7, "SVC", error);
}

static void copy_rows(const struct prediction *p, struct scratch *s, const uint32_t *rows, size_t n)
{
    const size_t n_columns = p->model->layout.n_columns, n_features = p->x->n_features;
    for (size_t i = 0; i < n; i++) {
        const double norm =
            svc_row_copy(&p->model->layout, p->x->standardised + rows[i] * n_features, n_features,
                         s->x + i * n_columns);
        s->norms[i] = (float)(p->model->kernel.gamma * norm);
    }
}

/* The class with the nearest mean, among those that have rows. */
static void guess(const struct prediction *p, struct scratch *s, const uint32_t *rows, size_t n)
{
    const struct svc_model *model = p->model;
    const size_t n_columns = model->layout.n_columns, k = model->n_classes;
    SIMD_SELECT(kernel_kernels)
        ->products(&(struct kernel_products){.n_padded = n_columns,
                                             .n_left = n,
                                             .n_right = k,
                                             .left = s->x,
                                             .right = model->means,
                                             .values = s->values,
                                             .stride = k});
    for (size_t i = 0; i < n; i++) {
        double most = -INFINITY;
        for (size_t c = 0; c < k; c++) {
            const float *mean = model->means + c * n_columns;
            double norm = 0;
            for (size_t j = 0; j < n_columns && i == 0; j++)
                norm += (double)mean[j] * (double)mean[j];
            if (i == 0)
                s->weights[c] = 0.5 * norm;
            const double score = (double)s->values[i * k + c] - s->weights[c];
            if (model->has_rows[c] && score > most) {
                most = score;
                p->labels[rows[i]] = (uint8_t)c;
            }
        }
    }
}

static void decide_linear(const struct svc_model *model, struct scratch *s, size_t n)
{
    const size_t n_columns = model->layout.n_columns;
    for (size_t i = 0; i < n * n_columns; i++)
        s->wide[i] = (double)s->x[i];
    blas_dgemm(&(struct blas_gemm_double){.transpose_b = true,
                                          .m = n,
                                          .n = model->n_pairs,
                                          .k = n_columns,
                                          .alpha = 1,
                                          .a = s->wide,
                                          .lda = n_columns,
                                          .b = model->w,
                                          .ldb = n_columns,
                                          .c = s->decisions,
                                          .ldc = model->n_pairs});
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < model->n_pairs; p++)
            s->decisions[i * model->n_pairs + p] += model->bias[p];
}

/* The sums of a class += kernel values x weights of n_support support vectors. */
static void add_support(const struct svc_model *model, struct scratch *s, size_t n, size_t class,
                        size_t other, size_t n_support)
{
    const struct kernel_kernels *kernels = SIMD_SELECT(kernel_kernels);
    const size_t k = model->n_classes, from = other == ALL ? 0 : other;
    const size_t end = other == ALL ? k : other + 1;
    svc_kernel_block(&model->kernel, &(struct svc_block){.n_columns = model->layout.n_columns,
                                                         .n_left = n,
                                                         .n_right = n_support,
                                                         .left = s->x,
                                                         .right = model->x,
                                                         .right_rows = s->support,
                                                         .left_norms = s->norms,
                                                         .right_norms = s->support_norms,
                                                         .values = s->values,
                                                         .stride = n_support});
    for (size_t c = from; c < end; c++)
        for (size_t r = 0; r < n_support; r++)
            s->weights[c * SUPPORT_BLOCK + r] = model->weights[s->support[r] * k + c];
    for (size_t i = 0; i < n; i++)
        for (size_t c = from; c < end; c++)
            s->sums[(class * TEST_BLOCK + i) * k + c] += kernels->weighted_sum(
                s->values + i * n_support, s->weights + c * SUPPORT_BLOCK, n_support);
}

/* The sums of a class in its machine with the other class, or in all of them. */
static void add_class(const struct svc_model *model, struct scratch *s, size_t n, size_t class,
                      size_t other)
{
    const size_t k = model->n_classes, end = model->first[class + 1];
    size_t n_support = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < k; c++)
            s->sums[(class * TEST_BLOCK + i) * k + c] = 0;
    for (size_t r = model->first[class]; r < end; r++) {
        if (other == ALL || model->weights[r * k + other] != 0) {
            s->support[n_support] = (uint32_t)r;
            s->support_norms[n_support++] = model->norms[r];
        }
        if (n_support == SUPPORT_BLOCK || (r + 1 == end && n_support > 0)) {
            add_support(model, s, n, class, other, n_support);
            n_support = 0;
        }
    }
}

static double decision(const struct svc_model *model, const struct scratch *s, size_t i, size_t a,
                       size_t b)
{
    const size_t k = model->n_classes, pair = svc_pair_index(k, a, b);
    if (model->kernel.kind == SVC_LINEAR)
        return s->decisions[i * model->n_pairs + pair];
    return s->sums[(a * TEST_BLOCK + i) * k + b] + s->sums[(b * TEST_BLOCK + i) * k + a] +
           model->bias[pair];
}

static uint8_t vote(const struct svc_model *model, const struct scratch *s, size_t i)
{
    size_t votes[MAX_CLASSES] = {0}, best = 0;
    for (size_t a = 0, p = 0; a < model->n_classes; a++)
        for (size_t b = a + 1; b < model->n_classes; b++, p++)
            if (!model->is_empty[p])
                votes[decision(model, s, i, a, b) > 0 ? a : b]++;
    for (size_t c = 1; c < model->n_classes; c++)
        if (votes[c] > votes[best])
            best = c;
    return (uint8_t)best;
}

static void predict_by_all(const struct prediction *p, struct scratch *s, const uint32_t *rows,
                           size_t n)
{
    const struct svc_model *model = p->model;
    if (model->kernel.kind == SVC_LINEAR)
        decide_linear(model, s, n);
    else
        for (size_t c = 0; c < model->n_classes; c++)
            add_class(model, s, n, c, ALL);
    for (size_t i = 0; i < n; i++) {
        p->labels[rows[i]] = vote(model, s, i);
        p->is_open[rows[i]] = 0;
    }
}

/* Rows that their candidate wins are done; the others get the class it lost to most clearly. */
static void challenge(const struct prediction *p, struct scratch *s, const uint32_t *rows, size_t n)
{
    const struct svc_model *model = p->model;
    const size_t candidate = p->labels[rows[0]];
    for (size_t c = 0; c < model->n_classes; c++)
        add_class(model, s, n, c, c == candidate ? ALL : candidate);
    for (size_t i = 0; i < n; i++) {
        double clearest = -1;
        for (size_t c = 0; c < model->n_classes; c++) {
            const size_t a = c < candidate ? c : candidate, b = c < candidate ? candidate : c;
            if (c == candidate || model->is_empty[svc_pair_index(model->n_classes, a, b)])
                continue;
            const double value = decision(model, s, i, a, b);
            const bool is_lost = (value > 0) == (c == a);
            if (is_lost && fabs(value) > clearest) {
                clearest = fabs(value);
                p->labels[rows[i]] = (uint8_t)c;
            }
        }
        p->is_open[rows[i]] = clearest >= 0;
    }
}

/* The open rows by candidate, cut into blocks; in one stretch where there are no candidates. */
static void set_blocks(struct prediction *p, bool has_candidates)
{
    size_t next[MAX_CLASSES + 1] = {0};
    p->n_open = p->n_blocks = 0;
    for (size_t i = 0; i < p->x->n_rows; i++)
        if (p->is_open[i])
            next[has_candidates ? p->labels[i] + 1 : MAX_CLASSES]++;
    for (size_t c = 0; c <= MAX_CLASSES; c++) {
        for (size_t from = 0; from < next[c]; from += TEST_BLOCK)
            p->blocks[p->n_blocks++] = p->n_open + from;
        p->n_open += next[c];
        next[c] = p->n_open - next[c];
    }
    p->blocks[p->n_blocks] = p->n_open;
    for (size_t i = 0; i < p->x->n_rows; i++)
        if (p->is_open[i])
            p->rows[next[has_candidates ? p->labels[i] + 1 : MAX_CLASSES]++] = (uint32_t)i;
}

typedef void predict_rows(const struct prediction *p, struct scratch *s, const uint32_t *rows,
                          size_t n);

static enum status for_all_blocks(const struct prediction *p, predict_rows *run, int n_threads,
                                  struct error *error)
{
    enum status status = STATUS_OK;
#pragma omp parallel num_threads(n_threads) default(none) shared(p, run, status, error)
    {
        struct scratch scratch;
        struct error own;
        const enum status mine = scratch_create(&scratch, p->model, &own);
        if (mine) {
#pragma omp critical(svc_predict)
            {
                status = mine;
                if (error)
                    *error = own;
            }
        }
#pragma omp barrier
        if (!status) {
#pragma omp for schedule(dynamic)
            for (size_t b = 0; b < p->n_blocks; b++) {
                const uint32_t *rows = p->rows + p->blocks[b];
                const size_t n = p->blocks[b + 1] - p->blocks[b];
                copy_rows(p, &scratch, rows, n);
                run(p, &scratch, rows, n);
            }
        }
        scratch_destroy(&scratch);
    }
    return status;
}

enum status svc_model_predict(const struct svc_model *model, const struct features *x,
                              int n_threads, uint8_t *restrict labels, struct error *error)
{
    const size_t few = OPEN_ROWS_MIN * model->n_classes;
    struct prediction p = {.model = model, .x = x, .labels = labels};
    enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&p.is_open, x->n_rows, sizeof *p.is_open},
            {(void **)&p.rows, x->n_rows, sizeof *p.rows},
            {(void **)&p.blocks, x->n_rows / TEST_BLOCK + MAX_CLASSES + 2, sizeof *p.blocks},
        },
        3, "SVC", error);
    if (status)
        return status;
    memset(p.is_open, 1, x->n_rows);
    set_blocks(&p, false);
    if (model->kernel.kind != SVC_LINEAR && model->n_classes > 2 && p.n_open >= few)
        status = for_all_blocks(&p, guess, n_threads, error);
    for (int round = 0; round < ROUNDS_MAX && !status; round++) {
        if (model->kernel.kind == SVC_LINEAR || model->n_classes <= 2 || p.n_open < few)
            break;
        set_blocks(&p, true);
        status = for_all_blocks(&p, challenge, n_threads, error);
        set_blocks(&p, false);
    }
    if (!status)
        status = for_all_blocks(&p, predict_by_all, n_threads, error);
    memory_free(p.is_open);
    memory_free(p.rows);
    memory_free(p.blocks);
    return status;
}
