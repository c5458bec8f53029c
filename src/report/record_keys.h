/* What writing and reading a record share: keys that are written and read alike. */
#ifndef FMBENCH_REPORT_RECORD_KEYS_H
#define FMBENCH_REPORT_RECORD_KEYS_H

#include "report/record.h"

enum { N_RECORD_LISTS = 4, N_ENVIRONMENT_TEXTS = 8, N_ENVIRONMENT_COUNTS = 4 };

/* One number a repeat. */
struct record_list {
    const char *key;
    size_t offset;  /* of the double in struct record_repeat */
    double maximum; /* the smallest value is 0 */
};

extern const struct record_list record_lists[N_RECORD_LISTS]; /* score is the first */

/* Texts of struct record_environment. */
struct environment_text {
    const char *key;
    size_t offset, size;
};

extern const struct environment_text environment_texts[N_ENVIRONMENT_TEXTS];

/* Its whole numbers. */
struct environment_count {
    const char *key;
    size_t offset; /* of the int64_t */
};

extern const struct environment_count environment_counts[N_ENVIRONMENT_COUNTS];

#endif
