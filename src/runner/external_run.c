#include "runner/external_run.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "runner/process_tree.h"
#include "runner/scratch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 20, TAIL_BYTES = 4096, SHOWN_BYTES = 300, EXIT_NOT_STARTED = 127 };
enum { PIPE_READS_MAX = 1024 }; /* more than a pipe holds, once nobody writes to it */

/* The end of what a command wrote to its standard error. */
struct tail {
    size_t n;
    char bytes[TAIL_BYTES];
};

struct run {
    const struct external_task *task;
    char request[EXTERNAL_PATH_BYTES];
    const char *arguments[EXTERNAL_COMMAND_MAX + 2]; /* NULL-terminated, borrowed */
    pid_t owner;                                     /* our parent */
    pid_t pid;
    int stderr_fd; /* -1: ended */
    struct tail tail;
    int wait_status;
    struct rusage usage;
    uint64_t peak_bytes; /* of the largest of its processes */
};

static void tail_add(struct tail *tail, const char *bytes, size_t n_bytes)
{
    const size_t n_new = n_bytes < TAIL_BYTES / 2 ? n_bytes : TAIL_BYTES / 2;
    if (tail->n + n_new > TAIL_BYTES) {
        tail->n = TAIL_BYTES - n_new;
        memmove(tail->bytes, tail->bytes + TAIL_BYTES - tail->n, tail->n);
    }
    memcpy(tail->bytes + tail->n, bytes + n_bytes - n_new, n_new);
    tail->n += n_new;
}

/* The last line that is not blank, made fit to be shown; empty when there is none. */
static void last_line(char line[TAIL_BYTES + 1], const struct tail *tail)
{
    size_t end = tail->n;
    while (end > 0 && isspace((unsigned char)tail->bytes[end - 1]))
        end--;
    size_t start = end;
    while (start > 0 && tail->bytes[start - 1] != '\n')
        start--;
    memcpy(line, tail->bytes + start, end - start);
    line[end - start] = '\0';
    for (char *p = line; *p; p++)
        if (iscntrl((unsigned char)*p))
            *p = ' ';
    line[utf8_fit_bytes(line, SHOWN_BYTES)] = '\0';
}

static void make_arguments(struct run *run)
{
    const struct external *external = run->task->cell->point->external;
    const size_t n_words = json_array_size(external->command);
    run->arguments[0] = external->program;
    for (size_t i = 1; i < n_words; i++)
        run->arguments[i] = json_string_value(json_array_get(external->command, i));
    run->arguments[n_words] = run->request;
    run->arguments[n_words + 1] = NULL;
}

/* For the libraries that look here alone for the number of their threads. */
static void set_environment(int n_threads)
{
    static const char *const names[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                        "MKL_NUM_THREADS"};
    char text[16];
    snprintf(text, sizeof text, "%d", n_threads);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i], text, 1);
}

/*
 * Limited somewhat above what it may hold: an allocation beyond all bounds is refused, while what
 * is merely too much is seen to be so.
 */
static void limit_allocation(uint64_t limit_bytes)
{
    const uint64_t slack_bytes = (uint64_t)1 << 30;
    const struct rlimit limit = {limit_bytes + slack_bytes, limit_bytes + slack_bytes};
    if (limit_bytes)
        setrlimit(RLIMIT_DATA, &limit);
}

_Noreturn static void command_main(const struct run *run, pid_t parent, int stderr_fd)
{
    const struct external *external = run->task->cell->point->external;
    union {
        const char *const *borrowed;
        char *const *open;
    } arguments = {.borrowed = run->arguments}; /* execv changes nothing */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_NOT_STARTED);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(stderr_fd, STDERR_FILENO);
    limit_allocation(run->task->memory_limit_bytes);
    if (chdir(external->folder))
        dprintf(STDERR_FILENO, "cannot run in %s: %s\n", external->folder, strerror(errno));
    else
        execv(external->program, arguments.open);
    dprintf(STDERR_FILENO, "cannot start %s: %s\n", external->program, strerror(errno));
    _exit(EXIT_NOT_STARTED);
}

static enum status start(struct run *run, struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return error_set(error, STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    const pid_t parent = getpid();
    run->pid = fork();
    if (run->pid == 0)
        command_main(run, parent, ends[1]);
    close(ends[1]);
    run->stderr_fd = ends[0];
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (run->pid > 0)
        return STATUS_OK;
    close(ends[0]);
    return error_set(error, STATUS_FAILED, "cannot fork: %s", strerror(errno));
}

/* One piece of what is there, so that a command that writes without end does not keep us here. */
static bool read_stderr(struct run *run)
{
    char bytes[TAIL_BYTES];
    if (run->stderr_fd < 0)
        return false;
    const ssize_t got = read(run->stderr_fd, bytes, sizeof bytes);
    if (got > 0)
        tail_add(&run->tail, bytes, (size_t)got);
    if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)))
        return got > 0;
    close(run->stderr_fd);
    run->stderr_fd = -1;
    return false;
}

/* Without the one who set the limits and would look after what is left: the end. */
static void end_with_owner(const struct run *run)
{
    if (getppid() == run->owner)
        return;
    process_tree_kill_below(getpid());
    scratch_remove(run->task->folder);
    _exit(1);
}

static void note_peak(struct run *run, const struct rusage *usage)
{
    const uint64_t peak_bytes = (uint64_t)usage->ru_maxrss * 1024;
    if (peak_bytes > run->peak_bytes)
        run->peak_bytes = peak_bytes;
}

/* Ends what the command left behind. */
static void end_rest(struct run *run)
{
    struct rusage usage;
    process_tree_kill_below(getpid());
    for (pid_t pid; (pid = wait4(-1, NULL, 0, &usage)) > 0 || errno == EINTR;)
        if (pid > 0)
            note_peak(run, &usage);
}

/* Until the command itself has ended, and then all of it. */
static void await(struct run *run)
{
    for (;;) {
        end_with_owner(run);
        struct pollfd polled = {.fd = run->stderr_fd, .events = POLLIN};
        poll(&polled, 1, TICK_MS);
        read_stderr(run);
        const pid_t ended = wait4(run->pid, &run->wait_status, WNOHANG, &run->usage);
        if (ended == run->pid || (ended < 0 && errno != EINTR))
            break;
    }
    note_peak(run, &run->usage);
    end_rest(run);
    for (int i = 0; i < PIPE_READS_MAX && read_stderr(run); i++)
        ;
    if (run->stderr_fd >= 0)
        close(run->stderr_fd);
    run->stderr_fd = -1;
}

static enum status judge(const struct run *run, struct external_outcome *outcome,
                         struct error *error)
{
    char line[TAIL_BYTES + 1];
    const uint64_t limit_bytes = run->task->memory_limit_bytes;
    last_line(line, &run->tail);
    const char *colon = *line ? ": " : "";
    if (limit_bytes && run->peak_bytes > limit_bytes)
        return error_set(error, STATUS_MEMORY, "the command took %llu bytes, more than %llu",
                         (unsigned long long)run->peak_bytes, (unsigned long long)limit_bytes);
    if (WIFSIGNALED(run->wait_status)) {
        outcome->was_killed = true;
        return error_set(error, STATUS_FAILED, "the command ended by signal %d (%s)%s%s",
                         WTERMSIG(run->wait_status), strsignal(WTERMSIG(run->wait_status)), colon,
                         line);
    }
    const int exit_status = WEXITSTATUS(run->wait_status);
    if (exit_status == EXTERNAL_EXIT_ABSENT)
        return error_set(error, STATUS_FAILED, "not installed%s%s", colon, line);
    if (exit_status)
        return error_set(error, STATUS_FAILED, "the command exited with status %d%s%s", exit_status,
                         colon, line);
    return STATUS_OK;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

enum status external_run(struct external_outcome *outcome, uint8_t *predicted,
                         const struct external_task *task, struct error *error)
{
    struct run run = {.task = task, .owner = getppid(), .stderr_fd = -1};
    *outcome = (struct external_outcome){.cpu_s = 0};
    enum status status = external_write_files(task, error);
    if (!status)
        status = external_path(run.request, task->folder, external_request_name, error);
    if (status)
        return status;
    make_arguments(&run);
    set_environment(task->n_threads);
    prctl(PR_SET_PDEATHSIG, 0); /* killed outright, it would leave what the command started */
    const double start_s = clock_now_s();
    status = start(&run, error);
    if (!status)
        await(&run);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    end_with_owner(&run);
    if (status)
        return status;
    const double elapsed_s = clock_now_s() - start_s;
    outcome->cpu_s = seconds_of(run.usage.ru_utime) + seconds_of(run.usage.ru_stime);
    status = judge(&run, outcome, error);
    if (!status)
        status = external_read_reply(&outcome->reply, task->folder, elapsed_s, error);
    if (!status)
        status = external_read_labels(predicted, task->folder, task->cell->dataset, error);
    return status;
}
