/* Folders for files that are of no use once a cell has ended. */
#ifndef FMBENCH_RUNNER_SCRATCH_H
#define FMBENCH_RUNNER_SCRATCH_H

#include "base/error.h"

/* Makes the folder anew and empty. The one it stands in must be there. */
enum status scratch_create(const char *path, struct error *error);

/* With everything in it; one that is not there is none to remove. Links are not followed. */
void scratch_remove(const char *path);

#endif
