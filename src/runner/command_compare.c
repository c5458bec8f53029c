/* fmbench compare: two results folders, what changed and whether it is significant. */
#include "report/compare.h"
#include "runner/command.h"
#include "runner/options.h"

#include <stdio.h>

static int compare(const struct command *command, int argc, char **argv)
{
    struct options o;
    struct error error;
    bool is_clean = false;
    const int done = command_options(command, &o, argc, argv);
    if (done >= 0)
        return done;
    if (o.arguments.n != 2) {
        error_set(&error, STATUS_USAGE, "compare needs two results folders, not %zu",
                  o.arguments.n);
        return command_fail(&error);
    }
    const struct compare_request request = {
        .directories = {o.arguments.items[0], o.arguments.items[1]},
        .datasets = o.datasets.items,
        .n_datasets = o.datasets.n,
        .one_program = !o.mixed,
        .format = o.format,
        .options = {.alpha = o.alpha,
                    .min_difference = o.min_difference,
                    .time_ratio = o.time_ratio,
                    .min_seconds = o.min_seconds}};
    if (compare_write(stdout, &request, &is_clean, &error))
        return command_fail(&error);
    return is_clean ? 0 : 1;
}

const struct command command_compare = {
    .name = "compare",
    .usage =
        "[--dataset NAME]... [--alpha P] [--min-difference D] [--time-ratio R] [--min-seconds S] "
        "[--format md|json|tex|html] [--mixed] A B",
    .summary = "two results folders: exit status 1 where B differs, is slower or lacks rows",
    .options = "dAMISFih",
    .examples = "  fmbench compare results results/three\n"
                "  fmbench compare --format json --min-difference 0.005 results results/three\n",
    .takes_arguments = true,
    .run = compare,
};
