/*
 * Ours beside theirs: each row that an external classifier ran as the peer of one of our classes,
 * with our row of the same parameters in the same results folder.
 *
 * A row is measured in several rounds, each with a seed of its own; seconds are those of fit and
 * predict together. The medians and their ratio, theirs by ours, are those of the rounds that both
 * sides ended, and the interval comes from the ratios of these rounds: order statistics, which hold
 * the median of such ratios with at least 95 % where there are six or more, and less often where
 * there are fewer. Where there is no such round, a side that exceeded its time limit gives a bound.
 */
#ifndef FMBENCH_REPORT_PEERS_H
#define FMBENCH_REPORT_PEERS_H

#include "report/results.h"

enum { PEERS_ROUNDS_MAX = 64 };

/* One side of a row: its records, the last of each cell. */
struct peers_side {
    size_t n_records;
    const struct record *records[PEERS_ROUNDS_MAX]; /* borrowed */
    size_t n_ok;
    double accuracy; /* mean over the ok ones */
    double median_s; /* of the rounds that both sides ended; without such, of its ok ones; or NAN */
    double bound_s;  /* the longest that was waited in vain; 0: no timeout */
    size_t n_timeouts;
};

enum peers_ratio {
    PEERS_NO_RATIO,
    PEERS_MEASURED,
    PEERS_AT_LEAST, /* theirs exceeded the time limit */
    PEERS_AT_MOST   /* ours did */
};

struct peers_row {
    size_t folder;       /* index into the folders */
    const char *dataset; /* borrowed, like what follows but for key and label */
    const char *family;  /* our class */
    const char *peer;    /* name of the external classifier */
    const json_t *parameter;
    char *key, *label; /* owned */
    size_t n_train, n_test;
    struct peers_side ours, theirs;
    enum peers_ratio kind;
    double ratio;     /* theirs by ours */
    size_t n_pairs;   /* seeds that both have */
    double low, high; /* NAN: fewer than two pairs */
    bool is_absent;   /* what it needs is not installed */
};

struct peers {
    size_t n_rows;
    struct peers_row *rows; /* owned; by folder, dataset, family, parameters, peer as they came */
};

/* Borrows from the results. peers_destroy takes a zeroed struct. */
enum status peers_build(struct peers *peers, const struct results *folders, size_t n_folders,
                        struct error *error);
void peers_destroy(struct peers *peers);

/* Of n values in rising order, the interval is that from the k-th smallest to the k-th largest. */
size_t peers_interval_rank(size_t n);
/* The probability that it holds the median of what they are drawn from. */
double peers_interval_coverage(size_t n);

/* The rows of one family, peer, dataset and folder. */
struct peers_family {
    size_t n_rows, n_bounds; /* that have a ratio; of them those that are lower bounds */
    double mean;             /* geometric; NAN where there is none */
};
struct peers_family peers_family_of(const struct peers *peers, const struct peers_row *row);

/* In Markdown. Errors of results_read; STATUS_DATA when there is no such row at all. */
enum status peers_write(FILE *out, const struct results_folders_request *request,
                        struct error *error);

#endif
