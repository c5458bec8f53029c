#include "runner/grid.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/fmbench-grid-XXXXXX";

static void write_grid(const char *text)
{
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void remove_grid(void)
{
    unlink(path);
}

/* Reads `text` as a grid and expects a refusal that has each of the `parts` in its message. */
static void expect_refusal(const char *text, const char *const *parts)
{
    struct grid grid;
    struct error error;
    write_grid(text);
    cr_assert_eq(grid_read(&grid, path, &error), STATUS_USAGE);
    cr_assert_not_null(strstr(error.message, path), "names the file: %s", error.message);
    for (; *parts; parts++)
        cr_assert_not_null(strstr(error.message, *parts), "'%s' in: %s", *parts, error.message);
}

#define REFUSED(text, ...) expect_refusal(text, (const char *const[]){__VA_ARGS__, NULL})

Test(grid, published_has_143_points, .timeout = 10)
{
    struct grid grid;
    struct error error;
    size_t counts[POINT_UNSUPPORTED + 1] = {0};
    cr_assert_eq(grid_read(&grid, "configs/published.json", &error), STATUS_OK, "%s",
                 error.message);
    for (size_t i = 0; i < grid.n_points; i++)
        counts[grid.points[i].fate]++;
    cr_assert_eq(grid.n_points, 143);
    cr_assert_eq(counts[POINT_PLANNED], 129);
    cr_assert_eq(counts[POINT_REJECTED], 12);
    cr_assert_eq(counts[POINT_UNSUPPORTED], 2);
    grid_destroy(&grid);
}

Test(grid, complete_is_published_with_what_2017_lacks, .timeout = 10)
{
    struct grid published, complete;
    struct error error;
    cr_assert_eq(grid_read(&published, "configs/published.json", &error), STATUS_OK);
    cr_assert_eq(grid_read(&complete, "configs/complete.json", &error), STATUS_OK, "%s",
                 error.message);
    cr_assert_eq(complete.n_points, published.n_points);
    for (size_t i = 0; i < complete.n_points; i++) {
        const struct point *theirs = &published.points[i], *ours = &complete.points[i];
        cr_assert(json_equal(theirs->parameter, ours->parameter));
        cr_assert_eq(ours->is_beyond_2017, theirs->fate != POINT_PLANNED);
        cr_assert_eq(theirs->is_beyond_2017, ours->is_beyond_2017);
        cr_assert_eq(ours->fate, POINT_PLANNED, "%s", ours->reason);
    }
    grid_destroy(&published);
    grid_destroy(&complete);
}

Test(grid, beyond_2017_is_a_boolean, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": []},\n\"beyond_2017\": 1}", ":2:", "true or false");
}

Test(grid, blocks_multiply_and_the_last_list_runs_fastest, .fini = remove_grid, .timeout = 10)
{
    struct grid grid;
    struct error error;
    char text[128];
    write_grid(
        "{\"classifiers\": {\"DecisionTreeClassifier\": [{\"criterion\": [\"gini\", "
        "\"entropy\"], \"max_depth\": [2, null]}, {\"splitter\": [\"best\", \"random\"]}]}}");
    cr_assert_eq(grid_read(&grid, path, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(grid.n_points, 8);
    point_text(&grid.points[0], text, sizeof text);
    cr_assert_str_eq(text, "criterion=gini, max_depth=2, splitter=best");
    point_text(&grid.points[1], text, sizeof text);
    cr_assert_str_eq(text, "criterion=gini, max_depth=2, splitter=random");
    point_text(&grid.points[2], text, sizeof text);
    cr_assert_str_eq(text, "criterion=gini, max_depth=None, splitter=best");
    point_text(&grid.points[7], text, sizeof text);
    cr_assert_str_eq(text, "criterion=entropy, max_depth=None, splitter=random");
    grid_destroy(&grid);
}

Test(grid, common_is_added_to_every_point_and_tuples_become_lists, .fini = remove_grid,
     .timeout = 10)
{
    struct grid grid;
    struct error error;
    char text[128];
    write_grid("{\"common\": {\"max_iter\": 7}, \"classifiers\": {\"MLPClassifier\": ["
               "{\"hidden_layer_sizes\": [\"(10,)\", \"(100, 10)\", [3, 4]]}]}}");
    cr_assert_eq(grid_read(&grid, path, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(grid.n_points, 3);
    point_text(&grid.points[1], text, sizeof text);
    cr_assert_str_eq(text, "hidden_layer_sizes=(100,10), max_iter=7");
    json_t *sizes = json_object_get(grid.points[0].parameter, "hidden_layer_sizes");
    cr_assert_eq(json_array_size(sizes), 1);
    cr_assert_eq(json_integer_value(json_array_get(sizes, 0)), 10);
    grid_destroy(&grid);
}

Test(grid, unknown_classifier, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\n\n\"Perceptrom\": [{\"penalty\": [\"l1\"]}]}}",
            ":3:", "'Perceptrom'", "did you mean 'Perceptron'?");
}

Test(grid, unknown_parameter, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [\n{\"kernel\": [\"rbf\"]},\n{\"kernal\": [\"rbf\"]}]}}",
            ":3:", "parameter of SVC", "did you mean 'kernel'?");
}

Test(grid, unknown_key_at_the_top, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\n\"clasifiers\": {}}", ":2:", "'clasifiers'", "did you mean 'classifiers'?");
}

Test(grid, duplicate_key_in_an_object, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [{\"C\": [1]}],\n\"SVC\": [{\"C\": [2]}]}}",
            ":2:", "duplicate", "SVC");
}

Test(grid, duplicate_parameter_in_two_blocks, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [{\"C\": [1]},\n{\"C\": [2]}]}}",
            ":2:", "duplicate parameter 'C'", "block 1");
}

Test(grid, value_out_of_range, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [{\"C\": [1,\n2,\n-3]}]}}", ":3:", "C: -3 is outside");
}

Test(grid, value_of_the_wrong_type, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [{\"C\":\n[\"1\"]}]}}", ":2:", "C: \"1\" is not a number");
}

Test(grid, unknown_choice, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [{\"kernel\": [\"liner\"]}]}}",
            ":1:", "unknown value 'liner'", "did you mean 'linear'?", "rbf");
}

Test(grid, fraction_for_a_whole_number, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"KNeighborsClassifier\": [{\"n_neighbors\": [2.5]}]}}",
            "n_neighbors: 2.5 is not a whole number");
}

Test(grid, malformed_tuple, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"MLPClassifier\": [{\"hidden_layer_sizes\": [\"(10 20)\"]}]}}",
            "\"(10 20)\" is not a list or tuple");
}

Test(grid, not_json, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\":\n{\"SVC\" [}}", ":2:", "column");
}

Test(grid, empty_list_of_values, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [{\"C\": []}]}}", "C: needs a list of one or more values");
}

Test(grid, the_same_value_twice, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [{\"C\":\n[1, 2, 1]}]}}",
            "C: values 1 and 3 are the same");
}

Test(grid, the_same_value_written_in_two_ways, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"SVC\": [{\"C\": [1,\n2,\n1.0]}]}}",
            ":3:", "C: values 1 and 3 are the same");
}

Test(grid, the_same_list_as_a_tuple, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"MLPClassifier\": [{\"hidden_layer_sizes\": [[100, 10],\n"
            "\"(100, 10.0,)\"]}]}}",
            ":2:", "hidden_layer_sizes: values 1 and 2 are the same");
}

Test(grid, zero_has_no_sign, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"classifiers\": {\"MLPClassifier\": [{\"alpha\": [0,\n-0.0]}]}}",
            ":2:", "alpha: values 1 and 2 are the same");
}

Test(grid, a_parameter_in_common_and_in_a_list, .fini = remove_grid, .timeout = 10)
{
    REFUSED(
        "{\"common\": {\"C\": 1},\n\"classifiers\": {\"SVC\": [{\"kernel\": [\"rbf\"]},\n{\"C\": "
        "[1, 2]}]}}",
        ":3:", "parameter 'C' of SVC", "stands in 'common' too");
}

/* Each value is compared with those before it: that must not take the square of their number. */
Test(grid, a_list_of_a_hundred_thousand_values, .fini = remove_grid, .timeout = 10)
{
    enum { N = 100000, ITEM_BYTES = 7 };
    static const char head[] = "{\"classifiers\": {\"SVC\": [{\"C\": [", tail[] = "\n1.0]}]}}";
    char *text = malloc(sizeof head + N * ITEM_BYTES + sizeof tail), *p = text;
    p += sprintf(p, "%s", head);
    for (int i = 1; i <= N; i++)
        p += sprintf(p, "%d,", i);
    strcpy(p, tail);
    REFUSED(text, ":2:", "C: values 1 and 100001 are the same");
    free(text);
}

Test(grid, no_classifiers, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"common\": {}}", "needs the key 'classifiers'");
}

Test(grid, empty_classifiers, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\n\"classifiers\": {}}", ":2:", "'classifiers' is empty");
}

Test(grid, common_that_a_class_does_not_know, .fini = remove_grid, .timeout = 10)
{
    REFUSED("{\"common\": {\n\"n_jobs\": 1}, \"classifiers\": {\"SVC\": [{\"C\": [1]}]}}",
            ":2:", "unknown parameter of SVC 'n_jobs'");
}

Test(grid, missing_file, .timeout = 10)
{
    struct grid grid;
    struct error error;
    cr_assert_eq(grid_read(&grid, "/nowhere/grid.json", &error), STATUS_USAGE);
    cr_assert_not_null(strstr(error.message, "/nowhere/grid.json: No such file"));
}
