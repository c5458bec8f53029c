/*
 * The typed parameters of a classifier class. The table of a class alone drives validation,
 * defaults, help and documentation. Everything here is pure and thread-safe.
 */
#ifndef FMBENCH_CLASSIFIERS_PARAMETERS_H
#define FMBENCH_CLASSIFIERS_PARAMETERS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    PARAMETERS_MAX = 16,     /* parameters of a class */
    PARAMETER_LIST_MAX = 256 /* values of a list */
};

enum parameter_type {
    PARAMETER_INTEGER,
    PARAMETER_REAL,
    PARAMETER_CHOICE,       /* one word of `choices` */
    PARAMETER_INTEGER_LIST, /* one or more whole numbers, as in hidden_layer_sizes */
    PARAMETER_REAL_LIST
};

struct parameter_value {
    bool is_none;     /* Python's None, where the parameter allows it */
    size_t choice;    /* CHOICE: index into `choices` */
    size_t n_numbers; /* INTEGER, REAL: 1; lists: their length */
    double numbers[PARAMETER_LIST_MAX];
};

struct parameter_spec {
    const char *name; /* scikit-learn's; NULL ends a table */
    enum parameter_type type;
    const char *summary;
    double minimum, maximum; /* of each number, inclusive */
    bool minimum_excluded;   /* the range is (minimum, maximum] */
    bool none_allowed;
    bool is_readout;                 /* changes only how a fitted model is read; or, where the
                                        class has ask, which of its models is */
    const char *const *choices;      /* CHOICE: NULL-terminated */
    struct parameter_value fallback; /* the default of scikit-learn 0.19 */
};

/* The values of one configuration, in the order of the class's table. */
struct parameters {
    struct parameter_value values[PARAMETERS_MAX];
};

size_t parameter_count(const struct parameter_spec *table);

/* The index of `name` in the table, or parameter_count(table). */
size_t parameter_find(const struct parameter_spec *table, const char *name);

void parameters_default(struct parameters *parameters, const struct parameter_spec *table);

/* Checks ranges and list lengths of one value; the message names the parameter and the value. */
enum status parameter_validate(const struct parameter_spec *spec,
                               const struct parameter_value *value, struct error *error);

/* `index` is the class's own enum of its table. */
double parameter_number(const struct parameters *parameters, size_t index);
size_t parameter_choice(const struct parameters *parameters, size_t index);
bool parameter_is_none(const struct parameters *parameters, size_t index);

#endif
