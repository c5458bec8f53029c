/*
 * The tolerances, all of them. A problem with one solution leaves only what rounding and the
 * stopping rule explain. A method that draws random numbers, or that depends on the order of the
 * rows and stops early, gives another model for each seed: there the tolerance is about the range
 * that means of a few repeats of two such runs can be apart, for 10,000 test rows.
 */
#include "report/tolerance.h"

#include <stddef.h>
#include <string.h>

struct tolerance {
    const char *name;
    double value;
};

static const struct tolerance families[] = {
    /* A closed formula: only rounding near a tie of two classes can flip a row. */
    {"GaussianNB", 0.001},
    /* Exact neighbours; flips only where two distances are equal but for rounding. */
    {"KNeighborsClassifier", 0.0006},
    /* One solution, reached up to the tolerance 1e-3 of the stopping rule. */
    {"SVC", 0.003},
    /* One solution, but the iteration limit stops some problems before the stopping rule does. */
    {"LogisticRegression", 0.004},
    /* One solution, but the passes are limited and the order of the coordinates is random. */
    {"LinearSVC", 0.012},
    /* Equal splits are chosen at random, or the thresholds are; one such choice near the root
       changes the whole tree. */
    {"DecisionTreeClassifier", 0.012},
    /* The same with random features at each node, and a single tree averages nothing out. */
    {"ExtraTreeClassifier", 0.025},
    /* Bootstrap and features are random; the average over 50 trees or more is steady. */
    {"RandomForestClassifier", 0.008},
    /* Random only where splits tie, but a deep tree that differs shifts all the stages after it. */
    {"GradientBoostingClassifier", 0.008},
    /* Random start and order, and an early stop on a loss that has not settled. */
    {"MLPClassifier", 0.012},
    /* Five passes in random order: the last steps still move the weights. */
    {"SGDClassifier", 0.012},
    /* The same with steps that do not shrink: the model is that of the last few mistakes. */
    {"Perceptron", 0.04},
    {"PassiveAggressiveClassifier", 0.04},
};

static const double STRICTEST = 0.0006;
/* The sigmoid kernel is not positive definite: many local optima, and the order of the rows, which
   is random, decides which one is found. */
static const double SVC_SIGMOID = 0.015;
/* With a larger C the reference stops at its pass limit, far from the optimum, at a model that
   depends on the order of its passes. */
static const double LINEAR_SVC_LARGE_C = 0.04;
/* Ten trees average out less than fifty. */
static const double FOREST_FEW_TREES = 0.012;

static double number_of(const json_t *parameter, const char *key, double fallback)
{
    const json_t *value = json_object_get(parameter, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

double tolerance_of(const char *name, const json_t *parameter)
{
    const char *kernel = json_string_value(json_object_get(parameter, "kernel"));
    if (strcmp(name, "SVC") == 0 && kernel && strcmp(kernel, "sigmoid") == 0)
        return SVC_SIGMOID;
    const double default_c = 1, default_n_estimators = 10, few_trees = 50;
    if (strcmp(name, "LinearSVC") == 0 && number_of(parameter, "C", default_c) > 1)
        return LINEAR_SVC_LARGE_C;
    if (strcmp(name, "RandomForestClassifier") == 0 &&
        number_of(parameter, "n_estimators", default_n_estimators) < few_trees)
        return FOREST_FEW_TREES;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i].name, name) == 0)
            return families[i].value;
    return STRICTEST;
}
