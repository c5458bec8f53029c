#include "report/compare.h"

#include "report/outcomes.h"
#include "report/parameter_text.h"
#include "report/table_model.h"
#include "statistics/order.h"
#include "statistics/tests.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One dataset of both folders, and the rows of either. */
struct part {
    const struct results_dataset *datasets[2];
    size_t n_rows;
    const struct record **records[2]; /* n_rows each, NULL where there is none; owned */
};

static bool is_ok(const struct record *record)
{
    return record && record->status == RECORD_OK;
}

static enum compare_fate fate_of(const struct record *first, const struct record *second)
{
    if (is_ok(first))
        return is_ok(second) ? COMPARE_BOTH : COMPARE_LOST;
    return is_ok(second) ? COMPARE_ADDED : COMPARE_NEITHER;
}

static void part_destroy(struct part *part)
{
    free(part->records[0]);
    free(part->records[1]);
}

/* The rows of the first folder, then those that only the second has. */
static enum status part_create(struct part *part, const struct results_dataset *first,
                               const struct results_dataset *second, struct error *error)
{
    const size_t most = (first ? first->n_rows : 0) + (second ? second->n_rows : 0);
    *part = (struct part){.datasets = {first, second}};
    for (size_t s = 0; s < 2; s++)
        part->records[s] = calloc(most + 1, sizeof *part->records[s]);
    if (!part->records[0] || !part->records[1])
        return error_memory(error, "the comparison", most * sizeof(void *));
    for (size_t i = 0; first && i < first->n_rows; i++, part->n_rows++) {
        const struct results_row *row = &first->rows[i];
        part->records[0][part->n_rows] = row->record;
        if (second)
            part->records[1][part->n_rows] = results_find(second, row->record->name, row->key);
    }
    for (size_t i = 0; second && i < second->n_rows; i++) {
        const struct results_row *row = &second->rows[i];
        if (!first || !results_find(first, row->record->name, row->key))
            part->records[1][part->n_rows++] = row->record;
    }
    return STATUS_OK;
}

static enum status check_content(const struct part *part, const char *const directories[2],
                                 struct error *error)
{
    const struct record *first = NULL, *second = NULL;
    for (size_t i = 0; i < part->n_rows; i++) {
        first = first ? first : part->records[0][i];
        second = second ? second : part->records[1][i];
    }
    if (!first || !second || strcmp(first->dataset_hash, second->dataset_hash) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_DATA,
                     "%s is not the same data in %s (%zu training and %zu test rows, hash %.16s) "
                     "and %s (%zu and %zu, %.16s): their accuracies cannot be compared",
                     first->dataset, directories[0], first->n_train, first->n_test,
                     first->dataset_hash, directories[1], second->n_train, second->n_test,
                     second->dataset_hash);
}

static struct sample sample_of_scores(const struct record *record)
{
    double values[RECORD_REPEATS_MAX];
    for (size_t r = 0; r < record->n_repeats; r++)
        values[r] = record->repeats[r].score;
    return sample_of(values, record->n_repeats);
}

static size_t seconds_of(const struct record *record, double values[static RECORD_REPEATS_MAX])
{
    for (size_t r = 0; r < record->n_repeats; r++)
        values[r] = record->repeats[r].fit_s + record->repeats[r].predict_s;
    return record->n_repeats;
}

static struct sample sample_of_log_seconds(const struct record *record)
{
    const double shortest_s = 1e-6; /* the logarithm of 0 is none */
    double values[RECORD_REPEATS_MAX];
    const size_t n = seconds_of(record, values);
    for (size_t r = 0; r < n; r++)
        values[r] = log(fmax(values[r], shortest_s));
    return sample_of(values, n);
}

static void compare_both(struct compare_row *row, const struct outcome *first,
                         const struct outcome *second, size_t n_test)
{
    const struct record *a = row->sides[0], *b = row->sides[1];
    double seconds[RECORD_REPEATS_MAX];
    assert(a && b);
    row->difference = record_mean_accuracy(b) - record_mean_accuracy(a);
    for (size_t s = 0; s < 2; s++)
        row->seconds[s] = median_of(seconds, seconds_of(row->sides[s], seconds));
    if (first->right && second->right) {
        const struct discordance d = outcomes_discordance(first, second, n_test);
        row->p_models = mcnemar_p(d.only_first, d.only_second);
    }
    if (a->n_repeats > 1 && b->n_repeats > 1) {
        row->p_seeds = welch_p(sample_of_scores(a), sample_of_scores(b));
        row->p_time = welch_p(sample_of_log_seconds(a), sample_of_log_seconds(b));
    }
    row->p = fmax(row->p_models, row->p_seeds); /* of the one that there is, if there is one */
}

static enum status add_row(struct compare *compare, const struct part *part, size_t i,
                           const struct outcomes outcomes[2], struct error *error)
{
    const struct record *first = part->records[0][i], *second = part->records[1][i];
    const struct record *any = first ? first : second;
    struct compare_row *row = &compare->rows[compare->n_rows++];
    *row = (struct compare_row){.dataset = any->dataset,
                                .name = any->name,
                                .label = parameter_label(any->parameter),
                                .sides = {first, second},
                                .fate = fate_of(first, second),
                                .p_models = NAN,
                                .p_seeds = NAN,
                                .p = NAN,
                                .p_time = NAN};
    if (!row->label)
        return error_memory(error, "the comparison", 0);
    if (row->fate == COMPARE_BOTH)
        compare_both(row, &outcomes[0].rows[i], &outcomes[1].rows[i], outcomes[0].n_test);
    return STATUS_OK;
}

static enum status add_part(struct compare *compare, const struct part *part,
                            const char *const directories[2], struct error *error)
{
    struct outcomes outcomes[2] = {{.n_rows = 0}, {.n_rows = 0}};
    enum status status = check_content(part, directories, error);
    for (size_t s = 0; s < 2 && !status; s++)
        status = outcomes_read(&outcomes[s],
                               &(struct outcomes_request){.directory = directories[s],
                                                          .records = part->records[s],
                                                          .n_records = part->n_rows},
                               error);
    if (!status) {
        struct compare_row *rows =
            realloc(compare->rows, (compare->n_rows + part->n_rows + 1) * sizeof *rows);
        if (rows)
            compare->rows = rows;
        else
            status = error_memory(error, "the comparison", part->n_rows * sizeof *rows);
    }
    for (size_t i = 0; i < part->n_rows && !status; i++)
        status = add_row(compare, part, i, outcomes, error);
    outcomes_destroy(&outcomes[0]);
    outcomes_destroy(&outcomes[1]);
    return status;
}

/* Adjusts the probabilities that `of` points to in each row, of the rows that have one. */
static enum status adjust(struct compare *compare, double *(*of)(struct compare_row *),
                          struct error *error)
{
    double *values = malloc((compare->n_rows + 1) * sizeof *values);
    if (!values)
        return error_memory(error, "adjusted probabilities", compare->n_rows * sizeof *values);
    size_t n = 0;
    for (size_t i = 0; i < compare->n_rows; i++)
        if (!isnan(*of(&compare->rows[i])))
            values[n++] = *of(&compare->rows[i]);
    const enum status status = holm_adjust(values, n, error);
    n = 0;
    for (size_t i = 0; i < compare->n_rows && !status; i++)
        if (!isnan(*of(&compare->rows[i])))
            *of(&compare->rows[i]) = values[n++];
    free(values);
    return status;
}

static double *p_of(struct compare_row *row)
{
    return &row->p;
}

static double *p_time_of(struct compare_row *row)
{
    return &row->p_time;
}

static void count_row(struct compare_counts *counts, const struct compare_row *row)
{
    counts->n_both += row->fate == COMPARE_BOTH;
    counts->n_lost += row->fate == COMPARE_LOST;
    counts->n_added += row->fate == COMPARE_ADDED;
    counts->n_tested += isnan(row->p) ? 0 : 1;
    counts->n_differ += row->differs;
    counts->n_slower += row->is_slower;
    counts->n_faster += row->is_faster;
}

static enum status judge(struct compare *compare, struct error *error)
{
    const struct compare_options *o = &compare->options;
    for (size_t i = 0; i < compare->n_rows; i++)
        if (compare->rows[i].p < o->alpha) /* not where it is NAN */
            compare->counts.n_below++;
    enum status status = adjust(compare, p_of, error);
    if (!status)
        status = adjust(compare, p_time_of, error);
    for (size_t i = 0; i < compare->n_rows && !status; i++) {
        struct compare_row *row = &compare->rows[i];
        const double ratio = row->seconds[1] / row->seconds[0];
        row->differs = row->p < o->alpha && fabs(row->difference) >= o->min_difference;
        const bool changed =
            row->p_time < o->alpha && fabs(row->seconds[1] - row->seconds[0]) >= o->min_seconds;
        row->is_slower = changed && ratio >= o->time_ratio;
        row->is_faster = changed && 1 / ratio >= o->time_ratio;
        count_row(&compare->counts, row);
    }
    return status;
}

static const struct results_dataset *find_dataset(const struct results *results, const char *name)
{
    for (size_t i = 0; i < results->n_datasets; i++)
        if (strcmp(results->datasets[i].name, name) == 0)
            return &results->datasets[i];
    return NULL;
}

static enum status add_pair(struct compare *compare, const struct results_dataset *first,
                            const struct results_dataset *second, const char *const directories[2],
                            struct error *error)
{
    struct part part;
    enum status status = part_create(&part, first, second, error);
    if (!status)
        status = add_part(compare, &part, directories, error);
    part_destroy(&part);
    return status;
}

enum status compare_build(struct compare *compare, const struct results folders[2],
                          const char *const directories[2], const struct compare_options *options,
                          struct error *error)
{
    enum status status = STATUS_OK;
    *compare = (struct compare){.options = *options};
    for (size_t i = 0; i < folders[0].n_datasets && !status; i++) {
        const struct results_dataset *first = &folders[0].datasets[i];
        status =
            add_pair(compare, first, find_dataset(&folders[1], first->name), directories, error);
    }
    for (size_t i = 0; i < folders[1].n_datasets && !status; i++) {
        const struct results_dataset *second = &folders[1].datasets[i];
        if (!find_dataset(&folders[0], second->name))
            status = add_pair(compare, NULL, second, directories, error);
    }
    if (!status)
        status = judge(compare, error);
    if (status)
        compare_destroy(compare);
    return status;
}

void compare_destroy(struct compare *compare)
{
    for (size_t i = 0; i < compare->n_rows; i++)
        free(compare->rows[i].label);
    free(compare->rows);
    *compare = (struct compare){0};
}

bool compare_is_clean(const struct compare *compare)
{
    return compare->counts.n_differ + compare->counts.n_slower + compare->counts.n_lost == 0;
}
