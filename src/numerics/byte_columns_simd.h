/* Kernels on bytes and on columns of small keys. All are exact. Pointers must not overlap. */
#ifndef FMBENCH_NUMERICS_BYTE_COLUMNS_SIMD_H
#define FMBENCH_NUMERICS_BYTE_COLUMNS_SIMD_H

#include "numerics/simd.h"

#include <stddef.h>
#include <stdint.h>

enum { BYTE_COLUMNS_LANES = 32, BYTE_PICK_SLACK = 63, BYTE_PARTITION_SLACK = 64 };

struct byte_columns_kernels {
    /* Sorts each of the 32 columns of n_rows keys. */
    void (*sort)(uint16_t (*keys)[BYTE_COLUMNS_LANES], size_t n_rows);

    /* sums[s(v)] = counts[s(0)] + .. + counts[s(v)] for 256 bins v, s(v) being v with its nibbles
       swapped: in that order sums run down the lanes of a vector. */
    void (*prefix_sums)(uint32_t *restrict sums, const uint32_t *restrict counts);

    /* low and high of each of `width` columns over n_rows >= 1 rows. */
    void (*min_max)(uint8_t *restrict low, uint8_t *restrict high, const uint8_t *const *rows,
                    size_t n_rows, size_t width);

    /* How many of the n_rows rows are at most thresholds[j] in column j < width. */
    void (*count_at_most)(uint32_t *restrict counts, const uint8_t *const *rows, size_t n_rows,
                          const uint8_t *thresholds, size_t width);

    /* Moves the bytes whose bit in left_mask is set to the front, keeping the order on both sides.
       spare has n bytes and BYTE_PARTITION_SLACK more, bytes may be overwritten by as much. */
    void (*partition)(uint8_t *bytes, size_t n, const uint64_t *left_mask, uint8_t *spare);

    /* columns[j * stride + i] = rows[i][j] for i < n_rows, j < width. */
    void (*transpose)(uint8_t *restrict columns, size_t stride, const uint8_t *const *rows,
                      size_t n_rows, size_t width);

    /* to[i * stride + j] = rows[i][columns[j]]; columns rise, up to BYTE_PICK_SLACK more bytes of a
       row of `to`, which its stride has room for, are overwritten. */
    void (*pick)(uint8_t *restrict to, size_t stride, const uint8_t *const *rows, size_t n_rows,
                 const uint32_t *columns, size_t n_columns);

    /* Swaps the nibbles of each byte. */
    void (*swap_nibbles)(uint8_t *bytes, size_t n);

    /* counts[bytes[i]] += 1 */
    void (*histogram)(uint32_t *restrict counts, const uint8_t *restrict bytes, size_t n);
};

SIMD_DECLARE(struct byte_columns_kernels, byte_columns_kernels);

/* v with its two nibbles swapped. */
static inline uint8_t byte_swap_nibbles(uint8_t v)
{
    return (uint8_t)(v << 4 | v >> 4);
}

#endif
