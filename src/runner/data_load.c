#include "runner/data_load.h"

#include "runner/data_file.h"
#include "runner/known_datasets.h"

#include <unistd.h>

enum status data_load(struct dataset *dataset, const struct dataset_request *request,
                      struct error *error)
{
    char buffer[DATA_FILE_BYTES];
    struct dataset_request complete = *request;
    const char *path = data_file(buffer, NULL, "configs/datasets.json");
    enum status status = STATUS_OK;
    *dataset = (struct dataset){.n_classes = 0};
    if (access(path, F_OK) == 0)
        status = known_dataset_is_transposed(&complete.is_transposed, path, request->name, error);
    return status ? status : dataset_load(dataset, &complete, error);
}
