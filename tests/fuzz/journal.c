/* The journal reader; what it reads is written as a line that gives the same line again. */
#include "report/journal.h"

#include "target.h"

#include <stdlib.h>
#include <string.h>

static void write_and_read(const struct record *record)
{
    struct record again;
    struct error error;
    char *line = record_to_line(record);
    if (!line || record_from_line(&again, line, strlen(line), &error))
        abort();
    char *second = record_to_line(&again);
    if (!second || strcmp(line, second) != 0)
        abort();
    free(line);
    free(second);
    record_destroy(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal journal;
    struct error error = {STATUS_OK, ""};
    const enum status status =
        journal_read(&journal, target_file("journal.jsonl", data, size), &error);
    target_check(status, &error);
    if (!status && journal.valid_bytes + journal.torn_bytes != size)
        abort();
    for (size_t i = 0; i < journal.n_records; i++)
        write_and_read(&journal.records[i]);
    journal_destroy(&journal);
    return 0;
}
