#include "runner/cost.h"

#include "base/clock.h"
#include "base/memory.h"
#include "numerics/blas.h"
#include "runner/parameter_json.h"
#include "runner/text_file.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static enum status complain(const char *path, const char *what, struct error *error)
{
    return error_set(error, STATUS_USAGE, "%s: %s", path, what);
}

static enum status read_row(struct cost_row *row, json_t *json, const char *path,
                            struct error *error)
{
    const char *name, *key;
    json_t *parameter, *value;
    json_error_t where;
    if (json_unpack_ex(json, &where, JSON_STRICT, "{s:s, s:o, s:F, s:F}", "name", &name,
                       "parameter", &parameter, "seconds", &row->seconds, "exponent",
                       &row->exponent))
        return complain(path, where.text, error);
    row->class = classifier_find(name);
    if (!row->class)
        return error_set(error, STATUS_USAGE, "%s: unknown classifier '%s'", path, name);
    if (!(row->seconds >= 0) || !(fabs(row->exponent) <= 4))
        return error_set(error, STATUS_USAGE, "%s: seconds %g and exponent %g of %s", path,
                         row->seconds, row->exponent, name);
    parameters_default(&row->parameters, row->class->parameters);
    json_object_foreach(parameter, key, value)
    {
        const size_t i = parameter_find(row->class->parameters, key);
        if (i == parameter_count(row->class->parameters))
            return error_set(error, STATUS_USAGE, "%s: %s has no parameter '%s'", path, name, key);
        const enum status status = parameter_from_json(&row->class->parameters[i], value,
                                                       &row->parameters.values[i], error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status read_root(struct cost_model *model, json_t *root, const char *path,
                             struct error *error)
{
    json_error_t where;
    json_t *rows;
    if (json_unpack_ex(root, &where, JSON_STRICT, "{s:F, s:F, s:F, s:o}", "yardstick_s",
                       &model->yardstick_s, "n_train", &model->n_train, "n_features",
                       &model->n_features, "rows", &rows))
        return complain(path, where.text, error);
    if (!(model->yardstick_s > 0) || !(model->n_train >= 1) || !(model->n_features >= 1))
        return complain(path, "yardstick_s, n_train and n_features must be positive", error);
    model->rows = memory_zeroed(json_array_size(rows) + 1, sizeof *model->rows);
    if (!model->rows)
        return error_memory(error, path, json_array_size(rows) * sizeof *model->rows);
    enum status status = STATUS_OK;
    for (; model->n_rows < json_array_size(rows) && !status; model->n_rows++)
        status =
            read_row(&model->rows[model->n_rows], json_array_get(rows, model->n_rows), path, error);
    return status;
}

enum status cost_model_read(struct cost_model *model, const char *path, struct error *error)
{
    char *text = NULL;
    json_error_t where;
    *model = (struct cost_model){.speed = 1};
    enum status status = text_file_read(path, &text, error);
    if (status)
        return status;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (root)
        status = read_root(model, root, path, error);
    else
        status = error_set(error, STATUS_USAGE, "%s:%d: column %d: %s", path, where.line,
                           where.column, where.text);
    if (status)
        cost_model_destroy(model);
    json_decref(root);
    free(text);
    return status;
}

enum status cost_model_open(struct cost_model *model, const char *path, struct error *error)
{
    static const char ours[] = "configs/costs.json";
    *model = (struct cost_model){.speed = 1};
    enum status status = STATUS_OK;
    if (path || !access(ours, F_OK))
        status = cost_model_read(model, path ? path : ours, error);
    if (!status)
        status = cost_measure_yardstick(&model->measured_s, error);
    if (!status && model->n_rows)
        model->speed = model->yardstick_s / model->measured_s;
    return status;
}

void cost_model_destroy(struct cost_model *model)
{
    memory_free(model->rows);
    *model = (struct cost_model){.n_rows = 0};
}

static size_t n_equal_parameters(const struct cost_row *row, const struct parameters *parameters)
{
    size_t n = 0;
    for (size_t i = 0; row->class->parameters[i].name; i++) {
        const struct parameter_value *a = &row->parameters.values[i], *b = &parameters->values[i];
        n += a->is_none == b->is_none && a->choice == b->choice && a->n_numbers == b->n_numbers &&
             memcmp(a->numbers, b->numbers, a->n_numbers * sizeof *a->numbers) == 0;
    }
    return n;
}

double cost_expected_s(const struct cost_model *model, const struct cell *cell)
{
    const struct cost_row *best = NULL;
    size_t n_best = 0;
    for (size_t i = 0; i < model->n_rows; i++) {
        const struct cost_row *row = &model->rows[i];
        if (row->class != cell->point->class)
            continue;
        const size_t n = n_equal_parameters(row, &cell->point->parameters);
        if (best && (n < n_best || (n == n_best && row->seconds <= best->seconds)))
            continue;
        best = row;
        n_best = n;
    }
    if (!best)
        return 0;
    return best->seconds / model->speed *
           pow((double)cell->dataset->train.n_rows / model->n_train, best->exponent) *
           ((double)cell->dataset->n_features / model->n_features);
}

/* A product of matrices and a histogram of bytes, about as long on this project's machines. */
static double time_once(float *matrices, const uint8_t *bytes, size_t n_bytes)
{
    enum { N = 768, TIMES = 8 };
    uint32_t counts[256] = {0};
    const double start_s = clock_now_s();
    blas_sgemm(&(struct blas_gemm){.m = N,
                                   .n = N,
                                   .k = N,
                                   .alpha = 1,
                                   .a = matrices,
                                   .lda = N,
                                   .b = matrices,
                                   .ldb = N,
                                   .c = matrices + N * N,
                                   .ldc = N});
    for (size_t t = 0; t < TIMES; t++)
        for (size_t i = 0; i < n_bytes; i++)
            counts[bytes[i]] += (uint32_t)t;
    const double end_s = clock_now_s();
    /* Read, so that it is not left out. */
    return end_s - start_s + (counts[0] == UINT32_MAX ? 1 : 0);
}

static bool yardstick(double *seconds)
{
    enum { N = 768, N_BYTES = 1 << 20, TIMES = 5 };
    float *matrices = NULL;
    uint8_t *bytes = NULL;
    const struct memory_request requests[] = {
        {(void **)&matrices, 2 * (size_t)N * N, sizeof *matrices},
        {(void **)&bytes, N_BYTES, 1},
    };
    if (memory_arrays(requests, sizeof requests / sizeof *requests, "the yardstick", NULL))
        return false;
    blas_start();
    for (size_t i = 0; i < (size_t)N * N; i++)
        matrices[i] = (float)(i % 7);
    for (size_t i = 0; i < N_BYTES; i++)
        bytes[i] = (uint8_t)(i * 167 >> 3);
    *seconds = time_once(matrices, bytes, N_BYTES);
    for (size_t t = 1; t < TIMES; t++)
        *seconds = fmin(*seconds, time_once(matrices, bytes, N_BYTES));
    memory_free(matrices);
    memory_free(bytes);
    return true;
}

enum status cost_measure_yardstick(double *yardstick_s, struct error *error)
{
    int ends[2], wait_status;
    if (pipe(ends))
        return error_set(error, STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    const pid_t pid = fork();
    if (pid == 0) {
        double seconds;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const bool is_ok = yardstick(&seconds);
        _exit(is_ok && write(ends[1], &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
    }
    close(ends[1]);
    const bool was_read =
        pid > 0 && read(ends[0], yardstick_s, sizeof *yardstick_s) == sizeof *yardstick_s;
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, &wait_status, 0);
    return was_read ? STATUS_OK
                    : error_set(error, STATUS_FAILED, "cannot measure this machine's speed");
}
