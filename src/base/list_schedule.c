#include "base/list_schedule.h"

size_t list_schedule_first_free(const double *busy_s, size_t n_workers)
{
    size_t first = 0;
    for (size_t w = 1; w < n_workers; w++)
        if (busy_s[w] < busy_s[first])
            first = w;
    return first;
}

double list_schedule_s(const double *task_s, size_t n_tasks, double *busy_s, size_t n_workers)
{
    double end_s = 0;
    for (size_t w = 0; w < n_workers; w++)
        busy_s[w] = 0;
    for (size_t t = 0; t < n_tasks; t++) {
        const size_t first = list_schedule_first_free(busy_s, n_workers);
        busy_s[first] += task_s[t];
        end_s = busy_s[first] > end_s ? busy_s[first] : end_s;
    }
    return end_s;
}
