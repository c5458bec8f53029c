#include "runner/inputs.h"

#include "runner/data_load.h"
#include "runner/machine.h"

#include <stdlib.h>
#include <string.h>

void inputs_defaults(struct options *o)
{
    static const char *const published[] = {"fashion", "mnist"};
    for (size_t i = 0; o->datasets.n < 2 && i < 2 && (i > 0 || o->datasets.n == 0); i++)
        o->datasets.items[o->datasets.n++] = published[i];
    if (o->jobs == 0)
        o->jobs = (size_t)machine_n_cores();
}

static enum status load_datasets(struct inputs *inputs, const struct options *o,
                                 struct error *error)
{
    inputs->datasets = calloc(o->datasets.n, sizeof *inputs->datasets);
    if (!inputs->datasets)
        return error_memory(error, "the datasets", o->datasets.n * sizeof *inputs->datasets);
    for (size_t i = 0; i < o->datasets.n; i++) {
        for (size_t j = 0; j < i; j++)
            if (strcmp(o->datasets.items[i], o->datasets.items[j]) == 0)
                return error_set(error, STATUS_USAGE, "--dataset: %s is named twice",
                                 o->datasets.items[i]);
        const struct dataset_request request = {.directory = o->data,
                                                .name = o->datasets.items[i],
                                                .limit_train = o->limit_train,
                                                .limit_test = o->limit_test};
        const enum status status = data_load(&inputs->datasets[i], &request, error);
        if (status)
            return status;
        inputs->n_datasets++;
    }
    return STATUS_OK;
}

enum status inputs_read(struct inputs *inputs, const struct options *o, struct error *error)
{
    *inputs = (struct inputs){.n_datasets = 0};
    enum status status = grid_read(&inputs->grid, o->grid, error);
    if (!status)
        status =
            selection_check(&inputs->grid, o->grid ? o->grid : GRID_PUBLISHED, &o->only, error);
    if (!status)
        status = load_datasets(inputs, o, error);
    return status;
}

void inputs_destroy(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->n_datasets; i++)
        dataset_destroy(&inputs->datasets[i]);
    free(inputs->datasets);
    grid_destroy(&inputs->grid);
    *inputs = (struct inputs){.n_datasets = 0};
}
