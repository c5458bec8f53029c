#include "report/markup.h"

#include <stdlib.h>
#include <string.h>

static void write_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            fputc(' ', out);
        else if (strchr("\\|*`<&", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

char *md_escape(const char *text)
{
    char *escaped = NULL;
    size_t length;
    FILE *out = open_memstream(&escaped, &length);
    if (!out)
        return NULL;
    write_text(out, text);
    const int failed = ferror(out);
    if (fclose(out) || failed) {
        free(escaped);
        return NULL;
    }
    return escaped;
}

/* Characters, not bytes: all but the continuation bytes of UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* A grid as it will be written. */
struct padded {
    const struct text_grid *grid;
    char **texts;   /* escaped, owned */
    size_t *widths; /* of the columns, owned */
};

static void padded_destroy(struct padded *p)
{
    for (size_t i = 0; p->texts && i < p->grid->n_rows * p->grid->n_columns; i++)
        free(p->texts[i]);
    free(p->texts);
    free(p->widths);
}

/* 0, or -1 when memory is short. */
static int padded_create(struct padded *p, const struct text_grid *grid)
{
    enum { RULE_WIDTH_MIN = 3 };
    const size_t n_texts = grid->n_rows * grid->n_columns;
    *p = (struct padded){.grid = grid,
                         .texts = calloc(n_texts + 1, sizeof *p->texts),
                         .widths = calloc(grid->n_columns + 1, sizeof *p->widths)};
    if (!p->texts || !p->widths)
        return -1;
    for (size_t c = 0; c < grid->n_columns; c++)
        p->widths[c] = RULE_WIDTH_MIN;
    for (size_t i = 0; i < n_texts; i++) {
        p->texts[i] = md_escape(text_grid_get(grid, i / grid->n_columns, i % grid->n_columns));
        if (!p->texts[i])
            return -1;
        const size_t width = width_of(p->texts[i]);
        size_t *widest = &p->widths[i % grid->n_columns];
        *widest = width > *widest ? width : *widest;
    }
    return 0;
}

static void write_row(FILE *out, const struct padded *p, size_t row)
{
    fputc('|', out);
    for (size_t c = 0; c < p->grid->n_columns; c++) {
        const char *text = p->texts[row * p->grid->n_columns + c];
        const int padding = (int)(p->widths[c] - width_of(text));
        if (c < p->grid->n_left)
            fprintf(out, " %s%*s |", text, padding, "");
        else
            fprintf(out, " %*s%s |", padding, "", text);
    }
    fputc('\n', out);
}

static void write_rule(FILE *out, const struct padded *p)
{
    fputc('|', out);
    for (size_t c = 0; c < p->grid->n_columns; c++) {
        for (size_t i = 0; i < p->widths[c] + 1; i++)
            fputc('-', out);
        fputs(c < p->grid->n_left ? "-|" : ":|", out);
    }
    fputc('\n', out);
}

int text_grid_write(FILE *out, const struct text_grid *grid)
{
    struct padded p = {.texts = NULL};
    const int failed = grid->failed || padded_create(&p, grid);
    for (size_t row = 0; row < grid->n_rows && !failed; row++) {
        write_row(out, &p, row);
        if (row == 0)
            write_rule(out, &p);
    }
    padded_destroy(&p);
    return failed ? -1 : 0;
}

static void begin(FILE *out, const char *title)
{
    fputs("# ", out);
    write_text(out, title);
    fputc('\n', out);
}

static void paragraph(FILE *out, const char *text)
{
    fputc('\n', out);
    write_text(out, text);
    fputc('\n', out);
}

static void begin_list(FILE *out)
{
    fputc('\n', out);
}

static void item(FILE *out, const char *text)
{
    fputs("- ", out);
    write_text(out, text);
    fputc('\n', out);
}

static int grid_block(FILE *out, const struct text_grid *grid)
{
    fputc('\n', out);
    return text_grid_write(out, grid);
}

static void nothing(FILE *out)
{
    (void)out;
}

const struct markup markup_md = {.word = "md",
                                 .begin = begin,
                                 .paragraph = paragraph,
                                 .begin_list = begin_list,
                                 .item = item,
                                 .end_list = nothing,
                                 .grid = grid_block,
                                 .end = nothing};
