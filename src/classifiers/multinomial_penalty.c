/*
 * l1: |w| = min w+ + w- over w = w+ - w-, w+ and w- >= 0. With a logarithmic barrier for the signs,
 * mu its weight, the multipliers are 1 - v and 1 + v, where
 *     w+ (1 - v) = mu,   w- (1 + v) = mu.
 * By w alone, with q = sqrt(w^2 + mu^2): w+ + w- = q + mu, v = w / (q + mu), which is the
 * derivative of the smooth penalty q - mu - mu log((q + mu) / (2 mu)). Its own second derivative is
 * a poor guide for a long step. Newton's method on the two equations with v as a variable of its
 * own has 1 / (w+ / (1 - v) + w- / (1 + v)) in its place, the same on the path (Nocedal and Wright,
 * Numerical Optimization, 2nd edition, section 14.1; Chan, Golub and Mulet do so for sqrt(w^2 +
 * mu^2), SIAM J. Sci. Comput. 20, 1999).
 */
#include "classifiers/multinomial_penalty.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

static const double TO_BOUNDARY = 0.99; /* share of the way of v to -1 or 1 that one step may go */

/* Of one weight. */
struct parts {
    double q, plus, minus; /* sqrt(w^2 + mu^2), w+, w- */
};

static struct parts parts_of(double w, double mu)
{
    const double q = sqrt(w * w + mu * mu);
    const double large = 0.5 * (q + mu + fabs(w)), small = mu * large / (2 * large - mu);
    return (struct parts){.q = q, .plus = w > 0 ? large : small, .minus = w > 0 ? small : large};
}

static size_t n_items(const struct linear_design *d)
{
    return d->stride * d->lanes;
}

/* Items of the weights, without the intercepts; padding is 0. */
static size_t n_penalised(const struct linear_design *d)
{
    return (d->n_columns - 1) * d->lanes;
}

enum status multinomial_penalty_create(struct multinomial_penalty *penalty,
                                       const struct linear_design *design, bool is_l1,
                                       struct error *error)
{
    *penalty = (struct multinomial_penalty){.is_l1 = is_l1, .mu = 1};
    if (!is_l1)
        return STATUS_OK;
    const struct memory_request requests[] = {
        {(void **)&penalty->v, n_items(design), sizeof *penalty->v},
        {(void **)&penalty->diagonal, n_items(design), sizeof *penalty->diagonal},
    };
    const enum status status = memory_arrays(requests, 2, "the l1 penalty", error);
    for (size_t j = 0; !status && j < n_items(design); j++) {
        penalty->v[j] = 0;
        penalty->diagonal[j] = 1;
    }
    return status;
}

void multinomial_penalty_destroy(struct multinomial_penalty *penalty)
{
    memory_free(penalty->v);
    memory_free(penalty->diagonal);
    *penalty = (struct multinomial_penalty){0};
}

double multinomial_penalty_value(const struct multinomial_penalty *penalty,
                                 const struct linear_lanes *x)
{
    double sum = 0;
    for (size_t j = 0; j < n_penalised(x->design); j++)
        sum += penalty->is_l1 ? fabs(x->w[j]) : 0.5 * x->w[j] * x->w[j];
    return sum;
}

struct multinomial_line multinomial_penalty_along(const struct multinomial_penalty *penalty,
                                                  const struct linear_lanes *x, double step)
{
    struct multinomial_line line = {0};
    const double mu = penalty->mu;
    for (size_t j = 0; j < n_penalised(x->design); j++) {
        const double s = x->s[j], w = x->w[j] + step * s;
        if (penalty->is_l1) {
            const double q = sqrt(w * w + mu * mu);
            line.value += q - mu - mu * log((q + mu) / (2 * mu));
            line.slope += w / (q + mu) * s;
            line.curvature += mu / (q * (q + mu)) * s * s;
        } else {
            line.value += 0.5 * w * w;
            line.slope += w * s;
            line.curvature += s * s;
        }
    }
    return line;
}

void multinomial_penalty_add_gradient(const struct multinomial_penalty *penalty,
                                      const struct linear_lanes *x, double *g)
{
    const double mu = penalty->mu;
    for (size_t j = 0; j < n_penalised(x->design); j++) {
        if (!penalty->is_l1) {
            g[j] += x->w[j];
            continue;
        }
        const struct parts p = parts_of(x->w[j], mu);
        const double v = penalty->v[j];
        g[j] += x->w[j] / (p.q + mu);
        penalty->diagonal[j] = 1 / (p.plus / (1 - v) + p.minus / (1 + v));
    }
}

void multinomial_penalty_add_product(const struct multinomial_penalty *penalty,
                                     const struct linear_lanes *x, const double *p, double *q)
{
    for (size_t j = 0; j < n_penalised(x->design); j++)
        q[j] += penalty->is_l1 ? penalty->diagonal[j] * p[j] : p[j];
}

/* To first order v + dv is the derivative at w + s; dv is cut where it would leave (-1, 1). */
void multinomial_penalty_follow(const struct multinomial_penalty *penalty,
                                const struct linear_lanes *x)
{
    const double mu = penalty->mu;
    for (size_t j = 0; penalty->is_l1 && j < n_penalised(x->design); j++) {
        const struct parts p = parts_of(x->w[j], mu);
        const double wanted = x->w[j] / (p.q + mu) + penalty->diagonal[j] * x->s[j];
        const double v = penalty->v[j];
        const double high = v + TO_BOUNDARY * (1 - v), low = v - TO_BOUNDARY * (1 + v);
        penalty->v[j] = fmax(low, fmin(high, wanted));
    }
}
