/* fmbench data: what is suspicious about datasets; a dataset as IDX files, whatever its format. */
#include "base/memory.h"
#include "loader/idx_write.h"
#include "loader/inspection.h"
#include "runner/command.h"
#include "runner/data_file.h"
#include "runner/data_findings.h"
#include "runner/data_load.h"
#include "runner/inputs.h"
#include "runner/known_datasets.h"
#include "runner/options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum status check_dataset(const struct options *o, const char *name, size_t *n_warnings,
                                 struct error *error)
{
    char path[DATA_FILE_BYTES];
    struct dataset dataset;
    struct inspection inspection;
    struct known_dataset known;
    const struct dataset_request request = {.directory = o->data, .name = name};
    enum status status = data_load(&dataset, &request, error);
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

static enum status write_part(const struct dataset *d, const struct image_set *set,
                              const char *folder, const char *prefix, struct error *error)
{
    char path[PATH_MAX];
    uint8_t *labels = memory_array(set->n_rows, 1);
    if (!labels)
        return error_memory(error, "the labels of a part", set->n_rows);
    for (size_t i = 0; i < set->n_rows; i++)
        labels[i] = d->class_values[set->labels[i]];
    const struct idx_content of_images = {
        .n_dimensions = 3,
        .sizes = {set->n_rows, d->height, d->width},
        .rows = {.n_rows = set->n_rows, .n_features = d->n_features, .bytes = set->pixels}};
    const struct idx_content of_labels = {
        .n_dimensions = 1,
        .sizes = {set->n_rows},
        .rows = {.n_rows = set->n_rows, .n_features = 1, .bytes = labels}};
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, prefix);
    enum status status = idx_write(path, &of_images, error);
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", folder, prefix);
    if (!status)
        status = idx_write(path, &of_labels, error);
    memory_free(labels);
    return status;
}

static int export_dataset(const struct options *o, const char *name, const char *folder)
{
    struct dataset dataset;
    struct error error;
    const struct dataset_request request = {.directory = o->data, .name = name};
    if (data_load(&dataset, &request, &error))
        return command_fail(&error);
    enum status status = STATUS_OK;
    if (mkdir(folder, 0777) && errno != EEXIST)
        status =
            error_set(&error, STATUS_IO, "cannot make the folder %s: %s", folder, strerror(errno));
    if (!status)
        status = write_part(&dataset, &dataset.train, folder, "train", &error);
    if (!status)
        status = write_part(&dataset, &dataset.test, folder, "t10k", &error);
    dataset_destroy(&dataset);
    return status ? command_fail(&error) : 0;
}

static int data(const struct command *command, int argc, char **argv)
{
    struct options options;
    struct error error;
    const int done = command_options(command, &options, argc, argv);
    if (done >= 0)
        return done;
    const struct option_list *words = &options.arguments;
    const char *what = words->n ? words->items[0] : "";
    if (strcmp(what, "export") == 0 && words->n == 3)
        return export_dataset(&options, words->items[1], words->items[2]);
    if (strcmp(what, "check") != 0) {
        error_set(&error, STATUS_USAGE,
                  "data: expected 'check' and names of datasets, or 'export', a name and a folder; "
                  "found %zu words%s%s",
                  words->n, words->n ? ", the first " : "", what);
        return command_fail(&error);
    }
    inputs_defaults(&options);
    if (words->n == 1)
        return check_datasets(&options, options.datasets.items, options.datasets.n);
    return check_datasets(&options, words->items + 1, words->n - 1);
}

const struct command command_data = {
    .name = "data",
    .usage = "check [NAME]... | export NAME FOLDER [--data DIR]",
    .summary = "what is suspicious about datasets, or one of them as IDX files",
    .options = "Dh",
    .examples = "  fmbench data check fashion mnist\n"
                "  fmbench data export fashion fashion-as-idx\n",
    .takes_arguments = true,
    .run = data,
};
