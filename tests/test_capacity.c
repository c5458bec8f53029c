/* How many workers a machine is given to hold, of any size. */
#include "runner/capacity.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t GIB = (uint64_t)1 << 30;

static struct capacity fit(size_t n_jobs, uint64_t limit_bytes, uint64_t expected_bytes,
                           uint64_t machine_bytes)
{
    return capacity_fit(&(struct capacity_request){.n_jobs = n_jobs,
                                                   .limit_bytes = limit_bytes,
                                                   .expected_bytes = expected_bytes,
                                                   .machine_bytes = machine_bytes});
}

Test(capacity, a_large_machine_is_shared_equally, .timeout = 10)
{
    const struct capacity c = fit(4, 0, GIB, 40 * GIB);
    cr_expect_eq(c.n_jobs, 4);
    cr_expect_eq(c.limit_bytes, 9 * GIB);
    cr_expect_eq(c.usable_bytes, 36 * GIB);
}

Test(capacity, no_more_workers_than_are_expected_to_fit, .timeout = 10)
{
    const struct capacity c = fit(64, 0, 3 * GIB, 20 * GIB);
    cr_expect_eq(c.n_jobs, 6);
    cr_expect_eq(c.limit_bytes, 3 * GIB);
}

Test(capacity, no_more_workers_than_their_limits_fit, .timeout = 10)
{
    cr_expect_eq(fit(8, 4 * GIB, GIB, 20 * GIB).n_jobs, 4);
    cr_expect_eq(fit(4, 4 * GIB, GIB, 20 * GIB).n_jobs, 4);
    cr_expect_eq(fit(8, 4 * GIB, GIB, 20 * GIB).limit_bytes, 4 * GIB);
    cr_expect_eq(fit(8, GIB / 8, GIB, 20 * GIB).n_jobs, 8, "a limit counts, not what is expected");
}

Test(capacity, no_limit_is_beyond_the_machine, .timeout = 10)
{
    const struct capacity c = fit(3, 100 * GIB, GIB, 20 * GIB);
    cr_expect_eq(c.n_jobs, 1);
    cr_expect_eq(c.limit_bytes, 18 * GIB);
}

/* One always runs, and never without a limit. */
Test(capacity, a_machine_of_nothing_runs_one_at_a_time, .timeout = 10)
{
    for (uint64_t machine_bytes = 0; machine_bytes < 100; machine_bytes += 33) {
        const struct capacity c = fit(5, 0, GIB, machine_bytes);
        cr_expect_eq(c.n_jobs, 1);
        cr_expect_gt(c.limit_bytes, 0);
    }
}

Test(capacity, whatever_is_asked_the_limits_fit_the_machine, .timeout = 10)
{
    for (uint64_t machine_bytes = GIB; machine_bytes <= 1024 * GIB; machine_bytes *= 2)
        for (uint64_t limit_bytes = 0; limit_bytes <= 64 * GIB; limit_bytes = 3 * limit_bytes + GIB)
            for (size_t n_jobs = 1; n_jobs <= 1024; n_jobs *= 2) {
                const struct capacity c = fit(n_jobs, limit_bytes, 2 * GIB, machine_bytes);
                cr_assert(c.n_jobs >= 1 && c.n_jobs <= n_jobs && c.limit_bytes > 0);
                cr_assert_leq(c.n_jobs * c.limit_bytes, c.usable_bytes);
                cr_assert_lt(c.usable_bytes, machine_bytes);
            }
}

/* What is said, to be released with free. */
static char *said(const struct capacity_request *request)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const struct capacity capacity = capacity_fit(request);
    capacity_say(out, request, &capacity);
    fclose(out);
    return text;
}

Test(capacity, it_is_said_what_is_held_back, .timeout = 10)
{
    char *text = said(&(struct capacity_request){4, 0, GIB, 40 * GIB});
    cr_expect_str_eq(text, "");
    free(text);
    text = said(&(struct capacity_request){64, 0, 3 * GIB, 20 * GIB});
    cr_expect_str_eq(text, "held back: 6 at once, not 64: each is expected to hold 3.0 GiB, and\n"
                           "nine tenths of this machine's memory are 18.0 GiB\n");
    free(text);
    text = said(&(struct capacity_request){8, 4 * GIB, GIB, 20 * GIB});
    cr_expect_not_null(strstr(text, "held back: 4 at once, not 8: each may hold 4.0 GiB"));
    free(text);
    text = said(&(struct capacity_request){1, 100 * GIB, GIB, 20 * GIB});
    cr_expect_str_eq(text, "held back: each may hold 18.0 GiB, nine tenths of this machine's "
                           "memory,\nnot 100.0 GiB\n");
    free(text);
}
