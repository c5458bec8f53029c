/* What is known of datasets: the stanzas of configs/datasets.json, each under a dataset's name. */
#ifndef FMBENCH_RUNNER_KNOWN_DATASETS_H
#define FMBENCH_RUNNER_KNOWN_DATASETS_H

#include "base/error.h"

#include <stdbool.h>

enum { KNOWN_NAME_BYTES = 64 };

struct known_dataset {
    char by_content[KNOWN_NAME_BYTES]; /* the name whose content this is; "" when none is */
    bool has_content;                  /* something is known of the content of `name` */
    bool is_that;                      /* ... and this is it */
};

/*
 * `path`: of configs/datasets.json. `hash`: of struct dataset, of all rows. STATUS_USAGE when the
 * file cannot be read or is malformed. Thread-safe.
 */
enum status known_dataset_find(struct known_dataset *known, const char *path, const char *name,
                               const char *hash, struct error *error);

/* Whether the files of the dataset have columns for rows: `transposed` of its stanza. Of a name
   without a stanza: false. STATUS_USAGE as above. Thread-safe. */
enum status known_dataset_is_transposed(bool *is_transposed, const char *path, const char *name,
                                        struct error *error);

#endif
