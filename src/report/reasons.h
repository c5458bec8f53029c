/* Why rows have no number: each reason once, numbered from 1 as they came. */
#ifndef FMBENCH_REPORT_REASONS_H
#define FMBENCH_REPORT_REASONS_H

#include <stddef.h>

struct reasons {
    size_t n;
    const char **texts; /* borrowed texts in an array of the caller's that has room for all */
};

size_t reasons_number(struct reasons *reasons, const char *text);

#endif
