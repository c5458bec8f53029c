/*
 * GaussianProcessClassifier: binary Gaussian processes with the kernel 1.0 x RBF(1.0), which stays
 * as it is, by the Laplace approximation; several classes by one_vs_rest or one_vs_one.
 *
 * In the standardised pixels of thousands of images nearly all of the kernel matrix is nothing to
 * working precision. What is left is found by an exact search (gaussian_process_kernel.h) and
 * solved by blocks (gaussian_process_laplace.h). The latent means of rows to predict have all
 * kernel values down to the smallest double, as their sign decides between two classes.
 *
 * Labels are scikit-learn's: with one_vs_rest the class of the largest probability, of equal ones
 * the last, which is where all kernel values are below 1e-16 or so; with one_vs_one that of most
 * votes, each for the second class of a pair if the latent mean is positive, else for the first;
 * equal votes go to the larger sum of probabilities, scaled below one vote. Two classes: the sign.
 */
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/gaussian_process_laplace.h"
#include "classifiers/gaussian_process_model.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { MULTI_CLASS, MAX_ITER_PREDICT };
enum { ONE_VS_REST, ONE_VS_ONE };

static const char *const modes[] = {"one_vs_rest", "one_vs_one", NULL};

static const struct parameter_spec parameters[] = {
    [MULTI_CLASS] = {.name = "multi_class",
                     .type = PARAMETER_CHOICE,
                     .summary = "how several classes become binary problems",
                     .choices = modes,
                     .fallback = {.choice = ONE_VS_REST}},
    [MAX_ITER_PREDICT] = {.name = "max_iter_predict",
                          .type = PARAMETER_INTEGER,
                          .summary = "limit of Newton's iterations for a posterior mode",
                          .minimum = 1,
                          .maximum = INT_MAX,
                          .fallback = {.n_numbers = 1, .numbers = {100}}},
    {.name = NULL},
};

struct gaussian_process {
    size_t multi_class;
    long max_iter;
    uint32_t *order; /* of the rows of the model, among those of the dataset; owned */
    struct gp_model model;
};

static enum status create(void **model, const struct parameters *p, struct error *error)
{
    struct gaussian_process *gp = memory_zeroed(1, sizeof *gp);
    *model = gp;
    if (!gp)
        return error_memory(error, "a GaussianProcessClassifier model", sizeof *gp);
    gp->multi_class = parameter_choice(p, MULTI_CLASS);
    gp->max_iter = (long)parameter_number(p, MAX_ITER_PREDICT);
    return STATUS_OK;
}

static void destroy(void *model)
{
    struct gaussian_process *gp = model;
    if (!gp)
        return;
    features_destroy(&gp->model.x);
    memory_free(gp->order);
    gp_kernel_destroy(&gp->model.kernel);
    memory_free(gp->model.pi);
    memory_free(gp);
}

/* The classes that have rows, and where they begin. order: n_rows, by class. */
static void sort_rows(struct gp_model *m, const struct training_set *set, uint32_t *restrict order)
{
    size_t n = 0;
    for (size_t c = 0; c < set->n_classes; c++) {
        const size_t first = n;
        for (size_t i = 0; i < set->x->n_rows; i++)
            if (set->y[i] == c)
                order[n++] = (uint32_t)features_place(set->x, i);
        if (n == first)
            continue;
        m->labels[m->n_classes] = (uint8_t)c;
        m->class_start[++m->n_classes] = n;
    }
}

static enum status make_model(struct gaussian_process *gp, const struct training_set *set,
                              struct error *error)
{
    struct gp_model *m = &gp->model;
    gp->order = memory_array(set->x->n_rows, sizeof *gp->order);
    if (!gp->order)
        return error_memory(error, "the order of rows", set->x->n_rows * sizeof *gp->order);
    sort_rows(m, set, gp->order);
    const size_t k = m->n_classes;
    m->is_pairs = k == 2 || gp->multi_class == ONE_VS_ONE;
    m->n_problems = m->is_pairs ? k * (k - 1) / 2 : k;
    m->width = m->is_pairs ? k - 1 : k;
    enum status status =
        k < 2 ? error_set(error, STATUS_DATA,
                          "GaussianProcessClassifier needs training rows of two classes, and all "
                          "%zu are of class %d; raise --limit-train",
                          set->x->n_rows, m->labels[0])
              : features_create(&m->x,
                                &(struct features_source){.bytes = set->x->bytes,
                                                          .n_rows = set->x->n_rows,
                                                          .n_features = set->x->n_features,
                                                          .order = gp->order,
                                                          .scaling = set->x->scaling},
                                error);
    if (status)
        return status;
    m->pi = memory_array(m->x.n_rows * m->width, sizeof *m->pi);
    return m->pi ? STATUS_OK
                 : error_memory(error, "probabilities", m->x.n_rows * m->width * sizeof *m->pi);
}

/* What the report needs of a problem. */
struct outcome {
    long n_iter;
    bool converged;
    double log_marginal_likelihood;
    size_t largest_block;
};

struct fitting {
    struct gaussian_process *gp;
    struct outcome *outcomes; /* n_problems */
};

static enum status find_mode(struct gaussian_process *gp, struct gp_problem problem,
                             struct gp_solver *solver, struct outcome *outcome, struct error *error)
{
    struct gp_model *m = &gp->model;
    const struct gp_system *system = solver->system;
    const size_t n = system->kernel.n_rows;
    struct gp_mode mode = {0};
    uint8_t *y = NULL;
    const struct memory_request requests[] = {{(void **)&y, n, sizeof *y},
                                              {(void **)&mode.pi, n, sizeof *mode.pi}};
    enum status status = memory_arrays(requests, 2, "a Gaussian process", error);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++)
        y[i] = gp_class_of(m, system->rows[i]) == problem.positive;
    status = gp_laplace_mode(solver, y, gp->max_iter, &mode, error);
    for (size_t i = 0; i < n && !status; i++) {
        const size_t class = gp_class_of(m, system->rows[i]);
        m->pi[system->rows[i] * m->width + gp_problem_column(m, problem, class)] = mode.pi[i];
    }
    *outcome = (struct outcome){.n_iter = mode.n_iter,
                                .converged = mode.converged,
                                .log_marginal_likelihood = mode.log_marginal_likelihood,
                                .largest_block = system->largest_block};
    memory_free(y);
    memory_free(mode.pi);
    return status;
}

static enum status fit_problem(void *context, size_t i, size_t bytes_max, struct error *error)
{
    const struct fitting *fitting = context;
    const struct gp_model *m = &fitting->gp->model;
    const struct gp_problem problem = gp_problem_at(m, i);
    struct gp_system system = {0};
    struct gp_solver solver = {0};
    uint32_t *rows = memory_array(m->x.n_rows, sizeof *rows);
    if (!rows)
        return error_memory(error, "the rows of a Gaussian process", m->x.n_rows * sizeof *rows);
    const size_t n = gp_problem_rows(m, problem, rows);
    enum status status = gp_system_create(&system, &m->kernel, rows, n, 0.0, error);
    memory_free(rows);
    if (!status)
        status = gp_check_bytes(gp_solver_bytes(&system, 1), bytes_max, &system, error);
    if (!status)
        status = gp_solver_create(&solver, &system, 1, error);
    if (!status)
        status = find_mode(fitting->gp, problem, &solver, &fitting->outcomes[i], error);
    gp_solver_destroy(&solver);
    gp_system_destroy(&system);
    return status;
}

static void fill_report(const struct fitting *fitting, struct fit_report *report)
{
    const struct gp_model *m = &fitting->gp->model;
    double sum = 0.0;
    size_t largest_block = 0;
    report->n_iter = 0;
    report->converged = 1;
    for (size_t i = 0; i < m->n_problems; i++) {
        const struct outcome *outcome = &fitting->outcomes[i];
        report->n_iter = outcome->n_iter > report->n_iter ? outcome->n_iter : report->n_iter;
        report->converged &= outcome->converged;
        sum += outcome->log_marginal_likelihood;
        if (outcome->largest_block > largest_block)
            largest_block = outcome->largest_block;
    }
    fit_report_add(report, "log_marginal_likelihood", sum);
    fit_report_add(report, "kernel_nonzeros", (double)(m->kernel.start[m->x.n_rows] + m->x.n_rows));
    fit_report_add(report, "largest_block", (double)largest_block);
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct gaussian_process *gp = model;
    struct gp_model *m = &gp->model;
    const size_t bytes = gp_bytes_left(execution, set->x);
    enum status status = make_model(gp, set, error);
    if (!status)
        status = gp_kernel_create(&m->kernel, &m->x, bytes, execution->n_threads, error);
    if (status)
        return status;
    const size_t kept = m->kernel.start[m->x.n_rows] * (sizeof(double) + sizeof(uint32_t)) * 2;
    struct fitting fitting = {.gp = gp,
                              .outcomes = memory_array(m->n_problems, sizeof(struct outcome))};
    if (!fitting.outcomes)
        return error_memory(error, "the problems of a Gaussian process", m->n_problems);
    status = gp_loop_run(&(struct gp_loop){.n = m->n_problems,
                                           .bytes_max = bytes > kept ? bytes - kept : 0,
                                           .n_threads = execution->n_threads,
                                           .run = fit_problem,
                                           .context = &fitting},
                         error);
    if (!status)
        fill_report(&fitting, report);
    memory_free(fitting.outcomes);
    return status;
}

/* Of equal probabilities the last one's. */
static size_t most_probable(const struct gp_model *m, const double *probabilities)
{
    size_t best = 0;
    for (size_t c = 1; c < m->n_classes; c++)
        if (probabilities[c] >= probabilities[best])
            best = c;
    return best;
}

/* Votes, and sums of confidences as _ovr_decision_function of scikit-learn has them. */
static size_t most_votes(const struct gp_model *m, const double *means, const double *probabilities)
{
    double votes[UINT8_MAX + 1] = {0}, sums[UINT8_MAX + 1] = {0};
    size_t best = 0, p = 0;
    for (size_t a = 0; a < m->n_classes; a++)
        for (size_t b = a + 1; b < m->n_classes; b++, p++) {
            sums[a] -= probabilities[p];
            sums[b] += probabilities[p];
            votes[means[p] > 0 ? b : a] += 1;
        }
    for (size_t c = 0; c < m->n_classes; c++) {
        votes[c] += sums[c] / (3 * (fabs(sums[c]) + 1));
        if (votes[c] > votes[best])
            best = c;
    }
    return best;
}

static uint8_t label_of(const struct gp_model *m, const double *means, const double *reductions)
{
    double probabilities[(UINT8_MAX + 1) * UINT8_MAX / 2];
    if (m->n_classes == 2)
        return m->labels[means[0] > 0];
    for (size_t p = 0; p < m->n_problems; p++)
        probabilities[p] = gp_laplace_probability(means[p], 1.0 - reductions[p]);
    return m->labels[m->is_pairs ? most_votes(m, means, probabilities)
                                 : most_probable(m, probabilities)];
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    const struct gp_model *m = &((const struct gaussian_process *)model)->model;
    const size_t bytes = gp_bytes_left(execution, &m->x), kept = m->kernel.start[m->x.n_rows] * 12;
    const size_t half = bytes > kept ? (bytes - kept) / 2 : 0;
    const int n_threads = execution->n_threads;
    struct gp_latent latent = {0};
    (void)readout;
    const struct gp_latent_request request = {
        .queries = x, .with_near = m->n_classes > 2, .bytes_max = half, .n_threads = n_threads};
    enum status status = gp_latent_create(&latent, m, &request, error);
    if (!status && m->n_classes > 2)
        status = gp_latent_reduce(&latent, m, half, n_threads, error);
    for (size_t i = 0; i < x->n_rows && !status; i++)
        labels[i] =
            label_of(m, latent.means + i * m->n_problems, latent.reductions + i * m->n_problems);
    gp_latent_destroy(&latent);
    return status;
}

/*
 * As if no rows were near each other, which is all that can be said before they are seen: per row
 * of the problem at hand, the system has 40 bytes, its solver 48, Newton's method 40, and y and pi
 * 9; each thread has one.
 */
static struct memory_need memory_need(const struct parameters *p, const struct problem_size *size)
{
    enum { PROBLEM_ROW_BYTES = 40 + 48 + 40 + 9, THREAD_FEATURE_BYTES = 768 * sizeof(double) };
    const double n = (double)size->n_train, k = (double)size->n_classes;
    const bool is_pairs = parameter_choice(p, MULTI_CLASS) == ONE_VS_ONE;
    const double index_bytes = n * (double)(size->n_features + sizeof(float));
    const double pi_bytes = n * (is_pairs ? k - 1 : k) * sizeof(double);
    const double problem_bytes = n * (is_pairs ? 2 / k : 1) * PROBLEM_ROW_BYTES;
    const double latent_bytes =
        2 * (double)size->n_test * (is_pairs ? k * (k - 1) / 2 : k) * sizeof(double);
    const double thread_bytes = problem_bytes + (double)size->n_features * THREAD_FEATURE_BYTES;
    return (struct memory_need){
        .bytes = index_bytes + pi_bytes + latent_bytes + (double)size->n_threads * thread_bytes,
        .mostly = index_bytes > latent_bytes ? "the index of the rows"
                                             : "the latent means of the test rows"};
}

const struct classifier_class gaussian_process_class = {
    .name = "GaussianProcessClassifier",
    .summary = "Gaussian process classification by the Laplace approximation",
    .parameters = parameters,
    .is_deterministic = true,
    .unfinished_2017 = "never finished in 2017: does not fit in memory or time at 60,000 rows",
    .create = create,
    .memory_need = memory_need,
    .fit = fit,
    .predict = predict,
    .destroy = destroy,
};
