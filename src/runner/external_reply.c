/* Reading what an external classifier answers: nothing in it is taken on trust. */
#include "loader/idx.h"
#include "runner/external_files.h"
#include "runner/nearest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status bad_reply(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum status bad_reply(struct error *error, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(error, STATUS_FAILED, "bad reply: %s", what);
}

/* Into a buffer of EXTERNAL_REPLY_BYTES_MAX + 1 bytes. */
static enum status read_text(char *text, size_t *length, const char *path, struct error *error)
{
    struct stat st;
    ssize_t got = 1;
    *length = 0;
    /* Without O_NONBLOCK the open of a pipe in the file's place would wait for a writer. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return bad_reply(error, "there is no %s (%s)", external_reply_name, strerror(errno));
    const bool is_file = !fstat(fd, &st) && S_ISREG(st.st_mode);
    while (is_file && got > 0 && *length <= EXTERNAL_REPLY_BYTES_MAX) {
        got = read(fd, text + *length, EXTERNAL_REPLY_BYTES_MAX + 1 - *length);
        *length += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    if (!is_file)
        return bad_reply(error, "%s is not a regular file", external_reply_name);
    if (got < 0)
        return bad_reply(error, "%s cannot be read", external_reply_name);
    if (*length > EXTERNAL_REPLY_BYTES_MAX)
        return bad_reply(error, "%s has more than %d bytes", external_reply_name,
                         EXTERNAL_REPLY_BYTES_MAX);
    return STATUS_OK;
}

static enum status check_keys(const json_t *object, struct error *error)
{
    static const char *const known[] = {"fit_s", "predict_s", "n_iter", "converged", "version"};
    enum { N_KNOWN = sizeof known / sizeof *known };
    union {
        const json_t *borrowed;
        json_t *open;
    } cast = {.borrowed = object}; /* the iterator wants it not const, and changes nothing */
    const char *key;
    json_t *unused;
    json_object_foreach(cast.open, key, unused)
    {
        size_t i = 0;
        while (i < N_KNOWN && strcmp(key, known[i]) != 0)
            i++;
        if (i == N_KNOWN) {
            char what[UNKNOWN_TEXT_BYTES];
            unknown_text(what, "key", key, nearest_name(key, known, N_KNOWN));
            return bad_reply(error, "%s", what);
        }
    }
    return STATUS_OK;
}

static enum status read_seconds(double *seconds, const json_t *object, const char *key,
                                struct error *error)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return bad_reply(error, "%s is missing", key);
    if (!json_is_number(value))
        return bad_reply(error, "%s is not a number", key);
    *seconds = json_number_value(value);
    if (!isfinite(*seconds) || *seconds < 0)
        return bad_reply(error, "%s: %g is no time", key, *seconds);
    return STATUS_OK;
}

static enum status read_optional(struct external_reply *reply, const json_t *object,
                                 struct error *error)
{
    const json_t *n_iter = json_object_get(object, "n_iter");
    const json_t *converged = json_object_get(object, "converged");
    const json_t *version = json_object_get(object, "version");
    reply->n_iter = -1;
    reply->converged = -1;
    reply->version[0] = '\0';
    if (n_iter && !json_is_null(n_iter)) {
        const json_int_t value = json_is_integer(n_iter) ? json_integer_value(n_iter) : -1;
        if (value < 0 || value > LONG_MAX)
            return bad_reply(error, "n_iter is not a whole number from 0, or null");
        reply->n_iter = (long)value;
    }
    if (converged && !json_is_null(converged)) {
        if (!json_is_boolean(converged))
            return bad_reply(error, "converged is not true, false or null");
        reply->converged = json_is_true(converged);
    }
    if (version && !json_is_null(version)) {
        if (!json_is_string(version) || json_string_length(version) >= sizeof reply->version)
            return bad_reply(error, "version is not a string of at most %zu bytes, or null",
                             sizeof reply->version - 1);
        snprintf(reply->version, sizeof reply->version, "%s", json_string_value(version));
    }
    return STATUS_OK;
}

static enum status read_object(struct external_reply *reply, const json_t *object, double elapsed_s,
                               struct error *error)
{
    if (!json_is_object(object))
        return bad_reply(error, "%s is not an object", external_reply_name);
    enum status status = check_keys(object, error);
    if (!status)
        status = read_seconds(&reply->fit_s, object, "fit_s", error);
    if (!status)
        status = read_seconds(&reply->predict_s, object, "predict_s", error);
    if (!status && reply->fit_s + reply->predict_s > elapsed_s)
        status = bad_reply(error, "fit_s and predict_s make %g s; the whole command took %g s",
                           reply->fit_s + reply->predict_s, elapsed_s);
    return status ? status : read_optional(reply, object, error);
}

enum status external_read_reply(struct external_reply *reply, const char *folder, double elapsed_s,
                                struct error *error)
{
    char path[EXTERNAL_PATH_BYTES], text[EXTERNAL_REPLY_BYTES_MAX + 1];
    size_t length;
    json_error_t where;
    enum status status = external_path(path, folder, external_reply_name, error);
    if (!status)
        status = read_text(text, &length, path, error);
    if (status)
        return status;
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (!object)
        return bad_reply(error, "%s:%d: %s", external_reply_name, where.line, where.text);
    status = read_object(reply, object, elapsed_s, error);
    json_decref(object);
    return status;
}

static enum status number_labels(uint8_t *predicted, const struct idx *labels,
                                 const struct dataset *dataset, struct error *error)
{
    enum { NO_CLASS = -1 };
    int number_of[MAX_CLASSES];
    if (labels->sizes[0] != dataset->test.n_rows)
        return bad_reply(error, "%s has %zu labels for %zu test images", external_labels_name,
                         labels->sizes[0], dataset->test.n_rows);
    for (size_t value = 0; value < MAX_CLASSES; value++)
        number_of[value] = NO_CLASS;
    for (size_t i = 0; i < dataset->n_classes; i++)
        number_of[dataset->class_values[i]] = (int)i;
    for (size_t i = 0; i < dataset->test.n_rows; i++) {
        const int number = number_of[labels->bytes[i]];
        if (number == NO_CLASS)
            return bad_reply(error, "label %zu of %s is %d, which is none of the classes", i,
                             external_labels_name, labels->bytes[i]);
        predicted[i] = (uint8_t)number;
    }
    return STATUS_OK;
}

enum status external_read_labels(uint8_t *predicted, const char *folder,
                                 const struct dataset *dataset, struct error *error)
{
    char path[EXTERNAL_PATH_BYTES];
    struct idx labels;
    struct error why;
    enum status status = external_path(path, folder, external_labels_name, error);
    if (status)
        return status;
    const struct idx_request request = {
        .path = path, .n_dimensions = 1, .limit = dataset->test.n_rows};
    if (idx_read(&labels, &request, &why)) {
        /* The folder is gone by the time that somebody reads this. */
        const size_t n_skipped =
            strncmp(why.message, folder, strlen(folder)) == 0 ? strlen(folder) + 1 : 0;
        return bad_reply(error, "%.400s", why.message + n_skipped);
    }
    status = number_labels(predicted, &labels, dataset, error);
    idx_destroy(&labels);
    return status;
}
