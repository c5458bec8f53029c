#include "runner/planned_rows.h"

#include <stdio.h>
#include <stdlib.h>

enum status planned_rows_create(struct planned_rows *planned, const struct grid *grid,
                                struct error *error)
{
    *planned = (struct planned_rows){.rows = calloc(grid->n_points + 1, sizeof *planned->rows),
                                     .words = calloc(grid->n_points + 1, sizeof *planned->words)};
    if (!planned->rows || !planned->words)
        return error_memory(error, "the rows of the table", 0);
    for (size_t i = 0; i < grid->n_points; i++) {
        const struct point *point = &grid->points[i];
        char *word = planned->words[i];
        if (point->fate == POINT_PLANNED)
            snprintf(word, sizeof *planned->words, "not run");
        else
            snprintf(word, sizeof *planned->words, "%s: %s", point_fate_word(point->fate),
                     point->reason);
        planned->rows[planned->n_rows++] =
            (struct table_planned){.name = point->class->name,
                                   .parameter = point->parameter,
                                   .word = word,
                                   .is_beyond_2017 = point->is_beyond_2017};
    }
    return STATUS_OK;
}

void planned_rows_destroy(struct planned_rows *planned)
{
    free(planned->rows);
    free(planned->words);
    *planned = (struct planned_rows){.n_rows = 0};
}
