/* Which program made a record, and whether two are the same. Thread-safe. */
#ifndef FMBENCH_REPORT_PROGRAM_H
#define FMBENCH_REPORT_PROGRAM_H

#include "report/record.h"

#include <stdbool.h>

/* As far as a record tells. All borrowed; "" where it does not. */
struct program {
    const char *version, *source, *compiler, *flags;
};

struct program program_of(const struct record *record);

/* Where two programs differ: what differs, as a word, and the value of each. All borrowed. */
struct program_difference {
    const char *what, *first, *second;
};

/*
 * Two programs are the same when their source, compiler and flags are: a commit that changes none
 * of them makes no other program. Where one of the two does not tell its source, as records of
 * earlier versions do not, the versions are compared instead. True when they differ.
 */
bool program_differs(const struct program *first, const struct program *second,
                     struct program_difference *difference);

/* Was it built from another source than its commit has? Such a version does not tell what ran. */
bool program_is_modified(const struct record *record);

#endif
