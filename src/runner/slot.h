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
    uint64_t peak_resident_bytes; /* of all its processes, as far as it was looked at */
    enum record_status status;
    char reason[1024]; /* empty when ok */
    bool said_end;     /* WORKER_DONE or WORKER_FAILED came */
    bool said_rubbish; /* what came was no message */
    bool was_killed;   /* by us; the reason says why */
};

enum status slot_start(struct slot *slot, const struct worker_request *request, const char *version,
                       struct error *error);

/* Reads what is there without waiting. */
void slot_receive(struct slot *slot);

/* Kills the worker for exceeding a limit, as its records will say. */
void slot_check_limits(struct slot *slot, double timeout_s, uint64_t memory_limit_bytes);

/* True when the process has ended; its records are then complete. */
bool slot_reap(struct slot *slot);

/* Kills what runs, waits for it, and frees everything. Takes a free slot. */
void slot_release(struct slot *slot);

#endif
