/* fmbench limits: how near the rows of a results folder come to what this machine can do. */
#include "report/limits.h"
#include "runner/command.h"
#include "runner/options.h"
#include "runner/speed.h"

#include <stdio.h>

static enum status write_limits(struct options *o, struct error *error)
{
    struct limits_peaks peaks;
    const struct results_request request = {.directory = o->results,
                                            .datasets = o->datasets.items,
                                            .n_datasets = o->datasets.n,
                                            .one_program = !o->mixed};
    const enum status status = speed_measure_peaks(&peaks, error);
    return status ? status : limits_write(stdout, &request, &peaks, error);
}

static int limits(const struct command *command, int argc, char **argv)
{
    return command_do(command, argc, argv, write_limits);
}

const struct command command_limits = {
    .name = "limits",
    .usage = "[--results DIR] [--dataset NAME]... [--mixed]",
    .summary = "the counted work of each row beside this machine's measured peaks",
    .options = "Rdih",
    .examples = "  fmbench limits --results results/quick > limits.md\n",
    .run = limits,
};
