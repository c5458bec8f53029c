/* Time on the monotonic clock, for durations; and on the calendar, for records. Thread-safe. */
#ifndef FMBENCH_BASE_CLOCK_H
#define FMBENCH_BASE_CLOCK_H

#include <stdint.h>

double clock_now_s(void);     /* monotonic, seconds */
double clock_cpu_s(void);     /* processor time of this process, all threads, seconds */
int64_t clock_epoch_ms(void); /* calendar time, milliseconds since 1970-01-01 UTC */

#endif
