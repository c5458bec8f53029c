/*
 * The interface of a classifier class, and the list of the classes there are.
 *
 * A class is a const struct. The runner calls create, fit, predict, destroy in this order, in one
 * thread; a model belongs to its caller. The runner scores: test labels never come here.
 * To add a family: one source file, one line in registry.c, one entry in a grid, one test file.
 */
#ifndef FMBENCH_CLASSIFIERS_CLASSIFIER_H
#define FMBENCH_CLASSIFIERS_CLASSIFIER_H

#include "base/error.h"
#include "classifiers/parameters.h"
#include "loader/features.h"
#include "numerics/work.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What fit reads; everything is borrowed for the call alone, except where a class says otherwise.
 */
struct training_set {
    const struct features *x; /* with the views that the class names */
    const uint8_t *y;         /* x->n_rows class numbers below n_classes */
    size_t n_classes;
};

struct execution {
    uint64_t rng_key;      /* of this configuration and repeat; derive, do not share */
    int n_threads;         /* for OpenMP loops: num_threads(n_threads) */
    uint64_t memory_bytes; /* what the process may hold in all, its data included; 0: no limit */
};

/* What a fit's memory depends on beside its parameters. */
struct problem_size {
    size_t n_train, n_test, n_features, n_classes;
    size_t n_threads;
    uint64_t memory_bytes; /* as in struct execution: some do with less where they must */
};

/* A double holds any product of sizes, where size_t may overflow. */
struct memory_need {
    double bytes;
    const char *mostly; /* static: what takes most of it; NULL where bytes is 0 */
};

/* A figure about a fit that the record keeps, e.g. dual_gap. */
struct measure {
    const char *name; /* static */
    double value;
};

enum { FIT_MEASURES_MAX = 12 };

struct fit_report {
    const char *solver; /* static; the method that ran, NULL where there is only one */
    long n_iter;        /* largest of the problems solved; -1: not iterative */
    int converged;      /* 1: by its stopping rule; 0: stopped by its limit; -1: not iterative */
    size_t n_measures;
    struct measure measures[FIT_MEASURES_MAX];
    /* Seconds of the wall clock, asked for after read alone. */
    double fit_s;   /* of the fit that the readout needs; -1: as long as fit took */
    double found_s; /* that predict would have needed had an earlier call not done it */
    /* Is `work` the arithmetic of the fit that the readout needs, and is that of predict no other
       than alone? Where not, and there are readout parameters, none is recorded. */
    bool has_work;
    struct work work;
};

void fit_report_init(struct fit_report *report);
void fit_report_add(struct fit_report *report, const char *name, double value);

struct classifier_class {
    const char *name;    /* scikit-learn's */
    const char *summary; /* one line */
    const struct parameter_spec
        *parameters;                  /* ended by a NULL name; indexed by the family's enum */
    unsigned train_views, test_views; /* of enum view, beside the bytes */
    bool is_deterministic; /* the model depends on the set of training rows alone, not on their
                              order or on random numbers */

    /*
     * Why the table of 2017 has no row of this combination: its library rejected it, or no row of
     * the class was ever finished; NULL where it has one. A grid plans such points only when it
     * says that it goes beyond 2017. Texts are static; both members may be NULL.
     */
    const char *(*rejected_2017)(const struct parameters *parameters);
    const char *unfinished_2017;

    /* Is this combination valid? STATUS_USAGE with the reason in the message if not. May be NULL.
     */
    enum status (*check)(const struct parameters *parameters, struct error *error);

    /*
     * Sets parameters that have no effect in this combination to their defaults: configurations
     * that are then equal are one problem. May be NULL.
     */
    void (*canonical)(struct parameters *parameters);

    /* *model is NULL on failure. The parameters have passed validation and check; they are copied.
     */
    enum status (*create)(void **model, const struct parameters *parameters, struct error *error);

    /*
     * Between create and fit, for each configuration that will be read: one that differs from the
     * model's in readout parameters alone. Without a call, that of create will be. NULL: the fit
     * for the largest numbers serves the smaller ones.
     */
    enum status (*ask)(void *model, const struct parameters *readout, struct error *error);

    /* Is something saved where configurations share this one's fit, which differ from it in readout
       parameters alone? NULL: yes. */
    bool (*is_shared)(const struct parameters *parameters);

    /*
     * About what fit and predict allocate that grows with the rows, or is large for any number of
     * them, were all features to vary. Neither the images nor the views of them are counted here,
     * nor their labels. NULL: hardly anything.
     */
    struct memory_need (*memory_need)(const struct parameters *parameters,
                                      const struct problem_size *size);

    /* Once a model. The training set stays valid until destroy, so a model may borrow from it. */
    enum status (*fit)(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error);

    /*
     * Class numbers for the rows of x, which are in order as they are (x->order is NULL). `readout`
     * has the parameters of fit but for those marked is_readout, which may ask for less than was
     * fitted, or for one that was asked for. May be called more than once; x is then the same.
     */
    enum status (*predict)(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution,
                           uint8_t *restrict labels /* x->n_rows */, struct error *error);

    /*
     * What a fit for `readout` alone would have reported, after predict was called for it: the
     * model was fitted for more. Fills a report that is initialised. NULL: a class without
     * readout parameters.
     */
    enum status (*read)(const void *model, const struct parameters *readout,
                        struct fit_report *report, struct error *error);

    void (*destroy)(void *model); /* takes NULL and half-built models */
};

/* NULL-terminated, in the order of the grid of 2017. */
extern const struct classifier_class *const classifier_registry[];

/* NULL when there is none of that name. */
const struct classifier_class *classifier_find(const char *name);

#endif
