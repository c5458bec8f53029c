#include "report/program.h"

#include <string.h>

struct program program_of(const struct record *record)
{
    return (struct program){.version = record->version,
                            .source = record->environment.source,
                            .compiler = record->environment.compiler,
                            .flags = record->environment.flags};
}

static bool text_differs(const char *what, const char *first, const char *second,
                         struct program_difference *difference)
{
    *difference = (struct program_difference){.what = what, .first = first, .second = second};
    return strcmp(first, second) != 0;
}

bool program_differs(const struct program *a, const struct program *b,
                     struct program_difference *difference)
{
    const bool tells_source = *a->source && *b->source;
    const bool is_other_version = text_differs("version", a->version, b->version, difference);
    if (!tells_source)
        return is_other_version;
    if (strcmp(a->source, b->source) != 0) /* the versions say it best, where they differ */
        return is_other_version || text_differs("source", a->source, b->source, difference);
    return text_differs("compiler", a->compiler, b->compiler, difference) ||
           text_differs("flags", a->flags, b->flags, difference);
}

/* Records of earlier versions have git's word for it alone. */
bool program_is_modified(const struct record *record)
{
    static const char suffix[] = "-dirty";
    const size_t length = strlen(record->version), n = sizeof suffix - 1;
    if (record->environment.is_modified >= 0)
        return record->environment.is_modified;
    return length >= n && strcmp(record->version + length - n, suffix) == 0;
}
