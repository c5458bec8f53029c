/*
 * The state of the interior-point method of linear_l1_svc.c, whose names it has, and one step of
 * it.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_L1_SVC_STEP_H
#define FMBENCH_CLASSIFIERS_LINEAR_L1_SVC_STEP_H

#include "classifiers/linear_system.h"

enum l1_svc_total { L1_SVC_LOSS, L1_SVC_DUAL, L1_SVC_SQUARES, L1_SVC_PRODUCTS, L1_SVC_TOTALS };

/* One problem. */
struct l1_svc_lane {
    double primal, dual; /* bounds; dual is the best so far */
    double gap;          /* between them, of primal */
    double mu;           /* the mean product of a variable and its multiplier */
    double target;       /* what products are to become */
    double primal_step, dual_step;
    bool centring; /* corrections of centrality still make its steps longer */
};

enum { L1_SVC_COLUMNS = 5, L1_SVC_ROWS = 3 };

/* What a step follows from. */
struct l1_svc_direction {
    double *columns; /* L1_SVC_COLUMNS x stride x lanes, owned: what the next five point into */
    double *dw, *rhs, *h;  /* stride x lanes */
    double *u_aim, *v_aim; /* stride x lanes: target / p, target / q */
    double *rows;          /* L1_SVC_ROWS x n_rows x lanes, owned: what the next three point into */
    double *dz;            /* n_rows x lanes: X dw */
    double *s_aim, *xi_aim; /* n_rows x lanes: target / a, target / b */
};

struct l1_svc {
    const struct linear_design *design; /* borrowed */
    double C, tol;
    bool is_squared;
    struct linear_system system;
    double *w;                 /* stride x lanes, borrowed */
    double *g, *u, *v, *p, *q; /* stride x lanes, owned, as is all below */
    double *z;                 /* n_rows x lanes: X w */
    double *a, *s, *xi;        /* n_rows x lanes; xi is 0 for the squared hinge */
    double *r;                 /* n_rows x lanes: for products */
    struct l1_svc_direction now, kept;
    double *totals;            /* LINEAR_CHUNKS x L1_SVC_TOTALS x lanes */
    double *enough;            /* lanes: of residuals */
    struct l1_svc_lane *lanes; /* lanes */
    bool *active;              /* lanes: has not arrived */
};

/* For a struct with C, tol, is_squared and w. l1_svc_destroy takes a half-built one. */
enum status l1_svc_create(struct l1_svc *svc, const struct linear_design *design,
                          struct error *error);
void l1_svc_destroy(struct l1_svc *svc);

/* y_i in lane k. */
static inline double l1_svc_label(const struct l1_svc *s, size_t i, size_t k)
{
    return s->design->row_class[i] == s->design->lane_class[k] ? 1 : -1;
}

/* How many products a lane has. */
static inline double l1_svc_products(const struct l1_svc *s)
{
    const struct linear_design *d = s->design;
    return (double)(2 * d->n_columns) + (double)d->n_rows * (s->is_squared ? 1 : 2);
}

/* For the rows of a chunk, which it may add totals of, L1_SVC_TOTALS x lanes. */
typedef void l1_svc_on_chunk(struct l1_svc *svc, size_t chunk, double *restrict totals);

/* Calls the function for all chunks, with totals of 0, in parallel. */
void l1_svc_for_chunks(struct l1_svc *svc, l1_svc_on_chunk *function);

/* The sum over the chunks. */
double l1_svc_total(const struct l1_svc *svc, enum l1_svc_total which, size_t k);

/* A step in the lanes that are active; those that cannot move are active no more. */
void l1_svc_step(struct l1_svc *svc);

#endif
