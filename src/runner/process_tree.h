/*
 * A process and everything it started, however far down, as /proc tells. A process that adopts
 * orphans (PR_SET_CHILD_SUBREAPER) keeps in its tree what its children left behind. Where the
 * kernel keeps no lists of children, the tree is its root alone. Thread-safe.
 */
#ifndef FMBENCH_RUNNER_PROCESS_TREE_H
#define FMBENCH_RUNNER_PROCESS_TREE_H

#include <stdint.h>
#include <sys/types.h>

/* Resident memory of the whole tree; what its processes share counts once for each. */
uint64_t process_tree_resident_bytes(pid_t root);

/* Kills all but the root, which must not start anything meanwhile. */
void process_tree_kill_below(pid_t root);

#endif
