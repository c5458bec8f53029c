#include "classifiers/crammer_singer.h"

#include "base/clock.h"
#include "base/memory.h"
#include "numerics/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKIP_MAX = 16 };

struct state {
    const struct linear_design *design;
    double C;
    double *w;                       /* n_classes x stride */
    double *alpha;                   /* n_rows x n_classes */
    double *norm;                    /* n_rows: |x|^2 */
    uint32_t *order;                 /* n_rows */
    uint8_t *skip, *wait;            /* n_rows */
    double *scores, *sorted, *fresh; /* n_classes */
    double *lanes_w;                 /* stride x lanes */
    double *z;                       /* n_rows x lanes */
};

/* The minimum over the simplex of row i; returns whether alpha changed. */
static bool update_row(const struct state *s, size_t i)
{
    const struct linear_design *d = s->design;
    const size_t n_classes = d->n_problems, y = (size_t)d->row_class[i];
    const float *x = d->x + i * d->stride;
    double *alpha = s->alpha + i * n_classes;
    const double norm = s->norm[i];
    d->kernels->dots(x, d->stride, n_classes, s->w, s->scores);
    double best = -HUGE_VAL;
    for (size_t k = 0; k < n_classes; k++)
        if (k != y && s->scores[k] > best)
            best = s->scores[k];
    if (alpha[y] == 0 && s->scores[y] >= 1 + best)
        return false;
    for (size_t k = 0; k < n_classes; k++) {
        s->scores[k] += (k != y) - norm * alpha[k];
        double value = s->scores[k] + (k == y ? norm * s->C : 0);
        size_t j = k;
        for (; j > 0 && s->sorted[j - 1] < value; j--)
            s->sorted[j] = s->sorted[j - 1];
        s->sorted[j] = value;
    }
    double beta = s->sorted[0] - norm * s->C;
    size_t r = 1;
    for (; r < n_classes && beta < (double)r * s->sorted[r]; r++)
        beta += s->sorted[r];
    beta /= (double)r;
    bool changed = false;
    for (size_t k = 0; k < n_classes; k++) {
        const double fresh = fmin(k == y ? s->C : 0, (beta - s->scores[k]) / norm);
        const double change = fresh - alpha[k];
        if (fabs(change) < 1e-12 * s->C)
            continue;
        alpha[k] = fresh;
        d->kernels->add_scaled(x, d->stride, change, s->w + k * d->stride);
        changed = true;
    }
    return changed;
}

static void pass(const struct state *s, struct rng *rng)
{
    const size_t n = s->design->n_rows;
    rng_shuffle(rng, s->order, n);
    for (size_t q = 0; q < n; q++) {
        const size_t i = s->order[q];
        if (s->wait[i]) {
            s->wait[i]--;
            continue;
        }
        if (update_row(s, i)) {
            s->skip[i] = 0;
        } else {
            s->skip[i] = (uint8_t)(s->skip[i] < SKIP_MAX ? s->skip[i] + 1 : SKIP_MAX);
            s->wait[i] = s->skip[i];
        }
    }
}

static void bounds(const struct state *s, double *primal, double *dual)
{
    const struct linear_design *d = s->design;
    double squared = 0, loss = 0, linear = 0;
    for (size_t j = 0; j < d->stride; j++)
        for (size_t k = 0; k < d->lanes; k++) {
            const double value = k < d->n_problems ? s->w[k * d->stride + j] : 0;
            s->lanes_w[j * d->lanes + k] = value;
            squared += value * value;
        }
    linear_times(d, s->lanes_w, s->z);
    for (size_t i = 0; i < d->n_rows; i++) {
        const double *z = s->z + i * d->lanes;
        const size_t y = (size_t)d->row_class[i];
        double worst = 0;
        for (size_t k = 0; k < d->n_problems; k++)
            worst = fmax(worst, k == y ? 0 : 1 + z[k] - z[y]);
        loss += worst;
        linear += s->alpha[i * d->n_problems + y];
    }
    *primal = 0.5 * squared + s->C * loss;
    *dual = linear - 0.5 * squared;
}

enum status crammer_singer_solve(const struct linear_design *design,
                                 const struct crammer_singer_options *options, double *restrict w,
                                 struct crammer_singer_result *result, struct error *error)
{
    const size_t n = design->n_rows, n_classes = design->n_problems;
    struct state s = {.design = design, .C = options->C, .lanes_w = w};
    const struct memory_request requests[] = {
        {(void **)&s.w, n_classes * design->stride, sizeof *s.w},
        {(void **)&s.alpha, n * n_classes, sizeof *s.alpha},
        {(void **)&s.norm, n, sizeof *s.norm},
        {(void **)&s.order, n, sizeof *s.order},
        {(void **)&s.skip, n, sizeof *s.skip},
        {(void **)&s.wait, n, sizeof *s.wait},
        {(void **)&s.scores, n_classes, sizeof *s.scores},
        {(void **)&s.sorted, n_classes, sizeof *s.sorted},
        {(void **)&s.z, n * design->lanes, sizeof *s.z},
    };
    const size_t n_requests = sizeof requests / sizeof requests[0];
    enum status status = memory_arrays(requests, n_requests, "Crammer-Singer", error);
    if (status)
        return status;
    memset(s.w, 0, n_classes * design->stride * sizeof *s.w);
    memset(s.alpha, 0, n * n_classes * sizeof *s.alpha);
    memset(s.skip, 0, n);
    memset(s.wait, 0, n);
    for (size_t i = 0; i < n; i++) {
        double norm = 0;
        for (size_t j = 0; j < design->stride; j++)
            norm += (double)design->x[i * design->stride + j] *
                    (double)design->x[i * design->stride + j];
        s.norm[i] = norm;
        s.order[i] = (uint32_t)i;
    }
    struct rng rng = rng_create(options->rng_key, 0);
    double dual = 0, primal = 0, best = HUGE_VAL, t0 = clock_now_s();
    for (long iteration = 1; iteration <= options->max_passes; iteration++) {
        pass(&s, &rng);
        result->n_iter = iteration;
        if (iteration % 10)
            continue;
        bounds(&s, &primal, &dual);
        best = fmin(best, primal);
        if (getenv("LIN") && (iteration % 100 == 0 || iteration < 50))
            fprintf(stderr, "%ld %.1f s primal %.6g dual %.6g gap %.2e\n", iteration,
                    clock_now_s() - t0, primal, dual, (primal - dual) / primal);
        if (primal - dual <= options->tol * primal ||
            (getenv("TL") && clock_now_s() - t0 > atof(getenv("TL"))))
            break;
    }
    result->objective = primal;
    result->dual_gap = (primal - dual) / primal;
    result->converged = result->dual_gap <= options->tol;
    for (size_t i = 0; i < n_requests; i++)
        memory_free(*requests[i].array);
    return STATUS_OK;
}
