/*
 * SVC: the C-support vector machine with a kernel, one machine for each pair of classes.
 *
 * Problem, method and stopping rule of a machine: svc_pair.h. Each machine votes for one of its two
 * classes; the class with most votes wins, ties go to the smallest class.
 * Boser, Guyon and Vapnik, "A training algorithm for optimal margin classifiers" (COLT 1992);
 * Cortes and Vapnik, "Support-vector networks" (Machine Learning 20, 1995).
 */
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/svc_model.h"
#include "classifiers/svc_pair.h"

#include <math.h>

enum { C, KERNEL, DEGREE, GAMMA, COEF0, TOL };

/*
 * Kernel values that are kept of a machine in the making, twice, or of all machines, which is
 * enough for 11,585 rows. Beside them, what the machines of a class share may take a quarter of the
 * memory, but no more than 2 GB: a worker stays below 4 GB. Values are the same to the bit wherever
 * they are kept.
 */
static const size_t KEPT_BYTES = (size_t)1 << 29;
static const size_t KEPT_BYTES_SHORT = (size_t)1 << 26;
static const size_t MEMORY_SHORT = (size_t)1 << 31;
static const size_t SHARED_BYTES = (size_t)1 << 31;
enum { ITER_MAX = 10000000, ITER_MAX_PER_ROW = 100 }; /* the limits of svm-train of LIBSVM */

/*
 * Steps of SMO, for each row, after which it is likely to need very many more; and for each flop
 * that the interior-point method takes for a row in an iteration, before which it is not worth it.
 */
static const double INTERIOR_AFTER_PER_ROW = 15, INTERIOR_AFTER_PER_FLOP = 0.3;

static const char *const kernels[] = {"linear", "poly", "rbf", "sigmoid", NULL};

static const struct parameter_spec specs[] = {
    [C] = {.name = "C",
           .type = PARAMETER_REAL,
           .summary = "weight of the hinge losses against the margin",
           .maximum = HUGE_VAL,
           .minimum_excluded = true,
           .fallback = {.n_numbers = 1, .numbers = {1}}},
    [KERNEL] = {.name = "kernel",
                .type = PARAMETER_CHOICE,
                .summary = "kernel function",
                .choices = kernels,
                .fallback = {.choice = SVC_RBF}},
    [DEGREE] = {.name = "degree",
                .type = PARAMETER_INTEGER,
                .summary = "degree of the poly kernel",
                .minimum = 0,
                .maximum = 100,
                .fallback = {.n_numbers = 1, .numbers = {3}}},
    [GAMMA] = {.name = "gamma",
               .type = PARAMETER_REAL,
               .summary = "scale in the kernels but linear; none: 1 / number of features",
               .maximum = HUGE_VAL,
               .minimum_excluded = true,
               .none_allowed = true,
               .fallback = {.is_none = true}},
    [COEF0] = {.name = "coef0",
               .type = PARAMETER_REAL,
               .summary = "constant in the poly and sigmoid kernels",
               .minimum = -HUGE_VAL,
               .maximum = HUGE_VAL,
               .fallback = {.n_numbers = 1, .numbers = {0}}},
    [TOL] = {.name = "tol",
             .type = PARAMETER_REAL,
             .summary = "largest violation of the optimality conditions to stop at",
             .maximum = HUGE_VAL,
             .minimum_excluded = true,
             .fallback = {.n_numbers = 1, .numbers = {1e-3}}},
    {.name = NULL},
};

struct svc {
    struct parameters parameters;
    struct svc_model model;
};

static void canonical(struct parameters *parameters)
{
    const size_t kernel = parameter_choice(parameters, KERNEL);
    if (kernel == SVC_LINEAR)
        parameters->values[GAMMA] = specs[GAMMA].fallback;
    if (kernel != SVC_POLY)
        parameters->values[DEGREE] = specs[DEGREE].fallback;
    if (kernel != SVC_POLY && kernel != SVC_SIGMOID)
        parameters->values[COEF0] = specs[COEF0].fallback;
}

static enum status create(void **model, const struct parameters *parameters, struct error *error)
{
    struct svc *svc = memory_zeroed(1, sizeof *svc);
    *model = svc;
    if (!svc)
        return error_memory(error, "SVC", sizeof *svc);
    svc->parameters = *parameters;
    return STATUS_OK;
}

static struct svc_kernel kernel_of(const struct parameters *p, size_t n_features)
{
    const bool is_auto = parameter_is_none(p, GAMMA);
    return (struct svc_kernel){.kind = (enum svc_kernel_kind)parameter_choice(p, KERNEL),
                               .gamma =
                                   is_auto ? 1.0 / (double)n_features : parameter_number(p, GAMMA),
                               .coef0 = parameter_number(p, COEF0),
                               .degree = (unsigned)parameter_number(p, DEGREE)};
}

/* What the machines have in common, and what they write: each its own entries. */
struct job {
    const struct parameters *parameters;
    struct svc_model *model;
    const struct svc_rows *rows;
    struct svc_shared *shared; /* NULL: nothing is shared */
    size_t kept_bytes, interior_bytes_max;
    double *weights;                 /* n_rows x n_classes */
    struct svc_pair_result *results; /* n_pairs */
};

/* An iteration of the interior-point method takes n p^2 + p^3 / 3 flops, a step of SMO some n. */
static long steps_before_interior(size_t n, size_t n_columns)
{
    const double p = (double)n_columns, flops = p * p * (1 + p / (3 * (double)n));
    return (long)fmax(INTERIOR_AFTER_PER_ROW * (double)n, INTERIOR_AFTER_PER_FLOP * flops);
}

static enum status solve_pair(const struct job *job, size_t a, size_t b, struct error *error)
{
    struct svc_model *model = job->model;
    const size_t k = model->n_classes, p = svc_pair_index(k, a, b);
    const size_t *first = job->rows->first;
    struct svc_pair pair = {.rows = job->rows,
                            .kernel = &model->kernel,
                            .shared = job->shared,
                            .first = {first[a], first[b]},
                            .n = {first[a + 1] - first[a], first[b + 1] - first[b]},
                            .C = parameter_number(job->parameters, C),
                            .tol = parameter_number(job->parameters, TOL),
                            .budget_bytes = job->kept_bytes};
    struct svc_pair_result *result = &job->results[p];
    *result = (struct svc_pair_result){.converged = true};
    model->bias[p] = 0;
    model->is_empty[p] = pair.n[0] == 0 || pair.n[1] == 0;
    if (model->is_empty[p])
        return STATUS_OK;
    const size_t n = pair.n[0] + pair.n[1];
    pair.interior_after = steps_before_interior(n, job->rows->n_columns);
    pair.interior_bytes_max = job->interior_bytes_max;
    pair.max_iter = (long)n * ITER_MAX_PER_ROW > ITER_MAX ? (long)n * ITER_MAX_PER_ROW : ITER_MAX;
    result->beta = memory_array(n, sizeof *result->beta);
    if (!result->beta)
        return error_memory(error, "SVC", n * sizeof *result->beta);
    const enum status status = svc_pair_solve(&pair, result, error);
    for (size_t t = 0; !status && t < n; t++)
        job->weights[svc_pair_row(&pair, t) * k + (t < pair.n[0] ? b : a)] = result->beta[t];
    memory_free(result->beta);
    result->beta = NULL;
    model->bias[p] = result->bias;
    return status;
}

static enum status solve_pairs(const struct job *job, int n_threads, struct error *error)
{
    const size_t k = job->model->n_classes;
    enum status status = STATUS_OK;
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(n_threads) default(none)        \
    shared(job, k, status, error)
    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++) {
            if (b <= a)
                continue;
            struct error own;
            const enum status mine = solve_pair(job, a, b, &own);
            if (mine) {
#pragma omp critical(svc_fit)
                {
                    status = mine;
                    if (error)
                        *error = own;
                }
            }
        }
    return status;
}

static void fill_report(const struct job *job, struct fit_report *report)
{
    double objective = 0, gap = 0, violation = 0, bytes = 0;
    int n_restarts = 0;
    report->n_iter = 0;
    report->converged = 1;
    for (size_t p = 0; p < job->model->n_pairs; p++) {
        const struct svc_pair_result *r = &job->results[p];
        report->n_iter = r->n_iter > report->n_iter ? r->n_iter : report->n_iter;
        report->converged &= r->converged;
        objective += r->objective;
        n_restarts += r->n_restarts;
        gap += r->primal + r->objective;
        violation = r->violation > violation ? r->violation : violation;
        bytes = (double)r->kernel_bytes > bytes ? (double)r->kernel_bytes : bytes;
    }
    report->solver = n_restarts ? "SMO and interior-point method" : "SMO";
    fit_report_add(report, "objective", objective);
    if (job->model->kernel.kind != SVC_SIGMOID) /* not positive definite: no duality */
        fit_report_add(report, "dual_gap", objective < 0 ? gap / -objective : gap);
    fit_report_add(report, "kkt_violation", violation);
    fit_report_add(report, "kernel_bytes", bytes);
}

/* What is left of the memory for each thread's interior-point method, less half for the rest. */
static size_t interior_bytes_max(const struct job *job, const struct features *x,
                                 const struct execution *execution)
{
    const size_t n_threads = (size_t)(execution->n_threads > 1 ? execution->n_threads : 1);
    const size_t data = x->n_rows * x->n_features * (1 + sizeof(float)) +
                        x->n_rows * job->rows->n_columns * sizeof(float) +
                        n_threads * job->kept_bytes;
    if (execution->memory_bytes == 0)
        return SIZE_MAX;
    return execution->memory_bytes > data ? (execution->memory_bytes - data) / 2 / n_threads : 0;
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct svc *svc = model;
    struct svc_model *m = &svc->model;
    const size_t k = set->n_classes;
    m->kernel = kernel_of(&svc->parameters, set->x->n_features);
    m->n_classes = k;
    m->n_pairs = k * (k - 1) / 2;
    struct svc_rows rows = {0};
    const bool is_short = execution->memory_bytes && execution->memory_bytes < MEMORY_SHORT;
    struct job job = {.parameters = &svc->parameters,
                      .model = m,
                      .rows = &rows,
                      .kept_bytes = is_short ? KEPT_BYTES_SHORT : KEPT_BYTES};
    enum status status =
        svc_rows_create(&rows, set, &m->kernel, job.kept_bytes, execution->n_threads, error);
    if (status)
        return status;
    status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&m->bias, m->n_pairs, sizeof *m->bias},
            {(void **)&m->is_empty, m->n_pairs, sizeof *m->is_empty},
            {(void **)&job.results, m->n_pairs, sizeof *job.results},
        },
        3, "SVC", error);
    job.interior_bytes_max = interior_bytes_max(&job, set->x, execution);
    size_t shared_max = execution->memory_bytes / 4;
    shared_max = shared_max == 0 || shared_max > SHARED_BYTES ? SHARED_BYTES : shared_max;
    struct svc_shared shared = {0};
    if (!status && m->kernel.kind != SVC_LINEAR && !rows.gram && k > 2 &&
        svc_shared_bytes(&rows, k) <= shared_max) {
        status = svc_shared_create(&shared, &rows, &m->kernel, k, error);
        job.shared = &shared;
    }
    if (status)
        goto cleanup;
    job.weights = memory_zeroed(rows.n_rows * k, sizeof *job.weights);
    status = job.weights ? solve_pairs(&job, execution->n_threads, error)
                         : error_memory(error, "SVC", rows.n_rows * k * sizeof *job.weights);
    if (status)
        goto cleanup;
    fill_report(&job, report);
    status = svc_model_finish(m, &rows, job.weights, error);
    fit_report_add(report, "n_support", (double)svc_model_n_support(m));
cleanup:
    svc_shared_destroy(&shared);
    memory_free(job.weights);
    memory_free(job.results);
    svc_rows_destroy(&rows);
    return status;
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    (void)readout;
    const struct svc *svc = model;
    return svc_model_predict(&svc->model, x, execution->n_threads, labels, error);
}

static void destroy(void *model)
{
    struct svc *svc = model;
    if (svc)
        svc_model_destroy(&svc->model);
    memory_free(svc);
}

const struct classifier_class svc_class = {
    .name = "SVC",
    .summary = "C-support vector machine with a kernel, one machine for each pair of classes",
    .parameters = specs,
    .train_views = VIEW_STANDARDISED,
    .test_views = VIEW_STANDARDISED,
    .is_deterministic = true, /* within its tolerance */
    .canonical = canonical,
    .create = create,
    .fit = fit,
    .predict = predict,
    .destroy = destroy,
};
