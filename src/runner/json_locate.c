#include "runner/json_locate.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* `p` is at the opening quote. */
static const char *skip_string(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

static const char *skip_value(const char *p)
{
    if (*p == '"')
        return skip_string(p);
    if (*p != '{' && *p != '[')
        return p + strcspn(p, ",]} \t\r\n");
    size_t depth = 0;
    do {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        if (*p == '{' || *p == '[')
            depth++;
        if (*p == '}' || *p == ']')
            depth--;
        p++;
    } while (*p && depth > 0);
    return p;
}

/* The parser decodes it: a key may be written with escapes. */
static bool is_key(const char *p, const char *key)
{
    const size_t length = (size_t)(skip_string(p) - p);
    json_t *written = json_loadb(p, length, JSON_DECODE_ANY, NULL);
    const bool same = written && strcmp(json_string_value(written), key) == 0;
    json_decref(written);
    return same;
}

/* From a container to what the step names, or NULL; *value is then the value itself. */
static const char *descend(const char *p, const struct json_step *step, const char **value)
{
    const bool is_object = *p == '{';
    if ((*p != '{' && *p != '[') || is_object != (step->key != NULL))
        return NULL;
    p = skip_space(p + 1);
    for (size_t i = 0; *p && *p != '}' && *p != ']'; i++) {
        const char *const item = p;
        if (is_object) {
            p = skip_space(skip_string(p));
            p = skip_space(p + (*p == ':'));
        }
        if (is_object ? is_key(item, step->key) : i == step->index) {
            *value = p;
            return item;
        }
        p = skip_space(skip_value(p));
        p = skip_space(p + (*p == ','));
    }
    return NULL;
}

size_t json_locate(const char *text, const struct json_step *steps, size_t n_steps)
{
    const char *value = skip_space(text), *at = value;
    for (size_t i = 0; i < n_steps; i++) {
        const char *const next = descend(value, &steps[i], &value);
        if (!next)
            break;
        at = next;
    }
    size_t line = 1;
    for (const char *p = text; p < at; p++)
        line += *p == '\n';
    return line;
}
