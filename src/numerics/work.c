#include "numerics/work.h"

#include <stdatomic.h>
#include <stdint.h>

/* Whole numbers, whose sums do not depend on the order. */
static atomic_uint_fast64_t float_flops, double_flops;
static _Thread_local struct work here;

void work_add_float(double flops)
{
    here.float_flops += flops;
    atomic_fetch_add_explicit(&float_flops, (uint_fast64_t)flops, memory_order_relaxed);
}

void work_add_double(double flops)
{
    here.double_flops += flops;
    atomic_fetch_add_explicit(&double_flops, (uint_fast64_t)flops, memory_order_relaxed);
}

struct work work_done(void)
{
    return (struct work){
        .float_flops = (double)atomic_load_explicit(&float_flops, memory_order_relaxed),
        .double_flops = (double)atomic_load_explicit(&double_flops, memory_order_relaxed)};
}

struct work work_done_here(void)
{
    return here;
}

struct work work_between(struct work before, struct work after)
{
    return (struct work){.float_flops = after.float_flops - before.float_flops,
                         .double_flops = after.double_flops - before.double_flops};
}
