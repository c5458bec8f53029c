#include "runner/command.h"

#include "report/field.h"
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

static void describe(const struct command *command)
{
    char name[64];
    snprintf(name, sizeof name, "fmbench %s", command->name);
    field_write_title(stdout, name, command->usage);
    printf("%s\n\n", command->summary);
    options_describe(command->options, stdout);
    printf("\nExamples:\n%s", command->examples);
}

int command_options(const struct command *command, struct options *options, int argc, char **argv)
{
    struct error error;
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
    describe(command);
    return 0;
}

int command_do(const struct command *command, int argc, char **argv,
               enum status (*work)(struct options *options, struct error *error))
{
    struct options options;
    struct error error;
    const int done = command_options(command, &options, argc, argv);
    if (done >= 0)
        return done;
    return work(&options, &error) ? command_fail(&error) : 0;
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
