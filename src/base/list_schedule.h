/*
 * List scheduling (Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Applied
 * Mathematics 1969): workers take up tasks in their order, each as it becomes free. Thread-safe.
 */
#ifndef FMBENCH_BASE_LIST_SCHEDULE_H
#define FMBENCH_BASE_LIST_SCHEDULE_H

#include <stddef.h>

/* When the last of the tasks is done, in seconds; busy_s: n_workers, at least one, overwritten. */
double list_schedule_s(const double *task_s, size_t n_tasks, double *busy_s, size_t n_workers);

#endif
