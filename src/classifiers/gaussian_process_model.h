/* A fitted GaussianProcessClassifier, and how its binary problems lie in its arrays. */
#ifndef FMBENCH_CLASSIFIERS_GAUSSIAN_PROCESS_MODEL_H
#define FMBENCH_CLASSIFIERS_GAUSSIAN_PROCESS_MODEL_H

#include "classifiers/classifier.h"
#include "classifiers/gaussian_process_kernel.h"

/*
 * Training rows are sorted by class; classes are those that have rows, numbered anew. Each problem
 * parts a positive class from one other class or from all others. Two classes are one problem.
 *
 * A row takes part in `width` problems: with one_vs_rest in all of them, in their order; else in
 * those of its class with each other class, in the order of these.
 */
struct gp_model {
    size_t n_classes, n_problems, width;
    bool is_pairs;
    uint8_t labels[UINT8_MAX + 1];     /* n_classes: their class numbers outside */
    size_t class_start[UINT8_MAX + 2]; /* n_classes + 1 */
    struct features x;                 /* bytes owned */
    struct gp_kernel kernel;           /* owned */
    double *pi;                        /* n_rows x width, owned: of the positive class */
};

struct gp_problem {
    size_t positive;
    size_t negative; /* the number of classes: all others */
};

struct gp_problem gp_problem_at(const struct gp_model *model, size_t problem);

/* Which of its `width` problems this is to the rows of a class that takes part. */
size_t gp_problem_column(const struct gp_model *model, struct gp_problem problem, size_t class);

/* The rows that take part, rising. rows: n_rows of the model. */
size_t gp_problem_rows(const struct gp_model *model, struct gp_problem problem,
                       uint32_t *restrict rows);

/* Of a row of the sorted order. */
size_t gp_class_of(const struct gp_model *model, size_t row);

/* A training row whose kernel value with a query counts in the variance. */
struct gp_near {
    uint32_t query, row;
    double value;
};

/*
 * The latent means of queries and what is near them. Kernel values below 2^-80 / n of the largest
 * with the rows of a class are left out of its sum, all of whose terms have one sign.
 */
struct gp_latent {
    size_t n_queries;
    double *means; /* n_queries x n_problems, owned */
    double
        *reductions; /* n_queries x n_problems, owned: what the variance 1 loses; zero at first */
    size_t *near_start;   /* n_queries + 1, owned */
    struct gp_near *near; /* near_start[n_queries], owned, by rising query */
};

struct gp_latent_request {
    const struct features *queries;
    bool with_near;   /* are near rows found? */
    size_t bytes_max; /* that they may take: else STATUS_MEMORY */
    int n_threads;
};

/* On failure nothing is left to destroy. */
enum status gp_latent_create(struct gp_latent *latent, const struct gp_model *model,
                             const struct gp_latent_request *request, struct error *error);
void gp_latent_destroy(struct gp_latent *latent); /* takes a zeroed struct */

/* Sets latent->reductions. */
enum status gp_latent_reduce(struct gp_latent *latent, const struct gp_model *model,
                             size_t bytes_max, int n_threads, struct error *error);

/*
 * Solves a problem of its own for each of n; each call takes at most its bytes_max, or returns
 * STATUS_MEMORY, and then is called once more when it has all of bytes_max to itself.
 */
struct gp_loop {
    size_t n;
    size_t bytes_max;
    int n_threads;
    enum status (*run)(void *context, size_t i, size_t bytes_max, struct error *error);
    void *context;
};
enum status gp_loop_run(const struct gp_loop *loop, struct error *error);

/* What the memory limit leaves, beside data of that size; SIZE_MAX without a limit. */
size_t gp_bytes_left(const struct execution *execution, const struct features *x);

/* STATUS_MEMORY with what the largest block of coupled rows has to do with it. */
enum status gp_check_bytes(size_t bytes, size_t bytes_max, const struct gp_system *system,
                           struct error *error);

#endif
