/*
 * The process that fits one model, for a cell and its readers, and what it tells its parent through
 * a pipe.
 *
 * The parent never computes: a process that has used OpenMP cannot fork workers that do. A worker
 * leads a process group of its own, adopts what its children leave behind, dies with its parent, is
 * the first to go when the machine runs out of memory, and sends one message a finished repeat of a
 * cell, each followed by the predicted labels, then one that it is done, or why it failed.
 */
#ifndef FMBENCH_RUNNER_WORKER_H
#define FMBENCH_RUNNER_WORKER_H

#include "base/error.h"
#include "report/record.h"
#include "runner/cell.h"

#include <stdint.h>
#include <sys/types.h>

enum { WORKER_MAGIC = 0x666d6201 };

enum worker_message_kind {
    WORKER_REPEAT = 1,
    WORKER_DONE,
    WORKER_FAILED,
    WORKER_CRASHED /* the classifier: an external one by a signal, one of ours by forking */
};

/* As it goes through the pipe; both ends are the same program. */
struct worker_message {
    uint32_t magic;
    enum worker_message_kind kind;
    uint32_t reader;             /* WORKER_REPEAT; 0 is the cell, 1 its first reader, ... */
    struct record_repeat repeat; /* WORKER_REPEAT; then n_test predicted class numbers follow */
    char solver[64];             /* WORKER_REPEAT; empty when the class has only one */
    char implementation[64];     /* WORKER_REPEAT; the version of an external classifier */
    struct error error;          /* WORKER_FAILED, WORKER_CRASHED */
};

struct worker_request {
    const struct cell *cell;
    int n_threads;
    uint64_t memory_limit_bytes; /* 0: none */
    const char *scratch;         /* absolute folder for the files of external classifiers */
};

/*
 * The folder within `scratch` that the worker of the cell may leave behind. It has the number of
 * the worker's parent in its name: a worker that outlives a killed parent by a moment is not in the
 * way of the next run. Release with free.
 */
char *worker_scratch(const char *scratch, pid_t parent, const struct cell *cell);

/*
 * Forks the worker of a cell. *pid and *fd (the reading end of its pipe, non-blocking, close on
 * exec) belong to the caller, who kills the process group and reaps the process.
 */
enum status worker_start(const struct worker_request *request, pid_t *pid, int *fd,
                         struct error *error);

#endif
