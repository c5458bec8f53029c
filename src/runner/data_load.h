/* Loading a dataset as its stanza of configs/datasets.json says, where it has one. */
#ifndef FMBENCH_RUNNER_DATA_LOAD_H
#define FMBENCH_RUNNER_DATA_LOAD_H

#include "loader/dataset.h"

/*
 * As dataset_load; what the request leaves open, whether the images are transposed, comes from
 * configs/datasets.json (see data_file.h). Where there is no such file nothing is known of any
 * dataset. STATUS_USAGE when it is malformed. Thread-safe.
 */
enum status data_load(struct dataset *dataset, const struct dataset_request *request,
                      struct error *error);

#endif
