/*
 * SVC: the C-support vector machine with a kernel, one machine for each pair of classes.
 *
 * Problem, method and stopping rule of a machine: svc_pair.h. Each machine votes for one of its two
 * classes; the class with most votes wins, ties go to the smallest class.
 * Boser, Guyon and Vapnik, "A training algorithm for optimal margin classifiers" (COLT 1992);
 * Cortes and Vapnik, "Support-vector networks" (Machine Learning 20, 1995).
 *
 * C is a readout parameter of the kernels but the linear one: one fit makes the models of all
 * values of C that are asked for. Kernel values do not depend on C, so the machines of a pair of
 * classes, solved one after the other, share those that they ask for; otherwise each is solved as
 * if alone, with the same result. Seconds and flops of a model are those of a fit of its own: what
 * was shared counts in full, where another one computed it by what such products took
 * (svc_store.h).
 */
#include "base/clock.h"
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/svc_model.h"
#include "classifiers/svc_pair.h"

#include <assert.h>
#include <math.h>

enum { C, KERNEL, DEGREE, GAMMA, COEF0, TOL };

/*
 * Kernel values that are kept of a machine in the making, twice, or of all machines, which is
 * enough for 11,585 rows. Beside them, what the machines of a class share may take a quarter of the
 * memory, but no more than 2 GB: a worker stays below 4 GB. The values of a pair of classes with
 * each other are kept for all C where they all fit into the first of these, and an eighth of the
 * memory by the threads; otherwise each machine keeps what it can, and they are computed again for
 * the next C. Values are the same to the bit wherever they are kept.
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
           .is_readout = true,
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

/* The model of one C, and what a fit for it alone would report. */
struct fitted {
    double C;
    struct svc_model model;
    struct fit_report report;
};

struct svc {
    struct parameters parameters;
    size_t n_fitted;
    struct fitted *fitted; /* n_fitted, owned */
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

/* The linear kernel has no values that are worth keeping. */
static bool is_shared(const struct parameters *parameters)
{
    return parameter_choice(parameters, KERNEL) != SVC_LINEAR;
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

static struct fitted *find(const struct svc *svc, double asked)
{
    for (size_t i = 0; i < svc->n_fitted; i++)
        if (svc->fitted[i].C == asked)
            return &svc->fitted[i];
    return NULL;
}

static enum status ask(void *model, const struct parameters *readout, struct error *error)
{
    struct svc *svc = model;
    const size_t n = svc->n_fitted;
    if (find(svc, parameter_number(readout, C)))
        return STATUS_OK;
    struct fitted *fitted = memory_zeroed(n + 1, sizeof *fitted);
    if (!fitted)
        return error_memory(error, "SVC", (n + 1) * sizeof *fitted);
    for (size_t i = 0; i < n; i++)
        fitted[i] = svc->fitted[i];
    fitted[n].C = parameter_number(readout, C);
    memory_free(svc->fitted);
    svc->fitted = fitted;
    svc->n_fitted++;
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

/* A machine of one C, and what was done for it by the thread that solved it. */
struct machine {
    struct svc_pair_result result;
    double spent_s;
    struct work spent;
};

/* What is made for one C. */
struct part {
    struct svc_model *model;
    double C;
    double *weights;          /* n_rows x n_classes, owned */
    struct machine *machines; /* n_pairs, owned */
    double finish_s;
};

/* What the machines have in common, and what they write: each its own entries. */
struct job {
    const struct parameters *parameters;
    const struct svc_kernel *kernel;
    const struct svc_rows *rows;
    size_t n_classes, n_pairs;
    struct svc_shared *shared; /* NULL: nothing is shared */
    size_t kept_bytes, cross_bytes_max, interior_bytes_max;
    size_t n_parts;
    struct part *parts; /* n_parts, owned */
    double solve_s;     /* of the wall clock, for all machines */
};

/* An iteration of the interior-point method takes n p^2 + p^3 / 3 flops, a step of SMO some n. */
static long steps_before_interior(size_t n, size_t n_columns)
{
    const double p = (double)n_columns, flops = p * p * (1 + p / (3 * (double)n));
    return (long)fmax(INTERIOR_AFTER_PER_ROW * (double)n, INTERIOR_AFTER_PER_FLOP * flops);
}

static enum status solve_machine(const struct job *job, const struct svc_pair *pair,
                                 struct part *part, struct error *error)
{
    const size_t k = job->n_classes, a = pair->classes[0], b = pair->classes[1];
    const size_t n = pair->n[0] + pair->n[1], p = svc_pair_index(k, a, b);
    struct machine *machine = &part->machines[p];
    struct svc_pair_result *result = &machine->result;
    const double start_s = clock_now_s();
    const struct work start = work_done_here();
    *machine = (struct machine){.result = {.converged = true}};
    part->model->bias[p] = 0;
    part->model->is_empty[p] = pair->n[0] == 0 || pair->n[1] == 0;
    if (part->model->is_empty[p])
        return STATUS_OK;
    result->beta = memory_array(n, sizeof *result->beta);
    if (!result->beta)
        return error_memory(error, "SVC", n * sizeof *result->beta);
    const enum status status = svc_pair_solve(pair, result, error);
    for (size_t t = 0; !status && t < n; t++)
        part->weights[svc_pair_row(pair, t) * k + (t < pair->n[0] ? b : a)] = result->beta[t];
    memory_free(result->beta);
    result->beta = NULL;
    part->model->bias[p] = result->bias;
    machine->spent_s = clock_now_s() - start_s;
    machine->spent = work_between(start, work_done_here());
    return status;
}

/* The stores of either class with the other one, where there is room for all of their values. */
static enum status create_cross(const struct job *job, struct svc_store cross[2],
                                struct svc_pair *pair, struct error *error)
{
    const size_t a = pair->classes[0], b = pair->classes[1];
    if (!job->shared || pair->n[0] * pair->n[1] > job->cross_bytes_max / sizeof(float) / 2)
        return STATUS_OK;
    pair->cross = cross;
    const enum status status = svc_store_create(&cross[0], job->rows, job->kernel, a, b, error);
    return status ? status : svc_store_create(&cross[1], job->rows, job->kernel, b, a, error);
}

/* For all C, one after the other. */
static enum status solve_pair(const struct job *job, size_t a, size_t b, struct error *error)
{
    const size_t *first = job->rows->first;
    struct svc_store cross[2] = {{0}, {0}};
    struct svc_pair pair = {.rows = job->rows,
                            .kernel = job->kernel,
                            .shared = job->shared,
                            .classes = {a, b},
                            .first = {first[a], first[b]},
                            .n = {first[a + 1] - first[a], first[b + 1] - first[b]},
                            .tol = parameter_number(job->parameters, TOL),
                            .budget_bytes = job->kept_bytes,
                            .interior_bytes_max = job->interior_bytes_max};
    const size_t n = pair.n[0] + pair.n[1];
    if (n > 0)
        pair.interior_after = steps_before_interior(n, job->rows->n_columns);
    pair.max_iter = (long)n * ITER_MAX_PER_ROW > ITER_MAX ? (long)n * ITER_MAX_PER_ROW : ITER_MAX;
    enum status status = create_cross(job, cross, &pair, error);
    for (; pair.asker < job->n_parts && !status; pair.asker++) {
        pair.C = job->parts[pair.asker].C;
        status = solve_machine(job, &pair, &job->parts[pair.asker], error);
    }
    svc_store_destroy(&cross[0]);
    svc_store_destroy(&cross[1]);
    return status;
}

static enum status solve_pairs(struct job *job, int n_threads, struct error *error)
{
    const size_t k = job->n_classes;
    const double start_s = clock_now_s();
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
    job->solve_s = clock_now_s() - start_s;
    return status;
}

static void fill_report(const struct job *job, const struct part *part, struct fit_report *report)
{
    double objective = 0, gap = 0, violation = 0, bytes = 0;
    int n_restarts = 0;
    report->n_iter = 0;
    report->converged = 1;
    for (size_t p = 0; p < job->n_pairs; p++) {
        const struct svc_pair_result *r = &part->machines[p].result;
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
    if (job->kernel->kind != SVC_SIGMOID) /* not positive definite: no duality */
        fit_report_add(report, "dual_gap", objective < 0 ? gap / -objective : gap);
    fit_report_add(report, "kkt_violation", violation);
    fit_report_add(report, "kernel_bytes", bytes);
}

/* What is left of the memory for each thread's interior-point method, less half for the rest. */
static size_t interior_bytes_max(const struct job *job, const struct features *x,
                                 const struct execution *execution)
{
    const size_t n_threads = (size_t)(execution->n_threads > 1 ? execution->n_threads : 1);
    const size_t data = x->n_rows * x->n_features +
                        x->n_rows * job->rows->n_columns * sizeof(float) +
                        n_threads * job->kept_bytes;
    if (execution->memory_bytes == 0)
        return SIZE_MAX;
    return execution->memory_bytes > data ? (execution->memory_bytes - data) / 2 / n_threads : 0;
}

/* Seconds and work of the machines of a part: as they were, and as they would be alone. */
struct spent {
    double s, alone_s;
    struct work work, alone;
};

static struct spent spent_on(const struct job *job, const struct part *part)
{
    struct spent sum = {.s = 0};
    for (size_t p = 0; p < job->n_pairs; p++) {
        const struct machine *machine = &part->machines[p];
        const struct svc_tally *tally = &machine->result.tally;
        sum.s += machine->spent_s;
        sum.alone_s += machine->spent_s - tally->spent_s + tally->alone_s;
        sum.work.float_flops += machine->spent.float_flops;
        sum.work.double_flops += machine->spent.double_flops;
        sum.alone.float_flops += tally->alone_flops - tally->spent_flops;
    }
    sum.alone.float_flops += sum.work.float_flops;
    sum.alone.double_flops += sum.work.double_flops;
    return sum;
}

/*
 * Tells of each C what a fit of its own would have taken, of all that took `total`: what is no
 * machine's is everyone's, and the machines of several threads take a share of the wall clock.
 */
static void set_alone(const struct job *job, double total_s, struct work total,
                      struct fitted *fitted)
{
    double common_s = total_s - job->solve_s, machines_s = 0;
    for (size_t i = 0; i < job->n_parts; i++) {
        const struct spent spent = spent_on(job, &job->parts[i]);
        common_s -= job->parts[i].finish_s;
        machines_s += spent.s;
        total = work_between(spent.work, total);
    }
    const double rate = machines_s > 0 ? job->solve_s / machines_s : 1;
    for (size_t i = 0; i < job->n_parts; i++) {
        const struct spent spent = spent_on(job, &job->parts[i]);
        struct fit_report *report = &fitted[i].report;
        report->fit_s = common_s + spent.alone_s * rate + job->parts[i].finish_s;
        report->has_work = true;
        report->work = (struct work){.float_flops = total.float_flops + spent.alone.float_flops,
                                     .double_flops = total.double_flops + spent.alone.double_flops};
    }
}

static enum status part_create(struct part *part, const struct job *job, struct fitted *fitted,
                               struct error *error)
{
    struct svc_model *m = &fitted->model;
    *part = (struct part){.model = m, .C = fitted->C};
    fit_report_init(&fitted->report);
    m->kernel = *job->kernel;
    m->n_classes = job->n_classes;
    m->n_pairs = job->n_pairs;
    const enum status status = memory_arrays(
        (const struct memory_request[]){
            {(void **)&m->bias, m->n_pairs, sizeof *m->bias},
            {(void **)&m->is_empty, m->n_pairs, sizeof *m->is_empty},
            {(void **)&part->machines, m->n_pairs, sizeof *part->machines},
        },
        3, "SVC", error);
    if (status)
        return status;
    const size_t n_weights = job->rows->n_rows * job->n_classes;
    part->weights = memory_zeroed(n_weights, sizeof *part->weights);
    return part->weights ? STATUS_OK
                         : error_memory(error, "SVC", n_weights * sizeof *part->weights);
}

static enum status part_finish(const struct job *job, struct part *part, struct fit_report *report,
                               struct error *error)
{
    const double start_s = clock_now_s();
    fill_report(job, part, report);
    const enum status status = svc_model_finish(part->model, job->rows, part->weights, error);
    fit_report_add(report, "n_support", (double)svc_model_n_support(part->model));
    part->finish_s = clock_now_s() - start_s;
    return status;
}

static size_t kept_bytes_max(uint64_t memory_bytes)
{
    return memory_bytes && memory_bytes < MEMORY_SHORT ? KEPT_BYTES_SHORT : KEPT_BYTES;
}

static size_t shared_bytes_max(uint64_t memory_bytes)
{
    const size_t eighth = memory_bytes / 8;
    return eighth == 0 || eighth > SHARED_BYTES / 2 ? SHARED_BYTES : 2 * eighth;
}

static enum status create_shared(struct job *job, struct svc_shared *shared, size_t n_askers,
                                 const struct execution *execution, struct error *error)
{
    const size_t n_threads = (size_t)(execution->n_threads > 1 ? execution->n_threads : 1);
    const size_t eighth = execution->memory_bytes / 8;
    job->cross_bytes_max = job->kept_bytes;
    if (eighth > 0 && eighth / n_threads < job->cross_bytes_max)
        job->cross_bytes_max = eighth / n_threads;
    if (job->kernel->kind == SVC_LINEAR || job->rows->gram ||
        svc_shared_bytes(job->rows, job->n_classes) > shared_bytes_max(execution->memory_bytes))
        return STATUS_OK;
    job->shared = shared;
    return svc_shared_create(shared, job->rows, job->kernel, job->n_classes, n_askers, error);
}

/* The parts of the fit from the sorted rows on. */
static enum status solve(struct job *job, struct svc *svc, const struct execution *execution,
                         struct error *error)
{
    struct svc_shared shared = {0};
    enum status status = create_shared(job, &shared, svc->n_fitted, execution, error);
    for (; job->n_parts < svc->n_fitted && !status; job->n_parts++)
        status = part_create(&job->parts[job->n_parts], job, &svc->fitted[job->n_parts], error);
    if (!status)
        status = solve_pairs(job, execution->n_threads, error);
    for (size_t i = 0; i < job->n_parts && !status; i++)
        status = part_finish(job, &job->parts[i], &svc->fitted[i].report, error);
    svc_shared_destroy(&shared);
    job->shared = NULL;
    return status;
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct svc *svc = model;
    const double start_s = clock_now_s();
    const struct work start = work_done();
    const size_t k = set->n_classes;
    const struct svc_kernel kernel = kernel_of(&svc->parameters, set->x->n_features);
    struct svc_rows rows = {0};
    struct job job = {.parameters = &svc->parameters,
                      .kernel = &kernel,
                      .rows = &rows,
                      .n_classes = k,
                      .n_pairs = k * (k - 1) / 2,
                      .kept_bytes = kept_bytes_max(execution->memory_bytes)};
    enum status status = svc->n_fitted ? STATUS_OK : ask(svc, &svc->parameters, error);
    if (!status)
        status = svc_rows_create(&rows, set, &kernel, job.kept_bytes, execution->n_threads, error);
    if (status)
        return status;
    job.interior_bytes_max = interior_bytes_max(&job, set->x, execution);
    job.parts = memory_zeroed(svc->n_fitted, sizeof *job.parts);
    status = job.parts ? solve(&job, svc, execution, error)
                       : error_memory(error, "SVC", svc->n_fitted * sizeof *job.parts);
    svc_rows_destroy(&rows);
    if (!status) {
        set_alone(&job, clock_now_s() - start_s, work_between(start, work_done()), svc->fitted);
        *report = svc->fitted[0].report;
    }
    for (size_t i = 0; i < job.n_parts; i++) {
        memory_free(job.parts[i].weights);
        memory_free(job.parts[i].machines);
    }
    memory_free(job.parts);
    return status;
}

static enum status find_fitted(const struct svc *svc, const struct parameters *readout,
                               const struct fitted **fitted, struct error *error)
{
    *fitted = find(svc, parameter_number(readout, C));
    if (*fitted)
        return STATUS_OK;
    return error_set(error, STATUS_USAGE, "C: %.15g was not asked for before the fit",
                     parameter_number(readout, C));
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    const struct fitted *fitted;
    const enum status status = find_fitted(model, readout, &fitted, error);
    if (status)
        return status;
    return svc_model_predict(&fitted->model, x, execution->n_threads, labels, error);
}

static enum status read(const void *model, const struct parameters *readout,
                        struct fit_report *report, struct error *error)
{
    const struct fitted *fitted;
    const enum status status = find_fitted(model, readout, &fitted, error);
    assert(status || fitted);
    if (!status)
        *report = fitted->report;
    return status;
}

static void destroy(void *model)
{
    struct svc *svc = model;
    if (!svc)
        return;
    for (size_t i = 0; i < svc->n_fitted; i++)
        svc_model_destroy(&svc->fitted[i].model);
    memory_free(svc->fitted);
    memory_free(svc);
}

/* As svc_rows_create and create_shared keep them: of all rows with each other, or of the pairs at
   work and of the rows of each class with each other. */
static double kernel_bytes(const struct problem_size *size, bool is_linear)
{
    const double n = (double)size->n_train, k = (double)size->n_classes;
    const double gram_bytes = n * n * sizeof(float), class_bytes = gram_bytes / k;
    const double kept_max = (double)kept_bytes_max(size->memory_bytes);
    const double pair_bytes = fmin(4 * gram_bytes / (k * k), kept_max);
    if (!is_linear && gram_bytes <= kept_max)
        return gram_bytes;
    const bool is_shared =
        !is_linear && class_bytes <= (double)shared_bytes_max(size->memory_bytes);
    return (double)size->n_threads * pair_bytes + (is_shared ? class_bytes : 0);
}

static struct memory_need memory_need(const struct parameters *parameters,
                                      const struct problem_size *size)
{
    const double n = (double)size->n_train;
    const double rows_bytes = n * (double)size->n_features * sizeof(float);
    const double weights_bytes = n * (double)size->n_classes * sizeof(double);
    const double kept_bytes =
        kernel_bytes(size, parameter_choice(parameters, KERNEL) == SVC_LINEAR);
    return (struct memory_need){
        .bytes = rows_bytes + weights_bytes + kept_bytes,
        .mostly = rows_bytes > kept_bytes ? "the standardised rows in float32" : "kernel values"};
}

const struct classifier_class svc_class = {
    .name = "SVC",
    .summary = "C-support vector machine with a kernel, one machine for each pair of classes",
    .parameters = specs,
    .test_views = VIEW_STANDARDISED,
    .is_deterministic = true, /* within its tolerance */
    .canonical = canonical,
    .create = create,
    .ask = ask,
    .is_shared = is_shared,
    .memory_need = memory_need,
    .fit = fit,
    .predict = predict,
    .read = read,
    .destroy = destroy,
};
