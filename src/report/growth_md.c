/* The growth in Markdown: for each dataset seconds and memory by size; then what stopped whom. */
#include "report/growth.h"
#include "report/markup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct sizes {
    size_t n, n_train[GROWTH_SIZES_MAX]; /* rising */
};

static struct sizes sizes_of(const struct growth *growth, const char *dataset)
{
    struct sizes sizes = {.n = 0};
    for (size_t i = 0; i < growth->n_lines; i++)
        for (size_t p = 0; p < growth->lines[i].n_points; p++) {
            const size_t n_train = growth->lines[i].points[p].record->n_train;
            size_t at = 0;
            while (at < sizes.n && sizes.n_train[at] < n_train)
                at++;
            if (strcmp(growth->lines[i].dataset, dataset) != 0 || sizes.n == GROWTH_SIZES_MAX ||
                (at < sizes.n && sizes.n_train[at] == n_train))
                continue;
            memmove(sizes.n_train + at + 1, sizes.n_train + at,
                    (sizes.n - at) * sizeof *sizes.n_train);
            sizes.n_train[at] = n_train;
            sizes.n++;
        }
    return sizes;
}

static size_t column_of(const struct sizes *sizes, size_t n_train)
{
    size_t at = 0;
    while (at < sizes->n && sizes->n_train[at] != n_train)
        at++;
    return at;
}

enum { FIRST_SIZE = 2 };

static void set_exponent(struct text_grid *grid, size_t at, size_t column, double exponent)
{
    if (!isnan(exponent))
        text_grid_set(grid, at, column, "%.2f", exponent);
}

static void fill_times(struct text_grid *grid, size_t at, const struct growth *growth,
                       const struct growth_line *line, const struct sizes *sizes)
{
    size_t n_train;
    for (size_t p = 0; p < line->n_points; p++) {
        const struct growth_point *point = &line->points[p];
        const size_t column = FIRST_SIZE + column_of(sizes, point->record->n_train);
        if (column == FIRST_SIZE + sizes->n)
            continue;
        if (isnan(point->seconds))
            text_grid_set(grid, at, column, "%s", record_status_name(point->record->status));
        else
            text_grid_set_seconds(grid, at, column, point->seconds);
    }
    set_exponent(grid, at, FIRST_SIZE + sizes->n, line->time_exponent);
    const double speedup = growth_speedup(growth, line, &n_train);
    if (!isnan(speedup))
        text_grid_set(grid, at, FIRST_SIZE + sizes->n + 1, "%.2f", speedup);
}

static void fill_memory(struct text_grid *grid, size_t at, const struct growth *growth,
                        const struct growth_line *line, const struct sizes *sizes)
{
    (void)growth;
    for (size_t p = 0; p < line->n_points; p++) {
        const struct record *record = line->points[p].record;
        const size_t column = FIRST_SIZE + column_of(sizes, record->n_train);
        if (record->peak_rss_bytes >= 0 && column < FIRST_SIZE + sizes->n)
            text_grid_set(grid, at, column, "%.0f", (double)record->peak_rss_bytes / 1e6);
    }
    set_exponent(grid, at, FIRST_SIZE + sizes->n, line->memory_exponent);
}

typedef void fill(struct text_grid *grid, size_t at, const struct growth *growth,
                  const struct growth_line *line, const struct sizes *sizes);

/* n_last: columns behind the sizes, with their heads. */
static int write_grid(FILE *out, const struct growth *growth, const char *dataset,
                      const char *const *last, size_t n_last, fill *fill_line)
{
    const struct sizes sizes = sizes_of(growth, dataset);
    struct text_grid grid;
    size_t n = 0;
    int failed = text_grid_create(&grid, growth->n_lines + 1, FIRST_SIZE + sizes.n + n_last, 1);
    if (!failed) {
        text_grid_set(&grid, 0, 0, "Classifier");
        text_grid_set(&grid, 0, 1, "threads");
        for (size_t i = 0; i < sizes.n; i++)
            text_grid_set(&grid, 0, FIRST_SIZE + i, "%zu", sizes.n_train[i]);
        for (size_t i = 0; i < n_last; i++)
            text_grid_set(&grid, 0, FIRST_SIZE + sizes.n + i, "%s", last[i]);
    }
    for (size_t i = 0; i < growth->n_lines && !failed; i++) {
        const struct growth_line *line = &growth->lines[i];
        if (strcmp(line->dataset, dataset) != 0)
            continue;
        text_grid_set(&grid, ++n, 0, "%s", line->label);
        text_grid_set(&grid, n, 1, "%d", line->threads);
        fill_line(&grid, n, growth, line, &sizes);
    }
    grid.n_rows = n + 1;
    if (!failed)
        failed = text_grid_write(out, &grid);
    text_grid_destroy(&grid);
    return failed;
}

static int write_dataset(FILE *out, const struct growth *growth, const char *dataset)
{
    static const char *const time_heads[] = {"exponent", "speed-up"};
    static const char *const memory_heads[] = {"exponent"};
    fprintf(out, "\n## %s\n\nSeconds of fit and predict by training rows:\n\n", dataset);
    int failed = write_grid(out, growth, dataset, time_heads, 2, fill_times);
    fputs("\nPeak memory of the process in MB:\n\n", out);
    if (!failed)
        failed = write_grid(out, growth, dataset, memory_heads, 1, fill_memory);
    return failed;
}

/* What a cell was stopped by, in words. */
static int write_stops(FILE *out, const struct growth *growth)
{
    size_t n = 0;
    for (size_t i = 0; i < growth->n_lines; i++) {
        const struct growth_line *line = &growth->lines[i];
        if (!line->stop)
            continue;
        const struct record *record = line->stop->record;
        char *label = md_escape(line->label), *reason = md_escape(record->reason);
        if (label && reason)
            fprintf(out, "%s- %s, %s, %d thread%s: %zu training rows: %s: %s\n",
                    n++ ? "" : "\n## What stopped them\n\n", label, line->dataset, line->threads,
                    line->threads == 1 ? "" : "s", record->n_train,
                    record_status_name(record->status), reason);
        const bool is_short = !label || !reason;
        free(label);
        free(reason);
        if (is_short)
            return -1;
    }
    return 0;
}

static bool is_first_of_dataset(const struct growth *growth, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(growth->lines[j].dataset, growth->lines[i].dataset) == 0)
            return false;
    return true;
}

int growth_write_md(FILE *out, const struct growth *growth)
{
    const struct record *first = growth->lines[0].points[0].record;
    char *host = md_escape(first->host);
    if (!host)
        return -1;
    fprintf(out,
            "# How cost grows with the training rows\n\n"
            "fmbench %s on host %s, one cell at a time, %zu test rows. An exponent is that of the "
            "power of the training rows that fits best: the slope of a straight line through the "
            "logarithms, by least squares, over the sizes that take at least %g s or %g MB, where "
            "there are two of these. Predicting is part of the seconds, and the data part of the "
            "memory. The speed-up is over one thread at the largest size that both have.\n",
            first->version, host, first->n_test, GROWTH_LEAST_S, GROWTH_LEAST_BYTES / 1e6);
    free(host);
    int failed = 0;
    for (size_t i = 0; i < growth->n_lines && !failed; i++)
        if (is_first_of_dataset(growth, i))
            failed = write_dataset(out, growth, growth->lines[i].dataset);
    return failed ? failed : write_stops(out, growth);
}
