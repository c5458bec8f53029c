/*
 * SGDClassifier, Perceptron and PassiveAggressiveClassifier: against scikit-learn on one epoch in a
 * known order, and against the formulas of sgd.c and sgd_penalty.h written out in double.
 */
#include "base/memory.h"
#include "classifiers/sgd.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const struct classifier_class sgd_class, perceptron_class, passive_aggressive_class;

enum { ROWS_MAX = 2000, FEATURES_MAX = 40, CLASSES_MAX = 20, RNG_KEY = 5 };

struct problem {
    size_t n_rows, n_features, n_classes;
    uint8_t bytes[ROWS_MAX * FEATURES_MAX];
    uint8_t y[ROWS_MAX];
    struct scaling scaling;
    struct features x;
};

static void finish(struct problem *p)
{
    cr_assert_eq(scaling_create(&p->scaling, p->bytes, p->n_rows, p->n_features, NULL), STATUS_OK);
    const struct features_source source = {.bytes = p->bytes,
                                           .n_rows = p->n_rows,
                                           .n_features = p->n_features,
                                           .scaling = &p->scaling};
    cr_assert_eq(features_create(&p->x, &source, NULL), STATUS_OK);
}

static void problem_destroy(struct problem *p)
{
    features_destroy(&p->x);
    scaling_destroy(&p->scaling);
    free(p);
}

/*
 * Random bytes, larger in the features of a row's class. Class 0 has most of the rows and the last
 * class a single one, but for the last row: that repeats the first with another label. Feature 1
 * is constant.
 */
static struct problem *problem_create(size_t n_rows, size_t n_features, size_t n_classes)
{
    struct problem *p = calloc(1, sizeof *p);
    struct rng rng = rng_create(3, n_rows);
    cr_assert(p && n_rows <= ROWS_MAX && n_features <= FEATURES_MAX && n_classes <= CLASSES_MAX);
    p->n_rows = n_rows;
    p->n_features = n_features;
    p->n_classes = n_classes;
    for (size_t i = 0; i < n_rows; i++) {
        const size_t y = rng_below(&rng, 3) ? 0 : rng_below(&rng, (uint32_t)n_classes - 1);
        p->y[i] = (uint8_t)(i == 7 ? n_classes - 1 : y);
        for (size_t j = 0; j < n_features; j++)
            p->bytes[i * n_features + j] =
                (uint8_t)(j == 1 ? 77 : rng_below(&rng, 120) + (j % n_classes == p->y[i] ? 90 : 0));
    }
    memcpy(p->bytes + (n_rows - 1) * n_features, p->bytes, n_features);
    p->y[n_rows - 1] = p->y[0] == 0;
    finish(p);
    return p;
}

static struct rng order_of(long epoch)
{
    return rng_create(rng_derive(RNG_KEY, 0), (uint64_t)epoch);
}

static void set_choice(struct parameters *parameters, const struct classifier_class *class,
                       const char *name, const char *word)
{
    const size_t index = parameter_find(class->parameters, name);
    const char *const *choices = class->parameters[index].choices;
    size_t choice = 0;
    while (choices[choice] && strcmp(choices[choice], word) != 0)
        choice++;
    cr_assert(choices[choice]);
    parameters->values[index].choice = choice;
}

static void set_number(struct parameters *parameters, const struct classifier_class *class,
                       const char *name, double value)
{
    const size_t index = parameter_find(class->parameters, name);
    cr_assert(class->parameters[index].name);
    parameters->values[index].numbers[0] = value;
}

/* A fitted model, to be destroyed by the class. */
static struct sgd_model *fit(const struct problem *p, const struct classifier_class *class,
                             const struct parameters *parameters, int n_threads,
                             struct fit_report *report)
{
    struct error error = {0};
    void *model = NULL;
    const struct training_set set = {.x = &p->x, .y = p->y, .n_classes = p->n_classes};
    const struct execution execution = {.rng_key = RNG_KEY, .n_threads = n_threads};
    fit_report_init(report);
    cr_assert_eq(class->create(&model, parameters, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(class->fit(model, &set, &execution, report, &error), STATUS_OK, "%s",
                 error.message);
    return model;
}

/* One epoch of scikit-learn over 60 rows: coefficients and the intercept. */
struct golden {
    const struct classifier_class *class;
    const char *loss, *penalty;
    double strength; /* alpha or C */
    double w[6];
};

/*
 * scikit-learn 1.2.1 on the standardised rows of golden_problem:
 *   SGDClassifier(loss, penalty, alpha=0.01, max_iter=1, tol=None, shuffle=False)
 *   Perceptron(penalty, alpha=0.01, max_iter=1, tol=None, shuffle=False)
 *   PassiveAggressiveClassifier(C, max_iter=1, tol=None, shuffle=False)
 */
static const struct golden goldens[] = {
    {&sgd_class,
     "hinge",
     "none",
     0.01,
     {3.41576051, -0.0450288247, 2.4799962, 0, -0.528064172, -2.91762272}},
    {&sgd_class, "hinge", "l1", 0.01, {2.34153062, 0, 1.40576632, 0, 0, -2.91762272}},
    {&sgd_class,
     "hinge",
     "l2",
     0.01,
     {0.133532366, 0.89071868, 3.21013404, 0, -0.477187306, -2.73523024}},
    {&sgd_class,
     "hinge",
     "elasticnet",
     0.01,
     {2.06577953, 0.603930974, 0.482716234, 0, 0.316334486, -2.84702846}},
    {&sgd_class,
     "squared_hinge",
     "none",
     0.01,
     {1.91314841e+12, -9.5457952e+09, 1.67500392e+12, 0, -2.73718271e+11, -9.51206763e+11}},
    {&sgd_class,
     "squared_hinge",
     "l1",
     0.01,
     {1.90403593e+12, -1.58371153e+10, 1.6788741e+12, 0, -2.76173555e+11, -9.54785181e+11}},
    {&sgd_class,
     "squared_hinge",
     "l2",
     0.01,
     {5.93894869e+11, 1.75403265e+12, 6.96002353e+11, 0, 1.42267944e+12, -1.50053776e+12}},
    {&sgd_class,
     "squared_hinge",
     "elasticnet",
     0.01,
     {5.90044039e+11, 1.44095189e+12, 7.28534223e+11, 0, 1.08258072e+12, -1.34886582e+12}},
    {&sgd_class,
     "perceptron",
     "none",
     0.01,
     {1.15206678, 1.87158805, 1.09886558, 0, 1.10303485, -1.75152202}},
    {&sgd_class,
     "perceptron",
     "l1",
     0.01,
     {0.91016049, 0, 2.12540953, 0, 0.133794931, -0.49920433}},
    {&sgd_class,
     "perceptron",
     "l2",
     0.01,
     {1.07406468, 0.367949251, 1.38371269, 0, -1.07784266, -2.71407404}},
    {&sgd_class,
     "perceptron",
     "elasticnet",
     0.01,
     {1.40668097, 0.998382929, 1.35015604, 0, 1.65958643, -2.78918869}},
    {&sgd_class,
     "log",
     "none",
     0.01,
     {1.56700353, 0.541306876, 2.20210548, 0, 0.0382312072, -2.32819776}},
    {&sgd_class, "log", "l1", 0.01, {1.15038346, 0, 1.41344511, 0, 0, -1.70952539}},
    {&sgd_class,
     "log",
     "l2",
     0.01,
     {0.9815416, 0.563351758, 1.57177265, 0, 0.539162832, -2.0275164}},
    {&sgd_class,
     "log",
     "elasticnet",
     0.01,
     {0.984372739, 0.344867092, 1.69255482, 0, 0.384064948, -1.90803945}},
    {&sgd_class,
     "modified_huber",
     "none",
     0.01,
     {6.74910499, -4.22669767, 9.89479445, 0, 0.0300064565, -8.17032075}},
    {&sgd_class,
     "modified_huber",
     "l1",
     0.01,
     {2.92716421, 0.412511843, 5.7454396, 0, 4.08833258, -5.86763913}},
    {&sgd_class,
     "modified_huber",
     "l2",
     0.01,
     {6.78749678, 1.17292388, 6.99424798, 0, 4.40132999, -7.77209023}},
    {&sgd_class,
     "modified_huber",
     "elasticnet",
     0.01,
     {8.03344382, 1.3810865, 6.63242682, 0, 4.12229002, -7.74539546}},
    {&perceptron_class,
     NULL,
     "none",
     0.01,
     {1.18906203, 0.994871159, 0.205095137, 0, 0.985843118, -2}},
    {&perceptron_class,
     NULL,
     "l1",
     0.01,
     {0.53118733, 0.462289168, 0.833866879, 0, 1.03601573, -1}},
    {&perceptron_class,
     NULL,
     "l2",
     0.01,
     {0.263191941, 0.631660668, 0.754860004, 0, 0.427245861, -1}},
    {&perceptron_class,
     NULL,
     "elasticnet",
     0.01,
     {0.268291481, 0.51927596, 0.650571425, 0, 0.303422379, -1}},
    {&passive_aggressive_class,
     NULL,
     NULL,
     0.05,
     {0.596584084, -0.0535688049, 0.0518876353, 0, 0.0604712135, -0.567796153}},
    {&passive_aggressive_class,
     NULL,
     NULL,
     1,
     {0.564445178, 0.58685249, 1.42763707, 0, 0.634423636, -1.5322978}},
};

/* The rows stand where the shuffle of the first epoch brings them into the order i = 0, 1, ... */
static struct problem *golden_problem(void)
{
    struct problem *p = calloc(1, sizeof *p);
    uint32_t order[60];
    struct rng rng = order_of(0);
    cr_assert(p);
    p->n_rows = 60;
    p->n_features = 5;
    p->n_classes = 2;
    for (uint32_t i = 0; i < 60; i++)
        order[i] = i;
    rng_shuffle(&rng, order, 60);
    for (size_t i = 0; i < 60; i++) {
        p->y[order[i]] = i % 3 == 0;
        for (size_t j = 0; j < 5; j++)
            p->bytes[order[i] * 5 + j] =
                (uint8_t)(j == 3 ? 9
                                 : (i * (3 * j + 7) + j * j + 5 * (i % 11) * j) % 97 +
                                       (j == 0 && i % 3 == 0 ? 30 : 0));
    }
    finish(p);
    return p;
}

/* What the formulas say, one problem. */
struct naive {
    double w[FEATURES_MAX], q[FEATURES_MAX], b, u;
    long t;
};

static double naive_derivative(enum sgd_loss loss, double p, double y)
{
    switch (loss) {
    case SGD_HINGE:
        return y * p <= 1 ? -y : 0;
    case SGD_SQUARED_HINGE:
        return y * p < 1 ? -2 * y * (1 - y * p) : 0;
    case SGD_PERCEPTRON:
        return y * p <= 0 ? -y : 0;
    case SGD_LOG:
        return -y / (1 + exp(y * p));
    default:
        return y * p >= 1 ? 0 : y * p >= -1 ? -2 * y * (1 - y * p) : -4 * y;
    }
}

/* Step 3 of sgd_penalty.h. */
static void naive_penalty(struct naive *n, size_t n_features)
{
    for (size_t j = 0; j < n_features; j++) {
        const double z = n->w[j];
        if (z > 0)
            n->w[j] = fmax(0, z - (n->u + n->q[j]));
        else if (z < 0)
            n->w[j] = fmin(0, z + (n->u - n->q[j]));
        n->q[j] += n->w[j] - z;
    }
}

static void naive_step(struct naive *n, const struct sgd_options *o, const double *x,
                       size_t n_features, double y)
{
    double p = n->b, square = 0;
    for (size_t j = 0; j < n_features; j++) {
        p += n->w[j] * x[j];
        square += x[j] * x[j];
    }
    const double eta0 = o->rate == SGD_OPTIMAL ? pow(o->alpha, -0.25) : o->eta0;
    const double eta =
        o->rate == SGD_OPTIMAL ? 1 / (o->alpha * (1 / (eta0 * o->alpha) + (double)n->t)) : eta0;
    double g = -eta * fmax(-1e12, fmin(1e12, naive_derivative(o->loss, p, y)));
    if (o->rate == SGD_PASSIVE_AGGRESSIVE)
        g = square > 0 ? y * fmin(o->C, fmax(0, 1 - y * p) / square) : 0;
    const double rho = o->penalty == SGD_L1 ? 1 : o->penalty == SGD_ELASTICNET ? o->l1_ratio : 0;
    const double shrink = o->penalty == SGD_NONE ? 1 : fmax(0, 1 - (1 - rho) * eta * o->alpha);
    for (size_t j = 0; j < n_features; j++)
        n->w[j] = shrink * n->w[j] + g * x[j];
    n->b += g;
    if (rho > 0) {
        n->u += rho * eta * o->alpha;
        naive_penalty(n, n_features);
    }
    n->t++;
}

static void naive_fit(struct naive *n, const struct problem *p, const struct sgd_options *o,
                      size_t positive)
{
    static uint32_t order[ROWS_MAX];
    double x[FEATURES_MAX];
    *n = (struct naive){.b = 0};
    for (long epoch = 0; epoch < o->max_iter; epoch++) {
        struct rng rng = order_of(epoch);
        for (size_t i = 0; i < p->n_rows; i++)
            order[i] = (uint32_t)i;
        rng_shuffle(&rng, order, p->n_rows);
        for (size_t i = 0; i < p->n_rows; i++) {
            for (size_t j = 0; j < p->n_features; j++)
                x[j] = (p->bytes[order[i] * p->n_features + j] - p->scaling.mean[j]) /
                       p->scaling.scale[j];
            naive_step(n, o, x, p->n_features, p->y[order[i]] == positive ? 1 : -1);
        }
    }
}

/* The formulas are scikit-learn's; float32 follows, but where errors feed back into the steps. */
static void check_golden(const struct golden *golden, const struct problem *p,
                         const struct sgd_model *model)
{
    const enum sgd_loss loss = model->options.loss;
    const bool feeds_back = loss == SGD_SQUARED_HINGE || loss == SGD_MODIFIED_HUBER;
    struct naive n;
    double largest = 0;
    naive_fit(&n, p, &model->options, 1);
    for (size_t j = 0; j < 6; j++)
        largest = fmax(largest, fabs(golden->w[j]));
    for (size_t j = 0; j < 6; j++) {
        const double w = j < 5 ? (double)model->weights[j] : model->intercept[0];
        const double formula = j < 5 ? n.w[j] : n.b;
        cr_assert_leq(fabs(formula - golden->w[j]), 1e-7 * largest);
        cr_assert_leq(fabs(w - golden->w[j]), (feeds_back ? 2e-3 : 2e-6) * largest,
                      "%s loss %d %s, weight %zu: %.9g, not %.9g", golden->class->name, (int)loss,
                      golden->penalty ? golden->penalty : "", j, w, golden->w[j]);
        cr_assert((golden->w[j] == 0.0) == (w == 0.0));
    }
}

Test(sgd, scikit_learn, .timeout = 10)
{
    struct problem *p = golden_problem();
    for (size_t g = 0; g < sizeof goldens / sizeof *goldens; g++) {
        const struct golden *golden = &goldens[g];
        const bool is_sgd = golden->class == &sgd_class;
        struct parameters parameters;
        struct fit_report report;
        parameters_default(&parameters, golden->class->parameters);
        set_number(&parameters, golden->class, "max_iter", 1);
        set_number(&parameters, golden->class, golden->penalty ? "alpha" : "C", golden->strength);
        if (golden->penalty)
            set_choice(&parameters, golden->class, "penalty", golden->penalty);
        if (is_sgd)
            set_choice(&parameters, golden->class, "loss", golden->loss);
        struct sgd_model *model = fit(p, golden->class, &parameters, 1, &report);
        cr_assert_eq(model->n_problems, 1);
        check_golden(golden, p, model);
        golden->class->destroy(model);
    }
    problem_destroy(p);
}

/* All weights within `tolerance` of the largest, and 0 where they must be; returns the zeros. */
static size_t check_fit(const struct problem *p, const struct classifier_class *class,
                        const struct parameters *parameters, double tolerance)
{
    struct fit_report report;
    struct sgd_model *model = fit(p, class, parameters, 1, &report);
    const struct sgd_options *o = &model->options;
    size_t n_zeros = 0, n_apart = 0;
    cr_assert_eq(report.n_iter, o->max_iter);
    cr_assert_eq(model->n_problems, p->n_classes > 2 ? p->n_classes : 1);
    for (size_t k = 0; k < model->n_problems; k++) {
        struct naive n;
        naive_fit(&n, p, o, model->n_problems == 1 ? 1 : k);
        double largest = fabs(n.b);
        for (size_t j = 0; j < p->n_features; j++)
            largest = fmax(largest, fabs(n.w[j]));
        cr_assert_leq(fabs(n.b - model->intercept[k]), tolerance * largest);
        for (size_t j = 0; j < p->n_features; j++) {
            const double w = (double)model->weights[k * model->stride + j];
            cr_assert_leq(fabs(n.w[j] - w), tolerance * largest,
                          "%s loss %d penalty %d, class %zu, feature %zu: %.8g, naive %.8g",
                          class->name, (int)o->loss, (int)o->penalty, k, j, w, n.w[j]);
            n_zeros += w == 0;
            n_apart += (w == 0) != (n.w[j] == 0);
        }
    }
    cr_assert_leq(n_apart, 1); /* at most one that rounding decides */
    cr_assert_eq(report.measures[1].value,
                 (double)n_zeros / (double)(model->n_problems * p->n_features));
    class->destroy(model);
    return n_zeros;
}

static struct parameters sgd_parameters(const char *loss, const char *penalty)
{
    struct parameters parameters;
    parameters_default(&parameters, sgd_class.parameters);
    set_choice(&parameters, &sgd_class, "loss", loss);
    set_choice(&parameters, &sgd_class, "penalty", penalty);
    return parameters;
}

static const char *const losses[] = {"hinge", "squared_hinge", "perceptron", "log",
                                     "modified_huber"};
static const char *const penalties[] = {"none", "l1", "l2", "elasticnet"};

Test(sgd, first_hundred_updates, .timeout = 20)
{
    struct problem *p = problem_create(100, 37, 3);
    for (size_t l = 0; l < 5; l++)
        for (size_t r = 0; r < 4; r++) {
            struct parameters parameters = sgd_parameters(losses[l], penalties[r]);
            set_number(&parameters, &sgd_class, "max_iter", 1);
            check_fit(p, &sgd_class, &parameters, 1e-5);
            set_number(&parameters, &sgd_class, "alpha", 0.01);
            check_fit(p, &sgd_class, &parameters, 1e-5);
        }
    problem_destroy(p);
}

Test(sgd, l1_leaves_zeros, .timeout = 10)
{
    struct problem *p = problem_create(400, 30, 3);
    struct parameters parameters = sgd_parameters("hinge", "l1");
    set_number(&parameters, &sgd_class, "alpha", 0.03);
    const size_t many = check_fit(p, &sgd_class, &parameters, 1e-4);
    cr_assert(many > 20 && many < 90, "%zu zeros of 90", many);
    set_choice(&parameters, &sgd_class, "penalty", "elasticnet");
    set_number(&parameters, &sgd_class, "l1_ratio", 0.3);
    const size_t fewer = check_fit(p, &sgd_class, &parameters, 1e-4);
    cr_assert(fewer > 3 && fewer < many, "%zu zeros", fewer);
    set_choice(&parameters, &sgd_class, "penalty", "l2");
    cr_assert_eq(check_fit(p, &sgd_class, &parameters, 1e-4), 3); /* the constant feature */
    problem_destroy(p);
}

/* More steps than the history holds, and scales below the smallest. */
Test(sgd, values_are_written_anew, .timeout = 10)
{
    struct problem *p = problem_create(1500, 10, 3);
    for (size_t r = 0; r < 4; r++) {
        struct parameters parameters;
        parameters_default(&parameters, perceptron_class.parameters);
        set_choice(&parameters, &perceptron_class, "penalty", penalties[r]);
        for (double alpha = 1e-3; alpha < 0.1; alpha *= 5) {
            set_number(&parameters, &perceptron_class, "alpha", alpha);
            check_fit(p, &perceptron_class, &parameters, 1e-4);
        }
    }
    problem_destroy(p);
}

/* (1 - rho) eta alpha above 1: the weights go to 0 at every step, what they received stays. */
Test(sgd, penalty_above_one, .timeout = 10)
{
    struct problem *p = problem_create(50, 10, 3);
    struct parameters parameters;
    parameters_default(&parameters, perceptron_class.parameters);
    set_number(&parameters, &perceptron_class, "alpha", 1.3);
    set_number(&parameters, &perceptron_class, "max_iter", 1);
    for (size_t r = 1; r < 4; r++) {
        set_choice(&parameters, &perceptron_class, "penalty", penalties[r]);
        check_fit(p, &perceptron_class, &parameters, 1e-5);
    }
    problem_destroy(p);
}

Test(sgd, passive_aggressive, .timeout = 10)
{
    struct problem *p = problem_create(150, 37, 3);
    for (double C = 0.001; C < 200; C *= 100) {
        struct parameters parameters;
        parameters_default(&parameters, passive_aggressive_class.parameters);
        set_number(&parameters, &passive_aggressive_class, "C", C);
        check_fit(p, &passive_aggressive_class, &parameters, 1e-4);
    }
    problem_destroy(p);
}

static void predict(const struct problem *p, const struct classifier_class *class,
                    struct sgd_model *model, const struct parameters *parameters, int n_threads,
                    uint8_t *labels)
{
    const struct execution execution = {.rng_key = RNG_KEY, .n_threads = n_threads};
    cr_assert_eq(class->predict(model, parameters, &p->x, &execution, labels, NULL), STATUS_OK);
}

static uint8_t naive_label(const struct problem *p, const struct sgd_model *model, size_t row)
{
    double best = -INFINITY;
    size_t label = 0;
    for (size_t k = 0; k < model->n_problems; k++) {
        double value = model->intercept[k];
        for (size_t j = 0; j < p->n_features; j++)
            value += (double)model->weights[k * model->stride + j] *
                     (p->bytes[row * p->n_features + j] - p->scaling.mean[j]) / p->scaling.scale[j];
        label = value > best ? k : label;
        best = fmax(best, value);
    }
    return (uint8_t)(model->n_problems == 1 ? best > 0 : label);
}

static void check_labels(const struct problem *p, size_t n_least_right)
{
    static uint8_t labels[ROWS_MAX];
    const struct parameters parameters = sgd_parameters("log", "l2");
    struct fit_report report;
    struct sgd_model *model = fit(p, &sgd_class, &parameters, 1, &report);
    size_t n_right = 0;
    predict(p, &sgd_class, model, &parameters, 1, labels);
    for (size_t i = 0; i < p->n_rows; i++) {
        cr_assert_eq(labels[i], naive_label(p, model, i));
        n_right += labels[i] == p->y[i];
    }
    cr_assert_geq(n_right, n_least_right, "%zu of %zu", n_right, p->n_rows);
    sgd_class.destroy(model);
}

Test(sgd, labels, .timeout = 10)
{
    static const size_t classes[] = {2, 3, 20};
    for (size_t c = 0; c < 3; c++) {
        struct problem *p = problem_create(300, 40, classes[c]);
        check_labels(p, 240);
        const struct parameters parameters = sgd_parameters("hinge", "l2");
        check_fit(p, &sgd_class, &parameters, 1e-3);
        problem_destroy(p);
    }
}

/* Every row is 0, and the intercepts alone decide: the largest class, or a tie. */
static void check_constant_features(const struct classifier_class *class, size_t n_classes)
{
    struct problem *p = problem_create(60, 2, n_classes);
    struct parameters parameters;
    struct fit_report report;
    uint8_t labels[60];
    for (size_t i = 0; i < p->n_rows; i++)
        p->bytes[2 * i] = 5;
    scaling_destroy(&p->scaling);
    cr_assert_eq(scaling_create(&p->scaling, p->bytes, 60, 2, NULL), STATUS_OK);
    parameters_default(&parameters, class->parameters);
    struct sgd_model *model = fit(p, class, &parameters, 1, &report);
    predict(p, class, model, &parameters, 1, labels);
    for (size_t k = 0; k < model->n_problems; k++) {
        cr_assert_eq(model->weights[k * model->stride], 0.0f);
        if (class == &passive_aggressive_class)
            cr_assert_eq(model->intercept[k], 0.0);
    }
    for (size_t i = 0; i < p->n_rows; i++)
        cr_assert_eq(labels[i], 0, "%s, %zu classes", class->name, n_classes);
    class->destroy(model);
    problem_destroy(p);
}

Test(sgd, constant_features, .timeout = 10)
{
    for (size_t n_classes = 2; n_classes < 4; n_classes++) {
        check_constant_features(&sgd_class, n_classes);
        check_constant_features(&perceptron_class, n_classes);
        check_constant_features(&passive_aggressive_class, n_classes);
    }
}

Test(sgd, one_row, .timeout = 10)
{
    struct problem *p = calloc(1, sizeof *p);
    cr_assert(p);
    p->n_rows = p->n_features = 1;
    p->n_classes = 3;
    p->y[0] = 2;
    finish(p);
    const struct parameters parameters = sgd_parameters("hinge", "elasticnet");
    struct fit_report report;
    uint8_t label;
    struct sgd_model *model = fit(p, &sgd_class, &parameters, 1, &report);
    predict(p, &sgd_class, model, &parameters, 1, &label);
    cr_assert_eq(label, 2);
    sgd_class.destroy(model);
    problem_destroy(p);
}

Test(sgd, threads, .timeout = 10)
{
    struct problem *p = problem_create(600, 40, 20);
    static uint8_t one[ROWS_MAX], three[ROWS_MAX];
    for (size_t r = 0; r < 4; r++) {
        const struct parameters parameters = sgd_parameters("log", penalties[r]);
        struct fit_report report;
        struct sgd_model *a = fit(p, &sgd_class, &parameters, 1, &report);
        struct sgd_model *b = fit(p, &sgd_class, &parameters, 3, &report);
        predict(p, &sgd_class, a, &parameters, 1, one);
        predict(p, &sgd_class, b, &parameters, 3, three);
        cr_assert_eq(memcmp(one, three, p->n_rows), 0);
        cr_assert_eq(memcmp(a->weights, b->weights, 20 * a->stride * sizeof *a->weights), 0);
        cr_assert_eq(memcmp(a->intercept, b->intercept, 20 * sizeof *a->intercept), 0);
        sgd_class.destroy(a);
        sgd_class.destroy(b);
    }
    problem_destroy(p);
}

/* Steps of 1e6 x 1e12 x 1e6 leave float32. */
Test(sgd, too_large_steps, .timeout = 10)
{
    struct problem *p = problem_create(200, 10, 3);
    struct parameters parameters = sgd_parameters("squared_hinge", "l2");
    struct error error = {0};
    void *model = NULL;
    const struct training_set set = {.x = &p->x, .y = p->y, .n_classes = 3};
    const struct execution execution = {.rng_key = RNG_KEY, .n_threads = 1};
    struct fit_report report;
    fit_report_init(&report);
    set_number(&parameters, &sgd_class, "alpha", 1e-110);
    cr_assert_eq(sgd_class.create(&model, &parameters, &error), STATUS_OK);
    cr_assert_eq(sgd_class.fit(model, &set, &execution, &report, &error), STATUS_FAILED);
    cr_assert(strstr(error.message, "not finite"));
    sgd_class.destroy(model);
    problem_destroy(p);
}

Test(sgd, parameters_without_effect, .timeout = 10)
{
    struct parameters a, b;
    parameters_default(&a, sgd_class.parameters);
    parameters_default(&b, sgd_class.parameters);
    set_number(&a, &sgd_class, "l1_ratio", 0.5);
    sgd_class.canonical(&a);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    set_choice(&a, &sgd_class, "penalty", "elasticnet");
    set_number(&a, &sgd_class, "l1_ratio", 0.5);
    sgd_class.canonical(&a);
    cr_assert_eq(parameter_number(&a, parameter_find(sgd_class.parameters, "l1_ratio")), 0.5);
    parameters_default(&a, perceptron_class.parameters);
    parameters_default(&b, perceptron_class.parameters);
    set_number(&a, &perceptron_class, "alpha", 0.5);
    perceptron_class.canonical(&a);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
}
