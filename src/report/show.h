/*
 * One row of the table with everything that its records say, for reading in a terminal of 80
 * columns: the parameters, and for each dataset how it ended, its accuracies beside the published
 * one, the seconds and measures of each repeat, and what it ran on.
 */
#ifndef FMBENCH_REPORT_SHOW_H
#define FMBENCH_REPORT_SHOW_H

#include "report/table_model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What the row ran with. All borrowed. */
struct show_parameter {
    const char *name, *value;
    bool is_given; /* by the grid; otherwise it is the default */
};

struct show_request {
    const struct table *table; /* need not have been judged */
    size_t row;
    const struct show_parameter *parameters;
    size_t n_parameters;
};

/* 0, or -1 when memory is short. */
int show_write(FILE *out, const struct show_request *request);

#endif
