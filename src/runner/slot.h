/*
 * A running worker as its parent sees it: the process, what came through its pipe so far, and the
 * records that grow from it.
 */
#ifndef FMBENCH_RUNNER_SLOT_H
#define FMBENCH_RUNNER_SLOT_H

#include "report/record.h"
#include "runner/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What came of one of the cells that read from the worker's fit. */
struct reading_record {
    const struct cell *cell; /* borrowed */
    struct record record;
    uint8_t *predicted; /* n_repeats x n_test, owned */
};

struct slot {
    const struct cell *cell;        /* borrowed; NULL: the slot is free */
    size_t n_readers;               /* the cell and those behind it */
    struct reading_record *readers; /* n_readers, owned */
    pid_t pid;
    int fd; /* -1: the pipe has ended */
    double start_s;
    uint8_t *received; /* message_capacity bytes, owned */
    size_t n_received;
    /* Of all its processes, when it was looked at last, and the most of all times. */
    uint64_t resident_bytes, peak_resident_bytes;
    enum record_status status;
    char reason[1024];     /* empty when ok */
    bool said_end;         /* WORKER_DONE, WORKER_FAILED or WORKER_CRASHED came */
    double silent_since_s; /* when it said its end or its pipe ended; 0: not yet */
    const char *objection; /* what is wrong with what came, static; NULL: nothing */
    bool was_killed;       /* by us; the reason says why, if there is one */
    double ended_s;        /* when the process was found to have ended; 0: not yet */
};

enum status slot_start(struct slot *slot, const struct worker_request *request, const char *version,
                       struct error *error);

/* Reads what is there without waiting. */
void slot_receive(struct slot *slot);

/*
 * Kills the worker for exceeding a limit or for what it said, as its records will tell; one that
 * has said all that it has to say, but lives on, is killed all the same.
 */
void slot_check_limits(struct slot *slot, double timeout_s, uint64_t memory_limit_bytes);

/* Does it hold so much that its limit has to be looked after more often? */
bool slot_is_near_limit(const struct slot *slot, uint64_t memory_limit_bytes);

/* True when the process has ended; its records are then complete. Not for one that is known to. */
bool slot_reap(struct slot *slot);

/* Did it end badly by itself, a moment ago? What ended it, such as a signal to all processes of a
   terminal or of a cluster's job, may be about to reach this process too. */
bool slot_has_just_failed(const struct slot *slot);

/* Kills what runs, waits for it, and frees everything. Takes a free slot. */
void slot_release(struct slot *slot);

#endif
