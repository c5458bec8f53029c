/* Which known name did somebody mean? For messages about unknown ones. Thread-safe. */
#ifndef FMBENCH_RUNNER_NEAREST_H
#define FMBENCH_RUNNER_NEAREST_H

#include <stddef.h>

/*
 * The candidate with the smallest edit distance to `word`, or NULL when even that one differs in
 * more than a third of its letters.
 */
const char *nearest_name(const char *word, const char *const *candidates, size_t n_candidates);

/* The same among the names of the classifier classes. */
const char *nearest_classifier(const char *word);

#endif
