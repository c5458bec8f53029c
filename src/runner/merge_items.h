/*
 * What a merge takes from which results folder: for each cell one record of those that the folders
 * have, after all that could forbid it was looked at. Writes nothing but messages.
 */
#ifndef FMBENCH_RUNNER_MERGE_ITEMS_H
#define FMBENCH_RUNNER_MERGE_ITEMS_H

#include "base/error.h"
#include "loader/digest.h"
#include "report/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A record, without what it takes to hold thousands of them. */
struct merge_item {
    size_t source, dataset, program; /* places in the lists of struct merge_items */
    char cell[65];
    char content[DIGEST_HEX_BYTES]; /* of its scores and predicted labels */
    enum record_status status;
    char *line;        /* as in its journal, with the newline; owned */
    char *predictions; /* path within the folder, owned; NULL: none */
    bool is_taken;     /* the one of its cell */
    bool is_in_place;  /* of one that the first folder has, which did not end well */
};

struct merge_dataset {
    char name[64], hash[65];
    size_t n_train, n_test;
    size_t source;      /* the first that has it */
    size_t valid_bytes; /* of the journal in the first of all folders; 0: it has none */
};

struct merge_items {
    const char *const *folders; /* borrowed */
    size_t n_folders;
    size_t n, capacity;
    struct merge_item *items; /* in the order of the folders and of their journals; owned */
    size_t n_datasets;
    struct merge_dataset *datasets; /* owned */
    size_t n_programs;
    struct record **programs; /* the first record of each, owned */
};

/*
 * Reads the journals and predictions of the folders, of which the first may be empty, and takes for
 * each cell the last record of the first folder that has one which is ok, or else of the first that
 * has one. Torn last lines are passed over with a message.
 *
 * STATUS_FAILED when two folders have records of one cell that are ok and differ in a score or a
 * predicted label. STATUS_DATA when a folder but the first has no journal, a journal or a file of
 * labels is damaged or missing, datasets of one name differ in content or size, or, unless `mixed`,
 * different programs made what is taken. merge_items_destroy takes a zeroed or half-filled struct.
 */
enum status merge_items_read(struct merge_items *items, const char *const *folders,
                             size_t n_folders, bool mixed, FILE *messages, struct error *error);
void merge_items_destroy(struct merge_items *items);

#endif
