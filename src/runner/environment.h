/* What a run is made with: the program as it was built, the libraries, the machine, the limits. */
#ifndef FMBENCH_RUNNER_ENVIRONMENT_H
#define FMBENCH_RUNNER_ENVIRONMENT_H

#include "report/program.h"
#include "report/record.h"
#include "runner/options.h"

/* How the program was built; texts are "" where the build did not know. */
struct build {
    const char *commit; /* git's, whole */
    int is_modified;    /* is the source another than the commit's? 1 or 0; -1: not known */
    const char *source; /* SHA-256 over the names and contents of the source files, hexadecimal */
    const char *compiler, *flags;
};

extern const struct build fmbench_build;

/* This program, to be held against that of a record; texts are static. */
struct program environment_program(void);

/* Of this process and its workers; the options are those of the run, with the machine's defaults
   filled in. */
void environment_describe(struct record_environment *environment, const struct options *options);

#endif
