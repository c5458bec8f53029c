#include "runner/cell.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct dataset first = {.name = "a", .hash = "00aa"};
static const struct dataset second = {.name = "a", .hash = "00ab"};

/* A point of a class with its defaults, but for one number. */
static struct point point_of(const char *name, const char *parameter, double number)
{
    struct point point = {.class = classifier_find(name)};
    cr_assert_not_null(point.class);
    parameters_default(&point.parameters, point.class->parameters);
    if (parameter) {
        const size_t i = parameter_find(point.class->parameters, parameter);
        point.parameters.values[i].is_none = false;
        point.parameters.values[i].n_numbers = 1;
        point.parameters.values[i].numbers[0] = number;
    }
    return point;
}

static struct cell cell_of(const struct point *point, const struct dataset *dataset, uint64_t seed,
                           size_t n_repeats)
{
    struct cell cell;
    const struct cell_request request = {
        .point = point, .dataset = dataset, .n_repeats = n_repeats, .seed = seed};
    cr_assert_eq(cell_init(&cell, &request, NULL), STATUS_OK);
    return cell;
}

Test(cell, identity_names_all_that_matters, .timeout = 10)
{
    const struct point ten = point_of("RandomForestClassifier", "n_estimators", 10);
    const struct point defaults = point_of("RandomForestClassifier", NULL, 0);
    const struct point twenty = point_of("RandomForestClassifier", "n_estimators", 20);
    const struct cell cell = cell_of(&ten, &first, 1, 2);
    const struct cell same = cell_of(&defaults, &first, 1, 2);
    cr_assert_str_eq(cell.identity, same.identity, "a default made explicit changes nothing");
    const struct cell others[] = {cell_of(&twenty, &first, 1, 2), cell_of(&ten, &second, 1, 2),
                                  cell_of(&ten, &first, 2, 2), cell_of(&ten, &first, 1, 3)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_str_neq(cell.identity, others[i].identity, "%zu", i);
}

Test(cell, random_numbers_depend_on_what_shapes_the_fit, .timeout = 10)
{
    const struct point ten = point_of("RandomForestClassifier", "n_estimators", 10);
    const struct point twenty = point_of("RandomForestClassifier", "n_estimators", 20);
    const struct point leaves = point_of("RandomForestClassifier", "min_samples_leaf", 2);
    const struct cell cell = cell_of(&ten, &first, 1, 2);
    cr_assert_eq(cell.rng_key, cell_of(&twenty, &first, 1, 2).rng_key, "a readout parameter");
    cr_assert_neq(cell.rng_key, cell_of(&leaves, &first, 1, 2).rng_key);
    cr_assert_neq(cell.rng_key, cell_of(&ten, &first, 2, 2).rng_key);
    const struct cell other = cell_of(&leaves, &first, 1, 2);
    cr_assert_eq(cell_shuffle_key(&cell, 1), cell_shuffle_key(&other, 1));
    cr_assert_neq(cell_shuffle_key(&cell, 0), cell_shuffle_key(&cell, 1));
    cr_assert_neq(cell_classifier_key(&cell, 0), cell_classifier_key(&cell, 1));
    struct cell reader = cell_of(&twenty, &first, 1, 2), shared = cell;
    shared.reader = &reader;
    cr_assert_eq(cell_classifier_key(&shared, 1), cell_classifier_key(&cell, 1), "not on sharing");
}

static struct point svc_point(size_t loss, size_t multi_class)
{
    struct point point = point_of("LinearSVC", NULL, 0);
    point.parameters.values[parameter_find(point.class->parameters, "loss")].choice = loss;
    point.parameters.values[parameter_find(point.class->parameters, "multi_class")].choice =
        multi_class;
    return point;
}

Test(cell, parameters_without_effect_make_the_same_problem, .timeout = 10)
{
    const struct point joint[2] = {svc_point(0, 1), svc_point(1, 1)};
    const struct point apart[2] = {svc_point(0, 0), svc_point(1, 0)};
    const struct cell a = cell_of(&joint[0], &first, 1, 1), b = cell_of(&joint[1], &first, 1, 1);
    cr_assert_str_neq(a.identity, b.identity);
    cr_assert_str_eq(a.problem, b.problem);
    cr_assert_eq(a.rng_key, b.rng_key);
    cr_assert_str_neq(cell_of(&apart[0], &first, 1, 1).problem,
                      cell_of(&apart[1], &first, 1, 1).problem);
}

static const struct parameter_spec no_parameters[] = {{.name = NULL}};

/* The identity of a point of an external classifier, in a buffer that the next call overwrites. */
static const char *external_identity_of(const char *command, const char *parameter,
                                        const struct classifier_class *peer_of)
{
    static char identity[DIGEST_HEX_BYTES];
    const struct external external = {
        .class = {.name = "mine", .parameters = peer_of ? peer_of->parameters : no_parameters},
        .peer_of = peer_of,
        .command = json_loads(command, 0, NULL)};
    struct point point = {.class = &external.class,
                          .external = &external,
                          .parameter = json_loads(parameter, 0, NULL)};
    cr_assert(external.command && point.parameter);
    parameters_default(&point.parameters, external.class.parameters);
    const struct cell cell = cell_of(&point, &first, 0, 1);
    memcpy(identity, cell.identity, sizeof identity);
    json_decref(external.command);
    json_decref(point.parameter);
    return identity;
}

Test(cell, identity_names_command_and_free_parameters, .timeout = 10)
{
    char *same = strdup(external_identity_of("[\"a\", \"b\"]", "{\"k\": 1, \"l\": null}", NULL));
    cr_assert_str_eq(external_identity_of("[\"a\", \"b\"]", "{\"l\": null, \"k\": 1.0}", NULL),
                     same);
    cr_assert_str_neq(external_identity_of("[\"a b\"]", "{\"k\": 1, \"l\": null}", NULL), same);
    cr_assert_str_neq(external_identity_of("[\"a\", \"b\"]", "{\"k\": 1}", NULL), same);
    cr_assert_str_neq(external_identity_of("[\"a\", \"b\"]", "{\"k\": \"1\", \"l\": null}", NULL),
                      same);
    free(same);
    const struct classifier_class *class = classifier_find("GaussianNB");
    char *peer = strdup(external_identity_of("[\"a\"]", "{}", class));
    cr_assert_str_neq(external_identity_of("[\"b\"]", "{}", class), peer);
    free(peer);
}
