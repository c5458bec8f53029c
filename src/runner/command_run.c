/* fmbench run: the grid on the datasets, cell by cell, into the journals. */
#include "base/clock.h"
#include "numerics/blas.h"
#include "numerics/simd.h"
#include "runner/command.h"
#include "runner/cost.h"
#include "runner/environment.h"
#include "runner/exceeded.h"
#include "runner/inputs.h"
#include "runner/machine.h"
#include "runner/options.h"
#include "runner/plan.h"
#include "runner/plan_machine.h"
#include "runner/schedule.h"
#include "runner/scratch.h"
#include "runner/store.h"
#include "runner/worker.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct part {
    const struct dataset *dataset; /* borrowed from the inputs */
    struct journal_file journal;
    struct journal held; /* what the journal had before this run */
};

struct run {
    struct options options;
    struct inputs inputs;
    struct store store;
    struct exceeded only, skipped; /* what --only-exceeded and --skip-exceeded name */
    char *scratch; /* for the files of external classifiers, owned; NULL where there are none */
    size_t n_parts;
    struct part *parts; /* one a dataset, owned */
    struct plan plan;
    struct cost_model costs;
    size_t n_done, n_bad;
    struct record_environment environment; /* what each of its records is made with */
    struct error error;
};

static enum status open_journals(struct run *run)
{
    enum status status = store_open(&run->store, run->options.results, &run->error);
    run->parts = calloc(run->inputs.n_datasets, sizeof *run->parts);
    if (!run->parts)
        return error_memory(&run->error, "the journals", 0);
    for (; run->n_parts < run->inputs.n_datasets && !status; run->n_parts++) {
        struct part *part = &run->parts[run->n_parts];
        part->dataset = &run->inputs.datasets[run->n_parts];
        size_t torn_bytes;
        status = journal_file_open(&part->journal, &run->store, part->dataset->name, &part->held,
                                   &torn_bytes, &run->error);
        if (!status && torn_bytes)
            fprintf(stderr,
                    "fmbench: %s: the last line was torn; its %zu bytes are now in %s.torn, and "
                    "that cell runs again\n",
                    part->journal.path, torn_bytes, part->journal.path);
    }
    return status;
}

static enum status make_plan(struct run *run)
{
    const struct options *o = &run->options;
    enum status status = plan_create(&run->plan, &run->inputs.grid, run->n_parts, &run->error);
    for (size_t i = 0; i < run->n_parts && !status; i++) {
        const struct plan_request request = {.grid = &run->inputs.grid,
                                             .options = o,
                                             .dataset = run->parts[i].dataset,
                                             .held = &run->parts[i].held,
                                             .only = &run->only,
                                             .skipped = &run->skipped};
        status = plan_add(&run->plan, &request, &run->error);
    }
    if (status)
        return status;
    plan_fit_machine(&run->plan, &run->options, machine_memory_bytes(), stderr);
    environment_describe(&run->environment, o);
    return plan_finish(&run->plan, o, &run->costs, &run->error);
}

static uint8_t *original_labels(const struct dataset *dataset, const uint8_t *classes, size_t n)
{
    uint8_t *labels = malloc(n + 1);
    if (!labels)
        return NULL;
    for (size_t i = 0; i < n; i++)
        labels[i] = dataset->class_values[classes[i]];
    return labels;
}

static enum status keep_test_labels(struct run *run)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < run->n_parts && !status; i++) {
        const struct dataset *dataset = run->parts[i].dataset;
        assert(dataset);
        const size_t n_test = dataset->test.n_rows;
        uint8_t *labels = original_labels(dataset, dataset->test.labels, n_test);
        if (!labels)
            return error_memory(&run->error, "the test labels", n_test);
        status = store_test_labels(&run->store,
                                   &(struct test_labels){.dataset = dataset->name,
                                                         .hash = dataset->hash,
                                                         .labels = labels,
                                                         .n_test = n_test},
                                   &run->error);
        free(labels);
    }
    return status;
}

/* The original labels of what was predicted, kept in a file of their own. */
static enum status keep_predictions(struct run *run, const struct cell *cell, struct record *record,
                                    const uint8_t *predicted, struct error *error)
{
    const size_t n_labels = record->n_repeats * record->n_test;
    uint8_t *labels = original_labels(cell->dataset, predicted, n_labels);
    if (!labels)
        return error_memory(error, "the predicted labels", n_labels);
    const struct predictions predictions = {.dataset = record->dataset,
                                            .classifier = record->name,
                                            .cell = record->cell,
                                            .labels = labels,
                                            .n_repeats = record->n_repeats,
                                            .n_test = record->n_test};
    const enum status status = store_predictions(&run->store, &predictions, record->predictions,
                                                 sizeof record->predictions, error);
    free(labels);
    return status;
}

static struct journal_file *journal_of(struct run *run, const struct cell *cell)
{
    for (size_t i = 0; i < run->n_parts; i++)
        if (run->parts[i].dataset == cell->dataset)
            return &run->parts[i].journal;
    return NULL;
}

static enum status keep(struct run *run, const struct cell *cell, struct record *record,
                        const uint8_t *predicted, struct error *error)
{
    enum status status = store_check_held(&run->store, error);
    record->environment = run->environment;
    if (!status && record->n_repeats)
        status = keep_predictions(run, cell, record, predicted, error);
    if (!status)
        status = journal_file_append(journal_of(run, cell), record, error);
    if (status)
        return status;
    run->n_done++;
    run->n_bad += record->status != RECORD_OK;
    return STATUS_OK;
}

/* The record of a cell that shared the run; its time is what it would have taken alone. */
static enum status keep_twin(struct run *run, const struct cell *twin, const struct record *record,
                             const uint8_t *predicted, struct error *error)
{
    struct record copy = *record;
    copy.parameter = twin->point->parameter;
    snprintf(copy.cell, sizeof copy.cell, "%s", twin->identity);
    return keep(run, twin, &copy, predicted, error);
}

/* The folder for the files of external classifiers, without what a killed run left in it. */
static enum status make_scratch(struct run *run)
{
    if (run->inputs.grid.n_externals == 0)
        return STATUS_OK;
    char *results = realpath(run->options.results, NULL);
    if (!results || asprintf(&run->scratch, "%s/scratch", results) < 0)
        run->scratch = NULL;
    free(results);
    return run->scratch ? scratch_create(run->scratch, &run->error)
                        : error_memory(&run->error, "a path", 0);
}

/* What the cell's worker left there: it may have been killed. */
static void leave_scratch(const struct run *run, const struct cell *cell)
{
    const bool is_ours = cell->point->external && folder_lock_holds(&run->store.lock);
    char *folder = is_ours ? worker_scratch(run->scratch, getpid(), cell) : NULL;
    if (folder)
        scratch_remove(folder);
    free(folder);
}

static enum status finished(void *context, const struct cell *cell, struct record *record,
                            const uint8_t *predicted, struct error *error)
{
    struct run *run = context;
    leave_scratch(run, cell);
    enum status status = keep(run, cell, record, predicted, error);
    for (const struct cell *twin = cell->twin; twin && !status; twin = twin->twin)
        status = keep_twin(run, twin, record, predicted, error);
    return status;
}

/* Of what the journals have, that another program made: the table will not take both together. */
static size_t count_others(const struct run *run)
{
    const struct program ours = environment_program();
    size_t n = 0;
    for (size_t i = 0; i < run->n_parts; i++)
        for (size_t r = 0; r < run->parts[i].held.n_records; r++) {
            struct program_difference difference;
            const struct program theirs = program_of(&run->parts[i].held.records[r]);
            n += program_differs(&theirs, &ours, &difference);
        }
    return n;
}

/* In lines that are short enough for any terminal. */
static void say_plan(const struct run *run)
{
    const struct options *o = &run->options;
    const struct plan *plan = &run->plan;
    const size_t n_others = count_others(run);
    fprintf(stderr, "%zu cells to run", plan->n_cells);
    if (plan->n_twins + plan->n_readers)
        fprintf(stderr, " by %zu fits: %zu equal another, %zu read from a larger fit", plan->n_fits,
                plan->n_twins, plan->n_readers);
    fprintf(stderr, "\n%zu at once with %d thread%s each, at most %.1f GiB each\n", o->jobs,
            o->threads, o->threads == 1 ? "" : "s", (double)o->memory_bytes / 0x1p30);
    if (plan->n_held)
        fprintf(stderr, "%zu are in the journals already\n", plan->n_held);
    if (plan->n_held_bad)
        fprintf(stderr, "%zu of those did not end well; --retry runs them again\n",
                plan->n_held_bad);
    if (n_others)
        fprintf(stderr,
                "%zu records there are of another program than this one (%s);\n"
                "fmbench table takes both together with --mixed alone, --force runs them again\n",
                n_others, fmbench_version);
    if (plan->n_rejected + plan->n_unsupported)
        fprintf(stderr, "%zu are rejected and %zu unsupported; fmbench list tells why\n",
                plan->n_rejected, plan->n_unsupported);
}

/* What the run really took, and on what: one line for the log of runs. */
static enum status log_run(struct run *run, int64_t start_time_s, double wall_s, int interrupted)
{
    char host[256], processor[256];
    const struct options *o = &run->options;
    machine_host_name(host, sizeof host);
    machine_processor_name(processor, sizeof processor);
    json_t *log = json_pack(
        "{s:I, s:f, s:i, s:i, s:i, s:I, s:i, s:i, s:i, s:I, s:f, s:s, s:s, s:s, s:s, "
        "s:s, s:i, s:I, s:f}",
        "start_time", (json_int_t)start_time_s, "wall_s", wall_s, "cells", (int)run->n_done,
        "cells_not_ok", (int)run->n_bad, "interrupted", interrupted, "seed", (json_int_t)o->seed,
        "repeats", (int)o->repeats, "jobs", (int)o->jobs, "threads", o->threads,
        "memory_limit_bytes", (json_int_t)o->memory_bytes, "timeout_s", o->timeout_s, "host", host,
        "processor", processor, "simd", simd_level_name(simd_level()), "blas", blas_config(),
        "version", fmbench_version, "cores", machine_n_cores(), "memory_bytes",
        (json_int_t)machine_memory_bytes(), "yardstick_s", run->costs.measured_s);
    char *line = json_dumps(log, JSON_SORT_KEYS | JSON_COMPACT);
    const enum status status = line ? store_append_run(&run->store, line, &run->error)
                                    : error_memory(&run->error, "the log of the run", 0);
    free(line);
    json_decref(log);
    return status;
}

static enum status run_cells(struct run *run, int *interrupted)
{
    const struct options *o = &run->options;
    const struct schedule schedule = {.cells = run->plan.fits,
                                      .n_cells = run->plan.n_fits,
                                      .expected_s = run->plan.expected_s,
                                      .n_jobs = o->jobs,
                                      .n_threads = o->threads,
                                      .timeout_s = o->timeout_s,
                                      .memory_limit_bytes = o->memory_bytes,
                                      .version = fmbench_version,
                                      .scratch = run->scratch,
                                      .progress = stderr,
                                      .finished = finished,
                                      .context = run};
    const int64_t start_time_s = clock_epoch_s();
    const double start_s = clock_now_s();
    say_plan(run);
    if (run->plan.n_cells == 0)
        return STATUS_OK;
    const enum status status = schedule_run(&schedule, interrupted, &run->error);
    const double wall_s = clock_now_s() - start_s;
    fprintf(stderr, "%zu cells in %.1f s, %zu of them not ok\n", run->n_done, wall_s, run->n_bad);
    if (status)
        return status;
    return log_run(run, start_time_s, wall_s, *interrupted);
}

static enum status prepare(struct run *run)
{
    if (!blas_is_openmp_build())
        fprintf(stderr,
                "fmbench: this OpenBLAS is not the OpenMP build (%s); install "
                "libopenblas-openmp-dev for the speed that is promised\n",
                blas_config());
    enum status status = inputs_read(&run->inputs, &run->options, &run->error);
    /* Before the folder is locked: the child that measures would hold the lock as well. */
    if (!status)
        status = cost_model_open(&run->costs, run->options.costs, &run->error);
    if (!status)
        status = exceeded_read(&run->only, run->options.only_exceeded, &run->options.datasets,
                               &run->error);
    if (!status)
        status = exceeded_read(&run->skipped, run->options.skip_exceeded, &run->options.datasets,
                               &run->error);
    if (!status)
        status = open_journals(run);
    if (!status)
        status = keep_test_labels(run);
    if (!status)
        status = make_scratch(run);
    if (!status)
        status = make_plan(run);
    return status;
}

static void release(struct run *run)
{
    for (size_t i = 0; i < run->n_parts; i++) {
        journal_destroy(&run->parts[i].held);
        journal_file_close(&run->parts[i].journal);
    }
    free(run->parts);
    plan_destroy(&run->plan);
    cost_model_destroy(&run->costs);
    if (run->scratch && folder_lock_holds(&run->store.lock))
        scratch_remove(run->scratch);
    free(run->scratch);
    exceeded_destroy(&run->only);
    exceeded_destroy(&run->skipped);
    store_close(&run->store);
    inputs_destroy(&run->inputs);
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct run run = {.store = {.directory = NULL}};
    int interrupted = 0;
    const int done = command_options(command, &run.options, argc, argv);
    if (done >= 0)
        return done;
    inputs_defaults(&run.options);
    /* A full disk or a closed standard error is an error of a call, not the end of the run. */
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    enum status status = prepare(&run);
    if (!status)
        status = run_cells(&run, &interrupted);
    const bool is_bad = run.n_bad > 0 || run.plan.n_held_bad > 0;
    release(&run);
    if (status)
        return command_fail(&run.error);
    if (interrupted) {
        fprintf(stderr, "fmbench: stopped by %s; the same command continues where it was\n",
                strsignal(interrupted));
        return 128 + interrupted;
    }
    return is_bad ? 1 : 0;
}

const struct command command_run = {
    .name = "run",
    .usage = "[OPTION]...",
    .summary = "the grid on the datasets, into the journals; continues where it was",
    .options = "gcdotTrsjpmwRDHnfyxXh",
    .examples = "  fmbench run --only 'SVC:kernel=linear' --only GaussianNB\n"
                "  fmbench run --limit-train 6000 --only '*Tree*' --results results/quick\n"
                "  fmbench run --repeats 3 --only 'KNeighbors*:p=2' --results results/three\n",
    .run = run_command,
};
