/* fmbench verify: accuracies of a results folder within tolerance of a reference, or exit 1. */
#include "report/verify.h"
#include "runner/command.h"
#include "runner/options.h"

#include <stdio.h>

static int verify(const struct command *command, int argc, char **argv)
{
    struct options o;
    struct error error;
    struct verify_counts counts;
    const int done = command_options(command, &o, argc, argv);
    if (done >= 0)
        return done;
    if (!o.reference) {
        error_set(&error, STATUS_USAGE, "verify needs --reference FILE");
        return command_fail(&error);
    }
    const struct results_request request = {
        .directory = o.results, .datasets = o.datasets.items, .n_datasets = o.datasets.n};
    if (verify_write(stdout, &request, o.reference, &counts, &error))
        return command_fail(&error);
    return verify_passed(&counts) ? 0 : 1;
}

const struct command command_verify = {
    .name = "verify",
    .usage = "[--results DIR] [--dataset NAME]... --reference FILE",
    .summary = "accuracies within tolerance of a reference, or exit status 1",
    .options = "Rdeh",
    .examples = "  fmbench verify --reference reference/scikit-learn-1.2.1.jsonl\n",
    .run = verify,
};
