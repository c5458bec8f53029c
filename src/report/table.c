#include "report/table.h"

#include "report/finish.h"
#include "report/table_model.h"

#include <string.h>

struct format {
    const char *word;
    int (*write)(FILE *out, const struct table *table); /* or a document in this markup: */
    const struct markup *markup;
};

/* In the order of enum table_format. */
static const struct format formats[] = {
    {"md", NULL, &markup_md},   {"csv", table_write_csv, NULL}, {"json", table_write_json, NULL},
    {"tex", NULL, &markup_tex}, {"html", NULL, &markup_html},
};

enum status table_format_find(enum table_format *format, const char *word, struct error *error)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].word, word) == 0) {
            *format = (enum table_format)i;
            return STATUS_OK;
        }
    return error_set(error, STATUS_USAGE,
                     "unknown format '%s'; there are md, csv, json, tex and html", word);
}

static int write_format(FILE *out, const struct format *format, const struct table *table)
{
    return format->write ? format->write(out, table) : table_write_text(out, format->markup, table);
}

enum status table_write(FILE *out, const struct table_request *request, struct error *error)
{
    struct results results = {0};
    struct reference reference = {0};
    struct table table = {0};
    enum status status = results_read(&results, &request->results, error);
    if (!status && request->reference)
        status = reference_read(&reference, request->reference, error);
    if (status)
        goto cleanup;
    const struct table_sources sources = {.results = &results,
                                          .reference = request->reference ? &reference : NULL,
                                          .planned = request->planned,
                                          .n_planned = request->n_planned};
    status = table_build(&table, &sources, error);
    if (!status)
        status = table_judge(&table, request->results.directory, error);
    if (status)
        goto cleanup;
    if (write_format(out, &formats[request->format], &table))
        status = error_memory(error, "the text of the table", 0);
    else
        status = report_finish(out, "the table", error);
cleanup:
    table_destroy(&table);
    reference_destroy(&reference);
    results_destroy(&results);
    return status;
}
