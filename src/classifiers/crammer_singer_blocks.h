/*
 * The joint matrix and its factor by blocks of a class; crammer_singer_joint.c includes this once
 * for each type, REAL, with NAME(x) for the x of that type, BLAS(x) for the function, and GEMM for
 * the struct of its products.
 */
static void NAME(gather)(const float *x, double weight, size_t n_columns, REAL *restrict out)
{
    const REAL scale = (REAL)sqrt(weight);
    for (size_t j = 0; j < n_columns; j++)
        out[j] = scale * (REAL)x[j];
}

/* Where the rows of a pair of classes k > l go, and their sign there: to the block of both; to the
   diagonal of l if k is the last, which has none. */
struct NAME(destination) {
    REAL *block;
    REAL sign;
};

static struct NAME(destination)
    NAME(destination_of)(const struct crammer_singer_joint *joint, const size_t pair[2])
{
    const size_t nc = joint->design->n_columns;
    const bool is_last = pair[0] + 1 == joint->design->n_problems;
    return (struct NAME(destination)){
        .block = joint->NAME(factor) + ((is_last ? pair[1] : pair[0]) * joint->n + pair[1]) * nc,
        .sign = is_last ? 1 : -1};
}

/* The sampled rows of a pair of classes, the lower triangle; rows: BLOCK_ROWS x n_columns. */
static void NAME(sum_pair)(const struct crammer_singer_joint *joint,
                           const struct newton_weights *weights, const size_t pair[2], REAL *rows)
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
            (nc, n_gathered, to.sign, rows, nc, n_blocks++ ? 1 : 0, to.block, joint->n);
            n_gathered = 0;
        }
    }
}

/* The block of class k on the diagonal, which has its rows with the last class: less the others in
   its row and column, and the identity. */
static void NAME(sum_diagonal)(const struct crammer_singer_joint *joint, size_t k, double ridge)
{
    const size_t n = joint->n, nc = joint->design->n_columns;
    const double own = 1 - 1 / (double)joint->design->n_problems;
    REAL *block = joint->NAME(factor) + k * nc * (n + 1);
    for (size_t l = 0; l + 1 < joint->design->n_problems; l++) {
        if (l == k)
            continue;
        const REAL *other = joint->NAME(factor) + (l < k ? k * n + l : l * n + k) * nc;
        for (size_t i = 0; i < nc; i++)
            for (size_t j = 0; j <= i; j++)
                block[i * n + j] -= other[i * n + j];
    }
    for (size_t i = 0; i < nc; i++)
        block[i * n + i] = (REAL)((1 + ridge) * (own + (double)block[i * n + i]));
}

/* The block of classes k > l: its upper triangle, and the identity less the mean. */
static void NAME(complete)(const struct crammer_singer_joint *joint, size_t k, size_t l)
{
    const size_t n = joint->n, nc = joint->design->n_columns;
    REAL *block = joint->NAME(factor) + (k * n + l) * nc;
    for (size_t i = 0; i < nc; i++)
        for (size_t j = 0; j < i; j++)
            block[j * n + i] = block[i * n + j];
    for (size_t i = 0; i < nc; i++)
        block[i * n + i] -= 1 / (REAL)joint->design->n_problems;
}

static void NAME(build)(const struct crammer_singer_joint *joint,
                        const struct newton_weights *weights, double ridge)
{
    const struct linear_design *design = joint->design;
    const size_t n_classes = design->n_problems, n_own = n_classes - 1;
    const size_t n_block = BLOCK_ROWS * design->n_columns;
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, weights, n_classes, n_block)
    for (size_t q = 0; q < n_classes * n_classes; q++) {
        const size_t pair[2] = {q / n_classes, q % n_classes};
        if (pair[0] > pair[1])
            NAME(sum_pair)
        (joint, weights, pair, joint->NAME(blocks) + (size_t)omp_get_thread_num() * n_block);
    }
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, n_own, ridge)
    for (size_t k = 0; k < n_own; k++)
        NAME(sum_diagonal)(joint, k, ridge);
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, n_own)
    for (size_t k = 0; k < n_own; k++)
        for (size_t l = 0; l < k; l++)
            NAME(complete)(joint, k, l);
}

/* C -= A B^T for blocks of one size within the matrix. */
static void NAME(subtract_product)(const struct crammer_singer_joint *joint, const REAL *a,
                                   const REAL *b, REAL *c)
{
    const size_t n = joint->n, nc = joint->design->n_columns;
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

/* Cholesky's factor by blocks of a class, the same for any number of threads. */
static bool NAME(factor_blocks)(const struct crammer_singer_joint *joint)
{
    const struct linear_design *design = joint->design;
    const size_t n = joint->n, nc = design->n_columns, n_own = design->n_problems - 1;
    for (size_t k = 0; k < n_own; k++) {
        REAL *pivot = joint->NAME(factor) + k * nc * (n + 1);
        if (!BLAS(potrf)(nc, pivot, n))
            return false;
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, pivot, n, nc, n_own, k)
        for (size_t i = k + 1; i < n_own; i++)
            BLAS(trsm_right_t)(nc, nc, pivot, n, joint->NAME(factor) + (i * n + k) * nc, n);
#pragma omp parallel for num_threads(design->n_threads) default(none) schedule(dynamic)            \
    shared(joint, n, nc, n_own, k)
        for (size_t q = 0; q < n_own * n_own; q++) {
            const size_t i = q / n_own, j = q % n_own;
            if (j > k && i >= j)
                NAME(subtract_product)
            (joint, joint->NAME(factor) + (i * n + k) * nc, joint->NAME(factor) + (j * n + k) * nc,
             joint->NAME(factor) + (i * n + j) * nc);
        }
    }
    return true;
}

/* out = H^-1 in, but for the mean over the classes. */
static void NAME(solve)(const struct crammer_singer_joint *joint, const double *in, double *out)
{
    const struct linear_design *design = joint->design;
    const size_t nc = design->n_columns, lanes = design->lanes;
    for (size_t k = 0; k + 1 < design->n_problems; k++)
        for (size_t j = 0; j < nc; j++)
            joint->NAME(column)[k * nc + j] = (REAL)in[j * lanes + k];
    BLAS(potrs)(joint->n, joint->NAME(factor), joint->n, joint->NAME(column));
    memset(out, 0, design->stride * lanes * sizeof *out);
    for (size_t k = 0; k + 1 < design->n_problems; k++)
        for (size_t j = 0; j < nc; j++)
            out[j * lanes + k] = (double)joint->NAME(column)[k * nc + j];
}
