/*
 * How far the accuracies on one dataset can be trusted, and which rows really differ.
 *
 * Tie groups: rows of adjacent accuracy often cannot be told apart. Every pair of rows is held
 * against each other by McNemar's exact test on the test images (of their typical repeats), with
 * Holm's correction for all the pairs of the dataset. Group 1 is the best row and all that do not
 * differ from it significantly, at 0.05; group 2 the best of the others and all that remain and do
 * not differ from that, and so on.
 *
 * Ranks: the interval is that of the rank over bootstrap samples of the test images, the same for
 * all rows, and of each row's repeats. The samples depend on the dataset's content alone.
 */
#ifndef FMBENCH_REPORT_STANDINGS_H
#define FMBENCH_REPORT_STANDINGS_H

#include "report/outcomes.h"
#include "statistics/accuracy.h"

#include <stdbool.h>

enum { STANDINGS_REPLICATES = 2000 };

struct standing {
    bool is_known; /* its predictions are there; if not, nothing else is set */
    struct accuracy accuracy;
    size_t rank;                /* 1: the best of those that are known */
    size_t rank_low, rank_high; /* 95 % interval */
    size_t tie_group;           /* 1: that of the best */
};

struct standings {
    struct outcomes outcomes;
    size_t n_rows, n_known;
    struct standing *rows; /* in the order of the records, owned */
    double *replicates;    /* STANDINGS_REPLICATES x n_rows accuracies, owned; 0 if not known */
};

/*
 * blas_start comes first. Errors of outcomes_read. Without the true labels no row is known.
 * standings_destroy takes a zeroed struct.
 */
enum status standings_build(struct standings *standings, const struct outcomes_request *request,
                            struct error *error);
void standings_destroy(struct standings *standings);

#endif
