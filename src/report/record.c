#include "report/record.h"

#include "report/json_text.h"
#include "report/record_keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct record_list record_lists[N_RECORD_LISTS] = {
    {"score", offsetof(struct record_repeat, score), 1},
    {"fit_s", offsetof(struct record_repeat, fit_s), HUGE_VAL},
    {"predict_s", offsetof(struct record_repeat, predict_s), HUGE_VAL},
    {"cpu_s", offsetof(struct record_repeat, cpu_s), HUGE_VAL},
};

#define ENVIRONMENT_TEXT(field)                                                                    \
    {                                                                                              \
#field, offsetof(struct record_environment, field),                                        \
            sizeof((struct record_environment *)NULL)->field                                       \
    }
const struct environment_text environment_texts[N_ENVIRONMENT_TEXTS] = {
    ENVIRONMENT_TEXT(commit), ENVIRONMENT_TEXT(source),    ENVIRONMENT_TEXT(compiler),
    ENVIRONMENT_TEXT(flags),  ENVIRONMENT_TEXT(blas),      ENVIRONMENT_TEXT(blas_kernel),
    ENVIRONMENT_TEXT(simd),   ENVIRONMENT_TEXT(processor),
};

const struct environment_count environment_counts[N_ENVIRONMENT_COUNTS] = {
    {"cores", offsetof(struct record_environment, cores)},
    {"jobs", offsetof(struct record_environment, jobs)},
    {"repeats", offsetof(struct record_environment, repeats)},
    {"memory_limit_bytes", offsetof(struct record_environment, memory_limit_bytes)},
};

const char *record_status_name(enum record_status status)
{
    switch (status) {
    case RECORD_OK:
        return "ok";
    case RECORD_REJECTED:
        return "rejected";
    case RECORD_TIMEOUT:
        return "timeout";
    case RECORD_OUT_OF_MEMORY:
        return "out_of_memory";
    case RECORD_CRASHED:
        return "crashed";
    case RECORD_FAILED:
        return "failed";
    }
    return "failed";
}

void record_environment_init(struct record_environment *environment)
{
    *environment = (struct record_environment){.is_modified = -1,
                                               .cores = -1,
                                               .jobs = -1,
                                               .repeats = -1,
                                               .memory_limit_bytes = -1,
                                               .timeout_s = -1};
}

void record_init(struct record *record)
{
    memset(record, 0, sizeof *record);
    record_environment_init(&record->environment);
    record->peak_rss_bytes = record->needed_bytes = record->mapped_bytes = -1;
    for (size_t r = 0; r < RECORD_REPEATS_MAX; r++) {
        record->repeats[r].n_iter = -1;
        record->repeats[r].converged = -1;
    }
}

void record_destroy(struct record *record)
{
    json_decref(record->parameter);
    json_decref(record->command);
    record->parameter = record->command = NULL;
}

double record_mean_accuracy(const struct record *record)
{
    double sum = 0;
    for (size_t r = 0; r < record->n_repeats; r++)
        sum += record->repeats[r].score;
    return sum / (double)record->n_repeats;
}

double record_std_accuracy(const struct record *record)
{
    const double mean = record_mean_accuracy(record);
    double sum = 0;
    for (size_t r = 0; r < record->n_repeats; r++) {
        const double off = record->repeats[r].score - mean;
        sum += off * off;
    }
    return 2 * sqrt(sum / (double)record->n_repeats);
}

/* All the add_ functions return 0, or -1 when memory is short or a number has no JSON. */

static int add_text(json_t *line, const char *key, const char *text)
{
    return *text ? json_object_set_new(line, key, json_text_string(text)) : 0;
}

static int add_integer(json_t *line, const char *key, int64_t value)
{
    return json_object_set_new(line, key, json_integer(value));
}

static int add_list(json_t *line, const struct record *record, const struct record_list *list)
{
    json_t *values = json_array();
    int failed = 0;
    for (size_t r = 0; r < record->n_repeats; r++) {
        double value;
        memcpy(&value, (const char *)&record->repeats[r] + list->offset, sizeof value);
        failed |= json_array_append_new(values, json_real(value));
    }
    return json_object_set_new(line, list->key, values) | failed;
}

static int add_n_iter(json_t *line, const struct record *record)
{
    json_t *values = json_array();
    int failed = 0, present = 0;
    for (size_t r = 0; r < record->n_repeats; r++) {
        const long n_iter = record->repeats[r].n_iter;
        present |= n_iter >= 0;
        failed |= json_array_append_new(values, n_iter < 0 ? json_null() : json_integer(n_iter));
    }
    if (present)
        return json_object_set_new(line, "n_iter", values) | failed;
    json_decref(values);
    return failed;
}

static int add_converged(json_t *line, const struct record *record)
{
    json_t *values = json_array();
    int failed = 0, present = 0;
    for (size_t r = 0; r < record->n_repeats; r++) {
        const int converged = record->repeats[r].converged;
        present |= converged >= 0;
        failed |=
            json_array_append_new(values, converged < 0 ? json_null() : json_boolean(converged));
    }
    if (present)
        return json_object_set_new(line, "converged", values) | failed;
    json_decref(values);
    return failed;
}

static json_t *list_of_nulls(size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++)
        if (json_array_append_new(list, json_null())) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

/* A measure that is not finite (the gap of a problem without a bound) has no JSON: it is absent. */
static int add_measures(json_t *line, const struct record *record)
{
    json_t *measures = json_object();
    int failed = !measures;
    for (size_t r = 0; r < record->n_repeats; r++) {
        const struct record_repeat *repeat = &record->repeats[r];
        for (size_t m = 0; m < repeat->n_measures; m++) {
            const struct record_measure *measure = &repeat->measures[m];
            if (!isfinite(measure->value))
                continue;
            if (!json_object_get(measures, measure->name))
                failed |=
                    json_object_set_new(measures, measure->name, list_of_nulls(record->n_repeats));
            failed |= json_array_set_new(json_object_get(measures, measure->name), r,
                                         json_real(measure->value));
        }
    }
    if (json_object_size(measures) > 0)
        return json_object_set_new(line, "measures", measures) | failed;
    json_decref(measures);
    return failed;
}

static int add_repeats(json_t *line, const struct record *record)
{
    int failed = add_integer(line, "num_repeat", (int64_t)record->n_repeats);
    if (record->n_repeats == 0)
        return failed;
    for (size_t i = 0; i < N_RECORD_LISTS; i++)
        failed |= add_list(line, record, &record_lists[i]);
    failed |= json_object_set_new(line, "mean_accuracy", json_real(record_mean_accuracy(record)));
    failed |= json_object_set_new(line, "std_accuracy", json_real(record_std_accuracy(record)));
    failed |= add_integer(line, "time_per_repeat",
                          (record->done_time - record->start_time) / (int64_t)record->n_repeats);
    return failed | add_n_iter(line, record) | add_converged(line, record) |
           add_measures(line, record);
}

static int add_dataset(json_t *line, const struct record *record)
{
    json_t *dataset = json_object();
    const int failed = json_object_set_new(dataset, "name", json_text_string(record->dataset)) |
                       json_object_set_new(dataset, "hash", json_text_string(record->dataset_hash));
    return json_object_set_new(line, "dataset", dataset) | failed;
}

/* Counts that are there. */
static int add_shape(json_t *line, const struct record *record)
{
    int failed = add_integer(line, "n_train", (int64_t)record->n_train) |
                 add_integer(line, "n_test", (int64_t)record->n_test);
    if (record->n_features)
        failed |= add_integer(line, "n_features", (int64_t)record->n_features);
    if (record->n_classes)
        failed |= add_integer(line, "n_classes", (int64_t)record->n_classes);
    return failed;
}

static int add_identity(json_t *line, const struct record *record)
{
    return json_object_set_new(line, "cell", json_text_string(record->cell)) |
           json_object_set_new(line, "name", json_text_string(record->name)) |
           json_object_set(line, "parameter", record->parameter) |
           json_object_set_new(line, "status", json_string(record_status_name(record->status))) |
           add_text(line, "reason", record->reason) | add_dataset(line, record) |
           add_shape(line, record) |
           json_object_set_new(line, "seed", json_text_integer(record->seed));
}

static int add_external(json_t *line, const struct record *record)
{
    int failed = add_text(line, "peer_of", record->peer_of) |
                 add_text(line, "implementation", record->implementation);
    if (record->command)
        failed |= json_object_set(line, "command", record->command);
    return failed;
}

static int add_circumstances(json_t *line, const struct record *record)
{
    int failed = add_text(line, "solver", record->solver) |
                 add_text(line, "predictions", record->predictions) |
                 add_text(line, "host", record->host) | add_text(line, "version", record->version) |
                 add_integer(line, "threads", record->threads) |
                 add_integer(line, "start_time", record->start_time) |
                 add_integer(line, "done_time", record->done_time);
    if (record->peak_rss_bytes >= 0)
        failed |= add_integer(line, "peak_rss_bytes", record->peak_rss_bytes);
    if (record->needed_bytes >= 0)
        failed |= add_integer(line, "needed_bytes", record->needed_bytes);
    if (record->mapped_bytes >= 0)
        failed |= add_integer(line, "mapped_bytes", record->mapped_bytes);
    return failed;
}

static int add_environment(json_t *line, const struct record_environment *e)
{
    json_t *object = json_object();
    int failed = !object;
    for (size_t i = 0; i < N_ENVIRONMENT_TEXTS; i++)
        failed |= add_text(object, environment_texts[i].key,
                           (const char *)e + environment_texts[i].offset);
    for (size_t i = 0; i < N_ENVIRONMENT_COUNTS; i++) {
        int64_t count;
        memcpy(&count, (const char *)e + environment_counts[i].offset, sizeof count);
        if (count >= 0)
            failed |= add_integer(object, environment_counts[i].key, count);
    }
    if (e->is_modified >= 0)
        failed |= json_object_set_new(object, "modified", json_boolean(e->is_modified));
    if (e->timeout_s >= 0)
        failed |= json_object_set_new(object, "timeout_s", json_real(e->timeout_s));
    if (json_object_size(object) > 0)
        return json_object_set_new(line, "environment", object) | failed;
    json_decref(object);
    return failed;
}

char *record_to_line(const struct record *record)
{
    json_t *line = json_object();
    char *text = NULL;
    if (!(add_identity(line, record) | add_external(line, record) | add_repeats(line, record) |
          add_circumstances(line, record) | add_environment(line, &record->environment)))
        text = json_text(line);
    json_decref(line);
    return text;
}
