/*
 * How far the mean accuracy of a row may be from a reference that another correct implementation
 * gave on the same data. Pure and thread-safe.
 */
#ifndef FMBENCH_REPORT_TOLERANCE_H
#define FMBENCH_REPORT_TOLERANCE_H

#include <jansson.h>

/* `parameter` is the object of the row; a class that is not known gets the strictest tolerance. */
double tolerance_of(const char *name, const json_t *parameter);

#endif
