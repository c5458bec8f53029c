/* The first layer on bytes: its kernels against naive twins, and a batch against the network. */
#include "classifiers/mlp_batch.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static float random_float(struct rng *rng)
{
    return (float)(2.0 * rng_uniform(rng) - 1.0);
}

static size_t padded(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* What a product reads, padded as its header says. */
struct operands {
    size_t m, n, k, n_padded;
    uint8_t *bytes; /* m x k, row-major */
    uint8_t *rows, *columns;
    size_t rows_stride, columns_stride;
    float *b, *scale, *shift, *offset, *c;
};

static void operands_create(struct operands *o, size_t m, size_t n, size_t k)
{
    struct rng rng = rng_create(m * 1000 + n, k);
    *o = (struct operands){.m = m,
                           .n = n,
                           .k = k,
                           .n_padded = padded(n, MLP_VECTOR),
                           .rows_stride = padded(k, MLP_BYTES),
                           .columns_stride = padded(m, MLP_BYTES)};
    const size_t n_scales = padded(m > k ? m : k, MLP_BYTES);
    o->bytes = calloc(m * k, 1);
    o->rows = calloc(m * o->rows_stride, 1);
    o->columns = calloc(k * o->columns_stride, 1);
    o->b = calloc(k * o->n_padded, sizeof *o->b);
    o->scale = calloc(n_scales, sizeof *o->scale);
    o->shift = calloc(n_scales, sizeof *o->shift);
    o->offset = calloc(o->n_padded, sizeof *o->offset);
    o->c = calloc(m * o->n_padded, sizeof *o->c);
    for (size_t i = 0; i < m; i++)
        for (size_t l = 0; l < k; l++) {
            const uint8_t byte = rng_below(&rng, 3) ? 0 : (uint8_t)rng_below(&rng, 256);
            o->bytes[i * k + l] = byte;
            o->rows[i * o->rows_stride + l] = byte;
            o->columns[l * o->columns_stride + i] = byte;
        }
    for (size_t j = 0; j < n; j++) {
        o->offset[j] = random_float(&rng);
        for (size_t l = 0; l < k; l++)
            o->b[l * o->n_padded + j] = random_float(&rng);
    }
    for (size_t i = 0; i < m || i < k; i++) {
        o->scale[i] = random_float(&rng);
        o->shift[i] = random_float(&rng);
    }
}

static void operands_destroy(struct operands *o)
{
    void *const arrays[] = {o->bytes, o->rows,  o->columns, o->b,
                            o->scale, o->shift, o->offset,  o->c};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
}

static size_t n_wrong(const struct operands *o, bool scale_rows, bool has_shift)
{
    size_t n = 0;
    for (size_t i = 0; i < o->m; i++)
        for (size_t j = 0; j < o->n; j++) {
            double sum = (has_shift ? (double)o->shift[i] : 1) * (double)o->offset[j];
            double size = fabs(sum);
            for (size_t l = 0; l < o->k; l++) {
                const double term = (double)o->bytes[i * o->k + l] *
                                    (double)o->scale[scale_rows ? i : l] *
                                    (double)o->b[l * o->n_padded + j];
                sum += term;
                size += fabs(term);
            }
            const double error = fabs((double)o->c[i * o->n_padded + j] - sum);
            n += !(error <= size * (double)(o->k + 2) * (double)FLT_EPSILON);
        }
    return n;
}

static void check_product(int level, bool is_sparse, const struct operands *o)
{
    const struct mlp_byte_kernels *kernels =
        SIMD_SELECT_LEVEL((enum simd_level)level, mlp_byte_kernels);
    for (int variant = 0; variant < 4; variant++) {
        const bool scale_rows = variant & 1, has_shift = variant & 2;
        const struct mlp_byte_product product = {.m = o->m,
                                                 .k = o->k,
                                                 .n = o->n,
                                                 .n_padded = o->n_padded,
                                                 .a = is_sparse ? o->rows : o->columns,
                                                 .lda =
                                                     is_sparse ? o->rows_stride : o->columns_stride,
                                                 .b = o->b,
                                                 .ldb = o->n_padded,
                                                 .scale = o->scale,
                                                 .scale_rows = scale_rows,
                                                 .shift = has_shift ? o->shift : NULL,
                                                 .offset = o->offset,
                                                 .c = o->c,
                                                 .ldc = o->n_padded};
        memset(o->c, 0x7f, o->m * o->n_padded * sizeof *o->c);
        (is_sparse ? kernels->sparse : kernels->dense)(&product);
        cr_assert_eq(n_wrong(o, scale_rows, has_shift), 0,
                     "level %d, %s, variant %d: %zu x %zu x %zu", level,
                     is_sparse ? "sparse" : "dense", variant, o->m, o->n, o->k);
    }
}

Test(mlp_bytes, products_equal_naive_twins, .timeout = 60)
{
    static const size_t rows[] = {1, 2, 17, 64, 70}, depths[] = {1, 63, 64, 130},
                        columns[] = {1, 5, 8, 10, 11, 16, 23, 40, 100, 117, 250};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t l = 0; l < sizeof depths / sizeof *depths; l++)
            for (size_t j = 0; j < sizeof columns / sizeof *columns; j++) {
                struct operands o;
                operands_create(&o, rows[i], columns[j], depths[l]);
                for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
                    check_product(level, true, &o);
                    check_product(level, false, &o);
                }
                operands_destroy(&o);
            }
}

Test(mlp_bytes, codes, .timeout = 10)
{
    enum { N = 300 };
    uint8_t bytes[N], flip[N], base[N], out[N + 1];
    for (size_t i = 0; i < N; i++) {
        bytes[i] = (uint8_t)(i * 7);
        flip[i] = i % 3 ? 0 : 255;
        base[i] = (uint8_t)(i * 13);
    }
    for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
        out[N] = 99;
        SIMD_SELECT_LEVEL((enum simd_level)level, mlp_byte_kernels)
            ->encode(bytes, flip, base, N, out);
        for (size_t i = 0; i < N; i++)
            cr_assert_eq(out[i], (uint8_t)((bytes[i] ^ flip[i]) - base[i]));
        cr_assert_eq(out[N], 99);
    }
}

/* Every 15th feature is constant; what is picked of the others ends behind a vector of 64. */
enum { N_ROWS = 90, N_FEATURES = 66, N_COLUMNS = 62, BATCH = 40 };

/* Training rows: two thirds of them background, which is 0 in some features and 255 in others. */
static void fill_bytes(uint8_t bytes[static N_ROWS * N_FEATURES])
{
    struct rng rng = rng_create(5, 0);
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t j = 0; j < N_FEATURES; j++) {
            const uint8_t background = j % 4 ? 0 : 255;
            bytes[i * N_FEATURES + j] =
                j % 15 == 14 || rng_below(&rng, 3) ? background : (uint8_t)rng_below(&rng, 256);
        }
}

static double largest_difference(const float *a, const float *b, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

/* The loss and the gradient of a batch, and of the standardised rows by the network alone. */
static void check_batch(size_t hidden, bool expect_sparse)
{
    static uint8_t bytes[N_ROWS * N_FEATURES];
    const struct mlp_shape shape = {.n_inputs = N_COLUMNS,
                                    .n_classes = 3,
                                    .hidden = &hidden,
                                    .n_hidden = 1,
                                    .activation = MLP_TANH};
    float scale[N_COLUMNS], shift[N_COLUMNS];
    uint32_t order[N_ROWS], columns[N_COLUMNS];
    uint8_t labels[BATCH];
    struct mlp_network network;
    struct mlp_workspace mine, plain;
    struct mlp_batch batch;
    fill_bytes(bytes);
    for (size_t j = 0; j < N_COLUMNS; j++) {
        scale[j] = 0.01f + 0.0001f * (float)j;
        shift[j] = -1.0f + 0.02f * (float)j;
        columns[j] = (uint32_t)(j + j / 14);
    }
    for (uint32_t i = 0; i < N_ROWS; i++)
        order[i] = i * 7 % N_ROWS;
    cr_assert_eq(mlp_network_create(&network, &shape, NULL), STATUS_OK);
    mlp_network_initialise(&network, N_COLUMNS, 42);
    cr_assert_eq(mlp_workspace_create(&mine, &network, BATCH, true, NULL), STATUS_OK);
    cr_assert_eq(mlp_workspace_create(&plain, &network, BATCH, true, NULL), STATUS_OK);
    cr_assert_eq(mlp_batch_create(&batch,
                                  &(struct mlp_batch_source){.bytes = bytes,
                                                             .n_rows = N_ROWS,
                                                             .n_features = N_FEATURES,
                                                             .n_columns = N_COLUMNS,
                                                             .columns = columns,
                                                             .scale = scale,
                                                             .shift = shift},
                                  &network, BATCH, NULL),
                 STATUS_OK);
    cr_assert_eq(batch.sparse, expect_sparse);
    /* The last batch is shorter. */
    for (size_t first = 0; first < N_ROWS; first += BATCH) {
        const size_t n = N_ROWS - first < BATCH ? N_ROWS - first : BATCH;
        for (size_t i = 0; i < n; i++) {
            const uint8_t *row = bytes + order[first + i] * N_FEATURES;
            labels[i] = (uint8_t)(i % 3);
            for (size_t j = 0; j < N_COLUMNS; j++)
                plain.values[0][i * plain.strides[0] + j] =
                    (float)row[columns[j]] * scale[j] + shift[j];
        }
        mlp_forward(&network, &plain, n);
        const double expected = mlp_backward(&network, &plain, labels, n);
        mlp_batch_load(&batch, order + first, n, N_ROWS - first - n);
        mlp_batch_forward(&batch, &network, &mine);
        const double loss = mlp_batch_backward(&batch, &network, &mine, labels);
        cr_assert_float_eq(loss, expected, 1e-5 * expected);
        cr_assert_lt(largest_difference(mine.gradient, plain.gradient, network.n_parameters), 1e-4);
    }
    mlp_batch_destroy(&batch);
    mlp_workspace_destroy(&mine);
    mlp_workspace_destroy(&plain);
    mlp_network_destroy(&network);
}

Test(mlp_bytes, a_sparse_batch_is_that_of_the_standardised_rows, .timeout = 10)
{
    check_batch(100, true);
}

Test(mlp_bytes, a_dense_batch_is_that_of_the_standardised_rows, .timeout = 10)
{
    check_batch(7, false);
}
