/*
 * A running worker as its parent sees it: the process, what came through its pipe so far, and the
 * record that grows from it.
 */
#ifndef FMBENCH_RUNNER_SLOT_H
#define FMBENCH_RUNNER_SLOT_H

#include "report/record.h"
#include "runner/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct slot {
    const struct cell *cell; /* borrowed; NULL: the slot is free */
    pid_t pid;
    int fd; /* -1: the pipe has ended */
    double start_s;
    uint8_t *received; /* message_capacity bytes, owned */
    size_t n_received;
    uint8_t *predicted;           /* n_repeats x n_test, owned */
    uint64_t peak_resident_bytes; /* of all its processes, as far as it was looked at */
    struct record record;
    bool said_end;     /* WORKER_DONE or WORKER_FAILED came */
    bool said_rubbish; /* what came was no message */
    bool was_killed;   /* by us; the record says why */
};

enum status slot_start(struct slot *slot, const struct worker_request *request, const char *version,
                       struct error *error);

/* Reads what is there without waiting. */
void slot_receive(struct slot *slot);

/* Kills the worker for exceeding a limit, as its record then says. */
void slot_check_limits(struct slot *slot, double timeout_s, uint64_t memory_limit_bytes);

/* True when the process has ended; its record is then complete. */
bool slot_reap(struct slot *slot);

/* Kills what runs, waits for it, and frees everything. Takes a free slot. */
void slot_release(struct slot *slot);

#endif
