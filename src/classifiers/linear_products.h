/*
 * Products of rows with columns side by side; linear_simd.c includes this once for each type, REAL,
 * with NAME(x) for the x of that type, of which NAME(WIDTH), NAME(fused) and NAME(broadcast) are
 * there already.
 */
INLINE NAME(vector) NAME(load)(const REAL *p)
{
    NAME(vector) v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void NAME(store)(REAL *p, NAME(vector) v)
{
    memcpy(p, &v, sizeof v);
}

/* n_rows <= ROWS rows times n_vectors <= 2 vectors of columns; both are constants after inlining.
 */
INLINE void NAME(times_tile)(const struct linear_rows *rows, size_t lanes, const REAL *w, REAL *z,
                             size_t n_rows, size_t n_vectors)
{
    NAME(vector) sum[ROWS][2];
    for (size_t i = 0; i < n_rows; i++)
        for (size_t v = 0; v < n_vectors; v++)
            sum[i][v] = (NAME(vector)){0};
    for (size_t j = 0; j < rows->stride; j++) {
        NAME(vector) column[2];
        for (size_t v = 0; v < n_vectors; v++)
            column[v] = NAME(load)(w + j * lanes + v * NAME(WIDTH));
        for (size_t i = 0; i < n_rows; i++) {
            const NAME(vector) x = NAME(broadcast)(rows->x + i * rows->stride + j);
            for (size_t v = 0; v < n_vectors; v++)
                sum[i][v] = NAME(fused)(x, column[v], sum[i][v]);
        }
    }
    for (size_t i = 0; i < n_rows; i++)
        for (size_t v = 0; v < n_vectors; v++)
            NAME(store)(z + i * lanes + v * NAME(WIDTH), sum[i][v]);
}

INLINE void NAME(times_columns)(const struct linear_rows *rows, size_t lanes, const REAL *w,
                                REAL *z, size_t n_vectors)
{
    struct linear_rows tile = *rows;
    size_t i = 0;
    for (; i + ROWS <= rows->n_rows; i += ROWS) {
        tile.x = rows->x + i * rows->stride;
        NAME(times_tile)(&tile, lanes, w, z + i * lanes, ROWS, n_vectors);
    }
    for (; i < rows->n_rows; i++) {
        tile.x = rows->x + i * rows->stride;
        NAME(times_tile)(&tile, lanes, w, z + i * lanes, 1, n_vectors);
    }
}

/* All lanes of a few rows before the next rows: x is read from memory once. */
static void NAME(times)(const struct linear_rows *rows, size_t lanes, const REAL *w,
                        REAL *restrict z)
{
    enum { BLOCK = 16 * ROWS };
    for (size_t first = 0; first < rows->n_rows; first += BLOCK) {
        const size_t left = rows->n_rows - first;
        const struct linear_rows block = {.x = rows->x + first * rows->stride,
                                          .n_rows = left < BLOCK ? left : BLOCK,
                                          .stride = rows->stride};
        REAL *out = z + first * lanes;
        size_t k = 0;
        for (; k + 2 * NAME(WIDTH) <= lanes; k += 2 * NAME(WIDTH))
            NAME(times_columns)(&block, lanes, w + k, out + k, 2);
        for (; k < lanes; k += NAME(WIDTH))
            NAME(times_columns)(&block, lanes, w + k, out + k, 1);
    }
}

/* g += x^T r for n_columns <= ROWS features and n_vectors vectors of lanes. */
INLINE void NAME(transpose_tile)(const struct linear_rows *rows, size_t lanes, const REAL *r,
                                 REAL *g, size_t n_vectors)
{
    NAME(vector) sum[ROWS][2];
    for (size_t j = 0; j < ROWS; j++)
        for (size_t v = 0; v < n_vectors; v++)
            sum[j][v] = NAME(load)(g + j * lanes + v * NAME(WIDTH));
    for (size_t i = 0; i < rows->n_rows; i++) {
        NAME(vector) residual[2];
        for (size_t v = 0; v < n_vectors; v++)
            residual[v] = NAME(load)(r + i * lanes + v * NAME(WIDTH));
        for (size_t j = 0; j < ROWS; j++) {
            const NAME(vector) x = NAME(broadcast)(rows->x + i * rows->stride + j);
            for (size_t v = 0; v < n_vectors; v++)
                sum[j][v] = NAME(fused)(x, residual[v], sum[j][v]);
        }
    }
    for (size_t j = 0; j < ROWS; j++)
        for (size_t v = 0; v < n_vectors; v++)
            NAME(store)(g + j * lanes + v * NAME(WIDTH), sum[j][v]);
}

static void NAME(transpose_times)(const struct linear_rows *rows, size_t lanes, const REAL *r,
                                  REAL *restrict g)
{
    enum { BLOCK = 128 };
    for (size_t first = 0; first < rows->n_rows; first += BLOCK) {
        const size_t left = rows->n_rows - first;
        struct linear_rows block = {.n_rows = left < BLOCK ? left : BLOCK, .stride = rows->stride};
        for (size_t j = 0; j < rows->stride; j += ROWS) {
            block.x = rows->x + first * rows->stride + j;
            const REAL *residual = r + first * lanes;
            REAL *out = g + j * lanes;
            size_t k = 0;
            for (; k + 2 * NAME(WIDTH) <= lanes; k += 2 * NAME(WIDTH))
                NAME(transpose_tile)(&block, lanes, residual + k, out + k, 2);
            for (; k < lanes; k += NAME(WIDTH))
                NAME(transpose_tile)(&block, lanes, residual + k, out + k, 1);
        }
    }
}
