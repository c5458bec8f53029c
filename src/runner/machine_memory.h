/*
 * The memory that this machine has for us, as the kernel tells in files: what is installed, or the
 * least that a control group allows to this process or to a group around its own. What happens to
 * be free does not count, so that a limit is the same from one run to the next.
 */
#ifndef FMBENCH_RUNNER_MACHINE_MEMORY_H
#define FMBENCH_RUNNER_MACHINE_MEMORY_H

#include <stdint.h>

/*
 * From the files under `root` ("": the machine's own): proc/meminfo, proc/self/cgroup,
 * proc/self/mountinfo, and the limits where the control groups (version 1 and 2) are mounted. What
 * is not there or not a number limits nothing; 0 when nothing tells. Thread-safe.
 */
uint64_t machine_memory_below(const char *root);

#endif
