#include "report/agreement.h"

#include "statistics/ranks.h"

#include <math.h>
#include <stdlib.h>

/* The accuracies of the common rows on both sides, and the replicates of the figures. */
struct work_space {
    size_t n;
    size_t *rows;                         /* n, owned; so are these: */
    double *a, *b, *ranks;                /* n */
    double *spearman, *kendall, *swapped; /* STANDINGS_REPLICATES */
};

static void work_space_destroy(struct work_space *w)
{
    void *const arrays[] = {w->rows, w->a, w->b, w->ranks, w->spearman, w->kendall, w->swapped};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
}

static enum status work_space_create(struct work_space *w, const struct standings *first,
                                     const struct standings *second, struct error *error)
{
    const size_t most = first->n_rows + 1;
    *w = (struct work_space){.rows = calloc(most, sizeof *w->rows),
                             .a = calloc(most, sizeof *w->a),
                             .b = calloc(most, sizeof *w->b),
                             .ranks = calloc(most, sizeof *w->ranks),
                             .spearman = calloc(STANDINGS_REPLICATES, sizeof *w->spearman),
                             .kendall = calloc(STANDINGS_REPLICATES, sizeof *w->kendall),
                             .swapped = calloc(STANDINGS_REPLICATES, sizeof *w->swapped)};
    if (!w->rows || !w->a || !w->b || !w->ranks || !w->spearman || !w->kendall || !w->swapped)
        return error_memory(error, "the agreement of two datasets", most * sizeof *w->a);
    for (size_t i = 0; i < first->n_rows; i++)
        if (first->rows[i].is_known && second->rows[i].is_known) {
            w->rows[w->n] = i;
            w->a[w->n] = first->rows[i].accuracy.mean;
            w->b[w->n++] = second->rows[i].accuracy.mean;
        }
    return STATUS_OK;
}

static struct estimate estimate_of(double value, double *replicates, double low)
{
    struct estimate e = {.value = value};
    for (size_t b = 0; b < STANDINGS_REPLICATES; b++)
        if (isnan(replicates[b]))
            replicates[b] = value; /* a sample in which all are equal says nothing */
    e.interval = bootstrap_basic(value, replicates, STANDINGS_REPLICATES);
    e.interval.low = fmax(low, e.interval.low);
    e.interval.high = fmin(1, e.interval.high);
    return e;
}

static void estimate(struct agreement_between *between, struct work_space *w,
                     const struct standings *first, const struct standings *second)
{
    const struct agreement seen = ranks_agreement(w->a, w->b, w->n);
    for (size_t b = 0; b < STANDINGS_REPLICATES; b++) {
        for (size_t k = 0; k < w->n; k++) {
            w->a[k] = first->replicates[b * first->n_rows + w->rows[k]];
            w->b[k] = second->replicates[b * second->n_rows + w->rows[k]];
        }
        const struct agreement drawn = ranks_agreement(w->a, w->b, w->n);
        w->spearman[b] = drawn.spearman;
        w->kendall[b] = drawn.kendall;
        w->swapped[b] = drawn.swapped;
    }
    between->spearman = estimate_of(seen.spearman, w->spearman, -1);
    between->kendall = estimate_of(seen.kendall, w->kendall, -1);
    between->swapped = estimate_of(seen.swapped, w->swapped, 0);
}

static size_t distance(const struct rank_move *move)
{
    return move->ranks[0] > move->ranks[1] ? move->ranks[0] - move->ranks[1]
                                           : move->ranks[1] - move->ranks[0];
}

static int compare_moves(const void *a, const void *b)
{
    const struct rank_move *x = a, *y = b;
    if (distance(x) != distance(y))
        return distance(x) < distance(y) ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

static void find_moves(struct agreement_between *between, const struct work_space *w)
{
    const double *const accuracies[] = {w->a, w->b};
    for (size_t side = 0; side < 2; side++) {
        ranks_of(accuracies[side], w->n, w->ranks);
        for (size_t k = 0; k < w->n; k++) {
            between->moves[k].row = w->rows[k];
            between->moves[k].ranks[side] = (size_t)w->ranks[k];
        }
    }
    qsort(between->moves, w->n, sizeof *between->moves, compare_moves);
}

enum status agreement_build(struct agreement_between *between, const struct standings *first,
                            const struct standings *second, struct error *error)
{
    struct work_space w;
    *between = (struct agreement_between){.n_rows = 0};
    enum status status = work_space_create(&w, first, second, error);
    between->moves = calloc(w.n + 1, sizeof *between->moves);
    if (!status && !between->moves)
        status = error_memory(error, "the ranks on two datasets", w.n * sizeof *between->moves);
    if (!status) {
        between->n_rows = w.n;
        find_moves(between, &w);
    }
    if (!status && w.n > 1)
        estimate(between, &w, first, second);
    work_space_destroy(&w);
    if (status)
        agreement_destroy(between);
    return status;
}

void agreement_destroy(struct agreement_between *between)
{
    free(between->moves);
    *between = (struct agreement_between){0};
}
