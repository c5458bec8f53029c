#include "numerics/rng.h"

#include <criterion/criterion.h>

/* Known answers of Philox4x32-10 from the test vectors of Random123 (kat_vectors). */
Test(rng, known_answers)
{
    struct rng zero = rng_create(0, 0);
    const uint32_t expected[4] = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
    for (int i = 0; i < 4; i++)
        cr_assert_eq(rng_u32(&zero), expected[i]);
    struct rng ones = rng_create(UINT64_MAX, UINT64_MAX);
    ones.block = UINT64_MAX;
    const uint32_t expected_ones[4] = {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu};
    for (int i = 0; i < 4; i++)
        cr_assert_eq(rng_u32(&ones), expected_ones[i]);
}

Test(rng, shuffle_is_a_permutation)
{
    enum { N = 1000 };
    uint32_t items[N];
    unsigned char seen[N] = {0};
    for (uint32_t i = 0; i < N; i++)
        items[i] = i;
    struct rng rng = rng_create(7, 1);
    rng_shuffle(&rng, items, N);
    size_t moved = 0;
    for (uint32_t i = 0; i < N; i++) {
        cr_assert_lt(items[i], N);
        cr_assert_eq(seen[items[i]]++, 0);
        moved += items[i] != i;
    }
    cr_assert_gt(moved, 900);
}

Test(rng, below_is_uniform)
{
    enum { SIDES = 6, DRAWS = 60000 };
    size_t counts[SIDES] = {0};
    struct rng rng = rng_create(rng_derive(1, 2), 3);
    for (int i = 0; i < DRAWS; i++)
        counts[rng_below(&rng, SIDES)]++;
    double chi_squared = 0;
    for (int side = 0; side < SIDES; side++) {
        const double off = (double)counts[side] - DRAWS / (double)SIDES;
        chi_squared += off * off / (DRAWS / (double)SIDES);
    }
    cr_assert_lt(chi_squared, 20.5, "chi squared %g with 5 degrees of freedom", chi_squared);
}
