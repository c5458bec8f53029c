/* Workers that go wrong in each way there is, between others that do not. */
#include "base/clock.h"
#include "fake_class.h"
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

enum { N_CELLS = 3, BAD = 1, N_REPEATS = 2, PIDS_MAX = 8 };
enum { LIMIT_BYTES = 600 << 20, PIECE_BYTES = 1 << 20 };
static const double WITHIN_S = 2; /* that a cell ends which exceeds a limit */

/* What the workers of a test tell it, in memory that they share. */
struct told {
    volatile size_t n_pids;
    volatile pid_t pids[PIDS_MAX];
    volatile size_t n_filled_bytes; /* of memory, by all processes together */
    volatile double near_limit_s;   /* since when that is half the limit */
};

static struct told *told;

static void setup(void)
{
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(told, MAP_FAILED);
}

TestSuite(misbehaviour, .init = setup, .timeout = 60);

/* ---- what a worker can do ---- */

static void tell_pid(void)
{
    told->pids[__atomic_fetch_add(&told->n_pids, 1, __ATOMIC_SEQ_CST) % PIDS_MAX] = getpid();
}

_Noreturn static void sleep_for_ever(void)
{
    for (;;)
        pause();
}

/* Until that many processes have told who they are. */
static void await_pids(size_t n)
{
    while (told->n_pids < n)
        usleep(1000);
}

/* A child in a session of its own, whose parent is gone. */
static void start_daemon(void (*work)(void))
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

static void nothing(void)
{
}

/* The pipe is the worker's highest descriptor. */
static int pipe_fd(void)
{
    struct stat what;
    int fd = 63;
    while (fd > 2 && (fstat(fd, &what) || !S_ISFIFO(what.st_mode)))
        fd--;
    return fd;
}

static void say(const void *bytes, size_t n_bytes)
{
    if (write(pipe_fd(), bytes, n_bytes) != (ssize_t)n_bytes)
        _exit(99);
}

static struct worker_message message_of(enum worker_message_kind kind)
{
    return (struct worker_message){
        .magic = WORKER_MAGIC, .kind = kind, .repeat = {.n_iter = -1, .converged = -1}};
}

static void say_repeat(const struct worker_message *message)
{
    const uint8_t labels[FAKE_TEST] = {0};
    say(message, sizeof *message);
    say(labels, sizeof labels);
}

static void say_end(enum worker_message_kind kind)
{
    const struct worker_message message = message_of(kind);
    say(&message, sizeof message);
}

FIT(fit_well)
{
    UNUSED;
    return STATUS_OK;
}

static enum status die_of(int signal_number)
{
    signal(signal_number, SIG_DFL); /* a sanitizer catches some */
    raise(signal_number);
    sleep_for_ever();
}

FIT(die_of_segv)
{
    UNUSED;
    return die_of(SIGSEGV);
}

FIT(die_of_abort)
{
    UNUSED;
    return die_of(SIGABRT);
}

FIT(die_of_fpe)
{
    UNUSED;
    return die_of(SIGFPE);
}

FIT(die_of_kill)
{
    UNUSED;
    return die_of(SIGKILL);
}

FIT(exit_with_0)
{
    UNUSED;
    _exit(0);
}

FIT(exit_with_77)
{
    UNUSED;
    _exit(77);
}

FIT(exit_within_a_message)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    say_repeat(&message);
    say(&message, sizeof message / 2);
    _exit(0);
}

FIT(say_rubbish)
{
    UNUSED;
    const char rubbish[8192] = "rubbish";
    say(rubbish, sizeof rubbish);
    sleep_for_ever();
}

FIT(say_rubbish_and_exit)
{
    UNUSED;
    const char rubbish[sizeof(struct worker_message)] = "rubbish";
    say(rubbish, sizeof rubbish);
    _exit(0);
}

FIT(say_without_end)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    for (;;)
        say_repeat(&message);
    return STATUS_OK;
}

FIT(say_done_at_once)
{
    UNUSED;
    say_end(WORKER_DONE);
    _exit(0);
}

FIT(say_done_too_early)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    say_repeat(&message);
    say_end(WORKER_DONE);
    _exit(0);
}

FIT(go_on_after_the_end)
{
    UNUSED;
    say_end(WORKER_FAILED);
    say_end(WORKER_DONE);
    sleep_for_ever();
}

FIT(say_too_many_measures)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    message.repeat.n_measures = (size_t)1 << 40;
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_a_name_without_end)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    message.repeat.n_measures = 1;
    memset(message.repeat.measures[0].name, 'x', sizeof message.repeat.measures[0].name);
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_a_solver_without_end)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    memset(message.solver, 'x', sizeof message.solver);
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_an_error_without_end)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_FAILED);
    memset(message.error.message, 'x', sizeof message.error.message);
    say(&message, sizeof message);
    sleep_for_ever();
}

FIT(say_no_score)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    message.repeat.score = 0.0 / 0.0;
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_another_reader)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    message.reader = 1000000;
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_no_kind)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    memset(&message.kind, 77, sizeof message.kind);
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_no_class)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    const uint8_t labels[FAKE_TEST] = {0, 1, FAKE_CLASSES};
    say(&message, sizeof message);
    say(labels, sizeof labels);
    sleep_for_ever();
}

FIT(close_the_pipe)
{
    UNUSED;
    close(pipe_fd());
    sleep_for_ever();
}

FIT(fall_silent_within_a_message)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    say(&message, sizeof message / 2);
    sleep_for_ever();
}

FIT(stop)
{
    UNUSED;
    raise(SIGSTOP);
    return STATUS_OK;
}

FIT(be_done_and_stay)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    for (int i = 0; i < N_REPEATS; i++)
        say_repeat(&message);
    say_end(WORKER_DONE);
    sleep_for_ever();
}

/* Both go on as the worker. */
FIT(fork_a_copy)
{
    UNUSED;
    if (fork() == 0)
        tell_pid();
    await_pids(1);
    return STATUS_OK;
}

FIT(leave_a_daemon)
{
    UNUSED;
    start_daemon(nothing);
    return STATUS_OK;
}

FIT(leave_a_daemon_and_crash)
{
    UNUSED;
    start_daemon(nothing);
    return die_of(SIGSEGV);
}

FIT(leave_a_daemon_and_sleep)
{
    UNUSED;
    start_daemon(nothing);
    sleep_for_ever();
}

/* Children that each have children, of which none listens to what asks them to end. */
FIT(grow_a_tree)
{
    UNUSED;
    signal(SIGTERM, SIG_IGN);
    for (int level = 0; level < 3; level++)
        fork();
    tell_pid();
    sleep_for_ever();
}

/* Writes to memory that comes from mmap with these flags, piece by piece, without end. */
static void fill_memory(int flags)
{
    for (;;) {
        char *piece = mmap(NULL, PIECE_BYTES, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED)
            sleep_for_ever();
        memset(piece, 1, PIECE_BYTES);
        const size_t n_bytes =
            __atomic_add_fetch(&told->n_filled_bytes, PIECE_BYTES, __ATOMIC_SEQ_CST);
        if (n_bytes == LIMIT_BYTES / 2 / PIECE_BYTES * PIECE_BYTES)
            told->near_limit_s = clock_now_s();
    }
}

static void fill_private_memory(void)
{
    fill_memory(MAP_PRIVATE);
}

FIT(fill_shared_memory)
{
    UNUSED;
    fill_memory(MAP_SHARED);
    return STATUS_OK;
}

/* Each is refused more than the limit, libraries included, which all together exceed. */
FIT(fill_memory_in_daemons)
{
    UNUSED;
    for (int i = 0; i < 6; i++)
        start_daemon(fill_private_memory);
    sleep_for_ever();
}

/* ---- what comes of it ---- */

struct conduct {
    fake_fit *fit;
    const char *name;
    enum record_status status;
    const char *reason; /* a part of it */
};
#define CONDUCT(fit, ...)                                                                          \
    {                                                                                              \
        fit, #fit, __VA_ARGS__                                                                     \
    }

struct outcome {
    size_t n;
    enum record_status status[N_CELLS];
    char reason[256]; /* of the bad one */
    double end_s;     /* of the bad one, on the monotonic clock */
};

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

/* The others are well, and nothing that was started is there any more. */
static void expect_no_harm(const struct outcome *outcome, const char *name)
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

static struct outcome expect(const struct conduct *conduct, double timeout_s,
                             uint64_t memory_limit_bytes)
{
    const struct outcome o = run(conduct->fit, timeout_s, memory_limit_bytes);
    cr_expect_eq(o.status[BAD], conduct->status, "%s: %s: %s", conduct->name,
                 record_status_name(o.status[BAD]), o.reason);
    cr_expect(strstr(o.reason, conduct->reason), "%s: %s", conduct->name, o.reason);
    return o;
}

/* So much time is left that only what they do ends them. */
#define EXPECT_ALL(conducts)                                                                       \
    for (size_t i = 0; i < sizeof(conducts) / sizeof *(conducts); i++) {                           \
        const struct outcome o = expect(&(conducts)[i], 1000, 0);                                  \
        expect_no_harm(&o, (conducts)[i].name);                                                    \
    }

Test(misbehaviour, a_worker_that_dies_is_a_crashed_cell_with_the_signal)
{
    static const struct conduct conducts[] = {
        CONDUCT(die_of_segv, RECORD_CRASHED, "signal 11 (Segmentation fault)"),
        CONDUCT(die_of_abort, RECORD_CRASHED, "signal 6 (Aborted)"),
        CONDUCT(die_of_fpe, RECORD_CRASHED, "signal 8 (Floating point exception)"),
        CONDUCT(die_of_kill, RECORD_CRASHED, "signal 9 (Killed)"),
    };
    EXPECT_ALL(conducts);
}

Test(misbehaviour, a_worker_that_exits_early_is_a_crashed_cell_with_the_status)
{
    static const struct conduct conducts[] = {
        CONDUCT(exit_with_0, RECORD_CRASHED, "exited with status 0 before it was done"),
        CONDUCT(exit_with_77, RECORD_CRASHED, "exited with status 77 before it was done"),
        CONDUCT(exit_within_a_message, RECORD_CRASHED, "exited with status 0 before it was done"),
    };
    EXPECT_ALL(conducts);
}

Test(misbehaviour, rubbish_in_the_pipe_is_a_crashed_cell)
{
    static const struct conduct conducts[] = {
        CONDUCT(say_rubbish, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_rubbish_and_exit, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_too_many_measures, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_a_name_without_end, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_a_solver_without_end, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_an_error_without_end, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_no_score, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_no_kind, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_no_class, RECORD_CRASHED, "what is no class"),
    };
    EXPECT_ALL(conducts);
}

Test(misbehaviour, too_much_or_too_little_in_the_pipe_is_a_crashed_cell)
{
    static const struct conduct conducts[] = {
        CONDUCT(say_without_end, RECORD_CRASHED, "a repeat too many"),
        CONDUCT(say_another_reader, RECORD_CRASHED, "a repeat too many"),
        CONDUCT(say_done_at_once, RECORD_CRASHED, "before its repeats were"),
        CONDUCT(say_done_too_early, RECORD_CRASHED, "before its repeats were"),
        CONDUCT(go_on_after_the_end, RECORD_CRASHED, "went on after it was done"),
        CONDUCT(close_the_pipe, RECORD_CRASHED, "closed its pipe before it was done"),
    };
    EXPECT_ALL(conducts);
}

Test(misbehaviour, a_worker_that_forks_is_a_crashed_cell_and_its_children_end)
{
    static const struct conduct conducts[] = {
        CONDUCT(fork_a_copy, RECORD_CRASHED, "the classifier forked"),
        CONDUCT(leave_a_daemon, RECORD_CRASHED, "the classifier forked"),
        CONDUCT(leave_a_daemon_and_crash, RECORD_CRASHED, "signal 11"),
    };
    EXPECT_ALL(conducts);
}

/* All results are there; that it does not end takes nothing from them. */
Test(misbehaviour, a_worker_that_does_not_end_is_ended)
{
    const struct conduct conduct = CONDUCT(be_done_and_stay, RECORD_OK, "");
    const struct outcome o = expect(&conduct, 1000, 0);
    expect_no_harm(&o, conduct.name);
}

Test(misbehaviour, the_time_limit_ends_whatever_there_is)
{
    static const struct conduct conducts[] = {
        CONDUCT(fall_silent_within_a_message, RECORD_TIMEOUT, "exceeded 0.5 seconds"),
        CONDUCT(stop, RECORD_TIMEOUT, "exceeded 0.5 seconds"),
        CONDUCT(grow_a_tree, RECORD_TIMEOUT, "exceeded 0.5 seconds"),
        CONDUCT(leave_a_daemon_and_sleep, RECORD_TIMEOUT, "exceeded 0.5 seconds"),
    };
    for (size_t i = 0; i < sizeof conducts / sizeof *conducts; i++) {
        const double start_s = clock_now_s();
        const struct outcome o = expect(&conducts[i], 0.5, 0);
        cr_expect_lt(o.end_s - start_s, 0.5 + WITHIN_S, "%s", conducts[i].name);
        expect_no_harm(&o, conducts[i].name);
    }
}

/* What a worker takes of its own heap is refused at the limit (schedule/the_memory_limit_holds). */
Test(misbehaviour, the_memory_limit_ends_whatever_holds_too_much)
{
    static const struct conduct conducts[] = {
        CONDUCT(fill_shared_memory, RECORD_OUT_OF_MEMORY, "exceeded 629145600 bytes"),
        CONDUCT(fill_memory_in_daemons, RECORD_OUT_OF_MEMORY, "exceeded 629145600 bytes"),
    };
    for (size_t i = 0; i < sizeof conducts / sizeof *conducts; i++) {
        const struct outcome o = expect(&conducts[i], 30, LIMIT_BYTES);
        cr_expect_lt(o.end_s - told->near_limit_s, WITHIN_S, "%s", conducts[i].name);
        expect_no_harm(&o, conducts[i].name);
    }
}
