#include "report/outcomes.h"

#include "base/memory.h"
#include "loader/idx.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void outcomes_labels_path(char *path, size_t size, const char *dataset, const char *hash)
{
    snprintf(path, size, "predictions/%s/labels-%.16s.idx1-ubyte.gz", dataset, hash);
}

/* The labels in a file of the folder, or none where there is no such file. */
static enum status read_labels(struct idx *idx, const char *directory, const char *relative,
                               size_t n_dimensions, struct error *error)
{
    char *path;
    *idx = (struct idx){.bytes = NULL};
    if (asprintf(&path, "%s/%s", directory, relative) < 0)
        return error_memory(error, "a path", 0);
    enum status status = STATUS_OK;
    if (access(path, F_OK) == 0)
        status =
            idx_read(idx, &(struct idx_request){.path = path, .n_dimensions = n_dimensions}, error);
    free(path);
    return status;
}

static enum status wrong_size(const char *path, const struct record *record, struct error *error)
{
    return error_set(error, STATUS_DATA,
                     "%s does not hold the labels of %zu repeats of %zu images, as the record of "
                     "%s in the journal says; run that cell again with --force",
                     path, record->n_repeats, record->n_test, record->name);
}

static enum status read_truth(struct outcomes *o, const char *directory,
                              const struct record *record, struct error *error)
{
    char path[512];
    struct idx idx;
    outcomes_labels_path(path, sizeof path, record->dataset, record->dataset_hash);
    const enum status status = read_labels(&idx, directory, path, 1, error);
    if (status || !idx.bytes)
        return status;
    o->n_test = idx.n_kept;
    o->truth = idx.bytes;
    if (o->n_test != record->n_test)
        return error_set(error, STATUS_DATA, "%s/%s has %zu labels, but the journal %zu test rows",
                         directory, path, o->n_test, record->n_test);
    return STATUS_OK;
}

static enum status read_predicted(struct outcomes *o, struct outcome *row, const char *directory,
                                  struct error *error)
{
    const struct record *record = row->record;
    struct idx idx;
    if (!record || record->status != RECORD_OK || !record->predictions[0])
        return STATUS_OK;
    const enum status status = read_labels(&idx, directory, record->predictions, 2, error);
    if (status || !idx.bytes)
        return status;
    row->predicted = idx.bytes;
    if (idx.sizes[0] != record->n_repeats || idx.sizes[1] != o->n_test)
        return wrong_size(record->predictions, record, error);
    row->right = malloc(record->n_repeats * o->n_test + 1);
    return row->right ? STATUS_OK : error_memory(error, "the outcomes of a row", o->n_test);
}

/* Compares with the truth, by repeat, and holds the accuracies against those of the record. */
static enum status judge(const struct outcomes *o, struct outcome *row, struct error *error)
{
    const struct record *record = row->record;
    double scores[RECORD_REPEATS_MAX];
    assert(row->predicted && row->right);
    for (size_t r = 0; r < record->n_repeats; r++) {
        size_t n_right = 0;
        for (size_t i = 0; i < o->n_test; i++) {
            const size_t at = r * o->n_test + i;
            row->right[at] = row->predicted[at] == o->truth[i];
            n_right += row->right[at];
        }
        scores[r] = (double)n_right / (double)o->n_test;
        if (fabs(scores[r] - record->repeats[r].score) > 1e-9)
            return error_set(error, STATUS_DATA,
                             "%s: the labels of repeat %zu give the accuracy %.6g, but the journal "
                             "says %.6g; one of the two is damaged: run that cell again with "
                             "--force",
                             record->predictions, r + 1, scores[r], record->repeats[r].score);
    }
    /* The repeat that as many are better as are worse than. */
    for (size_t r = 0; r < record->n_repeats; r++) {
        size_t n_below = 0;
        for (size_t q = 0; q < record->n_repeats; q++)
            n_below += scores[q] < scores[r] || (q < r && scores[q] == scores[r]);
        if (n_below == (record->n_repeats - 1) / 2)
            row->typical = r;
    }
    return STATUS_OK;
}

static void mark(bool seen[static OUTCOMES_CLASSES_MAX], const uint8_t *labels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        seen[labels[i]] = true;
}

static void renumber(uint8_t *labels, size_t n, const uint8_t place[static OUTCOMES_CLASSES_MAX])
{
    for (size_t i = 0; i < n; i++)
        labels[i] = place[labels[i]];
}

/* Labels become places in the list of those that there are. */
static void number_classes(struct outcomes *o)
{
    bool seen[OUTCOMES_CLASSES_MAX] = {false};
    uint8_t place[OUTCOMES_CLASSES_MAX] = {0};
    mark(seen, o->truth, o->n_test);
    for (size_t row = 0; row < o->n_rows; row++)
        if (o->rows[row].predicted)
            mark(seen, o->rows[row].predicted, o->rows[row].record->n_repeats * o->n_test);
    for (size_t label = 0; label < OUTCOMES_CLASSES_MAX; label++)
        if (seen[label]) {
            place[label] = (uint8_t)o->n_classes;
            o->classes[o->n_classes++] = (uint8_t)label;
        }
    renumber(o->truth, o->n_test, place);
    for (size_t row = 0; row < o->n_rows; row++)
        if (o->rows[row].predicted)
            renumber(o->rows[row].predicted, o->rows[row].record->n_repeats * o->n_test, place);
}

enum status outcomes_read(struct outcomes *o, const struct outcomes_request *request,
                          struct error *error)
{
    *o = (struct outcomes){.n_rows = request->n_records};
    o->rows = calloc(request->n_records + 1, sizeof *o->rows);
    if (!o->rows)
        return error_memory(error, "the outcomes", request->n_records * sizeof *o->rows);
    const struct record *any = NULL;
    for (size_t i = 0; i < o->n_rows; i++) {
        o->rows[i].record = request->records[i];
        any = any ? any : request->records[i];
    }
    enum status status = any ? read_truth(o, request->directory, any, error) : STATUS_OK;
    for (size_t i = 0; i < o->n_rows && o->truth && !status; i++) {
        status = read_predicted(o, &o->rows[i], request->directory, error);
        if (!status && o->rows[i].predicted)
            status = judge(o, &o->rows[i], error);
    }
    if (status)
        outcomes_destroy(o);
    else if (o->truth)
        number_classes(o);
    return status;
}

void outcomes_destroy(struct outcomes *o)
{
    for (size_t i = 0; o->rows && i < o->n_rows; i++) {
        memory_free(o->rows[i].predicted);
        free(o->rows[i].right);
    }
    free(o->rows);
    memory_free(o->truth);
    *o = (struct outcomes){0};
}

struct discordance outcomes_discordance(const struct outcome *first, const struct outcome *second,
                                        size_t n_test)
{
    const uint8_t *a = first->right + first->typical * n_test;
    const uint8_t *b = second->right + second->typical * n_test;
    struct discordance d = {0, 0};
    for (size_t i = 0; i < n_test; i++) {
        d.only_first += a[i] & (b[i] ^ 1);
        d.only_second += b[i] & (a[i] ^ 1);
    }
    return d;
}
