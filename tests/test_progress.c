/* Progress lines as a terminal gets them: a pseudo-terminal of a known size. */
#include "runner/progress.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { TEXT_BYTES = 1 << 16, N_RUNNING = 100 };

static const struct parameter_spec parameters[] = {
    {.name = "C", .type = PARAMETER_REAL, .maximum = 9}, {.name = NULL}};
static const struct classifier_class fake = {.name = "FakeClassifier", .parameters = parameters};
static struct dataset dataset = {
    .name = "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"};
static struct point point = {.class = &fake};
static const struct cell cell = {.point = &point, .dataset = &dataset};
static struct running_cell running[N_RUNNING];

struct pseudo_terminal {
    int master;
    FILE *out;
};

static void resize(const struct pseudo_terminal *t, unsigned short columns, unsigned short rows)
{
    const struct winsize size = {.ws_col = columns, .ws_row = rows};
    cr_assert_eq(ioctl(t->master, TIOCSWINSZ, &size), 0);
}

static struct pseudo_terminal open_terminal(unsigned short columns, unsigned short rows)
{
    struct pseudo_terminal t = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)};
    struct termios mode;
    cr_assert_geq(t.master, 0);
    cr_assert(grantpt(t.master) == 0 && unlockpt(t.master) == 0);
    const int fd = open(ptsname(t.master), O_RDWR | O_NOCTTY);
    cr_assert_geq(fd, 0);
    cr_assert_eq(tcgetattr(fd, &mode), 0);
    cfmakeraw(&mode); /* a newline stays one byte */
    cr_assert_eq(tcsetattr(fd, TCSANOW, &mode), 0);
    t.out = fdopen(fd, "w");
    resize(&t, columns, rows);
    setenv("TERM", "xterm", 1); /* of this test's own process */
    unsetenv("NO_COLOR");
    return t;
}

static void close_terminal(struct pseudo_terminal *t)
{
    fclose(t->out);
    close(t->master);
}

/* What was written since the last call. */
static const char *written(const struct pseudo_terminal *t, char text[static TEXT_BYTES])
{
    size_t used = 0;
    ssize_t got;
    while ((got = read(t->master, text + used, TEXT_BYTES - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    return text;
}

/* The end of the CSI sequence that begins at `p`, or `p` where none does. */
static const char *sequence_end(const char *p)
{
    if (strncmp(p, "\033[", 2) != 0)
        return p;
    p += 2 + strspn(p + 2, "0123456789;");
    return *p ? p + 1 : p;
}

/* Each line is UTF-8 and has at most max_columns code points beside its sequences. Returns how many
   lines there are. */
static size_t check_lines(const char *text, size_t max_columns)
{
    size_t n_lines = 0;
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        json_t *line = json_stringn(text, (size_t)(end - text));
        cr_assert_not_null(line, "not UTF-8: %.*s", (int)(end - text), text);
        json_decref(line);
        size_t n_columns = 0;
        for (const char *p = text, *next; p<end; p = next> p ? next : p + 1) {
            next = sequence_end(p);
            n_columns += next == p && ((unsigned char)*p & 0xc0) != 0x80;
        }
        cr_assert_leq(n_columns, max_columns, "%.*s", (int)(end - text), text);
        n_lines++;
    }
    return n_lines;
}

static struct progress start(FILE *out)
{
    struct progress progress;
    point.parameter = json_pack("{s:f}", "C", 1.0);
    point.parameters.values[0] = (struct parameter_value){.n_numbers = 1, .numbers = {1}};
    for (size_t i = 0; i < N_RUNNING; i++)
        running[i] = (struct running_cell){.cell = &cell, .elapsed_s = 1.5};
    progress_start(&progress, out, 200, 1);
    return progress;
}

Test(progress, lines_fit_and_no_code_point_is_cut, .timeout = 10)
{
    char text[TEXT_BYTES];
    for (unsigned short columns = 2; columns < 60; columns++) {
        struct pseudo_terminal t = open_terminal(columns, 24);
        struct progress progress = start(t.out);
        progress_draw(&progress, running, 2);
        cr_assert_eq(check_lines(written(&t, text), columns - 1u), 3);
        json_decref(point.parameter);
        close_terminal(&t);
    }
}

Test(progress, control_characters_are_not_sent, .timeout = 10)
{
    char text[TEXT_BYTES];
    struct pseudo_terminal t = open_terminal(80, 24);
    struct progress progress = start(t.out);
    strcpy(dataset.name, "a\nb\033[2J");
    progress_draw(&progress, running, 1);
    cr_assert_eq(check_lines(written(&t, text), 79), 2);
    cr_assert_null(strchr(text, '\033'));
    cr_assert_not_null(strstr(text, "a?b?[2J FakeClassifier C=1\n"), "%s", text);
    json_decref(point.parameter);
    close_terminal(&t);
}

/* The terminal folds what was drawn when it gets narrower: all of it must be overwritten. */
Test(progress, a_resize_is_followed, .timeout = 10)
{
    char text[TEXT_BYTES];
    struct pseudo_terminal t = open_terminal(41, 24);
    struct progress progress = start(t.out);
    progress_draw(&progress, running, 2); /* 40, 40 and 30 columns */
    cr_assert_eq(check_lines(written(&t, text), 40), 3);
    progress_draw(&progress, running, 2);
    cr_assert_eq(strncmp(written(&t, text), "\033[3A\033[J", 7), 0);
    resize(&t, 20, 24);
    progress_draw(&progress, running, 2);
    cr_assert_eq(strncmp(written(&t, text), "\033[6A\033[J", 7), 0, "%.7s", text + 1);
    cr_assert_eq(check_lines(text + 7, 19), 3);
    resize(&t, 60, 24);
    progress_draw(&progress, running, 2);
    cr_assert_eq(strncmp(written(&t, text), "\033[3A\033[J", 7), 0, "%.7s", text + 1);
    cr_assert_eq(check_lines(text + 7, 59), 3);
    json_decref(point.parameter);
    close_terminal(&t);
}

/* What has scrolled out at the top could not be overwritten. */
Test(progress, no_more_lines_than_the_terminal_has, .timeout = 10)
{
    char text[TEXT_BYTES];
    static const unsigned short n_rows[] = {1, 2, 3, 10, 200};
    static const size_t n_lines[] = {1, 1, 2, 9, 64};
    for (size_t i = 0; i < sizeof n_rows / sizeof *n_rows; i++) {
        struct pseudo_terminal t = open_terminal(80, n_rows[i]);
        struct progress progress = start(t.out);
        progress_draw(&progress, running, N_RUNNING);
        cr_assert_eq(check_lines(written(&t, text), 79), n_lines[i], "%s", text);
        if (n_rows[i] == 10)
            cr_assert_not_null(strstr(text, "and 93 more\n"), "%s", text);
        json_decref(point.parameter);
        close_terminal(&t);
    }
}

Test(progress, elsewhere_there_is_a_line_for_each_finished_cell, .timeout = 10)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    struct progress progress = start(out);
    struct cell twin = {.point = &point, .dataset = &dataset}, first = cell;
    struct record record;
    first.twin = &twin;
    record_init(&record);
    record.n_repeats = 2;
    record.repeats[0] = (struct record_repeat){.score = 0.5, .fit_s = 1, .predict_s = 0.25};
    record.repeats[1] = (struct record_repeat){.score = 0.75, .fit_s = 3, .predict_s = 0.75};
    strcpy(dataset.name, "fashion");
    progress_draw(&progress, running, 2);
    progress_finished(&progress, &first, &record);
    record.status = RECORD_TIMEOUT;
    strcpy(record.reason, "exceeded 5 seconds");
    progress_finished(&progress, &cell, &record);
    progress_clear(&progress);
    fclose(out);
    cr_assert_str_eq(text, "[2/200] fashion FakeClassifier C=1: 0.6250  fit 2.00 s  predict 0.50 s"
                           "  (2 repeats)  (and 1 equal cell)\n"
                           "[3/200] fashion FakeClassifier C=1: timeout: exceeded 5 seconds\n");
    json_decref(point.parameter);
    free(text);
}

static const char ESCAPE = '\033';

/* An ok cell and one that timed out for a long reason with a sequence in it. */
static void finish_two(struct progress *progress)
{
    struct record record;
    record_init(&record);
    record.n_repeats = 1;
    record.repeats[0] = (struct record_repeat){.score = 0.625, .fit_s = 1, .predict_s = 0.25};
    progress_finished(progress, &cell, &record);
    record.status = RECORD_TIMEOUT;
    strcpy(record.reason, "exceeded 5 seconds \033[31m and says so in more words than an ordinary "
                          "terminal of eighty columns can show");
    progress_finished(progress, &cell, &record);
}

Test(progress, results_fit_and_what_is_cut_shows_it, .timeout = 10)
{
    char text[TEXT_BYTES];
    for (unsigned short columns = 2; columns < 120; columns++) {
        struct pseudo_terminal t = open_terminal(columns, 24);
        struct progress progress = start(t.out);
        finish_two(&progress);
        cr_assert_eq(check_lines(written(&t, text), columns - 1u), 2);
        const char *score = strstr(text, ": 0.");
        cr_assert(!score || strncmp(score, ": 0.6250", 8) == 0 || strncmp(score, ": 0...", 6) == 0,
                  "%s", text);
        const char *fit = strstr(text, "  fit");
        cr_assert(!fit || strncmp(fit, "  fit 1.00 s", 12) == 0, "%s", text);
        cr_assert(columns < 70 || score, "%s", text);
        json_decref(point.parameter);
        close_terminal(&t);
    }
}

Test(progress, what_went_wrong_is_red_where_there_are_colours, .timeout = 10)
{
    char text[TEXT_BYTES];
    struct pseudo_terminal t = open_terminal(200, 24);
    struct progress progress = start(t.out);
    finish_two(&progress);
    cr_assert_not_null(strstr(written(&t, text), "C=1\033[31m: timeout: exceeded 5 seconds ?[31m"),
                       "%s", text);
    json_decref(point.parameter);
    close_terminal(&t);
}

/* What a run of two cells writes when the environment is this. */
static const char *written_with(const char *term, const char *no_colour,
                                char text[static TEXT_BYTES])
{
    struct pseudo_terminal t = open_terminal(80, 24);
    setenv("NO_COLOR", no_colour, 1);
    if (term)
        setenv("TERM", term, 1);
    else
        unsetenv("TERM");
    struct progress progress = start(t.out);
    progress_draw(&progress, running, 2);
    finish_two(&progress);
    progress_draw(&progress, running, 2);
    progress_clear(&progress);
    fflush(t.out);
    written(&t, text);
    json_decref(point.parameter);
    close_terminal(&t);
    return text;
}

Test(progress, no_color_means_no_colours, .timeout = 10)
{
    char text[TEXT_BYTES];
    cr_assert_null(strstr(written_with("xterm", "1", text), "\033[31m"), "%s", text);
    cr_assert_null(strstr(text, "\033[2m"), "%s", text);
    cr_assert_not_null(strstr(text, "\033[3A\033[J"), "it is still redrawn: %s", text);
    cr_assert_null(strstr(written_with("vt100", "", text), "\033[31m"), "%s", text);
    cr_assert_not_null(strstr(written_with("xterm", "", text), "\033[31m"),
                       "an empty one means nothing: %s", text);
}

Test(progress, a_terminal_that_can_nothing_gets_no_sequences, .timeout = 10)
{
    char text[TEXT_BYTES];
    static const char *const names[] = {"dumb", "", NULL};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert_eq(check_lines(written_with(names[i], "", text), 79), 2, "%s", text);
        cr_assert_null(strchr(text, ESCAPE), "%s", text);
    }
}

Test(progress, a_pipe_gets_whole_lines_and_no_sequences, .timeout = 10)
{
    char text[TEXT_BYTES];
    int ends[2];
    setenv("TERM", "xterm", 1);
    cr_assert_eq(pipe(ends), 0);
    FILE *out = fdopen(ends[1], "w");
    struct progress progress = start(out);
    progress_draw(&progress, running, 2);
    finish_two(&progress);
    progress_clear(&progress);
    fclose(out);
    const ssize_t length = read(ends[0], text, TEXT_BYTES - 1);
    cr_assert_gt(length, 0);
    text[length] = '\0';
    cr_assert_null(strchr(text, ESCAPE), "%s", text);
    cr_assert_not_null(strstr(text, "of eighty columns can show\n"), "%s", text);
    json_decref(point.parameter);
    close(ends[0]);
}

Test(progress, the_time_left_counts_what_runs, .timeout = 10)
{
    const struct cell first = {.expected_s = 60}, second = {.expected_s = 20};
    const struct running_cell both[] = {{&first, 10}, {&second, 10}};
    struct progress progress = {.work_s = 100};
    cr_assert_lt(progress_left_s(&progress, NULL, 0, 10), 0, "nothing is known yet");
    cr_assert_float_eq(progress_left_s(&progress, both, 2, 10), 40, 1e-9);
    progress.done_s = 20; /* the second, twice as fast as expected; the first overruns */
    const struct running_cell late[] = {{&first, 80}};
    cr_assert_float_eq(progress_left_s(&progress, late, 1, 80), 20, 1e-9);
    progress.work_s = 0;
    cr_assert_float_eq(progress_left_s(&progress, late, 1, 80), 0, 1e-9);
}
