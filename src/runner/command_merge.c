/* fmbench merge: the results folders of several runs in one. */
#include "runner/command.h"
#include "runner/merge.h"
#include "runner/options.h"

#include <signal.h>
#include <stdio.h>

static enum status merge_folders(struct options *o, struct error *error)
{
    struct merge_counts counts;
    if (o->arguments.n == 0)
        return error_set(error, STATUS_USAGE, "name the results folders that are merged into %s",
                         o->results);
    const struct merge_request request = {.into = o->results,
                                          .folders = o->arguments.items,
                                          .n_folders = o->arguments.n,
                                          .mixed = o->mixed,
                                          .messages = stderr};
    signal(SIGXFSZ, SIG_IGN); /* a full disk is an error of a call */
    const enum status status = merge(&request, &counts, error);
    if (!status)
        fprintf(stderr,
                "%s: %zu cells added, %zu in place of some that did not end well, %zu were there\n",
                o->results, counts.n_added, counts.n_in_place, counts.n_there);
    return status;
}

static int merge_command(const struct command *command, int argc, char **argv)
{
    return command_do(command, argc, argv, merge_folders);
}

const struct command command_merge = {
    .name = "merge",
    .usage = "[--mixed] [--results DIR] DIR...",
    .summary = "the results folders of several runs in one",
    .options = "Rih",
    .examples = "  fmbench merge --results results/all results results/peers\n",
    .takes_arguments = true,
    .run = merge_command,
};
