/*
 * l1: |w| = min w+ + w- over w = w+ - w-, w+ and w- >= 0, with multipliers 1 - v and 1 + v, v the
 * derivative. By Newton's method on
 *     w+ (1 - v) = product,   w- (1 + v) = product
 * a step dw changes v by E (dw - c), with
 *     1 / E = w+ / (1 - v) + w- / (1 + v),   c = aim+ / (1 - v) - aim- / (1 + v),
 * aim the changes of the products that are wanted. l2: v = w, E = 1, c = 0.
 */
#include "classifiers/linear_interior_penalty.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { N_ARRAYS = 12 };

static size_t n_items(const struct linear_interior_penalty *s)
{
    return s->design->stride * s->design->lanes;
}

/* Items of the weights that are penalised; padding is 0. */
static size_t n_penalised(const struct linear_interior_penalty *s)
{
    return (s->design->n_columns - (s->is_l1 ? 1 : 0)) * s->design->lanes;
}

/* 1 - v or 1 + v. */
static double multiplier(const struct linear_interior_penalty *s, size_t i, size_t j)
{
    return 1 + s->parts[i].sign * s->v[j];
}

double linear_interior_penalty_bytes(const struct problem_size *size)
{
    return N_ARRAYS * ((double)size->n_features + 1) * (double)linear_lanes_for(size->n_classes) *
           sizeof(double);
}

enum status linear_interior_penalty_create(struct linear_interior_penalty *penalty,
                                           const struct linear_design *design, bool is_l1,
                                           double *w, struct error *error)
{
    *penalty = (struct linear_interior_penalty){.design = design, .is_l1 = is_l1, .w = w};
    if (!is_l1)
        return STATUS_OK;
    struct linear_interior_part *plus = &penalty->parts[0], *minus = &penalty->parts[1];
    plus->sign = -1;
    minus->sign = 1;
    double **const arrays[] = {&penalty->v,   &penalty->dv, &penalty->diagonal, &penalty->centre,
                               &plus->value,  &plus->step,  &plus->aim,         &plus->aim_kept,
                               &minus->value, &minus->step, &minus->aim,        &minus->aim_kept};
    _Static_assert(sizeof arrays / sizeof arrays[0] == N_ARRAYS, "as in bytes");
    struct memory_request requests[N_ARRAYS];
    for (size_t i = 0; i < N_ARRAYS; i++)
        requests[i] = (struct memory_request){(void **)arrays[i], n_items(penalty), sizeof(double)};
    const enum status status = memory_arrays(requests, N_ARRAYS, "the l1 penalty", error);
    for (size_t i = 0; !status && i < N_ARRAYS; i++)
        memset(*arrays[i], 0, n_items(penalty) * sizeof(double));
    return status;
}

void linear_interior_penalty_destroy(struct linear_interior_penalty *penalty)
{
    for (size_t i = 0; i < 2; i++) {
        memory_free(penalty->parts[i].value);
        memory_free(penalty->parts[i].step);
        memory_free(penalty->parts[i].aim);
        memory_free(penalty->parts[i].aim_kept);
    }
    memory_free(penalty->v);
    memory_free(penalty->dv);
    memory_free(penalty->diagonal);
    memory_free(penalty->centre);
    *penalty = (struct linear_interior_penalty){0};
}

/* Of problem k < n_problems, whether item j is one that is penalised. */
static bool is_in_use(const struct linear_interior_penalty *s, size_t j)
{
    return j % s->design->lanes < s->design->n_problems;
}

void linear_interior_penalty_start(struct linear_interior_penalty *penalty, double product)
{
    for (size_t j = 0; penalty->is_l1 && j < n_penalised(penalty); j++)
        for (size_t i = 0; i < 2; i++)
            penalty->parts[i].value[j] = is_in_use(penalty, j) ? product : 0;
}

double linear_interior_penalty_value(const struct linear_interior_penalty *penalty)
{
    double sum = 0;
    for (size_t j = 0; j < n_penalised(penalty); j++)
        sum += penalty->is_l1 ? fabs(penalty->w[j]) : 0.5 * penalty->w[j] * penalty->w[j];
    return sum;
}

double linear_interior_penalty_count(const struct linear_interior_penalty *penalty)
{
    const struct linear_design *d = penalty->design;
    return penalty->is_l1 ? 2 * (double)(d->n_columns - 1) * (double)d->n_problems : 0;
}

/* Of part i, item j. */
static double product_after(const struct linear_interior_penalty *s, size_t i, size_t j,
                            double step)
{
    const struct linear_interior_part *part = &s->parts[i];
    return (part->value[j] + step * part->step[j]) *
           (multiplier(s, i, j) + step * part->sign * s->dv[j]);
}

double linear_interior_penalty_products(const struct linear_interior_penalty *penalty, double step)
{
    double sum = 0;
    for (size_t j = 0; penalty->is_l1 && j < n_penalised(penalty); j++)
        for (size_t i = 0; i < 2; i++)
            sum += product_after(penalty, i, j, step);
    return sum;
}

void linear_interior_penalty_weigh(struct linear_interior_penalty *penalty)
{
    for (size_t j = 0; penalty->is_l1 && j < n_penalised(penalty); j++) {
        double inverse = 0;
        for (size_t i = 0; i < 2; i++)
            inverse += penalty->parts[i].value[j] / multiplier(penalty, i, j);
        penalty->diagonal[j] = is_in_use(penalty, j) ? 1 / inverse : 0;
    }
}

static double aim_at(const struct linear_interior_penalty *s, size_t i, size_t j,
                     const struct linear_interior_target *target)
{
    const struct linear_interior_part *part = &s->parts[i];
    if (target->aim == AIM_CENTRE)
        return part->aim[j] +
               linear_interior_centring(product_after(s, i, j, target->ahead), target->product);
    const double wanted = target->product - part->value[j] * multiplier(s, i, j);
    return target->aim == AIM_PREDICT ? wanted : wanted - part->step[j] * part->sign * s->dv[j];
}

static void set_centre(const struct linear_interior_penalty *s)
{
    const struct linear_interior_part *plus = &s->parts[0], *minus = &s->parts[1];
    for (size_t j = 0; j < n_penalised(s); j++)
        if (is_in_use(s, j))
            s->centre[j] = plus->aim[j] / multiplier(s, 0, j) -
                           minus->aim[j] / multiplier(s, 1, j) +
                           (plus->value[j] - minus->value[j] - s->w[j]); /* rounding's share */
}

void linear_interior_penalty_aim(struct linear_interior_penalty *penalty,
                                 const struct linear_interior_target *target)
{
    if (!penalty->is_l1)
        return;
    for (size_t j = 0; j < n_penalised(penalty); j++)
        for (size_t i = 0; i < 2 && is_in_use(penalty, j); i++)
            penalty->parts[i].aim[j] = aim_at(penalty, i, j, target);
    set_centre(penalty);
}

void linear_interior_penalty_keep(const struct linear_interior_penalty *penalty)
{
    for (size_t i = 0; penalty->is_l1 && i < 2; i++)
        memcpy(penalty->parts[i].aim_kept, penalty->parts[i].aim,
               n_items(penalty) * sizeof(double));
}

void linear_interior_penalty_restore(const struct linear_interior_penalty *penalty)
{
    for (size_t i = 0; penalty->is_l1 && i < 2; i++)
        memcpy(penalty->parts[i].aim, penalty->parts[i].aim_kept,
               n_items(penalty) * sizeof(double));
    if (penalty->is_l1)
        set_centre(penalty);
}

void linear_interior_penalty_residual(const struct linear_interior_penalty *penalty,
                                      const double *dw, double *out)
{
    for (size_t j = 0; j < n_items(penalty); j++) {
        const double d = dw ? dw[j] : 0;
        if (penalty->is_l1)
            out[j] = -penalty->v[j] - penalty->diagonal[j] * (d - penalty->centre[j]) - out[j];
        else
            out[j] = -penalty->w[j] - d - out[j];
    }
}

void linear_interior_penalty_curve(const struct linear_interior_penalty *penalty, const double *p,
                                   double *q)
{
    for (size_t j = 0; j < n_penalised(penalty); j++)
        q[j] += penalty->is_l1 ? penalty->diagonal[j] * p[j] : p[j];
}

double linear_interior_penalty_cost(const struct linear_interior_penalty *penalty,
                                    const double *residual)
{
    double sum = 0;
    for (size_t j = 0; j < n_penalised(penalty); j++)
        if (is_in_use(penalty, j))
            sum += residual[j] * residual[j] / (penalty->is_l1 ? penalty->diagonal[j] : 1);
    return 0.5 * sum;
}

double linear_interior_penalty_direct(struct linear_interior_penalty *penalty, const double *dw)
{
    double inverse = 1;
    for (size_t j = 0; penalty->is_l1 && j < n_penalised(penalty); j++) {
        if (!is_in_use(penalty, j))
            continue;
        const double dv = penalty->diagonal[j] * (dw[j] - penalty->centre[j]);
        penalty->dv[j] = dv;
        for (size_t i = 0; i < 2; i++) {
            struct linear_interior_part *part = &penalty->parts[i];
            const double m = multiplier(penalty, i, j);
            part->step[j] = (part->aim[j] - part->value[j] * part->sign * dv) / m;
            inverse = fmax(inverse, fmax(-part->step[j] / part->value[j], -part->sign * dv / m));
        }
    }
    return inverse;
}

void linear_interior_penalty_move(struct linear_interior_penalty *penalty, const double *dw,
                                  double step)
{
    for (size_t j = 0; j < n_items(penalty); j++)
        penalty->w[j] += step * dw[j];
    for (size_t j = 0; penalty->is_l1 && j < n_penalised(penalty); j++) {
        penalty->v[j] += step * penalty->dv[j];
        for (size_t i = 0; i < 2; i++)
            penalty->parts[i].value[j] += step * penalty->parts[i].step[j];
    }
}

void linear_interior_penalty_round(const struct linear_interior_penalty *penalty)
{
    for (size_t j = 0; penalty->is_l1 && j < n_penalised(penalty); j++)
        if (penalty->parts[0].value[j] < multiplier(penalty, 0, j) &&
            penalty->parts[1].value[j] < multiplier(penalty, 1, j))
            penalty->w[j] = 0;
}
