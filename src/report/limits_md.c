/* The limits in Markdown: the peaks, the families, the rows, and how the work is counted. */
#include "report/finish.h"
#include "report/limits.h"
#include "report/markup.h"
#include "report/parameter_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct kind {
    const char *name;  /* what a row does */
    const char *peak;  /* how its peak was measured */
    const char *units; /* of a thousand million a second */
};

static const struct kind kinds[LIMITS_KINDS] = {
    [LIMITS_FLOAT_FLOPS] = {"float32 arithmetic",
                            "product of two matrices of 1,536 x 1,536, OpenBLAS", "GFLOP/s"},
    [LIMITS_DOUBLE_FLOPS] = {"double arithmetic", "the same in double", "GFLOP/s"},
    [LIMITS_HISTOGRAM_UPDATES] = {"histogram updates",
                                  "bytes, half of them 0, counted in 256 bins; in the cache",
                                  "G updates/s"},
    [LIMITS_BYTE_DIFFERENCES] = {"byte differences",
                                 "sums of |a - b| over 784 features; in the cache", "G/s"},
    [LIMITS_BYTE_PRODUCTS] = {"byte products", "sums of a x b over 784 features; in the cache",
                              "G/s"},
    [LIMITS_BYTES_READ] = {"bytes read", "a search through 128 MB", "GB/s"},
    [LIMITS_BYTES_COPIED] = {"bytes copied", "128 MB to another place", "GB/s"},
};

static void set_number(struct text_grid *grid, size_t row, size_t column, double value)
{
    const int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
    text_grid_set(grid, row, column, "%.*f", digits, value);
}

static void set_percent(struct text_grid *grid, size_t row, size_t column, double fraction)
{
    text_grid_set(grid, row, column, "%.*f %%", fraction < 0.0995 ? 1 : 0, 100 * fraction);
}

static int create_grid(struct text_grid *grid, size_t n_rows, size_t n_columns, size_t n_left,
                       const char *const *head)
{
    const int failed = text_grid_create(grid, n_rows + 1, n_columns, n_left);
    for (size_t c = 0; c < n_columns && !failed; c++)
        text_grid_set(grid, 0, c, "%s", head[c]);
    return failed;
}

static int write_peaks(FILE *out, const struct limits_peaks *peaks)
{
    static const char *const head[] = {"Work", "measured as", "unit", "peak of one thread"};
    struct text_grid grid;
    int failed = create_grid(&grid, LIMITS_KINDS, 4, 3, head);
    for (size_t k = 0; k < LIMITS_KINDS && !failed; k++) {
        text_grid_set(&grid, k + 1, 0, "%s", kinds[k].name);
        text_grid_set(&grid, k + 1, 1, "%s", kinds[k].peak);
        text_grid_set(&grid, k + 1, 2, "%s", kinds[k].units);
        set_number(&grid, k + 1, 3, peaks->per_s[k] / 1e9);
    }
    if (!failed)
        failed = text_grid_write(out, &grid);
    text_grid_destroy(&grid);
    return failed;
}

/* Does this row stand for its family and dataset? The first one does. */
static bool is_first(const struct limits *limits, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(limits->rows[j].dataset, limits->rows[i].dataset) == 0 &&
            strcmp(limits->rows[j].record->name, limits->rows[i].record->name) == 0)
            return false;
    return true;
}

static int write_families(FILE *out, const struct limits *limits)
{
    static const char *const head[] = {"Classifier",   "dataset",     "mostly",
                                       "rows",         "s",           "s at the peaks",
                                       "of the limit", "processor s", "of the limit"};
    struct text_grid grid;
    size_t n = 0;
    int failed = create_grid(&grid, limits->n_rows, sizeof head / sizeof *head, 3, head);
    for (size_t i = 0; i < limits->n_rows && !failed; i++) {
        const struct limits_row *row = &limits->rows[i];
        if (!is_first(limits, i))
            continue;
        const struct limits_family family = limits_family_of(limits, row);
        text_grid_set(&grid, ++n, 0, "%s", row->record->name);
        text_grid_set(&grid, n, 1, "%s", row->dataset);
        text_grid_set(&grid, n, 3, "%zu", family.n_rows);
        text_grid_set_seconds(&grid, n, 4, family.seconds);
        if (!(family.least_s > 0)) {
            text_grid_set(&grid, n, 2, "not counted");
            continue;
        }
        text_grid_set(&grid, n, 2, "%s", kinds[family.kind].name);
        text_grid_set_seconds(&grid, n, 5, family.least_s);
        set_percent(&grid, n, 6, family.least_s / family.seconds);
        text_grid_set_seconds(&grid, n, 7, family.cpu_s);
        if (family.cpu_s > 0)
            set_percent(&grid, n, 8, family.least_cpu_s / family.cpu_s);
    }
    grid.n_rows = n + 1;
    if (!failed)
        failed = text_grid_write(out, &grid);
    text_grid_destroy(&grid);
    return failed;
}

/* Seconds, work, rate and fraction in columns from `first` on. */
static void set_part(struct text_grid *grid, size_t at, size_t first,
                     const struct limits_part *part)
{
    text_grid_set_seconds(grid, at, first, part->seconds);
    if (isnan(part->least_s))
        return;
    const double amount = part->work.amount[part->kind];
    text_grid_set(grid, at, first + 1, "%.3g", amount / 1e9);
    if (!(part->seconds > 0))
        return;
    set_number(grid, at, first + 2, amount / part->seconds / 1e9);
    set_percent(grid, at, first + 3, part->least_s / part->seconds);
}

static void fill_row(struct text_grid *grid, size_t at, const struct limits_row *row,
                     const char *label)
{
    enum { FAMILY, PARAMETER, MOSTLY, FIT, PREDICT = FIT + 4 };
    const bool fit_leads = isnan(row->predict.least_s) || row->fit.least_s >= row->predict.least_s;
    const struct limits_part *leading = fit_leads ? &row->fit : &row->predict;
    text_grid_set(grid, at, FAMILY, "%s", row->record->name);
    text_grid_set(grid, at, PARAMETER, "%s", label);
    text_grid_set(grid, at, MOSTLY, "%s",
                  isnan(leading->least_s) ? "not counted" : kinds[leading->kind].name);
    set_part(grid, at, FIT, &row->fit);
    set_part(grid, at, PREDICT, &row->predict);
}

static int write_rows(FILE *out, const struct limits *limits, const char *dataset)
{
    static const char *const head[] = {"Classifier", "Parameter", "mostly",   "fit s",
                                       "G",          "G/s",       "of limit", "predict s",
                                       "G",          "G/s",       "of limit"};
    struct text_grid grid;
    size_t n = 0, n_train = 0, n_test = 0;
    int failed = create_grid(&grid, limits->n_rows, sizeof head / sizeof *head, 3, head);
    for (size_t i = 0; i < limits->n_rows && !failed; i++) {
        const struct limits_row *row = &limits->rows[i];
        if (strcmp(row->dataset, dataset) != 0)
            continue;
        char *label = parameter_label(row->record->parameter);
        failed = !label;
        if (label)
            fill_row(&grid, ++n, row, label);
        free(label);
        n_train = row->record->n_train;
        n_test = row->record->n_test;
    }
    grid.n_rows = n + 1;
    if (!failed && n) {
        fprintf(out, "\n## %s, %zu training rows, %zu test rows\n\n", dataset, n_train, n_test);
        failed = text_grid_write(out, &grid);
    }
    text_grid_destroy(&grid);
    return failed;
}

static void write_notes(FILE *out)
{
    fputs(
        "\n## How the work is counted\n\n"
        "G is work in thousand millions, of the kind that the row mostly does in fit or in "
        "predict; the fraction of the limit takes all kinds: the seconds that the counted work "
        "would take at the peaks, by the seconds that it took.\n\n"
        "- LogisticRegression, LinearSVC, SVC: additions and multiplications of the matrix "
        "products, passes over the rows, Newton matrices and factorisations that were done. Kernel "
        "functions, and what the solvers of SVC and of Crammer and Singer's machine do row by row "
        "or "
        "with kernel values that are kept, are not counted: there the fraction is that of the "
        "products alone.\n"
        "- MLPClassifier: those of the products of forward and backward passes, without the pixels "
        "of the background that were passed over; the steps of Adam and the activations are not "
        "counted.\n"
        "- SGDClassifier, Perceptron, PassiveAggressiveClassifier: two for each weight that a row "
        "is multiplied with, and two for each that it changes. One row at a time is a product of "
        "a matrix and a vector, which no machine does at the speed of products of matrices.\n"
        "- Trees, forests and boosting: bytes that were counted into histograms or sorted, one for "
        "each row and feature tried in a node; one look that serves several trees counts once. "
        "Scoring the thresholds, which takes most of the time where nodes are small, is not "
        "counted. "
        "Zeros cost less than other bytes, and random splits compare bytes instead: those read "
        "twice, from memory or from a cache, which is faster than the peak given here.\n"
        "- KNeighborsClassifier: each training row with each test row, feature by feature.\n"
        "- GaussianNB: the bytes of the training rows once; four operations for each test row, "
        "class and feature.\n",
        out);
}

static int write_all(FILE *out, const struct limits *limits, const struct results *results)
{
    const struct record *first = limits->rows[0].record;
    char *host = md_escape(first->host);
    if (!host)
        return -1;
    fprintf(out,
            "# Beside the limit of the machine\n\nRows of fmbench %s on host %s; the peaks were "
            "measured when this page was written, by processor time, and hold for rows of the "
            "same machine. The seconds of the rows are of the clock on the wall: whatever else ran "
            "beside them is in them, but not in the processor seconds, which are those of fit and "
            "predict on all threads.\n\n",
            first->version, host);
    free(host);
    int failed = write_peaks(out, &limits->peaks);
    fputc('\n', out);
    if (!failed)
        failed = write_families(out, limits);
    for (size_t d = 0; d < results->n_datasets && !failed; d++)
        failed = write_rows(out, limits, results->datasets[d].name);
    if (!failed)
        write_notes(out);
    return failed;
}

enum status limits_write(FILE *out, const struct results_request *request,
                         const struct limits_peaks *peaks, struct error *error)
{
    struct results results = {.n_datasets = 0};
    struct limits limits = {.n_rows = 0};
    enum status status = results_read(&results, request, error);
    if (!status)
        status = limits_build(&limits, &results, peaks, error);
    if (!status && limits.n_rows == 0)
        status = error_set(error, STATUS_DATA, "no row in %s is ok", request->directory);
    if (!status && write_all(out, &limits, &results))
        status = error_memory(error, "the limits", 0);
    if (!status)
        status = report_finish(out, "the limits", error);
    limits_destroy(&limits);
    results_destroy(&results);
    return status;
}
