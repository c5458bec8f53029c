/* fmbench limits: how near the rows of a results folder come to what this machine can do. */
#include "report/limits.h"
#include "runner/command.h"
#include "runner/options.h"
#include "runner/speed.h"

#include <stdio.h>

static int limits(const struct command *command, int argc, char **argv)
{
    struct options o;
    struct error error;
    struct limits_peaks peaks;
    const int done = command_options(command, &o, argc, argv);
    if (done >= 0)
        return done;
    const struct results_request request = {
        .directory = o.results, .datasets = o.datasets.items, .n_datasets = o.datasets.n};
    enum status status = speed_measure_peaks(&peaks, &error);
    if (!status)
        status = limits_write(stdout, &request, &peaks, &error);
    return status ? command_fail(&error) : 0;
}

const struct command command_limits = {
    .name = "limits",
    .usage = "[--results DIR] [--dataset NAME]...",
    .summary = "the counted work of each row beside this machine's measured peaks",
    .options = "Rdh",
    .examples = "  fmbench limits --results results/quick > limits.md\n",
    .run = limits,
};
