/* The time limits of tests, which are those of a machine that does nothing else. */
#ifndef FMBENCH_TESTS_TIME_LIMITS_H
#define FMBENCH_TESTS_TIME_LIMITS_H

/* How many times as long everything may take here: TIME_FACTOR of the environment, or 1. */
double time_factor(void);

#endif
