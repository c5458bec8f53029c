/*
 * Parameter values between JSON and the typed form. A tuple may be a string, "(100, 10)", and null
 * is Python's None.
 */
#ifndef FMBENCH_RUNNER_PARAMETER_JSON_H
#define FMBENCH_RUNNER_PARAMETER_JSON_H

#include "base/error.h"
#include "classifiers/parameters.h"

#include <jansson.h>

/* Validates too: STATUS_USAGE with the parameter, the value and what is allowed in the message. */
enum status parameter_from_json(const struct parameter_spec *spec, const json_t *json,
                                struct parameter_value *value, struct error *error);

/*
 * All values of a configuration: what the object gives, and the defaults. Its keys must be
 * parameters of the table. STATUS_USAGE as above.
 */
enum status parameters_from_json(struct parameters *parameters, const struct parameter_spec *table,
                                 const json_t *object, struct error *error);

/* New reference: the value as a grid would write it, tuples as lists. NULL: out of memory. */
json_t *parameter_to_json(const struct parameter_spec *spec, const struct parameter_value *value);

/* Short text for tables and patterns: 10, gini, (100,10), None. Truncated to size. */
void parameter_to_text(const struct parameter_spec *spec, const struct parameter_value *value,
                       char *text, size_t size);

/* The same for a free parameter of an external classifier; also true as True. */
void parameter_free_to_text(const json_t *value, char *text, size_t size);

#endif
