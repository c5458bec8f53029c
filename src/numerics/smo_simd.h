/*
 * The two passes over all variables in a step of sequential minimal optimisation.
 *
 * f[t] is minus y_t times the gradient. up[t] is 0 where variable t may grow and -infinity where
 * not; down[t] is 0 where it may shrink and +infinity where not. All arrays have n_padded entries,
 * a multiple of SMO_LANES; the padding can neither grow nor shrink. Of equal values the one with
 * the largest index is taken, as LIBSVM does, and the three versions give the same bits.
 */
#ifndef FMBENCH_NUMERICS_SMO_SIMD_H
#define FMBENCH_NUMERICS_SMO_SIMD_H

#include "numerics/simd.h"

#include <stddef.h>
#include <stdint.h>

enum { SMO_LANES = 16, SMO_NONE = -1 };

struct smo_second {
    int32_t index;   /* SMO_NONE: no variable that may shrink is below the first */
    float violation; /* f of the first - the smallest f that may shrink; -infinity if none may */
};

struct smo_kernels {
    /*
     * f[t] -= step (row_i[t] - row_j[t]); then the t with the largest f that may grow, or SMO_NONE.
     */
    int32_t (*update)(float *restrict f, const float *row_i, const float *row_j, float step,
                      const float *up, size_t n_padded);

    /*
     * The t that may shrink with the largest b^2 / a, where b = f_i - f[t] > 0 and
     * a = k_ii + diagonal[t] - 2 row_i[t], or SMO_TAU if that is not positive.
     */
    struct smo_second (*second)(const float *f, const float *down, const float *row_i,
                                const float *diagonal, float f_i, float k_ii, size_t n_padded);
};

#define SMO_TAU 1e-12f

SIMD_DECLARE(struct smo_kernels, smo_kernels);

#endif
