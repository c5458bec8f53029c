/*
 * The parameters of a record as text: a key for comparing by value and a label for reading.
 * Both are strings to release with free, NULL when memory is short. Thread-safe.
 */
#ifndef FMBENCH_REPORT_PARAMETER_TEXT_H
#define FMBENCH_REPORT_PARAMETER_TEXT_H

#include <jansson.h>

/* Equal for equal values: the order of keys does not matter, 1 equals 1.0, lists go by element. */
char *parameter_key(const json_t *parameter);

/*
 * `C=1, kernel=rbf`, keys in alphabetical order; Python's words for true, false and null. A list of
 * four or more equal values is written as [0.1 x 10]. Without any parameter: `defaults`.
 */
char *parameter_label(const json_t *parameter);

#endif
