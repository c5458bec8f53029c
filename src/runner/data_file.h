/* The configurations and reference tables that come with the program. */
#ifndef FMBENCH_RUNNER_DATA_FILE_H
#define FMBENCH_RUNNER_DATA_FILE_H

enum { DATA_FILE_BYTES = 4096 };

/*
 * `given` when it names a file. Otherwise where `relative`, such as configs/published.json, is:
 * under the current folder, as in a checkout; else in ../share/fmbench beside the folder of the
 * program, as it is installed; else, when it is in neither, `relative` itself, for the message of
 * whoever opens it. Returns `given`, `path` or `relative`.
 */
const char *data_file(char path[static DATA_FILE_BYTES], const char *given, const char *relative);

#endif
