/* What the files that read a grid share; of use to nobody else. */
#ifndef FMBENCH_RUNNER_GRID_READER_H
#define FMBENCH_RUNNER_GRID_READER_H

#include "runner/grid.h"
#include "runner/json_locate.h"

enum { PLACE_STEPS_MAX = 8 };

/* Where in the file something stands, for messages. */
struct place {
    size_t n_steps;
    struct json_step steps[PLACE_STEPS_MAX];
};

struct place place_key(struct place within, const char *key);
struct place place_item(struct place within, size_t index);

struct grid_reader {
    const char *path;
    char *text;
    json_t *root;
    struct grid *grid;
    size_t capacity; /* points that the grid has room for */
    bool beyond_2017;
    struct error *error;
};

/* STATUS_USAGE: prefixes what is wrong with file and line. */
enum status grid_complain(const struct grid_reader *r, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `kind` of name, "classifier" say, that the last step has and nobody knows. */
enum status grid_complain_unknown(const struct grid_reader *r, struct place at, const char *kind,
                                  const char *nearest);

/* What the points of a class are made from. All borrowed. */
struct point_source {
    const struct classifier_class *class;
    const struct external *external; /* whose class it is, or NULL */
    const json_t *blocks;            /* list of {"parameter": [values]} */
    struct place at;                 /* where that list stands */
};

/* Adds the product of all lists of all blocks. */
enum status grid_add_points(struct grid_reader *r, const struct point_source *source);

/* Adds the points of the key `external`. */
enum status grid_add_externals(struct grid_reader *r, json_t *externals);

/* Orders the points so that each peer comes right behind the point it is compared with. */
enum status grid_put_peers_in_turn(struct grid *grid, struct error *error);

#endif
