#include "runner/known_datasets.h"

#include "runner/text_file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* NULL: a stanza that does not tell it. */
static const char *content_of(const json_t *stanza)
{
    return json_string_value(json_object_get(stanza, "content"));
}

static void find(struct known_dataset *known, json_t *root, const char *name, const char *hash)
{
    const char *key;
    json_t *stanza;
    json_object_foreach(root, key, stanza)
    {
        const char *content = content_of(stanza);
        const bool is_that = content && strcmp(content, hash) == 0;
        if (content && strcmp(key, name) == 0) {
            known->has_content = true;
            known->is_that = is_that;
        }
        if (is_that)
            snprintf(known->by_content, sizeof known->by_content, "%s", key);
    }
}

static enum status read_root(json_t **root, const char *path, struct error *error)
{
    char *text;
    json_error_t where;
    const enum status status = text_file_read(path, &text, error);
    if (status)
        return status;
    *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    free(text);
    if (json_is_object(*root))
        return STATUS_OK;
    error_set(error, STATUS_USAGE, "%s: line %d: %s", path, *root ? 1 : where.line,
              *root ? "expected an object" : where.text);
    json_decref(*root);
    return STATUS_USAGE;
}

enum status known_dataset_find(struct known_dataset *known, const char *path, const char *name,
                               const char *hash, struct error *error)
{
    json_t *root;
    *known = (struct known_dataset){.has_content = false};
    const enum status status = read_root(&root, path, error);
    if (status)
        return status;
    find(known, root, name, hash);
    json_decref(root);
    return STATUS_OK;
}

enum status known_dataset_is_transposed(bool *is_transposed, const char *path, const char *name,
                                        struct error *error)
{
    json_t *root;
    enum status status = read_root(&root, path, error);
    if (status)
        return status;
    const json_t *value = json_object_get(json_object_get(root, name), "transposed");
    *is_transposed = json_is_true(value);
    if (value && !json_is_boolean(value))
        status = error_set(error, STATUS_USAGE, "%s: %s: transposed: expected true or false", path,
                           name);
    json_decref(root);
    return status;
}
