/* Grids that name commands. */
#include "runner/exceeded.h"
#include "runner/grid.h"

#include "report_folder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[FOLDER_BYTES], path[FILE_PATH_BYTES];

static void setup(void)
{
    char program[FILE_PATH_BYTES];
    folder_create(folder);
    file_put(file_path(program, folder, "program"), "#!/bin/sh\n", 10);
    cr_assert_eq(chmod(program, 0755), 0);
    file_put(file_path(program, folder, "text"), "no program", 10);
    file_path(path, folder, "grid.json");
}

static void teardown(void)
{
    folder_remove(folder);
}

static void read_good(struct grid *grid, const char *text)
{
    struct error error;
    file_put(path, text, strlen(text));
    cr_assert_eq(grid_read(grid, path, &error), STATUS_OK, "%s", error.message);
}

static void expect_refusal(const char *text, const char *const *parts)
{
    struct grid grid;
    struct error error;
    file_put(path, text, strlen(text));
    cr_assert_eq(grid_read(&grid, path, &error), STATUS_USAGE, "%s", text);
    cr_assert_not_null(strstr(error.message, path), "names the file: %s", error.message);
    for (; *parts; parts++)
        cr_assert_not_null(strstr(error.message, *parts), "'%s' in: %s", *parts, error.message);
}

#define REFUSED(text, ...) expect_refusal(text, (const char *const[]){__VA_ARGS__, NULL})
#define ENTRY(content) "{\"external\": {\n\"mine\": {" content "}}}"
#define COMMAND "\"command\": [\"./program\", \"a b\"],\n"
#define EXTERNAL_TEST(name)                                                                        \
    Test(grid_external, name, .init = setup, .fini = teardown, .timeout = 20)

EXTERNAL_TEST(free_parameters_multiply_and_keep_their_types)
{
    struct grid grid;
    char text[256], program[FILE_PATH_BYTES];
    read_good(&grid, "{\"common\": {\"deep\": true}, \"external\": {\"mine\": {" COMMAND
                     "\"parameters\": [{\"a\": [1, 2.5, \"s\", null, [1, \"t\"]]}, {\"b\": [false, "
                     "\"x\"]}]}}}");
    cr_assert_eq(grid.n_points, 10);
    point_text(&grid.points[0], text, sizeof text);
    cr_assert_str_eq(text, "a=1, b=False, deep=True");
    point_text(&grid.points[9], text, sizeof text);
    cr_assert_str_eq(text, "a=(1,t), b=x, deep=True");
    cr_assert(json_is_integer(json_object_get(grid.points[0].parameter, "a")));
    cr_assert(json_is_true(json_object_get(grid.points[0].parameter, "deep")));
    const struct external *external = grid.points[0].external;
    cr_assert_str_eq(grid.points[0].class->name, "mine");
    cr_assert_null(external->peer_of);
    cr_assert_str_eq(external->folder, folder);
    cr_assert_str_eq(external->program, file_path(program, folder, "./program"));
    grid_destroy(&grid);
}

EXTERNAL_TEST(without_parameters_there_is_one_point)
{
    struct grid grid;
    read_good(&grid, "{\"external\": {\"mine\": {\"command\": [\"sh\"]}}}");
    cr_assert_eq(grid.n_points, 1);
    cr_assert_eq(grid.points[0].external->program[0], '/', "found in PATH: %s",
                 grid.points[0].external->program);
    grid_destroy(&grid);
}

EXTERNAL_TEST(a_peer_has_the_points_of_its_class_each_right_behind)
{
    struct grid grid;
    read_good(&grid, "{\"classifiers\": {\"SVC\": [{\"C\": [1, 2]}], \"LinearSVC\": [{\"penalty\": "
                     "[\"l1\", \"l2\"]}]}, \"external\": {\"a\": {\"command\": [\"./program\"], "
                     "\"peer_of\": \"SVC\"}, \"b\": {\"command\": [\"./program\"], \"peer_of\": "
                     "\"SVC\", \"parameters\": [{\"C\": [7, 2.0]}]}, \"c\": {\"command\": "
                     "[\"./program\"], \"peer_of\": \"LinearSVC\"}}}");
    static const char *const expected[][2] = {{"SVC", "C=1"},      {"a", "C=1"},
                                              {"SVC", "C=2"},      {"a", "C=2"},
                                              {"b", "C=2"},        {"LinearSVC", "penalty=l1"},
                                              {"c", "penalty=l1"}, {"LinearSVC", "penalty=l2"},
                                              {"c", "penalty=l2"}, {"b", "C=7"}};
    enum { N_EXPECTED = sizeof expected / sizeof *expected };
    cr_assert_eq(grid.n_points, N_EXPECTED);
    for (size_t i = 0; i < N_EXPECTED; i++) {
        char text[64];
        point_text(&grid.points[i], text, sizeof text);
        cr_assert_str_eq(grid.points[i].class->name, expected[i][0], "%zu", i);
        cr_assert_str_eq(text, expected[i][1], "%zu", i);
    }
    cr_assert_eq(grid.points[6].fate, POINT_REJECTED, "as the point that it is the peer of");
    cr_assert_eq(parameter_number(&grid.points[1].parameters,
                                  parameter_find(grid.points[1].class->parameters, "tol")),
                 1e-3, "with the defaults of its class");
    grid_destroy(&grid);
}

/* Each point takes a run of the command: nothing is read from the fit of another. */
EXTERNAL_TEST(no_parameter_of_a_peer_is_of_readout)
{
    struct grid grid;
    read_good(&grid, "{\"classifiers\": {\"RandomForestClassifier\": []}, \"external\": {\"a\": {"
                     "\"command\": [\"./program\"], \"peer_of\": \"RandomForestClassifier\"}}}");
    const struct parameter_spec *ours = grid.points[0].class->parameters;
    const struct parameter_spec *theirs = grid.points[1].class->parameters;
    cr_assert(ours[parameter_find(ours, "n_estimators")].is_readout);
    cr_assert_not(theirs[parameter_find(theirs, "n_estimators")].is_readout);
    cr_assert_eq(parameter_count(ours), parameter_count(theirs));
    grid_destroy(&grid);
}

EXTERNAL_TEST(entries_that_are_wrong)
{
    REFUSED("{\"external\": []}", ":1:", "must be an object");
    REFUSED("{\"external\": {}}", ":1:", "'external' is empty");
    REFUSED("{\"externals\": {}}", "did you mean 'external'?");
    REFUSED("{\"external\": {\n\"mine\": [\"./program\"]}}", ":2:", "mine: must be an object");
    REFUSED(ENTRY(""), ":2:", "mine: needs the key 'command'");
    REFUSED(ENTRY("\"comand\": [\"./program\"]"), ":2:", "'comand'", "did you mean 'command'?");
    REFUSED(ENTRY(COMMAND "\"threads\": 1"), ":3:", "unknown key 'threads'");
    REFUSED("{\"external\": {\n\"SVC\": {\"command\": [\"./program\"]}}}",
            ":2:", "'SVC' is the name of a classifier of fmbench's own");
    static const char *const names[] = {"",
                                        "a b",
                                        "../a",
                                        ".a",
                                        "a/b",
                                        "a:b",
                                        "\xc3\xa9",
                                        "a234567890123456789012345678901234567890123456789012345678"
                                        "901234"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"external\": {\n\"%s\": {\"command\": [\"./program\"]}}}",
                 names[i]);
        REFUSED(text, ":2:", "is no name for an external classifier");
    }
}

EXTERNAL_TEST(commands_that_are_wrong)
{
    REFUSED(ENTRY("\n\"command\": \"./program\""), ":3:", "command: needs a list");
    REFUSED(ENTRY("\n\"command\": []"), ":3:", "command: needs a list of one or more words");
    REFUSED(ENTRY("\n\"command\": [\"\"]"), ":3:", "its first word is empty");
    REFUSED(ENTRY("\n\"command\": [\"./program\",\n1]"), ":4:", "word 2 is not a string");
    REFUSED(ENTRY("\n\"command\": [\"./nothing\"]"), ":3:", folder,
            "nothing' is not an executable file");
    REFUSED(ENTRY("\"command\": [\"./text\"]"), "text' is not an executable file");
    REFUSED(ENTRY("\"command\": [\"/tmp\"]"), "'/tmp' is not an executable file");
    REFUSED(ENTRY("\n\"command\": [\"no-such-program\"]"),
            ":3:", "no program 'no-such-program' is found in PATH");
}

EXTERNAL_TEST(parameters_that_are_wrong)
{
    REFUSED(ENTRY(COMMAND "\"parameters\": {\"a\": [1]}"), ":3:", "needs a list of");
    REFUSED(ENTRY(COMMAND "\"parameters\": [1]"), ":3:", "a block must be an object");
    REFUSED(ENTRY(COMMAND "\"parameters\": [{\"a\": 1}]"), ":3:", "a: needs a list of one or more");
    REFUSED(ENTRY(COMMAND "\"parameters\": [{\"a\": []}]"), "a: needs a list of one or more");
    REFUSED(ENTRY(COMMAND "\"parameters\": [{\"a\": [1,\n{\"b\": 1}]}]"),
            ":4:", "a: a value must be");
    REFUSED(ENTRY(COMMAND "\"parameters\": [{\"a\": [[1, [2]]]}]"), "a: a value must be");
    REFUSED(ENTRY(COMMAND "\"parameters\": [{\"a\": [1,\n1.0]}]"),
            ":4:", "a: values 1 and 2 are the same");
    REFUSED(ENTRY(COMMAND "\"parameters\": [{\"a\": [1]},\n{\"a\": [2]}]"),
            ":4:", "duplicate parameter 'a' of mine");
    REFUSED("{\"common\": {\"a\": {}}, \"external\": {\"mine\": {\"command\": [\"./program\"]}}}",
            "a: a value must be");
    char text[4096] = "{\"external\": {\"mine\": {\"command\": [\"./program\"], \"parameters\": [{";
    for (int i = 0; i < 65; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"p%d\": [1]", i ? "," : "",
                 i);
    strcat(text, "}]}}}");
    REFUSED(text, "mine has more than 64 parameters");
}

EXTERNAL_TEST(peers_that_are_wrong)
{
    REFUSED(ENTRY(COMMAND "\"peer_of\": 1"), ":3:", "peer_of: needs the name of a classifier");
    REFUSED(ENTRY(COMMAND "\"peer_of\": \"SVD\""), ":3:", "did you mean 'SVC'?");
    REFUSED(ENTRY(COMMAND "\"peer_of\": \"SVC\""), ":3:", "the grid has no SVC");
    REFUSED(ENTRY(COMMAND "\"peer_of\": \"SVC\",\n\"parameters\": [{\"c\": [1]}]"),
            ":4:", "parameter of mine 'c'");
    REFUSED(ENTRY(COMMAND "\"peer_of\": \"SVC\",\n\"parameters\": [{\"C\": [-1]}]"),
            ":4:", "C: -1 is outside");
}

static size_t count_selected(const struct grid *grid, const char *pattern)
{
    size_t n = 0;
    for (size_t i = 0; i < grid->n_points; i++) {
        const struct option_list patterns = {.n = 1, .items = {pattern}};
        bool selected;
        cr_assert_eq(point_selected(&grid->points[i], &patterns, &selected, NULL), STATUS_OK);
        n += selected;
    }
    return n;
}

static void expect_dead(const struct grid *grid, const char *pattern, const char *part)
{
    const struct option_list patterns = {.n = 1, .items = {pattern}};
    struct error error;
    cr_assert_eq(selection_check(grid, path, &patterns, &error), STATUS_USAGE);
    cr_assert_not_null(strstr(error.message, part), "'%s' in: %s", part, error.message);
}

EXTERNAL_TEST(only_selects_them_too)
{
    struct grid grid;
    read_good(&grid, "{\"classifiers\": {\"SVC\": [{\"C\": [1, 2]}]}, \"external\": {\"SVC.x\": {"
                     "\"command\": [\"./program\"], \"peer_of\": \"SVC\"}, \"mine\": {" COMMAND
                     "\"parameters\": [{\"a\": [1, \"s\", true, [1, 2]]}]}}}");
    cr_assert_eq(count_selected(&grid, "SVC"), 2);
    cr_assert_eq(count_selected(&grid, "SVC*:C=2"), 2);
    cr_assert_eq(count_selected(&grid, "SVC.x:tol=0.001"), 2, "a default");
    cr_assert_eq(count_selected(&grid, "mine:a=1.0"), 1);
    cr_assert_eq(count_selected(&grid, "*:a=(1,2)"), 1);
    cr_assert_eq(count_selected(&grid, "mine:a=True"), 1);
    expect_dead(&grid, "mina", "unknown classifier 'mina', did you mean 'mine'?");
    expect_dead(&grid, "mine:b=1", "unknown parameter of mine 'b'");
    expect_dead(&grid, "mine:a=5", "no point of");
    grid_destroy(&grid);
}

static void add_record(const char *name, const char *peer_of, const char *cell,
                       enum record_status status)
{
    struct record record;
    folder_record_init(&record, name, "{\"C\": 1.0}", 0.5);
    snprintf(record.cell, sizeof record.cell, "%s", cell);
    snprintf(record.peer_of, sizeof record.peer_of, "%s", peer_of);
    record.status = status;
    record.n_repeats = status == RECORD_OK;
    folder_add(folder, &record);
}

EXTERNAL_TEST(what_exceeded_a_limit_is_known_with_its_group)
{
    struct grid grid;
    struct exceeded exceeded;
    struct error error;
    const struct option_list datasets = {.n = 2, .items = {"fashion", "mnist"}};
    read_good(&grid, "{\"classifiers\": {\"SVC\": [{\"C\": [1, 2]}]}, \"external\": {\"a\": {"
                     "\"command\": [\"./program\"], \"peer_of\": \"SVC\"}, \"b\": {\"command\": "
                     "[\"./program\"], \"peer_of\": \"SVC\"}}}");
    add_record("SVC", "", "01", RECORD_TIMEOUT); /* and later it did not */
    add_record("SVC", "", "01", RECORD_OK);
    add_record("a", "SVC", "02", RECORD_OUT_OF_MEMORY);
    add_record("b", "SVC", "03", RECORD_OK);
    cr_assert_eq(exceeded_read(&exceeded, folder, &datasets, &error), STATUS_OK, "%s",
                 error.message);
    for (size_t i = 0; i < grid.n_points; i++) {
        const bool is_first = i < 3, is_a = strcmp(grid.points[i].class->name, "a") == 0;
        bool itself, any;
        cr_assert_eq(exceeded_by(&exceeded, "fashion", &grid.points[i], &itself, NULL), STATUS_OK);
        cr_assert_eq(exceeded_by_any(&exceeded, "fashion", &grid.points[i], &any, NULL), STATUS_OK);
        cr_assert_eq(itself, is_first && is_a, "%zu", i);
        cr_assert_eq(any, is_first, "%zu", i);
        cr_assert_eq(exceeded_by_any(&exceeded, "mnist", &grid.points[i], &any, NULL), STATUS_OK);
        cr_assert_not(any);
    }
    exceeded_destroy(&exceeded);
    cr_assert_eq(exceeded_read(&exceeded, "/nowhere", &datasets, &error), STATUS_OK);
    exceeded_destroy(&exceeded);
    grid_destroy(&grid);
}
