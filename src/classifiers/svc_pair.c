#include "classifiers/svc_pair.h"

#include "base/memory.h"
#include "classifiers/svc_active.h"
#include "classifiers/svc_gradient.h"
#include "classifiers/svc_interior.h"
#include "classifiers/svc_newton.h"
#include "classifiers/svc_smo.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    FIRST_ROWS = 64,     /* of each class, to start with */
    NEW_ROWS_MIN = 128,  /* that may join at once, or half as many as are active */
    NEW_ROWS_MAX = 1024, /* but no more than this */
    FETCHED_ROWS = 11,   /* beside one that SMO over all rows asks for */
    PAUSE_GROWTH = 4,    /* of SMO between two runs of the interior-point method */
    STEPS_PER_ROW = 20,  /* of SMO before Newton steps */
    DIGIT_BITS = 11,     /* of the keys that scores are selected by: a third of 32 */
    DIGITS = 1 << DIGIT_BITS,
    STEPS_AT_ONCE = 200000 /* before f, which gathers rounding errors in float, is made anew */
};

static const double INNER_TOL = 0.1; /* of the violation over all rows, to solve the active ones */

struct state {
    const struct svc_pair *pair;
    size_t n;
    struct svc_active active;
    struct svc_gradient gradient;
    struct svc_newton newton;
    double *beta; /* n, borrowed */
    double *f;    /* n, owned: y - K beta; so are these: */
    float *score;
    uint8_t *flags;
    uint32_t *changed;
    double *by;
    /* One for each active row: */
    double *local_beta, *lowest, *highest;
    float *local_f, *up, *down;
    float *diagonal; /* of all rows */
    /* Largest f that may grow and smallest that may shrink, of all rows and of the active ones. */
    double largest, smallest, active_largest, active_smallest;
    size_t at_largest, at_smallest;
    double inner_tol_min;
    bool is_whole;       /* SMO over all rows */
    long interior_after; /* steps of SMO; never where there is no memory for it */
    long interior_pause; /* steps of SMO before it runs again, more each time */
};

/* With such a kernel there are many optima, and which one is found depends on the way. */
static bool is_indefinite(const struct svc_kernel *kernel)
{
    return kernel->kind == SVC_SIGMOID || (kernel->kind == SVC_POLY && kernel->coef0 < 0);
}

static double label(const struct state *s, size_t t)
{
    return t < s->pair->n[0] ? 1 : -1;
}

static double lowest(const struct state *s, size_t t)
{
    return t < s->pair->n[0] ? 0 : -s->pair->C;
}

static double highest(const struct state *s, size_t t)
{
    return t < s->pair->n[0] ? s->pair->C : 0;
}

static bool may_grow(const struct state *s, size_t t)
{
    return s->beta[t] < highest(s, t);
}

static bool may_shrink(const struct state *s, size_t t)
{
    return s->beta[t] > lowest(s, t);
}

static enum status state_create(struct state *s, const struct svc_pair *pair, double *beta,
                                struct error *error)
{
    const size_t n = pair->n[0] + pair->n[1];
    *s = (struct state){.pair = pair,
                        .n = n,
                        .beta = beta,
                        .inner_tol_min = 0.9 * pair->tol,
                        .is_whole = is_indefinite(pair->kernel),
                        .interior_after = pair->interior_after,
                        .interior_pause = pair->interior_after * PAUSE_GROWTH};
    if (pair->kernel->kind != SVC_LINEAR ||
        svc_interior_bytes(n, pair->rows->n_columns) > pair->interior_bytes_max)
        s->interior_after = LONG_MAX;
    enum status status = svc_active_create(&s->active, pair, error);
    if (!status)
        status = svc_gradient_create(&s->gradient, pair, error);
    size_t m = s->active.capacity_max;
    if (s->is_whole)
        m = s->gradient.stride;
    if (!status)
        status = memory_arrays(
            (const struct memory_request[]){
                {(void **)&s->f, n, sizeof *s->f},
                {(void **)&s->score, n, sizeof *s->score},
                {(void **)&s->flags, n, sizeof *s->flags},
                {(void **)&s->changed, n, sizeof *s->changed},
                {(void **)&s->by, n, sizeof *s->by},
                {(void **)&s->local_beta, m, sizeof *s->local_beta},
                {(void **)&s->lowest, m, sizeof *s->lowest},
                {(void **)&s->highest, m, sizeof *s->highest},
                {(void **)&s->local_f, m, sizeof *s->local_f},
                {(void **)&s->up, m, sizeof *s->up},
                {(void **)&s->down, m, sizeof *s->down},
                {(void **)&s->diagonal, s->gradient.stride, sizeof *s->diagonal},
            },
            12, "SVC", error);
    for (size_t t = 0; !status && t < n; t++) {
        beta[t] = 0;
        s->f[t] = label(s, t);
        s->diagonal[t] = pair->rows->diagonal[svc_pair_row(pair, t)];
    }
    for (size_t t = n; !status && t < s->gradient.stride; t++)
        s->diagonal[t] = 0;
    return status;
}

static void state_destroy(struct state *s)
{
    svc_active_destroy(&s->active);
    svc_gradient_destroy(&s->gradient);
    svc_newton_destroy(&s->newton);
    void *const arrays[] = {s->f,      s->score,   s->flags,   s->changed, s->by,   s->local_beta,
                            s->lowest, s->highest, s->local_f, s->up,      s->down, s->diagonal};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        memory_free(arrays[i]);
}

static void find_extremes(struct state *s)
{
    s->largest = s->active_largest = -INFINITY;
    s->smallest = s->active_smallest = INFINITY;
    for (size_t t = 0; t < s->n; t++) {
        const double f = s->f[t];
        if (may_grow(s, t)) {
            if (f > s->largest) {
                s->largest = f;
                s->at_largest = t;
            }
            if (s->active.is_member[t] && f > s->active_largest)
                s->active_largest = f;
        }
        if (may_shrink(s, t)) {
            if (f < s->smallest) {
                s->smallest = f;
                s->at_smallest = t;
            }
            if (s->active.is_member[t] && f < s->active_smallest)
                s->active_smallest = f;
        }
    }
}

/*
 * How far each row is on the wrong side of the middle between the extremes of the active rows,
 * negative when it is at a bound and on the right side. The two extremes of all rows come first.
 */
static void set_scores(struct state *s)
{
    double middle = 0.5 * (s->active_largest + s->active_smallest);
    if (!isfinite(middle))
        middle = 0.5 * (s->largest + s->smallest);
    for (size_t t = 0; t < s->n; t++) {
        const double above = s->f[t] - middle;
        double score = -INFINITY;
        if (may_grow(s, t))
            score = above;
        if (may_shrink(s, t) && -above > score)
            score = -above;
        s->score[t] = (float)score;
    }
    s->score[s->at_largest] = s->score[s->at_smallest] = INFINITY;
}

/* Keys that are in the order of the values. */
static uint32_t key_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

/* The key that *room rows with the flag come down to, found by its digits from the first one on; in
 *room how many rows with this very key are among them. */
static uint32_t smallest_key(const struct state *s, uint8_t flag, size_t *room)
{
    uint32_t digits = 0, known = 0;
    for (unsigned shift = 3 * DIGIT_BITS; shift > 0;) {
        size_t counts[DIGITS] = {0};
        shift -= DIGIT_BITS;
        for (size_t t = 0; t < s->n; t++) {
            const uint32_t key = key_of(s->score[t]);
            if (s->flags[t] == flag && (key & known) == digits)
                counts[(key >> shift) % DIGITS]++;
        }
        uint32_t digit = DIGITS - 1;
        for (; digit > 0 && counts[digit] < *room; digit--)
            *room -= counts[digit];
        digits |= digit << shift;
        known |= (uint32_t)(DIGITS - 1) << shift;
    }
    return digits;
}

/* Clears the flag of all but the `limit` rows with the largest scores among those that have it; of
   equal ones the first stay. */
static void keep_best(struct state *s, uint8_t flag, size_t limit)
{
    size_t room = limit, n_flagged = 0;
    for (size_t t = 0; t < s->n; t++)
        n_flagged += s->flags[t] == flag;
    if (n_flagged <= limit)
        return;
    const uint32_t smallest = smallest_key(s, flag, &room);
    for (size_t t = 0; t < s->n; t++) {
        const uint32_t key = key_of(s->score[t]);
        if (s->flags[t] != flag || key > smallest)
            continue;
        if (key == smallest && room > 0)
            room--;
        else
            s->flags[t] = 0;
    }
}

enum { LEAVES = 0, STAYS = 1, JOINS = 2 };

/* Who joins, and who leaves: rows at a bound with more slack than the largest violation. */
static size_t choose_rows(struct state *s)
{
    const struct svc_active *a = &s->active;
    const float slack = (float)(s->largest - s->smallest);
    size_t n_staying = 0, n_joining = 0;
    for (size_t t = 0; t < s->n; t++) {
        if (a->is_member[t])
            n_staying += s->flags[t] = s->score[t] > -slack ? STAYS : LEAVES;
        else
            s->flags[t] = (double)s->score[t] > 0.45 * s->pair->tol ? JOINS : LEAVES;
    }
    size_t most = a->n / 2 < NEW_ROWS_MIN ? NEW_ROWS_MIN : a->n / 2;
    most = most > NEW_ROWS_MAX ? NEW_ROWS_MAX : most;
    keep_best(s, JOINS, most);
    for (size_t t = 0; t < s->n; t++)
        n_joining += s->flags[t] == JOINS;
    if (n_staying + n_joining > a->capacity_max) {
        for (size_t t = 0; t < s->n; t++)
            s->flags[t] = s->flags[t] != LEAVES;
        keep_best(s, STAYS, a->capacity_max);
        for (size_t t = 0; t < s->n; t++)
            if (s->flags[t] && !a->is_member[t])
                s->flags[t] = JOINS;
    } else if (n_staying > a->n - a->n / 4) { /* not worth the moving */
        for (size_t t = 0; n_joining + a->n <= a->capacity_max && t < s->n; t++)
            s->flags[t] = a->is_member[t] ? STAYS : s->flags[t];
    }
    size_t n_new = 0;
    for (size_t t = 0; t < s->n; t++)
        n_new += s->flags[t] == JOINS;
    return n_new;
}

static enum status change_active(struct state *s, struct error *error)
{
    struct svc_active *a = &s->active;
    uint8_t *keep = (uint8_t *)s->up; /* free between two runs of SMO */
    size_t n_kept = 0, n_new = 0;
    for (size_t m = 0; m < a->n; m++)
        n_kept += keep[m] = s->flags[a->members[m]] == STAYS;
    for (size_t t = 0; t < s->n; t++)
        if (s->flags[t] == JOINS)
            s->changed[n_new++] = (uint32_t)t;
    if (n_kept < a->n)
        svc_active_keep(a, keep);
    return svc_active_add(a, s->changed, n_new, error);
}

static enum status first_active(struct state *s, struct error *error)
{
    size_t first = s->active.capacity_max / 2;
    first = first > FIRST_ROWS ? FIRST_ROWS : first;
    memset(s->flags, LEAVES, s->n);
    for (size_t r = 0; r < first; r++) {
        if (r < s->pair->n[0])
            s->flags[r] = JOINS;
        if (r < s->pair->n[1])
            s->flags[s->pair->n[0] + r] = JOINS;
    }
    return change_active(s, error);
}

/* Largest scores first, by the f that SMO has now. */
static const float *fetch_row(void *source, size_t t)
{
    struct state *s = source;
    struct svc_gradient *g = &s->gradient;
    uint32_t along[FETCHED_ROWS];
    size_t n_along = 0;
    if (!svc_gradient_has_row(g, t)) {
        const float middle = s->local_f[t];
        for (size_t r = 0; r < s->n; r++) {
            const float above = s->local_f[r] + s->up[r] - middle;
            const float below = middle - (s->local_f[r] + s->down[r]);
            s->score[r] = above > below ? above : below;
            s->flags[r] = r != t && !svc_gradient_has_row(g, r);
        }
        keep_best(s, 1, FETCHED_ROWS);
        for (size_t r = 0; r < s->n && n_along < FETCHED_ROWS; r++)
            if (s->flags[r])
                along[n_along++] = (uint32_t)r;
    }
    return svc_gradient_row(g, t, along, n_along);
}

/* SMO, with Newton steps in between when it takes long. */
static enum status solve_local(struct state *s, const struct svc_smo *smo, double tol,
                               long max_iter, long *n_iter, struct error *error)
{
    const long burst = (long)smo->n * STEPS_PER_ROW;
    *n_iter = 0;
    for (;;) {
        const long left = max_iter - *n_iter;
        const struct svc_smo_result solved =
            svc_smo_solve(smo, tol, s->is_whole || left < burst ? left : burst);
        if (solved.failed)
            return error_memory(error, "SVC", SVC_CHUNK_ROWS * s->gradient.stride * sizeof(float));
        *n_iter += solved.n_iter;
        if (solved.violation < tol || *n_iter >= max_iter)
            return STATUS_OK;
        size_t n_rounds;
        const enum status status = svc_newton_steps(&s->newton, smo, &n_rounds, error);
        if (status)
            return status;
    }
}

/* Optimises over the active rows, and brings f of all rows up to date. */
static enum status optimise(struct state *s, double tol, long max_iter, long *n_iter,
                            struct error *error)
{
    const struct svc_active *a = &s->active;
    const size_t n = s->is_whole ? s->n : a->n;
    double middle = 0.5 * (s->active_largest + s->active_smallest);
    if (s->is_whole)
        middle = 0.5 * (s->largest + s->smallest);
    middle = isfinite(middle) ? middle : 0; /* so that float is most exact where it matters */
    for (size_t m = 0; m < n; m++) {
        const size_t t = s->is_whole ? m : a->members[m];
        s->local_beta[m] = s->beta[t];
        s->lowest[m] = lowest(s, t);
        s->highest[m] = highest(s, t);
        s->local_f[m] = (float)(s->f[t] - middle);
    }
    const struct svc_smo smo = {.n = n,
                                .stride = a->capacity,
                                .k = s->is_whole ? NULL : a->k,
                                .row = fetch_row,
                                .source = s,
                                .diagonal = s->is_whole ? s->diagonal : a->diagonal,
                                .lowest = s->lowest,
                                .highest = s->highest,
                                .beta = s->local_beta,
                                .f = s->local_f,
                                .up = s->up,
                                .down = s->down};
    const enum status status = solve_local(s, &smo, tol, max_iter, n_iter, error);
    if (status)
        return status;
    struct svc_change change = {.rows = s->changed, .by = s->by};
    for (size_t m = 0; m < n; m++) {
        const uint32_t t = s->is_whole ? (uint32_t)m : a->members[m];
        if (s->local_beta[m] == s->beta[t])
            continue;
        s->changed[change.n] = t;
        s->by[change.n++] = s->local_beta[m] - s->beta[t];
        s->beta[t] = s->local_beta[m];
    }
    return svc_gradient_update(&s->gradient, &change, s->f, error);
}

/*
 * The rows that the interior-point method may change: the active ones, and those that are no
 * further on the right side than the largest violation. The change of beta goes to s->by.
 */
static enum status run_interior(struct state *s, struct svc_change *change, bool *found,
                                struct error *error)
{
    const double violation = s->largest - s->smallest, middle = 0.5 * (s->largest + s->smallest);
    struct svc_interior interior = {
        .pair = s->pair, .rows = s->changed, .f = s->f, .beta = s->beta};
    for (size_t t = 0; t < s->n; t++)
        if (s->active.is_member[t] || fabs(s->f[t] - middle) <= violation)
            s->changed[interior.n++] = (uint32_t)t;
    memcpy(s->by, s->beta, s->n * sizeof *s->by);
    const enum status status = svc_interior_start(&interior, error);
    *found = interior.found;
    size_t n = 0;
    for (size_t t = 0; t < s->n; t++) {
        const double by = s->beta[t] - s->by[t];
        if (by == 0)
            continue;
        s->changed[n] = (uint32_t)t;
        s->by[n++] = by;
    }
    *change = (struct svc_change){.n = n, .rows = s->changed, .by = s->by};
    return status;
}

/* From the interior-point method's beta; its free rows are the active ones. */
static enum status restart(struct state *s, struct svc_pair_result *result, struct error *error)
{
    bool found;
    struct svc_change change;
    s->interior_after = result->n_iter + s->interior_pause;
    s->interior_pause *= PAUSE_GROWTH;
    enum status status = run_interior(s, &change, &found, error);
    if (status || !found)
        return status;
    result->n_restarts++;
    status = svc_gradient_update(&s->gradient, &change, s->f, error);
    if (status)
        return status;
    memset(s->up, 0, s->active.n);
    svc_active_keep(&s->active, (uint8_t *)s->up);
    size_t n_free = 0;
    for (size_t t = 0; t < s->n; t++) {
        s->flags[t] = may_grow(s, t) && may_shrink(s, t) && n_free < s->active.capacity_max;
        n_free += s->flags[t] ? 1 : 0;
        s->flags[t] = s->flags[t] ? JOINS : LEAVES;
    }
    status = change_active(s, error);
    find_extremes(s);
    return status;
}

/* The mean of f over the free rows; where there are none, the middle of what is allowed. */
static double find_bias(const struct state *s)
{
    double sum = 0;
    size_t n_free = 0;
    for (size_t t = 0; t < s->n; t++)
        if (may_grow(s, t) && may_shrink(s, t)) {
            sum += s->f[t];
            n_free++;
        }
    return n_free ? sum / (double)n_free : 0.5 * (s->largest + s->smallest);
}

static void set_values(const struct state *s, struct svc_pair_result *result)
{
    double linear = 0, quadratic = 0, loss = 0;
    for (size_t t = 0; t < s->n; t++) {
        const double y = label(s, t), slack = y * (s->f[t] - result->bias);
        linear += s->beta[t] * y;
        quadratic += s->beta[t] * (y - s->f[t]);
        loss += slack > 0 ? slack : 0;
    }
    result->objective = 0.5 * quadratic - linear;
    result->primal = 0.5 * quadratic + s->pair->C * loss;
    result->violation = s->largest - s->smallest;
}

static void note_bytes(const struct state *s, struct svc_pair_result *result)
{
    const size_t bytes =
        svc_gradient_bytes(&s->gradient) + s->active.capacity * s->active.capacity * sizeof(float);
    result->kernel_bytes = bytes > result->kernel_bytes ? bytes : result->kernel_bytes;
}

/*
 * When neither the active rows nor others can be told to violate the conditions but f says so, it
 * is by rounding in float: the active rows are solved to a smaller tolerance, down to a limit.
 */
static bool is_stuck(struct state *s, long n_iter, size_t n_new)
{
    if (n_iter > 0 || n_new > 0)
        return false;
    s->inner_tol_min *= 0.5;
    return s->inner_tol_min < 1e-3 * s->pair->tol;
}

enum status svc_pair_solve(const struct svc_pair *pair, struct svc_pair_result *result,
                           struct error *error)
{
    struct state s;
    enum status status = state_create(&s, pair, result->beta, error);
    result->n_iter = result->n_restarts = 0;
    result->converged = false;
    result->kernel_bytes = 0;
    if (status)
        goto cleanup;
    find_extremes(&s);
    if (!s.is_whole)
        status = first_active(&s, error);
    while (!status) {
        const double tol = s.is_whole ? 0 : INNER_TOL * (s.largest - s.smallest);
        const long most = pair->max_iter < s.interior_after ? pair->max_iter : s.interior_after;
        const long left = most - result->n_iter;
        long n_iter = 0;
        status = optimise(&s, tol > s.inner_tol_min ? tol : s.inner_tol_min,
                          left < STEPS_AT_ONCE ? left : STEPS_AT_ONCE, &n_iter, error);
        if (status)
            break;
        result->n_iter += n_iter;
        note_bytes(&s, result);
        find_extremes(&s);
        result->converged = s.largest - s.smallest < pair->tol;
        if (result->converged || result->n_iter >= pair->max_iter)
            break;
        if (result->n_iter >= s.interior_after) {
            status = restart(&s, result, error);
            continue;
        }
        set_scores(&s);
        if (is_stuck(&s, n_iter, s.is_whole ? 0 : choose_rows(&s)))
            break;
        if (!s.is_whole)
            status = change_active(&s, error);
    }
    if (!status) {
        result->tally = s.gradient.tally;
        result->bias = find_bias(&s);
        set_values(&s, result);
    }
cleanup:
    state_destroy(&s);
    return status;
}
