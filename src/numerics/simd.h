/*
 * Hot kernels in versions for several instruction sets, chosen at run time.
 *
 * A file named *_simd.c is compiled three times, with SIMD_SUFFIX set to _portable, _avx2 and
 * _avx512 and the matching compiler flags. It ends with a table of its functions,
 *     const struct knn_kernels SIMD_NAME(knn_kernels) = {...};
 * and its header declares the three tables with SIMD_DECLARE(struct knn_kernels, knn_kernels).
 * Callers take SIMD_SELECT(knn_kernels), once, outside their loops.
 *
 * In such a file __AVX512F__ or __AVX2__ tell which version is compiled, for intrinsics; plain C
 * that the compiler vectorises needs none.
 */
#ifndef FMBENCH_NUMERICS_SIMD_H
#define FMBENCH_NUMERICS_SIMD_H

#include "base/error.h"

/* AVX-512 means F, BW, DQ, VL, VBMI, VBMI2 and VNNI: Intel since Ice Lake, AMD since Zen 4. */
enum simd_level { SIMD_PORTABLE, SIMD_AVX2, SIMD_AVX512 };

/*
 * The best level of this processor, or a lower one that the environment variable FMBENCH_SIMD
 * (portable, avx2, avx512) names. Thread-safe.
 */
enum simd_level simd_level(void);

/* STATUS_USAGE where FMBENCH_SIMD names no level, or one that this processor does not have:
 * simd_level would pass it over. */
enum status simd_check(struct error *error);

const char *simd_level_name(enum simd_level level); /* static string */

#define SIMD_JOIN_EXPANDED(a, b) a##b
#define SIMD_JOIN(a, b) SIMD_JOIN_EXPANDED(a, b)
#define SIMD_NAME(name) SIMD_JOIN(name, SIMD_SUFFIX)

#define SIMD_DECLARE(type, name) extern const type name##_portable, name##_avx2, name##_avx512

#define SIMD_SELECT_LEVEL(level, name)                                                             \
    ((level) == SIMD_AVX512 ? &name##_avx512                                                       \
     : (level) == SIMD_AVX2 ? &name##_avx2                                                         \
                            : &name##_portable)
#define SIMD_SELECT(name) SIMD_SELECT_LEVEL(simd_level(), name)

#endif
