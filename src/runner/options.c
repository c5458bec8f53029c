#include "runner/options.h"

#include "report/field.h"
#include "report/record.h"
#include "runner/nearest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_type {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_LIST,
    OPTION_COUNT,
    OPTION_BYTES,
    OPTION_REAL,
    OPTION_SHARD
};

struct option_spec {
    char letter; /* in the `accepted` of a subcommand */
    const char *name, *value, *meaning;
    enum option_type type;
    double minimum, maximum; /* COUNT, SECONDS */
};

/* The largest whole number that JSON readers and strtod keep apart from its neighbours. */
#define SEED_MAX 9007199254740991.0

static const struct option_spec specs[] = {
    {'g', "--grid", "FILE", "the grid of configurations (configs/published.json)", OPTION_TEXT, 0,
     0},
    {'c', "--costs", "FILE", "what cells are expected to take (configs/costs.json)", OPTION_TEXT, 0,
     0},
    {'d', "--dataset", "NAME", "a dataset; may be repeated (fashion and mnist)", OPTION_LIST, 0, 0},
    {'o', "--only", "PATTERN", "only cells that match NAME or NAME:KEY=VALUE,...; may be repeated",
     OPTION_LIST, 0, 0},
    {'t', "--limit-train", "N", "keep the first N training rows", OPTION_COUNT, 1, 4e9},
    {'T', "--limit-test", "N", "keep the first N test rows", OPTION_COUNT, 1, 4e9},
    {'r', "--repeats", "R", "repeats of each cell (1)", OPTION_COUNT, 1, RECORD_REPEATS_MAX},
    {'s', "--seed", "S", "seed of all random numbers (0)", OPTION_COUNT, 0, SEED_MAX},
    {'j', "--jobs", "J", "cells at once (one for each core)", OPTION_COUNT, 1, 1024},
    {'p', "--threads", "T", "threads of each cell (1)", OPTION_COUNT, 1, 1024},
    {'m', "--memory", "BYTES", "limit of each cell, e.g. 8G (its share of 9/10 of the memory)",
     OPTION_BYTES, 0, 0},
    {'w', "--timeout", "SECONDS", "limit of each cell, 0 for none (7200)", OPTION_REAL, 0, 1e9},
    {'R', "--results", "DIR", "folder of the results (results)", OPTION_TEXT, 0, 0},
    {'D', "--data", "DIR", "folder that holds a folder for each dataset (data)", OPTION_TEXT, 0, 0},
    {'P', "--plan", NULL, "what a run would fit, what reads from it, and how long it should take",
     OPTION_FLAG, 0, 0},
    {'H', "--shard", "I/N", "the share of the cells that the machine I of N machines runs",
     OPTION_SHARD, 0, 0},
    {'n', "--no-share", NULL, "fit for every cell, even those that could read from another's fit",
     OPTION_FLAG, 0, 0},
    {'f', "--force", NULL, "run cells again that the journal already has", OPTION_FLAG, 0, 0},
    {'y', "--retry", NULL, "run cells again that the journal has as not ok", OPTION_FLAG, 0, 0},
    {'x', "--only-exceeded", "DIR",
     "only cells that exceeded a limit in the results folder DIR, and those they are compared with",
     OPTION_TEXT, 0, 0},
    {'X', "--skip-exceeded", "DIR", "not the cells that exceeded a limit there, with any seed",
     OPTION_TEXT, 0, 0},
    {'F', "--format", "NAME",
     "of the output (md); table: csv, json, tex, html; compare: json, tex, html; scaling: gnuplot; "
     "list --plan: json",
     OPTION_TEXT, 0, 0},
    {'e', "--reference", "FILE",
     "accuracies to compare with (for table and show: the published ones)", OPTION_TEXT, 0, 0},
    {'A', "--alpha", "P", "probability of a false alarm (0.05)", OPTION_REAL, 1e-12, 0.5},
    {'M', "--min-difference", "D", "accuracies that differ by less count as equal (0)", OPTION_REAL,
     0, 1},
    {'I', "--time-ratio", "R", "times that differ by a smaller factor count as equal (1.25)",
     OPTION_REAL, 1, 1e6},
    {'S', "--min-seconds", "S", "times that differ by less count as equal (0.05)", OPTION_REAL, 0,
     1e6},
    {'v', "--variant", "NAME", "easy or hard (easy)", OPTION_TEXT, 0, 0},
    {'a', "--n-train", "N", "training rows (60000)", OPTION_COUNT, 10, 4e9},
    {'b', "--n-test", "N", "test rows (10000)", OPTION_COUNT, 10, 4e9},
    {'l', "--plain", NULL, "write plain files, which are mapped, not read", OPTION_FLAG, 0, 0},
    {'i', "--mixed", NULL, "take rows of different programs together", OPTION_FLAG, 0, 0},
    {'N', "--rerun", "N", "repeat N random cells and compare prediction for prediction",
     OPTION_COUNT, 1, 1e6},
    {'h', "--help", NULL, "this text", OPTION_FLAG, 0, 0},
};
enum { N_SPECS = sizeof specs / sizeof *specs };

static const struct option_spec *find_option(const char *name, const char *accepted)
{
    for (size_t i = 0; i < N_SPECS; i++)
        if (strcmp(specs[i].name, name) == 0 && strchr(accepted, specs[i].letter))
            return &specs[i];
    return NULL;
}

static enum status unknown_option(const char *name, const char *accepted, struct error *error)
{
    const char *known[N_SPECS];
    char what[UNKNOWN_TEXT_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < N_SPECS; i++)
        if (strchr(accepted, specs[i].letter))
            known[n++] = specs[i].name;
    unknown_text(what, "option", name, nearest_name(name, known, n));
    return error_set(error, STATUS_USAGE, "%s", what);
}

/* A number with nothing behind it; for bytes also K, M, G or T, powers of 1024. */
static enum status read_number(const struct option_spec *spec, const char *text, double *number,
                               struct error *error)
{
    static const char units[] = "KMGT";
    const bool is_bytes = spec->type == OPTION_BYTES;
    const double minimum = is_bytes ? 1 << 20 : spec->minimum;
    const double maximum = is_bytes ? 0x1p60 : spec->maximum;
    char *end;
    *number = strtod(text, &end);
    const char *unit = is_bytes && *end ? strchr(units, *end) : NULL;
    if (unit) {
        *number *= pow(1024, (double)(unit - units + 1));
        end++;
    }
    if (end == text || *end || !isfinite(*number) ||
        (spec->type != OPTION_REAL && *number != floor(*number)))
        return error_set(error, STATUS_USAGE, "%s: '%s' is not a number%s", spec->name, text,
                         is_bytes ? " of bytes such as 8G" : "");
    if (*number < minimum || *number > maximum)
        return error_set(error, STATUS_USAGE, "%s: %s is outside [%.0f, %.0f]", spec->name, text,
                         minimum, maximum);
    return STATUS_OK;
}

static void store_number(struct options *o, char letter, double number)
{
    switch (letter) {
    case 't':
        o->limit_train = (size_t)number;
        break;
    case 'T':
        o->limit_test = (size_t)number;
        break;
    case 'a':
        o->n_train = (size_t)number;
        break;
    case 'b':
        o->n_test = (size_t)number;
        break;
    case 'r':
        o->repeats = (size_t)number;
        break;
    case 'j':
        o->jobs = (size_t)number;
        break;
    case 'p':
        o->threads = (int)number;
        break;
    case 's':
        o->seed = (uint64_t)number;
        break;
    case 'w':
        o->timeout_s = number;
        break;
    case 'A':
        o->alpha = number;
        break;
    case 'M':
        o->min_difference = number;
        break;
    case 'I':
        o->time_ratio = number;
        break;
    case 'S':
        o->min_seconds = number;
        break;
    case 'm':
        o->memory_bytes = (uint64_t)number;
        break;
    case 'N':
        o->rerun = (size_t)number;
        break;
    }
}

static void store_text(struct options *o, char letter, const char *text)
{
    switch (letter) {
    case 'g':
        o->grid = text;
        break;
    case 'c':
        o->costs = text;
        break;
    case 'R':
        o->results = text;
        break;
    case 'D':
        o->data = text;
        break;
    case 'F':
        o->format = text;
        break;
    case 'e':
        o->reference = text;
        break;
    case 'v':
        o->variant = text;
        break;
    case 'x':
        o->only_exceeded = text;
        break;
    case 'X':
        o->skip_exceeded = text;
        break;
    }
}

static void store_flag(struct options *o, char letter)
{
    o->no_share |= letter == 'n';
    o->force |= letter == 'f';
    o->retry |= letter == 'y';
    o->plan |= letter == 'P';
    o->mixed |= letter == 'i';
    o->plain |= letter == 'l';
    o->help |= letter == 'h';
}

static enum status add_to_list(struct option_list *list, const char *name, const char *text,
                               struct error *error)
{
    if (list->n == OPTION_LIST_MAX)
        return error_set(error, STATUS_USAGE, "%s: more than %d of them", name, OPTION_LIST_MAX);
    list->items[list->n++] = text;
    return STATUS_OK;
}

static enum status store_shard(struct options *o, const char *text, struct error *error)
{
    char behind;
    if (text[strspn(text, "0123456789/")] ||
        sscanf(text, "%7zu/%7zu%c", &o->shard, &o->n_shards, &behind) != 2)
        return error_set(error, STATUS_USAGE,
                         "--shard: '%s' is not I/N such as 1/4, the first of four", text);
    if (o->shard < 1 || o->shard > o->n_shards)
        return error_set(error, STATUS_USAGE, "--shard: %zu is outside [1, %zu]", o->shard,
                         o->n_shards);
    return STATUS_OK;
}

static enum status store_value(struct options *o, const struct option_spec *spec, const char *text,
                               struct error *error)
{
    double number;
    if (spec->type == OPTION_LIST)
        return add_to_list(spec->letter == 'd' ? &o->datasets : &o->only, spec->name, text, error);
    if (spec->type == OPTION_TEXT) {
        store_text(o, spec->letter, text);
        return STATUS_OK;
    }
    if (spec->type == OPTION_SHARD)
        return store_shard(o, text, error);
    const enum status status = read_number(spec, text, &number, error);
    if (!status)
        store_number(o, spec->letter, number);
    return status;
}

static void set_defaults(struct options *o)
{
    *o = (struct options){.data = "data",
                          .results = "results",
                          .format = "md",
                          .variant = "easy",
                          .n_train = 60000,
                          .n_test = 10000,
                          .repeats = 1,
                          .threads = 1,
                          .shard = 1,
                          .n_shards = 1,
                          .timeout_s = 7200,
                          .alpha = 0.05,
                          .time_ratio = 1.25,
                          .min_seconds = 0.05};
}

/* One argument, and its value from the next one or from behind '='. */
static enum status take_argument(struct options *o, int argc, char **argv, int *at,
                                 const char *accepted, struct error *error)
{
    char name[64];
    const char *argument = argv[*at], *equals = strchr(argument, '=');
    if (strncmp(argument, "--", 2) != 0)
        return add_to_list(&o->arguments, "arguments", argument, error);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    const struct option_spec *spec = find_option(name, accepted);
    if (!spec)
        return unknown_option(name, accepted, error);
    if (spec->type == OPTION_FLAG) {
        if (equals)
            return error_set(error, STATUS_USAGE, "%s takes no value", spec->name);
        store_flag(o, spec->letter);
        return STATUS_OK;
    }
    if (!equals && *at + 1 == argc)
        return error_set(error, STATUS_USAGE, "%s needs a value", spec->name);
    if (!equals && strncmp(argv[*at + 1], "--", 2) == 0)
        return error_set(error, STATUS_USAGE, "%s needs a value before %s; if that is it: %s=%s",
                         spec->name, argv[*at + 1], spec->name, argv[*at + 1]);
    return store_value(o, spec, equals ? equals + 1 : argv[++*at], error);
}

enum status options_parse(struct options *options, int argc, char **argv, const char *accepted,
                          struct error *error)
{
    set_defaults(options);
    for (int at = 0; at < argc; at++) {
        const enum status status = take_argument(options, argc, argv, &at, accepted, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

void options_describe(const char *accepted, FILE *out)
{
    enum { FORM_COLUMNS = 20 };
    for (size_t i = 0; i < N_SPECS; i++) {
        char form[64];
        if (!strchr(accepted, specs[i].letter))
            continue;
        snprintf(form, sizeof form, "%s %s", specs[i].name, specs[i].value ? specs[i].value : "");
        field_write(out, FORM_COLUMNS, form, specs[i].meaning);
    }
}
