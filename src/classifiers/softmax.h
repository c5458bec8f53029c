/*
 * Softmax losses of all rows, sum_i (log sum_k exp(z_ik) - z_iy), and their intercepts: kept at
 * their optimum, where in each class the probabilities p sum to the number of its rows; only then
 * is C (1[k = y] - p) a point of the dual of a model with intercepts that are not penalised.
 *
 * All classes have rows. Sums have a fixed order: results are the same for any number of threads.
 */
#ifndef FMBENCH_CLASSIFIERS_SOFTMAX_H
#define FMBENCH_CLASSIFIERS_SOFTMAX_H

#include "classifiers/linear_design.h"

struct softmax {
    const struct linear_design *design; /* borrowed */
    double *n_class;                    /* lanes, owned, as is all below: rows of each class */
    double *shift;                      /* lanes: what the intercepts move by */
    double *sums;                       /* LINEAR_CHUNKS x softmax_sums */
    double *matrix;                     /* n_problems x n_problems */
};

/* What it allocates. */
double softmax_bytes(const struct problem_size *size);

/* softmax_destroy takes a zeroed struct. */
enum status softmax_create(struct softmax *softmax, const struct linear_design *design,
                           struct error *error);
void softmax_destroy(struct softmax *softmax);

/* Of one row of class y: p, n classes, from what is in it, z; returns its loss. */
double softmax_row(double *p, size_t n, size_t y);

/* Finds the shift of the intercepts for z, n_rows x lanes; sets p, the same, at z + shift, and 0 in
   padding. Returns the sum of the losses there. */
double softmax_centre(struct softmax *softmax, const double *z, double *restrict p);

/* The sum of the entropies of 1[k = y] + scale (p - 1[k = y]), scale in [0, 1]. */
double softmax_entropy(const struct softmax *softmax, const double *p, double scale);

/* The parts of a sum, one a chunk: softmax_sums numbers each, of which those before n are added to
   the first chunk's. */
size_t softmax_sums(const struct softmax *softmax);
void softmax_add_chunks(const struct softmax *softmax, size_t n);

#endif
