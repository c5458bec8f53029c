/*
 * An external classifier: a command that a grid names, which may be written in any language. The
 * README tells how a command is called and what it must answer ("Other implementations").
 */
#ifndef FMBENCH_RUNNER_EXTERNAL_H
#define FMBENCH_RUNNER_EXTERNAL_H

#include "classifiers/classifier.h"

#include <jansson.h>

enum { EXTERNAL_NAME_BYTES = 64, EXTERNAL_COMMAND_MAX = 64 };

struct external {
    /*
     * Its name, and where it is the peer of one of our classes the parameters of that, so that it
     * goes through lists, progress and tables like any other. There is nothing to fit in it.
     */
    struct classifier_class class;
    struct parameter_spec parameters[PARAMETERS_MAX + 1]; /* of the class; none is of readout */
    char name[EXTERNAL_NAME_BYTES];
    const struct classifier_class *peer_of; /* NULL: none, and the parameters are free */
    json_t *command;                        /* list of strings as the grid has it, owned */
    char *program;                          /* path of the first of them, owned */
    char *folder;                           /* of the grid file, where it runs, owned */
};

void external_destroy(struct external *external); /* takes NULL */

struct point;

/*
 * What identifies a point of an external classifier beside the parameters of a class: command, peer
 * and free parameters. Empty for other points. Release with free; NULL when memory is short.
 */
char *external_identity(const struct point *point);

#endif
