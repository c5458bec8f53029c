#include "classifiers/parameters.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const char *const words[] = {"gini", "entropy", NULL};

enum { DEPTH, TOLERANCE, CRITERION, SIZES, PRIORS };

static const struct parameter_spec table[] = {
    [DEPTH] = {.name = "max_depth",
               .type = PARAMETER_INTEGER,
               .minimum = 1,
               .maximum = 1e6,
               .none_allowed = true,
               .fallback = {.is_none = true}},
    [TOLERANCE] = {.name = "tol",
                   .type = PARAMETER_REAL,
                   .minimum = 0,
                   .maximum = 2,
                   .minimum_excluded = true,
                   .fallback = {.n_numbers = 1, .numbers = {0.5}}},
    [CRITERION] = {.name = "criterion",
                   .type = PARAMETER_CHOICE,
                   .choices = words,
                   .fallback = {.choice = 1}},
    [SIZES] = {.name = "hidden_layer_sizes",
               .type = PARAMETER_INTEGER_LIST,
               .minimum = 1,
               .maximum = 100,
               .fallback = {.n_numbers = 2, .numbers = {7, 8}}},
    [PRIORS] = {.name = "priors", .type = PARAMETER_REAL_LIST, .minimum = 0, .maximum = HUGE_VAL},
    {.name = NULL},
};

Test(parameters, count_and_find, .timeout = 10)
{
    static const struct parameter_spec empty[] = {{.name = NULL}};
    cr_assert_eq(parameter_count(table), 5);
    cr_assert_eq(parameter_count(empty), 0);
    cr_assert_eq(parameter_find(table, "max_depth"), DEPTH);
    cr_assert_eq(parameter_find(table, "priors"), PRIORS);
    cr_assert_eq(parameter_find(table, "prior"), 5);
    cr_assert_eq(parameter_find(table, "Priors"), 5);
    cr_assert_eq(parameter_find(empty, "tol"), 0);
}

Test(parameters, defaults, .timeout = 10)
{
    struct parameters p;
    memset(&p, 0x5a, sizeof p);
    parameters_default(&p, table);
    cr_assert(parameter_is_none(&p, DEPTH));
    cr_assert_not(parameter_is_none(&p, TOLERANCE));
    cr_assert_float_eq(parameter_number(&p, TOLERANCE), 0.5, 0);
    cr_assert_eq(parameter_choice(&p, CRITERION), 1);
    cr_assert_eq(p.values[SIZES].n_numbers, 2);
    cr_assert_float_eq(p.values[SIZES].numbers[1], 8, 0);
    cr_assert_eq(p.values[PARAMETERS_MAX - 1].n_numbers, 0, "what the table does not have is zero");
}

/* NULL: valid. Otherwise what the message must be. */
static void expect(size_t parameter, const struct parameter_value *value, const char *message)
{
    struct error error = {STATUS_OK, ""};
    const enum status status = parameter_validate(&table[parameter], value, &error);
    cr_assert_eq(status, message ? STATUS_USAGE : STATUS_OK, "%s", error.message);
    if (message)
        cr_assert_str_eq(error.message, message);
    cr_assert_eq(parameter_validate(&table[parameter], value, NULL), status);
}

static void expect_number(size_t parameter, double number, const char *message)
{
    expect(parameter, &(struct parameter_value){.n_numbers = 1, .numbers = {number}}, message);
}

Test(parameters, numbers_have_a_range, .timeout = 10)
{
    expect_number(DEPTH, 1, NULL);
    expect_number(DEPTH, 1e6, NULL);
    expect_number(DEPTH, 0, "max_depth: 0 is outside [1, 1000000]");
    expect_number(DEPTH, 1000001, "max_depth: 1000001 is outside [1, 1000000]");
    expect_number(TOLERANCE, 2, NULL);
    expect_number(TOLERANCE, 1e-300, NULL);
    expect_number(TOLERANCE, 0, "tol: 0 is outside (0, 2]");
    expect_number(TOLERANCE, 2.5, "tol: 2.5 is outside (0, 2]");
    expect_number(PRIORS, -0.1, "priors: -0.1 is outside [0, inf]");
    expect_number(PRIORS, INFINITY, "priors: inf is not a finite number");
    expect_number(TOLERANCE, NAN, "tol: nan is not a finite number");
}

Test(parameters, whole_numbers_are_whole, .timeout = 10)
{
    expect_number(DEPTH, 2.0000001, "max_depth: 2.0000001 is not a whole number");
    expect_number(SIZES, 2.5, "hidden_layer_sizes: 2.5 is not a whole number");
    expect_number(PRIORS, 2.5, NULL);
}

Test(parameters, none_where_it_is_allowed, .timeout = 10)
{
    expect(DEPTH, &(struct parameter_value){.is_none = true}, NULL);
    expect(TOLERANCE, &(struct parameter_value){.is_none = true}, "tol: must have a value");
    expect(CRITERION, &(struct parameter_value){.is_none = true}, "criterion: must have a value");
    expect(CRITERION, &(struct parameter_value){.choice = 0}, NULL);
}

Test(parameters, lists_have_a_length, .timeout = 10)
{
    struct parameter_value value = {.n_numbers = 0};
    expect(SIZES, &value, "hidden_layer_sizes: a list of 0 values; it takes 1 to 256");
    for (size_t i = 0; i < PARAMETER_LIST_MAX; i++)
        value.numbers[i] = 1;
    value.n_numbers = PARAMETER_LIST_MAX;
    expect(SIZES, &value, NULL);
    value.numbers[PARAMETER_LIST_MAX - 1] = 101; /* the last one counts too */
    expect(SIZES, &value, "hidden_layer_sizes: 101 is outside [1, 100]");
    value.n_numbers++;
    expect(SIZES, &value, "hidden_layer_sizes: a list of 257 values; it takes 1 to 256");
}
