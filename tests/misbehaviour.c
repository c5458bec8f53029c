#include "misbehaviour.h"

#include "base/clock.h"
#include "runner/process_tree.h"
#include "runner/schedule.h"
#include "runner/worker.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct told *told;

void misbehaviour_setup(void)
{
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(told, MAP_FAILED);
}

void tell_pid(void)
{
    told->pids[__atomic_fetch_add(&told->n_pids, 1, __ATOMIC_SEQ_CST) % PIDS_MAX] = getpid();
}

_Noreturn void sleep_for_ever(void)
{
    for (;;)
        pause();
}

void await_pids(size_t n)
{
    while (told->n_pids < n)
        usleep(1000);
}

void start_daemon(void (*work)(void))
{
    const size_t n_before = told->n_pids;
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            tell_pid();
            work();
            sleep_for_ever();
        }
        _exit(0);
    }
    await_pids(n_before + 1);
}

void nothing(void)
{
}

int pipe_fd(void)
{
    struct stat what;
    int fd = 63;
    while (fd > 2 && (fstat(fd, &what) || !S_ISFIFO(what.st_mode)))
        fd--;
    return fd;
}

void say(const void *bytes, size_t n_bytes)
{
    if (write(pipe_fd(), bytes, n_bytes) != (ssize_t)n_bytes)
        _exit(99);
}

struct worker_message message_of(enum worker_message_kind kind)
{
    return (struct worker_message){
        .magic = WORKER_MAGIC, .kind = kind, .repeat = {.n_iter = -1, .converged = -1}};
}

void say_repeat(const struct worker_message *message)
{
    const uint8_t labels[FAKE_TEST] = {0};
    say(message, sizeof *message);
    say(labels, sizeof labels);
}

void say_end(enum worker_message_kind kind)
{
    const struct worker_message message = message_of(kind);
    say(&message, sizeof message);
}

FIT(fit_well)
{
    UNUSED;
    return STATUS_OK;
}

static enum status keep(void *context, const struct cell *cell, struct record *record,
                        const uint8_t *predicted, struct error *error)
{
    struct outcome *o = context;
    (void)predicted, (void)error;
    o->n++;
    o->status[cell->seed] = record->status;
    if (cell->seed != BAD)
        return STATUS_OK;
    snprintf(o->reason, sizeof o->reason, "%.255s", record->reason);
    o->end_s = clock_now_s();
    return STATUS_OK;
}

/* Three cells, of which the one in the middle is bad. */
static struct outcome run(fake_fit *fit, double timeout_s, uint64_t memory_limit_bytes)
{
    struct outcome outcome = {.n = 0};
    const struct classifier_class good = fake_class(fit_well), bad = fake_class(fit);
    const struct point good_point = {.class = &good, .parameter = json_object()},
                       bad_point = {.class = &bad, .parameter = good_point.parameter};
    struct cell cells[N_CELLS];
    const struct cell *fits[N_CELLS];
    FILE *quiet = fopen("/dev/null", "w");
    for (size_t i = 0; i < N_CELLS; i++) {
        const struct cell_request request = {.point = i == BAD ? &bad_point : &good_point,
                                             .dataset = &fake_dataset,
                                             .n_repeats = N_REPEATS,
                                             .seed = i};
        cr_assert_eq(cell_init(&cells[i], &request, NULL), STATUS_OK);
        fits[i] = &cells[i];
    }
    const struct schedule schedule = {.cells = fits,
                                      .n_cells = N_CELLS,
                                      .n_jobs = 2,
                                      .n_threads = 1,
                                      .timeout_s = timeout_s,
                                      .memory_limit_bytes = memory_limit_bytes,
                                      .version = "test",
                                      .progress = quiet,
                                      .finished = keep,
                                      .context = &outcome};
    struct error error;
    int interrupted;
    cr_assert_eq(schedule_run(&schedule, &interrupted, &error), STATUS_OK, "%s", error.message);
    fclose(quiet);
    json_decref(good_point.parameter);
    return outcome;
}

void expect_no_harm(const struct outcome *outcome, const char *name)
{
    cr_expect_eq(outcome->n, N_CELLS, "%s", name);
    for (size_t i = 0; i < N_CELLS; i++)
        cr_expect(i == BAD || outcome->status[i] == RECORD_OK, "%s: cell %zu", name, i);
    cr_expect_not(process_tree_has_children(), "%s: children", name);
    for (size_t i = 0; i < told->n_pids; i++) {
        const bool is_gone = kill(told->pids[i], 0) && errno == ESRCH;
        cr_expect(is_gone, "%s: process %ld lives", name, (long)told->pids[i]);
        if (!is_gone)
            kill(told->pids[i], SIGKILL);
    }
    memset(told, 0, sizeof *told);
}

struct outcome expect_outcome(const struct conduct *conduct, double timeout_s,
                              uint64_t memory_limit_bytes)
{
    const struct outcome o = run(conduct->fit, timeout_s, memory_limit_bytes);
    cr_expect_eq(o.status[BAD], conduct->status, "%s: %s: %s", conduct->name,
                 record_status_name(o.status[BAD]), o.reason);
    cr_expect(strstr(o.reason, conduct->reason), "%s: %s", conduct->name, o.reason);
    return o;
}

void expect_all(const struct conduct *conducts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct outcome o = expect_outcome(&conducts[i], 1000, 0);
        expect_no_harm(&o, conducts[i].name);
    }
}
