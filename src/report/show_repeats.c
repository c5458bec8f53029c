#include "report/show_repeats.h"

#include "report/field.h"
#include "report/text_grid.h"

#include <stdlib.h>
#include <string.h>

enum column { REPEAT, ACCURACY, FIT, PREDICT, CPU, N_ITER, CONVERGED, N_COLUMNS };

enum { MEASURE_COLUMNS = 20 }; /* of its name: predict_double_flops */

static const char *const heads[N_COLUMNS] = {"repeat", "accuracy", "fit s",    "predict s",
                                             "cpu s",  "n_iter",   "converged"};

static void set_repeat(struct text_grid *grid, size_t r, const struct record_repeat *repeat)
{
    text_grid_set(grid, r + 1, REPEAT, "%zu", r + 1);
    text_grid_set(grid, r + 1, ACCURACY, "%.4f", repeat->score);
    text_grid_set_seconds(grid, r + 1, FIT, repeat->fit_s);
    text_grid_set_seconds(grid, r + 1, PREDICT, repeat->predict_s);
    text_grid_set_seconds(grid, r + 1, CPU, repeat->cpu_s);
    if (repeat->n_iter >= 0)
        text_grid_set(grid, r + 1, N_ITER, "%ld", repeat->n_iter);
    if (repeat->converged >= 0)
        text_grid_set(grid, r + 1, CONVERGED, "%s", repeat->converged ? "yes" : "no");
}

static void set_mean(struct text_grid *grid, const struct record *record)
{
    const size_t n = record->n_repeats, row = n + 1;
    double fit_s = 0, predict_s = 0, cpu_s = 0;
    for (size_t r = 0; r < n; r++) {
        fit_s += record->repeats[r].fit_s / (double)n;
        predict_s += record->repeats[r].predict_s / (double)n;
        cpu_s += record->repeats[r].cpu_s / (double)n;
    }
    text_grid_set(grid, row, REPEAT, "mean");
    text_grid_set(grid, row, ACCURACY, "%.4f", record_mean_accuracy(record));
    text_grid_set_seconds(grid, row, FIT, fit_s);
    text_grid_set_seconds(grid, row, PREDICT, predict_s);
    text_grid_set_seconds(grid, row, CPU, cpu_s);
}

/* Columns that hold nothing are left out: n_iter of a method that does not iterate. */
static size_t width_of(const struct text_grid *grid, size_t column)
{
    size_t widest = 0;
    for (size_t row = 1; row < grid->n_rows; row++) {
        const size_t length = strlen(text_grid_get(grid, row, column));
        widest = length > widest ? length : widest;
    }
    const size_t head = strlen(heads[column]);
    return widest == 0 ? 0 : widest > head ? widest : head;
}

static void print_grid(FILE *out, const struct text_grid *grid)
{
    for (size_t row = 0; row < grid->n_rows; row++) {
        for (size_t column = 0; column < N_COLUMNS; column++) {
            const size_t width = width_of(grid, column);
            const char *text = text_grid_get(grid, row, column);
            if (width > 0)
                fprintf(out, "  %*s", (int)width, *text ? text : "-");
        }
        fputc('\n', out);
    }
}

static int write_times(FILE *out, const struct record *record)
{
    struct text_grid grid;
    const size_t n = record->n_repeats, n_rows = 1 + n + (n > 1);
    if (text_grid_create(&grid, n_rows, N_COLUMNS, 0))
        return -1;
    for (size_t column = 0; column < N_COLUMNS; column++)
        text_grid_set(&grid, 0, column, "%s", heads[column]);
    for (size_t r = 0; r < n; r++)
        set_repeat(&grid, r, &record->repeats[r]);
    if (n > 1)
        set_mean(&grid, record);
    if (!grid.failed)
        print_grid(out, &grid);
    text_grid_destroy(&grid);
    return grid.failed ? -1 : 0;
}

/* NULL: the repeat has none of that name. */
static const struct record_measure *find_measure(const struct record_repeat *repeat,
                                                 const char *name)
{
    for (size_t m = 0; m < repeat->n_measures; m++)
        if (strcmp(repeat->measures[m].name, name) == 0)
            return &repeat->measures[m];
    return NULL;
}

static void print_measure(FILE *out, const struct record_measure *measure)
{
    static const char suffix[] = "_bytes";
    char text[FIELD_TEXT_BYTES] = "-";
    const size_t length = measure ? strlen(measure->name) : 0;
    if (length > strlen(suffix) && strcmp(measure->name + length - strlen(suffix), suffix) == 0)
        field_bytes(text, measure->value);
    else if (measure)
        field_number(text, measure->value);
    fputs(text, out);
}

static int write_measure(FILE *out, const struct record *record, const char *name)
{
    char *text = NULL;
    size_t size;
    FILE *values = open_memstream(&text, &size);
    if (!values)
        return -1;
    for (size_t r = 0; r < record->n_repeats; r++) {
        fputs(r ? ", " : "", values);
        print_measure(values, find_measure(&record->repeats[r], name));
    }
    const int failed = fclose(values);
    if (!failed)
        field_write(out, MEASURE_COLUMNS, name, text);
    free(text);
    return failed ? -1 : 0;
}

/* Has a repeat before this one a measure of that name, which was then written with it? */
static bool was_written(const struct record *record, size_t repeat, const char *name)
{
    for (size_t r = 0; r < repeat; r++)
        if (find_measure(&record->repeats[r], name))
            return true;
    return false;
}

int show_write_repeats(FILE *out, const struct record *record)
{
    if (record->n_repeats == 0)
        return 0;
    int failed = write_times(out, record);
    for (size_t r = 0; r < record->n_repeats; r++)
        for (size_t m = 0; m < record->repeats[r].n_measures && !failed; m++) {
            const char *name = record->repeats[r].measures[m].name;
            if (!was_written(record, r, name))
                failed = write_measure(out, record, name);
        }
    return failed;
}
