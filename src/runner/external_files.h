/*
 * What an external classifier is given, and what it must answer with: files in a folder of its own.
 * The README describes them ("Other implementations").
 */
#ifndef FMBENCH_RUNNER_EXTERNAL_FILES_H
#define FMBENCH_RUNNER_EXTERNAL_FILES_H

#include "base/error.h"
#include "loader/features.h"
#include "runner/cell.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXTERNAL_VERSION = 1,             /* of the form of request and reply */
    EXTERNAL_REPLY_BYTES_MAX = 65536, /* a longer reply is refused */
    EXTERNAL_PATH_BYTES = PATH_MAX
};

/* The files, by the names that they have in the folder. */
extern const char external_request_name[], external_reply_name[], external_labels_name[];

/* FOLDER/NAME; STATUS_FAILED when that is too long a path. */
enum status external_path(char path[EXTERNAL_PATH_BYTES], const char *folder, const char *name,
                          struct error *error);

struct external_task {
    const struct cell *cell;      /* of an external classifier */
    const struct features *train; /* the rows in the order of the repeat */
    const uint8_t *train_labels;  /* n_train class numbers, likewise */
    uint64_t rng_key;
    int n_threads;
    uint64_t memory_limit_bytes; /* 0: none */
    const char *folder;          /* absolute; exists */
};

/* Writes the training images and labels, the test images (not their labels) and the request. */
enum status external_write_files(const struct external_task *task, struct error *error);

struct external_reply {
    double fit_s, predict_s;
    long n_iter;      /* -1: absent */
    int converged;    /* -1: absent */
    char version[64]; /* of the implementation; empty: absent */
};

/*
 * Reads reply and labels as files from anywhere: STATUS_FAILED says what is wrong with them. No
 * more than n_test labels and EXTERNAL_REPLY_BYTES_MAX of reply take memory, whatever their headers
 * and sizes say. `predicted` gets n_test class numbers. The seconds that a reply claims can be no
 * more than elapsed_s, what the command took.
 */
enum status external_read_reply(struct external_reply *reply, const char *folder, double elapsed_s,
                                struct error *error);
enum status external_read_labels(uint8_t *predicted, const char *folder,
                                 const struct dataset *dataset, struct error *error);

#endif
