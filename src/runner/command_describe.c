/* fmbench describe: the classifier classes and their parameters, from their tables. */
#include "classifiers/classifier.h"
#include "runner/command.h"
#include "runner/nearest.h"
#include "runner/options.h"
#include "runner/parameter_json.h"

#include <math.h>
#include <stdio.h>

static void print_allowed(const struct parameter_spec *spec)
{
    if (spec->type == PARAMETER_CHOICE) {
        for (size_t i = 0; spec->choices[i]; i++)
            printf("%s%s", i ? ", " : "one of ", spec->choices[i]);
        return;
    }
    const bool is_list = spec->type == PARAMETER_INTEGER_LIST || spec->type == PARAMETER_REAL_LIST;
    const bool is_whole = spec->type == PARAMETER_INTEGER || spec->type == PARAMETER_INTEGER_LIST;
    printf("%s%s%s in %c%g, %g]", is_list ? "list of " : "", is_whole ? "whole number" : "number",
           is_list ? "s" : "", spec->minimum_excluded ? '(' : '[', spec->minimum, spec->maximum);
    if (spec->none_allowed)
        printf(" or None");
}

static void print_class(const struct classifier_class *class)
{
    char fallback[256];
    printf("%s: %s\n", class->name, class->summary);
    for (const struct parameter_spec *spec = class->parameters; spec->name; spec++) {
        parameter_to_text(spec, &spec->fallback, fallback, sizeof fallback);
        printf("  %s = %s: %s; ", spec->name, fallback, spec->summary);
        print_allowed(spec);
        putchar('\n');
    }
}

static int unknown_class(const char *name)
{
    struct error error;
    char what[UNKNOWN_TEXT_BYTES];
    unknown_text(what, "classifier", name, nearest_classifier(name));
    error_set(&error, STATUS_USAGE, "%s", what);
    return command_fail(&error);
}

static int describe(const struct command *command, int argc, char **argv)
{
    struct options o;
    const int done = command_options(command, &o, argc, argv);
    if (done >= 0)
        return done;
    for (size_t i = 0; i < o.arguments.n; i++) {
        const struct classifier_class *class = classifier_find(o.arguments.items[i]);
        if (!class)
            return unknown_class(o.arguments.items[i]);
        print_class(class);
    }
    for (size_t i = 0; o.arguments.n == 0 && classifier_registry[i]; i++)
        print_class(classifier_registry[i]);
    if (o.arguments.n == 0)
        puts("A grid may name commands as classifiers too: see \"Other implementations\" in the "
             "README.");
    return 0;
}

const struct command command_describe = {
    .name = "describe",
    .usage = "[CLASSIFIER]...",
    .summary = "the classifiers, their parameters and defaults",
    .options = "h",
    .examples = "  fmbench describe\n"
                "  fmbench describe SVC LinearSVC\n",
    .takes_arguments = true,
    .run = describe,
};
