#include "report/markup.h"

static void write_text(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, out);
        }
}

static void write_element(FILE *out, const char *name, const char *text)
{
    fprintf(out, "<%s>", name);
    write_text(out, text);
    fprintf(out, "</%s>\n", name);
}

static void begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
    write_element(out, "title", title);
    fputs("</head>\n<body>\n", out);
    write_element(out, "h1", title);
}

static void paragraph(FILE *out, const char *text)
{
    write_element(out, "p", text);
}

static void begin_list(FILE *out)
{
    fputs("<ul>\n", out);
}

static void item(FILE *out, const char *text)
{
    write_element(out, "li", text);
}

static void end_list(FILE *out)
{
    fputs("</ul>\n", out);
}

static void write_row(FILE *out, const struct text_grid *grid, size_t row)
{
    const char *name = row == 0 ? "th" : "td";
    fputs("<tr>", out);
    for (size_t c = 0; c < grid->n_columns; c++) {
        fprintf(out, "<%s%s>", name, c < grid->n_left ? "" : " align=\"right\"");
        write_text(out, text_grid_get(grid, row, c));
        fprintf(out, "</%s>", name);
    }
    fputs("</tr>\n", out);
}

static int grid_block(FILE *out, const struct text_grid *grid)
{
    fputs("<table>\n<thead>\n", out);
    for (size_t row = 0; row < grid->n_rows; row++) {
        write_row(out, grid, row);
        if (row == 0)
            fputs("</thead>\n<tbody>\n", out);
    }
    fputs("</tbody>\n</table>\n", out);
    return grid->failed ? -1 : 0;
}

static void end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

const struct markup markup_html = {.word = "html",
                                   .begin = begin,
                                   .paragraph = paragraph,
                                   .begin_list = begin_list,
                                   .item = item,
                                   .end_list = end_list,
                                   .grid = grid_block,
                                   .end = end};
