/* What each repeat of a record gave, of use to show.c alone. */
#ifndef FMBENCH_REPORT_SHOW_REPEATS_H
#define FMBENCH_REPORT_SHOW_REPEATS_H

#include "report/record.h"

#include <stdio.h>

/*
 * A line a repeat, their mean where there are several, and a field for each measure with its value
 * in each repeat, `-` where it has none. Nothing for a record without repeats. 0, or -1 when memory
 * is short.
 */
int show_write_repeats(FILE *out, const struct record *record);

#endif
