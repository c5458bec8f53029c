/* How seconds and memory grow with the training rows. */
#include "report/growth.h"

#include "report_folder.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_FOLDERS = 4 };
static const size_t n_train[N_FOLDERS] = {1000, 2000, 4000, 8000};

struct folders {
    char names[N_FOLDERS][FOLDER_BYTES];
    const char *pointers[N_FOLDERS];
    struct results results[N_FOLDERS];
    struct growth growth;
};

static void create(struct folders *f)
{
    *f = (struct folders){.growth = {.n_lines = 0}};
    for (size_t i = 0; i < N_FOLDERS; i++) {
        folder_create(f->names[i]);
        f->pointers[i] = f->names[i];
    }
}

static void destroy(struct folders *f)
{
    growth_destroy(&f->growth);
    for (size_t i = 0; i < N_FOLDERS; i++) {
        results_destroy(&f->results[i]);
        folder_remove(f->names[i]);
    }
}

static void begin(struct record *record, size_t i, const char *name, const char *parameter)
{
    folder_record_init(record, name, parameter, 0.5);
    snprintf(record->cell, sizeof record->cell, "%02zx%02zx", strlen(name), strlen(parameter));
    record->n_train = n_train[i];
}

static void add(struct folders *f, size_t i, const char *name, const char *parameter,
                double seconds, double bytes)
{
    struct record record;
    begin(&record, i, name, parameter);
    record.repeats[0].fit_s = 0.75 * seconds;
    record.repeats[0].predict_s = 0.25 * seconds;
    record.peak_rss_bytes = (int64_t)bytes;
    folder_add(f->names[i], &record);
}

static void add_bad(struct folders *f, size_t i, const char *name, const char *parameter)
{
    struct record record;
    begin(&record, i, name, parameter);
    record.status = RECORD_TIMEOUT;
    record.n_repeats = 0;
    strcpy(record.reason, "exceeded 60 seconds");
    folder_add(f->names[i], &record);
}

/* All folders must have a journal. */
static void build(struct folders *f)
{
    struct error error;
    for (size_t i = 0; i < N_FOLDERS; i++)
        cr_assert_eq(results_read(&f->results[i],
                                  &(struct results_request){.directory = f->names[i]}, &error),
                     STATUS_OK, "%s", error.message);
    cr_assert_eq(growth_build(&f->growth, f->results, N_FOLDERS, &error), STATUS_OK);
}

Test(growth, slopes_of_powers_are_their_exponents, .timeout = 10)
{
    const double x[] = {1000, 3000, 20000}, same[] = {5, 5, 5};
    double y[3];
    for (size_t i = 0; i < 3; i++)
        y[i] = 0.002 * pow(x[i], 1.75);
    cr_assert_float_eq(growth_exponent(x, y, 3), 1.75, 1e-12);
    cr_assert_float_eq(growth_exponent(x, same, 3), 0, 1e-12);
    /* By hand: over log 1, log 10, log 100 the slopes 1 and 2 have 1.5 as their mean. */
    cr_assert_float_eq(
        growth_exponent((const double[]){1, 10, 100}, (const double[]){1, 10, 1000}, 3), 1.5,
        1e-12);
    cr_assert(isnan(growth_exponent(x, y, 1)));
    cr_assert(isnan(growth_exponent(same, y, 3)));
}

Test(growth, lines_are_rows_over_all_folders, .timeout = 10)
{
    struct folders f;
    create(&f);
    for (size_t j = N_FOLDERS; j-- > 0;) { /* sizes in any order */
        const double n = (double)n_train[j];
        add(&f, j, "SVC", "{\"C\": 1, \"kernel\": \"rbf\"}", n * n / 1e6, 1e8 * n / 1000);
        add(&f, j, "GaussianNB", "{\"priors\": null}", n / 1e3, 1e8);
        add(&f, j, "SVC", "{\"C\": 1, \"kernel\": \"poly\"}", n / 1e3, 1e8);
    }
    build(&f);
    cr_assert_eq(f.growth.n_lines, 3);
    static const char *const labels[] = {"SVC, kernel=rbf", "SVC, kernel=poly", "GaussianNB"};
    static const double exponents[][2] = {{2, 1}, {1, 0}, {1, 0}};
    for (size_t i = 0; i < 3; i++) {
        const struct growth_line *line = &f.growth.lines[i];
        cr_assert_str_eq(line->label, labels[i]);
        cr_assert_eq(line->n_points, 4);
        cr_assert_eq(line->points[0].record->n_train, 1000);
        cr_assert_float_eq(line->time_exponent, exponents[i][0], 1e-9, "%zu: %g", i,
                           line->time_exponent);
        cr_assert_float_eq(line->memory_exponent, exponents[i][1], 1e-9, "%zu", i);
        cr_assert_null(line->stop);
    }
    destroy(&f);
}

Test(growth, short_times_do_not_count_where_there_are_longer_ones, .timeout = 10)
{
    struct folders f;
    create(&f);
    add(&f, 0, "SVC", "{}", 0.009, 1e6);
    add(&f, 1, "SVC", "{}", 0.0095, 1e6);
    add(&f, 2, "SVC", "{}", 0.02, 1e8);
    add(&f, 3, "SVC", "{}", 0.08, 2e8);
    build(&f);
    cr_assert_float_eq(f.growth.lines[0].time_exponent, 2, 1e-9);
    cr_assert_float_eq(f.growth.lines[0].memory_exponent, 1, 1e-9);
    destroy(&f);
}

Test(growth, two_threads_are_compared_at_the_largest_size_of_both, .timeout = 10)
{
    static const double seconds[] = {5, 6, 8};
    struct folders f;
    struct record record;
    size_t size;
    create(&f);
    for (size_t i = 0; i < 3; i++)
        add(&f, i, "SVC", "{}", seconds[i], 1e8);
    add(&f, 0, "SVC", "{\"C\": 2}", 1, 1e8);
    begin(&record, 2, "SVC", "{}"); /* takes 2.5 s */
    record.threads = 2;
    folder_add(f.names[3], &record);
    build(&f);
    cr_assert_eq(f.growth.n_lines, 3);
    cr_assert_eq(f.growth.lines[1].threads, 2, "the lines of a row do not stand together");
    cr_assert_float_eq(growth_speedup(&f.growth, &f.growth.lines[1], &size), 8 / 2.5, 1e-9);
    cr_assert_eq(size, 4000);
    cr_assert(isnan(growth_speedup(&f.growth, &f.growth.lines[0], &size)));
    destroy(&f);
}

#define HAS(text, part) cr_assert_not_null(strstr(text, part), "'%s' in:\n%s", part, text)

static char *written(const struct folders *f, enum growth_format format)
{
    char *text;
    size_t length;
    struct error error;
    FILE *out = open_memstream(&text, &length);
    const struct results_folders_request request = {.directories = f->pointers,
                                                    .n_directories = N_FOLDERS};
    cr_assert_eq(growth_write(out, &request, format, &error), STATUS_OK, "%s", error.message);
    fclose(out);
    return text;
}

Test(growth, the_page_and_the_plot_tell_all_of_it, .timeout = 10)
{
    struct folders f;
    create(&f);
    for (size_t i = 0; i < N_FOLDERS; i++)
        add(&f, i, "GaussianNB", "{}", (double)n_train[i] / 1000, 1e8);
    add(&f, 0, "SVC", "{\"C\": 1}", 2, 2e8);
    add(&f, 1, "SVC", "{\"C\": 1}", 8, 4e8);
    add_bad(&f, 2, "SVC", "{\"C\": 1}");
    char *text = written(&f, GROWTH_MD);
    HAS(text, "| Classifier | threads | 1000 | 2000 |    4000 | 8000 | exponent | speed-up |");
    HAS(text, "| SVC        |       1 | 2.00 | 8.00 | timeout |      |     2.00 |          |");
    HAS(text, "| SVC        |       1 |  200 |  400 |      |      |     1.00 |");
    HAS(text, "- SVC, fashion, 1 thread: 4000 training rows: timeout: exceeded 60 seconds");
    free(text);
    text = written(&f, GROWTH_GNUPLOT);
    HAS(text, "$line1 << END\n1000 2\n2000 8\nEND\n");
    HAS(text, "title 'GaussianNB', \\\n  $line1 using 1:2");
    free(text);
    destroy(&f);
}

Test(growth, unknown_formats_and_empty_folders_are_refused, .timeout = 10)
{
    enum growth_format format;
    struct error error;
    struct record record;
    char folder[FOLDER_BYTES];
    cr_assert_eq(growth_format_find(&format, "csv", &error), STATUS_USAGE);
    folder_create(folder);
    folder_record_init(&record, "SVC.x", "{}", 0.5);
    record.command = json_pack("[s]", "x");
    folder_add(folder, &record);
    const char *const folders[] = {folder};
    const struct results_folders_request request = {.directories = folders, .n_directories = 1};
    cr_assert_eq(growth_write(stdout, &request, GROWTH_MD, &error), STATUS_DATA);
    folder_remove(folder);
}
