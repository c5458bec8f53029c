/* Reading the key `external` of a grid: classifiers that are commands. */
#include "report/parameter_text.h"
#include "runner/grid_reader.h"
#include "runner/nearest.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A record and a file of predictions have the name in theirs, and --only sets it before a colon. */
static enum status check_name(const struct grid_reader *r, struct place at, const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    const size_t length = strlen(name);
    if (length == 0 || length >= EXTERNAL_NAME_BYTES || strspn(name, letters) == 0 ||
        strspn(name, others) != length)
        return grid_complain(r, at,
                             "'%.80s' is no name for an external classifier: 1 to %d letters, "
                             "digits and . _ + -, a letter or digit first",
                             name, EXTERNAL_NAME_BYTES - 1);
    if (classifier_find(name))
        return grid_complain(r, at, "'%s' is the name of a classifier of fmbench's own", name);
    return STATUS_OK;
}

static bool is_executable(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/*
 * The file of PATH that has this name; *program is NULL when there is none. A folder of PATH that
 * is relative does not count: the command runs elsewhere.
 */
static enum status search_path(const char *name, char **program, struct error *error)
{
    const char *folders = getenv("PATH");
    for (const char *p = folders ? folders : "/usr/bin:/bin"; *p; p += *p == ':') {
        const size_t length = strcspn(p, ":");
        const char *folder = p;
        p += length;
        if (*folder != '/')
            continue;
        if (asprintf(program, "%.*s/%s", (int)length, folder, name) < 0) {
            *program = NULL;
            return error_memory(error, "a path", 0);
        }
        if (is_executable(*program))
            return STATUS_OK;
        free(*program);
        *program = NULL;
    }
    return STATUS_OK;
}

static enum status find_program(const struct grid_reader *r, struct external *external,
                                struct place at)
{
    const char *word = json_string_value(json_array_get(external->command, 0));
    if (!strchr(word, '/')) {
        const enum status status = search_path(word, &external->program, r->error);
        if (!status && !external->program)
            return grid_complain(r, at, "command: no program '%.200s' is found in PATH", word);
        return status;
    }
    const bool is_absolute = *word == '/';
    if (asprintf(&external->program, "%s%s%s", is_absolute ? "" : external->folder,
                 is_absolute ? "" : "/", word) < 0) {
        external->program = NULL;
        return error_memory(r->error, "a path", 0);
    }
    if (!is_executable(external->program))
        return grid_complain(r, at, "command: '%.200s' is not an executable file",
                             external->program);
    return STATUS_OK;
}

static enum status read_command(const struct grid_reader *r, struct external *external,
                                const json_t *command, struct place entry)
{
    const struct place at = place_key(entry, "command");
    size_t i;
    json_t *word;
    if (!command)
        return grid_complain(r, entry, "%s: needs the key 'command'", external->name);
    if (!json_is_array(command) || json_array_size(command) == 0)
        return grid_complain(r, at, "command: needs a list of one or more words");
    if (json_array_size(command) > EXTERNAL_COMMAND_MAX)
        return grid_complain(r, at, "command: has more than %d words", EXTERNAL_COMMAND_MAX);
    json_array_foreach(command, i, word)
    {
        if (!json_is_string(word))
            return grid_complain(r, place_item(at, i), "command: word %zu is not a string", i + 1);
    }
    if (json_string_length(json_array_get(command, 0)) == 0)
        return grid_complain(r, place_item(at, 0), "command: its first word is empty");
    external->command = json_deep_copy(command);
    if (!external->command)
        return error_memory(r->error, "a command", 0);
    return find_program(r, external, place_item(at, 0));
}

/* What is read from one fit of ours takes a run of the command each. */
static void copy_parameters(struct external *external)
{
    const struct parameter_spec *table = external->peer_of->parameters;
    for (size_t i = 0; table[i].name; i++) {
        external->parameters[i] = table[i];
        external->parameters[i].is_readout = false;
    }
}

static enum status read_peer_of(const struct grid_reader *r, struct external *external,
                                const json_t *value, struct place entry)
{
    const struct place at = place_key(entry, "peer_of");
    if (value) {
        const char *word = json_string_value(value);
        if (!word)
            return grid_complain(r, at, "peer_of: needs the name of a classifier");
        external->peer_of = classifier_find(word);
        if (!external->peer_of) {
            char what[UNKNOWN_TEXT_BYTES];
            unknown_text(what, "classifier", word, nearest_classifier(word));
            return grid_complain(r, at, "peer_of: %s", what);
        }
        copy_parameters(external);
        external->class.check = external->peer_of->check;
        external->class.rejected_2017 = external->peer_of->rejected_2017;
        external->class.unfinished_2017 = external->peer_of->unfinished_2017;
    }
    external->class.parameters = external->parameters;
    external->class.name = external->name;
    external->class.summary = "a command that the grid names";
    return STATUS_OK;
}

/* The absolute path of the folder that the grid stands in. */
static enum status find_folder(const struct grid_reader *r, struct external *external)
{
    char *copy = strdup(r->path); /* dirname writes into it */
    if (copy)
        external->folder = realpath(dirname(copy), NULL);
    free(copy);
    return external->folder
               ? STATUS_OK
               : error_set(r->error, STATUS_USAGE,
                           "%s: the folder that it stands in cannot be found", r->path);
}

static enum status check_keys(const struct grid_reader *r, const char *name, json_t *entry,
                              struct place at)
{
    static const char *const known[] = {"command", "peer_of", "parameters"};
    enum { N_KNOWN = sizeof known / sizeof *known };
    const char *key;
    json_t *unused;
    if (!json_is_object(entry))
        return grid_complain(r, at, "%s: must be an object with the key 'command'", name);
    json_object_foreach(entry, key, unused)
    {
        size_t i = 0;
        while (i < N_KNOWN && strcmp(key, known[i]) != 0)
            i++;
        if (i == N_KNOWN)
            return grid_complain_unknown(r, place_key(at, key), "key",
                                         nearest_name(key, known, N_KNOWN));
    }
    return STATUS_OK;
}

/* Its own points, or those that the grid has of the class it is the peer of. */
static enum status add_points(struct grid_reader *r, const struct external *external,
                              const json_t *parameters, struct place entry)
{
    json_t *none = json_array();
    struct point_source source = {.class = &external->class,
                                  .external = external,
                                  .blocks = parameters,
                                  .at = place_key(entry, "parameters")};
    enum status status = STATUS_OK;
    if (!parameters && external->peer_of) {
        const char *peer = external->peer_of->name;
        source.blocks = json_object_get(json_object_get(r->root, "classifiers"), peer);
        source.at = place_key(place_key((struct place){.n_steps = 0}, "classifiers"), peer);
        if (!source.blocks)
            status = grid_complain(r, place_key(entry, "peer_of"),
                                   "%s: the grid has no %s whose points it could have; add them to "
                                   "'classifiers', or give it 'parameters'",
                                   external->name, peer);
    } else if (!parameters) {
        source.blocks = none;
    }
    if (!status)
        status = grid_add_points(r, &source);
    json_decref(none);
    return status;
}

static enum status add_external(struct grid_reader *r, const char *name, json_t *entry,
                                struct place at)
{
    enum status status = check_name(r, at, name);
    if (!status)
        status = check_keys(r, name, entry, at);
    if (status)
        return status;
    struct external *external = calloc(1, sizeof *external);
    if (!external)
        return error_memory(r->error, "an external classifier", sizeof *external);
    r->grid->externals[r->grid->n_externals++] = external;
    snprintf(external->name, sizeof external->name, "%s", name);
    status = find_folder(r, external);
    if (!status)
        status = read_peer_of(r, external, json_object_get(entry, "peer_of"), at);
    if (!status)
        status = read_command(r, external, json_object_get(entry, "command"), at);
    if (!status)
        status = add_points(r, external, json_object_get(entry, "parameters"), at);
    return status;
}

enum status grid_add_externals(struct grid_reader *r, json_t *externals)
{
    const struct place within = place_key((struct place){.n_steps = 0}, "external");
    const char *name;
    json_t *entry;
    const size_t n_most = json_object_size(externals) + 1;
    r->grid->externals = calloc(n_most, sizeof(struct external *));
    if (!r->grid->externals)
        return error_memory(r->error, "the external classifiers", n_most);
    json_object_foreach(externals, name, entry)
    {
        const enum status status = add_external(r, name, entry, place_key(within, name));
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* Where a point stands when each peer comes right behind the point that it is compared with. */
struct turn {
    size_t anchor; /* index of that point, or of this one */
    bool is_peer;
    size_t index;
};

static int compare_turns(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;
    if (x->anchor != y->anchor)
        return x->anchor < y->anchor ? -1 : 1;
    if (x->is_peer != y->is_peer)
        return x->is_peer ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

/* One text for points that are to be compared; release with free. */
static char *turn_key(const struct point *point)
{
    const struct external *external = point->external;
    const char *name = external && external->peer_of ? external->peer_of->name : point->class->name;
    char *parameter = parameter_key(point->parameter), *key = NULL;
    if (parameter && asprintf(&key, "%s %s", name, parameter) < 0)
        key = NULL;
    free(parameter);
    return key;
}

/* `anchors` gets the index of each point of ours by its key. */
static enum status take_turn(struct turn *turn, const struct point *point, json_t *anchors,
                             struct error *error)
{
    char *key = turn_key(point);
    turn->anchor = turn->index;
    turn->is_peer = point->external != NULL;
    const json_t *anchor = json_object_get(anchors, key);
    if (turn->is_peer && anchor)
        turn->anchor = (size_t)json_integer_value(anchor);
    const int failed =
        !key || (!turn->is_peer &&
                 json_object_set_new(anchors, key, json_integer((json_int_t)turn->index)));
    free(key);
    return failed ? error_memory(error, "the points of the grid", 0) : STATUS_OK;
}

/* Our points come first in the grid, so that their keys are known when a peer asks. */
enum status grid_put_peers_in_turn(struct grid *grid, struct error *error)
{
    const size_t n = grid->n_points;
    struct turn *turns = calloc(n + 1, sizeof *turns);
    struct point *sorted = calloc(n + 1, sizeof *sorted);
    json_t *anchors = json_object();
    enum status status = turns && sorted && anchors
                             ? STATUS_OK
                             : error_memory(error, "the points of the grid", n * sizeof *sorted);
    for (size_t i = 0; i < n && !status; i++) {
        turns[i].index = i;
        status = take_turn(&turns[i], &grid->points[i], anchors, error);
    }
    if (!status) {
        qsort(turns, n, sizeof *turns, compare_turns);
        for (size_t i = 0; i < n; i++)
            sorted[i] = grid->points[turns[i].index];
        free(grid->points);
        grid->points = sorted;
        sorted = NULL;
    }
    free(turns);
    free(sorted);
    json_decref(anchors);
    return status;
}
