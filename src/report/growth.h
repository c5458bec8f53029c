/*
 * How the cost of each row grows with the training rows: seconds and peak memory at several sizes,
 * in one results folder each, and the exponents of the powers of n that fit them.
 *
 * A line is one row (classifier and parameters) of one dataset with one number of threads. Its
 * exponents are the slopes of straight lines through the logarithms, by least squares, over the
 * sizes that took at least GROWTH_LEAST_S, where two of them are there: below that, what a cell
 * takes before it begins is as long as the work. Memory counts from GROWTH_LEAST_BYTES on. A size
 * that ended in anything but ok is where the line stops, and its reason says why.
 */
#ifndef FMBENCH_REPORT_GROWTH_H
#define FMBENCH_REPORT_GROWTH_H

#include "report/results.h"

#include <stdio.h>

#define GROWTH_LEAST_S 0.01
#define GROWTH_LEAST_BYTES 64e6

enum { GROWTH_SIZES_MAX = 32 }; /* of a line that count in its exponents */

struct growth_point {
    const struct record *record; /* borrowed */
    double seconds;              /* fit and predict, mean over repeats; NAN when it is not ok */
};

struct growth_line {
    const char *name, *dataset; /* borrowed */
    json_t *parameter;          /* borrowed */
    char *key, *label;          /* owned; label: the classifier and what tells it from its others */
    int threads;
    size_t n_points;
    struct growth_point *points;     /* in rising order of n_train, owned */
    double time_exponent;            /* NAN: fewer than two sizes */
    double memory_exponent;          /* likewise */
    const struct growth_point *stop; /* the smallest size that was not ok; NULL */
};

struct growth {
    size_t n_lines;
    struct growth_line
        *lines; /* owned; as they came, but those of a row and of a classifier together */
};

/* Borrows from the folders. growth_destroy takes a zeroed struct. */
enum status growth_build(struct growth *growth, const struct results *folders, size_t n_folders,
                         struct error *error);
void growth_destroy(struct growth *growth);

/* Slope of log y over log x by least squares; NAN for fewer than two different x. */
double growth_exponent(const double *x, const double *y, size_t n);

/* One thread's seconds by those of `line` at the same size, the largest that both have; NAN where
   there is none, and *n_train is that size. */
double growth_speedup(const struct growth *growth, const struct growth_line *line, size_t *n_train);

enum growth_format { GROWTH_MD, GROWTH_GNUPLOT };

/* STATUS_USAGE when the word is neither md nor gnuplot. */
enum status growth_format_find(enum growth_format *format, const char *word, struct error *error);

/*
 * The tables in Markdown; or a script for gnuplot that draws seconds over rows, as SVG to its
 * standard output. Errors of results_read; STATUS_DATA when there is no record at all.
 */
enum status growth_write(FILE *out, const struct results_folders_request *request,
                         enum growth_format format, struct error *error);

/* The parts of it. 0, or -1 when memory is short. */
int growth_write_md(FILE *out, const struct growth *growth);
void growth_write_gnuplot(FILE *out, const struct growth *growth);

#endif
