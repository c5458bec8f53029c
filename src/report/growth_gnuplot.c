/*
 * The growth as a script for gnuplot: seconds over training rows, both logarithmic, one colour a
 * row, one thread alone. The background is transparent and all lines and letters are of middling
 * brightness, so that they stand out from a light page and from a dark one.
 */
#include "report/growth.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const char grey[] = "#7a7a7a";
/* Told apart by most who see few colours, together with the marks. */
static const char *const colours[] = {"#d1495b", "#2e86ab", "#4f9d4f", "#c77d1e", "#8a63d2",
                                      "#17a398", "#b0578d", "#7d8f1f", "#5b7db1"};
enum { N_COLOURS = sizeof colours / sizeof *colours };

static void write_head(FILE *out)
{
    fprintf(out,
            "set terminal svg size 1000,640 dynamic noenhanced font 'sans-serif,13'\n"
            "set logscale xy\n"
            "set format x '%%.0f'\n"
            "set format y '%%g'\n"
            "set border lc rgb '%s'\n"
            "set tics textcolor rgb '%s'\n"
            "set grid lc rgb '%s' lw 0.3\n"
            "set xlabel 'training rows' textcolor rgb '%s'\n"
            "set ylabel 'seconds of fit and predict, one thread' textcolor rgb '%s'\n"
            "set key outside right top Left reverse textcolor rgb '%s' font ',11' samplen 2\n",
            grey, grey, grey, grey, grey, grey);
}

/* The range of the sizes with some room, and which dataset is drawn how. */
static void write_frame(FILE *out, const struct growth *growth)
{
    size_t least = SIZE_MAX, most = 0;
    const char *first = growth->lines[0].dataset, *other = NULL;
    for (size_t i = 0; i < growth->n_lines; i++) {
        const struct growth_line *line = &growth->lines[i];
        const size_t low = line->points[0].record->n_train;
        const size_t high = line->points[line->n_points - 1].record->n_train;
        least = low < least ? low : least;
        most = high > most ? high : most;
        other = strcmp(line->dataset, first) != 0 ? line->dataset : other;
    }
    fprintf(out, "set xrange [%g:%g]\n", 0.8 * (double)least, 1.25 * (double)most);
    fprintf(out, "set title '%s%s%s%s' textcolor rgb '%s'\n", first, other ? " solid, " : "",
            other ? other : "", other ? " dashed" : "", grey);
}

static bool is_drawn(const struct growth_line *line)
{
    for (size_t p = 0; p < line->n_points; p++)
        if (!isnan(line->points[p].seconds))
            return line->threads == 1;
    return false;
}

/* The number of the row among those drawn: of the first line with its label. */
static size_t number_of(const struct growth *growth, size_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < at; i++) {
        if (strcmp(growth->lines[i].label, growth->lines[at].label) == 0)
            return number_of(growth, i);
        bool is_new = is_drawn(&growth->lines[i]);
        for (size_t j = 0; j < i && is_new; j++)
            is_new = strcmp(growth->lines[j].label, growth->lines[i].label) != 0;
        n += is_new;
    }
    return n;
}

/* Quotes are doubled, as in gnuplot's strings. */
static void write_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputc('\'', out);
        if (*text != '\n')
            fputc(*text, out);
    }
    fputc('\'', out);
}

static void write_data(FILE *out, const struct growth *growth)
{
    for (size_t i = 0; i < growth->n_lines; i++) {
        const struct growth_line *line = &growth->lines[i];
        if (!is_drawn(line))
            continue;
        fprintf(out, "$line%zu << END\n", i);
        for (size_t p = 0; p < line->n_points; p++)
            if (!isnan(line->points[p].seconds))
                fprintf(out, "%zu %.6g\n", line->points[p].record->n_train,
                        line->points[p].seconds);
        fputs("END\n", out);
    }
}

/* The first dataset's lines are solid and named; those of others are dashed in the same colour. */
void growth_write_gnuplot(FILE *out, const struct growth *growth)
{
    const char *separator = "plot ";
    write_head(out);
    write_frame(out, growth);
    write_data(out, growth);
    for (size_t i = 0; i < growth->n_lines; i++) {
        const struct growth_line *line = &growth->lines[i];
        if (!is_drawn(line))
            continue;
        const bool is_main = strcmp(line->dataset, growth->lines[0].dataset) == 0;
        const size_t n = number_of(growth, i);
        fprintf(out,
                "%s$line%zu using 1:2 with linespoints lc rgb '%s' lw 1.6 dt %d pt %zu ps 0.6 ",
                separator, i, colours[n % N_COLOURS], is_main ? 1 : 2, 4 + n / N_COLOURS * 3);
        if (is_main) {
            fputs("title ", out);
            write_quoted(out, line->label);
        } else {
            fputs("notitle", out);
        }
        separator = ", \\\n  ";
    }
    fputc('\n', out);
}
