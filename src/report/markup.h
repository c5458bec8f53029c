/*
 * The languages that the table can be pasted in. A document is a title, then blocks: paragraphs,
 * lists and tables. Texts are plain: a markup writes them so that they read as they are, on one
 * line. Errors of writing stay in the stream.
 */
#ifndef FMBENCH_REPORT_MARKUP_H
#define FMBENCH_REPORT_MARKUP_H

#include "report/text_grid.h"

#include <stdio.h>

struct markup {
    const char *word; /* the --format */
    void (*begin)(FILE *out, const char *title);
    void (*paragraph)(FILE *out, const char *text);
    void (*begin_list)(FILE *out);
    void (*item)(FILE *out, const char *text);
    void (*end_list)(FILE *out);
    int (*grid)(FILE *out, const struct text_grid *grid); /* 0, or -1 when memory is short */
    void (*end)(FILE *out);
};

extern const struct markup markup_md;   /* Markdown, columns padded to their widest text */
extern const struct markup markup_html; /* a whole page, without style or script */
/* A part to \input, which says in its first lines what packages the document needs. */
extern const struct markup markup_tex;

/* The text as Markdown; release with free. NULL when memory is short. */
char *md_escape(const char *text);

/* The table alone, in Markdown. */
int text_grid_write(FILE *out, const struct text_grid *grid);

/* As markup->item, with a format. 0, or -1 when memory is short. */
int markup_item(FILE *out, const struct markup *markup, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
