#include "runner/plan_machine.h"

#include "runner/capacity.h"
#include "runner/cell_memory.h"

#include <math.h>

/* Of an estimate of data; and for a program with its libraries, also one that is not ours. */
static const double MARGIN = 1.25, PROGRAM_BYTES = 0x1p28;

/* The most that a cell with this limit is expected to hold, of those that `usable_bytes` hold. */
static uint64_t largest_bytes(const struct plan *plan, size_t n_threads, uint64_t limit_bytes,
                              uint64_t usable_bytes)
{
    const double usable = (double)usable_bytes;
    double largest = 0;
    for (size_t i = 0; i < plan->n_cells; i++) {
        const double need = cell_memory_need(&plan->cells[i], n_threads, limit_bytes).bytes;
        if (need <= usable)
            largest = fmax(largest, fmin(usable, PROGRAM_BYTES + MARGIN * need));
    }
    return (uint64_t)largest;
}

void plan_fit_machine(const struct plan *plan, struct options *options, uint64_t machine_bytes,
                      FILE *held_back)
{
    struct capacity_request request = {.n_jobs = options->jobs,
                                       .limit_bytes = options->memory_bytes,
                                       .machine_bytes = machine_bytes};
    struct capacity capacity = capacity_fit(&request);
    /* With a larger share a cell may take more, which is looked at again. */
    while (request.limit_bytes == 0 && capacity.n_jobs > 1) {
        const uint64_t bytes = largest_bytes(plan, (size_t)options->threads, capacity.limit_bytes,
                                             capacity.usable_bytes);
        if (bytes <= capacity.limit_bytes)
            break;
        request.expected_bytes = bytes;
        capacity = capacity_fit(&request);
    }
    options->jobs = capacity.n_jobs;
    options->memory_bytes = capacity.limit_bytes;
    capacity_say(held_back, &request, &capacity);
}

uint64_t plan_largest_bytes(const struct plan *plan, size_t n_threads)
{
    return largest_bytes(plan, n_threads, 0, UINT64_MAX);
}
