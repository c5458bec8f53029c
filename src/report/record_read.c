/* Reading a record: the line may come from anywhere, so nothing in it is taken on trust. */
#include "report/record.h"

#include "report/json_text.h"
#include "report/record_keys.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first error is kept, so that a run of reads needs one check at its end. */
struct reader {
    const json_t *object;
    const char *prefix; /* of the keys in messages: "" or "dataset." */
    struct error *error;
    enum status status;
};

static void fail(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fail(struct reader *reader, const char *format, ...)
{
    if (reader->status)
        return;
    char message[sizeof reader->error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    reader->status = error_set(reader->error, STATUS_DATA, "%s%s", reader->prefix, message);
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_REAL:
        return "a real number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "unknown";
}

enum presence { OPTIONAL, REQUIRED };

/* NULL when the key is absent or not of the type. */
static const json_t *get(struct reader *reader, const char *key, json_type type,
                         enum presence presence)
{
    const json_t *value = json_object_get(reader->object, key);
    if (!value) {
        if (presence == REQUIRED)
            fail(reader, "%s: is missing", key);
        return NULL;
    }
    if (json_typeof(value) == type)
        return value;
    const json_t sample = {.type = type};
    fail(reader, "%s: is %s; it must be %s", key, type_name(value), type_name(&sample));
    return NULL;
}

/* A required text is not empty. */
static void read_text(struct reader *reader, const char *key, char *text, size_t size,
                      enum presence presence)
{
    const json_t *value = get(reader, key, JSON_STRING, presence);
    if (!value)
        return;
    const size_t length = json_string_length(value);
    if (length >= size)
        fail(reader, "%s: has %zu bytes; at most %zu are allowed", key, length, size - 1);
    else if (length == 0 && presence == REQUIRED)
        fail(reader, "%s: is empty", key);
    else
        memcpy(text, json_string_value(value), length + 1);
}

/* Journals travel: what one names must be in its own folder. */
static void read_path(struct reader *reader, const char *key, char *path, size_t size)
{
    read_text(reader, key, path, size, OPTIONAL);
    if (path[0] == '/' || strstr(path, ".."))
        fail(reader, "%s: '%.200s' is not a path within the results folder", key, path);
}

static void read_hexadecimal(struct reader *reader, const char *key, char *text, size_t size)
{
    read_text(reader, key, text, size, REQUIRED);
    if (text[strspn(text, "0123456789abcdef")] != '\0')
        fail(reader, "%s: '%s' is not hexadecimal in small letters", key, text);
}

static int64_t read_integer(struct reader *reader, const char *key, int64_t minimum,
                            int64_t maximum, enum presence presence)
{
    const json_t *value = get(reader, key, JSON_INTEGER, presence);
    if (!value)
        return -1;
    const int64_t number = json_integer_value(value);
    if (number < minimum || number > maximum)
        fail(reader, "%s: %" PRId64 " is outside %" PRId64 "..%" PRId64, key, number, minimum,
             maximum);
    return number;
}

/* A whole number, or a string of digits where it is beyond 2^53. */
static uint64_t read_seed(struct reader *reader)
{
    const json_t *value = json_object_get(reader->object, "seed");
    if (!json_is_string(value))
        return (uint64_t)read_integer(reader, "seed", 0, INT64_MAX, REQUIRED);
    const char *text = json_string_value(value);
    const size_t n_digits = strspn(text, "0123456789");
    char back[32];
    const uint64_t seed = strtoull(text, NULL, 10);
    snprintf(back, sizeof back, "%" PRIu64, seed);
    if (text[n_digits] != '\0' || strcmp(back, text) != 0)
        fail(reader, "seed: '%.40s' is not a whole number below 2^64", text);
    return seed;
}

static void read_status(struct reader *reader, struct record *record)
{
    char word[32] = "";
    read_text(reader, "status", word, sizeof word, REQUIRED);
    for (int status = RECORD_OK; status <= RECORD_FAILED; status++)
        if (strcmp(word, record_status_name((enum record_status)status)) == 0) {
            record->status = (enum record_status)status;
            return;
        }
    fail(reader,
         "status: '%s' is unknown; it is one of ok, rejected, timeout, out_of_memory, "
         "crashed, failed",
         word);
}

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

/* Values are scalars or flat lists of them: what a grid can hold. */
static void read_parameter(struct reader *reader, struct record *record)
{
    const json_t *value = get(reader, "parameter", JSON_OBJECT, REQUIRED);
    if (!value)
        return;
    record->parameter = json_deep_copy(value);
    if (!record->parameter) {
        reader->status = error_memory(reader->error, "the parameters of a record", 0);
        return;
    }
    const char *key;
    json_t *item;
    json_object_foreach(record->parameter, key, item)
    {
        bool plain = !json_is_object(item);
        for (size_t i = 0; i < json_array_size(item); i++)
            plain = plain && is_scalar(json_array_get(item, i));
        if (!plain)
            fail(reader, "parameter.%s: is neither a single value nor a list of such", key);
    }
}

static void read_command(struct reader *reader, struct record *record)
{
    const json_t *value = get(reader, "command", JSON_ARRAY, OPTIONAL);
    if (!value)
        return;
    size_t i;
    json_t *word;
    json_array_foreach(value, i, word)
    {
        if (!json_is_string(word))
            fail(reader, "command[%zu]: is %s; it must be a string", i, type_name(word));
    }
    if (json_array_size(value) == 0)
        fail(reader, "command: is empty");
    record->command = json_deep_copy(value);
    if (!record->command)
        reader->status = error_memory(reader->error, "the command of a record", 0);
}

static void read_dataset(struct reader *reader, struct record *record)
{
    const json_t *value = get(reader, "dataset", JSON_OBJECT, REQUIRED);
    if (!value || reader->status)
        return;
    struct reader inner = {value, "dataset.", reader->error, STATUS_OK};
    read_text(&inner, "name", record->dataset, sizeof record->dataset, REQUIRED);
    if (strchr(record->dataset, '/') || record->dataset[0] == '.')
        fail(&inner, "name: '%s' cannot be the name of a dataset", record->dataset);
    read_hexadecimal(&inner, "hash", record->dataset_hash, sizeof record->dataset_hash);
    reader->status = inner.status;
}

/* NULL unless it is there and has one value for each repeat. */
static const json_t *get_list(struct reader *reader, const char *key, size_t n_repeats,
                              enum presence presence)
{
    const json_t *list = get(reader, key, JSON_ARRAY, presence);
    if (!list || json_array_size(list) == n_repeats)
        return list;
    fail(reader, "%s: has %zu values for %zu repeats", key, json_array_size(list), n_repeats);
    return NULL;
}

static double list_number(struct reader *reader, const char *key, const json_t *list, size_t i)
{
    const json_t *value = json_array_get(list, i);
    if (!json_is_number(value))
        fail(reader, "%s[%zu]: is %s; it must be a number", key, i, type_name(value));
    return json_number_value(value);
}

static void read_list(struct reader *reader, const struct record_list *list, struct record *record)
{
    const json_t *values = get_list(reader, list->key, record->n_repeats, REQUIRED);
    for (size_t r = 0; values && r < record->n_repeats; r++) {
        const double number = list_number(reader, list->key, values, r);
        if (!(number >= 0 && number <= list->maximum))
            fail(reader, "%s[%zu]: %g is outside 0..%g", list->key, r, number, list->maximum);
        memcpy((char *)&record->repeats[r] + list->offset, &number, sizeof number);
    }
}

static void read_n_iter(struct reader *reader, struct record *record)
{
    const json_t *values = get_list(reader, "n_iter", record->n_repeats, OPTIONAL);
    for (size_t r = 0; values && r < record->n_repeats; r++) {
        const json_t *value = json_array_get(values, r);
        if (json_is_null(value))
            continue;
        const json_int_t n_iter = json_is_integer(value) ? json_integer_value(value) : -1;
        if (n_iter < 0 || n_iter > LONG_MAX)
            fail(reader, "n_iter[%zu]: is not a whole number from 0, or null", r);
        record->repeats[r].n_iter = (long)n_iter;
    }
}

static void read_converged(struct reader *reader, struct record *record)
{
    const json_t *values = get_list(reader, "converged", record->n_repeats, OPTIONAL);
    for (size_t r = 0; values && r < record->n_repeats; r++) {
        const json_t *value = json_array_get(values, r);
        if (json_is_boolean(value))
            record->repeats[r].converged = json_is_true(value);
        else if (!json_is_null(value))
            fail(reader, "converged[%zu]: is not true, false or null", r);
    }
}

static void read_measure(struct reader *reader, struct record *record, const char *name)
{
    const json_t *values = get_list(reader, name, record->n_repeats, REQUIRED);
    const size_t length = strlen(name);
    if (length >= sizeof record->repeats[0].measures[0].name)
        fail(reader, "%.40s: the name has %zu bytes; at most %zu are allowed", name, length,
             sizeof record->repeats[0].measures[0].name - 1);
    for (size_t r = 0; values && r < record->n_repeats && !reader->status; r++) {
        struct record_repeat *repeat = &record->repeats[r];
        if (json_is_null(json_array_get(values, r)))
            continue;
        struct record_measure *measure = &repeat->measures[repeat->n_measures++];
        memcpy(measure->name, name, length + 1);
        measure->value = list_number(reader, name, values, r);
    }
}

static void read_measures(struct reader *reader, struct record *record)
{
    const json_t *measures = get(reader, "measures", JSON_OBJECT, OPTIONAL);
    const size_t n_names = json_object_size(measures);
    if (n_names > RECORD_MEASURES_MAX)
        fail(reader, "measures: has %zu names; at most %d are allowed", n_names,
             RECORD_MEASURES_MAX);
    if (!measures || reader->status)
        return;
    const char **names = json_sorted_keys(measures);
    if (!names) {
        reader->status = error_memory(reader->error, "the measures of a record", 0);
        return;
    }
    struct reader inner = {measures, "measures.", reader->error, STATUS_OK};
    for (size_t i = 0; i < n_names; i++)
        read_measure(&inner, record, names[i]);
    reader->status = inner.status;
    free(names);
}

/* What is derived from the scores must agree with them. */
static void check_derived(struct reader *reader, const char *key, double expected)
{
    const double tolerance = 1e-9;
    const json_t *value = json_object_get(reader->object, key);
    if (!value)
        fail(reader, "%s: is missing", key);
    else if (!json_is_number(value))
        fail(reader, "%s: is %s; it must be a number", key, type_name(value));
    else if (!(fabs(json_number_value(value) - expected) <= tolerance))
        fail(reader, "%s: %.17g does not follow from score, which gives %.17g", key,
             json_number_value(value), expected);
}

static void refuse_without_repeats(struct reader *reader)
{
    static const char *const keys[] = {"fit_s",         "predict_s", "cpu_s",
                                       "mean_accuracy", "n_iter",    "converged",
                                       "std_accuracy",  "measures",  NULL};
    for (size_t i = 0; keys[i]; i++)
        if (json_object_get(reader->object, keys[i]))
            fail(reader, "%s: is there without a score", keys[i]);
}

static void read_repeats(struct reader *reader, struct record *record)
{
    const json_t *score = get(reader, "score", JSON_ARRAY, OPTIONAL);
    const size_t n_repeats = json_array_size(score);
    if (n_repeats > RECORD_REPEATS_MAX) {
        fail(reader, "score: has %zu values; at most %d are allowed", n_repeats,
             RECORD_REPEATS_MAX);
        return;
    }
    record->n_repeats = n_repeats;
    check_derived(reader, "num_repeat", (double)n_repeats);
    if (n_repeats == 0) {
        if (record->status == RECORD_OK)
            fail(reader, "score: a record with status ok has at least one");
        refuse_without_repeats(reader);
        return;
    }
    for (size_t i = 0; i < N_RECORD_LISTS; i++)
        read_list(reader, &record_lists[i], record);
    read_n_iter(reader, record);
    read_converged(reader, record);
    read_measures(reader, record);
    check_derived(reader, "mean_accuracy", record_mean_accuracy(record));
    check_derived(reader, "std_accuracy", record_std_accuracy(record));
    read_integer(reader, "time_per_repeat", INT64_MIN, INT64_MAX, REQUIRED);
}

static void read_shape(struct reader *reader, struct record *record)
{
    const int64_t n_features = read_integer(reader, "n_features", 1, INT64_MAX, OPTIONAL);
    const int64_t n_classes = read_integer(reader, "n_classes", 1, INT64_MAX, OPTIONAL);
    record->n_features = n_features > 0 ? (size_t)n_features : 0;
    record->n_classes = n_classes > 0 ? (size_t)n_classes : 0;
}

static void read_modified(struct reader *reader, struct record_environment *e)
{
    const json_t *value = json_object_get(reader->object, "modified");
    if (json_is_boolean(value))
        e->is_modified = json_is_true(value);
    else if (value)
        fail(reader, "modified: is %s; it must be true or false", type_name(value));
}

static void read_timeout(struct reader *reader, struct record_environment *e)
{
    const json_t *value = json_object_get(reader->object, "timeout_s");
    if (!value)
        return;
    e->timeout_s = json_number_value(value);
    if (!json_is_number(value) || e->timeout_s < 0)
        fail(reader, "timeout_s: is not a number from 0");
}

static void read_environment(struct reader *reader, struct record *record)
{
    const json_t *value = get(reader, "environment", JSON_OBJECT, OPTIONAL);
    if (!value || reader->status)
        return;
    struct record_environment *e = &record->environment;
    struct reader inner = {value, "environment.", reader->error, STATUS_OK};
    for (size_t i = 0; i < N_ENVIRONMENT_TEXTS; i++)
        read_text(&inner, environment_texts[i].key, (char *)e + environment_texts[i].offset,
                  environment_texts[i].size, OPTIONAL);
    for (size_t i = 0; i < N_ENVIRONMENT_COUNTS; i++) {
        const int64_t count =
            read_integer(&inner, environment_counts[i].key, 0, INT64_MAX, OPTIONAL);
        memcpy((char *)e + environment_counts[i].offset, &count, sizeof count);
    }
    read_modified(&inner, e);
    read_timeout(&inner, e);
    reader->status = inner.status;
}

static void read_record(struct reader *reader, struct record *record)
{
    read_hexadecimal(reader, "cell", record->cell, sizeof record->cell);
    read_text(reader, "name", record->name, sizeof record->name, REQUIRED);
    read_parameter(reader, record);
    read_command(reader, record);
    read_text(reader, "peer_of", record->peer_of, sizeof record->peer_of, OPTIONAL);
    read_text(reader, "implementation", record->implementation, sizeof record->implementation,
              OPTIONAL);
    read_status(reader, record);
    read_text(reader, "reason", record->reason, sizeof record->reason, OPTIONAL);
    read_dataset(reader, record);
    record->n_train = (size_t)read_integer(reader, "n_train", 1, INT64_MAX, REQUIRED);
    record->n_test = (size_t)read_integer(reader, "n_test", 1, INT64_MAX, REQUIRED);
    read_shape(reader, record);
    record->seed = read_seed(reader);
    read_text(reader, "solver", record->solver, sizeof record->solver, OPTIONAL);
    read_path(reader, "predictions", record->predictions, sizeof record->predictions);
    read_text(reader, "host", record->host, sizeof record->host, OPTIONAL);
    read_text(reader, "version", record->version, sizeof record->version, OPTIONAL);
    record->threads = (int)read_integer(reader, "threads", 1, INT_MAX, REQUIRED);
    record->start_time = read_integer(reader, "start_time", 0, INT64_MAX, REQUIRED);
    record->done_time = read_integer(reader, "done_time", 0, INT64_MAX, REQUIRED);
    record->peak_rss_bytes = read_integer(reader, "peak_rss_bytes", 0, INT64_MAX, OPTIONAL);
    record->needed_bytes = read_integer(reader, "needed_bytes", 0, INT64_MAX, OPTIONAL);
    record->mapped_bytes = read_integer(reader, "mapped_bytes", 0, INT64_MAX, OPTIONAL);
    read_environment(reader, record);
    read_repeats(reader, record);
}

enum status record_from_line(struct record *record, const char *line, size_t length,
                             struct error *error)
{
    json_error_t syntax;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &syntax);
    if (!object)
        return error_set(error, STATUS_DATA, "not JSON at byte %d: %s", syntax.position,
                         syntax.text);
    struct reader reader = {object, "", error, STATUS_OK};
    record_init(record);
    if (json_is_object(object))
        read_record(&reader, record);
    else
        fail(&reader, "is %s; a record must be an object", type_name(object));
    json_decref(object);
    if (reader.status)
        record_destroy(record);
    return reader.status;
}
