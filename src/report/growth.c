#include "report/growth.h"

#include "report/finish.h"
#include "report/parameter_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double growth_exponent(const double *x, const double *y, size_t n)
{
    double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        mean_x += log(x[i]) / (double)n;
        mean_y += log(y[i]) / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double dx = log(x[i]) - mean_x;
        xx += dx * dx;
        xy += dx * (log(y[i]) - mean_y);
    }
    return n >= 2 && xx > 1e-12 ? xy / xx : NAN;
}

static double seconds_of(const struct record *record)
{
    double sum = 0;
    for (size_t r = 0; r < record->n_repeats; r++)
        sum += record->repeats[r].fit_s + record->repeats[r].predict_s;
    return record->status == RECORD_OK ? sum / (double)record->n_repeats : NAN;
}

static struct growth_line *find_line(const struct growth *growth, const struct record *record,
                                     const char *key)
{
    for (size_t i = 0; i < growth->n_lines; i++) {
        struct growth_line *line = &growth->lines[i];
        if (line->threads == record->threads && strcmp(line->name, record->name) == 0 &&
            strcmp(line->dataset, record->dataset) == 0 && strcmp(line->key, key) == 0)
            return line;
    }
    return NULL;
}

/* Puts the record in its place by size; one of the same size, which is of another folder, goes. */
static void insert_point(struct growth_line *line, const struct record *record)
{
    size_t at = 0;
    while (at < line->n_points && line->points[at].record->n_train < record->n_train)
        at++;
    if (at == line->n_points || line->points[at].record->n_train != record->n_train) {
        memmove(line->points + at + 1, line->points + at,
                (line->n_points - at) * sizeof *line->points);
        line->n_points++;
    }
    line->points[at] = (struct growth_point){.record = record, .seconds = seconds_of(record)};
}

/* n_folders: the most sizes that a line can have. The lines have room for one more. */
static enum status add_record(struct growth *growth, const struct results_row *row,
                              size_t n_folders, struct error *error)
{
    const struct record *record = row->record;
    struct growth_line *line = find_line(growth, record, row->key);
    if (record->command || record->status == RECORD_REJECTED)
        return STATUS_OK;
    if (!line) {
        line = &growth->lines[growth->n_lines++];
        *line = (struct growth_line){.name = record->name,
                                     .dataset = record->dataset,
                                     .parameter = record->parameter,
                                     .key = strdup(row->key),
                                     .threads = record->threads,
                                     .points = calloc(n_folders + 1, sizeof *line->points)};
        if (!line->key || !line->points)
            return error_memory(error, "the growth of a row", n_folders * sizeof *line->points);
    }
    insert_point(line, record);
    return STATUS_OK;
}

/* The sizes of a line whose values count, from the least on; if fewer than two do, all. */
static double fit_exponent(const struct growth_line *line, double least, bool of_memory)
{
    double x[2][GROWTH_SIZES_MAX], y[2][GROWTH_SIZES_MAX];
    size_t n[2] = {0, 0};
    for (size_t i = 0; i < line->n_points && i < GROWTH_SIZES_MAX; i++) {
        const struct growth_point *point = &line->points[i];
        const double value = of_memory ? (double)point->record->peak_rss_bytes : point->seconds;
        if (isnan(point->seconds) || !(value > 0))
            continue;
        for (size_t large = 0; large < 2; large++) {
            if (large && value < least)
                continue;
            x[large][n[large]] = (double)point->record->n_train;
            y[large][n[large]++] = value;
        }
    }
    const size_t which = n[1] >= 2;
    return growth_exponent(x[which], y[which], n[which]);
}

/* Does another line of the classifier have another value there? */
static bool differs(const struct growth *growth, const struct growth_line *line, const char *key,
                    const json_t *value)
{
    for (size_t i = 0; i < growth->n_lines; i++) {
        const struct growth_line *other = &growth->lines[i];
        const json_t *theirs = json_object_get(other->parameter, key);
        if (strcmp(other->name, line->name) == 0 && !(theirs && json_equal(theirs, value)))
            return true;
    }
    return false;
}

/* The classifier, and the parameters in which its lines differ; NULL when memory is short. */
static char *line_label(const struct growth *growth, const struct growth_line *line)
{
    json_t *differing = json_object(), *value;
    const char *key;
    char *label = NULL, *parameters = NULL;
    bool failed = !differing;
    json_object_foreach(line->parameter, key, value)
    {
        if (differs(growth, line, key, value))
            failed |= json_object_set(differing, key, value) != 0;
    }
    if (!failed && json_object_size(differing) == 0) {
        label = strdup(line->name);
    } else if (!failed) {
        parameters = parameter_label(differing);
        if (parameters && asprintf(&label, "%s, %s", line->name, parameters) < 0)
            label = NULL;
    }
    free(parameters);
    json_decref(differing);
    return label;
}

static enum status finish_line(const struct growth *growth, struct growth_line *line,
                               struct error *error)
{
    line->label = line_label(growth, line);
    if (!line->label)
        return error_memory(error, "the growth of a row", 0);
    line->time_exponent = fit_exponent(line, GROWTH_LEAST_S, false);
    line->memory_exponent = fit_exponent(line, GROWTH_LEAST_BYTES, true);
    for (size_t i = line->n_points; i-- > 0;)
        if (isnan(line->points[i].seconds))
            line->stop = &line->points[i];
    return STATUS_OK;
}

/* The first line from `first` on that is of the same row as `like`, or else of the same classifier,
   or else `first` itself. */
static size_t find_next(const struct growth *growth, size_t first, const struct growth_line *like)
{
    size_t of_class = growth->n_lines;
    for (size_t i = first; i < growth->n_lines; i++) {
        const struct growth_line *line = &growth->lines[i];
        if (strcmp(line->name, like->name) != 0)
            continue;
        if (strcmp(line->key, like->key) == 0)
            return i;
        of_class = of_class < i ? of_class : i;
    }
    return of_class < growth->n_lines ? of_class : first;
}

/* Lines of one row stand together, and those of one classifier; else the order stays. */
static void group_lines(struct growth *growth)
{
    for (size_t n = 1; n < growth->n_lines; n++) {
        const size_t next = find_next(growth, n, &growth->lines[n - 1]);
        const struct growth_line line = growth->lines[next];
        memmove(growth->lines + n + 1, growth->lines + n, (next - n) * sizeof line);
        growth->lines[n] = line;
    }
}

enum status growth_build(struct growth *growth, const struct results *folders, size_t n_folders,
                         struct error *error)
{
    size_t n_rows = 0;
    for (size_t f = 0; f < n_folders; f++)
        for (size_t d = 0; d < folders[f].n_datasets; d++)
            n_rows += folders[f].datasets[d].n_rows;
    *growth = (struct growth){.lines = calloc(n_rows + 1, sizeof *growth->lines)};
    if (!growth->lines)
        return error_memory(error, "the growth", n_rows * sizeof *growth->lines);
    enum status status = STATUS_OK;
    for (size_t f = 0; f < n_folders; f++)
        for (size_t d = 0; d < folders[f].n_datasets; d++)
            for (size_t i = 0; i < folders[f].datasets[d].n_rows && !status; i++)
                status = add_record(growth, &folders[f].datasets[d].rows[i], n_folders, error);
    if (!status)
        group_lines(growth);
    for (size_t i = 0; i < growth->n_lines && !status; i++)
        status = finish_line(growth, &growth->lines[i], error);
    if (status)
        growth_destroy(growth);
    return status;
}

void growth_destroy(struct growth *growth)
{
    for (size_t i = 0; i < growth->n_lines; i++) {
        free(growth->lines[i].key);
        free(growth->lines[i].label);
        free(growth->lines[i].points);
    }
    free(growth->lines);
    *growth = (struct growth){.n_lines = 0};
}

static const struct growth_line *one_thread(const struct growth *growth,
                                            const struct growth_line *line)
{
    for (size_t i = 0; i < growth->n_lines; i++) {
        const struct growth_line *other = &growth->lines[i];
        if (other->threads == 1 && strcmp(other->name, line->name) == 0 &&
            strcmp(other->dataset, line->dataset) == 0 && strcmp(other->key, line->key) == 0)
            return other;
    }
    return NULL;
}

double growth_speedup(const struct growth *growth, const struct growth_line *line, size_t *n_train)
{
    const struct growth_line *one = line->threads > 1 ? one_thread(growth, line) : NULL;
    double speedup = NAN;
    *n_train = 0;
    for (size_t i = 0; one && i < line->n_points; i++)
        for (size_t j = 0; j < one->n_points; j++) {
            const struct growth_point *a = &one->points[j], *b = &line->points[i];
            if (a->record->n_train != b->record->n_train || isnan(a->seconds / b->seconds))
                continue;
            speedup = a->seconds / b->seconds;
            *n_train = a->record->n_train;
        }
    return speedup;
}

enum status growth_format_find(enum growth_format *format, const char *word, struct error *error)
{
    if (strcmp(word, "md") != 0 && strcmp(word, "gnuplot") != 0)
        return error_set(error, STATUS_USAGE, "unknown format '%s'; there are md and gnuplot",
                         word);
    *format = strcmp(word, "md") == 0 ? GROWTH_MD : GROWTH_GNUPLOT;
    return STATUS_OK;
}

static enum status write_as(FILE *out, const struct growth *growth, enum growth_format format,
                            struct error *error)
{
    int failed = 0;
    if (format == GROWTH_GNUPLOT)
        growth_write_gnuplot(out, growth);
    else
        failed = growth_write_md(out, growth);
    if (failed)
        return error_memory(error, "the growth", 0);
    return report_finish(out, "the growth", error);
}

enum status growth_write(FILE *out, const struct results_folders_request *request,
                         enum growth_format format, struct error *error)
{
    struct growth growth = {.n_lines = 0};
    struct results_folders folders;
    enum status status = results_folders_read(&folders, request, error);
    if (!status)
        status = growth_build(&growth, folders.items, folders.n, error);
    if (!status && growth.n_lines == 0)
        status =
            error_set(error, STATUS_DATA, "no record of a classifier of ours in %s%s",
                      request->directories[0], request->n_directories > 1 ? " and others" : "");
    if (!status)
        status = write_as(out, &growth, format, error);
    growth_destroy(&growth);
    results_folders_destroy(&folders);
    return status;
}
