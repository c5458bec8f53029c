#include "runner/command.h"

#include "runner/options.h"

#include <stdio.h>

int command_fail(const struct error *error)
{
    fprintf(stderr, "fmbench: %s\n", error->message);
    switch (error->status) {
    case STATUS_USAGE:
        return 2;
    case STATUS_DATA:
        return 3;
    default:
        return 1;
    }
}

int command_options(const struct command *command, struct options *options, int argc, char **argv)
{
    struct error error;
    char text[4096];
    enum status status = options_parse(options, argc, argv, command->options, &error);
    if (!status && options->arguments.n && !command->takes_arguments)
        status = error_set(&error, STATUS_USAGE, "'%s' is no option, and nothing else is expected",
                           options->arguments.items[0]);
    if (status) {
        const int exit_status = command_fail(&error);
        fprintf(stderr, "See fmbench %s --help.\n", command->name);
        return exit_status;
    }
    if (!options->help)
        return -1;
    options_describe(command->options, text, sizeof text);
    printf("fmbench %s %s\n%s\n\n%s", command->name, command->usage, command->summary, text);
    return 0;
}

struct results_folders_request command_folders(const struct options *options)
{
    const bool is_named = options->arguments.n > 0;
    return (struct results_folders_request){.directories = is_named ? options->arguments.items
                                                                    : &options->results,
                                            .n_directories = is_named ? options->arguments.n : 1,
                                            .datasets = options->datasets.items,
                                            .n_datasets = options->datasets.n};
}
