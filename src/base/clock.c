#include "base/clock.h"

#include <time.h>

static double read_s(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double clock_now_s(void)
{
    return read_s(CLOCK_MONOTONIC);
}

double clock_cpu_s(void)
{
    return read_s(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t clock_epoch_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec;
}
