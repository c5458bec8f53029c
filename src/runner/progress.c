#include "runner/progress.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <ctype.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TEXT_MAX = 256, DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 24 };

void progress_start(struct progress *progress, FILE *out, size_t n_cells, double work_s)
{
    *progress = (struct progress){.out = out,
                                  .is_terminal = isatty(fileno(out)),
                                  .n_cells = n_cells,
                                  .work_s = work_s,
                                  .start_s = clock_now_s()};
}

static struct winsize terminal_size(FILE *out)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = DEFAULT_COLUMNS, .ws_row = DEFAULT_ROWS};
    return size;
}

/* A terminal that has become narrower since the drawing has folded the lines that it had. */
void progress_clear(struct progress *progress)
{
    const size_t n_columns = terminal_size(progress->out).ws_col;
    size_t n_rows = 0;
    for (size_t i = 0; i < progress->n_drawn; i++) {
        const size_t used = progress->drawn_columns[i];
        n_rows += used > n_columns ? (used + n_columns - 1) / n_columns : 1;
    }
    if (n_rows)
        fprintf(progress->out, "\033[%zuA\033[J", n_rows);
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
    progress->done_s += cell->expected_s;
    point_text(cell->point, parameters, sizeof parameters);
    fprintf(progress->out, "[%zu/%zu] %s %s %s: ", progress->n_done, progress->n_cells,
            cell->dataset->name, cell->point->class->name, parameters);
    print_outcome(progress->out, record);
    if (n_twins)
        fprintf(progress->out, "  (and %zu equal cell%s)", n_twins, n_twins == 1 ? "" : "s");
    fputc('\n', progress->out);
    fflush(progress->out);
}

void progress_taken_apart(struct progress *progress, const struct cell *cell, size_t n_cells,
                          enum record_status status, const char *reason)
{
    progress_clear(progress);
    fprintf(
        progress->out, "%s %s: a fit for %zu cells ended as %s (%s); they run again, each alone\n",
        cell->dataset->name, cell->point->class->name, n_cells, record_status_name(status), reason);
    fflush(progress->out);
}

/* Cut to the terminal, so that a drawn line is a line on the screen. */
static void draw_line(struct progress *progress, char *line)
{
    const size_t n_columns = terminal_size(progress->out).ws_col;
    size_t *used = &progress->drawn_columns[progress->n_drawn++];
    for (char *p = line; *p; p++)
        if (iscntrl((unsigned char)*p))
            *p = '?'; /* a name may have any */
    const size_t n_bytes = utf8_fit_columns(line, n_columns - 1, used);
    fprintf(progress->out, "%.*s\n", (int)n_bytes, line);
}

static void draw_cell(struct progress *progress, const struct running_cell *running)
{
    char line[3 * TEXT_MAX], parameters[TEXT_MAX];
    const struct cell *cell = running->cell;
    const size_t n_more = cell_n_readers(cell) - 1;
    point_text(cell->point, parameters, sizeof parameters);
    const int used = snprintf(line, sizeof line, "%7.1f s  %s %s %s", running->elapsed_s,
                              cell->dataset->name, cell->point->class->name, parameters);
    if (n_more && used > 0 && (size_t)used < sizeof line)
        snprintf(line + used, sizeof line - (size_t)used, " and %zu more", n_more);
    draw_line(progress, line);
}

static void draw_total(struct progress *progress)
{
    char line[TEXT_MAX];
    const double elapsed_s = clock_now_s() - progress->start_s;
    const int used = snprintf(line, sizeof line, "%7.1f s  %zu of %zu cells done", elapsed_s,
                              progress->n_done, progress->n_cells);
    if (progress->done_s > 0 && used > 0)
        snprintf(line + used, sizeof line - (size_t)used, ", about %.0f s left",
                 elapsed_s / progress->done_s * (progress->work_s - progress->done_s));
    draw_line(progress, line);
}

/* How many lines can be overwritten: what has scrolled out at the top cannot. */
static size_t room(const struct progress *progress)
{
    const size_t n_rows = terminal_size(progress->out).ws_row;
    const size_t n_lines = n_rows > 1 ? n_rows - 1 : 1;
    return n_lines < PROGRESS_LINES_MAX ? n_lines : PROGRESS_LINES_MAX;
}

void progress_draw(struct progress *progress, const struct running_cell *running, size_t n_running)
{
    if (!progress->is_terminal)
        return;
    progress_clear(progress);
    const size_t n_lines = room(progress) - 1; /* beside the total */
    const bool fits = n_running <= n_lines;
    for (size_t i = 0; i < n_running && i + !fits < n_lines; i++)
        draw_cell(progress, &running[i]);
    if (!fits && n_lines > 0) {
        char line[TEXT_MAX];
        snprintf(line, sizeof line, "           and %zu more", n_running - n_lines + 1);
        draw_line(progress, line);
    }
    draw_total(progress);
    fflush(progress->out);
}
