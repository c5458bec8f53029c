/* For the tests of the report: a results folder of made-up records. */
#ifndef FMBENCH_TESTS_REPORT_FOLDER_H
#define FMBENCH_TESTS_REPORT_FOLDER_H

#include "report/record.h"
#include "test_folder.h"

/* Appends text to the file of this name in the folder. */
void folder_append(const char *folder, const char *file, const char *text);

/* An ok record of one repeat; `parameter` is JSON. */
void folder_record_init(struct record *record, const char *name, const char *parameter,
                        double score);

/* Appends the record to the journal of its dataset and destroys it. */
void folder_add(const char *folder, struct record *record);

#endif
