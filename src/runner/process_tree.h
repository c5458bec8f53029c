/*
 * A process and everything it started, however far down, as /proc tells. A process that adopts
 * orphans (PR_SET_CHILD_SUBREAPER) keeps in its tree what its children left behind. Where the
 * kernel keeps no lists of children, the tree is its root alone. Thread-safe.
 */
#ifndef FMBENCH_RUNNER_PROCESS_TREE_H
#define FMBENCH_RUNNER_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Resident memory of the whole tree; what its processes share counts once for each. Pages of files,
 * which the kernel can drop and read again, do not count.
 */
uint64_t process_tree_resident_bytes(pid_t root);

/* What the calling process has reserved to write to, of which libraries touch little: what
   RLIMIT_DATA counts. */
uint64_t process_data_bytes(void);

/* Kills all but the root, which must not start anything meanwhile. */
void process_tree_kill_below(pid_t root);

/* Does the calling process have children, alive or dead? */
bool process_tree_has_children(void);

/*
 * Kills and reaps all children of the calling process but those in `kept`, with what is below them:
 * what ended children left to it. What starts anew faster than it is killed is left for the next
 * call.
 */
void process_tree_kill_strays(const pid_t *kept, size_t n_kept);

#endif
