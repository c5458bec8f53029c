#include "runner/speed.h"

#include "base/clock.h"
#include "base/memory.h"
#include "numerics/blas.h"
#include "numerics/byte_columns_simd.h"
#include "numerics/distance_simd.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Fills `size` bytes at `out`; false when memory is short. */
typedef bool measurement(void *out);

/* Runs it in a child, which hands `size` <= PIPE_BUF bytes back. */
static enum status measure_in_child(measurement *measure, void *out, size_t size,
                                    struct error *error)
{
    int ends[2], wait_status;
    if (pipe(ends))
        return error_set(error, STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        blas_start();
        const bool is_ok = measure(out);
        _exit(is_ok && write(ends[1], out, size) == (ssize_t)size ? 0 : 1);
    }
    close(ends[1]);
    const bool was_read = pid > 0 && read(ends[0], out, size) == (ssize_t)size;
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, &wait_status, 0);
    return was_read ? STATUS_OK
                    : error_set(error, STATUS_FAILED, "cannot measure this machine's speed");
}

/* ---- the yardstick ---- */

/* A product of matrices and a histogram of bytes, about as long on this project's machines. */
static double time_yardstick(float *matrices, const uint8_t *bytes, size_t n_bytes)
{
    enum { N = 768, TIMES = 8 };
    uint32_t counts[256] = {0};
    const double start_s = clock_now_s();
    blas_sgemm(&(struct blas_gemm){.m = N,
                                   .n = N,
                                   .k = N,
                                   .alpha = 1,
                                   .a = matrices,
                                   .lda = N,
                                   .b = matrices,
                                   .ldb = N,
                                   .c = matrices + N * N,
                                   .ldc = N});
    for (size_t t = 0; t < TIMES; t++)
        for (size_t i = 0; i < n_bytes; i++)
            counts[bytes[i]] += (uint32_t)t;
    const double end_s = clock_now_s();
    /* Read, so that it is not left out. */
    return end_s - start_s + (counts[0] == UINT32_MAX ? 1 : 0);
}

static bool measure_yardstick(void *out)
{
    enum { N = 768, N_BYTES = 1 << 20, TIMES = 5 };
    double *seconds = out;
    float *matrices = NULL;
    uint8_t *bytes = NULL;
    const struct memory_request requests[] = {
        {(void **)&matrices, 2 * (size_t)N * N, sizeof *matrices},
        {(void **)&bytes, N_BYTES, 1},
    };
    if (memory_arrays(requests, sizeof requests / sizeof *requests, "the yardstick", NULL))
        return false;
    for (size_t i = 0; i < (size_t)N * N; i++)
        matrices[i] = (float)(i % 7);
    for (size_t i = 0; i < N_BYTES; i++)
        bytes[i] = (uint8_t)(i * 167 >> 3);
    *seconds = time_yardstick(matrices, bytes, N_BYTES);
    for (size_t t = 1; t < TIMES; t++)
        *seconds = fmin(*seconds, time_yardstick(matrices, bytes, N_BYTES));
    memory_free(matrices);
    memory_free(bytes);
    return true;
}

enum status speed_measure_yardstick(double *yardstick_s, struct error *error)
{
    return measure_in_child(measure_yardstick, yardstick_s, sizeof *yardstick_s, error);
}

/* ---- the peaks ---- */

enum {
    MATRIX = 1536,           /* rows and columns: blocked as BLAS likes it */
    MEMORY_BYTES = 1 << 27,  /* larger than the caches */
    COUNTED_BYTES = 1 << 16, /* in the caches, as the columns of a node mostly are */
    UNITS = 98,
    GROUP_UNITS = 49, /* 784 features */
    TRIES = 7
};

/* What the measurements work on. */
struct bench {
    union {
        float *floats;
        double *doubles;
        uint8_t *bytes;
    } from, to; /* MEMORY_BYTES each */
    uint32_t counts[256];
    uint32_t near[DISTANCE_TILE_QUERIES];
};

/* Each does its work once and returns how much that is. */

static double multiply_floats(struct bench *b)
{
    blas_sgemm(&(struct blas_gemm){.m = MATRIX,
                                   .n = MATRIX,
                                   .k = MATRIX,
                                   .alpha = 1,
                                   .a = b->from.floats,
                                   .lda = MATRIX,
                                   .b = b->from.floats,
                                   .ldb = MATRIX,
                                   .c = b->to.floats,
                                   .ldc = MATRIX});
    return 2.0 * MATRIX * MATRIX * MATRIX;
}

static double multiply_doubles(struct bench *b)
{
    blas_dgemm(&(struct blas_gemm_double){.m = MATRIX,
                                          .n = MATRIX,
                                          .k = MATRIX,
                                          .alpha = 1,
                                          .a = b->from.doubles,
                                          .lda = MATRIX,
                                          .b = b->from.doubles,
                                          .ldb = MATRIX,
                                          .c = b->to.doubles,
                                          .ldc = MATRIX});
    return 2.0 * MATRIX * MATRIX * MATRIX;
}

static double count_bytes(struct bench *b)
{
    enum { TIMES = 300 };
    const struct byte_columns_kernels *kernels = SIMD_SELECT(byte_columns_kernels);
    for (size_t t = 0; t < TIMES; t++)
        kernels->histogram(b->counts, b->from.bytes, COUNTED_BYTES);
    return (double)TIMES * COUNTED_BYTES;
}

enum { TILES = 10000 };
static const uint32_t group_end[] = {GROUP_UNITS, UNITS};
static const double tile_values =
    (double)TILES * DISTANCE_TILE_ROWS * DISTANCE_TILE_QUERIES * UNITS * DISTANCE_UNIT;

static struct distance_tile tile_of(const struct bench *b)
{
    return (struct distance_tile){.panels = b->from.bytes,
                                  .queries = b->to.bytes,
                                  .n_units = UNITS,
                                  .n_groups = sizeof group_end / sizeof *group_end,
                                  .group_end = group_end};
}

static double subtract_bytes(struct bench *b)
{
    const uint64_t weight[] = {3, 5}, limit[DISTANCE_TILE_QUERIES] = {0};
    const struct distance_tile tile = tile_of(b);
    for (size_t t = 0; t < TILES; t++)
        SIMD_SELECT(distance_kernels)->near_manhattan(&tile, weight, limit, b->near);
    return tile_values;
}

static double multiply_bytes(struct bench *b)
{
    const float weight[] = {3, 5}, limit[DISTANCE_TILE_QUERIES] = {0};
    const float terms[DISTANCE_TILE_ROWS] = {0};
    const struct distance_tile tile = tile_of(b);
    for (size_t t = 0; t < TILES; t++)
        SIMD_SELECT(distance_kernels)->near_euclidean(&tile, weight, terms, limit, b->near);
    return tile_values;
}

/* Looks for a byte that is not there, which the C library does as fast as it can read. */
static double read_bytes(struct bench *b)
{
    enum { ABSENT = 255 };
    return memchr(b->from.bytes, ABSENT, MEMORY_BYTES) ? NAN : (double)MEMORY_BYTES;
}

static double copy_bytes(struct bench *b)
{
    memcpy(b->to.bytes, b->from.bytes, MEMORY_BYTES);
    return MEMORY_BYTES;
}

/* By processor time, so that what else the machine does is not in it. */
static double best_rate(double (*work)(struct bench *), struct bench *b)
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        const double start_s = clock_cpu_s(), amount = work(b);
        best = fmax(best, amount / (clock_cpu_s() - start_s));
    }
    return best;
}

/* Values that no kernel takes longer for: small numbers. */
static void fill_matrices(struct bench *b)
{
    for (size_t i = 0; i < MEMORY_BYTES / sizeof(double); i++)
        b->from.doubles[i] = (double)(i % 7);
    memset(b->to.bytes, 0, MEMORY_BYTES);
}

/* Half of them 0, as in images. */
static void fill_bytes(struct bench *b)
{
    for (size_t i = 0; i < MEMORY_BYTES; i++)
        b->from.bytes[i] = (uint8_t)(i * 2654435761u >> 16 & 1 ? 0 : (i * 40503u >> 7) % 255);
    memset(b->to.bytes, 1, MEMORY_BYTES);
}

static bool measure_peaks(void *out)
{
    struct limits_peaks *peaks = out;
    struct bench b = {.counts = {0}};
    const struct memory_request requests[] = {
        {(void **)&b.from.bytes, MEMORY_BYTES, 1},
        {(void **)&b.to.bytes, MEMORY_BYTES, 1},
    };
    if (memory_arrays(requests, sizeof requests / sizeof *requests, "the peaks", NULL))
        return false;
    fill_matrices(&b);
    peaks->per_s[LIMITS_DOUBLE_FLOPS] = best_rate(multiply_doubles, &b);
    for (size_t i = 0; i < (size_t)MATRIX * MATRIX; i++)
        b.from.floats[i] = (float)(i % 7);
    peaks->per_s[LIMITS_FLOAT_FLOPS] = best_rate(multiply_floats, &b);
    fill_bytes(&b);
    peaks->per_s[LIMITS_HISTOGRAM_UPDATES] = best_rate(count_bytes, &b);
    peaks->per_s[LIMITS_BYTE_DIFFERENCES] = best_rate(subtract_bytes, &b);
    peaks->per_s[LIMITS_BYTE_PRODUCTS] = best_rate(multiply_bytes, &b);
    peaks->per_s[LIMITS_BYTES_READ] = best_rate(read_bytes, &b);
    peaks->per_s[LIMITS_BYTES_COPIED] = best_rate(copy_bytes, &b);
    memory_free(b.from.bytes);
    memory_free(b.to.bytes);
    return true;
}

enum status speed_measure_peaks(struct limits_peaks *peaks, struct error *error)
{
    return measure_in_child(measure_peaks, peaks, sizeof *peaks, error);
}
