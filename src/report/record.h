/*
 * The record of a finished cell: one line of a journal, as a struct.
 *
 * The keys of the original benchmark keep their meaning: name, parameter, score, num_repeat,
 * mean_accuracy, std_accuracy (twice the population standard deviation), start_time, done_time,
 * time_per_repeat (in whole seconds). num_repeat, mean_accuracy, std_accuracy and
 * time_per_repeat are derived from the others when a record is written. A value that does not exist
 * is absent from the line, never 0: score, the lists of seconds and what is derived from them when
 * no repeat finished; n_iter, converged and each measure when no repeat has them (null in a list
 * stands for one repeat without); measures that are not finite; empty texts.
 *
 * The other keys have the names of the fields below, but for dataset, which is {"name", "hash"},
 * measures, which is {name: [one value a repeat]}, and modified for is_modified in environment.
 * Keys that are not known are ignored: later versions may add some, and an older program still
 * reads their journals. schemas/record.schema.json has them all.
 */
#ifndef FMBENCH_REPORT_RECORD_H
#define FMBENCH_REPORT_RECORD_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { RECORD_REPEATS_MAX = 64, RECORD_MEASURES_MAX = 16 };

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

/* What made a record. Journals of earlier versions have none of it. */
struct record_environment {
    /* The program: git's commit, SHA-256 of its source files, both hexadecimal. Empty: absent. */
    char commit[65], source[65], compiler[128], flags[2048];
    int is_modified; /* is the source another than the commit's? 1, 0; -1: absent */
    /* What it ran on: OpenBLAS with its build options, the processor that its kernels are for, the
       instruction set of ours, and the processor there is. Empty: absent. */
    char blas[256], blas_kernel[64], simd[16], processor[128];
    /* The options of the run; repeats are those that were asked for. -1: absent. */
    int64_t cores, jobs, repeats, memory_limit_bytes; /* of each cell */
    double timeout_s;                                 /* of each cell; 0: none; -1: absent */
};

struct record {
    char cell[65];     /* identity of the cell, hexadecimal */
    char name[64];     /* of the classifier class */
    json_t *parameter; /* object as the grid gives it, owned: scalars or flat lists of scalars */
    /* Of an external classifier: its command, a list of strings, owned, or NULL; the class that it
       is the peer of; and the version of what it ran. Empty: absent. */
    json_t *command;
    char peer_of[64], implementation[64];
    enum record_status status;
    char reason[1024]; /* empty when ok */
    char dataset[64], dataset_hash[65];
    char solver[64];       /* empty: absent */
    char predictions[256]; /* file of the predicted labels, relative to the results folder; or empty
                            */
    char host[256], version[64];
    size_t n_train, n_test;
    size_t n_features, n_classes; /* 0: absent, as in the journals of earlier versions */
    size_t n_repeats;             /* finished ones */
    struct record_repeat repeats[RECORD_REPEATS_MAX];
    int64_t start_time, done_time; /* whole seconds since 1970 */
    int64_t peak_rss_bytes;        /* -1: absent */
    int64_t needed_bytes;          /* what it was estimated to need before it started; -1: absent */
    int64_t mapped_bytes;          /* of images: in the peak, but not in what is needed, since the
                                      kernel can drop them; -1: absent */
    int threads;
    uint64_t seed; /* in the line a string of digits beyond 2^53 */
    struct record_environment environment;
};

void record_init(struct record *record); /* everything absent */
void record_destroy(struct record *record);
void record_environment_init(struct record_environment *environment); /* everything absent */

double record_mean_accuracy(const struct record *record); /* n_repeats >= 1 */
double record_std_accuracy(const struct record *record);  /* twice the population deviation */

/*
 * One JSON object with sorted keys, no newline; NULL when memory is short (or a score or a time is
 * not finite, which is a fault of the caller's). Release with free. record_from_line gives back the
 * same record, with the measures in the order of their names.
 */
char *record_to_line(const struct record *record);

/*
 * For lines from anywhere. Strict: what is not JSON or UTF-8, duplicate or missing keys, wrong
 * types, unknown status words, numbers out of range, texts and lists that are too long, and figures
 * that do not follow from score are STATUS_DATA errors that name the key. On success the caller
 * destroys *record; on failure there is nothing to destroy.
 */
enum status record_from_line(struct record *record, const char *line, size_t length,
                             struct error *error);

#endif
