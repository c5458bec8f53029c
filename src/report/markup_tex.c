#include "report/markup.h"

#include <string.h>

/* Characters that LaTeX takes for commands, or that its usual fonts lack. */
static const struct {
    const char *text, *command;
} replaced[] = {
    {"\\", "\\textbackslash{}"},
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "\\textquotedbl{}"},
    {"±", "\\ensuremath{\\pm}"},
    {"≥", "\\ensuremath{\\geq}"},
    {"†", "\\textdagger{}"},
    {"‡", "\\textdaggerdbl{}"},
};
enum { N_REPLACED = sizeof replaced / sizeof *replaced };

static void write_text(FILE *out, const char *text)
{
    while (*text) {
        size_t i = 0;
        while (i < N_REPLACED && strncmp(text, replaced[i].text, strlen(replaced[i].text)) != 0)
            i++;
        if (i < N_REPLACED) {
            fputs(replaced[i].command, out);
            text += strlen(replaced[i].text);
            continue;
        }
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, out);
        text++;
    }
}

static void begin(FILE *out, const char *title)
{
    fputs("% \\usepackage[T1]{fontenc}\n"
          "% \\usepackage{booktabs,longtable,array}\n"
          "% A wide table: \\usepackage{pdflscape}, and this in a landscape environment.\n"
          "\\paragraph{",
          out);
    write_text(out, title);
    fputs("}\n", out);
}

static void paragraph(FILE *out, const char *text)
{
    fputs("\n\\noindent ", out);
    write_text(out, text);
    fputs("\n", out);
}

static void begin_list(FILE *out)
{
    fputs("\n\\begin{itemize}\n", out);
}

static void item(FILE *out, const char *text)
{
    fputs("\\item ", out);
    write_text(out, text);
    fputc('\n', out);
}

static void end_list(FILE *out)
{
    fputs("\\end{itemize}\n", out);
}

static void write_row(FILE *out, const struct text_grid *grid, size_t row)
{
    for (size_t c = 0; c < grid->n_columns; c++) {
        fputs(c ? " & " : "", out);
        write_text(out, text_grid_get(grid, row, c));
    }
    fputs(" \\\\\n", out);
}

/* The last column of words, which are long, is broken into lines. */
static void write_columns(FILE *out, const struct text_grid *grid)
{
    for (size_t c = 0; c < grid->n_columns; c++)
        fputs(c + 1 == grid->n_left ? ">{\\raggedright\\arraybackslash}p{0.18\\linewidth}"
              : c < grid->n_left    ? "l"
                                    : "r",
              out);
}

/* The head is repeated on each page. */
static int grid_block(FILE *out, const struct text_grid *grid)
{
    fputs("\n\\begingroup\\tiny\\setlength\\tabcolsep{3pt}\n\\begin{longtable}{@{}", out);
    write_columns(out, grid);
    fputs("@{}}\n\\toprule\n", out);
    for (size_t row = 0; row < grid->n_rows; row++) {
        write_row(out, grid, row);
        if (row == 0)
            fputs("\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n", out);
    }
    fputs("\\end{longtable}\n\\endgroup\n", out);
    return grid->failed ? -1 : 0;
}

static void nothing(FILE *out)
{
    (void)out;
}

const struct markup markup_tex = {.word = "tex",
                                  .begin = begin,
                                  .paragraph = paragraph,
                                  .begin_list = begin_list,
                                  .item = item,
                                  .end_list = end_list,
                                  .grid = grid_block,
                                  .end = nothing};
