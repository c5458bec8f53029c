/*
 * The subcommands. Each gets the arguments behind its name, prints results to standard output and
 * everything else to standard error, and returns the exit status: 0 all is well; 1 some cell, row
 * or file operation failed; 2 usage or configuration error; 3 data error.
 */
#ifndef FMBENCH_RUNNER_COMMAND_H
#define FMBENCH_RUNNER_COMMAND_H

#include "base/error.h"
#include "report/results.h"

#include <stdbool.h>

struct command {
    const char *name;
    const char *usage;    /* what follows the name */
    const char *summary;  /* one line */
    const char *options;  /* letters of the options it takes, see options.c */
    const char *examples; /* one to three lines that work in a checkout, each with its newline */
    bool takes_arguments; /* that are no options */
    int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_run, command_list, command_table, command_verify,
    command_glyphs, command_project, command_describe, command_peers, command_limits,
    command_scaling, command_compare, command_show, command_data, command_merge;

/* Prints `error` and returns the exit status that stands for it. */
int command_fail(const struct error *error);

/* Parses, prints --help where asked. Returns -1 to go on, or the exit status. */
struct options;
int command_options(const struct command *command, struct options *options, int argc, char **argv);

/* The same around `work`, all that the command does: returns its exit status, 0 or command_fail's.
 */
int command_do(const struct command *command, int argc, char **argv,
               enum status (*work)(struct options *options, struct error *error));

/* The results folders that are named, or that of --results; borrowed from the options. */
struct results_folders_request command_folders(const struct options *options);

/* The version of the program: git's description of its source. */
extern const char *const fmbench_version;

#endif
