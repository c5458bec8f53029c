/*
 * What a fitted SVC predicts from: the distinct support vectors of all machines with their weights,
 * or for the linear kernel the normal vector of each machine.
 */
#ifndef FMBENCH_CLASSIFIERS_SVC_MODEL_H
#define FMBENCH_CLASSIFIERS_SVC_MODEL_H

#include "classifiers/svc_kernel.h"

struct svc_model {
    struct svc_kernel kernel;
    size_t n_classes, n_pairs;     /* pairs (a, b), a < b, in lexicographic order */
    struct svc_rows layout;        /* owned; the choice of features alone */
    size_t first[MAX_CLASSES + 1]; /* support vectors of class c */
    bool has_rows[MAX_CLASSES];
    float *means;    /* n_classes x n_columns, owned: of the training rows */
    float *x;        /* n_support x n_columns, owned */
    float *norms;    /* n_support, owned */
    double *weights; /* n_support x n_classes, owned: beta in the machine with the other class */
    double *w;       /* SVC_LINEAR: n_pairs x n_columns, owned */
    double *bias;    /* n_pairs, owned */
    bool *is_empty;  /* n_pairs, owned: a class has no rows, there is no machine */
};

/*
 * From the sorted rows, and the weights of all of them, n_rows x n_classes. svc_model_destroy takes
 * a zeroed struct.
 */
enum status svc_model_finish(struct svc_model *model, const struct svc_rows *rows,
                             const double *weights, struct error *error);
void svc_model_destroy(struct svc_model *model);

static inline size_t svc_model_n_support(const struct svc_model *model)
{
    return model->first[model->n_classes];
}

/* The number of the pair (a, b), a < b. */
static inline size_t svc_pair_index(size_t n_classes, size_t a, size_t b)
{
    return a * (2 * n_classes - a - 1) / 2 + (b - a - 1);
}

/*
 * Each machine votes for its first class where the decision is above 0 and for the other one where
 * not; the class with most votes, the smallest of equals.
 *
 * A class that wins against all others has more votes than any, and to see that it does takes the
 * support vectors of its own machines alone. So each row has a candidate, at first the class with
 * the nearest mean, and after a defeat the class that it lost to most clearly; the machines of all
 * classes are asked about the few rows that are left in the end.
 */
enum status svc_model_predict(const struct svc_model *model, const struct features *x,
                              int n_threads, uint8_t *restrict labels, struct error *error);

#endif
