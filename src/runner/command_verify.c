/*
 * fmbench verify: accuracies of a results folder within tolerance of a reference, and cells of it
 * that predict the same when they run again; or exit 1.
 */
#include "report/verify.h"
#include "runner/command.h"
#include "runner/machine.h"
#include "runner/options.h"
#include "runner/rerun.h"

#include <stdio.h>
#include <string.h>

static struct results_request results_of(const struct options *o)
{
    return (struct results_request){
        .directory = o->results, .datasets = o->datasets.items, .n_datasets = o->datasets.n};
}

/* Each returns its exit status. */

static int verify_accuracies(const struct options *o)
{
    struct error error;
    struct verify_counts counts;
    const struct results_request request = results_of(o);
    if (verify_write(stdout, &request, o->reference, &counts, &error))
        return command_fail(&error);
    return verify_passed(&counts) ? 0 : 1;
}

static int verify_predictions(const struct options *o)
{
    struct error error;
    struct rerun_counts counts;
    const struct rerun_request request = {.results = results_of(o),
                                          .data = o->data,
                                          .n_cells = o->rerun,
                                          .seed = o->seed,
                                          .timeout_s = o->timeout_s,
                                          .memory_limit_bytes = machine_memory_bytes() / 10 * 9,
                                          .notes = stderr};
    if (rerun_write(stdout, &request, &counts, &error))
        return command_fail(&error);
    if (counts.interrupted) {
        fprintf(stderr, "fmbench: stopped by %s\n", strsignal(counts.interrupted));
        return 128 + counts.interrupted;
    }
    return rerun_passed(&counts) ? 0 : 1;
}

static int verify(const struct command *command, int argc, char **argv)
{
    struct options o;
    struct error error;
    const int done = command_options(command, &o, argc, argv);
    if (done >= 0)
        return done;
    if (!o.reference && !o.rerun) {
        error_set(&error, STATUS_USAGE, "verify needs --reference FILE or --rerun N");
        return command_fail(&error);
    }
    int status = o.reference ? verify_accuracies(&o) : 0;
    if (o.rerun && status <= 1) {
        const int rerun_status = verify_predictions(&o);
        status = rerun_status > status ? rerun_status : status;
    }
    return status;
}

const struct command command_verify = {
    .name = "verify",
    .usage = "[--results DIR] [--dataset NAME]... [--reference FILE] [--rerun N [--seed S] "
             "[--data DIR]]",
    .summary = "accuracies against a reference, predictions against a rerun; or exit status 1",
    .options = "RdeNsDh",
    .examples = "  fmbench verify --reference reference/scikit-learn-1.2.1.jsonl\n"
                "  fmbench verify --rerun 3 --seed 1\n",
    .run = verify,
};
