/* What --only selects, and what it refuses. */
#include "runner/grid.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static size_t count_selected(const struct grid *grid, const char *pattern, struct error *error)
{
    const struct option_list patterns = {.n = 1, .items = {pattern}};
    size_t n = 0;
    for (size_t i = 0; i < grid->n_points; i++) {
        bool selected = false;
        if (point_selected(&grid->points[i], &patterns, &selected, error))
            return SIZE_MAX;
        n += selected;
    }
    return n;
}

Test(selection, only_selects_by_name_and_parameters, .timeout = 10)
{
    struct grid grid;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(grid_read(&grid, "configs/published.json", NULL), STATUS_OK);
    cr_assert_eq(count_selected(&grid, "SVC", &error), 12);
    cr_assert_eq(count_selected(&grid, "*SVC", &error), 36);
    cr_assert_eq(count_selected(&grid, "SVC:C=10", &error), 4);
    cr_assert_eq(count_selected(&grid, "SVC:C=10.0,kernel=rbf", &error), 1);
    cr_assert_eq(count_selected(&grid, "SVC:kernel=*l*", &error), 6);
    cr_assert_eq(count_selected(&grid, "MLPClassifier:hidden_layer_sizes=(100,10)", &error), 2);
    cr_assert_eq(count_selected(&grid, "*:max_depth=10", &error), 4 + 4 + 6 + 3);
    cr_assert_eq(count_selected(&grid, "Nothing*", &error), 0);
    cr_assert_eq(count_selected(&grid, "SVC:C", &error), SIZE_MAX);
    cr_assert_not_null(strstr(error.message, "'C' is not KEY=VALUE"));
    grid_destroy(&grid);
}

/* Checks `patterns` against the published grid, and that a refusal has `part` in its message. */
static void expect_check(const struct option_list *patterns, enum status status, const char *part)
{
    struct grid grid;
    struct error error = {STATUS_OK, ""};
    cr_assert_eq(grid_read(&grid, "configs/published.json", NULL), STATUS_OK);
    cr_assert_eq(selection_check(&grid, "configs/published.json", patterns, &error), status,
                 "%s: %s", part, error.message);
    cr_assert_not_null(strstr(error.message, part), "'%s' in: %s", part, error.message);
    grid_destroy(&grid);
}

#define ACCEPTED(...)                                                                              \
    expect_check(                                                                                  \
        &(struct option_list){.n = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),         \
                              .items = {__VA_ARGS__}},                                             \
        STATUS_OK, "")
#define REFUSED(part, ...)                                                                         \
    expect_check(                                                                                  \
        &(struct option_list){.n = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),         \
                              .items = {__VA_ARGS__}},                                             \
        STATUS_USAGE, part)

Test(selection, no_pattern_or_live_ones_pass, .timeout = 10)
{
    expect_check(&(struct option_list){.n = 0}, STATUS_OK, "");
    ACCEPTED("SVC");
    ACCEPTED("SVC:C=10", "*SVC", "*:max_depth=10,criterion=gini");
    ACCEPTED("GaussianProcessClassifier"); /* so are points that are not planned */
}

Test(selection, each_pattern_must_match_something, .timeout = 10)
{
    REFUSED("no point of configs/published.json matches 'SVC:C=7'", "SVC:C=7");
    REFUSED("'SVC:C=7'", "SVC:C=1", "SVC:C=7", "*SVC");
    REFUSED("matches '*:C=10,max_depth=10'", "*:C=10,max_depth=10");
}

Test(selection, unknown_names_have_suggestions, .timeout = 10)
{
    REFUSED("pattern 'svm': unknown classifier 'svm'", "SVC", "svm");
    REFUSED("unknown classifier 'LinearSVM', did you mean 'LinearSVC'?", "LinearSVM");
    REFUSED("unknown classifier 'KNeighbours*', did you mean 'KNeighborsClassifier'?",
            "KNeighbours*:p=1");
    REFUSED("unknown parameter of SVC 'kernal', did you mean 'kernel'?", "SVC:C=1,kernal=rbf");
    REFUSED("unknown parameter 'max_dept', did you mean 'max_depth'?", "*:max_dept=10");
    REFUSED("unknown parameter of SVC 'n_neighbors'", "SVC:n_neighbors=1");
}

Test(selection, malformed_patterns_are_named, .timeout = 10)
{
    REFUSED("pattern 'SVC:C': 'C' is not KEY=VALUE", "SVC", "SVC:C");
    REFUSED("'' is not NAME", "");
    REFUSED("'' is not KEY=VALUE", "SVC:");
    /* The point of another class, which nothing selects, does not hide it. */
    REFUSED("'=1' is not KEY=VALUE", "Nothing:=1");
}
