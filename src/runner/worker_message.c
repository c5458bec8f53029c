#include "runner/worker_message.h"

#include <math.h>
#include <string.h>

static bool is_terminated(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool is_sound_repeat(const struct record_repeat *repeat)
{
    if (!(repeat->score >= 0 && repeat->score <= 1) || !isfinite(repeat->fit_s) ||
        !isfinite(repeat->predict_s) || !isfinite(repeat->cpu_s))
        return false;
    if (repeat->n_measures > RECORD_MEASURES_MAX)
        return false;
    for (size_t i = 0; i < repeat->n_measures; i++)
        if (!is_terminated(repeat->measures[i].name, sizeof repeat->measures[i].name))
            return false;
    return true;
}

bool worker_message_is_sound(const struct worker_message *message)
{
    if (message->magic != WORKER_MAGIC)
        return false;
    switch (message->kind) {
    case WORKER_REPEAT:
        return is_terminated(message->solver, sizeof message->solver) &&
               is_terminated(message->implementation, sizeof message->implementation) &&
               is_sound_repeat(&message->repeat);
    case WORKER_DONE:
        return true;
    case WORKER_FAILED:
    case WORKER_CRASHED:
        return is_terminated(message->error.message, sizeof message->error.message);
    }
    return false;
}

bool worker_labels_are_sound(const uint8_t *labels, size_t n_labels, size_t n_classes)
{
    for (size_t i = 0; i < n_labels; i++)
        if (labels[i] >= n_classes)
            return false;
    return true;
}
