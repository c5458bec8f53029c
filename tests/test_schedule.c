/* The parent of the workers; what they may do wrong is in test_misbehaviour.c. */
#include "runner/schedule.h"

#include "base/clock.h"
#include "fake_class.h"
#include "runner/store.h"
#include "test_folder.h"
#include "time_limits.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

FIT(fit_well)
{
    UNUSED;
    report->n_iter = 3;
    report->converged = 1;
    report->solver = "guess";
    fit_report_add(report, "gap", 0.25);
    return STATUS_OK;
}

FIT(fit_badly)
{
    UNUSED;
    return error_set(error, STATUS_FAILED, "no reason at all");
}

FIT(fit_without_memory)
{
    UNUSED;
    return error_memory(error, "a matrix", 1);
}

FIT(fit_forever)
{
    UNUSED;
    for (;;)
        pause();
    return STATUS_OK;
}

FIT(fit_greedily)
{
    UNUSED;
    for (;;) {
        char *p = malloc(1 << 20);
        if (!p)
            return error_memory(error, "more", 1 << 20);
        memset(p, 1, 1 << 20);
    }
}

/* A worker that does not die with its parent; what it has open stays open. */
static volatile pid_t *outliving;

FIT(fit_and_outlive)
{
    UNUSED;
    prctl(PR_SET_PDEATHSIG, 0);
    *outliving = getpid();
    for (;;)
        pause();
    return STATUS_OK;
}

/* The file that the images are mapped from. */
static char cut_path[] = "/tmp/fmbench-cut-XXXXXX";

FIT(fit_what_is_cut)
{
    UNUSED;
    if (truncate(cut_path, 0))
        return error_set(error, STATUS_IO, "%s: cannot cut the file", cut_path);
    report->n_iter = set->x->bytes[0];
    return STATUS_OK;
}

static struct memory_need need_a_terabyte(const struct parameters *parameters,
                                          const struct problem_size *size)
{
    (void)parameters, (void)size;
    return (struct memory_need){.bytes = 0x1p40, .mostly = "a matrix of nothing"};
}

struct outcome {
    size_t n;
    enum record_status status;
    char reason[256], solver[64];
    size_t n_repeats;
    double score, gap;
    long n_iter;
    uint8_t predicted[FAKE_TEST];
};

static enum status keep(void *context, const struct cell *cell, struct record *record,
                        const uint8_t *predicted, struct error *error)
{
    struct outcome *o = context;
    (void)cell, (void)error;
    o->n++;
    o->status = record->status;
    o->n_repeats = record->n_repeats;
    snprintf(o->reason, sizeof o->reason, "%.255s", record->reason);
    snprintf(o->solver, sizeof o->solver, "%s", record->solver);
    if (record->n_repeats) {
        o->score = record->repeats[0].score;
        o->n_iter = record->repeats[0].n_iter;
        o->gap = record->repeats[0].n_measures ? record->repeats[0].measures[0].value : 0;
        memcpy(o->predicted, predicted, FAKE_TEST);
    }
    return STATUS_OK;
}

struct trial {
    fake_fit *fit;
    const struct dataset *dataset; /* NULL: fake_dataset */
    bool needs_a_terabyte;
    size_t n_cells, n_jobs, n_repeats;
    double timeout_s;
    uint64_t memory_limit_bytes;
    bool is_deterministic;
};

static struct outcome run(const struct trial *trial)
{
    struct outcome outcome = {.n = 0};
    struct classifier_class class = fake_class(trial->fit);
    struct point point = {.class = &class, .parameter = json_object()};
    struct cell cells[8];
    const struct cell *fits[8];
    FILE *quiet = fopen("/dev/null", "w");
    class.is_deterministic = trial->is_deterministic;
    class.memory_need = trial->needs_a_terabyte ? need_a_terabyte : NULL;
    for (size_t i = 0; i < trial->n_cells; i++) {
        fits[i] = &cells[i];
        cr_assert_eq(cell_init(&cells[i],
                               &(struct cell_request){.point = &point,
                                                      .dataset = trial->dataset ? trial->dataset
                                                                                : &fake_dataset,
                                                      .n_repeats = trial->n_repeats,
                                                      .seed = i},
                               NULL),
                     STATUS_OK);
    }
    const struct schedule schedule = {.cells = fits,
                                      .n_cells = trial->n_cells,
                                      .n_jobs = trial->n_jobs,
                                      .n_threads = 1,
                                      .timeout_s = trial->timeout_s,
                                      .memory_limit_bytes = trial->memory_limit_bytes,
                                      .version = "test",
                                      .progress = quiet,
                                      .finished = keep,
                                      .context = &outcome};
    struct error error;
    int interrupted = -1;
    cr_assert_eq(schedule_run(&schedule, &interrupted, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(interrupted, 0);
    cr_assert_eq(outcome.n, trial->n_cells);
    fclose(quiet);
    json_decref(point.parameter);
    return outcome;
}

Test(schedule, a_good_cell_is_scored_and_recorded, .timeout = 20)
{
    const struct outcome o =
        run(&(struct trial){.fit = fit_well, .n_cells = 5, .n_jobs = 2, .n_repeats = 3});
    cr_assert_eq(o.status, RECORD_OK, "%s", o.reason);
    cr_assert_eq(o.n_repeats, 3);
    cr_assert_float_eq(o.score, 0.7, 1e-12);
    cr_assert_eq(o.n_iter, 3);
    cr_assert_float_eq(o.gap, 0.25, 1e-12);
    cr_assert_str_eq(o.solver, "guess");
    for (size_t i = 0; i < FAKE_TEST; i++)
        cr_assert_eq(o.predicted[i], 0);
}

Test(schedule, a_deterministic_class_stops_repeating, .timeout = 20)
{
    const struct outcome o = run(&(struct trial){
        .fit = fit_well, .n_cells = 1, .n_jobs = 1, .n_repeats = 5, .is_deterministic = true});
    cr_assert_eq(o.n_repeats, 2);
}

Test(schedule, an_error_of_the_classifier_is_a_failed_cell, .timeout = 20)
{
    const struct outcome o =
        run(&(struct trial){.fit = fit_badly, .n_cells = 2, .n_jobs = 2, .n_repeats = 1});
    cr_assert_eq(o.status, RECORD_FAILED);
    cr_assert_str_eq(o.reason, "no reason at all");
    cr_assert_eq(o.n_repeats, 0);
}

Test(schedule, a_refused_allocation_is_out_of_memory, .timeout = 20)
{
    const struct outcome o =
        run(&(struct trial){.fit = fit_without_memory, .n_cells = 1, .n_jobs = 1, .n_repeats = 1});
    cr_assert_eq(o.status, RECORD_OUT_OF_MEMORY);
}

Test(schedule, what_cannot_fit_is_not_started, .timeout = 20)
{
    struct trial trial = {.fit = fit_well,
                          .needs_a_terabyte = true,
                          .n_cells = 2,
                          .n_jobs = 1,
                          .n_repeats = 1,
                          .memory_limit_bytes = 3 << 29};
    struct outcome o = run(&trial);
    cr_expect_eq(o.status, RECORD_OUT_OF_MEMORY);
    cr_expect_str_eq(o.reason,
                     "not started: it would need about 1.0 TiB for 20 rows, mostly for a matrix "
                     "of nothing, and the limit is 1.5 GiB; raise it with --memory, or keep fewer "
                     "rows with --limit-train");
    trial.memory_limit_bytes = 0;
    o = run(&trial);
    cr_expect_eq(o.status, RECORD_OK, "without a limit it may try");
}

Test(schedule, a_mapped_file_that_is_cut_ends_its_cell, .timeout = 20)
{
    struct dataset dataset = fake_dataset;
    struct mapping *mapping = &dataset.train.images.mapping;
    const int file = mkstemp(cut_path);
    cr_assert_geq(file, 0);
    cr_assert_eq(ftruncate(file, FAKE_TRAIN), 0);
    cr_assert_eq(mapping_create(mapping, file, cut_path, FAKE_TRAIN, NULL), STATUS_OK);
    dataset.train.pixels = mapping->start;
    const struct outcome o = run(&(struct trial){
        .fit = fit_what_is_cut, .dataset = &dataset, .n_cells = 1, .n_jobs = 1, .n_repeats = 1});
    cr_expect_eq(o.status, RECORD_CRASHED);
    cr_expect_str_eq(o.reason, "signal 7 (Bus error): the file of the images, which is mapped, was "
                               "cut or cannot be read");
    mapping_destroy(mapping);
    close(file);
    unlink(cut_path);
}

Test(schedule, the_memory_limit_holds, .timeout = 60)
{
    const struct outcome o = run(&(struct trial){.fit = fit_greedily,
                                                 .n_cells = 1,
                                                 .n_jobs = 1,
                                                 .n_repeats = 1,
                                                 .memory_limit_bytes = 200 << 20});
    cr_assert_eq(o.status, RECORD_OUT_OF_MEMORY, "%s", o.reason);
}

Test(schedule, the_time_limit_holds, .timeout = 20)
{
    const double start_s = clock_now_s();
    const struct outcome o = run(&(struct trial){
        .fit = fit_forever, .n_cells = 2, .n_jobs = 2, .n_repeats = 1, .timeout_s = 0.3});
    cr_assert_eq(o.status, RECORD_TIMEOUT, "%s", o.reason);
    cr_assert_lt(clock_now_s() - start_s, 2.0 * time_factor());
}

/* Else a run that is started again right after its parent was killed finds its folder in use. */
Test(schedule, the_lock_ends_with_the_parent_whatever_its_workers_do, .timeout = 20)
{
    char folder[FOLDER_BYTES];
    struct store store;
    struct error error;
    folder_create(folder);
    outliving =
        mmap(NULL, sizeof *outliving, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(outliving, MAP_FAILED);
    const pid_t parent = fork();
    if (parent == 0) {
        if (store_open(&store, folder, NULL))
            _exit(1);
        run(&(struct trial){.fit = fit_and_outlive, .n_cells = 1, .n_jobs = 1, .n_repeats = 1});
        _exit(1);
    }
    for (int i = 0; i < 1000 && !*outliving; i++)
        usleep(10000);
    cr_assert_neq(*outliving, 0);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    const enum status status = store_open(&store, folder, &error);
    kill(*outliving, SIGKILL);
    cr_assert_eq(status, STATUS_OK, "%s", error.message);
    store_close(&store);
    folder_remove(folder);
}

/* A class with a readout parameter: class 1 for the first `n` rows, and each call of fit and read
   is told apart by what it reports. */
static const struct parameter_spec readout_parameters[] = {
    {.name = "n", .type = PARAMETER_INTEGER, .maximum = 100, .is_readout = true}, {.name = NULL}};

static enum status create_for_n(void **model, const struct parameters *parameters,
                                struct error *error)
{
    double *n = malloc(sizeof *n);
    (void)error;
    *n = parameter_number(parameters, 0);
    *model = n;
    return STATUS_OK;
}

static enum status predict_n(void *model, const struct parameters *readout,
                             const struct features *x, const struct execution *execution,
                             uint8_t *restrict labels, struct error *error)
{
    (void)model, (void)execution, (void)error;
    for (size_t i = 0; i < x->n_rows; i++)
        labels[i] = (double)i < parameter_number(readout, 0);
    return STATUS_OK;
}

static enum status read_n(const void *model, const struct parameters *readout,
                          struct fit_report *report, struct error *error)
{
    (void)error;
    report->n_iter = (long)parameter_number(readout, 0);
    report->fit_s = 100 * parameter_number(readout, 0);
    report->found_s = 7000;
    fit_report_add(report, "fitted", *(const double *)model);
    return STATUS_OK;
}

FIT(fit_up_to_five)
{
    UNUSED;
    report->n_iter = -2;
    return *(const double *)model > 5 ? error_set(error, STATUS_FAILED, "more than five")
                                      : STATUS_OK;
}

enum { N_READERS = 3 };

struct readings {
    size_t n;
    struct {
        double asked, fitted, fit_s, predict_s;
        enum record_status status;
        long n_iter;
        size_t n_ones;
    } of[N_READERS];
};

static enum status keep_reading(void *context, const struct cell *cell, struct record *record,
                                const uint8_t *predicted, struct error *error)
{
    struct readings *r = context;
    (void)error;
    cr_assert_lt(r->n, N_READERS);
    r->of[r->n].asked = parameter_number(&cell->point->parameters, 0);
    r->of[r->n].status = record->status;
    if (record->n_repeats) {
        r->of[r->n].n_iter = record->repeats[0].n_iter;
        r->of[r->n].fit_s = record->repeats[0].fit_s;
        r->of[r->n].predict_s = record->repeats[0].predict_s;
        if (record->repeats[0].n_measures)
            r->of[r->n].fitted = record->repeats[0].measures[0].value;
        for (size_t i = 0; i < FAKE_TEST; i++)
            r->of[r->n].n_ones += predicted[i];
    }
    r->n++;
    return STATUS_OK;
}

/* Three cells with these n, which read from one fit. */
static struct readings run_readers(const double n[N_READERS])
{
    const struct classifier_class class = {.name = "Fake",
                                           .summary = "",
                                           .parameters = readout_parameters,
                                           .create = create_for_n,
                                           .fit = fit_up_to_five,
                                           .predict = predict_n,
                                           .read = read_n,
                                           .destroy = free};
    struct readings readings = {.n = 0};
    struct point points[N_READERS];
    struct cell cells[N_READERS];
    const struct cell *fits[1] = {cells};
    FILE *quiet = fopen("/dev/null", "w");
    for (size_t i = 0; i < N_READERS; i++) {
        points[i] = (struct point){.class = &class, .parameter = json_object()};
        points[i].parameters.values[0].n_numbers = 1;
        points[i].parameters.values[0].numbers[0] = n[i];
        const struct cell_request request = {
            .point = &points[i], .dataset = &fake_dataset, .n_repeats = 1};
        cr_assert_eq(cell_init(&cells[i], &request, NULL), STATUS_OK);
        cr_assert_str_eq(cells[i].fit, cells[0].fit);
        if (i > 0)
            cells[i - 1].reader = &cells[i];
    }
    const struct schedule schedule = {.cells = fits,
                                      .n_cells = 1,
                                      .n_jobs = 2,
                                      .n_threads = 1,
                                      .version = "test",
                                      .progress = quiet,
                                      .finished = keep_reading,
                                      .context = &readings};
    struct error error;
    int interrupted = -1;
    cr_assert_eq(schedule_run(&schedule, &interrupted, &error), STATUS_OK, "%s", error.message);
    fclose(quiet);
    for (size_t i = 0; i < N_READERS; i++)
        json_decref(points[i].parameter);
    cr_assert_eq(readings.n, N_READERS);
    return readings;
}

Test(schedule, readers_get_their_own_labels_reports_and_times, .timeout = 20)
{
    const double n[N_READERS] = {2, 4, 3};
    const struct readings r = run_readers(n);
    for (size_t i = 0; i < N_READERS; i++) {
        cr_assert_eq(r.of[i].asked, n[i]);
        cr_assert_eq(r.of[i].status, RECORD_OK);
        cr_assert_eq(r.of[i].n_ones, (size_t)n[i]);
        cr_assert_eq(r.of[i].n_iter, (long)n[i]);
        cr_assert_eq(r.of[i].fitted, 4, "one fit, at the largest");
        cr_assert_eq(r.of[i].fit_s, 100 * n[i]);
        cr_assert(r.of[i].predict_s >= 7000 && r.of[i].predict_s < 7010);
    }
}

/* The one that cannot be fitted does not take the others with it. */
Test(schedule, a_fit_that_fails_is_taken_apart, .timeout = 20)
{
    const double n[N_READERS] = {2, 9, 3};
    const struct readings r = run_readers(n);
    for (size_t i = 0; i < N_READERS; i++) {
        cr_assert_eq(r.of[i].status, r.of[i].asked == 9 ? RECORD_FAILED : RECORD_OK);
        if (r.of[i].asked != 9)
            cr_assert(r.of[i].n_ones == (size_t)r.of[i].asked && r.of[i].n_iter == -2 &&
                      r.of[i].fit_s < 10);
    }
}
