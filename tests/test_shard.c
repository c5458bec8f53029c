/* Shares against shares worked out by hand, and against what any must hold. */
#include "runner/shard.h"

#include "numerics/rng.h"

#include <criterion/criterion.h>

Test(shard, longest_first_to_the_share_that_has_least, .timeout = 10)
{
    const double cost_s[] = {1, 7, 3, 5, 3, 2};
    /* 7; 5; 5 + 3 (of the first 3); 7 + 3; 8 + 2; and 1 to the first of 10 and 10. */
    const size_t expected[] = {0, 0, 1, 1, 0, 1};
    size_t shard[6];
    cr_assert_eq(shard_assign(shard, cost_s, 6, 2, NULL), STATUS_OK);
    for (size_t i = 0; i < 6; i++)
        cr_assert_eq(shard[i], expected[i], "%zu", i);
}

Test(shard, unknown_costs_are_spread_too, .timeout = 10)
{
    double cost_s[12] = {8};
    size_t shard[12], n_fits[3] = {0};
    cr_assert_eq(shard_assign(shard, cost_s, 12, 3, NULL), STATUS_OK);
    cost_s[0] = 0;
    for (size_t i = 0; i < 12; i++)
        n_fits[shard[i]]++;
    for (size_t s = 0; s < 3; s++)
        cr_assert_eq(n_fits[s], 4, "%zu", s);
    cr_assert_eq(shard_assign(shard, cost_s, 12, 3, NULL), STATUS_OK);
    for (size_t i = 0; i < 12; i++)
        cr_assert_eq(shard[i], i % 3, "without any cost in turn: %zu", i);
}

Test(shard, more_shares_than_fits, .timeout = 10)
{
    const double cost_s[] = {2, 1};
    size_t shard[2];
    cr_assert_eq(shard_assign(shard, cost_s, 2, 100, NULL), STATUS_OK);
    cr_assert(shard[0] == 0 && shard[1] == 1);
    cr_assert_eq(shard_assign(shard, cost_s, 0, 100, NULL), STATUS_OK);
}

/* Graham's bound of this order: 4/3 - 1/(3 N) of the best there is, which is at least the mean and
   at least the longest. */
Test(shard, no_share_is_far_above_the_mean, .timeout = 10)
{
    enum { N_FITS = 300 };
    for (size_t n_shards = 1; n_shards <= 64; n_shards *= 2) {
        double cost_s[N_FITS], busy_s[64] = {0}, sum_s = 0, longest_s = 0, end_s = 0;
        size_t shard[N_FITS];
        struct rng rng = rng_create(n_shards, 0);
        for (size_t i = 0; i < N_FITS; i++) {
            const double u = rng_uniform(&rng);
            cost_s[i] = u * u * u * 100 + 0.01;
            sum_s += cost_s[i];
            longest_s = cost_s[i] > longest_s ? cost_s[i] : longest_s;
        }
        cr_assert_eq(shard_assign(shard, cost_s, N_FITS, n_shards, NULL), STATUS_OK);
        for (size_t i = 0; i < N_FITS; i++) {
            cr_assert_lt(shard[i], n_shards);
            busy_s[shard[i]] += cost_s[i];
            end_s = busy_s[shard[i]] > end_s ? busy_s[shard[i]] : end_s;
        }
        const double mean_s = sum_s / (double)n_shards;
        const double least_s = mean_s > longest_s ? mean_s : longest_s;
        cr_assert_leq(end_s, least_s * 4 / 3, "%zu shards: %g of %g", n_shards, end_s, least_s);
    }
}
