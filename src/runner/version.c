#include "runner/command.h"
#include "runner/environment.h"

/* The Makefile passes these to this file alone, so that a commit does not rebuild everything. */
#ifndef FMBENCH_VERSION
#define FMBENCH_VERSION "unknown"
#define FMBENCH_COMMIT ""
#define FMBENCH_MODIFIED (-1)
#define FMBENCH_SOURCE ""
#define FMBENCH_FLAGS ""
#endif

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *const fmbench_version = FMBENCH_VERSION;

const struct build fmbench_build = {.commit = FMBENCH_COMMIT,
                                    .is_modified = FMBENCH_MODIFIED,
                                    .source = FMBENCH_SOURCE,
                                    .compiler = COMPILER,
                                    .flags = FMBENCH_FLAGS};
