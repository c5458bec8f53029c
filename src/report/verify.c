#include "report/verify.h"

#include "report/finish.h"
#include "report/parameter_text.h"
#include "report/reference.h"
#include "report/tolerance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct verify {
    FILE *out;
    const struct reference *reference;
    const struct results_dataset *dataset;
    struct verify_counts counts; /* of the dataset */
};

static enum status write_row(struct verify *verify, const struct record *record,
                             struct error *error)
{
    char *label = parameter_label(record->parameter);
    if (!label)
        return error_memory(error, "a row of the check", 0);
    fprintf(verify->out, "%s: %s %s: ", verify->dataset->name, record->name, label);
    free(label);
    return STATUS_OK;
}

static enum status write_outside(struct verify *verify, const struct record *record,
                                 double reference, double tolerance, struct error *error)
{
    const enum status status = write_row(verify, record, error);
    if (status)
        return status;
    if (record->status == RECORD_OK)
        fprintf(verify->out,
                "OUTSIDE: ours %.4f, reference %.4f, difference %+.4f, tolerance %.4f\n",
                record_mean_accuracy(record), reference, record_mean_accuracy(record) - reference,
                tolerance);
    else
        fprintf(verify->out, "OUTSIDE: ours has no accuracy (%s%s%s), reference %.4f\n",
                record_status_name(record->status), record->reason[0] ? ": " : "", record->reason,
                reference);
    return STATUS_OK;
}

static enum status verify_row(struct verify *verify, const struct results_row *row,
                              struct error *error)
{
    const struct record *record = row->record;
    if (record->status == RECORD_REJECTED)
        return STATUS_OK;
    const struct reference_query query = {.name = record->name,
                                          .key = row->key,
                                          .dataset = verify->dataset->name,
                                          .n_train = record->n_train};
    const struct reference_row *reference = reference_find(verify->reference, &query);
    if (!reference) {
        verify->counts.n_without_reference++;
        const enum status status = write_row(verify, record, error);
        if (!status)
            fputs("no reference\n", verify->out);
        return status;
    }
    const double tolerance = tolerance_of(record->name, record->parameter);
    if (record->status == RECORD_OK &&
        fabs(record_mean_accuracy(record) - reference->accuracy) <= tolerance) {
        verify->counts.n_within++;
        return STATUS_OK;
    }
    verify->counts.n_outside++;
    return write_outside(verify, record, reference->accuracy, tolerance, error);
}

static enum status verify_dataset(struct verify *verify, struct error *error)
{
    for (size_t i = 0; i < verify->dataset->n_rows; i++) {
        const enum status status = verify_row(verify, &verify->dataset->rows[i], error);
        if (status)
            return status;
    }
    const struct verify_counts *counts = &verify->counts;
    fprintf(verify->out, "%s: %zu of %zu rows within tolerance, %zu without a reference\n",
            verify->dataset->name, counts->n_within, counts->n_within + counts->n_outside,
            counts->n_without_reference);
    return STATUS_OK;
}

static enum status verify_all(FILE *out, const struct results *results,
                              const struct reference *reference, struct verify_counts *counts,
                              struct error *error)
{
    for (size_t i = 0; i < results->n_datasets; i++) {
        struct verify verify = {
            .out = out, .reference = reference, .dataset = &results->datasets[i]};
        const enum status status = verify_dataset(&verify, error);
        if (status)
            return status;
        counts->n_within += verify.counts.n_within;
        counts->n_outside += verify.counts.n_outside;
        counts->n_without_reference += verify.counts.n_without_reference;
    }
    return report_finish(out, "the check", error);
}

enum status verify_write(FILE *out, const struct results_request *request, const char *path,
                         struct verify_counts *counts, struct error *error)
{
    struct results results = {0};
    struct reference reference = {0};
    *counts = (struct verify_counts){0};
    enum status status = reference_read(&reference, path, error);
    if (!status)
        status = results_read(&results, request, error);
    if (!status)
        status = verify_all(out, &results, &reference, counts, error);
    results_destroy(&results);
    reference_destroy(&reference);
    return status;
}

bool verify_passed(const struct verify_counts *counts)
{
    return counts->n_outside == 0 && counts->n_within > 0;
}
