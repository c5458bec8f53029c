#include "runner/command.h"
#include "runner/nearest.h"
#include "runner/options.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_run,
    &command_list,
    &command_describe,
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

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
    if (options_parse(options, argc, argv, command->options, &error)) {
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

static void print_usage(FILE *out)
{
    fprintf(out,
            "fmbench %s: classic classifiers on images, the table of the Fashion-MNIST paper\n\n",
            fmbench_version);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  fmbench %-9s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nfmbench COMMAND --help tells the options of a command.\n", out);
}

int main(int argc, char **argv)
{
    const char *names[N_COMMANDS];
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("fmbench %s\n", fmbench_version);
        return 0;
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        names[i] = commands[i]->name;
        if (strcmp(argv[1], names[i]) == 0)
            return commands[i]->run(commands[i], argc - 2, argv + 2);
    }
    const char *nearest = nearest_name(argv[1], names, N_COMMANDS);
    fprintf(stderr, "fmbench: unknown command '%s'%s%s%s\n", argv[1],
            nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    return 2;
}
