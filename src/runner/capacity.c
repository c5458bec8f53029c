#include "runner/capacity.h"

/* What each worker is taken to hold. */
static uint64_t worker_bytes(const struct capacity_request *request)
{
    return request->limit_bytes ? request->limit_bytes : request->expected_bytes;
}

struct capacity capacity_fit(const struct capacity_request *request)
{
    const uint64_t each_bytes = worker_bytes(request);
    struct capacity c = {.n_jobs = request->n_jobs,
                         .usable_bytes = request->machine_bytes / 10 * 9,
                         .limit_bytes = request->limit_bytes};
    if (each_bytes && c.n_jobs > c.usable_bytes / each_bytes)
        c.n_jobs = (size_t)(c.usable_bytes / each_bytes);
    if (c.n_jobs == 0)
        c.n_jobs = 1;
    if (c.limit_bytes == 0 || c.limit_bytes > c.usable_bytes)
        c.limit_bytes = c.usable_bytes / c.n_jobs;
    if (c.limit_bytes == 0)
        c.limit_bytes = 1; /* 0 would be no limit */
    return c;
}

void capacity_say(FILE *out, const struct capacity_request *request,
                  const struct capacity *capacity)
{
    const double usable_gib = (double)capacity->usable_bytes / 0x1p30;
    if (capacity->n_jobs < request->n_jobs)
        fprintf(out,
                "held back: %zu at once, not %zu: each %s %.1f GiB, and\n"
                "nine tenths of this machine's memory are %.1f GiB\n",
                capacity->n_jobs, request->n_jobs,
                request->limit_bytes ? "may hold" : "is expected to hold",
                (double)worker_bytes(request) / 0x1p30, usable_gib);
    if (request->limit_bytes > capacity->limit_bytes)
        fprintf(out,
                "held back: each may hold %.1f GiB, nine tenths of this machine's memory,\n"
                "not %.1f GiB\n",
                usable_gib, (double)request->limit_bytes / 0x1p30);
}
