#include "runner/shard.h"

#include "base/list_schedule.h"
#include "base/memory.h"

#include <stdlib.h>

struct fit {
    double cost_s;
    size_t place;
};

static int compare_fits(const void *a, const void *b)
{
    const struct fit *first = a, *second = b;
    if (first->cost_s != second->cost_s)
        return first->cost_s > second->cost_s ? -1 : 1;
    return first->place < second->place ? -1 : 1;
}

/* 1 where no cost is known: then the shares have as many fits. */
static double mean_known_s(const double *cost_s, size_t n_fits)
{
    double sum_s = 0;
    size_t n = 0;
    for (size_t i = 0; i < n_fits; i++) {
        sum_s += cost_s[i];
        n += cost_s[i] > 0;
    }
    return n ? sum_s / (double)n : 1;
}

enum status shard_assign(size_t *shard, const double *cost_s, size_t n_fits, size_t n_shards,
                         struct error *error)
{
    struct fit *fits = NULL;
    double *busy_s = NULL;
    const double unknown_s = mean_known_s(cost_s, n_fits);
    const enum status status =
        memory_arrays((const struct memory_request[]){{(void **)&fits, n_fits, sizeof *fits},
                                                      {(void **)&busy_s, n_shards, sizeof *busy_s}},
                      2, "the shards", error);
    if (status)
        return status;
    for (size_t s = 0; s < n_shards; s++)
        busy_s[s] = 0;
    for (size_t i = 0; i < n_fits; i++)
        fits[i] = (struct fit){cost_s[i] > 0 ? cost_s[i] : unknown_s, i};
    qsort(fits, n_fits, sizeof *fits, compare_fits);
    for (size_t i = 0; i < n_fits; i++) {
        const size_t first = list_schedule_first_free(busy_s, n_shards);
        shard[fits[i].place] = first;
        busy_s[first] += fits[i].cost_s;
    }
    memory_free(fits);
    memory_free(busy_s);
    return STATUS_OK;
}
