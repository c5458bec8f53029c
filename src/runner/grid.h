/*
 * A grid file: which classifiers with which parameters. The format is the original benchmark's.
 *
 *     {"common": {NAME: VALUE, ...}, "beyond_2017": BOOLEAN,
 *      "classifiers": {CLASS: [{NAME: [VALUE, ...], ...}, ...], ...},
 *      "external": {NAME: {"command": [WORD, ...], "peer_of": CLASS,
 *                          "parameters": [{NAME: [VALUE, ...], ...}, ...]}, ...}}
 *
 * The points of a class are the Cartesian product of all lists of all its blocks, the last list
 * running fastest; `common` is added to every point. A tuple is written as a string, "(100, 10)";
 * None is null. `"beyond_2017": true` plans the points, too, that the benchmark of 2017 has no row
 * of though it asked for them. Reading is strict: unknown, duplicate, mistyped and out-of-range
 * entries are STATUS_USAGE errors that name file, line and key, and the nearest known name. The
 * whole grid is validated before anything runs.
 *
 * `external` is ours: classifiers that are commands (external.h). The first word of a command is a
 * file, from the folder of the grid, or a name without a slash that PATH has. Its parameters are
 * those of the class `peer_of`, whose points it has where it names none of its own; without
 * `peer_of` they are free, and 1 and 1.0 are the same value. Only `command` must be there. A point
 * with the parameters of one of its peer's comes right behind that, so that the two run side by
 * side.
 */
#ifndef FMBENCH_RUNNER_GRID_H
#define FMBENCH_RUNNER_GRID_H

#include "base/error.h"
#include "classifiers/classifier.h"
#include "runner/external.h"
#include "runner/options.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What becomes of a point. */
enum point_fate {
    POINT_PLANNED,
    POINT_REJECTED,   /* the combination of parameters is not valid, or was not in 2017 */
    POINT_UNSUPPORTED /* no row of the class was finished in 2017 */
};

struct point {
    const struct classifier_class *class;
    const struct external *external; /* whose class that is, borrowed from the grid; NULL: ours */
    json_t *parameter;               /* what the grid gives, tuples as lists; owned */
    struct parameters parameters;    /* all of the class's, defaults included; not free ones */
    enum point_fate fate;
    bool is_beyond_2017; /* the table of 2017 has no such row, and the reason then is known */
    char reason[256];    /* empty when planned */
};

struct grid {
    size_t n_points;
    struct point *points; /* owned */
    size_t n_externals;
    struct external **externals; /* owned */
};

/* That of the published table, among the files that come with the program. */
#define GRID_PUBLISHED "configs/published.json"

/* NULL: GRID_PUBLISHED. On failure there is nothing to destroy. grid_destroy takes a zeroed struct.
 */
enum status grid_read(struct grid *grid, const char *path, struct error *error);
void grid_destroy(struct grid *grid);

const char *point_fate_word(enum point_fate fate); /* "planned"; static */

/* `key=value, key=value` in the order of the grid. Truncated to size. */
void point_text(const struct point *point, char *text, size_t size);

/*
 * Does the point match one of the patterns of --only, or are there none? A pattern is `NAME` or
 * `NAME:KEY=VALUE,...`; NAME and VALUE are shell patterns, and numbers match by value. STATUS_USAGE
 * for a pattern that is malformed.
 */
enum status point_selected(const struct point *point, const struct option_list *patterns,
                           bool *selected, struct error *error);

/*
 * Does each pattern match some point of the grid, which stands in the file `path`? STATUS_USAGE
 * names the first that does not, or is malformed, and for an unknown name the nearest one.
 */
enum status selection_check(const struct grid *grid, const char *path,
                            const struct option_list *patterns, struct error *error);

#endif
