/* The command line of the subcommands, parsed. All strings are borrowed from argv. */
#ifndef FMBENCH_RUNNER_OPTIONS_H
#define FMBENCH_RUNNER_OPTIONS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { OPTION_LIST_MAX = 1024 };

/* The accuracies of 2017, where --reference names no others. */
#define OPTIONS_PUBLISHED_TABLE "reference/published.jsonl"

struct option_list {
    size_t n;
    const char *items[OPTION_LIST_MAX];
};

struct options {
    const char *grid, *costs, *data, *results, *format, *reference, *variant;
    const char *only_exceeded, *skip_exceeded;    /* folders; NULL: not given */
    struct option_list datasets, only, arguments; /* arguments: what is no option */
    size_t limit_train, limit_test;               /* 0: all */
    size_t n_train, n_test;                       /* of a synthetic dataset */
    size_t repeats, jobs;                         /* jobs 0: one for each core */
    int threads;
    size_t shard, n_shards; /* 1 <= shard <= n_shards */
    uint64_t seed;
    double timeout_s;                                      /* 0: none */
    uint64_t memory_bytes;                                 /* 0: from what the machine has */
    double alpha, min_difference, time_ratio, min_seconds; /* of compare */
    size_t rerun;                                          /* cells to repeat; 0: none */
    bool no_share, force, retry, plan, mixed, plain, help;
};

/*
 * `accepted` has one letter an option that the subcommand takes (see the table in options.c).
 * STATUS_USAGE names the argument and, for an unknown option, the nearest one.
 */
enum status options_parse(struct options *options, int argc, char **argv, const char *accepted,
                          struct error *error);

/* Writes of each accepted option its form and what it means, for 80 columns. */
void options_describe(const char *accepted, FILE *out);

#endif
