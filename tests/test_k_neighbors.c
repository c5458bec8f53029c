#include "classifiers/classifier.h"
#include "classifiers/neighbors_index.h"
#include "numerics/distance_simd.h"
#include "numerics/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_NEIGHBORS, WEIGHTS, P };
enum { UNIFORM, DISTANCE };

/* A training part and queries with their features; owns all. */
struct problem {
    size_t n_rows, n_queries, n_features, n_classes;
    uint8_t *train, *test, *labels;
    struct scaling *scaling; /* apart, as the features keep its address */
    struct features x, queries;
};

static struct problem problem_allocate(size_t n_rows, size_t n_queries, size_t n_features)
{
    return (struct problem){.n_rows = n_rows,
                            .n_queries = n_queries,
                            .n_features = n_features,
                            .n_classes = 4,
                            .train = malloc(n_rows * n_features),
                            .test = malloc(n_queries * n_features),
                            .labels = malloc(n_rows > n_queries ? n_rows : n_queries)};
}

static void problem_finish(struct problem *p)
{
    p->scaling = malloc(sizeof *p->scaling);
    cr_assert_eq(scaling_create(p->scaling, p->train, p->n_rows, p->n_features, NULL), STATUS_OK);
    struct features_source source = {
        .bytes = p->train, .n_rows = p->n_rows, .n_features = p->n_features, .scaling = p->scaling};
    cr_assert_eq(features_create(&p->x, &source, NULL), STATUS_OK);
    source.bytes = p->test;
    source.n_rows = p->n_queries;
    cr_assert_eq(features_create(&p->queries, &source, NULL), STATUS_OK);
}

static void problem_release_features(struct problem *p)
{
    features_destroy(&p->x);
    features_destroy(&p->queries);
    scaling_destroy(p->scaling);
    free(p->scaling);
}

static void problem_destroy(struct problem *p)
{
    free(p->train);
    free(p->test);
    free(p->labels);
    problem_release_features(p);
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* The golden values below come from the same generator in Python. */
static void generate(uint8_t *bytes, uint8_t *labels, size_t n_rows, size_t n_features,
                     uint32_t seed)
{
    for (size_t i = 0; i < n_rows; i++) {
        labels[i] = (uint8_t)(next(&seed) % 4);
        for (size_t j = 0; j < n_features; j++)
            bytes[i * n_features + j] =
                (uint8_t)(10 + 20 * ((labels[i] * 5 + j * 3) % 4) + next(&seed) % 181);
    }
}

static struct problem golden_problem(void)
{
    struct problem p = problem_allocate(60, 40, 6);
    generate(p.test, p.labels, 40, 6, 2);
    generate(p.train, p.labels, 60, 6, 1);
    problem_finish(&p);
    return p;
}

/* Bytes below `range`; 0 for `sparse` of 4; features differ in size. */
static struct problem random_problem(size_t n_rows, size_t n_queries, size_t n_features,
                                     uint32_t range, uint32_t sparse, uint64_t key)
{
    struct problem p = problem_allocate(n_rows, n_queries, n_features);
    struct rng rng = rng_create(key, 0);
    for (size_t i = 0; i < n_rows + n_queries; i++)
        for (size_t j = 0; j < n_features; j++) {
            const uint32_t size = 1 + (range - 1) / (1 + (uint32_t)j % 5);
            const uint8_t byte = (uint8_t)(rng_below(&rng, 4) < sparse ? 0 : rng_below(&rng, size));
            (i < n_rows ? p.train + i * n_features : p.test + (i - n_rows) * n_features)[j] = byte;
        }
    for (size_t i = 0; i < n_rows; i++)
        p.labels[i] = (uint8_t)rng_below(&rng, 4);
    problem_finish(&p);
    return p;
}

static double naive_distance(const struct problem *p, size_t row, size_t query, int power)
{
    double sum = 0;
    for (size_t j = 0; j < p->n_features; j++) {
        const double off = fabs(((double)p->train[row * p->n_features + j] -
                                 (double)p->test[query * p->n_features + j]) /
                                p->scaling->scale[j]);
        sum += power == 1 ? off : off * off;
    }
    return power == 1 ? sum : sqrt(sum);
}

struct candidate {
    double distance;
    size_t row;
};

static int by_distance(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/*
 * Each list is sorted, by distance and then by row, holds k different rows at the distances that a
 * brute-force search in double computes for them, and its distances are the k smallest there are.
 */
static void check_search(const struct problem *p, int power, size_t k)
{
    struct neighbors_index index;
    struct neighbors found;
    struct candidate *all = malloc(p->n_rows * sizeof *all);
    uint8_t *seen = malloc(p->n_rows);
    cr_assert_eq(neighbors_index_create(&index, &p->x, power, NULL), STATUS_OK);
    cr_assert_eq(neighbors_search(&found, &index, &p->queries, k, 1, NULL), STATUS_OK);
    size_t n_wrong = 0; /* one assertion for all: each costs a message to the runner */
    for (size_t q = 0; q < p->n_queries; q++) {
        const double *distances = found.distances + q * k;
        const uint32_t *rows = found.rows + q * k;
        memset(seen, 0, p->n_rows);
        for (size_t i = 0; i < p->n_rows; i++)
            all[i] = (struct candidate){naive_distance(p, i, q, power), i};
        for (size_t i = 0; i < k; i++) {
            n_wrong += seen[rows[i]]++ != 0;
            n_wrong += fabs(distances[i] - all[rows[i]].distance) > 1e-12 * distances[i];
        }
        qsort(all, p->n_rows, sizeof *all, by_distance);
        for (size_t i = 0; i < k; i++) {
            n_wrong += fabs(distances[i] - all[i].distance) > 1e-12 * distances[i];
            n_wrong += i > 0 && !(distances[i - 1] < distances[i] ||
                                  (distances[i - 1] == distances[i] && rows[i - 1] < rows[i]));
        }
    }
    cr_assert_eq(n_wrong, 0, "p %d, k %zu, %zu rows, %zu features: %zu wrong", power, k, p->n_rows,
                 p->n_features, n_wrong);
    neighbors_destroy(&found);
    neighbors_index_destroy(&index);
    free(all);
    free(seen);
}

static void check_on_all_levels(const struct problem *p, size_t k)
{
    const enum simd_level best = simd_level();
    for (int level = SIMD_PORTABLE; level <= (int)best; level++)
        for (int power = 1; power <= 2; power++) {
            setenv("FMBENCH_SIMD", simd_level_name((enum simd_level)level), 1);
            check_search(p, power, k);
            unsetenv("FMBENCH_SIMD");
        }
}

Test(k_neighbors, search_equals_brute_force, .timeout = 60)
{
    static const size_t features[] = {1, 7, 8, 9, 33, 100}, sizes[] = {1, 3, 16, 17, 300, 700};
    for (size_t f = 0; f < sizeof features / sizeof *features; f++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const size_t n = sizes[s];
            struct problem p =
                random_problem(n, 7, features[f], 256, (uint32_t)(s % 4), 10 * f + s);
            check_on_all_levels(&p, 1);
            check_on_all_levels(&p, n < 5 ? n : 5);
            check_on_all_levels(&p, n);
            problem_destroy(&p);
        }
}

/* More queries than a block, chunks of panels with a remainder, many groups of features. */
Test(k_neighbors, search_over_several_blocks, .timeout = 60)
{
    struct problem p = random_problem(1001, 270, 301, 256, 2, 77);
    check_on_all_levels(&p, 9);
    problem_destroy(&p);
}

/* With few distinct values there are many ties and duplicates. */
Test(k_neighbors, duplicates_rank_by_row, .timeout = 20)
{
    struct problem p = random_problem(200, 50, 3, 3, 0, 5);
    check_on_all_levels(&p, 20);
    problem_destroy(&p);

    struct problem same = random_problem(40, 3, 5, 256, 0, 6);
    for (size_t i = 1; i < 40; i += 2) /* every row twice */
        memcpy(same.train + i * 5, same.train + (i - 1) * 5, 5);
    struct neighbors_index index;
    struct neighbors found;
    for (int power = 1; power <= 2; power++) {
        cr_assert_eq(neighbors_index_create(&index, &same.x, power, NULL), STATUS_OK);
        cr_assert_eq(neighbors_search(&found, &index, &same.queries, 9, 1, NULL), STATUS_OK);
        for (size_t q = 0; q < 3; q++)
            for (size_t i = 0; i + 1 < 9; i += 2) {
                cr_assert_eq(found.rows[q * 9 + i] % 2, 0);
                cr_assert_eq(found.rows[q * 9 + i] + 1, found.rows[q * 9 + i + 1]);
                cr_assert_eq(found.distances[q * 9 + i], found.distances[q * 9 + i + 1]);
            }
        neighbors_destroy(&found);
        neighbors_index_destroy(&index);
    }
    problem_destroy(&same);
}

/*
 * Features whose weights differ by orders of magnitude, and queries far outside of what training
 * rows have there: the bounds must not lose neighbours to rounding.
 */
Test(k_neighbors, rare_features_lose_no_neighbour, .timeout = 60)
{
    struct problem p = random_problem(3000, 40, 40, 256, 1, 8);
    for (size_t i = 0; i < 3000; i++)
        for (size_t j = 0; j < 6; j++)
            p.train[i * 40 + j] = i == 100 * j + 1 ? (uint8_t)(1 + j) : 0;
    for (size_t q = 0; q < 40; q++)
        for (size_t j = 0; j < 6; j++)
            p.test[q * 40 + j] = q % 6 == j ? (uint8_t)(255 - q) : 0;
    for (size_t i = 0; i < 3000; i++)
        p.train[i * 40 + 6] = 50; /* constant in training only */
    problem_release_features(&p);
    problem_finish(&p);
    check_on_all_levels(&p, 5);
    problem_destroy(&p);
}

/*
 * Two opposite patterns of 0 and 255, with a few pixels of each row off by one: all weights are
 * alike, so the bounds are as close as they get, and the neighbours of a query differ by less than
 * float32 resolves in its sums.
 */
Test(k_neighbors, close_neighbours_of_large_norm, .timeout = 60)
{
    enum { N = 200, QUERIES = 30, FEATURES = 800 };
    struct problem p = random_problem(N, QUERIES, FEATURES, 256, 0, 9);
    struct rng rng = rng_create(10, 0);
    for (size_t i = 0; i < N + QUERIES; i++) {
        uint8_t *row = i < N ? p.train + i * FEATURES : p.test + (i - N) * FEATURES;
        for (size_t j = 0; j < FEATURES; j++)
            row[j] = (j * j / 7 + i) % 2 ? 255 : 0;
        for (size_t flip = rng_below(&rng, 40); flip > 0; flip--)
            row[rng_below(&rng, FEATURES)] ^= 1;
    }
    problem_release_features(&p);
    problem_finish(&p);
    check_on_all_levels(&p, 5);
    problem_destroy(&p);
}

Test(k_neighbors, constant_features_alone, .timeout = 10)
{
    struct problem p = random_problem(20, 4, 3, 256, 0, 8);
    for (size_t i = 0; i < 20 * 3; i++)
        p.train[i] = 7;
    problem_release_features(&p);
    problem_finish(&p);
    check_on_all_levels(&p, 6);
    problem_destroy(&p);
}

static struct parameters settings(double n_neighbors, size_t weights, double power)
{
    struct parameters p;
    parameters_default(&p, classifier_find("KNeighborsClassifier")->parameters);
    p.values[N_NEIGHBORS].numbers[0] = n_neighbors;
    p.values[WEIGHTS].choice = weights;
    p.values[P].numbers[0] = power;
    return p;
}

static enum status run(const struct problem *p, const struct parameters *fitted,
                       const struct parameters *readout, int n_threads, uint8_t *labels,
                       struct error *error)
{
    const struct classifier_class *class = classifier_find("KNeighborsClassifier");
    const struct training_set set = {.x = &p->x, .y = p->labels, .n_classes = p->n_classes};
    const struct execution execution = {.n_threads = n_threads};
    struct fit_report report;
    void *model;
    fit_report_init(&report);
    cr_assert_eq(class->create(&model, fitted, NULL), STATUS_OK);
    enum status status = class->fit(model, &set, &execution, &report, error);
    if (status == STATUS_OK)
        status = class->predict(model, readout, &p->queries, &execution, labels, error);
    class->destroy(model);
    return status;
}

/* scikit-learn 1.2.1, KNeighborsClassifier(n_neighbors, weights, p, algorithm='brute') on
   StandardScaler's output of golden_problem. */
Test(k_neighbors, equals_scikit_learn, .timeout = 20)
{
    static const struct {
        double n_neighbors;
        size_t weights;
        double p;
        const char *labels;
    } golden[] = {
        {1, UNIFORM, 1, "3212212310333323031231133331323133022230"},
        {4, UNIFORM, 1, "2212312223333323031131333232333203222020"},
        {9, UNIFORM, 1, "2212312230333332031133330332313223222222"},
        {1, DISTANCE, 1, "3212212310333323031231133331323133022230"},
        {4, DISTANCE, 1, "3212312223333323031133333332333233222220"},
        {9, DISTANCE, 1, "3212312230333332031233330332313223222220"},
        {1, UNIFORM, 2, "3212212312333323031233333332323233022220"},
        {4, UNIFORM, 2, "1212312223133333031131133232333223022220"},
        {9, UNIFORM, 2, "3212310230333312031133330332323123222222"},
        {1, DISTANCE, 2, "3212212312333323031233333332323233022220"},
        {4, DISTANCE, 2, "1212312223333333031131333332333223022220"},
        {9, DISTANCE, 2, "3212312230333322031133330332333123222220"},
    };
    struct problem p = golden_problem();
    uint8_t labels[40];
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        const struct parameters s = settings(golden[g].n_neighbors, golden[g].weights, golden[g].p);
        cr_assert_eq(run(&p, &s, &s, 1, labels, NULL), STATUS_OK);
        for (size_t i = 0; i < 40; i++)
            cr_assert_eq(labels[i], golden[g].labels[i] - '0', "row %zu of setting %zu", i, g);
    }
    problem_destroy(&p);
}

Test(k_neighbors, readout_equals_a_fit_of_its_own, .timeout = 20)
{
    struct problem p = random_problem(400, 150, 12, 30, 1, 21);
    uint8_t alone[150], read[150];
    for (int power = 1; power <= 2; power++)
        for (double n_neighbors = 1; n_neighbors <= 10; n_neighbors += 3)
            for (size_t weights = UNIFORM; weights <= DISTANCE; weights++) {
                const struct parameters own = settings(n_neighbors, weights, power);
                const struct parameters large = settings(25, UNIFORM, power);
                cr_assert_eq(run(&p, &own, &own, 1, alone, NULL), STATUS_OK);
                cr_assert_eq(run(&p, &large, &own, 1, read, NULL), STATUS_OK);
                cr_assert_eq(memcmp(alone, read, sizeof read), 0);
            }
    problem_destroy(&p);
}

Test(k_neighbors, threads_do_not_change_the_result, .timeout = 20)
{
    struct problem p = random_problem(500, 600, 30, 256, 1, 22);
    uint8_t one[600], two[600];
    for (int power = 1; power <= 2; power++) {
        const struct parameters s = settings(7, DISTANCE, power);
        cr_assert_eq(run(&p, &s, &s, 1, one, NULL), STATUS_OK);
        cr_assert_eq(run(&p, &s, &s, 2, two, NULL), STATUS_OK);
        cr_assert_eq(memcmp(one, two, sizeof two), 0);
    }
    problem_destroy(&p);
}

/* One feature with scale 2: training rows 10 10 14 14 10 14, queries 10, 12 and 11. */
static struct problem tiny_problem(void)
{
    static const uint8_t bytes[6] = {10, 10, 14, 14, 10, 14}, queries[3] = {10, 12, 11};
    static const uint8_t labels[6] = {3, 1, 0, 2, 1, 2};
    struct problem p = problem_allocate(6, 3, 1);
    memcpy(p.train, bytes, 6);
    memcpy(p.labels, labels, 6);
    memcpy(p.test, queries, 3);
    problem_finish(&p);
    return p;
}

Test(k_neighbors, votes_and_ties, .timeout = 10)
{
    struct problem p = tiny_problem();
    static const struct {
        double n_neighbors;
        size_t weights;
        uint8_t expected[3];
    } cases[] = {
        {1, UNIFORM, {3, 3, 3}},  /* equal distances: the smallest row */
        {2, UNIFORM, {1, 1, 1}},  /* rows 0 and 1 vote 3 and 1: the smallest class */
        {3, UNIFORM, {1, 1, 1}},  /* of query 12, rows 0, 1, 2 vote 3, 1, 0: hence 0, see below */
        {6, UNIFORM, {1, 1, 1}},  /* 1 and 2 have two votes each */
        {6, DISTANCE, {1, 1, 1}}, /* query 10: distance 0 votes alone */
    };
    uint8_t labels[3];
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const struct parameters s = settings(cases[c].n_neighbors, cases[c].weights, 1);
        cr_assert_eq(run(&p, &s, &s, 1, labels, NULL), STATUS_OK);
        for (size_t q = 0; q < 3; q++)
            if (!(cases[c].n_neighbors == 3 && q == 1))
                cr_assert_eq(labels[q], cases[c].expected[q], "case %zu query %zu: %d", c, q,
                             labels[q]);
            else
                cr_assert_eq(labels[q], 0);
    }
    problem_destroy(&p);
}

/* The rows at distance 0 vote alone, one vote each, however many are nearby; weights matter. */
Test(k_neighbors, distance_weights, .timeout = 10)
{
    static const uint8_t bytes[7] = {100, 100, 100, 101, 101, 101, 200}, queries[2] = {100, 200};
    static const uint8_t labels_of_rows[7] = {2, 2, 1, 1, 1, 1, 0};
    struct problem p = problem_allocate(7, 2, 1);
    uint8_t labels[2];
    memcpy(p.train, bytes, 7);
    memcpy(p.labels, labels_of_rows, 7);
    memcpy(p.test, queries, 2);
    problem_finish(&p);
    for (int power = 1; power <= 2; power++) {
        const struct parameters weighted = settings(7, DISTANCE, power);
        const struct parameters uniform = settings(7, UNIFORM, power);
        cr_assert_eq(run(&p, &weighted, &weighted, 1, labels, NULL), STATUS_OK);
        cr_assert_eq(labels[0], 2);
        cr_assert_eq(labels[1], 0);
        cr_assert_eq(run(&p, &uniform, &uniform, 1, labels, NULL), STATUS_OK);
        cr_assert_eq(labels[0], 1);
        cr_assert_eq(labels[1], 1);
    }
    problem_destroy(&p);
}

Test(k_neighbors, refuses_too_many_neighbours, .timeout = 10)
{
    struct problem p = tiny_problem();
    const struct parameters seven = settings(7, UNIFORM, 2), six = settings(6, UNIFORM, 2);
    const struct parameters three = settings(3, UNIFORM, 2);
    struct error error;
    uint8_t labels[3];
    cr_assert_eq(run(&p, &seven, &seven, 1, labels, &error), STATUS_USAGE);
    cr_assert(strstr(error.message, "7 is more than the 6 training rows"), "%s", error.message);
    cr_assert_eq(run(&p, &three, &six, 1, labels, &error), STATUS_USAGE);
    cr_assert_eq(run(&p, &six, &three, 1, labels, &error), STATUS_OK);
    problem_destroy(&p);
}

enum { UNITS = 11, GROUPS = 3 };

struct kernel_case {
    _Alignas(64) uint8_t panels[DISTANCE_TILE_PANELS * UNITS * 64];
    uint8_t queries[DISTANCE_TILE_QUERIES * UNITS * DISTANCE_UNIT];
    double weight[UNITS * DISTANCE_UNIT];
    uint32_t group_end[GROUPS];
};

static struct kernel_case kernel_case(uint64_t key)
{
    struct kernel_case k = {.group_end = {4, 5, UNITS}};
    struct rng rng = rng_create(key, 1);
    for (size_t i = 0; i < sizeof k.panels; i++)
        k.panels[i] = (uint8_t)(key == 0 ? 255 : rng_below(&rng, 256));
    for (size_t i = 0; i < sizeof k.queries; i++)
        k.queries[i] = (uint8_t)(key == 0 ? 0x80 : rng_below(&rng, 256));
    for (size_t i = 0; i < UNITS * DISTANCE_UNIT; i++)
        k.weight[i] = rng_uniform(&rng);
    return k;
}

static int byte_of_row(const struct kernel_case *k, size_t row, size_t v)
{
    return k->panels[(row / 8 * UNITS + v / 8) * 64 + row % 8 * 8 + v % 8];
}

static size_t group_of(size_t v)
{
    return v < 4 * 8 ? 0 : v < 5 * 8 ? 1 : 2;
}

Test(k_neighbors, bound_kernels_equal_naive_twins, .timeout = 10)
{
    static const uint64_t integers[GROUPS] = {UINT32_MAX, 12345, 1};
    static const float reals[GROUPS] = {1.5f, 0.25f, 3.0f};
    for (uint64_t key = 0; key < 5; key++) {
        const struct kernel_case k = kernel_case(key);
        const struct distance_tile tile = {.panels = k.panels,
                                           .queries = k.queries,
                                           .n_units = UNITS,
                                           .n_groups = GROUPS,
                                           .group_end = k.group_end};
        uint64_t manhattan[4][DISTANCE_TILE_ROWS], limits[4];
        double product[4][DISTANCE_TILE_ROWS];
        float terms[DISTANCE_TILE_ROWS], real_limits[4];
        for (size_t r = 0; r < DISTANCE_TILE_ROWS; r++)
            terms[r] = (float)(100 * r);
        for (size_t q = 0; q < 4; q++)
            for (size_t r = 0; r < DISTANCE_TILE_ROWS; r++) {
                manhattan[q][r] = 0;
                product[q][r] = terms[r];
                for (size_t v = 0; v < UNITS * 8; v++) {
                    const int row = byte_of_row(&k, r, v), query = k.queries[q * UNITS * 8 + v];
                    manhattan[q][r] += integers[group_of(v)] * (uint64_t)abs(row - query);
                    product[q][r] -= 2.0 * (double)reals[group_of(v)] * row * (int8_t)query;
                }
            }
        for (size_t q = 0; q < 4; q++) { /* of four rows in turn; one less must leave it out */
            limits[q] = manhattan[q][5 * q] - (key == 3);
            real_limits[q] = (float)product[q][5 * q] + (key == 3 ? -8.0f : 8.0f);
        }
        for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
            const struct distance_kernels *kernels =
                SIMD_SELECT_LEVEL((enum simd_level)level, distance_kernels);
            uint32_t near[4];
            size_t n_wrong = 0;
            kernels->near_manhattan(&tile, integers, limits, near);
            for (size_t q = 0; q < 4; q++)
                for (size_t r = 0; r < DISTANCE_TILE_ROWS; r++)
                    n_wrong += (near[q] >> r & 1) != (manhattan[q][r] <= limits[q]);
            kernels->near_euclidean(&tile, reals, terms, real_limits, near);
            for (size_t q = 0; q < 4; q++)
                for (size_t r = 0; r < DISTANCE_TILE_ROWS; r++)
                    n_wrong += fabs(product[q][r] - (double)real_limits[q]) > 2.0 &&
                               (near[q] >> r & 1) != (product[q][r] <= (double)real_limits[q]);
            cr_assert_eq(n_wrong, 0, "level %d, case %d: %zu wrong", level, (int)key, n_wrong);
        }
    }
}

Test(k_neighbors, distance_kernels_give_the_same_bits, .timeout = 10)
{
    for (uint64_t key = 0; key < 5; key++) {
        const struct kernel_case k = kernel_case(key);
        for (size_t r = 0; r < DISTANCE_TILE_ROWS; r++) {
            const uint8_t *row = k.panels + r / 8 * UNITS * 64 + r % 8 * 8;
            double one[8] = {0}, two[8] = {0};
            for (size_t v = 0; v < UNITS * 8; v++) {
                const double off = fabs((double)byte_of_row(&k, r, v) - k.queries[v]);
                one[v % 8] += k.weight[v] * off;
                two[v % 8] += k.weight[v] * (off * off);
            }
            const double sum_one =
                ((one[0] + one[4]) + (one[2] + one[6])) + ((one[1] + one[5]) + (one[3] + one[7]));
            const double sum_two =
                ((two[0] + two[4]) + (two[2] + two[6])) + ((two[1] + two[5]) + (two[3] + two[7]));
            for (int level = SIMD_PORTABLE; level <= (int)simd_level(); level++) {
                const struct distance_kernels *kernels =
                    SIMD_SELECT_LEVEL((enum simd_level)level, distance_kernels);
                cr_assert_eq(kernels->manhattan(row, k.queries, k.weight, UNITS), sum_one);
                cr_assert_eq(kernels->squared_euclidean(row, k.queries, k.weight, UNITS), sum_two);
            }
        }
    }
}
