/* What writing and reading a record share: the keys that hold one number a repeat. */
#ifndef FMBENCH_REPORT_RECORD_KEYS_H
#define FMBENCH_REPORT_RECORD_KEYS_H

#include "report/record.h"

enum { N_RECORD_LISTS = 4 };

struct record_list {
    const char *key;
    size_t offset;  /* of the double in struct record_repeat */
    double maximum; /* the smallest value is 0 */
};

extern const struct record_list record_lists[N_RECORD_LISTS]; /* score is the first */

#endif
