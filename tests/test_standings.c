/*
 * Expected values: NumPy 1.24 and SciPy 1.10 on the same labels (binomtest for McNemar, Holm's
 * correction by its definition).
 */
#include "idx_files.h"
#include "numerics/blas.h"
#include "report/agreement.h"
#include "report/mistakes.h"
#include "report/standings.h"
#include "report_folder.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { N_TEST = 400, N_ROWS = 5, N_REPEATS = 2 };

static const uint8_t classes[] = {3, 7, 9};
static const char HASH[] = "00000000000000cd";

static uint32_t mixed(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t x = a * 2654435761u + b * 40503u + c * 2246822519u;
    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ x >> 13;
}

/* Rows of rising error; what is hard for one is hard for all. */
static uint8_t label(uint32_t row, uint32_t repeat, uint32_t image)
{
    static const uint32_t percent[N_ROWS] = {10, 12, 20, 22, 45};
    const uint32_t hardness = mixed(image, 1, 0) % 100;
    const uint32_t luck = mixed(image, row + 2, repeat + 1) % 100;
    const bool is_wrong = (2 * hardness + luck) / 3 < percent[row];
    return classes[(image + (is_wrong ? 1 + mixed(image, 9, row) % 2 : 0)) % 3];
}

struct fixture {
    char folder[FOLDER_BYTES];
    struct record records[N_ROWS];
    const struct record *pointers[N_ROWS];
};

static void put_truth(const struct fixture *f)
{
    char relative[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
    uint8_t truth[N_TEST];
    for (uint32_t i = 0; i < N_TEST; i++)
        truth[i] = classes[i % 3];
    outcomes_labels_path(relative, sizeof relative, "fashion", HASH);
    idx_put(file_path(path, f->folder, relative), 1, (const uint32_t[]){N_TEST}, truth);
}

static void put_row(struct fixture *f, uint32_t row)
{
    char path[FILE_PATH_BYTES];
    uint8_t labels[N_REPEATS * N_TEST];
    struct record *record = &f->records[row];
    folder_record_init(record, row < 2 ? "SVC" : "Perceptron", "{}", 0);
    strcpy(record->dataset_hash, HASH);
    snprintf(record->predictions, sizeof record->predictions,
             "predictions/fashion/%u.idx2-ubyte.gz", row);
    record->n_test = N_TEST;
    record->n_repeats = N_REPEATS;
    for (uint32_t r = 0; r < N_REPEATS; r++) {
        size_t n_right = 0;
        for (uint32_t i = 0; i < N_TEST; i++) {
            labels[r * N_TEST + i] = label(row, r, i);
            n_right += label(row, r, i) == classes[i % 3];
        }
        record->repeats[r] = record->repeats[0];
        record->repeats[r].score = (double)n_right / N_TEST;
    }
    idx_put(file_path(path, f->folder, record->predictions), 2,
            (const uint32_t[]){N_REPEATS, N_TEST}, labels);
}

static void fixture_create(struct fixture *f)
{
    char path[FILE_PATH_BYTES];
    blas_start();
    folder_create(f->folder);
    cr_assert_eq(mkdir(file_path(path, f->folder, "predictions"), 0777), 0);
    cr_assert_eq(mkdir(file_path(path, f->folder, "predictions/fashion"), 0777), 0);
    put_truth(f);
    for (uint32_t row = 0; row < N_ROWS; row++) {
        put_row(f, row);
        f->pointers[row] = &f->records[row];
    }
}

static void fixture_destroy(struct fixture *f)
{
    for (size_t row = 0; row < N_ROWS; row++)
        record_destroy(&f->records[row]);
    folder_remove(f->folder);
}

static struct outcomes_request request_of(const struct fixture *f)
{
    return (struct outcomes_request){
        .directory = f->folder, .records = f->pointers, .n_records = N_ROWS};
}

static void build(struct standings *s, const struct fixture *f)
{
    struct error error = {0};
    const struct outcomes_request request = request_of(f);
    cr_assert_eq(standings_build(s, &request, &error), STATUS_OK, "%s", error.message);
}

Test(standings, outcomes_are_places_and_rights, .timeout = 20)
{
    struct fixture f;
    struct outcomes o;
    fixture_create(&f);
    const struct outcomes_request request = request_of(&f);
    cr_assert_eq(outcomes_read(&o, &request, NULL), STATUS_OK);
    cr_assert_eq(o.n_classes, 3);
    cr_assert_eq(memcmp(o.classes, classes, 3), 0);
    static const size_t typical[N_ROWS] = {1, 0, 1, 0, 0};
    for (size_t row = 0; row < N_ROWS; row++)
        cr_assert_eq(o.rows[row].typical, typical[row], "row %zu", row);
    for (uint32_t i = 0; i < N_TEST; i++) {
        cr_assert_eq(classes[o.truth[i]], classes[i % 3]);
        cr_assert_eq(classes[o.rows[4].predicted[N_TEST + i]], label(4, 1, i));
        cr_assert_eq(o.rows[4].right[N_TEST + i], label(4, 1, i) == classes[i % 3]);
    }
    const struct discordance d = outcomes_discordance(&o.rows[1], &o.rows[2], N_TEST);
    cr_assert_eq(d.only_first, 36);
    cr_assert_eq(d.only_second, 8);
    outcomes_destroy(&o);
    fixture_destroy(&f);
}

/* Adjusted probabilities: 0.42 between the first two, 0.89 between the next two, below 1e-4 all
   others. */
Test(standings, tie_groups_and_ranks, .timeout = 20)
{
    struct fixture f;
    struct standings s;
    static const size_t groups[N_ROWS] = {1, 1, 2, 2, 3};
    static const double means[N_ROWS] = {0.97375, 0.955, 0.895, 0.88375, 0.57125};
    /* Of 4,000 samples by NumPy. */
    static const size_t low[N_ROWS] = {1, 1, 3, 3, 5}, high[N_ROWS] = {1, 2, 4, 4, 5};
    fixture_create(&f);
    build(&s, &f);
    cr_assert_eq(s.n_known, N_ROWS);
    for (size_t row = 0; row < N_ROWS; row++) {
        cr_assert_float_eq(s.rows[row].accuracy.mean, means[row], 1e-12);
        cr_assert_eq(s.rows[row].tie_group, groups[row], "row %zu", row);
        cr_assert_eq(s.rows[row].rank, row + 1);
        cr_assert_eq(s.rows[row].rank_low, low[row], "row %zu", row);
        cr_assert_eq(s.rows[row].rank_high, high[row], "row %zu", row);
    }
    standings_destroy(&s);
    fixture_destroy(&f);
}

/* Standard deviations of 20,000 samples of images and repeats by NumPy. */
Test(standings, replicates_spread_as_they_should, .timeout = 20)
{
    struct fixture f;
    struct standings s;
    static const double expected[N_ROWS] = {0.00720, 0.00961, 0.01572, 0.01526, 0.02425};
    fixture_create(&f);
    build(&s, &f);
    for (size_t row = 0; row < N_ROWS; row++) {
        double squares = 0;
        for (size_t b = 0; b < STANDINGS_REPLICATES; b++)
            squares += pow(s.replicates[b * N_ROWS + row] - s.rows[row].accuracy.mean, 2);
        cr_assert_float_eq(sqrt(squares / STANDINGS_REPLICATES), expected[row],
                           0.05 * expected[row], "row %zu", row);
    }
    standings_destroy(&s);
    fixture_destroy(&f);
}

Test(standings, mistakes, .timeout = 20)
{
    struct fixture f;
    struct standings s;
    size_t confusion[9], votes[3];
    struct hard_image hard[4];
    struct mistake sure[4];
    fixture_create(&f);
    build(&s, &f);
    const struct outcomes *o = &s.outcomes;
    mistakes_confusion(o, 4, confusion);
    const size_t expected[9] = {162, 48, 58, 58, 150, 58, 63, 58, 145};
    cr_assert_eq(memcmp(confusion, expected, sizeof expected), 0);
    static const size_t images[4] = {66, 129, 21, 25}, n_wrong[4] = {5, 5, 4, 4};
    cr_assert_eq(mistakes_hardest(o, hard, 4), 4);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(hard[i].image, images[i]);
        cr_assert_eq(hard[i].n_wrong, n_wrong[i]);
    }
    mistakes_votes(o, 66, votes);
    cr_assert_eq(votes[0] + votes[1] + votes[2], N_ROWS);
    cr_assert_eq(votes[66 % 3], 0, "all are wrong");
    cr_assert_eq(mistakes_surest(o, 0, sure, 4), 2);
    cr_assert_eq(sure[0].image, 71);
    cr_assert_eq(sure[1].image, 206);
    static const size_t surest[4] = {21, 137, 139, 206}, n_rows[4] = {3, 3, 3, 4};
    cr_assert_eq(mistakes_surest(o, 4, sure, 4), 4);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(sure[i].image, surest[i]);
        cr_assert_eq(sure[i].n_rows, n_rows[i]);
        cr_assert_eq(sure[i].n_family, 3);
        cr_assert_neq(sure[i].predicted, sure[i].truth);
    }
    standings_destroy(&s);
    fixture_destroy(&f);
}

Test(standings, a_row_without_predictions_has_no_standing, .timeout = 20)
{
    struct fixture f;
    struct standings s;
    char path[FILE_PATH_BYTES];
    fixture_create(&f);
    cr_assert_eq(remove(file_path(path, f.folder, f.records[1].predictions)), 0);
    f.records[3].status = RECORD_TIMEOUT;
    f.pointers[0] = NULL;
    build(&s, &f);
    cr_assert_eq(s.n_known, 2);
    cr_assert(!s.rows[0].is_known && !s.rows[1].is_known && !s.rows[3].is_known);
    cr_assert_eq(s.rows[2].rank, 1);
    cr_assert_eq(s.rows[4].rank, 2);
    standings_destroy(&s);
    fixture_destroy(&f);
}

Test(standings, without_true_labels_nothing_is_known, .timeout = 20)
{
    struct fixture f;
    struct standings s;
    char path[FILE_PATH_BYTES], relative[FILE_PATH_BYTES];
    fixture_create(&f);
    outcomes_labels_path(relative, sizeof relative, "fashion", HASH);
    cr_assert_eq(remove(file_path(path, f.folder, relative)), 0);
    build(&s, &f);
    cr_assert_eq(s.n_known, 0);
    standings_destroy(&s);
    fixture_destroy(&f);
}

static void assert_refused(const struct fixture *f, const char *part)
{
    struct standings s;
    struct error error = {0};
    const struct outcomes_request request = request_of(f);
    cr_assert_eq(standings_build(&s, &request, &error), STATUS_DATA);
    cr_assert_not_null(strstr(error.message, part), "no '%s' in '%s'", part, error.message);
}

Test(standings, files_that_do_not_fit_the_journal_are_refused, .timeout = 20)
{
    struct fixture f;
    fixture_create(&f);
    f.records[2].repeats[1].score += 0.01;
    assert_refused(&f, "2.idx2-ubyte.gz: the labels of repeat 2 give the accuracy");
    f.records[2].repeats[1].score -= 0.01;
    f.records[2].n_repeats = 1;
    assert_refused(&f, "2.idx2-ubyte.gz does not hold the labels of 1 repeats of 400 images");
    f.records[2].n_repeats = 2;
    f.records[0].n_test = 399;
    assert_refused(&f, "has 400 labels, but the journal 399 test rows");
    fixture_destroy(&f);
}

/* The second dataset has the first two rows in the other order. */
Test(standings, agreement_of_two_datasets, .timeout = 20)
{
    struct fixture f;
    struct standings first, second;
    struct agreement_between between;
    fixture_create(&f);
    build(&first, &f);
    f.pointers[0] = &f.records[1];
    f.pointers[1] = &f.records[0];
    build(&second, &f);
    cr_assert_eq(agreement_build(&between, &first, &second, NULL), STATUS_OK);
    cr_assert_eq(between.n_rows, N_ROWS);
    cr_assert_float_eq(between.spearman.value, 0.9, 1e-12); /* scipy.stats.spearmanr */
    cr_assert_float_eq(between.kendall.value, 0.8, 1e-12);  /* scipy.stats.kendalltau */
    cr_assert_float_eq(between.swapped.value, 0.1, 1e-12);
    cr_assert_leq(between.spearman.interval.low, 0.9);
    cr_assert_geq(between.spearman.interval.high, 0.9);
    cr_assert_leq(between.spearman.interval.high, 1);
    cr_assert_geq(between.swapped.interval.low, 0);
    cr_assert_lt(between.kendall.interval.low, between.kendall.interval.high);
    cr_assert_eq(between.moves[0].row, 0);
    cr_assert_eq(between.moves[0].ranks[0], 1);
    cr_assert_eq(between.moves[0].ranks[1], 2);
    cr_assert_eq(between.moves[1].row, 1);
    cr_assert_eq(between.moves[2].ranks[0], between.moves[2].ranks[1]);
    agreement_destroy(&between);
    standings_destroy(&first);
    standings_destroy(&second);
    fixture_destroy(&f);
}
