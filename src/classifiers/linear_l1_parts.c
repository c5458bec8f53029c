/*
 * The l1 problem where columns outnumber rows: some optimum has no more weights that are not 0 than
 * there are rows, so that a part of the columns is solved, and those that violate the optimality
 * conditions there are added, until the rule to stop holds for all columns (a working set, as in
 * Johnson and Guestrin, "Blitz: a principled meta-algorithm for scaling sparse optimization", ICML
 * 2015). The weights of the columns that are not in the part are 0.
 */
#include "classifiers/linear_l1.h"

#include "base/memory.h"
#include "classifiers/linear_lasso.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PART_MIN = 64 };

struct candidate {
    double slope; /* largest |gradient| of the lanes; 0 when the column is in the part */
    uint32_t column;
};

struct parts {
    const struct linear_design *design; /* borrowed, as are w and options */
    const struct linear_l1_options *options;
    double *w;                    /* stride x lanes */
    double *r, *g;                /* n_rows x lanes, stride x lanes: residuals, gradient; owned */
    double *violation, *first;    /* lanes, now and at w = 0; owned */
    struct candidate *candidates; /* n_columns, owned */
    uint32_t *columns;            /* n_columns, of which the part has n_part; owned */
    size_t n_part;
};

static enum status allocate(struct parts *p, struct error *error)
{
    const struct linear_design *d = p->design;
    const struct memory_request requests[] = {
        {(void **)&p->r, d->n_rows * d->lanes, sizeof *p->r},
        {(void **)&p->g, d->stride * d->lanes, sizeof *p->g},
        {(void **)&p->violation, d->lanes, sizeof *p->violation},
        {(void **)&p->first, d->lanes, sizeof *p->first},
        {(void **)&p->candidates, d->n_columns, sizeof *p->candidates},
        {(void **)&p->columns, d->n_columns, sizeof *p->columns},
    };
    return memory_arrays(requests, sizeof requests / sizeof requests[0], "parts of the columns",
                         error);
}

static void release(struct parts *p)
{
    memory_free(p->r);
    memory_free(p->g);
    memory_free(p->violation);
    memory_free(p->first);
    memory_free(p->candidates);
    memory_free(p->columns);
}

/* Gradient and violations of all columns, from the residuals. */
static void look(const struct parts *p)
{
    const struct linear_design *d = p->design;
    linear_transpose_times(d, p->r, p->g);
    memset(p->violation, 0, d->lanes * sizeof *p->violation);
    for (size_t j = 0; j < d->n_columns; j++) {
        double slope = 0;
        for (size_t k = 0; k < d->n_problems; k++) {
            const size_t q = j * d->lanes + k;
            slope = fmax(slope, fabs(p->g[q]));
            p->violation[k] += linear_lasso_violation(p->g[q], p->w[q]);
        }
        p->candidates[j] = (struct candidate){.slope = slope, .column = (uint32_t)j};
    }
    for (size_t j = 0; j < p->n_part; j++)
        p->candidates[p->columns[j]].slope = 0;
}

/* At w = 0. */
static void start(const struct parts *p, struct linear_l1_result *result)
{
    const struct linear_design *d = p->design;
    memset(p->w, 0, d->stride * d->lanes * sizeof *p->w);
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = 0; k < d->lanes; k++)
            p->r[i * d->lanes + k] =
                (d->row_class[i] == d->lane_class[k] ? -0.5 : 0.5) * p->options->C;
    look(p);
    memcpy(p->first, p->violation, d->lanes * sizeof *p->first);
    *result = (struct linear_l1_result){.objective = p->options->C * log(2) *
                                                     (double)(d->n_rows * d->n_problems)};
}

static int by_slope(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->slope != b->slope)
        return a->slope < b->slope ? 1 : -1;
    return a->column < b->column ? -1 : a->column > b->column;
}

/* Adds the columns that violate most, at most as many as there are; returns whether there are any.
 */
static bool grow(struct parts *p)
{
    const size_t n = p->design->n_columns, n_before = p->n_part;
    size_t room = p->n_part ? p->n_part : p->design->n_rows;
    room = room < PART_MIN ? PART_MIN : room;
    qsort(p->candidates, n, sizeof *p->candidates, by_slope);
    for (size_t i = 0; i < n && i < room && p->candidates[i].slope > 1; i++)
        p->columns[p->n_part++] = p->candidates[i].column;
    return p->n_part > n_before;
}

static void gather(const struct parts *p, const struct linear_design *part)
{
    for (size_t i = 0; i < part->n_rows; i++) {
        const float *restrict in = linear_design_rows(p->design, i, 1);
        float *restrict out = part->x + i * part->stride;
        for (size_t j = 0; j < p->n_part; j++)
            out[j] = in[p->columns[j]];
    }
}

/* Solves the part, from w = 0, and looks at all. */
static enum status solve_part(const struct parts *p, struct linear_l1_result *result,
                              struct error *error)
{
    const size_t lanes = p->design->lanes;
    struct linear_l1_options options = *p->options;
    options.max_iter -= result->n_iter;
    struct linear_l1_result found = {0};
    struct linear_design part;
    double *w = NULL;
    enum status status = linear_design_create_derived(&part, p->design, p->n_part, error);
    if (status)
        return status;
    gather(p, &part);
    w = memory_array(part.stride * lanes, sizeof *w);
    status = w ? linear_l1_solve_whole(&part, &options, w, p->r, &found, error)
               : error_memory(error, "the weights", part.stride * lanes * sizeof *w);
    for (size_t j = 0; j < p->n_part && !status; j++)
        memcpy(p->w + p->columns[j] * lanes, w + j * lanes, lanes * sizeof *w);
    if (!status)
        look(p);
    found.n_iter += result->n_iter;
    *result = found;
    memory_free(w);
    linear_design_destroy(&part);
    return status;
}

/* Whether all lanes stop, and the worst violation. */
static bool all_stop(const struct parts *p, struct linear_l1_result *result)
{
    const struct linear_design *d = p->design;
    bool all = true;
    result->violation = 0;
    for (size_t k = 0; k < d->n_problems; k++) {
        const double share = linear_design_rarity(d, k);
        all &= p->violation[k] <= p->options->tol * share * p->first[k];
        if (p->first[k] > 0)
            result->violation = fmax(result->violation, p->violation[k] / p->first[k]);
    }
    return all;
}

enum status linear_l1_solve(const struct linear_design *design,
                            const struct linear_l1_options *options, double *restrict w,
                            struct linear_l1_result *result, struct error *error)
{
    if (design->n_rows >= design->n_columns)
        return linear_l1_solve_whole(design, options, w, NULL, result, error);
    struct parts p = {.design = design, .options = options, .w = w};
    enum status status = allocate(&p, error);
    if (!status) {
        start(&p, result);
        do {
            result->converged = all_stop(&p, result);
        } while (!result->converged && result->n_iter < options->max_iter && grow(&p) &&
                 !(status = solve_part(&p, result, error)));
    }
    release(&p);
    return status;
}
