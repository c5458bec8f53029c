#include "report/parameter_text.h"
#include "report/reference.h"
#include "report/tolerance.h"
#include "report_folder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *key_of(const char *json)
{
    json_t *parameter = json_loads(json, 0, NULL);
    char *key = parameter_key(parameter);
    json_decref(parameter);
    return key;
}

/* The accuracy, or -1 when there is none. */
static double find(const struct reference *reference, const char *name, const char *parameter,
                   const char *dataset, size_t n_train)
{
    char *key = key_of(parameter);
    const struct reference_query query = {name, key, dataset, n_train};
    const struct reference_row *row = reference_find(reference, &query);
    free(key);
    return row ? row->accuracy : -1;
}

static enum status read_text(struct reference *reference, const char *text, struct error *error)
{
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];
    folder_create(folder);
    folder_append(folder, "r", text);
    snprintf(path, sizeof path, "%s/r", folder);
    const enum status status = reference_read(reference, path, error);
    folder_remove(folder);
    return status;
}

static const char TEXT[] =
    "{\"name\": \"SVC\", \"parameter\": {\"C\": 1.0, \"kernel\": \"rbf\"}, \"status\": "
    "\"published\", \"fashion\": 0.879, \"mnist\": 0.966}\n"
    "{\"name\": \"SVC\", \"parameter\": {\"C\": 2.0}, \"status\": \"unfinished\", \"reason\": "
    "\"too slow\"}\n"
    "{\"accuracy\": 0.5, \"classifier\": \"SVC\", \"dataset\": \"mnist\", \"n_train\": 6000, "
    "\"parameter\": {\"C\": 1, \"kernel\": \"rbf\"}, \"fit_s\": 1, \"note\": [\"ignored\"]}\n"
    "{\"accuracy\": 0.6, \"classifier\": \"MLPClassifier\", \"dataset\": \"mnist\", \"n_train\": "
    "6000, \"parameter\": {\"hidden_layer_sizes\": [100, 10]}}\n"
    "{\"classifier\": \"SVC\", \"dataset\": \"mnist\", \"n_train\": 6000, \"parameter\": {}, "
    "\"timeout_s\": 300.0}\n"
    "{\"accuracy\": 0.7, \"classifier\": \"MLPClassifier\", \"dataset\": \"mnist\", \"n_train\": "
    "6000, \"parameter\": {\"hidden_layer_sizes\": [100.0, 10]}}";

Test(reference, looks_up_by_value, .timeout = 10)
{
    struct reference reference;
    struct error error = {0};
    cr_assert_eq(read_text(&reference, TEXT, &error), STATUS_OK, "%s", error.message);
    const char *rbf = "{\"kernel\": \"rbf\", \"C\": 1}";
    cr_assert_eq(find(&reference, "SVC", rbf, "fashion", 60000), 0.879);
    cr_assert_eq(find(&reference, "SVC", rbf, "mnist", 60000), 0.966);
    cr_assert_eq(find(&reference, "SVC", rbf, "mnist", 6000), 0.5);
    cr_assert_eq(find(&reference, "SVC", rbf, "fashion", 6000), -1);
    cr_assert_eq(find(&reference, "NuSVC", rbf, "mnist", 6000), -1);
    cr_assert_eq(find(&reference, "SVC", "{\"C\": 1}", "mnist", 6000), -1);
    cr_assert_eq(find(&reference, "SVC", "{\"C\": true, \"kernel\": \"rbf\"}", "mnist", 6000), -1);
    cr_assert_eq(find(&reference, "SVC", "{\"C\": \"1.0\", \"kernel\": \"rbf\"}", "mnist", 6000),
                 -1);
    /* without an accuracy: as if the row were not there */
    cr_assert_eq(find(&reference, "SVC", "{\"C\": 2}", "mnist", 60000), -1);
    cr_assert_eq(find(&reference, "SVC", "{}", "mnist", 6000), -1);
    /* lists go by element, and lines for the same row give their mean */
    const char *const lists[] = {"{\"hidden_layer_sizes\": [100, 10]}",
                                 "{\"hidden_layer_sizes\": [10, 100]}",
                                 "{\"hidden_layer_sizes\": [100]}"};
    cr_assert_float_eq(find(&reference, "MLPClassifier", lists[0], "mnist", 6000), 0.65, 1e-12);
    cr_assert_eq(find(&reference, "MLPClassifier", lists[1], "mnist", 6000), -1);
    cr_assert_eq(find(&reference, "MLPClassifier", lists[2], "mnist", 6000), -1);
    reference_destroy(&reference);
}

Test(reference, bad_lines_are_named, .timeout = 10)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"", ":2: not JSON"},
        {"[]", ":2: name: must be a string"},
        {"{\"name\": 3, \"parameter\": {}}", ":2: name: must be a string"},
        {"{\"name\": \"a\", \"parameter\": 3}", ":2: parameter: must be an object"},
        {"{\"name\": \"a\", \"parameter\": {}, \"mnist\": 1.5}", ":2: mnist: must be a number"},
        {"{\"name\": \"a\", \"parameter\": {}, \"mnist\": \"1\"}", ":2: mnist: must be a number"},
        {"{\"name\": \"a\", \"parameter\": {}, \"status\": 1}", ":2: status: must be a string"},
        {"{\"classifier\": null, \"parameter\": {}}", ":2: classifier: must be a string"},
        {"{\"classifier\": \"a\", \"parameter\": {}}", ":2: dataset: must be a string"},
        {"{\"classifier\": \"a\", \"parameter\": {}, \"dataset\": \"m\", \"n_train\": 0}",
         ":2: n_train: must be a whole number"},
        {"{\"classifier\": \"a\", \"parameter\": {}, \"dataset\": \"m\", \"n_train\": 1, "
         "\"accuracy\": null}",
         ":2: accuracy: must be a number"},
        {"{\"name\": \"a\", \"name\": \"b\", \"parameter\": {}}", "duplicate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        struct reference reference;
        struct error error = {0};
        snprintf(text, sizeof text, "{\"name\": \"SVC\", \"parameter\": {}, \"mnist\": 0}\n%s\n",
                 cases[i].line);
        cr_assert_eq(read_text(&reference, text, &error), STATUS_DATA, "%s", cases[i].line);
        cr_assert_not_null(strstr(error.message, cases[i].message), "%s", error.message);
        cr_assert_eq(reference.n_rows, 0);
    }
    struct reference reference;
    struct error error = {0};
    cr_assert_eq(reference_read(&reference, "/nonexistent/r.jsonl", &error), STATUS_IO);
    cr_assert_not_null(strstr(error.message, "/nonexistent/r.jsonl"));
}

static double tolerance(const char *name, const char *json)
{
    json_t *parameter = json_loads(json, 0, NULL);
    const double value = tolerance_of(name, parameter);
    json_decref(parameter);
    return value;
}

Test(reference, tolerances_depend_on_family_and_parameters, .timeout = 10)
{
    cr_assert_eq(tolerance("KNeighborsClassifier", "{}"), 0.0006);
    cr_assert_eq(tolerance("LinearSVC", "{\"C\": 1.0}"), 0.012);
    cr_assert_eq(tolerance("LinearSVC", "{}"), 0.012);
    cr_assert_eq(tolerance("LinearSVC", "{\"C\": 10}"), 0.04);
    cr_assert_eq(tolerance("RandomForestClassifier", "{\"n_estimators\": 10}"), 0.012);
    cr_assert_eq(tolerance("RandomForestClassifier", "{}"), 0.012);
    cr_assert_eq(tolerance("RandomForestClassifier", "{\"n_estimators\": 50}"), 0.008);
    cr_assert_eq(tolerance("SVC", "{\"kernel\": \"rbf\"}"), 0.003);
    cr_assert_eq(tolerance("SVC", "{\"kernel\": \"sigmoid\"}"), 0.015);
    cr_assert_eq(tolerance("NewClassifier", "{}"), 0.0006);
}

Test(reference, labels_are_compact, .timeout = 10)
{
    static const struct {
        const char *json, *label;
    } cases[] = {
        {"{\"kernel\": \"rbf\", \"C\": 1.0}", "C=1, kernel=rbf"},
        {"{}", "defaults"},
        {"{\"a\": null, \"b\": true, \"c\": false, \"d\": 1e-4}",
         "a=None, b=True, c=False, d=0.0001"},
        {"{\"hidden_layer_sizes\": [100, 10]}", "hidden_layer_sizes=[100, 10]"},
        {"{\"hidden_layer_sizes\": [10, 10, 10]}", "hidden_layer_sizes=[10, 10, 10]"},
        {"{\"priors\": [0.1, 0.1, 0.1, 0.1]}", "priors=[0.1 x 4]"},
        {"{\"priors\": [0.1, 0.1, 0.1, 0.2]}", "priors=[0.1, 0.1, 0.1, 0.2]"},
        {"{\"priors\": []}", "priors=[]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *parameter = json_loads(cases[i].json, 0, NULL);
        char *label = parameter_label(parameter);
        cr_assert_str_eq(label, cases[i].label);
        free(label);
        json_decref(parameter);
    }
}
