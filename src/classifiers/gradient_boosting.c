/*
 * GradientBoostingClassifier: Friedman, "Greedy function approximation: a gradient boosting
 * machine" (2001), algorithms 5 (two classes) and 6 (K classes).
 *
 * Objective: the deviance of gradient_boosting_loss.h. A row's scores start at the log priors. Each
 * stage computes the residuals y - p, grows one regression tree for each score on them
 * (gradient_boosting_tree.h), and adds 0.1 x its leaf values to the scores; a leaf's value is one
 * Newton step with a diagonal Hessian,
 *     (K - 1) / K x sum r / sum |r| (1 - |r|),
 * without the factor for two classes, which have one tree a stage. All rows, all features.
 *
 * All trees of a stage see the residuals of its start, as in the paper and in scikit-learn since
 * 0.21. Its 0.19 computed them anew after each tree, started from the priors without the logarithm,
 * and took a node for pure at a variance of 1e-7, so that its published accuracies differ a little.
 *
 * It stops after n_estimators stages; the first s stages of a fit are the fit of s stages. A class
 * is the largest score, a tie goes to the smallest class. Random numbers break ties of features.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/gradient_boosting_loss.h"
#include "classifiers/gradient_boosting_tree.h"
#include "loader/dataset.h"
#include "numerics/rng.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { LOSS, N_ESTIMATORS, MAX_DEPTH };

enum { ROWS_BLOCK = 256 };

static const double LEARNING_RATE = 0.1;

static const char *const losses[] = {"deviance", NULL};

static const struct parameter_spec parameters_table[] = {
    {.name = "loss",
     .type = PARAMETER_CHOICE,
     .summary = "loss that the stages descend",
     .choices = losses,
     .fallback = {.choice = 0}},
    {.name = "n_estimators",
     .type = PARAMETER_INTEGER,
     .summary = "number of stages",
     .minimum = 1,
     .maximum = 1e6,
     .is_readout = true,
     .fallback = {.n_numbers = 1, .numbers = {100}}},
    {.name = "max_depth",
     .type = PARAMETER_INTEGER,
     .summary = "largest depth of a tree",
     .minimum = 1,
     .maximum = 1e6,
     .fallback = {.n_numbers = 1, .numbers = {3}}},
    {.name = NULL},
};

/* The training rows after a stage. */
struct stage {
    double deviance, accuracy;
    size_t n_rises;   /* stages so far after which the deviance was higher than before */
    double fit_s;     /* since the fit began */
    double n_updates; /* so far: bytes counted or sorted; one look for several roots counts once */
};

struct model {
    size_t n_stages, max_depth;
    size_t n_classes, n_scores; /* scores of a row, trees of a stage */
    double initial[MAX_CLASSES];
    struct boosting_tree *trees; /* n_stages x n_scores, owned */
    struct stage *stages;        /* n_stages, owned */
};

static enum status create(void **model, const struct parameters *parameters, struct error *error)
{
    struct model *m = memory_zeroed(1, sizeof *m);
    *model = m;
    if (!m)
        return error_memory(error, "a boosting model", sizeof *m);
    m->n_stages = (size_t)parameter_number(parameters, N_ESTIMATORS);
    m->max_depth = (size_t)parameter_number(parameters, MAX_DEPTH);
    return STATUS_OK;
}

/* What the stages of a fit work on. */
struct fitting {
    struct model *model;
    const struct training_set *set;
    const struct execution *execution;
    struct boosting_data data;
    struct boosting_roots roots;      /* where a stage has several trees */
    double *scores;                   /* n_scores x n_rows */
    double *residuals;                /* n_scores x n_rows */
    struct boosting_grower **growers; /* n_growers */
    int n_growers;
};

static void fitting_destroy(struct fitting *f)
{
    for (int t = 0; f->growers && t < f->n_growers; t++)
        boosting_grower_destroy(f->growers[t]);
    boosting_roots_destroy(&f->roots);
    boosting_data_destroy(&f->data);
    memory_free(f->growers);
    memory_free(f->scores);
    memory_free(f->residuals);
}

static enum status fitting_create(struct fitting *f, struct error *error)
{
    struct model *m = f->model;
    const size_t n_rows = f->set->x->n_rows;
    const size_t n_threads = (size_t)f->execution->n_threads;
    f->n_growers = (int)(n_threads < m->n_scores ? n_threads : m->n_scores);
    const struct memory_request requests[] = {
        {(void **)&f->scores, m->n_scores * n_rows, sizeof *f->scores},
        {(void **)&f->residuals, m->n_scores * n_rows, sizeof *f->residuals},
        {(void **)&f->growers, (size_t)f->n_growers, sizeof(struct boosting_grower *)},
    };
    enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "boosting", error);
    if (status)
        return status;
    memset(f->growers, 0, (size_t)f->n_growers * sizeof(struct boosting_grower *));
    status = boosting_data_create(&f->data, f->set->x, error);
    if (!status && m->n_scores > 1)
        status = boosting_roots_create(&f->roots, &f->data, error);
    for (int t = 0; t < f->n_growers && !status; t++)
        status = boosting_grower_create(&f->growers[t], &f->data, m->max_depth, error);
    for (size_t k = 0; k < m->n_scores; k++)
        for (size_t i = 0; i < n_rows; i++)
            f->scores[k * n_rows + i] = m->initial[k];
    return status;
}

/* Trees first .. last - 1 of a stage, in any order. */
static enum status grow_trees(struct fitting *f, size_t stage, size_t first, size_t last,
                              struct error *error)
{
    struct model *m = f->model;
    const size_t n_rows = f->set->x->n_rows, n_scores = m->n_scores;
    const double n_classes = (double)m->n_classes;
    const double step_factor = n_scores > 1 ? (n_classes - 1) / n_classes : 1;
    const uint64_t key = rng_derive(f->execution->rng_key, stage);
    const struct boosting_roots *roots = n_scores > 1 ? &f->roots : NULL;
    enum status status = STATUS_OK;
    if (roots)
        boosting_roots_count(&f->roots, f->residuals + first * n_rows, last - first,
                             f->execution->n_threads);
#pragma omp parallel num_threads(f->n_growers) default(none) shared(f, m, error, status)           \
    firstprivate(n_rows, n_scores, step_factor, key, stage, first, last, roots)
    {
        struct boosting_grower *grower = f->growers[omp_get_thread_num()];
#pragma omp for schedule(dynamic)
        for (size_t k = first; k < last; k++) {
            const struct boosting_target target = {.residuals = f->residuals + k * n_rows,
                                                   .step_factor = step_factor,
                                                   .rate = LEARNING_RATE,
                                                   .raw = f->scores + k * n_rows,
                                                   .key = rng_derive(key, k),
                                                   .roots = roots,
                                                   .root = k - first};
            struct error tree_error;
            const enum status tree_status =
                boosting_grower_grow(grower, &m->trees[stage * n_scores + k], &target, &tree_error);
#pragma omp critical(gradient_boosting_error)
            if (tree_status && !status) {
                status = tree_status;
                if (error)
                    *error = tree_error;
            }
        }
    }
    return status;
}

/* Of the trees of a stage, of equal size, that can be counted together. */
static size_t n_batches(size_t n_scores)
{
    return (n_scores + BOOSTING_ROOTS - 1) / BOOSTING_ROOTS;
}

/* One tree for each score. */
static enum status grow_stage(struct fitting *f, size_t stage, struct error *error)
{
    const size_t n_scores = f->model->n_scores;
    const size_t n = n_batches(n_scores);
    enum status status = STATUS_OK;
    for (size_t b = 0; b < n && !status; b++)
        status = grow_trees(f, stage, b * n_scores / n, (b + 1) * n_scores / n, error);
    return status;
}

/* Of the trees of a stage. */
static double count_updates(const struct fitting *f, size_t stage)
{
    const struct features *x = f->set->x;
    const struct model *m = f->model;
    double n = m->n_scores > 1
                   ? (double)n_batches(m->n_scores) * (double)x->n_rows * (double)x->n_features
                   : 0;
    for (size_t k = 0; k < m->n_scores; k++)
        n += m->trees[stage * m->n_scores + k].n_updates;
    return n;
}

static enum status run_stages(struct fitting *f, double start_s, struct error *error)
{
    const struct boosting_rows rows = {.scores = f->scores,
                                       .y = f->set->y,
                                       .n_rows = f->set->x->n_rows,
                                       .n_classes = f->model->n_classes};
    struct boosting_state state;
    size_t n_rises = 0;
    double n_updates = 0;
    enum status status =
        boosting_residuals(f->residuals, &state, &rows, f->execution->n_threads, error);
    for (size_t s = 0; s < f->model->n_stages && !status; s++) {
        const double before = state.deviance;
        status = grow_stage(f, s, error);
        if (!status)
            status =
                boosting_residuals(f->residuals, &state, &rows, f->execution->n_threads, error);
        n_rises += state.deviance > before;
        n_updates += count_updates(f, s);
        f->model->stages[s] =
            (struct stage){.deviance = state.deviance,
                           .accuracy = (double)state.n_correct / (double)rows.n_rows,
                           .n_rises = n_rises,
                           .fit_s = clock_now_s() - start_s,
                           .n_updates = n_updates};
    }
    return status;
}

/* As a fit of the first n_stages would have reported. */
static void report_stages(const struct model *m, size_t n_stages, struct fit_report *report)
{
    const struct stage *last = &m->stages[n_stages - 1];
    size_t n_nodes = 0, n_leaves = 0, depth = 0;
    for (size_t t = 0; t < n_stages * m->n_scores; t++) {
        n_nodes += m->trees[t].n_nodes;
        n_leaves += m->trees[t].n_leaves;
        depth = m->trees[t].depth > depth ? m->trees[t].depth : depth;
    }
    report->fit_s = last->fit_s;
    report->n_iter = (long)n_stages;
    /* n_estimators is the stopping rule of boosting: all stages were run. */
    report->converged = 1;
    fit_report_add(report, "train_deviance", last->deviance);
    fit_report_add(report, "train_accuracy", last->accuracy);
    fit_report_add(report, "n_deviance_rises", (double)last->n_rises);
    fit_report_add(report, "n_nodes", (double)n_nodes);
    fit_report_add(report, "n_leaves", (double)n_leaves);
    fit_report_add(report, "depth", (double)depth);
    fit_report_add(report, "model_bytes",
                   (double)(n_nodes * sizeof(struct boosting_node) + n_leaves * sizeof(double)));
    fit_report_add(report, "histogram_updates", last->n_updates);
}

static size_t n_stages_of(const struct model *m, const struct parameters *readout)
{
    const size_t asked = (size_t)parameter_number(readout, N_ESTIMATORS);
    return asked < m->n_stages ? asked : m->n_stages;
}

static enum status read(const void *model, const struct parameters *readout,
                        struct fit_report *report, struct error *error)
{
    (void)error;
    report_stages(model, n_stages_of(model, readout), report);
    return STATUS_OK;
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct model *m = model;
    const double start_s = clock_now_s();
    m->n_classes = set->n_classes;
    m->n_scores = boosting_n_scores(set->n_classes);
    m->trees = memory_zeroed(m->n_stages * m->n_scores, sizeof *m->trees);
    m->stages = memory_zeroed(m->n_stages, sizeof *m->stages);
    if (!m->trees || !m->stages)
        return error_memory(error, "trees", m->n_stages * m->n_scores * sizeof *m->trees);
    boosting_initial_scores(m->initial, set->y, set->x->n_rows, set->n_classes);
    struct fitting f = {.model = m, .set = set, .execution = execution};
    enum status status = fitting_create(&f, error);
    if (!status)
        status = run_stages(&f, start_s, error);
    if (!status)
        report_stages(m, m->n_stages, report);
    fitting_destroy(&f);
    return status;
}

/* The rows first .. first + n - 1 of x; sums has ROWS_BLOCK x n_scores. */
static void predict_block(const struct model *m, size_t n_stages, const struct features *x,
                          size_t first, size_t n, double *sums, uint8_t *labels)
{
    for (size_t i = 0; i < n; i++)
        memcpy(sums + i * m->n_scores, m->initial, m->n_scores * sizeof *sums);
    for (size_t t = 0; t < n_stages * m->n_scores; t++)
        boosting_tree_add(&m->trees[t], features_rows(x, first), n, x->n_features, LEARNING_RATE,
                          sums + t % m->n_scores, m->n_scores);
    for (size_t i = 0; i < n; i++)
        labels[first + i] = boosting_decide(sums + i * m->n_scores, 1, m->n_classes);
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    const struct model *m = model;
    const size_t n_stages = n_stages_of(m, readout);
    const size_t n_sums = ROWS_BLOCK * m->n_scores;
    bool is_short = false;
#pragma omp parallel num_threads(execution->n_threads) default(none)                               \
    shared(m, x, labels, is_short) firstprivate(n_sums, n_stages)
    {
        double *sums = memory_array(n_sums, sizeof *sums);
#pragma omp for schedule(dynamic)
        for (size_t first = 0; first < x->n_rows; first += ROWS_BLOCK) {
            const size_t n = x->n_rows - first < ROWS_BLOCK ? x->n_rows - first : ROWS_BLOCK;
            if (sums) {
                predict_block(m, n_stages, x, first, n, sums, labels);
            } else {
#pragma omp atomic write
                is_short = true;
            }
        }
        memory_free(sums);
    }
    return is_short ? error_memory(error, "scores", n_sums * sizeof(double)) : STATUS_OK;
}

static void destroy(void *model)
{
    struct model *m = model;
    if (!m)
        return;
    for (size_t t = 0; m->trees && t < m->n_stages * m->n_scores; t++)
        boosting_tree_destroy(&m->trees[t]);
    memory_free(m->trees);
    memory_free(m->stages);
    memory_free(m);
}

enum { HISTOGRAMS_A_TREE = 4 };

static struct memory_need memory_need(const struct parameters *parameters,
                                      const struct problem_size *size)
{
    (void)parameters;
    const double n = (double)size->n_train;
    const double n_scores = (double)boosting_n_scores(size->n_classes);
    const double n_growers = fmin((double)size->n_threads, n_scores);
    const double n_tiles = ceil((double)size->n_features / BOOSTING_LINE);
    const double roots_bytes = n_scores > 1 ? BOOSTING_ROOTS * sizeof(uint64_t) : 0;
    const double row_bytes = 2 * n_scores * sizeof(double) + n_tiles * BOOSTING_LINE + roots_bytes +
                             n_growers * 2 * (sizeof(uint32_t) + sizeof(uint64_t));
    /* About as many as are in use at once; those of the trees' roots are eight. */
    const double n_histograms = (n_scores > 1 ? BOOSTING_ROOTS : 0) + n_growers * HISTOGRAMS_A_TREE;
    const double histogram_bytes = (double)size->n_features * N_LEVELS * sizeof(uint64_t);
    return (struct memory_need){.bytes = n * row_bytes + n_histograms * histogram_bytes,
                                .mostly = "the bytes of the rows by features, and residuals"};
}

const struct classifier_class gradient_boosting_class = {
    .name = "GradientBoostingClassifier",
    .summary = "gradient boosting of regression trees on the multinomial deviance",
    .parameters = parameters_table,
    .train_views = VIEW_COLUMNS,
    .create = create,
    .memory_need = memory_need,
    .fit = fit,
    .predict = predict,
    .read = read,
    .destroy = destroy,
};
