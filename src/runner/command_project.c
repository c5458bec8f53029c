/* fmbench project: test images on their first two principal components, for maps of a dataset. */
#include "loader/dataset.h"
#include "numerics/blas.h"
#include "runner/command.h"
#include "runner/data_load.h"
#include "runner/inputs.h"
#include "runner/options.h"
#include "statistics/principal.h"

#include <stdio.h>

enum { N_COMPONENTS = 2 };

/* JSON: {"name", "n_images", "shares": [share of the variance], "points": [[label, x, y], ...]}. */
static void write_map(FILE *out, const struct dataset *dataset, const struct principal *principal)
{
    fprintf(out, "{\"name\": \"%s\", \"n_images\": %zu, \"shares\": [%.4f, %.4f], \"points\": [",
            dataset->name, principal->n_rows, principal->shares[0], principal->shares[1]);
    for (size_t i = 0; i < principal->n_rows; i++) {
        const double *scores = principal->scores + i * N_COMPONENTS;
        fprintf(out, "%s[%u, %.1f, %.1f]", i ? ", " : "",
                (unsigned)dataset->class_values[dataset->test.labels[i]], scores[0], scores[1]);
    }
    fputs("]}\n", out);
}

static enum status project_dataset(const struct options *o, const char *name, struct error *error)
{
    struct dataset dataset = {.n_classes = 0};
    struct principal principal = {.n_rows = 0};
    const struct dataset_request request = {
        .directory = o->data, .name = name, .limit_train = 0, .limit_test = o->limit_test};
    enum status status = data_load(&dataset, &request, error);
    if (!status && (dataset.test.n_rows < 2 || dataset.n_features < N_COMPONENTS))
        status = error_set(error, STATUS_DATA,
                           "%s: %zu test images of %zu pixels have no two principal components",
                           name, dataset.test.n_rows, dataset.n_features);
    if (!status)
        status = principal_create(&principal, dataset.test.pixels, dataset.test.n_rows,
                                  dataset.n_features, N_COMPONENTS, error);
    if (!status)
        write_map(stdout, &dataset, &principal);
    principal_destroy(&principal);
    dataset_destroy(&dataset);
    return status;
}

static enum status project_datasets(struct options *o, struct error *error)
{
    enum status status = STATUS_OK;
    blas_start();
    inputs_defaults(o);
    for (size_t i = 0; i < o->datasets.n && !status; i++)
        status = project_dataset(o, o->datasets.items[i], error);
    return status;
}

static int project(const struct command *command, int argc, char **argv)
{
    return command_do(command, argc, argv, project_datasets);
}

const struct command command_project = {
    .name = "project",
    .usage = "[--data DIR] [--dataset NAME]... [--limit-test N]",
    .summary = "test images on their first two principal components, as JSON",
    .options = "dTDh",
    .examples = "  fmbench project --dataset fashion --limit-test 2000\n",
    .run = project,
};
