#include "report/peers.h"

#include "report/parameter_text.h"
#include "statistics/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fit and predict of a record, the mean of its repeats. */
static double seconds_of(const struct record *record)
{
    double sum = 0;
    for (size_t r = 0; r < record->n_repeats; r++)
        sum += record->repeats[r].fit_s + record->repeats[r].predict_s;
    return sum / (double)record->n_repeats;
}

/* The record of a cell takes the place of an earlier one. */
static void add_record(struct peers_side *side, const struct record *record)
{
    size_t i = 0;
    while (i < side->n_records && strcmp(side->records[i]->cell, record->cell) != 0)
        i++;
    if (i == PEERS_ROUNDS_MAX)
        return;
    side->records[i] = record;
    side->n_records += i == side->n_records;
}

static const struct record *ok_with_seed(const struct peers_side *side, uint64_t seed)
{
    for (size_t i = 0; i < side->n_records; i++)
        if (side->records[i]->status == RECORD_OK && side->records[i]->seed == seed)
            return side->records[i];
    return NULL;
}

/* Of the rounds that the partner ended too, or of all where that is NULL. */
static double median_s(const struct peers_side *side, const struct peers_side *partner)
{
    double seconds[PEERS_ROUNDS_MAX] = {0};
    size_t n = 0;
    for (size_t i = 0; i < side->n_records; i++) {
        const struct record *record = side->records[i];
        if (record->status == RECORD_OK && (!partner || ok_with_seed(partner, record->seed)))
            seconds[n++] = seconds_of(record);
    }
    return n ? median_of(seconds, n) : NAN;
}

static void summarise(struct peers_side *side)
{
    double accuracy = 0;
    for (size_t i = 0; i < side->n_records; i++) {
        const struct record *record = side->records[i];
        if (record->status == RECORD_TIMEOUT) {
            side->n_timeouts++;
            side->bound_s = fmax(side->bound_s, (double)(record->done_time - record->start_time));
        }
        if (record->status != RECORD_OK)
            continue;
        side->n_ok++;
        accuracy += record_mean_accuracy(record);
    }
    side->accuracy = side->n_ok ? accuracy / (double)side->n_ok : NAN;
}

/* The probability that fewer than k of n fair coins, or fewer than k of their opposites, fall. */
static double miss_probability(size_t n, size_t k)
{
    double term = pow(0.5, (double)n), sum = 0; /* C(n, i) / 2^n */
    for (size_t i = 0; i < k; i++) {
        sum += term;
        term *= (double)(n - i) / (double)(i + 1);
    }
    return 2 * sum;
}

size_t peers_interval_rank(size_t n)
{
    const double wanted = 0.05;
    size_t k = 1;
    while (2 * (k + 1) <= n && miss_probability(n, k + 1) <= wanted)
        k++;
    return k;
}

double peers_interval_coverage(size_t n)
{
    return n < 2 ? 0 : 1 - miss_probability(n, peers_interval_rank(n));
}

static void find_interval(struct peers_row *row)
{
    double ratios[PEERS_ROUNDS_MAX] = {0};
    row->n_pairs = 0;
    for (size_t i = 0; i < row->theirs.n_records; i++) {
        const struct record *theirs = row->theirs.records[i];
        const struct record *ours = ok_with_seed(&row->ours, theirs->seed);
        if (ours && theirs->status == RECORD_OK)
            ratios[row->n_pairs++] = seconds_of(theirs) / seconds_of(ours);
    }
    row->low = row->high = NAN;
    if (row->n_pairs < 2)
        return;
    const size_t rank = peers_interval_rank(row->n_pairs);
    sort_rising(ratios, row->n_pairs);
    row->low = ratios[rank - 1];
    row->high = ratios[row->n_pairs - rank];
}

static bool is_absent(const struct peers_side *side)
{
    static const char words[] = "not installed";
    for (size_t i = 0; i < side->n_records; i++)
        if (side->records[i]->status != RECORD_FAILED ||
            strncmp(side->records[i]->reason, words, strlen(words)) != 0)
            return false;
    return side->n_records > 0;
}

static void compare_sides(struct peers_row *row)
{
    const struct peers_side *ours = &row->ours, *theirs = &row->theirs;
    summarise(&row->ours);
    summarise(&row->theirs);
    find_interval(row);
    row->ours.median_s = median_s(ours, row->n_pairs ? theirs : NULL);
    row->theirs.median_s = median_s(theirs, row->n_pairs ? ours : NULL);
    row->is_absent = is_absent(theirs);
    row->kind = PEERS_NO_RATIO;
    if (row->n_pairs) {
        row->kind = PEERS_MEASURED;
        row->ratio = theirs->median_s / ours->median_s;
    } else if (ours->n_ok && theirs->bound_s > 0) {
        row->kind = PEERS_AT_LEAST;
        row->ratio = theirs->bound_s / ours->median_s;
    } else if (theirs->n_ok && ours->bound_s > 0) {
        row->kind = PEERS_AT_MOST;
        row->ratio = theirs->median_s / ours->bound_s;
    }
}

static struct peers_row *find_row(const struct peers *peers, const struct peers_row *like)
{
    for (size_t i = 0; i < peers->n_rows; i++) {
        struct peers_row *row = &peers->rows[i];
        if (row->folder == like->folder && strcmp(row->dataset, like->dataset) == 0 &&
            strcmp(row->peer, like->peer) == 0 && strcmp(row->key, like->key) == 0)
            return row;
    }
    return NULL;
}

/* Takes the record of a peer; the rows have room for one more. */
static enum status add_theirs(struct peers *peers, size_t folder,
                              const struct results_dataset *dataset, const struct record *record,
                              struct error *error)
{
    struct peers_row like = {.folder = folder,
                             .dataset = dataset->name,
                             .family = record->peer_of,
                             .peer = record->name,
                             .parameter = record->parameter,
                             .key = parameter_key(record->parameter),
                             .n_train = record->n_train,
                             .n_test = record->n_test};
    struct peers_row *row = like.key ? find_row(peers, &like) : NULL;
    if (row) {
        free(like.key);
    } else {
        like.label = parameter_label(record->parameter);
        row = &peers->rows[peers->n_rows++];
        *row = like;
    }
    if (!row->key || !row->label)
        return error_memory(error, "a row of the comparison", 0);
    add_record(&row->theirs, record);
    return STATUS_OK;
}

/* Gives one of our records to each row that it is compared in. */
static enum status add_ours(struct peers *peers, size_t folder,
                            const struct results_dataset *dataset, const struct record *record,
                            struct error *error)
{
    char *key = parameter_key(record->parameter);
    if (!key)
        return error_memory(error, "a row of the comparison", 0);
    for (size_t i = 0; i < peers->n_rows; i++) {
        struct peers_row *row = &peers->rows[i];
        if (row->folder == folder && strcmp(row->dataset, dataset->name) == 0 &&
            strcmp(row->family, record->name) == 0 && strcmp(row->key, key) == 0)
            add_record(&row->ours, record);
    }
    free(key);
    return STATUS_OK;
}

static enum status add_dataset(struct peers *peers, size_t folder,
                               const struct results_dataset *dataset, struct error *error)
{
    const struct journal *journal = &dataset->journal;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < journal->n_records && !status; i++)
        if (journal->records[i].peer_of[0])
            status = add_theirs(peers, folder, dataset, &journal->records[i], error);
    for (size_t i = 0; i < journal->n_records && !status; i++)
        if (!journal->records[i].command)
            status = add_ours(peers, folder, dataset, &journal->records[i], error);
    return status;
}

enum status peers_build(struct peers *peers, const struct results *folders, size_t n_folders,
                        struct error *error)
{
    size_t n_records = 0;
    enum status status = STATUS_OK;
    for (size_t f = 0; f < n_folders; f++)
        for (size_t d = 0; d < folders[f].n_datasets; d++)
            n_records += folders[f].datasets[d].journal.n_records;
    *peers = (struct peers){.rows = calloc(n_records + 1, sizeof *peers->rows)};
    if (!peers->rows)
        return error_memory(error, "the comparison", n_records * sizeof *peers->rows);
    for (size_t f = 0; f < n_folders; f++)
        for (size_t d = 0; d < folders[f].n_datasets && !status; d++)
            status = add_dataset(peers, f, &folders[f].datasets[d], error);
    for (size_t i = 0; i < peers->n_rows && !status; i++)
        compare_sides(&peers->rows[i]);
    if (status)
        peers_destroy(peers);
    return status;
}

void peers_destroy(struct peers *peers)
{
    for (size_t i = 0; i < peers->n_rows; i++) {
        free(peers->rows[i].key);
        free(peers->rows[i].label);
    }
    free(peers->rows);
    *peers = (struct peers){.n_rows = 0};
}

struct peers_family peers_family_of(const struct peers *peers, const struct peers_row *row)
{
    struct peers_family family = {.n_rows = 0};
    double sum = 0;
    for (size_t i = 0; i < peers->n_rows; i++) {
        const struct peers_row *other = &peers->rows[i];
        if (other->folder != row->folder || strcmp(other->dataset, row->dataset) != 0 ||
            strcmp(other->peer, row->peer) != 0)
            continue;
        /* A bound from above says nothing about what the mean is at least. */
        if (other->kind != PEERS_MEASURED && other->kind != PEERS_AT_LEAST)
            continue;
        sum += log(other->ratio);
        family.n_rows++;
        family.n_bounds += other->kind == PEERS_AT_LEAST;
    }
    family.mean = family.n_rows ? exp(sum / (double)family.n_rows) : NAN;
    return family;
}
