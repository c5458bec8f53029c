/* For the tests of the report: a results folder of made-up records. */
#ifndef FMBENCH_TESTS_REPORT_FOLDER_H
#define FMBENCH_TESTS_REPORT_FOLDER_H

#include "report/record.h"

enum { FOLDER_PATH_BYTES = 64 };

/* A new folder under /tmp; the test removes it with folder_remove. */
void folder_create(char path[static FOLDER_PATH_BYTES]);
void folder_remove(const char *path);

/* Appends text to the file of this name in the folder. */
void folder_append(const char *folder, const char *file, const char *text);

/* An ok record of one repeat; `parameter` is JSON. */
void folder_record_init(struct record *record, const char *name, const char *parameter,
                        double score);

/* Appends the record to the journal of its dataset and destroys it. */
void folder_add(const char *folder, struct record *record);

#endif
