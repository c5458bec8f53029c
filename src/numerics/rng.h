/*
 * Counter-based random numbers: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3" (SC 2011).
 *
 * A stream is a pure function of (key, stream index): it depends neither on the number of threads
 * nor on what else drew numbers. Keys are derived, never stepped: rng_derive(key, index) gives the
 * independent key of a repeat, a purpose, a tree or a node. Each struct rng belongs to one thread.
 */
#ifndef FMBENCH_NUMERICS_RNG_H
#define FMBENCH_NUMERICS_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t key;
    uint64_t stream;
    uint64_t block;    /* next counter block */
    uint32_t words[4]; /* the current block */
    unsigned n_left;   /* words of it that were not drawn yet */
};

/* The key of child number `index` of `key`. */
uint64_t rng_derive(uint64_t key, uint64_t index);

struct rng rng_create(uint64_t key, uint64_t stream);

uint32_t rng_u32(struct rng *rng);
double rng_uniform(struct rng *rng);             /* in [0, 1), 53 bits */
uint32_t rng_below(struct rng *rng, uint32_t n); /* in [0, n), unbiased; n >= 1 */

/* Fisher-Yates. */
void rng_shuffle(struct rng *rng, uint32_t *items, size_t n_items);

#endif
