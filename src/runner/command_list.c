/* fmbench list: every point of the grid and what becomes of it. */
#include "runner/command.h"
#include "runner/grid.h"
#include "runner/list_plan.h"
#include "runner/options.h"

#include <stdio.h>

static void print_point(const struct point *point)
{
    char parameters[1024];
    point_text(point, parameters, sizeof parameters);
    printf("%-11s %s %s", point_fate_word(point->fate), point->class->name, parameters);
    if (point->fate != POINT_PLANNED)
        printf("  (%s)", point->reason);
    putchar('\n');
}

static enum status list_points(const struct grid *grid, const struct options *o,
                               struct error *error)
{
    size_t counts[POINT_UNSUPPORTED + 1] = {0}, n_shown = 0, n_beyond = 0;
    for (size_t i = 0; i < grid->n_points; i++) {
        bool selected;
        const enum status status = point_selected(&grid->points[i], &o->only, &selected, error);
        if (status)
            return status;
        if (!selected)
            continue;
        print_point(&grid->points[i]);
        counts[grid->points[i].fate]++;
        n_shown++;
        n_beyond += grid->points[i].is_beyond_2017 && grid->points[i].fate != POINT_PLANNED;
    }
    if (n_beyond)
        printf(
            "%zu of them run in a grid that says \"beyond_2017\": true, as configs/complete.json "
            "does\n",
            n_beyond);
    printf("%zu points: %zu planned, %zu rejected, %zu unsupported\n", n_shown,
           counts[POINT_PLANNED], counts[POINT_REJECTED], counts[POINT_UNSUPPORTED]);
    return STATUS_OK;
}

/* What only a plan depends on is refused rather than ignored. */
static enum status check_pointless(int argc, char **argv, struct error *error)
{
    struct options o;
    struct error found;
    if (!options_parse(&o, argc, argv, "goh", &found))
        return STATUS_OK;
    return error_set(error, STATUS_USAGE, "%s (others than --grid and --only need --plan)",
                     found.message);
}

static int list(const struct command *command, int argc, char **argv)
{
    struct options o;
    struct grid grid;
    struct error error;
    const int done = command_options(command, &o, argc, argv);
    if (done >= 0)
        return done;
    if (o.plan)
        return list_plan(&o, &error) ? command_fail(&error) : 0;
    if (check_pointless(argc, argv, &error))
        return command_fail(&error);
    enum status status = grid_read(&grid, o.grid, &error);
    if (status)
        return command_fail(&error);
    status = selection_check(&grid, o.grid ? o.grid : GRID_PUBLISHED, &o.only, &error);
    if (!status)
        status = list_points(&grid, &o, &error);
    grid_destroy(&grid);
    return status ? command_fail(&error) : 0;
}

const struct command command_list = {
    .name = "list",
    .usage = "[OPTION]...",
    .summary = "every point of the grid and what becomes of it; --plan: what a run would do",
    .options = "gcoPdtTrsjpmwRDHnfyxXFh",
    .examples = "  fmbench list --only 'LinearSVC:C=1'\n"
                "  fmbench list --plan --only 'KNeighbors*'\n",
    .run = list,
};
