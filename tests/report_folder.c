#include "report_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void folder_append(const char *folder, const char *file, const char *text)
{
    char path[FOLDER_BYTES + 100];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *out = fopen(path, "a");
    cr_assert_not_null(out);
    fputs(text, out);
    cr_assert_eq(fclose(out), 0);
}

void folder_record_init(struct record *record, const char *name, const char *parameter,
                        double score)
{
    record_init(record);
    strcpy(record->cell, "ab");
    snprintf(record->name, sizeof record->name, "%s", name);
    record->parameter = json_loads(parameter, 0, NULL);
    cr_assert_not_null(record->parameter);
    strcpy(record->dataset, "fashion");
    strcpy(record->dataset_hash, "cd");
    strcpy(record->host, "box");
    strcpy(record->version, "1.0");
    record->n_train = 60000;
    record->n_test = 10000;
    record->threads = 1;
    record->n_repeats = 1;
    record->repeats[0].score = score;
    record->repeats[0].fit_s = 2;
    record->repeats[0].predict_s = 0.5;
}

void folder_add(const char *folder, struct record *record)
{
    char file[sizeof record->dataset + 8];
    char *line = record_to_line(record);
    cr_assert_not_null(line);
    snprintf(file, sizeof file, "%s.jsonl", record->dataset);
    folder_append(folder, file, line);
    folder_append(folder, file, "\n");
    free(line);
    record_destroy(record);
}
