/*
 * GaussianNB: naive Bayes with one normal distribution for each class and feature.
 *
 *   predict argmax over c of  log prior_c - sum_j [ log(2 pi v_cj) / 2 + (x_j - m_cj)^2 / (2 v_cj)
 * ]
 *
 * m_cj and v_cj are the mean and the population variance of the standardised feature j in class c;
 * 1e-9 times the largest variance of a feature over all rows (which is 1, as features are
 * standardised) is added to every v_cj. The prior is the frequency of the class unless given.
 * A tie goes to the smallest class. A class without training rows is never predicted.
 *
 * The variances reach down to 1e-9, so the sums are large: neither float32 nor an expansion of the
 * square would do. Everything is computed in double, in units of bytes, where with feature j's
 * scale s_j the same ratio is (byte - m'_cj)^2 / (v'_cj + 1e-9 s_j^2). m' and v' come
 * from exact integer sums. Features that are constant in training add the same term to every class
 * and are left out; without any other feature the prior decides.
 */
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "numerics/gaussian_simd.h"
#include "numerics/work.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { PRIORS };

static const double variance_smoothing = 1e-9;

static const struct parameter_spec parameters[] = {
    [PRIORS] = {.name = "priors",
                .type = PARAMETER_REAL_LIST,
                .summary = "probability of each class; None: its frequency in the training set",
                .minimum = 0.0,
                .maximum = 1.0,
                .none_allowed = true,
                .fallback = {.is_none = true}},
    {.name = NULL},
};

struct gaussian_nb {
    struct parameter_value priors;
    size_t n_classes, n_columns;
    uint32_t *columns; /* n_columns: the features that vary in training, owned */
    double *mean;      /* n_classes x n_columns, in bytes, owned */
    double *precision; /* n_classes x n_columns, 1 / (2 variance), owned */
    double *constant;  /* n_classes, log prior and log of the normalisers, owned */
};

/* Rows sorted by class, and the sums of the class that is being read. */
struct statistics {
    uint32_t *rows;   /* n_rows: places, of the rows of class c from first[c] on */
    uint8_t *classes; /* n_rows: of the row at each place */
    size_t *first;    /* n_classes + 1 */
    uint32_t *block;  /* n_classes x 2 x n_features: sums of a block of rows, then of squares */
    uint64_t *sums;   /* n_classes x 2 x n_features */
};

static enum status check(const struct parameters *p, struct error *error)
{
    const struct parameter_value *priors = &p->values[PRIORS];
    double sum = 0.0;
    if (priors->is_none)
        return STATUS_OK;
    for (size_t c = 0; c < priors->n_numbers; c++) {
        if (!(priors->numbers[c] >= 0.0))
            return error_set(error, STATUS_USAGE, "priors: %g is negative", priors->numbers[c]);
        sum += priors->numbers[c];
    }
    if (fabs(sum - 1.0) > 1e-8)
        return error_set(error, STATUS_USAGE, "priors: the sum is %.10g; it must be 1", sum);
    return STATUS_OK;
}

static enum status create(void **model, const struct parameters *p, struct error *error)
{
    struct gaussian_nb *nb = memory_zeroed(1, sizeof *nb);
    *model = nb;
    if (!nb)
        return error_memory(error, "a GaussianNB model", sizeof *nb);
    nb->priors = p->values[PRIORS];
    return STATUS_OK;
}

static void destroy(void *model)
{
    struct gaussian_nb *nb = model;
    if (!nb)
        return;
    memory_free(nb->columns);
    memory_free(nb->mean);
    memory_free(nb->precision);
    memory_free(nb->constant);
    memory_free(nb);
}

/* By their places among the bytes, so that those of a class are read as they lie. */
static void sort_rows_by_class(const struct statistics *s, const struct training_set *set)
{
    const size_t n_rows = set->x->n_rows;
    memset(s->first, 0, (set->n_classes + 1) * sizeof *s->first);
    for (size_t i = 0; i < n_rows; i++)
        s->first[set->y[i] + 1]++;
    for (size_t c = 0; c < set->n_classes; c++)
        s->first[c + 1] += s->first[c];
    features_labels_by_place(set->x, set->y, s->classes);
    for (size_t place = 0; place < n_rows; place++)
        s->rows[s->first[s->classes[place]]++] = (uint32_t)place;
    for (size_t c = set->n_classes; c > 0; c--)
        s->first[c] = s->first[c - 1];
    s->first[0] = 0;
}

/* Integer sums are exact, so their order is free. */
static void sum_class(const struct statistics *s, const struct features *x, size_t c,
                      const struct gaussian_kernels *kernels)
{
    const size_t n = x->n_features;
    uint32_t *block = s->block + c * 2 * n;
    uint64_t *sums = s->sums + c * 2 * n;
    memset(sums, 0, 2 * n * sizeof *sums);
    for (size_t i = s->first[c]; i < s->first[c + 1]; i += GAUSSIAN_SUM_ROWS_MAX) {
        const size_t left = s->first[c + 1] - i;
        const size_t rows = left < GAUSSIAN_SUM_ROWS_MAX ? left : GAUSSIAN_SUM_ROWS_MAX;
        memset(block, 0, 2 * n * sizeof *block);
        kernels->add_rows(x->bytes, n, s->rows + i, rows, block, block + n);
        for (size_t j = 0; j < 2 * n; j++)
            sums[j] += block[j];
    }
}

/* A feature varies when its sum of squares does not follow from its sum (Cauchy-Schwarz). */
static void find_columns(struct gaussian_nb *nb, const struct statistics *s, size_t n_features,
                         size_t n_rows)
{
    for (size_t j = 0; j < n_features; j++) {
        unsigned __int128 value = 0, square = 0;
        for (size_t c = 0; c < nb->n_classes; c++) {
            value += s->sums[c * 2 * n_features + j];
            square += s->sums[c * 2 * n_features + n_features + j];
        }
        if (square * n_rows != value * value)
            nb->columns[nb->n_columns++] = (uint32_t)j;
    }
}

static void finish_class(struct gaussian_nb *nb, const struct statistics *s,
                         const struct scaling *scaling, size_t c)
{
    const size_t n = s->first[c + 1] - s->first[c], n_features = scaling->n_features;
    const uint64_t *value = s->sums + c * 2 * n_features, *square = value + n_features;
    double *mean = nb->mean + c * nb->n_columns, *precision = nb->precision + c * nb->n_columns;
    const double prior =
        nb->priors.is_none ? (double)n / (double)s->first[nb->n_classes] : nb->priors.numbers[c];
    nb->constant[c] = n ? log(prior) : -INFINITY;
    for (size_t k = 0; k < nb->n_columns; k++) {
        const size_t j = nb->columns[k];
        const unsigned __int128 spread =
            (unsigned __int128)square[j] * n - (unsigned __int128)value[j] * value[j];
        const double scale = scaling->scale[j];
        const double size = n ? (double)n : 1.0;
        const double variance = (double)spread / (size * size) + variance_smoothing * scale * scale;
        mean[k] = (double)value[j] / size;
        precision[k] = 0.5 / variance;
        /* Of the standardised feature, as the definition says; its scale is the same for all
           classes, so it does not matter to the decision. */
        nb->constant[c] -= 0.5 * log(2.0 * 3.14159265358979323846 * variance / (scale * scale));
    }
}

static enum status allocate_fit(struct gaussian_nb *nb, struct statistics *s,
                                const struct training_set *set, struct error *error)
{
    const size_t n_features = set->x->n_features, n_cells = set->n_classes * n_features;
    const struct memory_request requests[] = {
        {(void **)&nb->columns, n_features, sizeof *nb->columns},
        {(void **)&nb->mean, n_cells, sizeof *nb->mean},
        {(void **)&nb->precision, n_cells, sizeof *nb->precision},
        {(void **)&nb->constant, set->n_classes, sizeof *nb->constant},
        {(void **)&s->rows, set->x->n_rows, sizeof *s->rows},
        {(void **)&s->classes, set->x->n_rows, sizeof *s->classes},
        {(void **)&s->first, set->n_classes + 1, sizeof *s->first},
        {(void **)&s->block, 2 * n_cells, sizeof *s->block},
        {(void **)&s->sums, 2 * n_cells, sizeof *s->sums},
    };
    return memory_arrays(requests, sizeof requests / sizeof *requests, "GaussianNB", error);
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct gaussian_nb *nb = model;
    struct statistics s = {.rows = NULL};
    const struct gaussian_kernels *kernels = SIMD_SELECT(gaussian_kernels);
    const size_t n_classes = set->n_classes;
    (void)report;
    if (!nb->priors.is_none && nb->priors.n_numbers != n_classes)
        return error_set(error, STATUS_USAGE,
                         "priors: %zu values for %zu classes; give one a class",
                         nb->priors.n_numbers, n_classes);
    const enum status status = allocate_fit(nb, &s, set, error);
    if (status)
        return status;
    nb->n_classes = n_classes;
    sort_rows_by_class(&s, set);
#pragma omp parallel for schedule(dynamic) num_threads(execution->n_threads) default(none)         \
    shared(s, set, n_classes, kernels)
    for (size_t c = 0; c < n_classes; c++)
        sum_class(&s, set->x, c, kernels);
    find_columns(nb, &s, set->x->n_features, set->x->n_rows);
    for (size_t c = 0; c < n_classes; c++)
        finish_class(nb, &s, set->x->scaling, c);
    memory_free(s.rows);
    memory_free(s.classes);
    memory_free(s.first);
    memory_free(s.block);
    memory_free(s.sums);
    return STATUS_OK;
}

/* The columns that vary of the rows from `first` on, feature-major; rows past the end are zero. */
static void gather_block(const struct gaussian_nb *nb, const struct features *x, size_t first,
                         double *restrict block)
{
    const size_t n_rows =
        x->n_rows - first < GAUSSIAN_BLOCK_ROWS ? x->n_rows - first : GAUSSIAN_BLOCK_ROWS;
    const uint8_t *rows = features_rows(x, first);
    for (size_t k = 0; k < nb->n_columns; k++)
        for (size_t r = 0; r < GAUSSIAN_BLOCK_ROWS; r++)
            block[k * GAUSSIAN_BLOCK_ROWS + r] =
                r < n_rows ? rows[r * x->n_features + nb->columns[k]] : 0;
}

static void predict_block(const struct gaussian_nb *nb, const double *sums, size_t n_rows,
                          uint8_t *restrict labels)
{
    for (size_t r = 0; r < n_rows; r++) {
        double best = -INFINITY;
        labels[r] = 0;
        for (size_t c = 0; c < nb->n_classes; c++) {
            const double likelihood = nb->constant[c] - sums[c * GAUSSIAN_BLOCK_ROWS + r];
            if (likelihood > best) {
                best = likelihood;
                labels[r] = (uint8_t)c;
            }
        }
    }
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    const struct gaussian_nb *nb = model;
    const struct gaussian_kernels *kernels = SIMD_SELECT(gaussian_kernels);
    const size_t block_values = nb->n_columns * GAUSSIAN_BLOCK_ROWS;
    const size_t stride = block_values + nb->n_classes * GAUSSIAN_BLOCK_ROWS;
    const size_t n_blocks = (x->n_rows + GAUSSIAN_BLOCK_ROWS - 1) / GAUSSIAN_BLOCK_ROWS;
    const size_t n_threads = execution->n_threads > 1 ? (size_t)execution->n_threads : 1;
    (void)readout;
    double *work = memory_array(n_threads * stride, sizeof *work);
    if (!work)
        return error_memory(error, "GaussianNB's blocks of rows",
                            n_threads * stride * sizeof *work);
#pragma omp parallel for schedule(static, 1) num_threads((int)n_threads) default(none)             \
    shared(nb, x, kernels, work, labels, n_blocks, stride, block_values)
    for (size_t b = 0; b < n_blocks; b++) {
        const size_t first = b * GAUSSIAN_BLOCK_ROWS, left = x->n_rows - first;
        double *block = work + (size_t)omp_get_thread_num() * stride, *sums = block + block_values;
        gather_block(nb, x, first, block);
        kernels->weighted_squares(block, nb->mean, nb->precision, nb->n_columns, nb->n_classes,
                                  sums);
        predict_block(nb, sums, left < GAUSSIAN_BLOCK_ROWS ? left : GAUSSIAN_BLOCK_ROWS,
                      labels + first);
    }
    memory_free(work);
    /* A difference, its square, a product and a sum for each row, class and feature. */
    work_add_double(4 * (double)x->n_rows * (double)nb->n_classes * (double)nb->n_columns);
    return STATUS_OK;
}

static struct memory_need memory_need(const struct parameters *p, const struct problem_size *size)
{
    (void)p;
    return (struct memory_need){.bytes = (double)size->n_train * (sizeof(uint32_t) + 1),
                                .mostly = "the rows by class"};
}

const struct classifier_class gaussian_nb_class = {
    .name = "GaussianNB",
    .summary = "naive Bayes with a normal distribution for each class and feature",
    .parameters = parameters,
    .is_deterministic = true,
    .check = check,
    .create = create,
    .memory_need = memory_need,
    .fit = fit,
    .predict = predict,
    .destroy = destroy,
};
