/* Which known name did somebody mean? For messages about unknown ones. Thread-safe. */
#ifndef FMBENCH_RUNNER_NEAREST_H
#define FMBENCH_RUNNER_NEAREST_H

#include <stddef.h>

/*
 * The candidate with the smallest edit distance to `word`, or NULL when even that one differs in
 * more than a third of its letters. A word may be a shell pattern: what its `*` and `?` stand for
 * does not count, and no more than a third of its other letters may differ.
 */
const char *nearest_name(const char *word, const char *const *candidates, size_t n_candidates);

/* The same among the names of the classifier classes. */
const char *nearest_classifier(const char *word);

enum { UNKNOWN_TEXT_BYTES = 512 };

/* `unknown KIND 'WORD', did you mean 'NEAREST'?`, or the first half when nearest is NULL. */
void unknown_text(char text[static UNKNOWN_TEXT_BYTES], const char *kind, const char *word,
                  const char *nearest);

#endif
