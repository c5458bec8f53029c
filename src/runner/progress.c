#include "runner/progress.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

enum { TEXT_MAX = 256, LINE_MAX_BYTES = 2048 };

/* Select Graphic Rendition of ANSI terminals. */
static const char RED[] = "\033[31m", DIM[] = "\033[2m", PLAIN[] = "\033[0m";

void progress_start(struct progress *progress, FILE *out, size_t n_cells, double work_s)
{
    *progress = (struct progress){.terminal = terminal_of(out),
                                  .n_cells = n_cells,
                                  .work_s = work_s,
                                  .start_s = clock_now_s()};
}

/* A terminal that has become narrower since the drawing has folded the lines that it had. */
void progress_clear(struct progress *progress)
{
    const size_t n_columns = terminal_size(&progress->terminal).n_columns;
    size_t n_rows = 0;
    for (size_t i = 0; i < progress->n_drawn; i++) {
        const size_t used = progress->drawn_columns[i];
        n_rows += used > n_columns ? (used + n_columns - 1) / n_columns : 1;
    }
    if (n_rows)
        fprintf(progress->terminal.out, "\033[%zuA\033[J", n_rows);
    progress->n_drawn = 0;
}

/* How wide a line may be, so that it is a line on the screen and the cursor stays in it. */
static size_t room_in_line(const struct progress *progress)
{
    return progress->terminal.is_terminal ? terminal_size(&progress->terminal).n_columns - 1
                                          : SIZE_MAX;
}

/* A name or a reason may have any control character. */
static void clean(char *text)
{
    for (char *p = text; *p; p++)
        if (iscntrl((unsigned char)*p))
            *p = '?';
}

/* A line in parts that are shown in different ways. */
struct result_line {
    char count[TEXT_MAX], cell[TEXT_MAX], parameters[TEXT_MAX];
    char outcome[LINE_MAX_BYTES];
    const char *outcome_style; /* a sequence, or "" */
};

/* Writes as much of the text as *room has columns, in a style where there are colours. */
static void put(const struct progress *progress, const char *style, const char *text, size_t *room)
{
    size_t n_columns;
    const bool is_styled = progress->terminal.has_colour && *style;
    const size_t n_bytes = utf8_fit_columns(text, *room, &n_columns);
    *room -= n_columns;
    fprintf(progress->terminal.out, "%s%.*s%s", is_styled ? style : "", (int)n_bytes, text,
            is_styled ? PLAIN : "");
}

/* Cuts a text that needs more columns: before one of its parts, never in a number; else anywhere.
 */
static void shorten(char *text, size_t n_columns)
{
    static const char ellipsis[] = "...", between_parts[] = "  ";
    const size_t n_dots = strlen(ellipsis);
    size_t unused;
    while (utf8_columns(text, SIZE_MAX) > n_columns) {
        char *cut = NULL;
        for (char *next = text; (next = strstr(next, between_parts)) != NULL; next++)
            cut = next;
        if (cut) {
            *cut = '\0';
            continue;
        }
        cut = text + utf8_fit_columns(text, n_columns > n_dots ? n_columns - n_dots : 0, &unused);
        snprintf(cut, n_dots + 1, "%.*s", (int)n_columns, ellipsis);
        return;
    }
}

/* On a terminal that is too narrow the parameters keep a third of what is there for both. */
static void put_result(const struct progress *progress, struct result_line *line)
{
    size_t room = room_in_line(progress);
    clean(line->cell);
    clean(line->parameters);
    clean(line->outcome);
    const size_t taken = utf8_columns(line->count, SIZE_MAX) + utf8_columns(line->cell, SIZE_MAX);
    const size_t both = room > taken ? room - taken : 0;
    const size_t wanted = utf8_columns(line->parameters, SIZE_MAX);
    shorten(line->outcome, both - (wanted < both / 3 ? wanted : both / 3));
    shorten(line->parameters, both - utf8_columns(line->outcome, SIZE_MAX));
    put(progress, DIM, line->count, &room);
    put(progress, "", line->cell, &room);
    put(progress, "", line->parameters, &room);
    put(progress, line->outcome_style, line->outcome, &room);
    fputc('\n', progress->terminal.out);
    fflush(progress->terminal.out);
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
                                                         const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

static void write_outcome(struct result_line *line, const struct record *record, size_t n_twins)
{
    double fit_s = 0, predict_s = 0;
    char *text = line->outcome;
    const size_t size = sizeof line->outcome;
    for (size_t r = 0; r < record->n_repeats; r++) {
        fit_s += record->repeats[r].fit_s / (double)record->n_repeats;
        predict_s += record->repeats[r].predict_s / (double)record->n_repeats;
    }
    if (record->status != RECORD_OK) {
        append(text, size, ": %s: %s", record_status_name(record->status), record->reason);
        line->outcome_style = RED;
    } else {
        append(text, size, ": %.4f  fit %.2f s  predict %.2f s", record_mean_accuracy(record),
               fit_s, predict_s);
    }
    if (record->status == RECORD_OK && record->n_repeats > 1)
        append(text, size, "  (%zu repeats)", record->n_repeats);
    if (n_twins)
        append(text, size, "  (and %zu equal cell%s)", n_twins, n_twins == 1 ? "" : "s");
}

void progress_finished(struct progress *progress, const struct cell *cell,
                       const struct record *record)
{
    struct result_line line = {.outcome_style = ""};
    size_t n_twins = 0;
    progress_clear(progress);
    for (const struct cell *twin = cell->twin; twin; twin = twin->twin)
        n_twins++;
    progress->n_done += 1 + n_twins;
    progress->done_s += cell->expected_s;
    append(line.count, sizeof line.count, "[%zu/%zu] ", progress->n_done, progress->n_cells);
    append(line.cell, sizeof line.cell, "%s %s ", cell->dataset->name, cell->point->class->name);
    point_text(cell->point, line.parameters, sizeof line.parameters);
    write_outcome(&line, record, n_twins);
    put_result(progress, &line);
}

void progress_taken_apart(struct progress *progress, const struct cell *cell, size_t n_cells,
                          enum record_status status, const char *reason)
{
    struct result_line line = {.outcome_style = RED};
    progress_clear(progress);
    append(line.cell, sizeof line.cell, "%s %s", cell->dataset->name, cell->point->class->name);
    append(line.outcome, sizeof line.outcome,
           ": a fit for %zu cells ended as %s (%s); they run again, each alone", n_cells,
           record_status_name(status), reason);
    put_result(progress, &line);
}

/* Cut to the terminal, so that a drawn line is a line on the screen. */
static void draw_line(struct progress *progress, char *line)
{
    size_t room = room_in_line(progress);
    size_t *used = &progress->drawn_columns[progress->n_drawn++];
    clean(line);
    *used = room;
    put(progress, "", line, &room);
    *used -= room;
    fputc('\n', progress->terminal.out);
}

static void draw_cell(struct progress *progress, const struct running_cell *running)
{
    char line[3 * TEXT_MAX] = "", parameters[TEXT_MAX];
    const struct cell *cell = running->cell;
    const size_t n_more = cell_n_readers(cell) - 1;
    point_text(cell->point, parameters, sizeof parameters);
    append(line, sizeof line, "%7.1f s  %s %s %s", running->elapsed_s, cell->dataset->name,
           cell->point->class->name, parameters);
    if (n_more)
        append(line, sizeof line, " and %zu more", n_more);
    draw_line(progress, line);
}

double progress_left_s(const struct progress *progress, const struct running_cell *running,
                       size_t n_running, double elapsed_s)
{
    double done_s = progress->done_s;
    for (size_t i = 0; i < n_running; i++) {
        const double expected_s = running[i].cell->expected_s;
        done_s += running[i].elapsed_s < expected_s ? running[i].elapsed_s : expected_s;
    }
    if (done_s <= 0)
        return -1;
    const double to_do_s = progress->work_s > done_s ? progress->work_s - done_s : 0;
    return elapsed_s / done_s * to_do_s;
}

/* The two largest units that there are: 45 s, 3 min 20 s, 2 h 5 min. */
static void append_duration(char *text, size_t size, double duration_s)
{
    const long seconds = (long)(duration_s + 0.5);
    if (seconds < 60)
        append(text, size, "%ld s", seconds);
    else if (seconds < 3600)
        append(text, size, "%ld min %ld s", seconds / 60, seconds % 60);
    else
        append(text, size, "%ld h %ld min", seconds / 3600, seconds / 60 % 60);
}

static void draw_total(struct progress *progress, const struct running_cell *running,
                       size_t n_running)
{
    char line[TEXT_MAX] = "";
    const double elapsed_s = clock_now_s() - progress->start_s;
    const double left_s = progress_left_s(progress, running, n_running, elapsed_s);
    append(line, sizeof line, "%zu of %zu cells done, %zu running, ", progress->n_done,
           progress->n_cells, n_running);
    append_duration(line, sizeof line, elapsed_s);
    if (left_s >= 0) {
        append(line, sizeof line, ", about ");
        append_duration(line, sizeof line, left_s);
        append(line, sizeof line, " left");
    }
    draw_line(progress, line);
}

/* How many lines can be overwritten: what has scrolled out at the top cannot. */
static size_t lines_on_screen(const struct progress *progress)
{
    const size_t n_rows = terminal_size(&progress->terminal).n_rows;
    const size_t n_lines = n_rows > 1 ? n_rows - 1 : 1;
    return n_lines < PROGRESS_LINES_MAX ? n_lines : PROGRESS_LINES_MAX;
}

void progress_draw(struct progress *progress, const struct running_cell *running, size_t n_running)
{
    if (!progress->terminal.can_redraw)
        return;
    progress_clear(progress);
    const size_t n_lines = lines_on_screen(progress) - 1; /* beside the total */
    const bool fits = n_running <= n_lines;
    for (size_t i = 0; i < n_running && i + !fits < n_lines; i++)
        draw_cell(progress, &running[i]);
    if (!fits && n_lines > 0) {
        char line[TEXT_MAX] = "";
        append(line, sizeof line, "           and %zu more", n_running - n_lines + 1);
        draw_line(progress, line);
    }
    draw_total(progress, running, n_running);
    fflush(progress->terminal.out);
}
