/*
 * How near the rows of a results folder come to the limit of the machine: of each, the work that
 * was counted, and the seconds that it would take at the machine's measured peaks.
 *
 * Work is of several kinds, each with a peak of its own; the least time of a row is the sum over
 * kinds of work / (peak x threads), and the fraction of the limit is that time by the seconds
 * taken. Where the work comes from:
 * - `fit_float_flops`, `fit_double_flops` and the same of predict, among the measures of a record:
 *   the additions and multiplications of matrix products, passes over rows, updates of weights and
 *   factorisations that were done;
 * - `histogram_updates`: bytes of training rows that the search for splits counted or sorted;
 *   `bytes_scanned`: those that splits at random were drawn from and compared with;
 * - nearest neighbours: each test row with each training row, feature by feature;
 * - naive Bayes: each byte of the training rows once.
 * Whatever else a row does (kernel functions, solvers of small problems, sorting, shuffling) is not
 * counted: the fraction says how much of the time the counted work explains.
 */
#ifndef FMBENCH_REPORT_LIMITS_H
#define FMBENCH_REPORT_LIMITS_H

#include "report/results.h"

#include <stdio.h>

enum limits_kind {
    LIMITS_FLOAT_FLOPS,
    LIMITS_DOUBLE_FLOPS,
    LIMITS_HISTOGRAM_UPDATES,
    LIMITS_BYTE_DIFFERENCES,
    LIMITS_BYTE_PRODUCTS,
    LIMITS_BYTES_READ,
    LIMITS_BYTES_COPIED, /* to compare with; no row is counted in it */
    LIMITS_KINDS
};

struct limits_peaks {
    double per_s[LIMITS_KINDS]; /* on one thread */
};

/* The work of one part of a row. */
struct limits_work {
    double amount[LIMITS_KINDS];
};

/* Fit or predict of a row; means over its repeats. */
struct limits_part {
    double seconds;
    struct limits_work work;
    double least_s;        /* NAN: nothing was counted */
    enum limits_kind kind; /* the one that takes most of that */
};

struct limits_row {
    const char *dataset;
    const struct record *record; /* both borrowed */
    struct limits_part fit, predict;
    double cpu_s; /* processor time of both, of all threads */
};

struct limits {
    struct limits_peaks peaks;
    size_t n_rows;
    struct limits_row *rows; /* the ok ones of our own classes, owned */
};

/* The work that a repeat did in fit and in predict. */
struct limits_work limits_fit_work(const struct record *record, size_t repeat);
struct limits_work limits_predict_work(const struct record *record, size_t repeat);

/* Borrows from the results. limits_destroy takes a zeroed struct. */
enum status limits_build(struct limits *limits, const struct results *results,
                         const struct limits_peaks *peaks, struct error *error);
void limits_destroy(struct limits *limits);

/* All rows of one classifier and dataset. */
struct limits_family {
    size_t n_rows;
    double seconds, least_s;   /* sums; what has no least time is in the seconds alone */
    double cpu_s, least_cpu_s; /* likewise, of all threads */
    enum limits_kind kind;     /* the one that takes most of the least time */
};
struct limits_family limits_family_of(const struct limits *limits, const struct limits_row *row);

/* In Markdown. Errors of results_read; STATUS_DATA when no row is ok. */
enum status limits_write(FILE *out, const struct results_request *request,
                         const struct limits_peaks *peaks, struct error *error);

#endif
