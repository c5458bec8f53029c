/*
 * JSON values as text in the one form that this project writes: sorted keys, no white space, and
 * each number in the fewest digits that read back as the same double. Thread-safe.
 */
#ifndef FMBENCH_REPORT_JSON_TEXT_H
#define FMBENCH_REPORT_JSON_TEXT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum { NUMBER_TEXT_BYTES = 32 };

/* 0.1 for 0.1, 10 for 10.0: the fewest digits, %g otherwise. */
void number_text(char text[static NUMBER_TEXT_BYTES], double number);

/* A real keeps a mark of being one (10.0 stays 10.0). 0, or -1 when memory is short. */
int json_text_write(FILE *out, const json_t *value);

/* The same as a string to release with free; NULL when memory is short. */
char *json_text(const json_t *value);

/* The keys of an object in order, borrowed from it, in an array to release with free; or NULL. */
const char **json_sorted_keys(const json_t *object);

/* A whole number; one beyond 2^53 as a string of digits, since many readers hold doubles. */
json_t *json_text_integer(uint64_t number);

/* A JSON string of any bytes: where they are not UTF-8, those outside ASCII become '?'. */
json_t *json_text_string(const char *text);

#endif
