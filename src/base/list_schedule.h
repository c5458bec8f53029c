/*
 * List scheduling (Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Applied
 * Mathematics 1969): workers take up tasks in their order, each as it becomes free. Thread-safe.
 */
#ifndef FMBENCH_BASE_LIST_SCHEDULE_H
#define FMBENCH_BASE_LIST_SCHEDULE_H

#include <stddef.h>

/* The worker that takes up the next task, the first of equal ones; busy_s: n_workers, at least one.
 */
size_t list_schedule_first_free(const double *busy_s, size_t n_workers);

/* When the last of the tasks is done, in seconds; busy_s: n_workers, at least one, overwritten. */
double list_schedule_s(const double *task_s, size_t n_tasks, double *busy_s, size_t n_workers);

#endif
