#include "numerics/simd.h"

#include <stdlib.h>
#include <string.h>

static enum simd_level detected(void)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("avx512vnni"))
        return SIMD_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2"))
        return SIMD_AVX2;
    return SIMD_PORTABLE;
}

/* The level up to `best` that FMBENCH_SIMD names, or -1. */
static int wanted_level(enum simd_level best)
{
    const char *wanted = getenv("FMBENCH_SIMD");
    for (int level = SIMD_PORTABLE; wanted && level <= (int)best; level++)
        if (strcmp(wanted, simd_level_name((enum simd_level)level)) == 0)
            return level;
    return -1;
}

enum simd_level simd_level(void)
{
    const enum simd_level best = detected();
    const int wanted = wanted_level(best);
    return wanted >= 0 ? (enum simd_level)wanted : best;
}

enum status simd_check(struct error *error)
{
    const enum simd_level best = detected();
    const char *wanted = getenv("FMBENCH_SIMD");
    if (!wanted || wanted_level(best) >= 0)
        return STATUS_OK;
    return error_set(error, STATUS_USAGE,
                     "FMBENCH_SIMD is '%s'; it takes portable, avx2 and avx512, on this processor "
                     "up to %s",
                     wanted, simd_level_name(best));
}

const char *simd_level_name(enum simd_level level)
{
    static const char *const names[] = {"portable", "avx2", "avx512"};
    return names[level];
}
