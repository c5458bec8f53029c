#include "classifiers/parameters.h"

#include <math.h>
#include <string.h>

size_t parameter_count(const struct parameter_spec *table)
{
    size_t n = 0;
    while (table[n].name)
        n++;
    return n;
}

size_t parameter_find(const struct parameter_spec *table, const char *name)
{
    size_t i = 0;
    while (table[i].name && strcmp(table[i].name, name) != 0)
        i++;
    return i;
}

void parameters_default(struct parameters *parameters, const struct parameter_spec *table)
{
    memset(parameters, 0, sizeof *parameters);
    for (size_t i = 0; table[i].name; i++)
        parameters->values[i] = table[i].fallback;
}

static bool is_integer_type(enum parameter_type type)
{
    return type == PARAMETER_INTEGER || type == PARAMETER_INTEGER_LIST;
}

static enum status validate_number(const struct parameter_spec *spec, double number,
                                   struct error *error)
{
    if (!isfinite(number))
        return error_set(error, STATUS_USAGE, "%s: %g is not a finite number", spec->name, number);
    if (is_integer_type(spec->type) && number != floor(number))
        return error_set(error, STATUS_USAGE, "%s: %.15g is not a whole number", spec->name,
                         number);
    const bool too_small =
        spec->minimum_excluded ? number <= spec->minimum : number < spec->minimum;
    if (too_small || number > spec->maximum)
        return error_set(error, STATUS_USAGE, "%s: %.15g is outside %c%.15g, %.15g]", spec->name,
                         number, spec->minimum_excluded ? '(' : '[', spec->minimum, spec->maximum);
    return STATUS_OK;
}

enum status parameter_validate(const struct parameter_spec *spec,
                               const struct parameter_value *value, struct error *error)
{
    if (value->is_none && !spec->none_allowed)
        return error_set(error, STATUS_USAGE, "%s: must have a value", spec->name);
    if (value->is_none || spec->type == PARAMETER_CHOICE)
        return STATUS_OK;
    if (value->n_numbers == 0 || value->n_numbers > PARAMETER_LIST_MAX)
        return error_set(error, STATUS_USAGE, "%s: a list of %zu values; it takes 1 to %d",
                         spec->name, value->n_numbers, PARAMETER_LIST_MAX);
    for (size_t i = 0; i < value->n_numbers; i++) {
        const enum status status = validate_number(spec, value->numbers[i], error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

double parameter_number(const struct parameters *parameters, size_t index)
{
    return parameters->values[index].numbers[0];
}

size_t parameter_choice(const struct parameters *parameters, size_t index)
{
    return parameters->values[index].choice;
}

bool parameter_is_none(const struct parameters *parameters, size_t index)
{
    return parameters->values[index].is_none;
}
