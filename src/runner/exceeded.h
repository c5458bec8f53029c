/*
 * The rows of a results folder that exceeded a limit, of time or memory, with any seed and any
 * number of training rows: to leave them out when they are repeated, or to run them alone on less.
 */
#ifndef FMBENCH_RUNNER_EXCEEDED_H
#define FMBENCH_RUNNER_EXCEEDED_H

#include "base/error.h"
#include "runner/grid.h"
#include "runner/options.h"

struct exceeded {
    json_t *rows;   /* a set of texts that name dataset, classifier and parameters, owned */
    json_t *groups; /* the same of what is compared with each other, owned */
};

/*
 * The last record of each cell counts. A folder or a journal that is not there has none, nor has a
 * directory of NULL. exceeded_destroy takes a zeroed struct.
 */
enum status exceeded_read(struct exceeded *exceeded, const char *directory,
                          const struct option_list *datasets, struct error *error);
void exceeded_destroy(struct exceeded *exceeded);

/* Did the point exceed a limit? */
enum status exceeded_by(const struct exceeded *exceeded, const char *dataset,
                        const struct point *point, bool *answer, struct error *error);

/* Did it, or one of those that it is compared with: the class that it is the peer of, its peers? */
enum status exceeded_by_any(const struct exceeded *exceeded, const char *dataset,
                            const struct point *point, bool *answer, struct error *error);

#endif
