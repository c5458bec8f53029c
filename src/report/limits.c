#include "report/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double measure_of(const struct record *record, size_t repeat, const char *name)
{
    const struct record_repeat *r = &record->repeats[repeat];
    for (size_t i = 0; i < r->n_measures; i++)
        if (strcmp(r->measures[i].name, name) == 0)
            return r->measures[i].value;
    return 0;
}

/* Rows times features, 0 where the record does not know these. */
static double n_bytes(const struct record *record)
{
    return (double)record->n_train * (double)record->n_features;
}

struct limits_work limits_fit_work(const struct record *record, size_t repeat)
{
    struct limits_work work = {
        .amount = {
            [LIMITS_FLOAT_FLOPS] = measure_of(record, repeat, "fit_float_flops"),
            [LIMITS_DOUBLE_FLOPS] = measure_of(record, repeat, "fit_double_flops"),
            [LIMITS_HISTOGRAM_UPDATES] = measure_of(record, repeat, "histogram_updates"),
            [LIMITS_BYTES_READ] = measure_of(record, repeat, "bytes_scanned"),
        }};
    if (strcmp(record->name, "GaussianNB") == 0)
        work.amount[LIMITS_BYTES_READ] += n_bytes(record);
    return work;
}

struct limits_work limits_predict_work(const struct record *record, size_t repeat)
{
    struct limits_work work = {
        .amount = {
            [LIMITS_FLOAT_FLOPS] = measure_of(record, repeat, "predict_float_flops"),
            [LIMITS_DOUBLE_FLOPS] = measure_of(record, repeat, "predict_double_flops"),
        }};
    if (strcmp(record->name, "KNeighborsClassifier") == 0) {
        const json_t *p = json_object_get(record->parameter, "p");
        const bool is_manhattan = json_is_number(p) && json_number_value(p) == 1;
        work.amount[is_manhattan ? LIMITS_BYTE_DIFFERENCES : LIMITS_BYTE_PRODUCTS] =
            n_bytes(record) * (double)record->n_test;
    }
    return work;
}

/* least_s and kind of a part whose seconds and work are known. */
static void find_least(struct limits_part *part, const struct limits_peaks *peaks, int threads)
{
    double sum = 0, longest = 0;
    for (int k = 0; k < LIMITS_KINDS; k++) {
        const double least_s = part->work.amount[k] / (peaks->per_s[k] * threads);
        sum += least_s;
        if (least_s > longest) {
            longest = least_s;
            part->kind = (enum limits_kind)k;
        }
    }
    part->least_s = sum > 0 ? sum : NAN;
}

static void add_mean(struct limits_part *part, double seconds, const struct limits_work *work,
                     double n_repeats)
{
    part->seconds += seconds / n_repeats;
    for (int k = 0; k < LIMITS_KINDS; k++)
        part->work.amount[k] += work->amount[k] / n_repeats;
}

static void fill_row(struct limits_row *row, const struct limits_peaks *peaks)
{
    const struct record *record = row->record;
    const double n = (double)record->n_repeats;
    for (size_t r = 0; r < record->n_repeats; r++) {
        const struct limits_work fit = limits_fit_work(record, r);
        const struct limits_work predict = limits_predict_work(record, r);
        add_mean(&row->fit, record->repeats[r].fit_s, &fit, n);
        add_mean(&row->predict, record->repeats[r].predict_s, &predict, n);
        row->cpu_s += record->repeats[r].cpu_s / n;
    }
    find_least(&row->fit, peaks, record->threads);
    find_least(&row->predict, peaks, record->threads);
}

enum status limits_build(struct limits *limits, const struct results *results,
                         const struct limits_peaks *peaks, struct error *error)
{
    size_t n_rows = 0;
    for (size_t d = 0; d < results->n_datasets; d++)
        n_rows += results->datasets[d].n_rows;
    *limits = (struct limits){.peaks = *peaks, .rows = calloc(n_rows + 1, sizeof *limits->rows)};
    if (!limits->rows)
        return error_memory(error, "the limits", n_rows * sizeof *limits->rows);
    for (size_t d = 0; d < results->n_datasets; d++)
        for (size_t i = 0; i < results->datasets[d].n_rows; i++) {
            const struct record *record = results->datasets[d].rows[i].record;
            if (record->status != RECORD_OK || record->command)
                continue;
            struct limits_row *row = &limits->rows[limits->n_rows++];
            *row = (struct limits_row){.dataset = results->datasets[d].name, .record = record};
            fill_row(row, peaks);
        }
    return STATUS_OK;
}

void limits_destroy(struct limits *limits)
{
    free(limits->rows);
    *limits = (struct limits){.n_rows = 0};
}

struct limits_family limits_family_of(const struct limits *limits, const struct limits_row *row)
{
    struct limits_family family = {.n_rows = 0};
    double least_s[LIMITS_KINDS] = {0};
    for (size_t i = 0; i < limits->n_rows; i++) {
        const struct limits_row *other = &limits->rows[i];
        if (strcmp(other->dataset, row->dataset) != 0 ||
            strcmp(other->record->name, row->record->name) != 0)
            continue;
        family.n_rows++;
        family.cpu_s += other->cpu_s;
        const struct limits_part *const parts[] = {&other->fit, &other->predict};
        for (size_t p = 0; p < 2; p++) {
            family.seconds += parts[p]->seconds;
            if (isnan(parts[p]->least_s))
                continue;
            family.least_s += parts[p]->least_s;
            family.least_cpu_s += parts[p]->least_s * other->record->threads;
            least_s[parts[p]->kind] += parts[p]->least_s;
        }
    }
    for (int k = 0; k < LIMITS_KINDS; k++)
        if (least_s[k] > least_s[family.kind])
            family.kind = (enum limits_kind)k;
    return family;
}
