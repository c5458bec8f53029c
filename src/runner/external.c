#include "runner/external.h"

#include "report/json_text.h"
#include "report/parameter_text.h"
#include "runner/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void external_destroy(struct external *external)
{
    if (!external)
        return;
    json_decref(external->command);
    free(external->program);
    free(external->folder);
    free(external);
}

char *external_identity(const struct point *point)
{
    const struct external *external = point->external;
    if (!external)
        return strdup("");
    char *command = json_text(external->command);
    char *parameter = external->peer_of ? strdup("") : parameter_key(point->parameter);
    char *text = NULL;
    if (command && parameter &&
        asprintf(&text, " command=%s peer_of=%s %s", command,
                 external->peer_of ? external->peer_of->name : "", parameter) < 0)
        text = NULL;
    free(command);
    free(parameter);
    return text;
}
