/* Does what works on one dataset work on another? */
#ifndef FMBENCH_REPORT_AGREEMENT_H
#define FMBENCH_REPORT_AGREEMENT_H

#include "report/standings.h"
#include "statistics/bootstrap.h"

struct estimate {
    double value;             /* NAN: all rows are equal on one side */
    struct interval interval; /* 95 %, within the bounds of the figure */
};

/* A row that has another rank on the second dataset, among the rows that both have. */
struct rank_move {
    size_t row;
    size_t ranks[2];
};

struct agreement_between {
    size_t n_rows; /* known on both */
    struct estimate spearman, kendall, swapped;
    struct rank_move *moves; /* n_rows, those that move farthest first, owned */
};

/*
 * Two standings of the same rows. The intervals come from the bootstrap samples of both, whose
 * images are independent of each other; they are basic ones, since drawing images adds noise, and
 * noise alone makes orders agree less. With fewer than two common rows n_rows is all that is set.
 * agreement_destroy takes a zeroed struct.
 */
enum status agreement_build(struct agreement_between *between, const struct standings *first,
                            const struct standings *second, struct error *error);
void agreement_destroy(struct agreement_between *between);

#endif
