/*
 * The time limits of the tests are those of a machine that does nothing else. Under valgrind, or on
 * a busy machine, TIME_FACTOR=N in the environment gives each of them N times as long.
 */
#include "time_limits.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <math.h>
#include <stdlib.h>

double time_factor(void)
{
    const char *text = getenv("TIME_FACTOR");
    const double factor = text ? strtod(text, NULL) : 1;
    return factor > 1 ? factor : 1;
}

static void stretch(struct criterion_test_extra_data *data, double factor)
{
    if (data && isfinite(data->timeout))
        data->timeout *= factor;
}

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
    const double factor = time_factor();
    FOREACH_SET(struct criterion_suite_set * set, tests->suites)
    {
        stretch(set->suite.data, factor);
        FOREACH_SET(struct criterion_test * test, set->tests)
        {
            stretch(test->data, factor);
        }
    }
}
