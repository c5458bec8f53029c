/* What a worker may say: its messages come from a process that may have gone wrong in any way. */
#ifndef FMBENCH_RUNNER_WORKER_MESSAGE_H
#define FMBENCH_RUNNER_WORKER_MESSAGE_H

#include "runner/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Are its kind, texts, counts and figures what a record can take? Thread-safe, as is the next. */
bool worker_message_is_sound(const struct worker_message *message);

/* Are all of these numbers of classes? */
bool worker_labels_are_sound(const uint8_t *labels, size_t n_labels, size_t n_classes);

#endif
