#include "numerics/rng.h"

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection that mixes all 64 bits. */
static uint64_t mix64(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t rng_derive(uint64_t key, uint64_t index)
{
    return mix64(mix64(key + 0x9e3779b97f4a7c15u) ^ (index * 0xd1342543de82ef95u + 1));
}

struct rng rng_create(uint64_t key, uint64_t stream)
{
    return (struct rng){.key = key, .stream = stream};
}

static void philox_block(struct rng *rng)
{
    uint32_t c0 = (uint32_t)rng->block, c1 = (uint32_t)(rng->block >> 32);
    uint32_t c2 = (uint32_t)rng->stream, c3 = (uint32_t)(rng->stream >> 32);
    uint32_t k0 = (uint32_t)rng->key, k1 = (uint32_t)(rng->key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * c0;
        const uint64_t b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    rng->words[0] = c0;
    rng->words[1] = c1;
    rng->words[2] = c2;
    rng->words[3] = c3;
    rng->block++;
    rng->n_left = 4;
}

uint32_t rng_u32(struct rng *rng)
{
    if (rng->n_left == 0)
        philox_block(rng);
    return rng->words[4 - rng->n_left--];
}

double rng_uniform(struct rng *rng)
{
    const uint64_t high = rng_u32(rng) >> 5, low = rng_u32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

/* Lemire, "Fast random integer generation in an interval" (2019), algorithm 5. */
uint32_t rng_below(struct rng *rng, uint32_t n)
{
    uint64_t product = (uint64_t)rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        const uint32_t threshold = (0u - n) % n;
        while ((uint32_t)product < threshold)
            product = (uint64_t)rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

void rng_shuffle(struct rng *rng, uint32_t *items, size_t n_items)
{
    for (size_t i = n_items; i > 1; i--) {
        const size_t j = rng_below(rng, (uint32_t)i);
        const uint32_t kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}
