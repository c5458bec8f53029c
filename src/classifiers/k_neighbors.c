/*
 * KNeighborsClassifier: the class that most of the nearest training rows have.
 *
 * Distances are Minkowski's with p = 1 or 2 between standardised rows, exact (neighbors_index.h);
 * equal distances rank by the row's index. weights=uniform: each of the n_neighbors nearest has one
 * vote. weights=distance: it has 1 / distance, unless some are at distance 0: then only those vote,
 * one each. Votes add up from the nearest on; a tied vote goes to the smallest class.
 *
 * n_neighbors and weights only read the list of neighbours, so they are readout parameters:
 * predicting for less than was fitted is identical to a fit of its own.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "classifiers/classifier.h"
#include "classifiers/neighbors_index.h"

#include <assert.h>
#include <limits.h>

enum { N_NEIGHBORS, WEIGHTS, P };
enum { WEIGHTS_UNIFORM, WEIGHTS_DISTANCE };

static const char *const weights_choices[] = {"uniform", "distance", NULL};

static const struct parameter_spec parameters[] = {
    [N_NEIGHBORS] = {.name = "n_neighbors",
                     .type = PARAMETER_INTEGER,
                     .summary = "number of neighbours that vote",
                     .minimum = 1,
                     .maximum = INT_MAX,
                     .is_readout = true,
                     .fallback = {.n_numbers = 1, .numbers = {5}}},
    [WEIGHTS] = {.name = "weights",
                 .type = PARAMETER_CHOICE,
                 .summary = "votes count alike (uniform) or by 1 / distance",
                 .is_readout = true,
                 .choices = weights_choices,
                 .fallback = {.choice = WEIGHTS_UNIFORM}},
    [P] = {.name = "p",
           .type = PARAMETER_INTEGER,
           .summary = "power of the Minkowski distance: 1 Manhattan, 2 Euclidean",
           .minimum = 1,
           .maximum = 2,
           .fallback = {.n_numbers = 1, .numbers = {2}}},
    {.name = NULL},
};

struct k_neighbors {
    size_t n_neighbors;
    int p;
    size_t n_classes;
    const uint8_t *y; /* of the training rows, borrowed */
    struct neighbors_index index;
    struct neighbors found; /* n_neighbors of each row that was asked for, after the first call */
    double search_s;        /* that this took */
    double found_s;         /* of it, what the last call did not do itself */
};

static enum status create(void **model, const struct parameters *p, struct error *error)
{
    struct k_neighbors *knn = memory_zeroed(1, sizeof *knn);
    *model = knn;
    if (!knn)
        return error_memory(error, "a KNeighborsClassifier model", sizeof *knn);
    knn->n_neighbors = (size_t)parameter_number(p, N_NEIGHBORS);
    knn->p = (int)parameter_number(p, P);
    return STATUS_OK;
}

static void destroy(void *model)
{
    struct k_neighbors *knn = model;
    if (!knn)
        return;
    neighbors_index_destroy(&knn->index);
    neighbors_destroy(&knn->found);
    memory_free(knn);
}

static enum status fit(void *model, const struct training_set *set,
                       const struct execution *execution, struct fit_report *report,
                       struct error *error)
{
    struct k_neighbors *knn = model;
    (void)execution;
    (void)report;
    if (knn->n_neighbors > set->x->n_rows)
        return error_set(error, STATUS_USAGE, "n_neighbors: %zu is more than the %zu training rows",
                         knn->n_neighbors, set->x->n_rows);
    knn->n_classes = set->n_classes;
    knn->y = set->y;
    return neighbors_index_create(&knn->index, set->x, knn->p, error);
}

/* distances and rows: k neighbours, nearest first. */
static uint8_t vote(const struct k_neighbors *knn, const double *distances, const uint32_t *rows,
                    size_t k, size_t weights)
{
    double votes[UINT8_MAX + 1] = {0};
    size_t winner = 0;
    const bool only_zero = weights == WEIGHTS_DISTANCE && distances[0] == 0.0;
    for (size_t i = 0; i < k && !(only_zero && distances[i] > 0.0); i++)
        votes[knn->y[rows[i]]] +=
            weights == WEIGHTS_UNIFORM || only_zero ? 1.0 : 1.0 / distances[i];
    for (size_t c = 1; c < knn->n_classes; c++)
        if (votes[c] > votes[winner])
            winner = c;
    return (uint8_t)winner;
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    struct k_neighbors *knn = model;
    const size_t k = (size_t)parameter_number(readout, N_NEIGHBORS);
    const size_t weights = parameter_choice(readout, WEIGHTS);
    if (k > knn->n_neighbors)
        return error_set(error, STATUS_USAGE, "n_neighbors: %zu is more than the %zu of the fit", k,
                         knn->n_neighbors);
    knn->found_s = knn->search_s;
    if (!knn->found.rows) {
        const double start_s = clock_now_s();
        const enum status status = neighbors_search(&knn->found, &knn->index, x, knn->n_neighbors,
                                                    execution->n_threads, error);
        if (status)
            return status;
        knn->search_s = clock_now_s() - start_s;
    }
    assert(knn->found.rows);
    for (size_t i = 0; i < x->n_rows; i++) {
        const size_t first = i * knn->n_neighbors;
        labels[i] = vote(knn, knn->found.distances + first, knn->found.rows + first, k, weights);
    }
    return STATUS_OK;
}

/* A search for fewer neighbours is hardly shorter. */
static enum status read(const void *model, const struct parameters *readout,
                        struct fit_report *report, struct error *error)
{
    (void)readout;
    (void)error;
    report->found_s = ((const struct k_neighbors *)model)->found_s;
    return STATUS_OK;
}

static struct memory_need memory_need(const struct parameters *p, const struct problem_size *size)
{
    const double index_bytes = (double)size->n_train * (double)(size->n_features + (sizeof(float)));
    const double found_bytes = (double)size->n_test * parameter_number(p, N_NEIGHBORS) *
                               (sizeof(double) + sizeof(uint32_t));
    return (struct memory_need){.bytes = index_bytes + found_bytes,
                                .mostly = index_bytes > found_bytes
                                              ? "the index of the rows"
                                              : "the neighbours of the test rows"};
}

const struct classifier_class k_neighbors_class = {
    .name = "KNeighborsClassifier",
    .summary = "vote of the nearest training rows, exact search",
    .parameters = parameters,
    .is_deterministic = true,
    .create = create,
    .memory_need = memory_need,
    .fit = fit,
    .predict = predict,
    .read = read,
    .destroy = destroy,
};
