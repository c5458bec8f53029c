/* Student's t distribution, two-sided. df: degrees of freedom > 0; INFINITY is the normal one. */
#ifndef FMBENCH_STATISTICS_STUDENT_T_H
#define FMBENCH_STATISTICS_STUDENT_T_H

/* The probability of a value at least as far from 0 as t. */
double student_t_p(double t, double df);

/* The t that a value is farther from 0 than with probability p, 0 < p < 1. */
double student_t_critical(double p, double df);

#endif
