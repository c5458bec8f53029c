/* fmbench data check: what is suspicious about datasets. */
#include "loader/dataset.h"
#include "loader/inspection.h"
#include "runner/command.h"
#include "runner/data_file.h"
#include "runner/data_findings.h"
#include "runner/inputs.h"
#include "runner/known_datasets.h"
#include "runner/options.h"

#include <stdio.h>
#include <string.h>

static enum status check_dataset(const struct options *o, const char *name, size_t *n_warnings,
                                 struct error *error)
{
    char path[DATA_FILE_BYTES];
    struct dataset dataset;
    struct inspection inspection;
    struct known_dataset known;
    const struct dataset_request request = {.directory = o->data, .name = name};
    enum status status = dataset_load(&dataset, &request, error);
    if (status)
        return status;
    status = inspection_make(&inspection, &dataset, error);
    if (!status)
        status = known_dataset_find(&known, data_file(path, NULL, "configs/datasets.json"), name,
                                    dataset.hash, error);
    if (!status)
        *n_warnings += data_findings_write(stdout, &dataset, &inspection, &known);
    dataset_destroy(&dataset);
    return status;
}

/* All datasets are looked at, whatever is wrong with one of them. */
static int check_datasets(const struct options *o, const char *const *names, size_t n)
{
    int exit_status = 0;
    size_t n_warnings = 0;
    for (size_t i = 0; i < n; i++) {
        struct error error;
        if (check_dataset(o, names[i], &n_warnings, &error)) {
            const int failed = command_fail(&error);
            exit_status = failed > exit_status ? failed : exit_status;
        }
    }
    return exit_status ? exit_status : n_warnings > 0;
}

static int data(const struct command *command, int argc, char **argv)
{
    struct options options;
    struct error error;
    const int done = command_options(command, &options, argc, argv);
    if (done >= 0)
        return done;
    const struct option_list *words = &options.arguments;
    if (words->n == 0 || strcmp(words->items[0], "check") != 0) {
        error_set(&error, STATUS_USAGE, "data: expected 'check' and names of datasets%s%s",
                  words->n ? ", found " : "", words->n ? words->items[0] : "");
        return command_fail(&error);
    }
    inputs_defaults(&options);
    if (words->n == 1)
        return check_datasets(&options, options.datasets.items, options.datasets.n);
    return check_datasets(&options, words->items + 1, words->n - 1);
}

const struct command command_data = {
    .name = "data",
    .usage = "check [NAME]... [--data DIR]",
    .summary = "what is suspicious about datasets; exit status 1 where something is",
    .options = "Dh",
    .examples = "  fmbench data check fashion mnist\n",
    .takes_arguments = true,
    .run = data,
};
