#include "runner/rerun.h"

#include "loader/dataset.h"
#include "numerics/blas.h"
#include "numerics/rng.h"
#include "numerics/simd.h"
#include "report/finish.h"
#include "report/program.h"
#include "runner/command.h"
#include "runner/data_load.h"
#include "runner/environment.h"
#include "runner/rerun_cell.h"
#include "runner/schedule.h"

#include <stdlib.h>
#include <string.h>

struct rerun {
    FILE *out;
    const struct rerun_request *request;
    struct rerun_counts *counts;
    size_t n_drawn;
    const struct record **drawn; /* in the order of the journals, owned */
    struct error *error;
    /* Of the dataset whose cells run: */
    struct dataset dataset;
    size_t n_cells;
    struct rerun_cell *cells; /* owned */
};

/* Fills `candidates`, which has room for all rows, and returns how many there are. */
static size_t list_candidates(const struct results *results, const struct record **candidates)
{
    size_t n = 0;
    for (size_t d = 0; d < results->n_datasets; d++)
        for (size_t i = 0; i < results->datasets[d].n_rows; i++)
            if (rerun_is_possible(results->datasets[d].rows[i].record))
                candidates[n++] = results->datasets[d].rows[i].record;
    return n;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    return first < second ? -1 : first > second;
}

static enum status draw_cells(struct rerun *r, const struct results *results)
{
    size_t n_rows = 0;
    for (size_t d = 0; d < results->n_datasets; d++)
        n_rows += results->datasets[d].n_rows;
    r->drawn = calloc(n_rows + 1, sizeof *r->drawn);
    uint32_t *order = calloc(n_rows + 1, sizeof *order);
    if (!r->drawn || !order) {
        free(order);
        return error_memory(r->error, "the rows of a check", n_rows * sizeof *r->drawn);
    }
    const size_t n = list_candidates(results, r->drawn);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    struct rng rng = rng_create(r->request->seed, 0);
    rng_shuffle(&rng, order, n);
    r->n_drawn = n < r->request->n_cells ? n : r->request->n_cells;
    qsort(order, r->n_drawn, sizeof *order, compare_numbers);
    for (size_t i = 0; i < r->n_drawn; i++)
        r->drawn[i] = r->drawn[order[i]]; /* order[i] >= i: nothing is overwritten too early */
    free(order);
    if (r->n_drawn == 0)
        return error_set(r->error, STATUS_DATA,
                         "%s: no row of a classifier of ours ended well and has its predictions",
                         r->request->results.directory);
    return STATUS_OK;
}

/* What may make a difference and is no fault: each returns whether it had to warn of the record. */

static bool warn_of_program(FILE *notes, const struct record *record)
{
    const struct program theirs = program_of(record), ours = environment_program();
    struct program_difference difference;
    if (!program_differs(&theirs, &ours, &difference))
        return false;
    fprintf(notes,
            "fmbench: warning: %s, cell %.16s was made by another program: %s '%s', this one has "
            "'%s'\n",
            record->dataset, record->cell, difference.what, difference.first, difference.second);
    return true;
}

static bool warn_of_kernels(FILE *notes, const struct record *record)
{
    const struct record_environment *e = &record->environment;
    const char *simd = simd_level_name(simd_level());
    if ((!*e->blas_kernel || strcmp(e->blas_kernel, blas_kernel()) == 0) &&
        (!*e->simd || strcmp(e->simd, simd) == 0))
        return false;
    fprintf(notes,
            "fmbench: warning: %s, cell %.16s was made with the kernels %s and %s, here they are "
            "%s and %s: some labels may differ\n",
            record->dataset, record->cell, e->blas_kernel, e->simd, blas_kernel(), simd);
    return true;
}

/* Of the first of the drawn cells from `begin` to `end` that there is to warn of, in each way. */
static void warn(const struct rerun *r, size_t begin, size_t end)
{
    bool is_warned[2] = {false, false};
    for (size_t i = begin; i < end; i++) {
        is_warned[0] = is_warned[0] || warn_of_program(r->request->notes, r->drawn[i]);
        is_warned[1] = is_warned[1] || warn_of_kernels(r->request->notes, r->drawn[i]);
    }
}

static enum status load_dataset(struct rerun *r, const struct record *record)
{
    const struct dataset_request request = {.directory = r->request->data,
                                            .name = record->dataset,
                                            .limit_train = record->n_train,
                                            .limit_test = record->n_test};
    const enum status status = data_load(&r->dataset, &request, r->error);
    if (status || strcmp(r->dataset.hash, record->dataset_hash) == 0)
        return status;
    return error_set(r->error, STATUS_DATA,
                     "%s/%s is not what the journal was made with: its first %zu training and %zu "
                     "test rows have the hash %.16s, the journal says %.16s; name the folder of "
                     "the right data with --data",
                     r->request->data, record->dataset, record->n_train, record->n_test,
                     r->dataset.hash, record->dataset_hash);
}

static enum status finished(void *context, const struct cell *cell, struct record *again,
                            const uint8_t *predicted, struct error *error)
{
    struct rerun *r = context;
    bool is_same = false;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < r->n_cells; i++)
        if (&r->cells[i].cell == cell)
            status = rerun_cell_write(r->out, &r->cells[i], again, predicted, &is_same, error);
    fflush(r->out); /* as it comes, and before the next worker is forked with what is buffered */
    r->counts->n_same += is_same;
    r->counts->n_different += !is_same;
    return status;
}

/* The limits and threads of a cell, of its record where it has them. */
static struct schedule schedule_of(struct rerun *r, const struct record *record)
{
    const struct record_environment *e = &record->environment;
    return (struct schedule){.n_jobs = 1,
                             .n_threads = record->threads,
                             .timeout_s = e->timeout_s >= 0 ? e->timeout_s : r->request->timeout_s,
                             .memory_limit_bytes = e->memory_limit_bytes >= 0
                                                       ? (uint64_t)e->memory_limit_bytes
                                                       : r->request->memory_limit_bytes,
                             .version = fmbench_version,
                             .progress = r->request->notes,
                             .finished = finished,
                             .context = r};
}

static bool runs_alike(const struct schedule *a, const struct schedule *b)
{
    return a->n_threads == b->n_threads && a->memory_limit_bytes == b->memory_limit_bytes &&
           !(a->timeout_s < b->timeout_s) && !(a->timeout_s > b->timeout_s);
}

/* Those that run alike together, so that their progress is that of all of them. */
static enum status run_cells(struct rerun *r)
{
    const struct cell **cells = calloc(r->n_cells, sizeof *cells);
    if (!cells)
        return error_memory(r->error, "the cells of a check", 0);
    enum status status = STATUS_OK;
    for (size_t i = 0, n = 0; i < r->n_cells && !status && !r->counts->interrupted; i += n) {
        struct schedule schedule = schedule_of(r, r->cells[i].record);
        for (n = 0; i + n < r->n_cells; n++) {
            const struct schedule next = schedule_of(r, r->cells[i + n].record);
            if (!runs_alike(&schedule, &next))
                break;
            cells[n] = &r->cells[i + n].cell;
        }
        schedule.cells = cells;
        schedule.n_cells = n;
        status = schedule_run(&schedule, &r->counts->interrupted, r->error);
    }
    free(cells);
    return status;
}

/* The drawn cells from `begin` to `end`, which are of one dataset. */
static enum status rerun_dataset(struct rerun *r, size_t begin, size_t end)
{
    warn(r, begin, end);
    r->cells = calloc(end - begin, sizeof *r->cells);
    enum status status = r->cells ? load_dataset(r, r->drawn[begin])
                                  : error_memory(r->error, "the cells of a check", 0);
    for (r->n_cells = 0; r->n_cells < end - begin && !status; r->n_cells++)
        status = rerun_cell_create(&r->cells[r->n_cells], r->drawn[begin + r->n_cells], &r->dataset,
                                   r->request->results.directory, r->error);
    if (!status)
        status = run_cells(r);
    for (size_t i = 0; i < r->n_cells; i++)
        rerun_cell_destroy(&r->cells[i]);
    free(r->cells);
    dataset_destroy(&r->dataset);
    return status;
}

static enum status rerun_drawn(struct rerun *r)
{
    enum status status = STATUS_OK;
    for (size_t begin = 0, end = 0; begin < r->n_drawn && !status && !r->counts->interrupted;
         begin = end) {
        while (end < r->n_drawn && strcmp(r->drawn[end]->dataset, r->drawn[begin]->dataset) == 0)
            end++;
        status = rerun_dataset(r, begin, end);
    }
    const struct rerun_counts *counts = r->counts;
    if (!status)
        fprintf(r->out, "%zu of %zu repeated cells give the same predictions\n", counts->n_same,
                counts->n_same + counts->n_different);
    return status ? status : report_finish(r->out, "the check", r->error);
}

enum status rerun_write(FILE *out, const struct rerun_request *request, struct rerun_counts *counts,
                        struct error *error)
{
    struct results results = {0};
    struct rerun rerun = {.out = out, .request = request, .counts = counts, .error = error};
    *counts = (struct rerun_counts){0};
    enum status status = results_read(&results, &request->results, error);
    if (!status)
        status = draw_cells(&rerun, &results);
    if (!status)
        status = rerun_drawn(&rerun);
    free(rerun.drawn);
    results_destroy(&results);
    return status;
}

bool rerun_passed(const struct rerun_counts *counts)
{
    return counts->n_different == 0 && counts->n_same > 0 && counts->interrupted == 0;
}
