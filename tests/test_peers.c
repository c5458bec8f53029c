/* Our rows beside theirs. */
#include "report/peers.h"

#include "report_folder.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A record of one repeat that took this long; its cell is of name, seed and parameters. */
static void add(const char *folder, const char *name, const char *peer_of, const char *parameter,
                uint64_t seed, double seconds)
{
    struct record record;
    folder_record_init(&record, name, parameter, 0.5 + 0.01 * (double)seed);
    snprintf(record.cell, sizeof record.cell, "%02zx%02zx%02x", strlen(name), strlen(parameter),
             (unsigned)seed);
    snprintf(record.peer_of, sizeof record.peer_of, "%s", peer_of);
    if (*peer_of) {
        record.command = json_pack("[s]", "x");
        strcpy(record.implementation, "Theirs 1.0");
    }
    record.seed = seed;
    record.repeats[0].fit_s = 0.75 * seconds;
    record.repeats[0].predict_s = 0.25 * seconds;
    folder_add(folder, &record);
}

static void add_bad(const char *folder, const char *name, const char *peer_of,
                    const char *parameter, enum record_status status, const char *reason)
{
    struct record record;
    folder_record_init(&record, name, parameter, 0);
    snprintf(record.cell, sizeof record.cell, "ff%02zx%02zx", strlen(name), strlen(parameter));
    snprintf(record.peer_of, sizeof record.peer_of, "%s", peer_of);
    record.command = *peer_of ? json_pack("[s]", "x") : NULL;
    record.status = status;
    record.n_repeats = 0;
    record.start_time = 1000;
    record.done_time = 1600;
    snprintf(record.reason, sizeof record.reason, "%s", reason);
    folder_add(folder, &record);
}

static void build(struct peers *peers, struct results *results, const char *folder)
{
    struct error error;
    cr_assert_eq(results_read(results, &(struct results_request){.directory = folder}, &error),
                 STATUS_OK, "%s", error.message);
    cr_assert_eq(peers_build(peers, results, 1, &error), STATUS_OK, "%s", error.message);
}

Test(peers, medians_ratio_and_interval, .timeout = 10)
{
    static const double ours[] = {2, 1, 4}, theirs[] = {20, 30, 16};
    char folder[FOLDER_BYTES];
    struct results results;
    struct peers peers;
    folder_create(folder);
    for (uint64_t seed = 0; seed < 3; seed++) {
        add(folder, "SVC", "", "{\"C\": 1}", seed, ours[seed]);
        add(folder, "SVC.x", "SVC", "{\"C\": 1.0}", seed, theirs[seed]);
    }
    add(folder, "SVC", "", "{\"C\": 2}", 0, 99);  /* of another row */
    add(folder, "SVC", "", "{\"C\": 1}", 7, 0.1); /* without a pair */
    build(&peers, &results, folder);
    cr_assert_eq(peers.n_rows, 1);
    const struct peers_row *row = &peers.rows[0];
    cr_assert_eq(row->kind, PEERS_MEASURED);
    cr_assert_float_eq(row->ours.median_s, 2, 1e-12);
    cr_assert_float_eq(row->theirs.median_s, 20, 1e-12);
    cr_assert_float_eq(row->ratio, 10, 1e-12);
    cr_assert_eq(row->n_pairs, 3);
    cr_assert_float_eq(row->low, 4, 1e-12);
    cr_assert_float_eq(row->high, 30, 1e-12);
    cr_assert_float_eq(row->theirs.accuracy, 0.51, 1e-12);
    peers_destroy(&peers);
    results_destroy(&results);
    folder_remove(folder);
}

Test(peers, a_later_record_of_a_cell_replaces_the_earlier, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct results results;
    struct peers peers;
    folder_create(folder);
    add(folder, "SVC", "", "{}", 0, 100);
    add(folder, "SVC.x", "SVC", "{}", 0, 6);
    add(folder, "SVC", "", "{}", 0, 2);
    build(&peers, &results, folder);
    cr_assert_eq(peers.rows[0].ours.n_records, 1);
    cr_assert_float_eq(peers.rows[0].ratio, 3, 1e-12);
    cr_assert(isnan(peers.rows[0].low), "one pair makes no interval");
    peers_destroy(&peers);
    results_destroy(&results);
    folder_remove(folder);
}

Test(peers, limits_give_bounds_and_families_a_mean, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct results results;
    struct peers peers;
    folder_create(folder);
    add(folder, "SVC", "", "{\"C\": 1}", 0, 2);
    add(folder, "SVC.x", "SVC", "{\"C\": 1}", 0, 6);
    add(folder, "SVC", "", "{\"C\": 10}", 0, 50);
    add_bad(folder, "SVC.x", "SVC", "{\"C\": 10}", RECORD_TIMEOUT, "exceeded 600 seconds");
    add_bad(folder, "SVC", "", "{\"C\": 100}", RECORD_TIMEOUT, "exceeded 600 seconds");
    add(folder, "SVC.x", "SVC", "{\"C\": 100}", 0, 300);
    add(folder, "SVC", "", "{\"C\": 1000}", 0, 2);
    add_bad(folder, "SVC.x", "SVC", "{\"C\": 1000}", RECORD_CRASHED, "signal 11");
    add(folder, "SVC.y", "SVC", "{\"C\": 1}", 0, 8); /* another peer */
    add_bad(folder, "SVC.y", "SVC", "{\"C\": 1}", RECORD_TIMEOUT, "exceeded 600 seconds");
    build(&peers, &results, folder);
    cr_assert_eq(peers.n_rows, 5);
    cr_assert_eq(peers.rows[1].kind, PEERS_AT_LEAST);
    cr_assert_float_eq(peers.rows[1].ratio, 12, 1e-12);
    cr_assert_eq(peers.rows[1].n_pairs, 0);
    cr_assert_eq(peers.rows[2].kind, PEERS_AT_MOST);
    cr_assert_float_eq(peers.rows[2].ratio, 0.5, 1e-12);
    cr_assert_eq(peers.rows[3].kind, PEERS_NO_RATIO);
    const struct peers_family x = peers_family_of(&peers, &peers.rows[0]);
    cr_assert_eq(x.n_rows, 2);
    cr_assert_eq(x.n_bounds, 1);
    cr_assert_float_eq(x.mean, 6, 1e-12, "of 3 and 12: %g", x.mean);
    const struct peers_family y = peers_family_of(&peers, &peers.rows[4]);
    cr_assert_eq(y.n_rows, 1);
    cr_assert_eq(peers.rows[4].theirs.n_timeouts, 1);
    cr_assert_eq(peers.rows[4].kind, PEERS_MEASURED, "by the round that ended");
    cr_assert_float_eq(y.mean, 4, 1e-12);
    peers_destroy(&peers);
    results_destroy(&results);
    folder_remove(folder);
}

/* From tables of the sign test: C(n, i) / 2^n summed below k, twice. */
Test(peers, intervals_are_order_statistics, .timeout = 10)
{
    static const struct {
        size_t n, rank;
        double coverage;
    } cases[] = {{2, 1, 0.5},       {3, 1, 0.75},      {5, 1, 0.9375},
                 {6, 1, 0.96875},   {8, 1, 0.992188},  {9, 2, 0.9609375},
                 {10, 2, 0.978516}, {15, 4, 0.964844}, {20, 6, 0.958611}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(peers_interval_rank(cases[i].n), cases[i].rank, "%zu: %zu", cases[i].n,
                     peers_interval_rank(cases[i].n));
        cr_assert_float_eq(peers_interval_coverage(cases[i].n), cases[i].coverage, 1e-6, "%zu",
                           cases[i].n);
    }
}

static char *written(const char *const *folders, size_t n_folders)
{
    char *text;
    size_t length;
    struct error error;
    FILE *out = open_memstream(&text, &length);
    const struct results_folders_request request = {.directories = folders,
                                                    .n_directories = n_folders};
    cr_assert_eq(peers_write(out, &request, &error), STATUS_OK, "%s", error.message);
    fclose(out);
    return text;
}

#define HAS(text, part) cr_assert_not_null(strstr(text, part), "'%s' in:\n%s", part, text)

Test(peers, the_page_tells_all_of_it, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    folder_create(folder);
    for (uint64_t seed = 0; seed < 2; seed++) {
        add(folder, "SVC", "", "{\"C\": 1}", seed, 2);
        add(folder, "SVC.x", "SVC", "{\"C\": 1}", seed, 6 + 2 * (double)seed);
    }
    add(folder, "SVC", "", "{\"C\": 10}", 0, 50);
    add_bad(folder, "SVC.x", "SVC", "{\"C\": 10}", RECORD_TIMEOUT, "exceeded 600 seconds");
    add_bad(folder, "SVC.x", "SVC", "{\"C\": 3}", RECORD_CRASHED, "signal 11");
    add_bad(folder, "SVC.y", "SVC", "{\"C\": 1}", RECORD_FAILED, "not installed: z is not there");
    char *text = written((const char *const[]){folder}, 1);
    HAS(text, "fmbench 1.0 beside Theirs 1.0; host box; threads of each: 1.");
    HAS(text, "of 2 rounds it holds the median ratio with a probability of 50.0 %");
    HAS(text, "## 60000 training rows, 10000 test rows");
    HAS(text, "| SVC        | x    | fashion |    2 |      1 |         ≥ 6.48 |");
    HAS(text, "|   0.5050 | 0.5050 |    2.00 |        7.00 |   3.50 | 3.00 to 4.00 |      2 |");
    HAS(text, "|   0.5000 |        |    50.0 |       > 600 | ≥ 12.0 |              |      0 |");
    HAS(text, "| not run | crashed (1) |");
    HAS(text, "- (1): signal 11");
    HAS(text, "## Absent\n\n- SVC.y: not installed: z is not there");
    cr_assert_null(strstr(text, "| y"), "what is absent has no row:\n%s", text);
    free(text);
    folder_remove(folder);
}

Test(peers, a_folder_without_peers_is_said, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct error error;
    folder_create(folder);
    add(folder, "SVC", "", "{}", 0, 1);
    const char *const folders[] = {folder};
    const struct results_folders_request request = {.directories = folders, .n_directories = 1};
    cr_assert_eq(peers_write(stdout, &request, &error), STATUS_DATA);
    cr_assert_not_null(strstr(error.message, "no record of a peer"), "%s", error.message);
    folder_remove(folder);
}
