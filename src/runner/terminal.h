/* What can be done with the terminal behind a stream, if there is one. */
#ifndef FMBENCH_RUNNER_TERMINAL_H
#define FMBENCH_RUNNER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct terminal {
    FILE *out;        /* borrowed */
    bool is_terminal; /* otherwise a file or a pipe, which gets whole lines and no sequences */
    bool can_redraw;  /* it moves its cursor and clears by ANSI sequences */
    bool has_colour;  /* and colours are wanted */
};

/*
 * By the environment: TERM=dumb, and none at all, can do nothing but show lines; NO_COLOR, when it
 * is there and not empty, means no colours (https://no-color.org), as do the names of terminals
 * without any. Reads the environment: not to be called while another thread changes that.
 */
struct terminal terminal_of(FILE *out);

/* As it is now, 80 columns and 24 rows where the terminal does not know. */
struct terminal_size {
    size_t n_columns, n_rows;
};
struct terminal_size terminal_size(const struct terminal *terminal);

#endif
