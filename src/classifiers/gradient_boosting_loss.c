#include "classifiers/gradient_boosting_loss.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 256 };

static const double LEAST_PRIOR = 0x1p-23;

size_t boosting_n_scores(size_t n_classes)
{
    return n_classes > 2 ? n_classes : 1;
}

static double prior(const uint8_t *y, size_t n_rows, size_t class)
{
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++)
        n += y[i] == class;
    const double share = (double)n / (double)n_rows;
    return fmin(fmax(share, LEAST_PRIOR), 1 - LEAST_PRIOR);
}

void boosting_initial_scores(double *scores, const uint8_t *y, size_t n_rows, size_t n_classes)
{
    if (n_classes <= 2) {
        const double p = prior(y, n_rows, 1);
        scores[0] = log(p / (1 - p));
        return;
    }
    for (size_t k = 0; k < n_classes; k++)
        scores[k] = log(prior(y, n_rows, k));
}

uint8_t boosting_decide(const double *scores, size_t stride, size_t n_classes)
{
    if (n_classes <= 2)
        return scores[0] > 0;
    size_t best = 0;
    for (size_t k = 1; k < n_classes; k++)
        if (scores[k * stride] > scores[best * stride])
            best = k;
    return (uint8_t)best;
}

static void binary_block(double *restrict residuals, struct boosting_state *state,
                         const struct boosting_rows *rows, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        const double f = rows->scores[i], y = rows->y[i], e = exp(-fabs(f));
        residuals[i] = y - (f < 0 ? e : 1) / (1 + e);
        state->deviance += 2 * (log1p(e) + fmax(f, 0) - y * f);
        state->n_correct += boosting_decide(rows->scores + i, 0, 2) == rows->y[i];
    }
}

/* Class by class over the block, as scores lie. */
static void multinomial_block(double *restrict residuals, struct boosting_state *state,
                              const struct boosting_rows *rows, size_t begin, size_t end)
{
    double largest[BLOCK], sums[BLOCK] = {0};
    const size_t n = end - begin, stride = rows->n_rows;
    const double *scores = rows->scores + begin;
    residuals += begin;
    memcpy(largest, scores, n * sizeof *largest);
    for (size_t k = 1; k < rows->n_classes; k++)
        for (size_t i = 0; i < n; i++)
            largest[i] = fmax(largest[i], scores[k * stride + i]);
    for (size_t k = 0; k < rows->n_classes; k++)
        for (size_t i = 0; i < n; i++) {
            const double e = exp(scores[k * stride + i] - largest[i]);
            residuals[k * stride + i] = -e;
            sums[i] += e;
        }
    for (size_t k = 0; k < rows->n_classes; k++)
        for (size_t i = 0; i < n; i++)
            residuals[k * stride + i] /= sums[i];
    for (size_t i = 0; i < n; i++) {
        const size_t y = rows->y[begin + i];
        residuals[y * stride + i] += 1;
        state->deviance += log(sums[i]) + largest[i] - scores[y * stride + i];
        state->n_correct += boosting_decide(scores + i, stride, rows->n_classes) == y;
    }
}

enum status boosting_residuals(double *restrict residuals, struct boosting_state *state,
                               const struct boosting_rows *rows, int n_threads, struct error *error)
{
    const size_t n_blocks = (rows->n_rows + BLOCK - 1) / BLOCK;
    struct boosting_state *parts = memory_zeroed(n_blocks, sizeof *parts);
    if (!parts)
        return error_memory(error, "residuals", n_blocks * sizeof *parts);
#pragma omp parallel for num_threads(n_threads) default(none) shared(residuals, rows, parts)       \
    firstprivate(n_blocks)
    for (size_t b = 0; b < n_blocks; b++) {
        const size_t begin = b * BLOCK;
        const size_t end = rows->n_rows - begin < BLOCK ? rows->n_rows : begin + BLOCK;
        if (rows->n_classes > 2)
            multinomial_block(residuals, &parts[b], rows, begin, end);
        else
            binary_block(residuals, &parts[b], rows, begin, end);
    }
    *state = (struct boosting_state){.n_correct = 0};
    for (size_t b = 0; b < n_blocks; b++) {
        state->deviance += parts[b].deviance / (double)rows->n_rows;
        state->n_correct += parts[b].n_correct;
    }
    memory_free(parts);
    return STATUS_OK;
}
