/*
 * Two results folders: what changed, and is it significant?
 *
 * Accuracy. Two trained models differ when McNemar's exact test says so, on the test images that
 * they share (of the typical repeats). Two ways of training differ when that is so, and Welch's
 * test on the accuracies of the repeats says so too: a model moves with its seed as well as with
 * the images it is tested on. Both at once is an intersection-union test: Berger, "Multiparameter
 * hypothesis testing and acceptance sampling" (Technometrics 24, 1982), whose level is at most that
 * of each part. With a single repeat on a side there is nothing to see the seeds by: then the
 * models alone are compared, and another seed may be all that the difference is. The probabilities
 * are adjusted for the number of rows of all datasets by Holm's method.
 *
 * Time. Fit and predict together, Welch's test on the logarithms over the repeats, adjusted alike;
 * one repeat gives a ratio without a test.
 */
#ifndef FMBENCH_REPORT_COMPARE_H
#define FMBENCH_REPORT_COMPARE_H

#include "report/results.h"

#include <stdbool.h>
#include <stdio.h>

struct compare_options {
    double alpha;          /* probability of any false alarm, for accuracy and for time each */
    double min_difference; /* of accuracy: less is never reported */
    double time_ratio;     /* a row is slower or faster when its time changes by this or more, */
    double min_seconds;    /* and by these or more: less is the noise of a busy machine */
};

enum compare_fate {
    COMPARE_BOTH,   /* both have an accuracy */
    COMPARE_LOST,   /* the second has no such row, or none that ended well */
    COMPARE_ADDED,  /* the first has no such row, or none that ended well */
    COMPARE_NEITHER /* neither has an accuracy */
};

struct compare_row {
    const char *dataset, *name;    /* borrowed */
    const struct record *sides[2]; /* borrowed; NULL: no such row */
    char *label;                   /* of the parameters, owned */
    enum compare_fate fate;
    /* The rest only of COMPARE_BOTH. Probabilities are NAN where there is no test. */
    double difference;        /* of the accuracies, second less first */
    double p_models, p_seeds; /* McNemar, Welch */
    double p;                 /* the larger one of those there are, adjusted */
    double seconds[2];        /* medians */
    double p_time;            /* adjusted */
    bool differs, is_slower, is_faster;
};

struct compare_counts {
    size_t n_both, n_tested, n_differ, n_slower, n_faster, n_lost, n_added;
    size_t n_below; /* of n_tested: rows whose probability is below alpha before the adjustment */
};

struct compare {
    struct compare_options options;
    size_t n_rows;
    struct compare_row *rows; /* owned; by dataset, in the order of the first folder */
    struct compare_counts counts;
};

/*
 * Borrows from the results. STATUS_DATA when a dataset has not the same content or size in both
 * (hash), and errors of outcomes_read. compare_destroy takes a zeroed struct. blas is not used.
 */
enum status compare_build(struct compare *compare, const struct results folders[2],
                          const char *const directories[2], const struct compare_options *options,
                          struct error *error);
void compare_destroy(struct compare *compare);

/* Nothing differs, is slower or was lost: rows that were added or became faster are no fault. */
bool compare_is_clean(const struct compare *compare);

struct compare_request {
    const char *directories[2];
    const char *const *datasets; /* as in results_request */
    size_t n_datasets;
    bool one_program; /* as in results_request; the two folders may be of different ones */
    struct compare_options options;
    const char *format; /* md, html, tex or json; NULL: md */
};

/* Reads, compares and writes; *is_clean tells compare_is_clean. */
enum status compare_write(FILE *out, const struct compare_request *request, bool *is_clean,
                          struct error *error);

#endif
