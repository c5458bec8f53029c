/*
 * The record of a finished cell: one line of a journal, as a struct.
 *
 * The keys of the original benchmark keep their meaning: name, parameter, score, num_repeat,
 * mean_accuracy, std_accuracy (twice the population standard deviation), start_time, done_time,
 * time_per_repeat (times in whole milliseconds). num_repeat, mean_accuracy, std_accuracy and
 * time_per_repeat are derived from the others when a record is written. A value that does not exist
 * is absent from the line, never 0.
 */
#ifndef FMBENCH_REPORT_RECORD_H
#define FMBENCH_REPORT_RECORD_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { RECORD_REPEATS_MAX = 64, RECORD_MEASURES_MAX = 8 };

enum record_status {
    RECORD_OK,
    RECORD_REJECTED,      /* the combination of parameters is not valid */
    RECORD_TIMEOUT,       /* stopped by the wall-clock limit */
    RECORD_OUT_OF_MEMORY, /* stopped by the memory limit */
    RECORD_CRASHED,       /* the worker died; the reason says of what */
    RECORD_FAILED         /* the classifier returned an error */
};

const char *record_status_name(enum record_status status); /* the word in the journal; static */

/* What one repeat gave. Times are those that the cell would take alone. */
struct record_repeat {
    double score; /* accuracy on the test part */
    double fit_s, predict_s, cpu_s;
    long n_iter;   /* -1: absent */
    int converged; /* 1, 0; -1: absent */
    size_t n_measures;
    struct record_measure {
        char name[32]; /* e.g. dual_gap */
        double value;
    } measures[RECORD_MEASURES_MAX];
};

struct record {
    char cell[65];     /* identity of the cell, hexadecimal */
    char name[64];     /* of the classifier class */
    json_t *parameter; /* object as the grid gives it, owned */
    enum record_status status;
    char reason[1024]; /* empty when ok */
    char dataset[64], dataset_hash[65];
    char solver[64];       /* empty: absent */
    char predictions[256]; /* file of the predicted labels, relative to the results folder; or empty
                            */
    char host[256], version[64];
    size_t n_train, n_test;
    size_t n_repeats; /* finished ones */
    struct record_repeat repeats[RECORD_REPEATS_MAX];
    int64_t start_time, done_time; /* milliseconds since 1970 */
    int64_t peak_rss_bytes;        /* -1: absent */
    int threads;
    uint64_t seed;
};

void record_init(struct record *record); /* everything absent */
void record_destroy(struct record *record);

double record_mean_accuracy(const struct record *record); /* n_repeats >= 1 */
double record_std_accuracy(const struct record *record);  /* twice the population deviation */

/* One JSON object with sorted keys, no newline; NULL when memory is short. Release with free. */
char *record_to_line(const struct record *record);

/* Strict: wrong types, missing keys and unknown status words are STATUS_DATA errors that name the
   key. On success the caller destroys *record; on failure there is nothing to destroy. */
enum status record_from_line(struct record *record, const char *line, size_t length,
                             struct error *error);

#endif
