#include "report/standings.h"

#include "report/resampling.h"
#include "statistics/bootstrap.h"
#include "statistics/ranks.h"
#include "statistics/tests.h"

#include <math.h>
#include <stdlib.h>

static const double ALPHA = 0.05;

/* The rows that are known, by falling accuracy, then as they came; n_known of them. */
static size_t *best_first(const struct standings *s)
{
    size_t *order = calloc(s->n_known + 1, sizeof *order);
    size_t n = 0;
    for (size_t i = 0; order && i < s->n_rows; i++) {
        if (!s->rows[i].is_known)
            continue;
        size_t at = n++;
        for (; at > 0 && s->rows[order[at - 1]].accuracy.mean < s->rows[i].accuracy.mean; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

/* The place of the pair i > j in a triangle. */
static size_t pair_at(size_t i, size_t j)
{
    return i * (i - 1) / 2 + j;
}

/* Adjusted probabilities of all pairs of the rows in this order, or NULL. */
static double *pair_probabilities(const struct standings *s, const size_t *order,
                                  struct error *error)
{
    const size_t n_pairs = s->n_known * (s->n_known - 1) / 2;
    double *p = malloc((n_pairs + 1) * sizeof *p);
    if (!p) {
        error_memory(error, "the tests of pairs of rows", n_pairs * sizeof *p);
        return NULL;
    }
    for (size_t i = 1; i < s->n_known; i++)
        for (size_t j = 0; j < i; j++) {
            const struct discordance d = outcomes_discordance(
                &s->outcomes.rows[order[i]], &s->outcomes.rows[order[j]], s->outcomes.n_test);
            p[pair_at(i, j)] = mcnemar_p(d.only_first, d.only_second);
        }
    if (!holm_adjust(p, n_pairs, error))
        return p;
    free(p);
    return NULL;
}

static enum status set_tie_groups(struct standings *s, struct error *error)
{
    size_t *order = best_first(s);
    if (!order)
        return error_memory(error, "the order of the rows", s->n_known * sizeof *order);
    double *p = pair_probabilities(s, order, error);
    size_t n_groups = 0;
    for (size_t j = 0; p && j < s->n_known; j++) {
        if (s->rows[order[j]].tie_group)
            continue;
        n_groups++;
        s->rows[order[j]].tie_group = n_groups;
        for (size_t i = j + 1; i < s->n_known; i++)
            if (!s->rows[order[i]].tie_group && p[pair_at(i, j)] > ALPHA)
                s->rows[order[i]].tie_group = n_groups;
    }
    free(p);
    free(order);
    return p ? STATUS_OK : STATUS_MEMORY;
}

/* Ranks among the known rows, of which `values` has one each, in their order. */
static void known_values(const struct standings *s, const double *all, double *restrict values)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_rows; i++)
        if (s->rows[i].is_known)
            values[n++] = all[i];
}

/* ranks: n_known x STANDINGS_REPLICATES */
static void rank_replicates(const struct standings *s, double *restrict values,
                            double *restrict of_one, double *restrict ranks)
{
    for (size_t b = 0; b < STANDINGS_REPLICATES; b++) {
        known_values(s, s->replicates + b * s->n_rows, values);
        ranks_of(values, s->n_known, of_one);
        for (size_t k = 0; k < s->n_known; k++)
            ranks[k * STANDINGS_REPLICATES + b] = of_one[k];
    }
}

static enum status set_ranks(struct standings *s, struct error *error)
{
    double *values = malloc((s->n_known + 1) * sizeof *values);
    double *of_one = malloc((s->n_known + 1) * sizeof *of_one);
    double *ranks = malloc((s->n_known + 1) * STANDINGS_REPLICATES * sizeof *ranks);
    enum status status = STATUS_OK;
    if (!values || !of_one || !ranks) {
        status = error_memory(error, "the ranks of the rows", s->n_known * sizeof *ranks);
        goto cleanup;
    }
    rank_replicates(s, values, of_one, ranks);
    for (size_t i = 0, k = 0; i < s->n_rows; i++)
        if (s->rows[i].is_known)
            values[k++] = s->rows[i].accuracy.mean;
    ranks_of(values, s->n_known, of_one);
    for (size_t i = 0, k = 0; i < s->n_rows; i++)
        if (s->rows[i].is_known) {
            const struct interval between =
                bootstrap_percentile(ranks + k * STANDINGS_REPLICATES, STANDINGS_REPLICATES);
            s->rows[i].rank = (size_t)of_one[k++];
            s->rows[i].rank_low = (size_t)floor(between.low);
            s->rows[i].rank_high = (size_t)ceil(between.high);
        }
cleanup:
    free(values);
    free(of_one);
    free(ranks);
    return status;
}

static enum status set_accuracies(struct standings *s, struct error *error)
{
    s->rows = calloc(s->n_rows + 1, sizeof *s->rows);
    if (!s->rows)
        return error_memory(error, "the standings", s->n_rows * sizeof *s->rows);
    for (size_t i = 0; i < s->n_rows; i++) {
        const struct outcome *outcome = &s->outcomes.rows[i];
        s->rows[i].is_known = outcome->right != NULL;
        s->n_known += s->rows[i].is_known;
        if (s->rows[i].is_known)
            s->rows[i].accuracy =
                accuracy_of(outcome->right, outcome->record->n_repeats, s->outcomes.n_test);
    }
    return STATUS_OK;
}

enum status standings_build(struct standings *s, const struct outcomes_request *request,
                            struct error *error)
{
    *s = (struct standings){.n_rows = request->n_records};
    enum status status = outcomes_read(&s->outcomes, request, error);
    if (!status)
        status = set_accuracies(s, error);
    if (!status && s->n_known)
        status = resample(&s->outcomes, STANDINGS_REPLICATES, &s->replicates, error);
    if (!status && s->n_known)
        status = set_tie_groups(s, error);
    if (!status && s->n_known)
        status = set_ranks(s, error);
    if (status)
        standings_destroy(s);
    return status;
}

void standings_destroy(struct standings *s)
{
    outcomes_destroy(&s->outcomes);
    free(s->rows);
    free(s->replicates);
    *s = (struct standings){0};
}
