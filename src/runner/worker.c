#include "runner/worker.h"

#include "base/clock.h"
#include "base/memory.h"
#include "loader/features.h"
#include "numerics/blas.h"
#include "numerics/rng.h"
#include "numerics/work.h"
#include "runner/cell_memory.h"
#include "runner/external_run.h"
#include "runner/process_tree.h"
#include "runner/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Two scores this close end the repeats of a class that is deterministic, as in the original. */
static const double SAME_SCORE = 1e-3;

/* A cell that reads from the fit. */
struct reading {
    const struct cell *cell;
    double first_score;
    bool is_done; /* before its last repeat */
};

/* What one repeat needs; the parts that do not change are made once. */
struct bench {
    const struct worker_request *request;
    const struct cell *cell;
    const struct classifier_class *class;
    pid_t parent, pid;
    int fd;
    struct scaling scaling;
    struct features train, test;
    uint32_t *order;    /* n_train, owned */
    uint8_t *labels;    /* n_train, in the order of the repeat, owned */
    uint8_t *predicted; /* n_test, owned */
    size_t n_readers;
    struct reading *readings; /* n_readers, owned */
    bool has_crashed;         /* the classifier: see WORKER_CRASHED */
    struct error *error;
};

/* A copy of the worker that a classifier forked does not speak for it. */
static bool send_bytes(const struct bench *b, const void *bytes, size_t n_bytes)
{
    const char *p = bytes;
    if (getpid() != b->pid)
        _exit(1);
    while (n_bytes > 0) {
        const ssize_t sent = write(b->fd, p, n_bytes);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        p += sent;
        n_bytes -= (size_t)sent;
    }
    return true;
}

static enum status make_test_features(struct bench *b)
{
    const struct dataset *d = b->cell->dataset;
    enum status status =
        scaling_create(&b->scaling, d->train.pixels, d->train.n_rows, d->n_features, b->error);
    if (status)
        return status;
    const struct features_source source = {.bytes = d->test.pixels,
                                           .n_rows = d->test.n_rows,
                                           .n_features = d->n_features,
                                           .scaling = &b->scaling,
                                           .views = b->class->test_views};
    return features_create(&b->test, &source, b->error);
}

static enum status bench_create(struct bench *b)
{
    const struct dataset *d = b->cell->dataset;
    b->n_readers = cell_n_readers(b->cell);
    const struct memory_request requests[] = {
        {(void **)&b->readings, b->n_readers, sizeof *b->readings},
        {(void **)&b->order, d->train.n_rows, sizeof *b->order},
        {(void **)&b->labels, d->train.n_rows, 1},
        {(void **)&b->predicted, d->test.n_rows, 1},
    };
    const enum status status = memory_arrays(requests, sizeof requests / sizeof *requests,
                                             "the rows of a repeat", b->error);
    if (status)
        return status;
    const struct cell *cell = b->cell;
    for (size_t i = 0; i < b->n_readers; i++, cell = cell->reader)
        b->readings[i] = (struct reading){.cell = cell};
    return make_test_features(b);
}

static enum status shuffle_training(struct bench *b, size_t repeat)
{
    const struct dataset *d = b->cell->dataset;
    for (size_t i = 0; i < d->train.n_rows; i++)
        b->order[i] = (uint32_t)i;
    struct rng rng = rng_create(cell_shuffle_key(b->cell, repeat), 0);
    rng_shuffle(&rng, b->order, d->train.n_rows);
    for (size_t i = 0; i < d->train.n_rows; i++)
        b->labels[i] = d->train.labels[b->order[i]];
    const struct features_source source = {.bytes = d->train.pixels,
                                           .n_rows = d->train.n_rows,
                                           .n_features = d->n_features,
                                           .order = b->order,
                                           .scaling = &b->scaling,
                                           .views = b->class->train_views};
    features_destroy(&b->train);
    return features_create(&b->train, &source, b->error);
}

static double accuracy(const uint8_t *predicted, const struct image_set *test)
{
    size_t n_right = 0;
    for (size_t i = 0; i < test->n_rows; i++)
        n_right += predicted[i] == test->labels[i];
    return (double)n_right / (double)test->n_rows;
}

static void add_measure(struct record_repeat *repeat, const char *name, double value)
{
    if (!isfinite(value) || repeat->n_measures == RECORD_MEASURES_MAX)
        return;
    struct record_measure *measure = &repeat->measures[repeat->n_measures++];
    strncpy(measure->name, name, sizeof measure->name - 1);
    measure->value = value;
}

/* What was counted of the arithmetic; what was not is absent. */
static void add_work(struct record_repeat *repeat, const char *float_name, const char *double_name,
                     struct work work)
{
    if (work.float_flops > 0)
        add_measure(repeat, float_name, work.float_flops);
    if (work.double_flops > 0)
        add_measure(repeat, double_name, work.double_flops);
}

static void fill_message(struct worker_message *message, const struct fit_report *report)
{
    message->repeat.n_iter = report->n_iter;
    message->repeat.converged = report->converged;
    if (report->solver)
        strncpy(message->solver, report->solver, sizeof message->solver - 1);
    for (size_t i = 0; i < report->n_measures; i++)
        add_measure(&message->repeat, report->measures[i].name, report->measures[i].value);
}

/* Scores and sends what b->predicted holds for a reader. */
static enum status send_repeat(struct bench *b, size_t repeat, size_t reader,
                               struct worker_message *message)
{
    const struct image_set *test = &b->cell->dataset->test;
    struct reading *reading = &b->readings[reader];
    for (size_t i = 0; i < test->n_rows; i++)
        if (b->predicted[i] >= b->cell->dataset->n_classes)
            return error_set(b->error, STATUS_FAILED, "row %zu was predicted as class %d of %zu", i,
                             b->predicted[i], b->cell->dataset->n_classes);
    const double score = accuracy(b->predicted, test);
    message->reader = (uint32_t)reader;
    message->repeat.score = score;
    if (!send_bytes(b, message, sizeof *message) || !send_bytes(b, b->predicted, test->n_rows))
        return error_set(b->error, STATUS_IO, "the pipe to the parent is closed");
    if (repeat == 0)
        reading->first_score = score;
    reading->is_done = repeat == 1 && b->class->is_deterministic &&
                       fabs(score - reading->first_score) < SAME_SCORE;
    return STATUS_OK;
}

/* A fitted model, and what fitting it took. */
struct fitted {
    void *model;
    struct fit_report report;
    struct execution execution;
    double fit_s, cpu_s;
    struct work work;
};

static enum status ask_for_readings(struct bench *b, void *model)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; b->class->ask && i < b->n_readers && !status; i++)
        if (!b->readings[i].is_done)
            status = b->class->ask(model, &b->readings[i].cell->point->parameters, b->error);
    return status;
}

static enum status fit(struct bench *b, size_t repeat, struct fitted *fitted)
{
    struct parameters parameters;
    const struct training_set set = {
        .x = &b->train, .y = b->labels, .n_classes = b->cell->dataset->n_classes};
    *fitted = (struct fitted){.execution = {.rng_key = cell_classifier_key(b->cell, repeat),
                                            .n_threads = b->request->n_threads,
                                            .memory_bytes = b->request->memory_limit_bytes}};
    cell_fit_parameters(b->cell, &parameters);
    fit_report_init(&fitted->report);
    const struct work work_start = work_done();
    const double cpu_start_s = clock_cpu_s(), start_s = clock_now_s();
    enum status status = b->class->create(&fitted->model, &parameters, b->error);
    if (!status)
        status = ask_for_readings(b, fitted->model);
    if (!status)
        status = b->class->fit(fitted->model, &set, &fitted->execution, &fitted->report, b->error);
    fitted->fit_s = clock_now_s() - start_s;
    fitted->cpu_s = clock_cpu_s() - cpu_start_s;
    fitted->work = work_between(work_start, work_done());
    return status;
}

/*
 * The times that a reader would have had alone. What it shares with others counts in full, at their
 * rate of processor time.
 */
static enum status as_if_alone(struct bench *b, const struct fitted *fitted,
                               const struct parameters *readout, struct fit_report *report,
                               struct record_repeat *repeat)
{
    if (b->n_readers == 1 || !b->class->read) {
        *report = fitted->report;
        return STATUS_OK;
    }
    fit_report_init(report);
    const enum status status = b->class->read(fitted->model, readout, report, b->error);
    if (status)
        return status;
    const double cpu_rate = fitted->fit_s > 0 ? fitted->cpu_s / fitted->fit_s : 1;
    if (report->fit_s >= 0) {
        repeat->cpu_s += (report->fit_s - repeat->fit_s) * cpu_rate;
        repeat->fit_s = report->fit_s;
    }
    repeat->predict_s += report->found_s;
    repeat->cpu_s += report->found_s * (double)fitted->execution.n_threads;
    return STATUS_OK;
}

static enum status read_repeat(struct bench *b, size_t repeat, size_t reader,
                               const struct fitted *fitted)
{
    const struct parameters *readout = &b->readings[reader].cell->point->parameters;
    struct worker_message message = {.magic = WORKER_MAGIC, .kind = WORKER_REPEAT};
    struct fit_report report;
    const struct work work_start = work_done();
    const double cpu_start_s = clock_cpu_s(), start_s = clock_now_s();
    enum status status = b->class->predict(fitted->model, readout, &b->test, &fitted->execution,
                                           b->predicted, b->error);
    message.repeat.fit_s = fitted->fit_s;
    message.repeat.predict_s = clock_now_s() - start_s;
    message.repeat.cpu_s = fitted->cpu_s + clock_cpu_s() - cpu_start_s;
    const struct work predict_work = work_between(work_start, work_done());
    if (!status)
        status = as_if_alone(b, fitted, readout, &report, &message.repeat);
    if (status)
        return status;
    fill_message(&message, &report);
    /* A fit that others read from is not what this row alone would have counted, unless the class
       tells that. */
    if (report.has_work || !b->class->read) {
        add_work(&message.repeat, "fit_float_flops", "fit_double_flops",
                 report.has_work ? report.work : fitted->work);
        add_work(&message.repeat, "predict_float_flops", "predict_double_flops", predict_work);
    }
    return send_repeat(b, repeat, reader, &message);
}

static enum status fit_and_read(struct bench *b, size_t repeat)
{
    struct fitted fitted;
    enum status status = fit(b, repeat, &fitted);
    for (size_t i = 0; i < b->n_readers && !status; i++)
        if (!b->readings[i].is_done)
            status = read_repeat(b, repeat, i, &fitted);
    b->class->destroy(fitted.model);
    return status;
}

char *worker_scratch(const char *scratch, pid_t parent, const struct cell *cell)
{
    enum { NAME_DIGITS = 16 };
    char *path = NULL;
    if (asprintf(&path, "%s/%ld-%.*s", scratch, (long)parent, NAME_DIGITS, cell->identity) < 0)
        return NULL;
    return path;
}

static enum status run_external(struct bench *b, size_t repeat)
{
    struct worker_message message = {.magic = WORKER_MAGIC, .kind = WORKER_REPEAT};
    char *folder = worker_scratch(b->request->scratch, b->parent, b->cell);
    struct external_outcome outcome = {.was_killed = false};
    const struct external_task task = {.cell = b->cell,
                                       .train = &b->train,
                                       .train_labels = b->labels,
                                       .rng_key = cell_classifier_key(b->cell, repeat),
                                       .n_threads = b->request->n_threads,
                                       .memory_limit_bytes = b->request->memory_limit_bytes,
                                       .folder = folder};
    enum status status =
        folder ? scratch_create(folder, b->error) : error_memory(b->error, "a path", 0);
    if (!status)
        status = external_run(&outcome, b->predicted, &task, b->error);
    b->has_crashed = outcome.was_killed;
    message.repeat.fit_s = outcome.reply.fit_s;
    message.repeat.predict_s = outcome.reply.predict_s;
    message.repeat.cpu_s = outcome.cpu_s;
    message.repeat.n_iter = outcome.reply.n_iter;
    message.repeat.converged = outcome.reply.converged;
    memcpy(message.implementation, outcome.reply.version, sizeof message.implementation);
    free(folder);
    return status ? status : send_repeat(b, repeat, 0, &message);
}

static bool is_done(const struct bench *b)
{
    for (size_t i = 0; i < b->n_readers; i++)
        if (!b->readings[i].is_done)
            return false;
    return true;
}

static enum status run_repeats(struct bench *b)
{
    enum status status = cell_memory_check(b->cell, (size_t)b->request->n_threads,
                                           b->request->memory_limit_bytes, b->error);
    if (!status)
        status = bench_create(b);
    for (size_t r = 0; r < b->cell->n_repeats && !status && !is_done(b); r++) {
        status = shuffle_training(b, r);
        if (!status)
            status = b->cell->point->external ? run_external(b, r) : fit_and_read(b, r);
    }
    if (!status && process_tree_has_children()) {
        b->has_crashed = true;
        status = error_set(b->error, STATUS_FAILED, "the classifier forked");
    }
    return status;
}

/*
 * So much more than is reserved now, most of which no one touches. Sanitizers reserve address space
 * without end, which this limit would forbid.
 */
static void limit_memory(uint64_t limit_bytes)
{
#ifndef __SANITIZE_ADDRESS__
    if (limit_bytes) {
        const uint64_t most_bytes = limit_bytes + process_data_bytes();
        const struct rlimit limit = {most_bytes, most_bytes};
        setrlimit(RLIMIT_DATA, &limit);
    }
#else
    (void)limit_bytes;
#endif
}

/*
 * All but the standard ones and the pipe: a lock of the parent's, above all, is held by whoever has
 * its descriptor, and a worker may die later than its parent.
 */
static void close_inherited(int pipe_fd)
{
    for (int fd = STDERR_FILENO + 1; fd < pipe_fd; fd++)
        close(fd);
    closefrom((pipe_fd > STDERR_FILENO ? pipe_fd : STDERR_FILENO) + 1);
}

static void restore_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Rather one cell than the parent or a stranger; and nobody waits for a core of many gigabytes. */
static void go_first(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    /* That it cannot be set is no error: the limits hold without it. */
    (void)!write(fd, "1000", 4);
    close(fd);
}

_Noreturn static void worker_main(const struct worker_request *request, pid_t parent, int fd)
{
    struct worker_message end = {.magic = WORKER_MAGIC, .kind = WORKER_DONE};
    struct bench bench = {.request = request,
                          .cell = request->cell,
                          .class = request->cell->point->class,
                          .parent = parent,
                          .pid = getpid(),
                          .fd = fd,
                          .error = &end.error};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); /* it died before the line above */
    setpgid(0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    restore_signals();
    go_first();
    if (!request->cell->point->external) /* whose command is limited, see external_run.c */
        limit_memory(request->memory_limit_bytes);
    blas_start();
    if (run_repeats(&bench))
        end.kind = bench.has_crashed ? WORKER_CRASHED : WORKER_FAILED;
    /* Memory goes with the process. */
    _exit(send_bytes(&bench, &end, sizeof end) ? 0 : 1);
}

enum status worker_start(const struct worker_request *request, pid_t *pid, int *fd,
                         struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return error_set(error, STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    const pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0) {
        close_inherited(ends[1]);
        worker_main(request, parent, ends[1]);
    }
    close(ends[1]);
    if (*pid < 0) {
        close(ends[0]);
        return error_set(error, STATUS_FAILED, "cannot fork a worker: %s", strerror(errno));
    }
    setpgid(*pid, *pid); /* in both processes: whichever comes first */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *fd = ends[0];
    return STATUS_OK;
}
