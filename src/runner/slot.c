#include "runner/slot.h"

#include "base/clock.h"
#include "base/memory.h"
#include "runner/cell_memory.h"
#include "runner/machine.h"
#include "runner/process_tree.h"
#include "runner/worker_message.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a worker may live on after it was done, and without a pipe to say that it is. */
static const double LINGER_S = 5, MUTE_S = 1;

/* How long after its worker's end a signal may reach this process that was sent to both. */
static const double SAME_CAUSE_S = 0.5;

static size_t message_capacity(const struct cell *cell)
{
    return sizeof(struct worker_message) + cell->dataset->test.n_rows;
}

/* -1: not known. */
static int64_t needed_bytes(const struct worker_request *request)
{
    if (request->cell->point->external)
        return -1;
    const double bytes =
        cell_memory_need(request->cell, (size_t)request->n_threads, request->memory_limit_bytes)
            .bytes;
    return bytes < 0x1p62 ? (int64_t)bytes : -1;
}

static void begin_record(struct record *r, const struct cell *cell,
                         const struct worker_request *request, const char *version)
{
    record_init(r);
    snprintf(r->cell, sizeof r->cell, "%s", cell->identity);
    snprintf(r->name, sizeof r->name, "%s", cell->point->class->name);
    snprintf(r->dataset, sizeof r->dataset, "%s", cell->dataset->name);
    snprintf(r->dataset_hash, sizeof r->dataset_hash, "%s", cell->dataset->hash);
    snprintf(r->version, sizeof r->version, "%s", version);
    machine_host_name(r->host, sizeof r->host);
    r->parameter = json_incref(cell->point->parameter);
    if (cell->point->external) {
        const struct classifier_class *peer_of = cell->point->external->peer_of;
        r->command = json_incref(cell->point->external->command);
        snprintf(r->peer_of, sizeof r->peer_of, "%s", peer_of ? peer_of->name : "");
    }
    r->n_train = cell->dataset->train.n_rows;
    r->n_test = cell->dataset->test.n_rows;
    r->n_features = cell->dataset->n_features;
    r->n_classes = cell->dataset->n_classes;
    r->threads = request->n_threads;
    r->needed_bytes = needed_bytes(request);
    if (dataset_mapped_bytes(cell->dataset))
        r->mapped_bytes = (int64_t)dataset_mapped_bytes(cell->dataset);
    r->seed = cell->seed;
    r->start_time = clock_epoch_s();
}

static enum status begin_readers(struct slot *slot, const struct worker_request *request,
                                 const char *version, struct error *error)
{
    const struct cell *cell = slot->cell;
    const size_t n_labels = cell->n_repeats * cell->dataset->test.n_rows;
    slot->n_readers = cell_n_readers(cell);
    slot->readers = memory_zeroed(slot->n_readers, sizeof *slot->readers);
    if (!slot->readers)
        return error_memory(error, "records", slot->n_readers * sizeof *slot->readers);
    for (size_t i = 0; i < slot->n_readers; i++, cell = cell->reader) {
        struct reading_record *reader = &slot->readers[i];
        reader->cell = cell;
        begin_record(&reader->record, cell, request, version);
        reader->predicted = memory_array(n_labels, 1);
        if (!reader->predicted)
            return error_memory(error, "predicted labels", n_labels);
    }
    return STATUS_OK;
}

enum status slot_start(struct slot *slot, const struct worker_request *request, const char *version,
                       struct error *error)
{
    *slot = (struct slot){.fd = -1, .cell = request->cell, .start_s = clock_now_s()};
    enum status status = begin_readers(slot, request, version, error);
    const size_t capacity = message_capacity(slot->cell);
    slot->received = memory_array(capacity, 1);
    if (!status && !slot->received)
        status = error_memory(error, "what a worker sends", capacity);
    if (!status)
        status = worker_start(request, &slot->pid, &slot->fd, error);
    if (status) {
        slot->pid = 0;
        slot_release(slot);
    }
    return status;
}

static void take_repeat(struct slot *slot, const struct worker_message *message,
                        const uint8_t *labels)
{
    const size_t n_test = slot->cell->dataset->test.n_rows;
    struct record *r = &slot->readers[message->reader].record;
    memcpy(slot->readers[message->reader].predicted + r->n_repeats * n_test, labels, n_test);
    r->repeats[r->n_repeats++] = message->repeat;
    memcpy(r->solver, message->solver, sizeof r->solver);
    memcpy(r->implementation, message->implementation, sizeof r->implementation);
}

static void take_failure(struct slot *slot, const struct worker_message *message)
{
    const bool is_memory = message->error.status == STATUS_MEMORY;
    slot->status = is_memory                         ? RECORD_OUT_OF_MEMORY
                   : message->kind == WORKER_CRASHED ? RECORD_CRASHED
                                                     : RECORD_FAILED;
    snprintf(slot->reason, sizeof slot->reason, "%s", message->error.message);
}

/* Has each reader the repeats that it was to have? A deterministic class may stop at two. */
static bool has_all_repeats(const struct slot *slot)
{
    const size_t n_enough = slot->cell->point->class->is_deterministic && slot->cell->n_repeats > 2
                                ? 2
                                : slot->cell->n_repeats;
    for (size_t i = 0; i < slot->n_readers; i++)
        if (slot->readers[i].record.n_repeats < n_enough)
            return false;
    return true;
}

/* What is wrong with a message at this point, or NULL. */
static const char *object_to(const struct slot *slot, const struct worker_message *message)
{
    if (slot->said_end)
        return "the worker went on after it was done";
    if (!worker_message_is_sound(message))
        return "the worker sent what is no message";
    if (message->kind == WORKER_DONE && !has_all_repeats(slot))
        return "the worker was done before its repeats were";
    if (message->kind == WORKER_REPEAT &&
        (message->reader >= slot->n_readers ||
         slot->readers[message->reader].record.n_repeats >= slot->cell->n_repeats))
        return "the worker sent a repeat too many";
    return NULL;
}

static void take_end(struct slot *slot, const struct worker_message *message)
{
    if (message->kind != WORKER_DONE)
        take_failure(slot, message);
    slot->said_end = true;
    slot->silent_since_s = clock_now_s();
}

/* Takes the message at the front of what was received, if it is whole. */
static void take_message(struct slot *slot)
{
    struct worker_message message;
    const uint8_t *labels = slot->received + sizeof message;
    const struct dataset *d = slot->cell->dataset;
    if (slot->n_received < sizeof message)
        return;
    memcpy(&message, slot->received, sizeof message);
    slot->objection = object_to(slot, &message);
    if (slot->objection)
        return;
    if (message.kind == WORKER_REPEAT) {
        if (slot->n_received < message_capacity(slot->cell))
            return;
        if (!worker_labels_are_sound(labels, d->test.n_rows, d->n_classes))
            slot->objection = "the worker predicted what is no class";
        else
            take_repeat(slot, &message, labels);
    } else
        take_end(slot, &message);
    slot->n_received = 0;
}

/* How many bytes complete what is needed next: a message, or the labels behind it. */
static size_t n_wanted(const struct slot *slot)
{
    if (slot->n_received < sizeof(struct worker_message))
        return sizeof(struct worker_message) - slot->n_received;
    return message_capacity(slot->cell) - slot->n_received;
}

void slot_receive(struct slot *slot)
{
    while (slot->fd >= 0 && !slot->objection) {
        const ssize_t got = read(slot->fd, slot->received + slot->n_received, n_wanted(slot));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            close(slot->fd);
            slot->fd = -1;
            if (!slot->said_end)
                slot->silent_since_s = clock_now_s();
            return;
        }
        slot->n_received += (size_t)got;
        take_message(slot);
    }
}

/* The worker holds still meanwhile, so that nothing is started behind our back. */
static void kill_all(const struct slot *slot)
{
    kill(slot->pid, SIGSTOP);
    process_tree_kill_below(slot->pid);
    kill(-slot->pid, SIGKILL);
    kill(slot->pid, SIGKILL);
}

__attribute__((format(printf, 3, 4))) static void
kill_for(struct slot *slot, enum record_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(slot->reason, sizeof slot->reason, format, arguments);
    va_end(arguments);
    slot->status = status;
    slot->was_killed = true;
    kill_all(slot);
}

/* Also keeps the largest sum over the processes of a cell: the kernel knows that of one alone. */
static bool exceeds_memory(struct slot *slot, uint64_t limit_bytes)
{
    slot->resident_bytes = process_tree_resident_bytes(slot->pid);
    if (slot->resident_bytes > slot->peak_resident_bytes)
        slot->peak_resident_bytes = slot->resident_bytes;
    return limit_bytes && slot->resident_bytes > limit_bytes;
}

bool slot_is_near_limit(const struct slot *slot, uint64_t memory_limit_bytes)
{
    return memory_limit_bytes && slot->resident_bytes > memory_limit_bytes / 2;
}

/* It has said all, or can say no more: it only has to end. What it has said stands. */
static void check_silence(struct slot *slot)
{
    const double silent_s = clock_now_s() - slot->silent_since_s;
    if (!slot->said_end && silent_s > MUTE_S)
        kill_for(slot, RECORD_CRASHED, "the worker closed its pipe before it was done");
    else if (silent_s > LINGER_S) {
        slot->was_killed = true;
        kill_all(slot);
    }
}

void slot_check_limits(struct slot *slot, double timeout_s, uint64_t memory_limit_bytes)
{
    if (slot->was_killed)
        return;
    if (slot->objection)
        kill_for(slot, RECORD_CRASHED, "%s", slot->objection);
    else if (slot->silent_since_s > 0)
        check_silence(slot);
    else if (timeout_s > 0 && clock_now_s() - slot->start_s > timeout_s)
        kill_for(slot, RECORD_TIMEOUT, "exceeded %g seconds", timeout_s);
    else if (exceeds_memory(slot, memory_limit_bytes))
        kill_for(slot, RECORD_OUT_OF_MEMORY, "exceeded %llu bytes",
                 (unsigned long long)memory_limit_bytes);
}

static void judge_end(struct slot *slot, int wait_status)
{
    if (slot->was_killed)
        return;
    if (slot->objection) {
        slot->status = RECORD_CRASHED;
        snprintf(slot->reason, sizeof slot->reason, "%s", slot->objection);
    } else if (slot->status != RECORD_OK) {
        return;
    } else if (WIFSIGNALED(wait_status)) {
        slot->status = RECORD_CRASHED;
        snprintf(slot->reason, sizeof slot->reason, "signal %d (%s)%s", WTERMSIG(wait_status),
                 strsignal(WTERMSIG(wait_status)),
                 WTERMSIG(wait_status) == SIGBUS && dataset_mapped_bytes(slot->cell->dataset)
                     ? ": the file of the images, which is mapped, was cut or cannot be read"
                     : "");
    } else if (WEXITSTATUS(wait_status) != 0 || !slot->said_end) {
        slot->status = RECORD_CRASHED;
        snprintf(slot->reason, sizeof slot->reason, "exited with status %d before it was done",
                 WEXITSTATUS(wait_status));
    }
}

static void end_record(const struct slot *slot, struct record *r, int64_t peak_rss_bytes)
{
    r->done_time = clock_epoch_s();
    r->peak_rss_bytes = peak_rss_bytes;
    r->status = slot->status;
    snprintf(r->reason, sizeof r->reason, "%s", slot->reason);
}

bool slot_reap(struct slot *slot)
{
    struct rusage usage;
    int wait_status;
    if (wait4(slot->pid, &wait_status, WNOHANG, &usage) != slot->pid)
        return false;
    kill(-slot->pid, SIGKILL); /* what it may have started */
    slot->pid = 0;
    slot->ended_s = clock_now_s();
    slot_receive(slot);
    judge_end(slot, wait_status);
    int64_t peak_rss_bytes = (int64_t)usage.ru_maxrss * 1024;
    if (slot->cell->point->external && (int64_t)slot->peak_resident_bytes > peak_rss_bytes)
        peak_rss_bytes = (int64_t)slot->peak_resident_bytes;
    for (size_t i = 0; i < slot->n_readers; i++)
        end_record(slot, &slot->readers[i].record, peak_rss_bytes);
    return true;
}

bool slot_has_just_failed(const struct slot *slot)
{
    return !slot->was_killed && !slot->objection &&
           (slot->status == RECORD_CRASHED || slot->status == RECORD_FAILED) &&
           clock_now_s() - slot->ended_s < SAME_CAUSE_S;
}

void slot_release(struct slot *slot)
{
    if (!slot->cell)
        return;
    if (slot->pid) {
        kill_all(slot);
        waitpid(slot->pid, NULL, 0);
    }
    if (slot->fd >= 0)
        close(slot->fd);
    for (size_t i = 0; slot->readers && i < slot->n_readers; i++) {
        record_destroy(&slot->readers[i].record);
        memory_free(slot->readers[i].predicted);
    }
    memory_free(slot->readers);
    memory_free(slot->received);
    *slot = (struct slot){.fd = -1};
}
