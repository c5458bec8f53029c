#include "runner/schedule.h"

#include "base/clock.h"
#include "base/memory.h"
#include "runner/process_tree.h"
#include "runner/progress.h"
#include "runner/slot.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* How often limits are looked at and progress is redrawn, at the least: a worker that fills its
   memory adds to it gigabytes a second. */
enum { TICK_MS = 100, TICK_NEAR_LIMIT_MS = 10 };

struct loop {
    const struct schedule *schedule;
    struct slot *slots;           /* n_jobs, owned */
    struct pollfd *polled;        /* n_jobs + 1, owned; the last one is for signals */
    struct running_cell *running; /* n_jobs, owned */
    size_t n_running, n_started;
    struct cell *alone; /* cells of fits that were taken apart, owned */
    size_t n_alone, n_alone_started;
    int interrupted;
    struct progress progress;
    pid_t *workers; /* n_jobs, owned: for end_strays alone */
    bool adopts;    /* see adopt_strays */
    int old_subreaper;
    sigset_t old_mask;
    struct error *error;
};

/* NULL: none is left. */
static const struct cell *next_cell(struct loop *l)
{
    if (l->n_alone_started < l->n_alone)
        return &l->alone[l->n_alone_started++];
    return l->n_started < l->schedule->n_cells ? l->schedule->cells[l->n_started++] : NULL;
}

static enum status start_cells(struct loop *l)
{
    const struct schedule *s = l->schedule;
    for (size_t i = 0; i < s->n_jobs; i++) {
        const struct cell *cell = l->slots[i].cell ? NULL : next_cell(l);
        if (!cell)
            continue;
        const struct worker_request request = {.cell = cell,
                                               .n_threads = s->n_threads,
                                               .memory_limit_bytes = s->memory_limit_bytes,
                                               .scratch = s->scratch};
        const enum status status = slot_start(&l->slots[i], &request, s->version, l->error);
        if (status)
            return status;
        l->n_running++;
    }
    return STATUS_OK;
}

/* Has the cells of a fit run again, each alone. */
static void take_apart(struct loop *l, const struct slot *slot)
{
    for (size_t i = 0; i < slot->n_readers; i++) {
        struct cell *cell = &l->alone[l->n_alone++];
        *cell = *slot->readers[i].cell;
        cell->reader = NULL;
    }
    progress_taken_apart(&l->progress, slot->cell, slot->n_readers, slot->status, slot->reason);
}

static enum status finish(struct loop *l, struct slot *slot)
{
    const struct schedule *s = l->schedule;
    enum status status = STATUS_OK;
    if (slot->n_readers > 1 && slot->status != RECORD_OK)
        take_apart(l, slot);
    else
        for (size_t i = 0; i < slot->n_readers && !status; i++) {
            struct reading_record *reader = &slot->readers[i];
            status =
                s->finished(s->context, reader->cell, &reader->record, reader->predicted, l->error);
            if (!status)
                progress_finished(&l->progress, reader->cell, &reader->record);
        }
    slot_release(slot);
    l->n_running--;
    return status;
}

/* What workers left behind that are dead. */
static void end_strays(struct loop *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->schedule->n_jobs; i++)
        if (l->slots[i].pid)
            l->workers[n++] = l->slots[i].pid;
    if (l->adopts)
        process_tree_kill_strays(l->workers, n);
}

/* Has the worker ended, and is what it came to that of its cell? */
static bool is_over(struct loop *l, struct slot *slot)
{
    const struct schedule *s = l->schedule;
    if (slot->ended_s == 0) {
        slot_receive(slot);
        slot_check_limits(slot, s->timeout_s, s->memory_limit_bytes);
        if (!slot_reap(slot))
            return false;
        end_strays(l);
    }
    return !slot_has_just_failed(slot);
}

static enum status look_after(struct loop *l)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < l->schedule->n_jobs && !status; i++) {
        struct slot *slot = &l->slots[i];
        if (slot->cell && is_over(l, slot))
            status = finish(l, slot);
    }
    return status;
}

static void draw(struct loop *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->schedule->n_jobs; i++)
        if (l->slots[i].cell)
            l->running[n++] = (struct running_cell){
                .cell = l->slots[i].cell, .elapsed_s = clock_now_s() - l->slots[i].start_s};
    progress_draw(&l->progress, l->running, n);
}

static int tick_ms(const struct loop *l)
{
    for (size_t i = 0; i < l->schedule->n_jobs; i++)
        if (slot_is_near_limit(&l->slots[i], l->schedule->memory_limit_bytes))
            return TICK_NEAR_LIMIT_MS;
    return TICK_MS;
}

/* Until a worker says something, ends, a signal comes, or a tick has passed. */
static void wait_for_news(struct loop *l)
{
    const size_t n_jobs = l->schedule->n_jobs;
    for (size_t i = 0; i < n_jobs; i++)
        l->polled[i] =
            (struct pollfd){.fd = l->slots[i].cell ? l->slots[i].fd : -1, .events = POLLIN};
    if (poll(l->polled, n_jobs + 1, tick_ms(l)) <= 0 || !l->polled[n_jobs].revents)
        return;
    struct signalfd_siginfo signal_info;
    while (read(l->polled[n_jobs].fd, &signal_info, sizeof signal_info) == sizeof signal_info)
        if (signal_info.ssi_signo != SIGCHLD)
            l->interrupted = (int)signal_info.ssi_signo;
}

/* SIGCHLD too: the end of a worker is news. What is ignored stays so: nohup means it. */
static enum status catch_signals(struct loop *l)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction present;
    sigset_t caught;
    sigemptyset(&caught);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (!sigaction(ending[i], NULL, &present) && present.sa_handler != SIG_IGN)
            sigaddset(&caught, ending[i]);
    sigaddset(&caught, SIGCHLD);
    sigprocmask(SIG_BLOCK, &caught, &l->old_mask);
    const int fd = signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC);
    l->polled[l->schedule->n_jobs] = (struct pollfd){.fd = fd, .events = POLLIN};
    if (fd < 0)
        return error_set(l->error, STATUS_FAILED, "cannot wait for signals: %s", strerror(errno));
    return STATUS_OK;
}

static void release_signals(struct loop *l)
{
    close(l->polled[l->schedule->n_jobs].fd);
    sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
}

/*
 * What dead workers leave behind becomes ours, to be ended. Not where it could not be told from
 * what is none of it: a first process, as in a container, is left the orphans of all others, and
 * children from before (of a shell that has become this program) may leave some.
 */
static void adopt_strays(struct loop *l)
{
    l->adopts = getpid() != 1 && !process_tree_has_children();
    prctl(PR_GET_CHILD_SUBREAPER, &l->old_subreaper);
    if (l->adopts)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void disown_strays(struct loop *l)
{
    end_strays(l);
    prctl(PR_SET_CHILD_SUBREAPER, l->old_subreaper);
}

static size_t count_readers(const struct schedule *schedule)
{
    size_t n = 0;
    for (size_t i = 0; i < schedule->n_cells; i++)
        n += cell_n_readers(schedule->cells[i]);
    return n;
}

static size_t count_cells(const struct schedule *schedule)
{
    size_t n = 0;
    for (size_t i = 0; i < schedule->n_cells; i++)
        for (const struct cell *reader = schedule->cells[i]; reader; reader = reader->reader)
            for (const struct cell *cell = reader; cell; cell = cell->twin)
                n++;
    return n;
}

static enum status loop_create(struct loop *l)
{
    const size_t n_jobs = l->schedule->n_jobs;
    const struct memory_request requests[] = {
        {(void **)&l->slots, n_jobs, sizeof *l->slots},
        {(void **)&l->polled, n_jobs + 1, sizeof *l->polled},
        {(void **)&l->running, n_jobs, sizeof *l->running},
        {(void **)&l->workers, n_jobs, sizeof *l->workers},
        {(void **)&l->alone, count_readers(l->schedule), sizeof *l->alone},
    };
    const enum status status =
        memory_arrays(requests, sizeof requests / sizeof *requests, "the workers", l->error);
    for (size_t i = 0; i < n_jobs && !status; i++)
        l->slots[i] = (struct slot){.fd = -1};
    return status;
}

enum status schedule_run(const struct schedule *schedule, int *interrupted, struct error *error)
{
    struct loop l = {.schedule = schedule, .error = error};
    enum status status = loop_create(&l);
    if (status)
        return status;
    status = catch_signals(&l);
    adopt_strays(&l);
    progress_start(&l.progress, schedule->progress, count_cells(schedule), schedule->expected_s);
    while (!status && !l.interrupted) {
        status = start_cells(&l);
        if (status || l.n_running == 0)
            break;
        draw(&l);
        wait_for_news(&l);
        status = look_after(&l);
    }
    progress_clear(&l.progress);
    for (size_t i = 0; i < schedule->n_jobs; i++)
        slot_release(&l.slots[i]);
    disown_strays(&l);
    release_signals(&l);
    *interrupted = l.interrupted;
    memory_free(l.slots);
    memory_free(l.polled);
    memory_free(l.running);
    memory_free(l.workers);
    memory_free(l.alone);
    return status;
}
