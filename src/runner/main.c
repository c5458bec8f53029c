#include "numerics/simd.h"
#include "runner/command.h"
#include "runner/nearest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_run,     &command_list,  &command_table,   &command_show,     &command_verify,
    &command_compare, &command_merge, &command_peers,   &command_limits,   &command_scaling,
    &command_glyphs,  &command_data,  &command_project, &command_describe,
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
    fprintf(out,
            "fmbench %s: classic classifiers on images, the table of the Fashion-MNIST paper\n\n",
            fmbench_version);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  fmbench %-9s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nfmbench COMMAND --help tells the options of a command.\n", out);
}

/* The exit status of a command, which is not 0 when its results could not be written. */
static int finish(int exit_status)
{
    const bool failed = fflush(stdout) || ferror(stdout);
    if (exit_status || !failed)
        return exit_status;
    fprintf(stderr, "fmbench: cannot write to standard output: %s\n", strerror(errno));
    return 1;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct error error;
    if (simd_check(&error))
        return command_fail(&error);
    return finish(command->run(command, argc, argv));
}

int main(int argc, char **argv)
{
    const char *names[N_COMMANDS];
    char what[UNKNOWN_TEXT_BYTES];
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(argc < 2 ? stderr : stdout);
        return finish(argc < 2 ? 2 : 0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("fmbench %s\n", fmbench_version);
        return finish(0);
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        names[i] = commands[i]->name;
        if (strcmp(argv[1], names[i]) == 0)
            return run_command(commands[i], argc - 2, argv + 2);
    }
    unknown_text(what, "command", argv[1], nearest_name(argv[1], names, N_COMMANDS));
    fprintf(stderr, "fmbench: %s\n", what);
    return 2;
}
