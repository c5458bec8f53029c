/* fmbench glyphs: writes the built-in synthetic dataset as IDX files, like any other. */
#include "loader/glyphs.h"
#include "runner/command.h"
#include "runner/options.h"

#include <stdio.h>

static enum status write_glyphs(struct options *o, struct error *error)
{
    const struct glyphs_request request = {.directory = o->data,
                                           .variant = o->variant,
                                           .n_train = o->n_train,
                                           .n_test = o->n_test,
                                           .seed = o->seed,
                                           .is_plain = o->plain};
    const enum status status = glyphs_write(&request, error);
    if (!status)
        fprintf(stderr, "%s/glyphs-%s: %zu training and %zu test images\n", o->data, o->variant,
                o->n_train, o->n_test);
    return status;
}

static int glyphs(const struct command *command, int argc, char **argv)
{
    return command_do(command, argc, argv, write_glyphs);
}

const struct command command_glyphs = {
    .name = "glyphs",
    .usage = "[--data DIR] [--variant easy|hard] [--n-train N] [--n-test N] [--seed S] [--plain]",
    .summary = "write the synthetic dataset glyphs-easy or glyphs-hard",
    .options = "Dvabslh",
    .examples = "  fmbench glyphs --n-train 6000 --n-test 1000\n"
                "  fmbench glyphs --data data --variant hard --seed 1\n"
                "  fmbench glyphs --n-train 6000 --plain\n",
    .run = glyphs,
};
