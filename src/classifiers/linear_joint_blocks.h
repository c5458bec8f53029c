/*
 * The joint matrix and its factor by blocks of a class; linear_joint.c includes this once for each
 * type, REAL, with NAME(x) for the x of that type, BLAS(x) for the function, and GEMM for the
 * struct of its products.
 */
static void NAME(gather)(const float *x, double weight, size_t n_columns, REAL *restrict out)
{
    const REAL scale = (REAL)sqrt(weight);
    for (size_t j = 0; j < n_columns; j++)
        out[j] = scale * (REAL)x[j];
}

/* The block of classes k >= l. */
static REAL *NAME(block)(const struct linear_joint *joint, size_t k, size_t l)
{
    const size_t nc = joint->design->n_columns;
    return joint->NAME(factor) + k * nc * joint->ld + (joint->is_joint ? l * nc : 0);
}

/* Where the rows of a pair of classes k > l go, and their sign there: to the block of both; to the
   diagonal of l if k has none. Not joint: k and k, the block of both. */
struct NAME(destination) {
    REAL *block;
    REAL sign;
};

static struct NAME(destination)
    NAME(destination_of)(const struct linear_joint *joint, const size_t pair[2])
{
    const bool is_off = joint->is_joint && pair[0] < joint->n_blocks;
    return (struct NAME(destination)){
        .block = NAME(block)(joint, pair[0] < joint->n_blocks ? pair[0] : pair[1], pair[1]),
        .sign = is_off ? -1 : 1};
}

/* The sampled rows of a pair of classes, the lower triangle; rows: BLOCK_ROWS x n_columns. */
static void NAME(sum_pair)(const struct linear_joint *joint, const struct newton_weights *weights,
                           const size_t pair[2], REAL *rows)
{
    const struct linear_design *design = joint->design;
    const size_t nc = design->n_columns;
    const struct NAME(destination) to = NAME(destination_of)(joint, pair);
    double carry = 0.5 * weights->threshold;
    size_t n_gathered = 0, n_blocks = 0;
    for (size_t i = 0; i < design->n_rows; i++) {
        const double weight = sample(joint, weights, i, pair, &carry);
        if (weight > 0)
            NAME(gather)(linear_design_rows(design, i, 1), weight, nc, rows + n_gathered++ * nc);
        if (n_gathered == BLOCK_ROWS || (i + 1 == design->n_rows && (n_gathered || !n_blocks))) {
            BLAS(syrk_tn)
            (nc, n_gathered, to.sign, rows, nc, n_blocks++ ? 1 : 0, to.block, joint->ld);
            n_gathered = 0;
        }
    }
}

/* block[i, i] of class k, for E. */
static void NAME(add_diagonal)(const struct linear_joint *joint, size_t k, double ridge,
                               REAL *block)
{
    const struct linear_design *design = joint->design;
    const double own = joint->is_joint ? 1 - 1 / (double)design->n_problems : 1;
    for (size_t i = 0; i < design->n_columns; i++) {
        REAL *element = &block[i * joint->ld + i];
        const double e = joint->diagonal ? joint->diagonal[i * design->lanes + k] : own;
        *element = (REAL)((1 + ridge) * (e + (double)*element));
    }
}

/* The block of class k on the diagonal: with the rows that it has with a last class without blocks
   there already, less the others in its row and column, and E. */
static void NAME(sum_diagonal)(const struct linear_joint *joint, size_t k, double ridge)
{
    const size_t nc = joint->design->n_columns;
    REAL *block = NAME(block)(joint, k, k);
    if (joint->is_joint && joint->diagonal)
        for (size_t i = 0; i < nc; i++)
            memset(block + i * joint->ld, 0, nc * sizeof *block);
    for (size_t l = 0; joint->is_joint && l < joint->n_blocks; l++) {
        if (l == k)
            continue;
        const REAL *other = l < k ? NAME(block)(joint, k, l) : NAME(block)(joint, l, k);
        for (size_t i = 0; i < nc; i++)
            for (size_t j = 0; j <= i; j++)
                block[i * joint->ld + j] -= other[i * joint->ld + j];
    }
    NAME(add_diagonal)(joint, k, ridge, block);
}

/* The block of classes k > l: its upper triangle, and of the identity less the mean the latter. */
static void NAME(complete)(const struct linear_joint *joint, size_t k, size_t l)
{
    const size_t nc = joint->design->n_columns;
    REAL *block = NAME(block)(joint, k, l);
    for (size_t i = 0; i < nc; i++)
        for (size_t j = 0; j < i; j++)
            block[j * joint->ld + i] = block[i * joint->ld + j];
    for (size_t i = 0; !joint->diagonal && i < nc; i++)
        block[i * joint->ld + i] -= 1 / (REAL)joint->design->n_problems;
}

/* Something resists shifts of all intercepts, as much as each resists its own; what has none of
   them is solved as before. */
static void NAME(hold_intercepts)(const struct linear_joint *joint)
{
    const size_t last = joint->design->n_columns - 1, at = last * (joint->ld + 1);
    const REAL n = (REAL)joint->n_blocks;
    REAL mean = 0;
    for (size_t k = 0; k < joint->n_blocks; k++)
        mean += NAME(block)(joint, k, k)[at] / n;
    for (size_t k = 0; k < joint->n_blocks; k++)
        for (size_t l = 0; l <= k; l++)
            NAME(block)(joint, k, l)[at] += mean / n;
}

static void NAME(build)(const struct linear_joint *joint, const struct newton_weights *weights,
                        double ridge)
{
    const struct linear_design *design = joint->design;
    const size_t n_classes = design->n_problems, n_row_items = BLOCK_ROWS * design->n_columns;
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, weights, n_classes, n_row_items)
    for (size_t q = 0; q < n_classes * n_classes; q++) {
        const size_t pair[2] = {q / n_classes, q % n_classes};
        if (joint->is_joint ? pair[0] > pair[1] : pair[0] == pair[1])
            NAME(sum_pair)
        (joint, weights, pair, joint->NAME(rows) + (size_t)omp_get_thread_num() * n_row_items);
    }
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, ridge)
    for (size_t k = 0; k < joint->n_blocks; k++)
        NAME(sum_diagonal)(joint, k, ridge);
    if (!joint->is_joint)
        return;
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint)
    for (size_t k = 0; k < joint->n_blocks; k++)
        for (size_t l = 0; l < k; l++)
            NAME(complete)(joint, k, l);
    if (joint->diagonal)
        NAME(hold_intercepts)(joint);
}

/* C -= A B^T for blocks of one size within the matrix. */
static void NAME(subtract_product)(const struct linear_joint *joint, const REAL *a, const REAL *b,
                                   REAL *c)
{
    const size_t n = joint->ld, nc = joint->design->n_columns;
    BLAS(gemm)
    (&(struct GEMM){.transpose_b = true,
                    .m = nc,
                    .n = nc,
                    .k = nc,
                    .alpha = -1,
                    .a = a,
                    .lda = n,
                    .b = b,
                    .ldb = n,
                    .beta = 1,
                    .c = c,
                    .ldc = n});
}

/* What class k leaves of the blocks of those after it, the same for any number of threads. */
static void NAME(eliminate)(const struct linear_joint *joint, size_t k)
{
    const struct linear_design *design = joint->design;
    const size_t nc = design->n_columns, n = joint->n_blocks;
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, nc, n, k)
    for (size_t i = k + 1; i < n; i++)
        BLAS(trsm_right_t)
    (nc, nc, NAME(block)(joint, k, k), joint->ld, NAME(block)(joint, i, k), joint->ld);
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, n, k)
    for (size_t q = 0; q < n * n; q++) {
        const size_t i = q / n, j = q % n;
        if (j > k && i >= j)
            NAME(subtract_product)
        (joint, NAME(block)(joint, i, k), NAME(block)(joint, j, k), NAME(block)(joint, i, j));
    }
}

/* Cholesky's factor by blocks of a class. */
static bool NAME(factor_blocks)(const struct linear_joint *joint)
{
    for (size_t k = 0; k < joint->n_blocks; k++) {
        if (!BLAS(potrf)(joint->design->n_columns, NAME(block)(joint, k, k), joint->ld))
            return false;
        if (joint->is_joint)
            NAME(eliminate)(joint, k);
    }
    return true;
}

/* out, stride x lanes, from the column. */
static void NAME(scatter)(const struct linear_joint *joint, double *out)
{
    const struct linear_design *design = joint->design;
    memset(out, 0, design->stride * design->lanes * sizeof *out);
    for (size_t k = 0; k < joint->n_blocks; k++)
        for (size_t j = 0; j < design->n_columns; j++)
            out[j * design->lanes + k] = (double)joint->NAME(column)[k * design->n_columns + j];
}

/* out = H^-1 in, but for the mean over the classes. */
static void NAME(solve)(const struct linear_joint *joint, const double *in, double *out)
{
    const struct linear_design *design = joint->design;
    const size_t nc = design->n_columns, lanes = design->lanes, n = joint->n_blocks;
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < nc; j++)
            joint->NAME(column)[k * nc + j] = (REAL)in[j * lanes + k];
    if (joint->is_joint)
        BLAS(potrs)(joint->ld, joint->NAME(factor), joint->ld, joint->NAME(column));
#pragma omp parallel for num_threads(design->n_threads) default(none) shared(joint, n, nc)
    for (size_t k = 0; k < (joint->is_joint ? 0 : n); k++)
        BLAS(potrs)(nc, NAME(block)(joint, k, k), nc, joint->NAME(column) + k * nc);
    NAME(scatter)(joint, out);
}

/* direction = L^-T random signs. */
static void NAME(draw)(const struct linear_joint *joint, struct rng *rng)
{
    const size_t nc = joint->design->n_columns, n = joint->n_blocks;
    REAL *column = joint->NAME(column);
    for (size_t j = 0; j < n * nc; j++)
        column[j] = rng_u32(rng) & 1 ? 1 : -1;
    if (joint->is_joint)
        BLAS(trsv_t)(joint->ld, joint->NAME(factor), joint->ld, column);
    for (size_t k = 0; k < (joint->is_joint ? 0 : n); k++)
        BLAS(trsv_t)(nc, NAME(block)(joint, k, k), nc, column + k * nc);
    NAME(scatter)(joint, joint->direction);
}
