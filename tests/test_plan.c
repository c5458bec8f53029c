/* Which cells share a fit, at which parameters, and in which order they run. */
#include "runner/plan.h"
#include "runner/plan_machine.h"
#include "runner/speed.h"

#include "test_folder.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct dataset dataset = {
    .name = "made", .hash = "00aa", .n_features = 784, .train = {.n_rows = 60000}};
static const char grid_text[] =
    "{\"classifiers\": {"
    "\"GaussianNB\": [{\"priors\": [null]}],"
    "\"RandomForestClassifier\": [{\"n_estimators\": [5, 40, 9], \"max_depth\": [null, 3]}],"
    "\"KNeighborsClassifier\": [{\"p\": [1, 2], \"n_neighbors\": [3, 7]}],"
    "\"LinearSVC\": [{\"multi_class\": [\"crammer_singer\"], \"loss\": [\"hinge\", "
    "\"squared_hinge\"]}]}}";

struct setting {
    struct grid grid;
    struct plan plan;
    struct cost_model costs;
    char folder[FOLDER_BYTES];
};

static struct setting set_up(const struct options *options, const struct journal *held,
                             const char *costs)
{
    struct setting s = {.costs = {.n_rows = 0}};
    char path[FILE_PATH_BYTES];
    struct error error = {.message = ""};
    folder_create(s.folder);
    file_path(path, s.folder, "grid.json");
    file_put(path, grid_text, strlen(grid_text));
    cr_assert_eq(grid_read(&s.grid, path, &error), STATUS_OK, "%s", error.message);
    if (costs) {
        file_path(path, s.folder, "costs.json");
        file_put(path, costs, strlen(costs));
        cr_assert_eq(cost_model_read(&s.costs, path, &error), STATUS_OK, "%s", error.message);
    }
    cr_assert_eq(plan_create(&s.plan, &s.grid, 1, &error), STATUS_OK);
    const struct plan_request request = {
        .grid = &s.grid, .options = options, .dataset = &dataset, .held = held};
    cr_assert_eq(plan_add(&s.plan, &request, &error), STATUS_OK, "%s", error.message);
    cr_assert_eq(plan_finish(&s.plan, options, &s.costs, &error), STATUS_OK);
    return s;
}

static void tear_down(struct setting *s)
{
    plan_destroy(&s->plan);
    cost_model_destroy(&s->costs);
    grid_destroy(&s->grid);
    folder_remove(s->folder);
}

static const struct journal empty = {.n_records = 0};

static double number_of(const struct cell *cell, const struct parameters *parameters,
                        const char *name)
{
    const size_t i = parameter_find(cell->point->class->parameters, name);
    return parameter_is_none(parameters, i) ? -1 : parameter_number(parameters, i);
}

Test(plan, what_differs_in_readout_parameters_alone_shares_a_fit, .timeout = 10)
{
    const struct options options = {.repeats = 1, .jobs = 2};
    struct setting s = set_up(&options, &empty, NULL);
    struct parameters p;
    cr_assert_eq(s.plan.n_cells, 1 + 6 + 4 + 2);
    cr_assert_eq(s.plan.n_fits, 1 + 1 + 2 + 1);
    cr_assert_eq(s.plan.n_readers, 5 + 2);
    cr_assert_eq(s.plan.n_twins, 1);
    /* Without costs in the order of the grid. */
    cr_assert_str_eq(s.plan.fits[0]->point->class->name, "GaussianNB");
    const struct cell *forest = s.plan.fits[1], *neighbors = s.plan.fits[2];
    cr_assert_eq(cell_n_readers(forest), 6);
    cell_fit_parameters(forest, &p);
    cr_assert_eq(number_of(forest, &p, "n_estimators"), 40);
    cr_assert_eq(number_of(forest, &p, "max_depth"), -1, "no limit is the largest");
    cr_assert_eq(cell_n_readers(neighbors), 2);
    cell_fit_parameters(neighbors, &p);
    cr_assert_eq(number_of(neighbors, &p, "n_neighbors"), 7);
    cr_assert_eq(number_of(neighbors, &p, "p"), 1);
    const struct cell *joint = s.plan.fits[4];
    cr_assert(joint->twin && !joint->twin->twin && !joint->reader);
    tear_down(&s);
}

Test(plan, nothing_is_shared_where_that_is_asked_for, .timeout = 10)
{
    const struct options options = {.repeats = 1, .jobs = 2, .no_share = true};
    struct setting s = set_up(&options, &empty, NULL);
    cr_assert_eq(s.plan.n_fits, 13);
    for (size_t i = 0; i < s.plan.n_fits; i++)
        cr_assert(!s.plan.fits[i]->twin && !s.plan.fits[i]->reader, "%zu", i);
    tear_down(&s);
}

Test(plan, what_the_journal_has_is_left_out, .timeout = 10)
{
    const struct options options = {.repeats = 1, .jobs = 2};
    struct setting s = set_up(&options, &empty, NULL);
    struct record records[2];
    for (size_t i = 0; i < 2; i++) {
        record_init(&records[i]);
        snprintf(records[i].cell, sizeof records[i].cell, "%s", s.plan.cells[i].identity);
        records[i].status = i ? RECORD_TIMEOUT : RECORD_OK;
    }
    tear_down(&s);
    const struct journal held = {.n_records = 2, .records = records};
    s = set_up(&options, &held, NULL);
    cr_assert_eq(s.plan.n_cells, 11);
    cr_assert(s.plan.n_held == 2 && s.plan.n_held_bad == 1);
    tear_down(&s);
    const struct options retry = {.repeats = 1, .jobs = 2, .retry = true};
    s = set_up(&retry, &held, NULL);
    cr_assert_eq(s.plan.n_cells, 12);
    tear_down(&s);
}

static const char costs_text[] =
    "{\"yardstick_s\": 1, \"n_train\": 30000, \"n_features\": 784, \"rows\": ["
    "{\"name\": \"GaussianNB\", \"parameter\": {}, \"seconds\": 0.5, \"exponent\": 1},"
    "{\"name\": \"RandomForestClassifier\", \"parameter\": {\"n_estimators\": 5}, \"seconds\": 1,"
    " \"exponent\": 1},"
    "{\"name\": \"RandomForestClassifier\", \"parameter\": {\"n_estimators\": 40}, \"seconds\": 8,"
    " \"exponent\": 1},"
    "{\"name\": \"KNeighborsClassifier\", \"parameter\": {}, \"seconds\": 3, \"exponent\": 2},"
    "{\"name\": \"LinearSVC\", \"parameter\": {}, \"seconds\": 100, \"exponent\": 1.5}]}";

Test(plan, the_longest_fit_comes_first_where_several_run_at_once, .timeout = 10)
{
    static const char *const order[] = {"LinearSVC", "RandomForestClassifier",
                                        "KNeighborsClassifier", "KNeighborsClassifier",
                                        "GaussianNB"};
    static const double seconds[] = {282.842712, 16, 12, 12, 1};
    struct options options = {.repeats = 1, .jobs = 2};
    struct setting s = set_up(&options, &empty, costs_text);
    cr_assert_eq(s.plan.n_fits, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_str_eq(s.plan.fits[i]->point->class->name, order[i]);
        cr_assert_float_eq(s.plan.fits[i]->expected_s, seconds[i], 1e-6, "%g",
                           s.plan.fits[i]->expected_s);
    }
    cr_assert_float_eq(s.plan.expected_s, 323.842712, 1e-5);
    tear_down(&s);
    options.jobs = 1;
    s = set_up(&options, &empty, costs_text);
    cr_assert_str_eq(s.plan.fits[0]->point->class->name, "GaussianNB");
    tear_down(&s);
}

/* How often the shards of a plan have each cell of the whole, and that none is cut through a fit.
 */
static void count_cells(size_t *n, const struct plan *whole, const struct plan *shard)
{
    for (size_t i = 0; i < shard->n_cells; i++)
        for (size_t w = 0; w < whole->n_cells; w++)
            n[w] += strcmp(whole->cells[w].identity, shard->cells[i].identity) == 0;
}

Test(plan, each_cell_is_in_one_shard_and_fits_are_whole, .timeout = 10)
{
    struct options options = {.repeats = 1, .jobs = 2};
    for (options.n_shards = 1; options.n_shards <= 7; options.n_shards++) {
        size_t n[16] = {0}, n_fits = 0;
        const struct options one = {.repeats = 1, .jobs = 2};
        struct setting whole = set_up(&one, &empty, costs_text);
        for (options.shard = 1; options.shard <= options.n_shards; options.shard++) {
            struct setting s = set_up(&options, &empty, costs_text);
            count_cells(n, &whole.plan, &s.plan);
            n_fits += s.plan.n_fits;
            tear_down(&s);
        }
        for (size_t w = 0; w < whole.plan.n_cells; w++)
            cr_assert_eq(n[w], 1, "%zu shards: cell %zu is in %zu", options.n_shards, w, n[w]);
        cr_assert_eq(n_fits, whole.plan.n_fits, "%zu shards", options.n_shards);
        tear_down(&whole);
    }
}

Test(plan, what_has_run_moves_no_cell_to_another_shard, .timeout = 10)
{
    struct options options = {.repeats = 1, .jobs = 2, .n_shards = 2};
    for (options.shard = 1; options.shard <= 2; options.shard++) {
        struct setting s = set_up(&options, &empty, costs_text);
        const size_t n_cells = s.plan.n_cells;
        struct record records[16];
        for (size_t i = 0; i < n_cells; i++) {
            record_init(&records[i]);
            snprintf(records[i].cell, sizeof records[i].cell, "%s", s.plan.cells[i].identity);
        }
        tear_down(&s);
        cr_assert_gt(n_cells, 1);
        for (size_t n_held = 1; n_held <= n_cells; n_held++) {
            const struct journal held = {.n_records = n_held, .records = records};
            s = set_up(&options, &held, costs_text);
            cr_assert_eq(s.plan.n_cells, n_cells - n_held);
            cr_assert_eq(s.plan.n_held, n_held);
            tear_down(&s);
        }
    }
}

Test(plan, a_faster_machine_finds_the_same_shards, .timeout = 10)
{
    const struct options options = {.repeats = 1, .jobs = 2, .shard = 1, .n_shards = 3};
    struct setting s = set_up(&options, &empty, costs_text);
    const size_t n_cells = s.plan.n_cells;
    const double expected_s = s.plan.expected_s;
    plan_destroy(&s.plan);
    cr_assert_eq(plan_create(&s.plan, &s.grid, 1, NULL), STATUS_OK);
    const struct plan_request request = {
        .grid = &s.grid, .options = &options, .dataset = &dataset, .held = &empty};
    cr_assert_eq(plan_add(&s.plan, &request, NULL), STATUS_OK);
    s.costs.speed = INFINITY; /* by which all costs would be lost */
    cr_assert_eq(plan_finish(&s.plan, &options, &s.costs, NULL), STATUS_OK);
    cr_assert_eq(s.plan.n_cells, n_cells);
    cr_assert(expected_s > 0 && s.plan.expected_s == 0);
    tear_down(&s);
}

Test(plan, a_table_of_costs_is_read_strictly, .timeout = 10)
{
    static const char *const bad[][2] = {
        {"{", "costs.json:1"},
        {"{\"yardstick_s\": 1, \"n_train\": 1, \"n_features\": 1}", "rows"},
        {"{\"yardstick_s\": 0, \"n_train\": 1, \"n_features\": 1, \"rows\": []}", "positive"},
        {"{\"yardstick_s\": 1, \"n_train\": 1, \"n_features\": 1, \"rows\": [], \"x\": 1}", "x"},
        {"{\"yardstick_s\": 1, \"n_train\": 1, \"n_features\": 1, \"rows\": [{\"name\": \"SVD\", "
         "\"parameter\": {}, \"seconds\": 1, \"exponent\": 1}]}",
         "SVD"},
        {"{\"yardstick_s\": 1, \"n_train\": 1, \"n_features\": 1, \"rows\": [{\"name\": \"SVC\", "
         "\"parameter\": {\"D\": 1}, \"seconds\": 1, \"exponent\": 1}]}",
         "'D'"},
        {"{\"yardstick_s\": 1, \"n_train\": 1, \"n_features\": 1, \"rows\": [{\"name\": \"SVC\", "
         "\"parameter\": {}, \"seconds\": -1, \"exponent\": 1}]}",
         "-1"},
    };
    char folder[FOLDER_BYTES], path[FILE_PATH_BYTES];
    folder_create(folder);
    file_path(path, folder, "costs.json");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cost_model model;
        struct error error;
        file_put(path, bad[i][0], strlen(bad[i][0]));
        cr_assert_eq(cost_model_read(&model, path, &error), STATUS_USAGE, "%zu", i);
        cr_assert_not_null(strstr(error.message, bad[i][1]), "%zu: %s", i, error.message);
    }
    folder_remove(folder);
}

Test(plan, the_yardstick_takes_some_time, .timeout = 20)
{
    double seconds = 0;
    cr_assert_eq(speed_measure_yardstick(&seconds, NULL), STATUS_OK);
    cr_assert(seconds > 1e-4 && seconds < 5, "%g", seconds);
}

/* The jobs that such a machine runs at once, of eight asked for; and their limit. */
static struct options fitted(const struct plan *plan, uint64_t machine_bytes)
{
    struct options options = {.jobs = 8, .threads = 1};
    FILE *nowhere = fopen("/dev/null", "w");
    cr_assert_not_null(nowhere);
    plan_fit_machine(plan, &options, machine_bytes, nowhere);
    fclose(nowhere);
    return options;
}

Test(plan, as_many_cells_at_once_as_have_room_in_their_share, .timeout = 10)
{
    const struct options options = {.repeats = 1, .jobs = 1, .threads = 1};
    struct setting s = set_up(&options, &empty, NULL);
    const uint64_t largest_bytes = plan_largest_bytes(&s.plan, 1);
    cr_assert_gt(largest_bytes, dataset.train.n_rows * dataset.n_features * sizeof(float),
                 "LinearSVC holds its rows");
    for (size_t n_jobs = 1; n_jobs <= 9; n_jobs++) {
        const struct options fits = fitted(&s.plan, (n_jobs * largest_bytes + 10) / 9 * 10 + 10);
        cr_expect_eq(fits.jobs, n_jobs < 8 ? n_jobs : 8);
        cr_expect_geq(fits.memory_bytes, largest_bytes);
    }
    tear_down(&s);
}

Test(plan, a_cell_that_will_be_refused_holds_back_no_other, .timeout = 10)
{
    const struct options options = {.repeats = 1, .jobs = 1, .threads = 1};
    struct setting s = set_up(&options, &empty, NULL);
    struct dataset large = dataset;
    large.train.n_rows *= 100;
    for (size_t i = 0; i < s.plan.n_cells; i++)
        if (strcmp(s.plan.cells[i].point->class->name, "LinearSVC") == 0)
            s.plan.cells[i].dataset = &large;
    const uint64_t largest_bytes = plan_largest_bytes(&s.plan, 1);
    cr_expect_eq(fitted(&s.plan, largest_bytes + largest_bytes / 8).jobs, 1);
    cr_expect_eq(fitted(&s.plan, largest_bytes).jobs, 1, "the estimate fits, without its margin");
    cr_expect_gt(fitted(&s.plan, largest_bytes / 4 * 3).jobs, 1);
    tear_down(&s);
}
