#include "report/mistakes.h"

#include <stdbool.h>
#include <string.h>

void mistakes_confusion(const struct outcomes *o, size_t row, size_t *restrict counts)
{
    const struct outcome *outcome = &o->rows[row];
    memset(counts, 0, o->n_classes * o->n_classes * sizeof *counts);
    for (size_t r = 0; r < outcome->record->n_repeats; r++)
        for (size_t i = 0; i < o->n_test; i++)
            counts[o->truth[i] * o->n_classes + outcome->predicted[r * o->n_test + i]]++;
}

/* What a row predicts in its typical repeat. */
static uint8_t typical(const struct outcomes *o, const struct outcome *row, size_t image)
{
    return row->predicted[row->typical * o->n_test + image];
}

static bool is_one_mistake(const struct outcomes *o, const struct outcome *row, size_t image)
{
    const uint8_t first = row->predicted[image];
    if (first == o->truth[image])
        return false;
    for (size_t r = 1; r < row->record->n_repeats; r++)
        if (row->predicted[r * o->n_test + image] != first)
            return false;
    return true;
}

static struct mistake mistake_of(const struct outcomes *o, const struct outcome *row, size_t image)
{
    struct mistake m = {
        .image = image, .truth = o->truth[image], .predicted = row->predicted[image]};
    for (size_t i = 0; i < o->n_rows; i++) {
        const struct outcome *other = &o->rows[i];
        if (!other->predicted || typical(o, other, image) != m.predicted)
            continue;
        m.n_rows++;
        m.n_family += strcmp(other->record->name, row->record->name) == 0;
    }
    return m;
}

static bool is_surer(const struct mistake *a, const struct mistake *b)
{
    return a->n_family != b->n_family ? a->n_family > b->n_family : a->n_rows < b->n_rows;
}

size_t mistakes_surest(const struct outcomes *o, size_t row, struct mistake *mistakes, size_t most)
{
    size_t n = 0;
    for (size_t image = 0; image < o->n_test; image++) {
        if (!is_one_mistake(o, &o->rows[row], image))
            continue;
        const struct mistake m = mistake_of(o, &o->rows[row], image);
        size_t at = n;
        while (at > 0 && is_surer(&m, &mistakes[at - 1]))
            at--;
        if (at == most)
            continue;
        n += n < most;
        memmove(mistakes + at + 1, mistakes + at, (n - at - 1) * sizeof *mistakes);
        mistakes[at] = m;
    }
    return n;
}

size_t mistakes_hardest(const struct outcomes *o, struct hard_image *images, size_t most)
{
    size_t n = 0;
    for (size_t image = 0; image < o->n_test; image++) {
        struct hard_image h = {.image = image};
        for (size_t i = 0; i < o->n_rows; i++)
            h.n_wrong += o->rows[i].predicted && typical(o, &o->rows[i], image) != o->truth[image];
        size_t at = n;
        while (at > 0 && h.n_wrong > images[at - 1].n_wrong)
            at--;
        if (at == most || h.n_wrong == 0)
            continue;
        n += n < most;
        memmove(images + at + 1, images + at, (n - at - 1) * sizeof *images);
        images[at] = h;
    }
    return n;
}

void mistakes_votes(const struct outcomes *o, size_t image, size_t *restrict counts)
{
    memset(counts, 0, o->n_classes * sizeof *counts);
    for (size_t i = 0; i < o->n_rows; i++)
        if (o->rows[i].predicted)
            counts[typical(o, &o->rows[i], image)]++;
}
