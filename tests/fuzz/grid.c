/* The grid reader. */
#include "runner/grid.h"

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct grid grid;
    char text[256];
    struct error error = {STATUS_OK, ""};
    const enum status status = grid_read(&grid, target_file("grid.json", data, size), &error);
    target_check(status, &error);
    if (status)
        return 0;
    for (size_t i = 0; i < grid.n_points; i++)
        point_text(&grid.points[i], text, sizeof text);
    grid_destroy(&grid);
    return 0;
}
