/*
 * The line on which a value stands in a JSON text, for messages about what it says: the parser
 * keeps no positions beyond syntax errors. The text must have parsed already. Thread-safe.
 */
#ifndef FMBENCH_RUNNER_JSON_LOCATE_H
#define FMBENCH_RUNNER_JSON_LOCATE_H

#include <stddef.h>

/* One step down: to the value of `key` in an object, or, when key is NULL, to item `index`. */
struct json_step {
    const char *key;
    size_t index;
};

/*
 * The line (from 1) of the key or item that the last step names; of the deepest value reached when
 * the path leads nowhere.
 */
size_t json_locate(const char *text, const struct json_step *steps, size_t n_steps);

#endif
