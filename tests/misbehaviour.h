/* Workers that go wrong: what they do it with, and what must become of them. */
#ifndef FMBENCH_TESTS_MISBEHAVIOUR_H
#define FMBENCH_TESTS_MISBEHAVIOUR_H

#include "fake_class.h"
#include "report/record.h"
#include "runner/worker_message.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { N_CELLS = 3, BAD = 1, N_REPEATS = 2, PIDS_MAX = 8 };

/* What the workers of a test tell it, in memory that they share. */
struct told {
    volatile size_t n_pids;
    volatile pid_t pids[PIDS_MAX];
    volatile size_t n_filled_bytes; /* of memory, by all processes together */
    volatile double near_limit_s;   /* since when that is half the limit */
};

/* Of a test alone, from misbehaviour_setup. */
extern struct told *told;

/* The .init of each suite. */
void misbehaviour_setup(void);

/* ---- for workers ---- */

_Noreturn void sleep_for_ever(void);

/* That this process is there, and must be gone when its cell has ended. */
void tell_pid(void);

/* Until that many processes have told who they are. */
void await_pids(size_t n);

/* A child in a session of its own, whose parent is gone; it does the work and stays. */
void start_daemon(void (*work)(void));
void nothing(void);

/* The pipe to the parent, which is the worker's highest descriptor. */
int pipe_fd(void);

/* Into it; what cannot be written ends the worker with 99. */
void say(const void *bytes, size_t n_bytes);
struct worker_message message_of(enum worker_message_kind kind);
void say_repeat(const struct worker_message *message);
void say_end(enum worker_message_kind kind);

/* ---- for tests ---- */

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

/* Runs a cell of that conduct between two that are well: it ends with that status and reason. No
   memory limit is 0. */
struct outcome expect_outcome(const struct conduct *conduct, double timeout_s,
                              uint64_t memory_limit_bytes);

/* The others are well, and nothing that was started is there any more. */
void expect_no_harm(const struct outcome *outcome, const char *name);

/* Both, with so much time that only what they do ends them. */
void expect_all(const struct conduct *conducts, size_t n);

#endif
