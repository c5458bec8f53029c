/*
 * The kernel matrix K of e^(-d^2/2) between standardised training rows, sparse, and its parts.
 *
 * What is dropped lies below 2^-54 / n: all of it together moves no value of K v, |v| <= 1 and with
 * a 1 on the diagonal, by half a unit in the last place.
 */
#ifndef FMBENCH_CLASSIFIERS_GAUSSIAN_PROCESS_KERNEL_H
#define FMBENCH_CLASSIFIERS_GAUSSIAN_PROCESS_KERNEL_H

#include "base/error.h"
#include "loader/features.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Row i of K less its diagonal of ones: value[t] in column[t], start[i] <= t < start[i + 1]. */
struct gp_kernel {
    size_t n_rows;
    size_t *start;    /* n_rows + 1, owned */
    uint32_t *column; /* start[n_rows], owned */
    double *value;    /* start[n_rows], owned; symmetric to the bit */
};

/* STATUS_MEMORY when it would need more than bytes_max. On failure nothing is left to destroy. */
enum status gp_kernel_create(struct gp_kernel *kernel, const struct features *x, size_t bytes_max,
                             int n_threads, struct error *error);
void gp_kernel_destroy(struct gp_kernel *kernel); /* takes a zeroed struct */

/*
 * K of some of the rows, in an order that makes it block diagonal but for weak couplings: what
 * couples rows of different blocks is below some strength, 0.01 or less, and sums to at most
 * GP_WEAK_SUM in each row. So for K = K0 + R, K0 the blocks, the norm of R is at most GP_WEAK_SUM.
 */
#define GP_WEAK_SUM 0.1

struct gp_system {
    struct gp_kernel kernel; /* owned; rows and columns in the new order */
    uint32_t *rows;          /* kernel.n_rows, owned: which row of the whole stands here */
    size_t n_blocks, largest_block;
    size_t *block_start;  /* n_blocks + 1, owned */
    size_t *factor_start; /* n_blocks + 1, owned: where the square of each block begins */
    bool has_weak;        /* is any R not 0? */
};

/* Of `rows`: n_rows of the kernel, rising. Values below value_min are dropped. On failure nothing
   is left to destroy. */
enum status gp_system_create(struct gp_system *system, const struct gp_kernel *kernel,
                             const uint32_t *rows, size_t n_rows, double value_min,
                             struct error *error);
void gp_system_destroy(struct gp_system *system); /* takes a zeroed struct */

/* y = K x;  x, y: n_rows x width, row-major. */
void gp_kernel_times(const struct gp_kernel *kernel, const double *x, size_t width,
                     double *restrict y);

#endif
