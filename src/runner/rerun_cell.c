#include "runner/rerun_cell.h"

#include "base/memory.h"
#include "loader/idx.h"
#include "report/parameter_text.h"
#include "runner/parameter_json.h"

#include <stdlib.h>
#include <string.h>

bool rerun_is_possible(const struct record *record)
{
    return record->status == RECORD_OK && record->predictions[0] && !record->command &&
           classifier_find(record->name);
}

/*
 * The cell whose identity the record has. It tells how many repeats ran and not always how many
 * were asked for, which is as many or more.
 */
static enum status find_cell(struct rerun_cell *rerun, const struct dataset *dataset,
                             struct error *error)
{
    const struct record *record = rerun->record;
    for (size_t n = record->n_repeats; n <= RECORD_REPEATS_MAX; n++) {
        const struct cell_request request = {
            .point = &rerun->point, .dataset = dataset, .n_repeats = n, .seed = record->seed};
        const enum status status = cell_init(&rerun->cell, &request, error);
        if (status || strcmp(rerun->cell.identity, record->cell) == 0)
            return status;
    }
    return error_set(error, STATUS_DATA,
                     "%s, cell %.16s: this program does not give the recorded parameters that "
                     "identity; its defaults have changed since, or the record was altered",
                     record->name, record->cell);
}

static enum status read_labels(struct rerun_cell *rerun, const char *directory, struct error *error)
{
    const struct record *record = rerun->record;
    struct idx idx = {.bytes = NULL};
    char *path;
    if (asprintf(&path, "%s/%s", directory, record->predictions) < 0)
        return error_memory(error, "a path", 0);
    enum status status =
        idx_read(&idx, &(struct idx_request){.path = path, .n_dimensions = 2}, error);
    if (!status && (idx.sizes[0] != record->n_repeats || idx.sizes[1] != record->n_test))
        status = error_set(error, STATUS_DATA,
                           "%s has %zu x %zu labels, but the journal %zu repeats of %zu test rows",
                           path, idx.sizes[0], idx.sizes[1], record->n_repeats, record->n_test);
    free(path);
    rerun->labels = idx.bytes;
    return status;
}

enum status rerun_cell_create(struct rerun_cell *rerun, const struct record *record,
                              const struct dataset *dataset, const char *directory,
                              struct error *error)
{
    *rerun = (struct rerun_cell){.record = record};
    rerun->point.class = classifier_find(record->name);
    rerun->point.parameter = json_incref(record->parameter);
    struct error why;
    enum status status = parameters_from_json(
        &rerun->point.parameters, rerun->point.class->parameters, record->parameter, &why);
    if (status)
        status = error_set(error, STATUS_DATA, "%s, cell %.16s: %s", record->name, record->cell,
                           why.message);
    if (!status)
        status = find_cell(rerun, dataset, error);
    return status ? status : read_labels(rerun, directory, error);
}

void rerun_cell_destroy(struct rerun_cell *rerun)
{
    json_decref(rerun->point.parameter);
    memory_free(rerun->labels);
    *rerun = (struct rerun_cell){.record = NULL};
}

/* Of one repeat. */
static size_t count_different(const struct rerun_cell *rerun, const uint8_t *predicted,
                              size_t repeat)
{
    const size_t n_test = rerun->record->n_test;
    const uint8_t *class_values = rerun->cell.dataset->class_values;
    size_t n = 0;
    for (size_t i = repeat * n_test; i < (repeat + 1) * n_test; i++)
        n += rerun->labels[i] != class_values[predicted[i]];
    return n;
}

static bool write_verdict(FILE *out, const struct rerun_cell *rerun, const struct record *again,
                          const uint8_t *predicted)
{
    const struct record *record = rerun->record;
    size_t n_different = 0;
    if (again->status != RECORD_OK) {
        fprintf(out, "DIFFERS: now ends as %s: %s\n", record_status_name(again->status),
                again->reason);
        return false;
    }
    const size_t n_repeats =
        again->n_repeats < record->n_repeats ? again->n_repeats : record->n_repeats;
    for (size_t r = 0; r < n_repeats; r++)
        n_different += count_different(rerun, predicted, r);
    if (n_different == 0 && again->n_repeats == record->n_repeats) {
        fprintf(out, "the same %zu labels\n", n_repeats * record->n_test);
        return true;
    }
    fprintf(out, "DIFFERS in %zu of %zu labels (by repeat:", n_different,
            n_repeats * record->n_test);
    for (size_t r = 0; r < n_repeats; r++)
        fprintf(out, " %zu", count_different(rerun, predicted, r));
    fprintf(out, ")");
    if (again->n_repeats != record->n_repeats)
        fprintf(out, " and has %zu repeats, not %zu", again->n_repeats, record->n_repeats);
    fputc('\n', out);
    return false;
}

enum status rerun_cell_write(FILE *out, const struct rerun_cell *rerun, const struct record *again,
                             const uint8_t *predicted, bool *is_same, struct error *error)
{
    char *label = parameter_label(rerun->record->parameter);
    if (!label)
        return error_memory(error, "a row of the check", 0);
    fprintf(out, "%s: %s %s: ", rerun->record->dataset, rerun->record->name, label);
    free(label);
    *is_same = write_verdict(out, rerun, again, predicted);
    return STATUS_OK;
}
