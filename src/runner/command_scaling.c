/* fmbench scaling: how the cost of rows grows, from results folders of several sizes. */
#include "report/growth.h"
#include "runner/command.h"
#include "runner/options.h"

#include <stdio.h>

static enum status write_scaling(struct options *o, struct error *error)
{
    struct results_folders_request request = command_folders(o);
    enum growth_format format;
    request.one_program = !o->mixed;
    const enum status status = growth_format_find(&format, o->format, error);
    return status ? status : growth_write(stdout, &request, format, error);
}

static int scaling(const struct command *command, int argc, char **argv)
{
    return command_do(command, argc, argv, write_scaling);
}

const struct command command_scaling = {
    .name = "scaling",
    .usage = "[--format md|gnuplot] [--mixed] [--results DIR | DIR...]",
    .summary = "how seconds and memory grow with the training rows",
    .options = "RFih",
    .examples = "  fmbench scaling results/quick results\n"
                "  fmbench scaling --format gnuplot results/quick results > scaling.gp\n",
    .takes_arguments = true,
    .run = scaling,
};
