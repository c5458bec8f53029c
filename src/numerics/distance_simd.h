/*
 * Kernels of the exact nearest-neighbour search over bytes: lower bounds of weighted distances for
 * tiles of rows x queries, and the distances themselves.
 *
 * Layout. Features come in units of 8, zero-padded. Training rows lie in panels of 8: unit u of row
 * r of a panel is the 8 bytes at (u x 8 + r) x 8, so one aligned 64-byte vector holds a unit of 8
 * rows. A query is n_units x 8 contiguous bytes. Consecutive units form groups whose features share
 * one weight, the least of theirs: that makes sums within a group exact integers and bounds from
 * below.
 */
#ifndef FMBENCH_NUMERICS_DISTANCE_SIMD_H
#define FMBENCH_NUMERICS_DISTANCE_SIMD_H

#include "numerics/simd.h"

#include <stddef.h>
#include <stdint.h>

enum {
    DISTANCE_UNIT = 8, /* features of a unit */
    DISTANCE_PANEL_ROWS = 8,
    DISTANCE_TILE_PANELS = 2,
    DISTANCE_TILE_ROWS = DISTANCE_PANEL_ROWS * DISTANCE_TILE_PANELS,
    DISTANCE_TILE_QUERIES = 4,
    DISTANCE_GROUP_UNITS_MAX = 64 /* keeps the sums of a group below 2^24 */
};

/* DISTANCE_TILE_PANELS panels against DISTANCE_TILE_QUERIES queries. */
struct distance_tile {
    const uint8_t *panels;  /* one after the other, n_units x 64 bytes each */
    const uint8_t *queries; /* DISTANCE_TILE_QUERIES x n_units x 8 */
    size_t n_units, n_groups;
    const uint32_t *group_end; /* n_groups: the unit after the last of the group */
};

struct distance_kernels {
    /*
     * For each query the rows (bit = row of the tile) with
     *     sum over groups g of weight[g] x (sum of |row - query| over g) <= limit[query],
     * in integers that must not overflow 64 bits; weight[g] < 2^32.
     */
    void (*near_manhattan)(const struct distance_tile *tile, const uint64_t *weight /* n_groups */,
                           const uint64_t *limit /* DISTANCE_TILE_QUERIES */,
                           uint32_t *restrict near /* DISTANCE_TILE_QUERIES */);

    /*
     * For each query the rows with
     *     row_term[row] - 2 x sum over g of weight[g] x (sum of row x query over g) <= limit[query]
     * in float32. The queries' bytes are int8_t here: the byte less 128.
     */
    void (*near_euclidean)(const struct distance_tile *tile, const float *weight /* n_groups */,
                           const float *row_term /* DISTANCE_TILE_ROWS */,
                           const float *limit /* DISTANCE_TILE_QUERIES */,
                           uint32_t *restrict near /* DISTANCE_TILE_QUERIES */);

    /*
     * sum over features of weight x |row - query|, and of weight x (row - query)^2, in double.
     * The order of summation is fixed: eight partial sums, one for each place in a unit, over
     * rising units; then ((0+4)+(2+6)) + ((1+5)+(3+7)). All versions give the same bits. row: the
     * first unit of a row in its panel; query: n_units x 8 bytes; weight: n_units x 8.
     */
    double (*manhattan)(const uint8_t *row, const uint8_t *query, const double *weight,
                        size_t n_units);
    double (*squared_euclidean)(const uint8_t *row, const uint8_t *query, const double *weight,
                                size_t n_units);
};

SIMD_DECLARE(struct distance_kernels, distance_kernels);

#endif
