#include "classifiers/linear_l1_svc_step.h"

#include "base/memory.h"
#include "classifiers/linear_l1_svc.h"

#include <math.h>
#include <string.h>

enum { CORRECTIONS_MAX = 3 };

static const double AHEAD = 0.3;         /* of the whole step, where products are looked at */
static const double SPREAD = 10;         /* of the products about their target */
static const double WORTH_IT = 0.03;     /* of the whole steps, to keep a correction */
static const double TO_BOUNDARY = 0.995; /* share of the longest step */
static const double STEP_MIN = 1e-8;
static const double RESIDUAL_SHARE = 0.1; /* of the smallest p or q */

void l1_svc_for_chunks(struct l1_svc *s, l1_svc_on_chunk *function)
{
    const struct linear_design *d = s->design;
    const size_t n = L1_SVC_TOTALS * d->lanes;
    memset(s->totals, 0, LINEAR_CHUNKS * n * sizeof *s->totals);
#pragma omp parallel for num_threads(d->n_threads) default(none) shared(s, function, n)
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        function(s, chunk, s->totals + chunk * n);
}

double l1_svc_total(const struct l1_svc *s, enum l1_svc_total which, size_t k)
{
    double sum = 0;
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        sum += s->totals[(chunk * L1_SVC_TOTALS + which) * s->design->lanes + k];
    return sum;
}

static double largest_total(const struct l1_svc *s, enum l1_svc_total which, size_t k)
{
    double largest = 0;
    for (size_t chunk = 0; chunk < LINEAR_CHUNKS; chunk++)
        largest = fmax(largest, s->totals[(chunk * L1_SVC_TOTALS + which) * s->design->lanes + k]);
    return largest;
}

/* What a step changes in one row; b changes by -da. */
struct row_step {
    double da, ds, dxi;
};

/* 1 - m - xi + s, less what the targets change in xi - s. */
static double rho_of(const struct l1_svc *s, size_t at, double y)
{
    const double beyond = s->is_squared ? 0.5 * s->a[at] / s->C : s->now.xi_aim[at];
    return 1 - y * s->z[at] + s->now.s_aim[at] - beyond;
}

static struct row_step row_step(const struct l1_svc *s, size_t at, double y)
{
    const double a = s->a[at], b = s->C - a;
    const double da = s->system.d[at] * (rho_of(s, at, y) - y * s->now.dz[at]);
    return (struct row_step){.da = da,
                             .ds = s->now.s_aim[at] - s->s[at] * (1 + da / a),
                             .dxi =
                                 s->is_squared ? 0 : s->now.xi_aim[at] - s->xi[at] * (1 - da / b)};
}

/* What a step changes in one column. */
struct column_step {
    double du, dv, dp, dq;
};

static struct column_step column_step(const struct l1_svc *s, size_t j)
{
    const double dg = s->system.e[j] * (s->now.dw[j] - s->now.h[j]);
    const double dp = 1 - s->p[j] - s->g[j] - dg, dq = 1 - s->q[j] + s->g[j] + dg;
    return (struct column_step){.dp = dp,
                                .dq = dq,
                                .du = s->now.u_aim[j] - s->u[j] * (1 + dp / s->p[j]),
                                .dv = s->now.v_aim[j] - s->v[j] * (1 + dq / s->q[j])};
}

/* The targets that make up for the products of the changes that the predictor found. */
static void correct_rows(struct l1_svc *s, size_t chunk, double *restrict totals)
{
    (void)totals;
    const struct linear_design *d = s->design;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = i * d->lanes + k;
            const struct row_step step = row_step(s, at, l1_svc_label(s, i, k));
            const double target = s->lanes[k].target;
            s->now.s_aim[at] = (target - step.da * step.ds) / s->a[at];
            if (!s->is_squared)
                s->now.xi_aim[at] = (target + step.da * step.dxi) / (s->C - s->a[at]);
        }
}

static void correct_columns(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    for (size_t j = 0; j < d->n_columns; j++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = j * d->lanes + k;
            const struct column_step step = column_step(s, at);
            const double target = s->lanes[k].target;
            s->now.u_aim[at] = (target - step.du * step.dp) / s->p[at];
            s->now.v_aim[at] = (target - step.dv * step.dq) / s->q[at];
        }
}

/* r = y D rho. */
static void weigh_rows(struct l1_svc *s, size_t chunk, double *restrict totals)
{
    (void)totals;
    const struct linear_design *d = s->design;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = i * d->lanes + k;
            const double y = l1_svc_label(s, i, k);
            s->r[at] = y * s->system.d[at] * rho_of(s, at, y);
        }
}

/* dw and dz for the targets. */
static void solve(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    l1_svc_for_chunks(s, weigh_rows);
    linear_transpose_times(d, s->r, s->now.rhs);
    for (size_t j = 0; j < d->n_columns; j++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = j * d->lanes + k;
            const double u = s->now.u_aim[at] - s->u[at] / s->p[at] * (1 - s->p[at] - s->g[at]);
            const double v = s->now.v_aim[at] - s->v[at] / s->q[at] * (1 - s->q[at] + s->g[at]);
            s->now.h[at] = u - v - s->w[at];
            s->now.rhs[at] = s->active[k] ? s->now.rhs[at] + s->system.e[at] * s->now.h[at] : 0;
        }
    linear_system_solve(&s->system, s->active, s->enough, s->now.rhs, s->now.dw, s->now.dz);
}

/* 1 / the longest steps that keep the variables and the multipliers of the rows positive. */
static void limit_rows(struct l1_svc *s, size_t chunk, double *restrict totals)
{
    const struct linear_design *d = s->design;
    double *primal = totals, *dual = totals + L1_SVC_DUAL * d->lanes;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = i * d->lanes + k;
            const struct row_step step = row_step(s, at, l1_svc_label(s, i, k));
            primal[k] = fmax(primal[k], -step.ds / s->s[at]);
            dual[k] = fmax(dual[k], -step.da / s->a[at]);
            if (s->is_squared)
                continue;
            primal[k] = fmax(primal[k], -step.dxi / s->xi[at]);
            dual[k] = fmax(dual[k], step.da / (s->C - s->a[at]));
        }
}

/* The longest steps of every lane, at most 1; the squared hinge ties a to xi, and takes one. */
static void find_steps(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    l1_svc_for_chunks(s, limit_rows);
    for (size_t k = 0; k < d->n_problems; k++) {
        struct l1_svc_lane *lane = &s->lanes[k];
        double primal = fmax(1, largest_total(s, L1_SVC_LOSS, k));
        double dual = fmax(1, largest_total(s, L1_SVC_DUAL, k));
        for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes) {
            const struct column_step step = column_step(s, j);
            primal = fmax(primal, fmax(-step.du / s->u[j], -step.dv / s->v[j]));
            dual = fmax(dual, fmax(-step.dp / s->p[j], -step.dq / s->q[j]));
        }
        lane->primal_step = s->active[k] ? 1 / (s->is_squared ? fmax(primal, dual) : primal) : 0;
        lane->dual_step = s->active[k] ? 1 / (s->is_squared ? fmax(primal, dual) : dual) : 0;
    }
}

static void multiply_rows(struct l1_svc *s, size_t chunk, double *restrict totals)
{
    const struct linear_design *d = s->design;
    double *products = totals + L1_SVC_PRODUCTS * d->lanes;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = i * d->lanes + k;
            const struct row_step step = row_step(s, at, l1_svc_label(s, i, k));
            const double ahead = s->lanes[k].primal_step;
            const double a = s->a[at] + s->lanes[k].dual_step * step.da;
            products[k] += a * (s->s[at] + ahead * step.ds);
            if (!s->is_squared)
                products[k] += (s->C - a) * (s->xi[at] + ahead * step.dxi);
        }
}

/* Sets the targets by how much of the products the predictor's steps would leave. */
static void set_targets(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    l1_svc_for_chunks(s, multiply_rows);
    for (size_t k = 0; k < d->n_problems; k++) {
        struct l1_svc_lane *lane = &s->lanes[k];
        const double primal = lane->primal_step, dual = lane->dual_step;
        double products = l1_svc_total(s, L1_SVC_PRODUCTS, k);
        for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes) {
            const struct column_step step = column_step(s, j);
            products += (s->u[j] + primal * step.du) * (s->p[j] + dual * step.dp) +
                        (s->v[j] + primal * step.dv) * (s->q[j] + dual * step.dq);
        }
        const double left = products / (l1_svc_products(s) * lane->mu);
        lane->target = left * left * left * lane->mu;
    }
}

static void move_rows(struct l1_svc *s, size_t chunk, double *restrict totals)
{
    (void)totals;
    const struct linear_design *d = s->design;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = i * d->lanes + k;
            const struct l1_svc_lane *lane = &s->lanes[k];
            const struct row_step step = row_step(s, at, l1_svc_label(s, i, k));
            s->a[at] += lane->dual_step * step.da;
            s->s[at] += lane->primal_step * step.ds;
            s->xi[at] += lane->primal_step * step.dxi;
        }
}

static void move(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    for (size_t k = 0; k < d->n_problems; k++) {
        struct l1_svc_lane *lane = &s->lanes[k];
        s->active[k] = fmin(lane->primal_step, lane->dual_step) > STEP_MIN;
        lane->primal_step = s->active[k] ? fmin(1, TO_BOUNDARY * lane->primal_step) : 0;
        lane->dual_step = s->active[k] ? fmin(1, TO_BOUNDARY * lane->dual_step) : 0;
    }
    l1_svc_for_chunks(s, move_rows);
    for (size_t j = 0; j < d->n_columns; j++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = j * d->lanes + k;
            const struct column_step step = column_step(s, at);
            s->u[at] += s->lanes[k].primal_step * step.du;
            s->v[at] += s->lanes[k].primal_step * step.dv;
            s->p[at] += s->lanes[k].dual_step * step.dp;
            s->q[at] += s->lanes[k].dual_step * step.dq;
            s->w[at] = s->u[at] - s->v[at];
        }
}

/* What a product ahead misses of the range about the target, no less than can be made up for. */
static double missing(double product, double target)
{
    const double low = target / SPREAD, high = target * SPREAD;
    if (product < low)
        return low - product;
    return product > high ? fmax(high - product, -high) : 0;
}

static double ahead_of(double step)
{
    return fmin(1, step + AHEAD);
}

static void centre_rows(struct l1_svc *s, size_t chunk, double *restrict totals)
{
    (void)totals;
    const struct linear_design *d = s->design;
    for (size_t i = linear_chunk_begin(d, chunk); i < linear_chunk_begin(d, chunk + 1); i++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = i * d->lanes + k;
            const struct l1_svc_lane *lane = &s->lanes[k];
            const struct row_step step = row_step(s, at, l1_svc_label(s, i, k));
            const double primal = ahead_of(lane->primal_step), dual = ahead_of(lane->dual_step);
            const double a = s->a[at] + dual * step.da, b = s->C - a;
            s->now.s_aim[at] += missing(a * (s->s[at] + primal * step.ds), lane->target) / s->a[at];
            if (!s->is_squared)
                s->now.xi_aim[at] +=
                    missing(b * (s->xi[at] + primal * step.dxi), lane->target) / (s->C - s->a[at]);
        }
}

static void centre_columns(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    for (size_t j = 0; j < d->n_columns; j++)
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t at = j * d->lanes + k;
            const struct l1_svc_lane *lane = &s->lanes[k];
            const struct column_step step = column_step(s, at);
            const double primal = ahead_of(lane->primal_step), dual = ahead_of(lane->dual_step);
            s->now.u_aim[at] +=
                missing((s->u[at] + primal * step.du) * (s->p[at] + dual * step.dp), lane->target) /
                s->p[at];
            s->now.v_aim[at] +=
                missing((s->v[at] + primal * step.dv) * (s->q[at] + dual * step.dq), lane->target) /
                s->q[at];
        }
}

static void keep_direction(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    memcpy(s->kept.columns, s->now.columns,
           L1_SVC_COLUMNS * d->stride * d->lanes * sizeof *s->now.columns);
    memcpy(s->kept.rows, s->now.rows, L1_SVC_ROWS * d->n_rows * d->lanes * sizeof *s->now.rows);
}

static void restore_lane(struct l1_svc *s, size_t k)
{
    const struct linear_design *d = s->design;
    for (size_t j = k; j < L1_SVC_COLUMNS * d->stride * d->lanes; j += d->lanes)
        s->now.columns[j] = s->kept.columns[j];
    for (size_t i = k; i < L1_SVC_ROWS * d->n_rows * d->lanes; i += d->lanes)
        s->now.rows[i] = s->kept.rows[i];
}

/* One correction of all lanes; returns whether it was worth it for any. */
static bool centre_once(struct l1_svc *s)
{
    const size_t n_problems = s->design->n_problems;
    double before[LINEAR_PROBLEMS_MAX];
    for (size_t k = 0; k < n_problems; k++)
        before[k] = s->lanes[k].primal_step + s->lanes[k].dual_step;
    keep_direction(s);
    l1_svc_for_chunks(s, centre_rows);
    centre_columns(s);
    solve(s);
    find_steps(s);
    bool any = false, restored = false;
    for (size_t k = 0; k < n_problems; k++) {
        struct l1_svc_lane *lane = &s->lanes[k];
        const double after = lane->primal_step + lane->dual_step;
        const bool was_worth_it = lane->centring && after >= before[k] + WORTH_IT;
        if (!was_worth_it)
            restore_lane(s, k);
        restored |= !was_worth_it;
        lane->centring = was_worth_it && after < 2;
        any |= lane->centring;
    }
    if (restored)
        find_steps(s);
    return any;
}

/* Corrections of the products that would leave the range about the target a little beyond where the
   steps end, as long as they make these longer: a solution is cheap beside the factor. */
static void centre(struct l1_svc *s)
{
    bool any = false;
    for (size_t k = 0; k < s->design->n_problems; k++) {
        struct l1_svc_lane *lane = &s->lanes[k];
        lane->centring = s->active[k] && lane->primal_step + lane->dual_step < 2;
        any |= lane->centring;
    }
    for (int i = 0; i < CORRECTIONS_MAX && any; i++)
        any = centre_once(s);
}

/* A residual is an error of p and q, whose products it must not spoil. */
static void set_enough(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    for (size_t k = 0; k < d->n_problems; k++) {
        double smallest = HUGE_VAL;
        for (size_t j = k; j < d->n_columns * d->lanes; j += d->lanes)
            smallest = fmin(smallest, fmin(s->p[j], s->q[j]));
        s->enough[k] = RESIDUAL_SHARE * smallest;
    }
}

void l1_svc_step(struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    memset(s->now.columns, 0, L1_SVC_COLUMNS * d->stride * d->lanes * sizeof *s->now.columns);
    memset(s->now.rows, 0, L1_SVC_ROWS * d->n_rows * d->lanes * sizeof *s->now.rows);
    set_enough(s);
    linear_system_factor(&s->system, s->active);
    solve(s);
    find_steps(s);
    set_targets(s);
    l1_svc_for_chunks(s, correct_rows);
    correct_columns(s);
    solve(s);
    find_steps(s);
    centre(s);
    move(s);
}

/* Where the arrays of a direction are in its blocks. */
static void divide(struct l1_svc_direction *direction, size_t n_w, size_t n_z)
{
    double **const columns[L1_SVC_COLUMNS] = {&direction->dw, &direction->rhs, &direction->h,
                                              &direction->u_aim, &direction->v_aim};
    double **const rows[L1_SVC_ROWS] = {&direction->dz, &direction->s_aim, &direction->xi_aim};
    for (size_t i = 0; i < L1_SVC_COLUMNS; i++)
        *columns[i] = direction->columns + i * n_w;
    for (size_t i = 0; i < L1_SVC_ROWS; i++)
        *rows[i] = direction->rows + i * n_z;
    memset(direction->columns, 0, L1_SVC_COLUMNS * n_w * sizeof *direction->columns);
    memset(direction->rows, 0, L1_SVC_ROWS * n_z * sizeof *direction->rows);
}

double linear_l1_svc_bytes(const struct problem_size *size)
{
    enum { OWN_ROWS = 5 };
    const double n_lanes = (double)linear_lanes_for(size->n_classes);
    const double rows = (OWN_ROWS + 2 * L1_SVC_ROWS) * n_lanes * sizeof(double);
    return (double)size->n_train * rows + linear_system_bytes(size);
}

enum status l1_svc_create(struct l1_svc *s, const struct linear_design *design, struct error *error)
{
    const size_t n_w = design->stride * design->lanes, n_z = design->n_rows * design->lanes;
    const size_t n_totals = LINEAR_CHUNKS * L1_SVC_TOTALS * design->lanes;
    s->design = design;
    const struct memory_request requests[] = {
        {(void **)&s->g, n_w, sizeof *s->g},
        {(void **)&s->u, n_w, sizeof *s->u},
        {(void **)&s->v, n_w, sizeof *s->v},
        {(void **)&s->p, n_w, sizeof *s->p},
        {(void **)&s->q, n_w, sizeof *s->q},
        {(void **)&s->z, n_z, sizeof *s->z},
        {(void **)&s->a, n_z, sizeof *s->a},
        {(void **)&s->s, n_z, sizeof *s->s},
        {(void **)&s->xi, n_z, sizeof *s->xi},
        {(void **)&s->r, n_z, sizeof *s->r},
        {(void **)&s->now.columns, L1_SVC_COLUMNS * n_w, sizeof(double)},
        {(void **)&s->kept.columns, L1_SVC_COLUMNS * n_w, sizeof(double)},
        {(void **)&s->now.rows, L1_SVC_ROWS * n_z, sizeof(double)},
        {(void **)&s->kept.rows, L1_SVC_ROWS * n_z, sizeof(double)},
        {(void **)&s->totals, n_totals, sizeof *s->totals},
        {(void **)&s->enough, design->lanes, sizeof *s->enough},
        {(void **)&s->lanes, design->lanes, sizeof *s->lanes},
        {(void **)&s->active, design->lanes, sizeof *s->active},
    };
    const enum status status =
        memory_arrays(requests, sizeof requests / sizeof requests[0], "the linear problems", error);
    if (status)
        return status;
    divide(&s->now, n_w, n_z);
    divide(&s->kept, n_w, n_z);
    return linear_system_create(&s->system, design, error);
}

void l1_svc_destroy(struct l1_svc *s)
{
    void *const arrays[] = {
        s->g,        s->u,         s->v,      s->p,      s->q,           s->z,
        s->a,        s->s,         s->xi,     s->r,      s->now.columns, s->kept.columns,
        s->now.rows, s->kept.rows, s->totals, s->enough, s->lanes,       s->active};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        memory_free(arrays[i]);
    linear_system_destroy(&s->system);
}
