/* What the classes of linear models by Newton-type solvers share: parameters, create, fit, predict.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_CLASSIFIER_H
#define FMBENCH_CLASSIFIERS_LINEAR_CLASSIFIER_H

#include "classifiers/classifier.h"
#include "classifiers/linear_design.h"

#define LINEAR_SPEC_C(what)                                                                        \
    {                                                                                              \
        .name = "C", .type = PARAMETER_REAL, .summary = what, .minimum = 0,                        \
        .maximum = LINEAR_C_MAX, .minimum_excluded = true, .fallback = {                           \
            .n_numbers = 1,                                                                        \
            .numbers = {1}                                                                         \
        }                                                                                          \
    }

#define LINEAR_SPEC_TOL(what)                                                                      \
    {                                                                                              \
        .name = "tol", .type = PARAMETER_REAL, .summary = what, .minimum = 0, .maximum = 1,        \
        .minimum_excluded = true, .fallback = {                                                    \
            .n_numbers = 1,                                                                        \
            .numbers = {1e-4}                                                                      \
        }                                                                                          \
    }

#define LINEAR_SPEC_MAX_ITER(n)                                                                    \
    {                                                                                              \
        .name = "max_iter", .type = PARAMETER_INTEGER,                                             \
        .summary = "largest number of Newton steps", .minimum = 1, .maximum = 1e9, .fallback = {   \
            .n_numbers = 1,                                                                        \
            .numbers = {n}                                                                         \
        }                                                                                          \
    }

/* The model of such a class. */
struct linear_classifier {
    struct parameters parameters;
    struct linear_model model;
};

/* What a solver that bounds its optimum has to report. */
struct linear_optimum {
    const char *solver; /* static */
    long n_iter;
    int converged;
    double objective, dual_gap; /* the gap relative to the objective */
};

void linear_classifier_report(struct fit_report *report, const struct linear_optimum *optimum);

/* From the parameters to the optimum w, stride x lanes, and what is reported of it. */
typedef enum status linear_solver(const struct parameters *parameters,
                                  const struct linear_design *design, uint64_t rng_key, double *w,
                                  struct fit_report *report, struct error *error);

struct linear_method {
    linear_solver *solve;
    bool all_classes; /* as in linear_design_create */
    bool is_l2;       /* the penalty is |w|^2 alone, which is the same in any orthonormal basis */
};

/* For the class's own fit. With fewer rows than columns an l2 problem is solved in a basis of the
   rows, see linear_basis.h. */
enum status linear_classifier_fit(struct linear_classifier *classifier,
                                  const struct linear_method *method,
                                  const struct training_set *set, const struct execution *execution,
                                  struct fit_report *report, struct error *error);

/* What the design takes, and beside it the solver. */
struct memory_need linear_classifier_memory_need(const struct problem_size *size,
                                                 double solver_bytes);

/* Three functions of classifier.h. */
enum status linear_classifier_create(void **model, const struct parameters *parameters,
                                     struct error *error);
enum status linear_classifier_predict(void *model, const struct parameters *readout,
                                      const struct features *x, const struct execution *execution,
                                      uint8_t *restrict labels, struct error *error);
void linear_classifier_destroy(void *model);

#endif
