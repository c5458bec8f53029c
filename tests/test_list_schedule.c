/* List scheduling against ends worked out by hand. */
#include "base/list_schedule.h"

#include <criterion/criterion.h>

Test(list_schedule, workers_take_tasks_as_they_become_free, .timeout = 10)
{
    const double task_s[] = {3, 1, 1, 4, 2};
    double busy_s[8];
    cr_assert_eq(list_schedule_s(task_s, 5, busy_s, 1), 11);
    /* The first: 3, then 2 from 3 on; the second: 1, 1, then 4 from 2 on. */
    cr_assert_eq(list_schedule_s(task_s, 5, busy_s, 2), 6);
    cr_assert_eq(busy_s[0], 5);
    cr_assert_eq(busy_s[1], 6);
    cr_assert_eq(list_schedule_s(task_s, 5, busy_s, 8), 4);
    cr_assert_eq(list_schedule_s(task_s, 0, busy_s, 2), 0);
}
