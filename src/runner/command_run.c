/* fmbench run: the grid on the datasets, cell by cell, into the journals. */
#include "base/clock.h"
#include "numerics/blas.h"
#include "numerics/simd.h"
#include "runner/cell.h"
#include "runner/command.h"
#include "runner/exceeded.h"
#include "runner/grid.h"
#include "runner/machine.h"
#include "runner/options.h"
#include "runner/schedule.h"
#include "runner/scratch.h"
#include "runner/store.h"
#include "runner/worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct part {
    struct dataset dataset;
    struct journal_file journal;
    struct journal held; /* what the journal had before this run */
};

struct run {
    struct options options;
    struct grid grid;
    struct store store;
    struct exceeded only, skipped; /* what --only-exceeded and --skip-exceeded name */
    char *scratch; /* for the files of external classifiers, owned; NULL where there are none */
    size_t n_parts;
    struct part *parts; /* one a dataset, owned */
    size_t n_cells, n_twins;
    struct cell *cells; /* what is to run, owned */
    struct cell *twins; /* what shares the run of one of the cells, owned */
    size_t n_held, n_held_bad, n_rejected, n_unsupported;
    size_t n_done, n_bad;
    struct error error;
};

static void set_defaults(struct options *o)
{
    static const char *const published[] = {"fashion", "mnist"};
    for (size_t i = 0; o->datasets.n < 2 && i < 2 && (i > 0 || o->datasets.n == 0); i++)
        o->datasets.items[o->datasets.n++] = published[i];
    if (o->jobs == 0)
        o->jobs = (size_t)machine_n_cores();
    if (o->memory_bytes == 0)
        o->memory_bytes = machine_memory_bytes() / 10 * 9 / o->jobs;
}

static enum status load_datasets(struct run *run)
{
    const struct options *o = &run->options;
    run->parts = calloc(o->datasets.n, sizeof *run->parts);
    if (!run->parts)
        return error_memory(&run->error, "the datasets", o->datasets.n * sizeof *run->parts);
    for (size_t i = 0; i < o->datasets.n; i++) {
        for (size_t j = 0; j < i; j++)
            if (strcmp(o->datasets.items[i], o->datasets.items[j]) == 0)
                return error_set(&run->error, STATUS_USAGE, "--dataset: %s is named twice",
                                 o->datasets.items[i]);
        const struct dataset_request request = {.directory = o->data,
                                                .name = o->datasets.items[i],
                                                .limit_train = o->limit_train,
                                                .limit_test = o->limit_test};
        const enum status status = dataset_load(&run->parts[i].dataset, &request, &run->error);
        if (status)
            return status;
        run->n_parts++;
    }
    return STATUS_OK;
}

static enum status open_journals(struct run *run)
{
    enum status status = store_open(&run->store, run->options.results, &run->error);
    for (size_t i = 0; i < run->n_parts && !status; i++) {
        struct part *part = &run->parts[i];
        size_t torn_bytes;
        status = journal_file_open(&part->journal, &run->store, part->dataset.name, &part->held,
                                   &torn_bytes, &run->error);
        if (!status && torn_bytes)
            fprintf(stderr,
                    "fmbench: %s: the last line was torn; its %zu bytes are now in %s.torn, and "
                    "that cell runs again\n",
                    part->journal.path, torn_bytes, part->journal.path);
    }
    return status;
}

/* The last record of the cell that the journal held, or NULL. */
static const struct record *held_record(const struct part *part, const struct cell *cell)
{
    for (size_t i = part->held.n_records; i-- > 0;)
        if (strcmp(part->held.records[i].cell, cell->identity) == 0)
            return &part->held.records[i];
    return NULL;
}

static bool is_to_run(struct run *run, const struct part *part, const struct cell *cell)
{
    const struct record *held = held_record(part, cell);
    if (!held || run->options.force)
        return true;
    if (held->status != RECORD_OK && run->options.retry)
        return true;
    run->n_held++;
    run->n_held_bad += held->status != RECORD_OK;
    return false;
}

/* Puts the cell behind an earlier one of the same problem, if there is one. */
static bool share_run(struct run *run, const struct cell *cell)
{
    for (size_t i = 0; i < run->n_cells && !run->options.no_share; i++)
        if (strcmp(run->cells[i].problem, cell->problem) == 0) {
            struct cell **end = &run->cells[i].twin;
            while (*end)
                end = &(*end)->twin;
            *end = &run->twins[run->n_twins++];
            **end = *cell;
            return true;
        }
    return false;
}

/* Is it among the cells that --only-exceeded and --skip-exceeded leave? */
static enum status select_by_limits(struct run *run, const struct part *part,
                                    const struct point *point, bool *selected)
{
    const struct options *o = &run->options;
    bool exceeded = true;
    enum status status = STATUS_OK;
    if (o->only_exceeded)
        status = exceeded_by_any(&run->only, part->dataset.name, point, &exceeded, &run->error);
    *selected = exceeded;
    if (o->skip_exceeded && !status) {
        status = exceeded_by(&run->skipped, part->dataset.name, point, &exceeded, &run->error);
        *selected = *selected && !exceeded;
    }
    return status;
}

static enum status plan_point(struct run *run, const struct part *part, const struct point *point)
{
    bool selected;
    enum status status = point_selected(point, &run->options.only, &selected, &run->error);
    if (!status && selected)
        status = select_by_limits(run, part, point, &selected);
    if (status || !selected)
        return status;
    run->n_rejected += point->fate == POINT_REJECTED;
    run->n_unsupported += point->fate == POINT_UNSUPPORTED;
    if (point->fate != POINT_PLANNED)
        return STATUS_OK;
    struct cell *cell = &run->cells[run->n_cells];
    const struct cell_request request = {.point = point,
                                         .dataset = &part->dataset,
                                         .n_repeats = run->options.repeats,
                                         .seed = run->options.seed};
    status = cell_init(cell, &request, &run->error);
    if (!status && is_to_run(run, part, cell) && !share_run(run, cell))
        run->n_cells++;
    return status;
}

static enum status plan(struct run *run)
{
    enum status status = STATUS_OK;
    const size_t n_most = run->n_parts * run->grid.n_points + 1;
    run->cells = calloc(n_most, sizeof *run->cells);
    run->twins = calloc(n_most, sizeof *run->twins);
    if (!run->cells || !run->twins)
        return error_memory(&run->error, "the plan", 0);
    for (size_t i = 0; i < run->n_parts && !status; i++)
        for (size_t p = 0; p < run->grid.n_points && !status; p++)
            status = plan_point(run, &run->parts[i], &run->grid.points[p]);
    return status;
}

/* The original labels of what was predicted, kept in a file of their own. */
static enum status keep_predictions(struct run *run, const struct cell *cell, struct record *record,
                                    const uint8_t *predicted)
{
    const size_t n_labels = record->n_repeats * record->n_test;
    uint8_t *labels = malloc(n_labels);
    if (!labels)
        return error_memory(&run->error, "the predicted labels", n_labels);
    for (size_t i = 0; i < n_labels; i++)
        labels[i] = cell->dataset->class_values[predicted[i]];
    const struct predictions predictions = {.dataset = record->dataset,
                                            .classifier = record->name,
                                            .cell = record->cell,
                                            .labels = labels,
                                            .n_repeats = record->n_repeats,
                                            .n_test = record->n_test};
    const enum status status = store_predictions(&run->store, &predictions, record->predictions,
                                                 sizeof record->predictions, &run->error);
    free(labels);
    return status;
}

static struct journal_file *journal_of(struct run *run, const struct cell *cell)
{
    for (size_t i = 0; i < run->n_parts; i++)
        if (&run->parts[i].dataset == cell->dataset)
            return &run->parts[i].journal;
    return NULL;
}

static enum status keep(struct run *run, const struct cell *cell, struct record *record,
                        const uint8_t *predicted)
{
    enum status status = STATUS_OK;
    if (record->n_repeats)
        status = keep_predictions(run, cell, record, predicted);
    if (!status)
        status = journal_file_append(journal_of(run, cell), record, &run->error);
    if (status)
        return status;
    run->n_done++;
    run->n_bad += record->status != RECORD_OK;
    return STATUS_OK;
}

/* The record of a cell that shared the run; its time is what it would have taken alone. */
static enum status keep_twin(struct run *run, const struct cell *twin, const struct record *record,
                             const uint8_t *predicted)
{
    struct record copy = *record;
    copy.parameter = twin->point->parameter;
    snprintf(copy.cell, sizeof copy.cell, "%s", twin->identity);
    return keep(run, twin, &copy, predicted);
}

/* The folder for the files of external classifiers, without what a killed run left in it. */
static enum status make_scratch(struct run *run)
{
    if (run->grid.n_externals == 0)
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
    char *folder = cell->point->external ? worker_scratch(run->scratch, getpid(), cell) : NULL;
    if (folder)
        scratch_remove(folder);
    free(folder);
}

static enum status finished(void *context, const struct cell *cell, struct record *record,
                            const uint8_t *predicted, struct error *error)
{
    struct run *run = context;
    leave_scratch(run, cell);
    enum status status = keep(run, cell, record, predicted);
    for (const struct cell *twin = cell->twin; twin && !status; twin = twin->twin)
        status = keep_twin(run, twin, record, predicted);
    return status ? error_set(error, status, "%s", run->error.message) : STATUS_OK;
}

static void say_plan(const struct run *run)
{
    const struct options *o = &run->options;
    fprintf(stderr, "%zu cells to run", run->n_cells + run->n_twins);
    if (run->n_twins)
        fprintf(stderr, " (%zu of them by the run of an equal one)", run->n_twins);
    fprintf(stderr, ", %zu at once with %d thread%s each, at most %.1f GiB each", o->jobs,
            o->threads, o->threads == 1 ? "" : "s", (double)o->memory_bytes / 0x1p30);
    if (run->n_held)
        fprintf(stderr, "; %zu are in the journals already", run->n_held);
    if (run->n_rejected)
        fprintf(stderr, "; %zu rejected", run->n_rejected);
    if (run->n_unsupported)
        fprintf(stderr, "; %zu unsupported", run->n_unsupported);
    fputc('\n', stderr);
    if (run->n_held_bad)
        fprintf(stderr, "%zu of those in the journals did not end well; --retry runs them again\n",
                run->n_held_bad);
}

/* What the run really took, and on what: one line for the log of runs. */
static enum status log_run(struct run *run, int64_t start_time_s, double wall_s, int interrupted)
{
    char host[256], processor[256];
    const struct options *o = &run->options;
    machine_host_name(host, sizeof host);
    machine_processor_name(processor, sizeof processor);
    json_t *log =
        json_pack("{s:I, s:f, s:i, s:i, s:i, s:I, s:i, s:i, s:i, s:I, s:f, s:s, s:s, s:s, s:s, "
                  "s:s, s:i, s:I}",
                  "start_time", (json_int_t)start_time_s, "wall_s", wall_s, "cells",
                  (int)run->n_done, "cells_not_ok", (int)run->n_bad, "interrupted", interrupted,
                  "seed", (json_int_t)o->seed, "repeats", (int)o->repeats, "jobs", (int)o->jobs,
                  "threads", o->threads, "memory_limit_bytes", (json_int_t)o->memory_bytes,
                  "timeout_s", o->timeout_s, "host", host, "processor", processor, "simd",
                  simd_level_name(simd_level()), "blas", blas_config(), "version", fmbench_version,
                  "cores", machine_n_cores(), "memory_bytes", (json_int_t)machine_memory_bytes());
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
    const struct schedule schedule = {.cells = run->cells,
                                      .n_cells = run->n_cells,
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
    if (run->n_cells == 0)
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
    enum status status = grid_read(&run->grid, run->options.grid, &run->error);
    if (!status)
        status = selection_check(&run->grid, run->options.grid, &run->options.only, &run->error);
    if (!status)
        status = load_datasets(run);
    if (!status && run->options.only_exceeded)
        status = exceeded_read(&run->only, run->options.only_exceeded, &run->options.datasets,
                               &run->error);
    if (!status && run->options.skip_exceeded)
        status = exceeded_read(&run->skipped, run->options.skip_exceeded, &run->options.datasets,
                               &run->error);
    if (!status)
        status = open_journals(run);
    if (!status)
        status = make_scratch(run);
    if (!status)
        status = plan(run);
    return status;
}

static void release(struct run *run)
{
    for (size_t i = 0; i < run->n_parts; i++) {
        journal_destroy(&run->parts[i].held);
        journal_file_close(&run->parts[i].journal);
        dataset_destroy(&run->parts[i].dataset);
    }
    free(run->parts);
    free(run->cells);
    free(run->twins);
    if (run->scratch)
        scratch_remove(run->scratch);
    free(run->scratch);
    exceeded_destroy(&run->only);
    exceeded_destroy(&run->skipped);
    store_close(&run->store);
    grid_destroy(&run->grid);
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct run run = {.store = {.directory_fd = -1}};
    int interrupted = 0;
    const int done = command_options(command, &run.options, argc, argv);
    if (done >= 0)
        return done;
    set_defaults(&run.options);
    /* A full disk or a closed standard error is an error of a call, not the end of the run. */
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    enum status status = prepare(&run);
    if (!status)
        status = run_cells(&run, &interrupted);
    const bool is_bad = run.n_bad > 0 || run.n_held_bad > 0;
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
    .summary = "the grid on the datasets, cell by cell, into the journals; continues where it was",
    .options = "gdotTrsjpmwRDnfyxXh",
    .run = run_command,
};
