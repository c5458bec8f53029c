#include "runner/progress.h"

#include "base/clock.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { TEXT_MAX = 256, DEFAULT_WIDTH = 80 };

void progress_start(struct progress *progress, FILE *out, size_t n_cells)
{
    *progress = (struct progress){.out = out,
                                  .is_terminal = isatty(fileno(out)),
                                  .n_cells = n_cells,
                                  .start_s = clock_now_s()};
}

void progress_clear(struct progress *progress)
{
    if (progress->n_drawn)
        fprintf(progress->out, "\033[%zuA\033[J", progress->n_drawn);
    progress->n_drawn = 0;
}

static void print_outcome(FILE *out, const struct record *record)
{
    if (record->status != RECORD_OK) {
        fprintf(out, "%s: %s", record_status_name(record->status), record->reason);
        return;
    }
    double fit_s = 0, predict_s = 0;
    for (size_t r = 0; r < record->n_repeats; r++) {
        fit_s += record->repeats[r].fit_s / (double)record->n_repeats;
        predict_s += record->repeats[r].predict_s / (double)record->n_repeats;
    }
    fprintf(out, "%.4f  fit %.2f s  predict %.2f s", record_mean_accuracy(record), fit_s,
            predict_s);
    if (record->n_repeats > 1)
        fprintf(out, "  (%zu repeats)", record->n_repeats);
}

void progress_finished(struct progress *progress, const struct cell *cell,
                       const struct record *record)
{
    char parameters[TEXT_MAX];
    progress_clear(progress);
    size_t n_twins = 0;
    for (const struct cell *twin = cell->twin; twin; twin = twin->twin)
        n_twins++;
    progress->n_done += 1 + n_twins;
    point_text(cell->point, parameters, sizeof parameters);
    fprintf(progress->out, "[%zu/%zu] %s %s %s: ", progress->n_done, progress->n_cells,
            cell->dataset->name, cell->point->class->name, parameters);
    print_outcome(progress->out, record);
    if (n_twins)
        fprintf(progress->out, "  (and %zu equal cell%s)", n_twins, n_twins == 1 ? "" : "s");
    fputc('\n', progress->out);
    fflush(progress->out);
}

static int terminal_width(FILE *out)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) || size.ws_col == 0)
        return DEFAULT_WIDTH;
    return size.ws_col;
}

/* Cut to the terminal, so that a drawn line is a line on the screen. */
static void print_cut(FILE *out, const char *text)
{
    fprintf(out, "%.*s\n", terminal_width(out) - 1, text);
}

void progress_draw(struct progress *progress, const struct running_cell *running, size_t n_running)
{
    char line[3 * TEXT_MAX], parameters[TEXT_MAX];
    if (!progress->is_terminal)
        return;
    progress_clear(progress);
    for (size_t i = 0; i < n_running; i++) {
        const struct cell *cell = running[i].cell;
        point_text(cell->point, parameters, sizeof parameters);
        snprintf(line, sizeof line, "%7.1f s  %s %s %s", running[i].elapsed_s, cell->dataset->name,
                 cell->point->class->name, parameters);
        print_cut(progress->out, line);
    }
    const double elapsed_s = clock_now_s() - progress->start_s;
    int used = snprintf(line, sizeof line, "%7.1f s  %zu of %zu cells done", elapsed_s,
                        progress->n_done, progress->n_cells);
    if (progress->n_done && used > 0)
        snprintf(line + used, sizeof line - (size_t)used, ", about %.0f s left",
                 elapsed_s / (double)progress->n_done *
                     (double)(progress->n_cells - progress->n_done));
    print_cut(progress->out, line);
    progress->n_drawn = n_running + 1;
    fflush(progress->out);
}
