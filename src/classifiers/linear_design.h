/*
 * What the linear solvers work on: the standardised rows without the features that are constant in
 * training (their weight is 0 in every optimum here), with a last column of ones for the intercept,
 * padded with zero columns to a stride that suits vectors; and the fixed chunks of rows that work
 * is split into, whatever the number of threads.
 *
 * Rows are held in float32 where they are not too many; else they are made from their bytes, block
 * by block, each time they are needed. Results are the same.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_DESIGN_H
#define FMBENCH_CLASSIFIERS_LINEAR_DESIGN_H

#include "classifiers/classifier.h"
#include "classifiers/linear_simd.h"

enum {
    LINEAR_CHUNKS = 32,
    LINEAR_BLOCK_ROWS = 128,
    LINEAR_PROBLEMS_MAX = 256,
    LINEAR_C_MAX = 1000000 /* beyond, rounding decides and the penalty does nothing */
};

/* Float32 rows, of all features, up to which they are held: beyond, the room is worth the quarter
   of the time that it takes to make them again. */
#define LINEAR_HELD_BYTES_MAX ((size_t)1 << 30)

struct linear_design {
    size_t n_rows, n_features;
    size_t n_columns;              /* kept features + 1 */
    size_t stride;                 /* n_columns, padded */
    size_t lanes;                  /* binary problems or classes, padded */
    size_t n_problems;             /* lanes in use */
    float *x;                      /* n_rows x stride, owned; NULL: linear_design_rows makes them */
    const struct features *source; /* borrowed: the bytes of the rows */
    uint32_t *chosen;   /* of a subset without x: its rows in the source, n_rows, owned; or NULL */
    float *made;        /* n_threads x LINEAR_BLOCK_ROWS x stride, owned */
    uint32_t *features; /* feature of each column but the last, n_columns - 1, owned */
    double *row_class;  /* n_rows, owned */
    double *lane_class; /* lanes, owned; -1 for padding */
    double *partial;    /* LINEAR_CHUNKS x stride x lanes, owned: sums of each chunk */
    float *narrow;      /* for each thread and once more, owned: see linear_curved_times */
    int n_threads;
    const struct linear_kernels *kernels;
};

/* The lanes that n problems take, with padding. */
size_t linear_lanes_for(size_t n_problems);

/*
 * One problem for each class when `all_classes` or when there are more than two; else a single one
 * whose positive class is 1. linear_design_destroy takes a zeroed struct.
 */
enum status linear_design_create(struct linear_design *design, const struct training_set *set,
                                 bool all_classes, int n_threads, struct error *error);
void linear_design_destroy(struct linear_design *design);

/* The same rows and problems with n_columns others, all 0, for the caller to fill; the content of
   `features` is undefined. */
enum status linear_design_create_derived(struct linear_design *derived,
                                         const struct linear_design *design, size_t n_columns,
                                         struct error *error);

/*
 * Some of the rows of a design, at most all, with the same problems; to begin with none. Borrows
 * from the design all but x or chosen. linear_design_destroy_subset takes a zeroed struct.
 */
enum status linear_design_create_subset(struct linear_design *subset,
                                        const struct linear_design *design, struct error *error);
void linear_design_destroy_subset(struct linear_design *subset);
void linear_design_choose(struct linear_design *subset, const struct linear_design *design,
                          size_t i); /* adds row i of the design */

/*
 * Rows [first, first + n), n x stride, n <= LINEAR_BLOCK_ROWS. They are good until the same thread
 * asks for others; n_threads threads may ask at once, in one parallel region.
 */
const float *linear_design_rows(const struct linear_design *design, size_t first, size_t n);

/* What the rows of a design take, and those of a subset of it. */
double linear_design_bytes(const struct problem_size *size);
double linear_design_subset_bytes(const struct problem_size *size);

/* Of problem k, the share of the rarer label, at least that of a row. */
double linear_design_rarity(const struct linear_design *design, size_t k);

/* Rows [begin, end) of a chunk. */
size_t linear_chunk_begin(const struct linear_design *design, size_t chunk);

/* z = X w;  w: stride x lanes,  z: n_rows x lanes. */
void linear_times(const struct linear_design *design, const double *w, double *z);

/* The same in float32. */
void linear_times_float(const struct linear_design *design, const double *w, float *z);

/* g = X^T r;  r: n_rows x lanes,  g: stride x lanes. */
void linear_transpose_times(const struct linear_design *design, const double *r, double *g);

/* Takes the mean over the problems from each column's weights, so that they sum to 0;  w: stride x
   lanes. */
void linear_subtract_means(const struct linear_design *design, double *w);

/* v = D v for rows [first, first + n_rows) of the design;  v: n_rows x lanes. */
typedef void linear_weigh(const void *context, size_t first, size_t n_rows, float *restrict v);

/*
 * q = X^T D X p, the curvature of losses along p, for conjugate gradients: in float32, with sums in
 * double over chunks, and in one pass over the rows. p, q: stride x lanes.
 */
void linear_curved_times(const struct linear_design *design, const double *p, linear_weigh *weigh,
                         const void *context, double *q);

/*
 * A fitted linear model: a decision value a problem, argmax with ties to the smallest class; with a
 * single problem class 1 where its value is positive, else class 0.
 */
struct linear_model {
    size_t n_features, n_problems;
    size_t lanes;
    float *weights;    /* n_features x lanes, owned */
    double *intercept; /* lanes, owned */
};

/* From the optimum w, stride x lanes. */
enum status linear_model_create(struct linear_model *model, const struct linear_design *design,
                                const double *w, struct error *error);
void linear_model_destroy(struct linear_model *model); /* takes a zeroed struct */
enum status linear_model_predict(const struct linear_model *model, const struct features *x,
                                 int n_threads, uint8_t *restrict labels, struct error *error);

#endif
