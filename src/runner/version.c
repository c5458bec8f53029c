#include "runner/command.h"

/* The Makefile passes it to this file alone, so that a commit does not rebuild everything. */
#ifndef FMBENCH_VERSION
#define FMBENCH_VERSION "unknown"
#endif

const char *const fmbench_version = FMBENCH_VERSION;
