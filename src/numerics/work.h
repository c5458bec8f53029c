/*
 * How much arithmetic the kernels of this process have done so far: an instrument, which no result
 * depends on. It is the one state that all of a process shares: what solves a problem goes through
 * many hands, and each of them would have to carry a tally along that only the report reads.
 * Thread-safe; calls are counted whole, so that counting costs nothing beside them.
 */
#ifndef FMBENCH_NUMERICS_WORK_H
#define FMBENCH_NUMERICS_WORK_H

/* Additions and multiplications of dense products and factorisations, by precision. */
struct work {
    double float_flops, double_flops;
};

void work_add_float(double flops);
void work_add_double(double flops);

struct work work_done(void);      /* by all threads */
struct work work_done_here(void); /* by the calling thread */

/* What was done between two moments. */
struct work work_between(struct work before, struct work after);

#endif
